// Package run runs the real cdktf and the real Terraform on the synthesized stacks of one
// environment, with simulators of AWS, Kubernetes and Helm. All its files are in one folder.
package run

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/gofrs/flock"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/controlplane"
	"plinth/rehearsal/internal/state"
	"plinth/rehearsal/internal/synthesized"
)

// Rehearsal is one environment on this machine.
type Rehearsal struct {
	// Env is the environment's name. Folder, an absolute path, contains all files.
	Env, Folder string
	// App is the latest synthesis.
	App *synthesized.App

	root   string // of the repository
	tools  Tools
	source Source // of App
	lock   *flock.Flock
	state  *state.Server
	// cluster is the real Kubernetes control plane, or nil.
	cluster *controlplane.ControlPlane
	logs    atomic.Int32 // how many logs there are
	tokens  atomic.Int32
}

// Tools are the programs of a rehearsal that are not on PATH.
type Tools struct {
	// Standin is the simulator of the providers.
	Standin string
	// Synth is Plinth's own program, which writes the stacks.
	Synth string
	// Command is the program of ./plinth.
	Command string
	// CDKTF, if set, runs in place of node_modules/.bin/cdktf.
	CDKTF string
	// Kubernetes is the folder with the programs of a control plane. With it the cluster's resources
	// are created on a real control plane; without, Kubernetes is simulated like AWS.
	Kubernetes string
	// Settings, for tests only, is the folder of the settings below the repository, instead of environments.
	Settings string
	// Kept, for tests only, shares synthesized stacks between rehearsals.
	Kept *Kept
}

// New starts a rehearsal in an empty account. root is the repository, folder the rehearsal's;
// New deletes what an earlier one has left there. Close ends the rehearsal.
//
// It returns an error if the environment does not exist or another rehearsal is using the
// folder.
func New(root, env, folder string, tools Tools) (*Rehearsal, error) {
	root, rootErr := filepath.Abs(root)
	folder, folderErr := filepath.Abs(folder)
	if err := errors.Join(rootErr, folderErr, knownEnvironment(filepath.Join(root, cmp.Or(tools.Settings, "environments")), env)); err != nil {
		return nil, err
	}
	if _, err := os.Stat(tools.Standin); err != nil {
		return nil, fmt.Errorf("%w: it simulates AWS in a rehearsal; ./plinth rehearse builds it", err)
	}
	lock, err := lockFolder(env, folder)
	if err != nil {
		return nil, err
	}
	r := &Rehearsal{Env: env, Folder: folder, root: root, tools: tools, lock: lock}
	if err := r.clear(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if r.state, err = state.Start(r.Cloud()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close stops what New and Synth have started and unlocks the folder. The files stay.
func (r *Rehearsal) Close() error {
	var err error
	if r.state != nil {
		err = r.state.Stop()
	}
	if r.cluster != nil {
		err = errors.Join(err, r.cluster.Stop())
	}
	return errors.Join(err, r.lock.Unlock())
}

// RealCluster reports whether Kubernetes and Helm are real, not simulated.
func (r *Rehearsal) RealCluster() bool { return r.tools.Kubernetes != "" }

// Cluster is the real control plane once Synth has started it, otherwise nil.
func (r *Rehearsal) Cluster() *controlplane.ControlPlane { return r.cluster }

// State is the server of the stacks' states.
func (r *Rehearsal) State() *state.Server { return r.state }

// Cloud is the simulator of the AWS account.
func (r *Rehearsal) Cloud() *cloud.Cloud { return cloud.Open(r.Folder) }

// Path is the path of a file in the rehearsal's folder.
func (r *Rehearsal) Path(parts ...string) string {
	return filepath.Join(append([]string{r.Folder}, parts...)...)
}

// output is the folder of synthesized stacks; the user's own cdktf.out stays untouched.
func (r *Rehearsal) output() string { return r.Path("cdktf.out") }

// knownEnvironment returns an error unless a folder has the settings of the environment.
func knownEnvironment(folder, env string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if name == env {
			return nil
		}
		names = append(names, name)
	}
	return fmt.Errorf("environments/%s.yaml: no such environment; there are %s", env, strings.Join(names, ", "))
}

// lockFolder keeps two rehearsals out of one folder. The kernel releases the lock when this
// process ends, however that happens.
func lockFolder(env, folder string) (*flock.Flock, error) {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return nil, err
	}
	file := folder + ".lock"
	lock := flock.New(file)
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if !locked {
		holder, _ := os.ReadFile(file)
		return nil, fmt.Errorf("a rehearsal of %s is already running (process %s); stop it first", env, strings.TrimSpace(string(holder)))
	}
	if err := os.WriteFile(file, fmt.Appendln(nil, os.Getpid()), 0o600); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return lock, nil
}

// marker is a file in every rehearsal's folder: only a folder with it may be cleared.
const marker = ".rehearsal"

// clear empties the folder. It refuses a folder with files that are not a rehearsal's.
func (r *Rehearsal) clear() error {
	entries, err := os.ReadDir(r.Folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(r.Path(marker)); err != nil && len(entries) > 0 {
		return fmt.Errorf("%s: has files that are not a rehearsal's; choose another folder with -out", r.Folder)
	}
	if err := os.RemoveAll(r.Folder); err != nil {
		return err
	}
	if err := os.MkdirAll(r.Folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(r.Path(marker), nil, 0o600); err != nil {
		return err
	}
	for _, folder := range []string{r.Path("logs"), r.Path("bin"), r.Path("tokens")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// Package cloud is the rehearsal's simulator of an AWS account and the clusters in it: one
// JSON file that many Terraform processes read and change at the same time.
//
// The file may be read and edited. A change or deletion there is drift, which the next plan shows.
package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// note is the file's first line.
const note = "A rehearsal's simulator of an AWS account. Nothing here is AWS. Change or delete something to see drift."

// World is the content of the file.
type World struct {
	Note string `json:"note"`
	// Account is the account's 12-digit id, Region its only region.
	Account string `json:"account"`
	Region  string `json:"region"`
	// Given are ARNs that exist although no stack created them, such as the deploying role's.
	Given []string `json:"given,omitempty"`
	// Administrator is the ARN of the administrator's role or user. Default: a role that the rehearsal
	// makes up.
	Administrator string `json:"administrator,omitempty"`
	// Things are resources by Terraform's type and by key, mostly the id: see [Key].
	Things map[string]map[string]*Thing `json:"things"`
	// Pending are deleted resources that AWS keeps for some days, such as KMS keys.
	Pending map[string]map[string]*Thing `json:"pending,omitempty"`
	// ServiceRoles are the ARNs of service-linked roles. A service creates its role on first use.
	ServiceRoles []string `json:"serviceRoles,omitempty"`
	// NewerImages is how often AWS has published new images of Amazon Linux since the rehearsal began.
	NewerImages int `json:"newerImages,omitempty"`
	// NewerAddons is how often AWS has made newer versions the defaults of EKS's add-ons.
	NewerAddons int `json:"newerAddons,omitempty"`
	// FargateProfiles is the quota of Fargate profiles in a cluster, if AWS has raised it.
	FargateProfiles int `json:"fargateProfiles,omitempty"`
	// Secrets are the values of secrets by ARN, as Secrets Manager stores them. They must be
	// nowhere else.
	Secrets map[string]Secret `json:"secrets,omitempty"`
	// Stopped are the pods that stopped because their Fargate profile was deleted, a sentence each.
	Stopped []string `json:"stopped,omitempty"`
	// Ahead is how far the account's clock is ahead of this machine's: see [AheadVariable].
	Ahead Duration `json:"ahead,omitzero"`
}

// Secret is a secret's value and the id of its version.
type Secret struct {
	Value   string `json:"value"`
	Version string `json:"version"`
}

// Thing is a resource.
type Thing struct {
	// Attributes are as in Terraform's state. Nested blocks are lists of objects.
	Attributes map[string]any `json:"attributes"`
	// Cluster is the name of its Kubernetes cluster, empty for AWS resources.
	Cluster string `json:"cluster,omitempty"`
	// MadeBy is empty for resources that Terraform created. Otherwise it names the creator, such as
	// "aws-load-balancer-controller".
	MadeBy string `json:"madeBy,omitempty"`
	// Owner is the type and key of the resource whose deletion also deletes this one.
	Owner string `json:"owner,omitempty"`
	// Objects are the Kubernetes objects of a Helm release whose chart could be rendered. For a
	// bucket, any value means that it is not empty: see [World.MarkBucket].
	Objects []string `json:"objects,omitempty"`
	// Profiles are the Fargate profiles in which a Helm release or an add-on has pods.
	Profiles []string `json:"profiles,omitempty"`
	// Pods are its pods, by the object that creates them.
	Pods map[string]Pods `json:"pods,omitempty"`
	// Waiting are changes that wait for the resource's maintenance window.
	Waiting Attributes `json:"waiting,omitempty"`
	Made    time.Time  `json:"made"`
	// Deleted is when a resource was deleted that AWS keeps for some days.
	Deleted time.Time `json:"deleted,omitzero"`
}

// Cloud gives access to the file.
type Cloud struct {
	path string
	// seen is what Look read last, info the file's then.
	looking sync.Mutex
	seen    *World
	info    fs.FileInfo
}

// FileName is the cloud's file in a rehearsal's folder.
const FileName = "cloud.json"

// RefusalsName is the file beside the cloud's with everything that the simulators refused, one a
// line: cdktf can lose Terraform's last messages.
const RefusalsName = "refusals.log"

// FolderVariable is the environment variable with the rehearsal's folder. Its prefix is not
// PLINTH_, which is for settings.
const FolderVariable = "REHEARSAL_FOLDER"

// Open returns the cloud in a rehearsal's folder. It need not exist yet.
func Open(folder string) *Cloud { return &Cloud{path: filepath.Join(folder, FileName)} }

// Path returns the file's path.
func (c *Cloud) Path() string { return c.path }

// Refused records a refusal.
func (c *Cloud) Refused(what string) error {
	file, err := os.OpenFile(c.refusals(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, strings.Join(strings.Fields(what), " "))
	return errors.Join(err, file.Close())
}

// Refusals returns all recorded refusals in order.
func (c *Cloud) Refusals() ([]string, error) {
	content, err := os.ReadFile(c.refusals())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n"), err
}

func (c *Cloud) refusals() string { return filepath.Join(filepath.Dir(c.path), RefusalsName) }

// Create writes an empty account, replacing the old one.
func (c *Cloud) Create(account, region string, given ...string) error {
	return c.locked(func() error {
		return c.write(&World{Note: note, Account: account, Region: region, Given: given})
	})
}

// View reads the file.
func (c *Cloud) View() (*World, error) {
	var world *World
	err := c.locked(func() (err error) {
		world, err = c.read()
		return err
	})
	return world, err
}

// Look is View for callers that do not modify the result. It reads the file only if the file has
// changed since the last Look.
func (c *Cloud) Look() (*World, error) {
	c.looking.Lock()
	defer c.looking.Unlock()
	err := c.locked(func() error {
		info, err := os.Stat(c.path)
		if err == nil && c.seen != nil && os.SameFile(info, c.info) && info.ModTime().Equal(c.info.ModTime()) && info.Size() == c.info.Size() {
			return nil
		}
		c.seen, err = c.read()
		c.info = info
		return err
	})
	return c.seen, err
}

// Glance reads the file without waiting for the lock. It may miss a change in progress.
func (c *Cloud) Glance() (*World, error) { return c.content() }

// Update changes the file. If change returns an error, or the process is killed, the file stays as
// it was.
func (c *Cloud) Update(change func(*World) error) error {
	return c.locked(func() error {
		world, err := c.read()
		if err != nil {
			return err
		}
		if err := change(world); err != nil {
			return err
		}
		return c.write(world)
	})
}

func (c *Cloud) locked(do func() error) error {
	lock := flock.New(c.path + ".lock")
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("locking the rehearsal's cloud: %w", err)
	}
	defer func() { _ = lock.Unlock() }() // on an error, closing the file at exit unlocks it
	return do()
}

// read reads the file, and lets the time pass that has passed since.
func (c *Cloud) read() (*World, error) {
	world, err := c.content()
	if err != nil {
		return nil, err
	}
	ahead, err := ahead()
	if err != nil || ahead <= world.Ahead {
		return world, err
	}
	world.pass(ahead)
	return world, c.write(world)
}

func (c *Cloud) content() (*World, error) {
	content, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no cloud in this rehearsal: start one with ./plinth rehearse", c.path)
	} else if err != nil {
		return nil, err
	}
	world := &World{}
	if err := json.Unmarshal(content, world); err != nil {
		return nil, fmt.Errorf("%s: %w: undo the last edit, or start anew with ./plinth rehearse", c.path, err)
	}
	return world, nil
}

func (c *Cloud) write(world *World) error {
	content, err := json.MarshalIndent(world, "", "  ")
	if err != nil {
		return err
	}
	// Renamed into place, so that a reader never sees half a file.
	next := c.path + ".next"
	if err := os.WriteFile(next, append(content, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.path)
}

// Add adds a resource to the world.
func (w *World) Add(kind, key string, thing *Thing) {
	thing.Made = w.now().Truncate(time.Second)
	put(&w.Things, kind, key, thing)
}

func put(things *map[string]map[string]*Thing, kind, key string, thing *Thing) {
	if *things == nil {
		*things = map[string]map[string]*Thing{}
	}
	if (*things)[kind] == nil {
		(*things)[kind] = map[string]*Thing{}
	}
	(*things)[kind][key] = thing
}

// Get returns a resource, or nil.
func (w *World) Get(kind, key string) *Thing { return w.Things[kind][key] }

// Remove removes a resource from the world.
func (w *World) Remove(kind, key string) {
	delete(w.Things[kind], key)
	if len(w.Things[kind]) == 0 {
		delete(w.Things, kind)
	}
}

// Each visits all resources of the given types, or of every type, in a stable order until visit
// returns false.
func (w *World) Each(visit func(kind, key string, thing *Thing) bool, kinds ...string) {
	if len(kinds) == 0 {
		kinds = slices.Sorted(maps.Keys(w.Things))
	}
	for _, kind := range kinds {
		for _, key := range slices.Sorted(maps.Keys(w.Things[kind])) {
			if !visit(kind, key, w.Things[kind][key]) {
				return
			}
		}
	}
}

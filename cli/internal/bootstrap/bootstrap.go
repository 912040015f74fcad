package bootstrap

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files that this package writes into the stack's folder. The first overrides the backend.
// https://developer.hashicorp.com/terraform/language/files/override
const (
	overrideName = "bootstrap_override.tf.json"
	importsName  = "bootstrap_imports.tf.json"
)

func (r *run) inStack(name string) string { return filepath.Join(r.env.folder, name) }

// bootstrap deploys the stack, and continues where an earlier run stopped.
func (r *run) bootstrap() error {
	err := r.steps()
	if err != nil {
		err = errors.Join(err, r.tidy())
	}
	if errors.Is(err, errInterrupted) {
		return fmt.Errorf("Interrupted. Nothing is lost. Continue with: %s", r.env.command()) //nolint:staticcheck // a person reads it as sentences
	}
	return err
}

func (r *run) steps() error {
	if _, err := os.Stat(r.inStack("errored.tfstate")); err == nil {
		return fmt.Errorf(`%s holds a state that could not be written to S3. Nothing was changed. See docs/recovery.md, "State not written to S3"`, r.inStack("errored.tfstate"))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	local, err := r.local()
	if err != nil {
		return err
	}
	remote, err := r.remote()
	if err != nil && !errors.Is(err, errNoBucket) {
		return err
	}
	if err := remove(r.inStack(overrideName), r.inStack(importsName)); err != nil {
		return err
	}
	if err := r.strangers(); err != nil {
		return err
	}
	switch {
	case len(remote) > 0 && len(local.without(remote)) > 0:
		return r.differ(local, remote)
	case len(remote) > 0 || !r.env.makesBucket && len(local) == 0:
		if err := r.forgetLocal(); err != nil { // a local state has been moved already
			return err
		}
		err = r.deploy(remote)
	default:
		err = r.deployFirst(local)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(r.scratch()), remove(r.path(planName)), r.done()); err != nil {
		return err
	}
	r.next()
	return nil
}

// deploy deploys with the state in the bucket.
func (r *run) deploy(remote state) error {
	r.say("State in %s", r.env.object())
	if err := r.initialize(); err != nil {
		return err
	}
	return r.apply(remote)
}

// deployFirst deploys with the state in the local file, then moves the state into the bucket.
func (r *run) deployFirst(local state) error {
	if len(local) > 0 {
		r.say("Continuing with the state in %s: %d resources", r.path(localName), len(local))
	} else {
		r.say("There is no state yet. Until the bucket exists, it is in %s", r.path(localName))
		// Security: create the file here, so that nobody else can ever read it.
		if err := errors.Join(r.forgetLocal(), write(r.path(localName), nil)); err != nil {
			return err
		}
	}
	override, err := json.Marshal(map[string]any{"terraform": map[string]any{"backend": map[string]any{"local": map[string]any{"path": r.path(localName)}}}})
	if err != nil {
		return err
	}
	if err := write(r.inStack(overrideName), override); err != nil {
		return err
	}
	if err := r.initialize(); err != nil {
		return err
	}
	if err := r.apply(local); err != nil {
		return err
	}
	r.say("Moving the state to %s", r.env.object())
	if err := r.move(); err != nil {
		return err
	}
	if err := remove(r.inStack(overrideName)); err != nil {
		return err
	}
	return r.initialize() // otherwise Terraform, run there by hand, would look for the local file
}

// differ returns an error about a local state with resources that the remote one lacks.
func (r *run) differ(local, remote state) error {
	missing := local.without(remote)
	const most = 3
	if more := len(missing) - most; more > 0 {
		missing = append(missing[:most], fmt.Sprintf("%d more", more))
	}
	//nolint:staticcheck // a person reads it as sentences
	return fmt.Errorf(`There are two states of %[1]s, and they differ:
  %[2]s lists %[3]d resources
  %[4]s lists %[5]d, and lacks %[6]s
Nothing was changed. When the one in S3 is right, keep the file elsewhere and start again:
  mv %[2]s ~/%[1]s.tfstate
When the file is right, put it in the other's place, of which the bucket keeps the old version:
  cd %[7]s && terraform state push -force %[2]s`,
		r.env.stack, r.path(localName), len(local), r.env.object(), len(remote), strings.Join(missing, ", "), r.scratch())
}

// next prints what to do next.
func (r *run) next() {
	r.say("Done. State in %s", r.env.object())
	trusted := append(append([]string{}, r.env.pipeline.Branches...), r.env.pipeline.Tags...)
	if r.env.pipeline.Project != "" {
		fmt.Fprintf(r.stderr, "\nPipelines of %s can deploy %s now, from %s: protect them there: whoever can push to them can deploy.\n"+
			"They read their roles from the synthesized stacks and need no variables or keys.\n",
			r.env.pipeline.Project, r.env.name, strings.Join(trusted, ", "))
	}
	if p := r.env.provider; !p.Created && len(p.Audiences) > 0 {
		fmt.Fprintf(r.stderr, "\n%s must list the audiences %s. The environment that creates it adds them when its bootstrap is run again. Who made it otherwise adds each:\n"+
			"  aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn %[1]s --client-id %[3]s\n",
			p.Arn, strings.Join(p.Audiences, ", "), p.Audiences[0])
	}
	fmt.Fprintf(r.stderr, "\nNext: ./plinth deploy %s-network\n", r.env.name)
}

// strangers returns an error if somebody has put an override file beside the stack: it may change the
// backend.
func (r *run) strangers() error {
	for _, pattern := range []string{"*override.tf.json", "*override.tf"} {
		found, err := filepath.Glob(r.inStack(pattern))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return fmt.Errorf("%s: changes the synthesized stack. Remove it, or finish that change. Nothing was changed.", found[0]) //nolint:staticcheck // a person reads it as sentences
		}
	}
	return nil
}

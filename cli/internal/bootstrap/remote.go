package bootstrap

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"plinth/cli/internal/providers"
	"plinth/cli/internal/terraform"
)

// scratch returns a folder for a configuration with the backend and nothing else, so that Terraform
// needs no provider there.
func (r *run) scratch() string { return r.path("s3") }

// errNoBucket is returned while the environment's own bucket does not exist yet.
var errNoBucket = errors.New("there is no bucket")

// remote reads the state in the bucket. It returns nil if there is none.
func (r *run) remote() (state, error) {
	if err := os.RemoveAll(r.scratch()); err != nil {
		return nil, err
	}
	if err := os.Mkdir(r.scratch(), 0o700); err != nil {
		return nil, err
	}
	content, err := json.MarshalIndent(map[string]any{"terraform": map[string]any{"backend": map[string]any{"s3": r.env.backend}}}, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(r.scratch(), "backend.tf.json"), content, 0o600); err != nil {
		return nil, err
	}
	// After setting up the backend, init fails for lack of the providers that the state names. If it
	// failed before, state pull fails too.
	_, unready := r.terraform(command{args: []string{"init", "-input=false", "-no-color", "-plugin-dir=."}, folder: r.scratch()})
	if r.interrupted {
		return nil, errInterrupted
	}
	pulled, err := r.output(r.scratch(), "state", "pull")
	if err != nil && unready != nil {
		return nil, r.unready(unready)
	}
	if err != nil {
		return nil, fmt.Errorf("Cannot read the state %s: %w", r.env.object(), err) //nolint:staticcheck // a person reads it as a sentence
	}
	s, err := readState(pulled)
	if err != nil {
		return nil, fmt.Errorf("Cannot read the state %s: %w", r.env.object(), err) //nolint:staticcheck // as above
	}
	return s, providers.CheckState(r.env.synthesized, r.env.object(), pulled)
}

// unready explains why the state cannot be read.
func (r *run) unready(err error) error {
	var failure *terraform.Failure
	if errors.As(err, &failure) {
		switch {
		case failure.Cause == terraform.NoBucket && r.env.makesBucket:
			return errNoBucket
		case failure.Cause == terraform.NoBucket:
			failure.Remedy = fmt.Sprintf("the bucket %s does not exist. On your own S3 server, create it yourself.", r.env.bucket)
		case failure.Cause == terraform.AccessDenied && r.env.makesBucket:
			failure.Remedy = fmt.Sprintf(`access to the bucket %s is denied. Either the AWS credentials are not those of an administrator of %s, or the bucket belongs to another account: then set state.bucket to another name in environments/%s.yaml.`,
				r.env.bucket, r.env.account, r.env.name)
		}
	}
	return fmt.Errorf("Nothing was changed. Cannot read the state of %s: %w", r.env.stack, err) //nolint:staticcheck // a person reads it as sentences
}

const (
	// moves is how often moving the state is tried, between is the pause: AWS may not know a new bucket
	// or key everywhere yet.
	moves   = 12
	between = 5 * time.Second
)

// move moves the state from the local file into the bucket, and removes the file when all of it is
// there.
//
// Terraform refuses to push it over another state. Where there is none, Terraform writes it with a
// new lineage, so move compares the resources instead.
func (r *run) move() error {
	for attempt := 1; ; attempt++ {
		err := r.push()
		if err == nil {
			break
		}
		if attempt == moves || !isTooEarly(err) || !r.wait(between) {
			return fmt.Errorf("Everything is created, but the state is still in %s. Continue with: %s\n%w", r.path(localName), r.env.command(), err) //nolint:staticcheck // a person reads it as sentences
		}
	}
	local, err := r.local()
	if err != nil {
		return err
	}
	remote, err := r.remote()
	if err != nil {
		return err
	}
	if len(local.without(remote)) > 0 {
		return r.differ(local, remote)
	}
	return r.forgetLocal()
}

// push writes the state into the bucket, unless the state there has resources.
func (r *run) push() error {
	remote, err := r.remote() // also prepares the folder
	if err != nil || len(remote) > 0 {
		return err
	}
	args := []string{"state", "push", "-lock-timeout=10s"}
	if remote != nil {
		args = append(args, "-force")
	}
	_, err = r.withLock(command{args: append(args, r.path(localName)), folder: r.scratch()})
	return err
}

func isTooEarly(err error) bool {
	var failure *terraform.Failure
	return errors.Is(err, errNoBucket) || errors.As(err, &failure) && (failure.Cause == terraform.NoBucket || strings.Contains(failure.Words, "KMS.NotFoundException"))
}

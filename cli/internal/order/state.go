package order

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"plinth/cli/internal/providers"
)

// atOnce is how many states are read at a time. An environment has few stacks: more would not help.
const atOnce = 4

// inventory counts the resources in a state by address, without the index. Each element of count or
// for_each counts as one.
type inventory map[string]int

func (i inventory) total() int {
	n := 0
	for _, elements := range i {
		n += elements
	}
	return n
}

// contents are what the state of a stack holds.
type contents struct {
	inventory
	// foreign is the refusal of a provider that the stack does not require, nil where there is none.
	foreign error
	// locked are the names of backup vaults with a compliance lock.
	locked []string
}

// readStates returns, by stack name, the contents of the given stacks' states. A stack without a state
// has none.
func readStates(ctx context.Context, wanted stacks) (held map[string]contents, err error) {
	held = map[string]contents{}
	if len(wanted) == 0 {
		return held, nil
	}
	terraform, err := findTerraform()
	if err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "stackorder-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()

	// The first failure cancels the other reads. Most failures, such as missing credentials, are the
	// same for every stack: one message is enough.
	each, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var (
		workers sync.WaitGroup
		mutex   sync.Mutex
		slots   = make(chan struct{}, atOnce)
	)
	for _, s := range wanted {
		workers.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if each.Err() != nil {
				return
			}
			found, err := readState(each, terraform, filepath.Join(temp, s.Name), s)
			if err != nil {
				fail(fmt.Errorf("Cannot read the state of %s: %w", s.Name, err)) //nolint:staticcheck // a person reads it as a sentence
				return
			}
			mutex.Lock()
			defer mutex.Unlock()
			held[s.Name] = found
		})
	}
	workers.Wait()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, refusal("Reading the states timed out. Check the network.")
	case ctx.Err() != nil:
		return nil, refusal("Interrupted. Nothing has been changed.")
	case each.Err() != nil:
		return nil, context.Cause(each)
	}
	return held, nil
}

// readState reads one state. It creates folder to run Terraform in.
func readState(ctx context.Context, terraform, folder string, s stack) (contents, error) {
	state, object, err := pullState(ctx, terraform, folder, s)
	if err != nil {
		return contents{}, err
	}
	foreign := providers.CheckState(s.Stack, object, state)
	found, err := takeInventory(state)
	if err != nil || found == nil {
		return contents{foreign: foreign}, err
	}
	locked, err := complianceLocked(state)
	return contents{found, foreign, locked}, err
}

// pullState returns one state, and the name of its object.
func pullState(ctx context.Context, terraform, folder string, s stack) (state []byte, object string, err error) {
	backend, object, err := s.backend()
	if err != nil {
		return nil, "", err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, "", err
	}
	if err := os.WriteFile(filepath.Join(folder, "backend.tf.json"), backend, 0o600); err != nil {
		return nil, "", err
	}
	// After setting up the backend, init would install the providers that the state names: hundreds
	// of megabytes that state pull does not need. With an empty -plugin-dir it fails instead. If it
	// failed before the backend was set up, state pull fails too.
	_, unready := runTerraform(ctx, terraform, folder, "init", "-input=false", "-no-color", "-plugin-dir=.")
	state, err = runTerraform(ctx, terraform, folder, "state", "pull")
	if err != nil {
		return nil, "", cmp.Or(unready, err)
	}
	return state, object, nil
}

// takeInventory returns the inventory of a state, without data sources. It is nil for an empty
// state, which was never written.
//
// Security: a state holds the values of its resources. They are not decoded, and a decoder's error,
// which may quote them, is not passed on.
func takeInventory(state []byte) (inventory, error) {
	if len(bytes.TrimSpace(state)) == 0 {
		return nil, nil
	}
	var document struct {
		Version   int `json:"version"`
		Resources []struct {
			Module    string     `json:"module"`
			Mode      string     `json:"mode"`
			Type      string     `json:"type"`
			Name      string     `json:"name"`
			Instances []struct{} `json:"instances"`
		} `json:"resources"`
	}
	if json.Unmarshal(state, &document) != nil {
		return nil, errors.New("it is not Terraform's JSON")
	}
	if document.Version != 4 {
		return nil, fmt.Errorf("its format version is %d, only 4 is supported", document.Version)
	}
	found := inventory{}
	for _, resource := range document.Resources {
		if resource.Mode != "managed" {
			continue
		}
		address := resource.Type + "." + resource.Name
		if resource.Module != "" {
			address = resource.Module + "." + address
		}
		found[address] += len(resource.Instances)
	}
	return found, nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// atOnce is how many states are read at a time. More would be of no use: five stacks are
// an environment.
const atOnce = 4

// countResources reads the states of the given stacks and returns, by stack name, how many
// resources each holds. A stack without a state holds none.
func countResources(ctx context.Context, wanted stacks) (counts map[string]int, err error) {
	if len(wanted) == 0 {
		return nil, nil
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

	// The first failure ends the others: most failures, such as missing credentials, are
	// the same for every stack and are worth one message.
	each, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var (
		workers sync.WaitGroup
		mutex   sync.Mutex
		slots   = make(chan struct{}, atOnce)
	)
	counts = map[string]int{}
	for _, s := range wanted {
		workers.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if each.Err() != nil {
				return
			}
			n, err := countIn(each, terraform, filepath.Join(temp, s.Name), s)
			if err != nil {
				fail(fmt.Errorf("Cannot read the state of %s: %w", s.Name, err)) //nolint:staticcheck // a person reads it as a sentence
				return
			}
			mutex.Lock()
			defer mutex.Unlock()
			counts[s.Name] = n
		})
	}
	workers.Wait()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, refusal("The states could not be read in time. Is the network there?")
	case ctx.Err() != nil:
		return nil, refusal("Interrupted. Nothing has been changed.")
	case each.Err() != nil:
		return nil, context.Cause(each)
	}
	return counts, nil
}

// countIn reads one state, by way of a new folder.
func countIn(ctx context.Context, terraform, folder string, s stack) (int, error) {
	backend, err := s.backend()
	if err != nil {
		return 0, err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(folder, "backend.tf.json"), backend, 0o600); err != nil {
		return 0, err
	}
	if _, err := runTerraform(ctx, terraform, folder, "init", "-input=false", "-no-color"); err != nil {
		return 0, err
	}
	state, err := runTerraform(ctx, terraform, folder, "state", "pull")
	if err != nil {
		return 0, err
	}
	return count(state)
}

// count returns how many resources, one for each element of count and for_each, a state
// lists. What a data source has read does not count. An empty state is one that has never
// been written.
//
// Security: a state holds the values of its resources. They are not even decoded, and a
// decoder's error, which may quote them, is not passed on.
func count(state []byte) (int, error) {
	if len(bytes.TrimSpace(state)) == 0 {
		return 0, nil
	}
	var document struct {
		Version   int `json:"version"`
		Resources []struct {
			Mode      string     `json:"mode"`
			Instances []struct{} `json:"instances"`
		} `json:"resources"`
	}
	if json.Unmarshal(state, &document) != nil {
		return 0, errors.New("it is not the JSON that Terraform writes")
	}
	if document.Version != 4 {
		return 0, fmt.Errorf("its format is version %d, but only 4 is known here", document.Version)
	}
	n := 0
	for _, resource := range document.Resources {
		if resource.Mode == "managed" {
			n += len(resource.Instances)
		}
	}
	return n, nil
}

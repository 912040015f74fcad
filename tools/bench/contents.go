package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// contents is the output of one program.
type contents struct {
	stacks map[string]map[string]any // Terraform JSON by stack, without CDKTF's comments
}

func readContents(out string) (*contents, error) {
	files, err := filepath.Glob(filepath.Join(out, "stacks", "*", "cdk.tf.json"))
	if err != nil {
		return nil, err
	}
	c := &contents{map[string]map[string]any{}}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var stack map[string]any
		if err := json.Unmarshal(content, &stack); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		dropComments(stack)
		c.stacks[filepath.Base(filepath.Dir(file))] = stack
	}
	return c, nil
}

// dropComments removes CDKTF's "//" entries, which say where in a program an object comes from.
func dropComments(value any) {
	switch value := value.(type) {
	case map[string]any:
		delete(value, "//")
		for _, each := range value {
			dropComments(each)
		}
	case []any:
		for _, each := range value {
			dropComments(each)
		}
	}
}

// count returns the number of objects of each type in a stack, as in "resource aws_vpc".
func (c *contents) count(stack string) map[string]int {
	counts := map[string]int{}
	for _, kind := range []string{"resource", "data"} {
		types, _ := c.stacks[stack][kind].(map[string]any)
		for name, objects := range types {
			objects, _ := objects.(map[string]any)
			counts[kind+" "+name] = len(objects)
		}
	}
	return counts
}

// total returns the number of resources or data sources in all stacks.
func (c *contents) total(kind string) int {
	total := 0
	for stack := range c.stacks {
		for name, n := range c.count(stack) {
			if strings.HasPrefix(name, kind+" ") {
				total += n
			}
		}
	}
	return total
}

// checkPeer returns an error unless the JavaScript program made as many objects of every type in
// every stack as Plinth: otherwise their times could not be compared. It returns the names of
// the stacks whose Terraform JSON differs in any other way.
func checkPeer(plinth, peer *contents) (differing []string, err error) {
	for _, stack := range slices.Sorted(maps.Keys(plinth.stacks)) {
		want, got := plinth.count(stack), peer.count(stack)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if got[name] != want[name] {
				return nil, fmt.Errorf("the JavaScript program makes %d of %d %s in stack %s", got[name], want[name], name, stack)
			}
		}
		if !maps.Equal(want, got) {
			return nil, fmt.Errorf("the JavaScript program makes more in stack %s than Plinth", stack)
		}
		if !reflect.DeepEqual(plinth.stacks[stack], peer.stacks[stack]) {
			differing = append(differing, stack)
		}
	}
	if len(peer.stacks) != len(plinth.stacks) {
		return nil, fmt.Errorf("the JavaScript program makes %d stacks, Plinth %d", len(peer.stacks), len(plinth.stacks))
	}
	return differing, nil
}

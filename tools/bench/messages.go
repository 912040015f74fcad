package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// messages counts jsii's messages in one synth by kind, such as get, and then by requested name,
// such as arn.
type messages map[string]map[string]int

// countMessages runs one synth of Plinth and counts its messages.
func (b *bench) countMessages() (messages, error) {
	file := filepath.Join(b.dir, "messages.json")
	cmd, err := b.command(b.root, slim, b.warmCache())
	if err != nil {
		return nil, err
	}
	cmd.Env = append(cmd.Env, "BENCH_MESSAGES="+file,
		fmt.Sprintf("NODE_OPTIONS=--require %q", filepath.Join(b.root, "tools", "bench", "messages.cjs")))
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("counting messages: %w\n%s", err, output)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var m messages
	return m, json.Unmarshal(content, &m)
}

// most is how many of the most requested names String lists.
const most = 4

// String lists the kinds, the most frequent first: 1158 create, 763 get (206 arn, …).
func (m messages) String() string {
	total := func(kind string) (n int) {
		for _, count := range m[kind] {
			n += count
		}
		return n
	}
	var all []string
	for _, kind := range byCount(slices.Sorted(maps.Keys(m)), total) {
		text := fmt.Sprintf("%d %s", total(kind), kind)
		if kind == "get" {
			of := func(property string) int { return m[kind][property] }
			var named []string
			for _, property := range byCount(slices.Sorted(maps.Keys(m[kind])), of)[:min(most, len(m[kind]))] {
				named = append(named, fmt.Sprintf("%d %s", of(property), property))
			}
			text += " (" + strings.Join(named, ", ") + ", …)"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func byCount(names []string, count func(string) int) []string {
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(count(b), count(a)) })
	return names
}

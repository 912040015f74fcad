package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// blockingSeverities are those of tfsec's rules that nothing may break.
var blockingSeverities = []string{"HIGH", "CRITICAL"}

// tfsec runs its rules on every stack.
func tfsec(ctx context.Context, at project, p *platform) ([]Finding, error) {
	folder, err := os.MkdirTemp("", "tfsec-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	stacks := map[string]*stack{}
	for _, s := range p.stacks {
		stacks[s.id] = s
		file := filepath.Join(folder, s.id, "main.tf")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, toHCL(s), 0o644); err != nil {
			return nil, err
		}
	}
	var answer struct {
		Results []struct {
			Rule        string `json:"long_id"`
			Description string
			Resolution  string
			Severity    string
			Resource    string
			Location    struct{ Filename string }
		}
	}
	// Without --no-module-downloads it would ask a registry; a check of its own and an update it
	// fetches only when told to.
	err = at.scan(ctx, "tfsec", nil, &answer, "--no-module-downloads", "--no-colour", "--no-ignores", "--soft-fail",
		"--force-all-dirs", "--format", "json", folder)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, r := range answer.Results {
		if !slices.Contains(blockingSeverities, r.Severity) {
			continue
		}
		s := stacks[filepath.Base(filepath.Dir(r.Location.Filename))]
		findings = append(findings, Finding{
			Rule: "tfsec/" + r.Rule, File: s.shown, In: s.id + "/" + address(r.Resource),
			Problem: strings.ToLower(r.Severity) + ": " + r.Description, Remedy: r.Resolution,
		})
	}
	return findings, nil
}

// address is that of a resource, whose argument tfsec may name too.
func address(resource string) string {
	parts := strings.Split(resource, ".")
	if parts[0] == "data" {
		return strings.Join(parts[:min(3, len(parts))], ".")
	}
	return strings.Join(parts[:min(2, len(parts))], ".")
}

package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// blockingSeverities are the severities of tfsec's results that count as findings.
var blockingSeverities = []string{"HIGH", "CRITICAL"}

// tfsec runs tfsec on every stack.
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
	// With --no-module-downloads it asks no registry. It downloads custom checks and updates only on
	// request.
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

// address returns the address of a resource without the argument, which tfsec may append.
func address(resource string) string {
	parts := strings.Split(resource, ".")
	if parts[0] == "data" {
		return strings.Join(parts[:min(3, len(parts))], ".")
	}
	return strings.Join(parts[:min(2, len(parts))], ".")
}

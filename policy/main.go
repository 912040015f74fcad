// Command policy checks the synthesized stacks, the charts with their real values, and the
// repository, with Plinth's own rules, tfsec, kube-score and gitleaks. policy/rules.yaml has the
// limits. Exceptions, each with its reason, are only in policy/ignored.yaml.
//
// With -images it lists the images that the charts run instead, for ./plinth images.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

func main() {
	root := flag.String("root", ".", "the project's folder")
	out := flag.String("out", cmp.Or(os.Getenv("CDKTF_OUTPUT"), "cdktf.out"), "the folder of the synthesized stacks, relative to root")
	list := flag.Bool("images", false, "list the charts' images as JSON instead")
	flag.Parse()
	at := project{root: *root, out: *out, scanners: filepath.Join(*root, filepath.FromSlash(scanners))}
	run := check
	if *list {
		run = listImages
	}
	summary, err := run(context.Background(), at)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(summary)
}

// check runs all checks and returns what was checked, or an error with every finding.
func check(ctx context.Context, at project) (summary string, err error) {
	absolute, err := filepath.Abs(at.scanners)
	if err != nil {
		return "", err
	}
	at.scanners = absolute
	exceptions, err := readExceptions(at.root)
	if err != nil {
		return "", err
	}
	p, err := readPlatform(at.root, at.out)
	if err != nil {
		return "", err
	}
	findings, rendered, err := runChecks(ctx, at, p)
	if err != nil {
		return "", err
	}
	left, stale := applyExceptions(sortFindings(findings), exceptions)
	shallow, err := at.shallow(ctx)
	if err != nil {
		return "", err
	}
	for _, e := range stale {
		// The exception may be for a commit that a shallow clone lacks, or for an environment that is not
		// synthesized now.
		if shallow && strings.HasPrefix(e.Rule, "gitleaks/") || os.Getenv("PLINTH_ENVIRONMENTS") != "" {
			continue
		}
		left = append(left, Finding{
			Rule: "plinth/ignored", File: ignoredFile, In: e.In, Problem: "is not needed any more: nothing breaks " + e.Rule + aboutSuffix(e), Remedy: "Delete the entry",
		})
	}
	if len(left) > 0 {
		return "", fmt.Errorf("%s\n\n%s. Exceptions, with their reasons, go into %s", strings.Join(grouped(left), "\n"), count(len(left), "policy violation", "policy violations"), ignoredFile)
	}
	return fmt.Sprintf("No policy violations in %s, %s and the repository, besides the exceptions in %s.",
		count(len(p.stacks), "stack", "stacks"), count(rendered, "release", "releases"), ignoredFile), nil
}

func aboutSuffix(e Exception) string {
	if e.About == "" {
		return ""
	}
	return " (about " + e.About + ")"
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// runChecks runs all checks at the same time. It returns their findings and the number of releases.
func runChecks(ctx context.Context, at project, p *platform) (findings []Finding, releases int, err error) {
	checks := []func() ([]Finding, error){
		func() ([]Finding, error) { return platformFindings(p), nil },
		func() ([]Finding, error) { return tfsec(ctx, at, p) },
		func() ([]Finding, error) { return gitleaks(ctx, at) },
		func() ([]Finding, error) {
			rendered, unknown, err := charts(ctx, p)
			if err != nil {
				return nil, err
			}
			releases = len(rendered)
			scored, err := kubeScore(ctx, at, rendered)
			if err != nil {
				return nil, err
			}
			tags, err := tagged(at, p, rendered)
			return slices.Concat(unknown, chartFindings(rendered), scored, tags), err
		},
	}
	found, failed := make([][]Finding, len(checks)), make([]error, len(checks))
	var running sync.WaitGroup
	for i, check := range checks {
		running.Go(func() { found[i], failed[i] = check() })
	}
	running.Wait()
	for _, some := range found {
		findings = append(findings, some...)
	}
	return findings, releases, errors.Join(failed...)
}

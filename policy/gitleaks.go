package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// leak is a secret that gitleaks has found.
type leak struct {
	RuleID, Description, File, Commit string
	StartLine                         int
}

// gitleaks looks for secrets in all commits of the clone, and in the files that could be committed.
// Only ignored.yaml has exceptions: gitleaks' own ignore file and comments in files do not count.
func gitleaks(ctx context.Context, at project) (findings []Finding, err error) {
	scan := func(args ...string) ([]leak, error) {
		var leaks []leak
		args = append(args, "--no-banner", "--no-color", "--log-level", "error", "--redact", "--ignore-gitleaks-allow",
			"--gitleaks-ignore-path", os.DevNull, "--report-format", "json", "--report-path", "-")
		return leaks, at.scan(ctx, "gitleaks", nil, &leaks, args...)
	}
	copied, err := at.files(ctx)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(copied)
	present, err := scan("dir", copied)
	if err != nil {
		return nil, err
	}
	past, err := scan("git", ".")
	if err != nil {
		return nil, err
	}
	for _, l := range append(present, past...) {
		file := strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(l.File), filepath.ToSlash(copied)), "/")
		where, what := fmt.Sprintf("line %d", l.StartLine), "Remove it from the file, and revoke it if it was real"
		if l.Commit != "" {
			where = fmt.Sprintf("commit %.12s, line %d", l.Commit, l.StartLine)
			what = "Revoke it: it is in every clone. Then remove the commit from the history, or add an exception to " + ignoredFile
		}
		findings = append(findings, Finding{
			Rule: "gitleaks/" + l.RuleID, File: file, In: file, Problem: where + ": " + l.Description, Remedy: what,
		})
	}
	return findings, nil
}

// files copies the files that Git tracks or could add into a new folder.
func (p project) files(ctx context.Context) (folder string, err error) {
	output, err := p.git(ctx, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	if err != nil {
		return "", err
	}
	folder, err = os.MkdirTemp("", "gitleaks-")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(folder)
		}
	}()
	for name := range strings.SplitSeq(strings.Trim(output, "\x00"), "\x00") {
		from := filepath.Join(p.root, filepath.FromSlash(name))
		// Skip a deleted file, which is still in the index, and links, which lead to other files of the
		// project.
		if info, err := os.Lstat(from); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := copyFile(from, filepath.Join(folder, filepath.FromSlash(name))); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// shallow reports whether the clone lacks old commits.
func (p project) shallow(ctx context.Context) (bool, error) {
	output, err := p.git(ctx, "rev-parse", "--is-shallow-repository")
	return strings.TrimSpace(output) == "true", err
}

func (p project) git(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = p.root
	var complaint strings.Builder
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return string(output), nil
}

func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	return target.Close()
}

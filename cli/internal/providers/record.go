package providers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plinth/cli/internal/synthesized"
)

// Platforms are the platforms that people and pipelines deploy from.
var Platforms = []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"}

// Options are the user's choices.
type Options struct {
	Platforms []string
	// NetMirror and FSMirror replace the registry: a URL or a folder.
	NetMirror, FSMirror string
}

// Record writes the project's lock file, with the checksums of the providers that its stacks require, and
// returns its path. run runs Terraform with arguments in a folder.
//
// It keeps the recorded checksums of the same versions. It refuses a package that has changed: terraform
// providers lock alone would add the new checksum to the old one.
func Record(ctx context.Context, root string, o Options, run func(folder string, args ...string) error) (file string, err error) {
	needed, err := pinned(root)
	if err != nil {
		return "", err
	}
	host, err := host(ctx)
	if err != nil {
		return "", err
	}
	file = File(root)
	before, err := earlier(file, needed)
	if err != nil {
		return "", err
	}
	after, err := record(o, needed, run)
	if err != nil {
		return "", err
	}
	if _, err := pick(after, needed, host); err != nil {
		return "", fmt.Errorf("Terraform's lock file %w", err) //nolint:staticcheck // a name
	}
	all, err := merge(before, after)
	if err != nil {
		return "", Refusal(fmt.Sprintf("%s: %s. Nothing was written. "+
			"If you have named other platforms than last time, name all of them. If you trust the new packages, remove the file and try again.", file, err))
	}
	if err := os.WriteFile(file+".new", []byte(render(all)), 0o644); err != nil {
		return "", err
	}
	return file, os.Rename(file+".new", file)
}

// record lets Terraform compute the checksums, in a folder that requires only the providers.
func record(o Options, needed []provider, run func(folder string, args ...string) error) (all []locked, err error) {
	folder, err := os.MkdirTemp("", "plinth-lock-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	requirements := map[string]map[string]string{}
	for i, p := range needed {
		requirements[fmt.Sprintf("p%d", i)] = map[string]string{"source": p.source, "version": p.version}
	}
	content, err := json.Marshal(map[string]any{"terraform": map[string]any{"required_providers": requirements}})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "main.tf.json"), content, 0o600); err != nil {
		return nil, err
	}
	args := []string{"providers", "lock"}
	for _, platform := range o.Platforms {
		args = append(args, "-platform="+platform)
	}
	if o.NetMirror != "" {
		args = append(args, "-net-mirror="+o.NetMirror)
	}
	if o.FSMirror != "" {
		args = append(args, "-fs-mirror="+o.FSMirror)
	}
	if err := run(folder, args...); err != nil {
		return nil, err
	}
	if content, err = os.ReadFile(filepath.Join(folder, lockName)); err != nil {
		return nil, err
	}
	if all, err = parse(string(content)); err != nil {
		return nil, fmt.Errorf("Terraform's lock file: %w is not as expected", err) //nolint:staticcheck // a name
	}
	return all, nil
}

// earlier returns the entries of a lock file for the needed versions. A broken file has none.
func earlier(file string, needed []provider) ([]locked, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	all, err := parse(string(content))
	if err != nil {
		return nil, nil //nolint:nilerr // Record replaces it
	}
	return slices.DeleteFunc(all, func(l locked) bool {
		return !slices.ContainsFunc(needed, func(p provider) bool {
			return l.version == p.version && (l.address == p.address(terraformHost) || l.address == p.address(openTofuHost))
		})
	}), nil
}

// merge adds the earlier checksums, such as those of another platform or of OpenTofu's registry.
func merge(before, after []locked) ([]locked, error) {
	all := slices.Clone(after)
	for _, b := range before {
		at := slices.IndexFunc(all, func(l locked) bool { return l.address == b.address })
		if at < 0 {
			all = append(all, b)
			continue
		}
		if changed(b.checksums, all[at].checksums) {
			return nil, fmt.Errorf("the checksums of %s %s are not those of last time", b.address, b.version)
		}
		all[at].checksums = slices.Compact(slices.Sorted(slices.Values(slices.Concat(b.checksums, all[at].checksums))))
	}
	return all, nil
}

// changed reports whether a package has another checksum than before. A checksum does not name its
// platform. So a package has changed if some checksums are gone and others are new. The registry lists
// checksums of all platforms' archives (zh). For a mirror, Terraform records those of the content (h1).
// https://developer.hashicorp.com/terraform/language/files/dependency-lock#new-provider-package-checksums
func changed(before, after []string) bool {
	of := func(scheme string, all []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(c string) bool { return !strings.HasPrefix(c, scheme) })
	}
	scheme := "zh:"
	if len(of(scheme, before)) == 0 || len(of(scheme, after)) == 0 {
		scheme = "h1:"
	}
	lacks := func(all, some []string) bool {
		return slices.ContainsFunc(some, func(c string) bool { return !slices.Contains(all, c) })
	}
	b, a := of(scheme, before), of(scheme, after)
	return lacks(a, b) && lacks(b, a)
}

// pinned returns the providers of all stacks of a project.
func pinned(root string) ([]provider, error) {
	stacks, err := synthesized.Read(root)
	if err != nil {
		return nil, err
	}
	var all []provider
	first := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(stacks)) {
		needed, err := required(stacks[name])
		if err != nil {
			return nil, err
		}
		for _, p := range needed {
			at := slices.IndexFunc(all, func(other provider) bool { return other.source == p.source })
			switch {
			case at < 0:
				all = append(all, p)
				first[p.source] = name
			case all[at].version != p.version:
				return nil, Refusal(fmt.Sprintf("%s requires %s %s, but %s requires %s: a lock file has one version of a provider.",
					first[p.source], p.source, all[at].version, name, p.version))
			}
		}
	}
	if len(all) == 0 {
		return nil, Refusal(fmt.Sprintf("%s has no stacks. Synthesize first: ./plinth synth", synthesized.Folder(root)))
	}
	return all, nil
}

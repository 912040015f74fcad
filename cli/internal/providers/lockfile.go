package providers

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// lockName is the name of a lock file, Terraform's and OpenTofu's.
// https://developer.hashicorp.com/terraform/language/files/dependency-lock
const lockName = ".terraform.lock.hcl"

// locked is a lock file's entry for a provider.
type locked struct {
	address, version string
	// checksums are those of the packages, one for each platform and scheme.
	checksums []string
}

var (
	remark   = regexp.MustCompile(`^(?:#.*)?\n`)
	checksum = regexp.MustCompile(`h1:[A-Za-z0-9+/]{43}=|zh:[0-9a-f]{64}`)
	entry    = regexp.MustCompile(`^provider "([a-z0-9.:-]+/[a-z0-9_-]+/[a-z0-9_-]+)" \{\n` +
		`  version += "([^"\\\n]+)"\n(?:  constraints = "[^"\\\n]+"\n)?` +
		`  hashes = \[\n((?:    "(?:` + checksum.String() + `)",\n)+)  \]\n\}\n`)
)

// parse reads a lock file. It accepts only what Terraform writes. Other content, such as that of a failed
// merge, is an error with the line of the provider.
func parse(content string) ([]locked, error) {
	var all []locked
	content = strings.ReplaceAll(content, "\r\n", "\n")
	for rest := content; rest != ""; {
		if skipped := remark.FindString(rest); skipped != "" {
			rest = rest[len(skipped):]
			continue
		}
		found := entry.FindStringSubmatch(rest)
		if found == nil || slices.ContainsFunc(all, func(l locked) bool { return l.address == found[1] }) {
			return nil, fmt.Errorf("line %d", strings.Count(content, "\n")-strings.Count(rest, "\n")+1)
		}
		all = append(all, locked{found[1], found[2], checksum.FindAllString(found[3], -1)})
		rest = rest[len(found[0]):]
	}
	return all, nil
}

// render returns the content of a lock file with these providers. cdktf compares the constraints with the
// stack's, and lets Terraform upgrade if they differ.
func render(all []locked) string {
	var text strings.Builder
	text.WriteString("# Checksums of the providers' packages: ./plinth lock records them.\n")
	for _, p := range slices.SortedFunc(slices.Values(all), func(a, b locked) int { return strings.Compare(a.address, b.address) }) {
		fmt.Fprintf(&text, "\nprovider %q {\n  version     = %q\n  constraints = %[2]q\n  hashes = [\n", p.address, p.version)
		for _, c := range p.checksums {
			fmt.Fprintf(&text, "    %q,\n", c)
		}
		text.WriteString("  ]\n}\n")
	}
	return text.String()
}

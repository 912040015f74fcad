package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxParts is how many parts of a stack a reader can take in at a glance.
const maxParts = 8

// A part is one box inside a stack: a direct child of the stack in the construct tree,
// with the small resources that only it uses.
type part struct {
	title     string
	members   []string // the children that it consists of; the first one gives the title
	resources []resource
	detail    []string // what distinguishes the children, when it stands for several
}

// partsOf groups a stack's resources into the drawn parts, the most important first.
func partsOf(file stackFile) []*part {
	var parts []*part
	for _, r := range file.resources {
		child := r.path[0]
		i := slices.IndexFunc(parts, func(p *part) bool { return p.title == child })
		if i < 0 {
			i = len(parts)
			parts = append(parts, &part{title: child, members: []string{child}})
		}
		parts[i].resources = append(parts[i].resources, r)
	}
	parts = slices.DeleteFunc(parts, func(p *part) bool { return len(p.kinds()) == 0 })
	slices.SortFunc(parts, func(a, b *part) int { return strings.Compare(a.title, b.title) })
	parts = foldHelpers(parts)
	parts = mergeAlike(parts)
	slices.SortStableFunc(parts, func(a, b *part) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(len(b.resources), len(a.resources)))
	})
	return mergeRest(parts)
}

// helpers are the kinds that exist only for another resource.
var helpers = map[string]bool{
	"aws_iam_role":                   true,
	"aws_iam_role_policy":            true,
	"aws_iam_role_policy_attachment": true,
	"kubernetes_namespace_v1":        true,
	"terraform_data":                 true,
}

// localPattern finds references to resources of the same stack in Terraform's expressions.
var localPattern = regexp.MustCompile(`(?:data\.)?[a-z]\w*\.[A-Za-z_][\w-]*`)

// foldHelpers moves a role or a namespace into the only part that refers to it.
func foldHelpers(parts []*part) []*part {
	owner := make(map[string]*part) // by the address of the resource
	for _, p := range parts {
		for _, r := range p.resources {
			owner[r.address()] = p
		}
	}
	users := make(map[*part][]*part)
	for _, p := range parts {
		for _, r := range p.resources {
			for _, address := range localPattern.FindAllString(r.text, -1) {
				used := owner[address]
				if used != nil && used != p && !slices.Contains(users[used], p) {
					users[used] = append(users[used], p)
				}
			}
		}
	}
	return slices.DeleteFunc(parts, func(p *part) bool {
		if len(users[p]) != 1 || !p.only(helpers) || users[p][0].only(helpers) {
			return false
		}
		users[p][0].add(p)
		return true
	})
}

// mergeAlike merges three or more parts into one if they list the same kinds and their names
// begin with the same word, like the add-ons of a cluster.
func mergeAlike(parts []*part) []*part {
	var merged []*part
	for _, p := range parts {
		word, _, _ := strings.Cut(p.title, "-")
		alike := slices.DeleteFunc(slices.Clone(parts), func(q *part) bool {
			return !strings.HasPrefix(q.title, word+"-") || !slices.Equal(p.mentioned(), q.mentioned())
		})
		switch {
		case len(alike) < 3 || !slices.Contains(alike, p):
			merged = append(merged, p)
		case p == alike[0]:
			group := &part{title: word}
			for _, q := range alike {
				group.detail = append(group.detail, strings.TrimPrefix(q.title, word+"-"))
				group.add(q)
			}
			merged = append(merged, group)
		}
	}
	return merged
}

// mergeRest merges the parts beyond maxParts into one last part.
func mergeRest(parts []*part) []*part {
	if len(parts) <= maxParts {
		return parts
	}
	rest := &part{title: "and more"}
	for _, p := range parts[maxParts-1:] {
		rest.detail = append(rest.detail, p.title)
		rest.add(p)
	}
	return append(parts[:maxParts-1:maxParts-1], rest)
}

func (p *part) add(other *part) {
	p.members = append(p.members, other.members...)
	p.resources = append(p.resources, other.resources...)
}

// only reports whether every resource of p is one of kinds.
func (p *part) only(kinds map[string]bool) bool {
	return !slices.ContainsFunc(p.kinds(), func(kind string) bool { return !kinds[kind] })
}

// mentioned are the kinds that p lists: all kinds if it has only unmentioned ones.
func (p *part) mentioned() []string {
	if p.only(unmentioned) {
		return p.kinds()
	}
	return slices.DeleteFunc(p.kinds(), func(kind string) bool { return unmentioned[kind] })
}

// kinds returns the kind of each of p's resources, without data sources, sorted.
func (p *part) kinds() []string {
	var kinds []string
	for _, r := range p.resources {
		if !r.data {
			kinds = append(kinds, r.kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// rank is the place in displayNames of the most important resource in p.
func (p *part) rank() int {
	best := len(displayNames)
	for _, kind := range p.kinds() {
		if _, place := displayNameOf(kind); !unmentioned[kind] {
			best = min(best, place)
		}
	}
	return best
}

// summary lists the resources of p: VPC, 9 subnets (3 public, 3 private, 3 database).
func (p *part) summary() []string {
	kinds := slices.Compact(p.kinds())
	told := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return unmentioned[kind] })
	if len(told) == 0 {
		told = kinds
	}
	slices.SortFunc(told, func(a, b string) int {
		_, i := displayNameOf(a)
		_, j := displayNameOf(b)
		return cmp.Or(cmp.Compare(i, j), strings.Compare(a, b))
	})
	var summary []string
	for _, kind := range told {
		var names []string
		for _, r := range p.resources {
			if r.kind == kind && !r.data {
				names = append(names, stem(r))
			}
		}
		n, _ := displayNameOf(kind)
		text := n.count(len(names))
		if groups := countNames(names); n.named && len(groups) > 1 {
			text += " (" + strings.Join(groups, ", ") + ")"
		}
		summary = append(summary, text)
	}
	return summary
}

var ordinal = regexp.MustCompile(`-([a-z]|\d+)$`)

// stem is a construct's name without its ordinal: private for private-a.
func stem(r resource) string {
	return ordinal.ReplaceAllString(r.path[len(r.path)-1], "")
}

// countNames returns each name with its number: primary, 2 × replica.
func countNames(names []string) []string {
	var groups []string
	slices.Sort(names)
	for _, name := range slices.Compact(slices.Clone(names)) {
		first, _ := slices.BinarySearch(names, name)
		n := 1
		for first+n < len(names) && names[first+n] == name {
			n++
		}
		if n > 1 {
			name = fmt.Sprintf("%d × %s", n, name)
		}
		groups = append(groups, name)
	}
	return groups
}

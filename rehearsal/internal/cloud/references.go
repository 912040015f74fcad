package cloud

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// awsID matches an id that AWS makes up.
var awsID = regexp.MustCompile(`^([a-z][a-z-]*)-[0-9a-f]{8,17}$`)

// isID reports whether a value is an id with the prefix of a registered kind.
func isID(value string) bool {
	match := awsID.FindStringSubmatch(value)
	if match == nil {
		return false
	}
	for _, k := range kinds {
		if k.prefix == match[1] {
			return true
		}
	}
	return false
}

// ownARN reports whether a value is the ARN of one resource in this account.
func (w *World) ownARN(value string) bool {
	parts := strings.SplitN(value, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[4] == w.Account &&
		!strings.ContainsAny(value, "*?") && parts[5] != "root"
}

// checkReferences refuses ids, ARNs and names of resources that do not exist. Tags and documents,
// such as policies, are free text, as in AWS.
func (w *World) checkReferences(name string, k kind, a Attributes) (err error) {
	if k.inCluster {
		return nil
	}
	handles := w.handles()
	walk(a, func(attribute, value string) bool {
		if freeText(k, attribute, value) || !isID(value) && !w.ownARN(value) || handles[value] || slices.Contains(w.Given, value) {
			return true
		}
		err = refuse("InvalidParameterValue", "%s of %s: %s does not exist in account %s, region %s",
			attribute, name, value, w.Account, w.Region)
		return false
	})
	if err != nil {
		return err
	}
	for path, target := range k.refers {
		targetKind, attribute, _ := strings.Cut(target, ".")
		for _, value := range texts(any(a), path) {
			if w.find(targetKind, attribute, value) == nil {
				return refuse("NotFound", "%s of %s: there is no %s with %s %q", path, name, targetKind, attribute, value)
			}
		}
	}
	return nil
}

func freeText(k kind, attribute, value string) bool {
	first, _, _ := strings.Cut(attribute, ".")
	return first == "tags" || first == "tags_all" || strings.HasPrefix(value, "{") || slices.Contains(k.opaque, first)
}

// handles are the ids and ARNs that a reference can use.
func (w *World) handles() map[string]bool {
	all := map[string]bool{}
	w.Each(func(_, _ string, t *Thing) bool {
		for _, handle := range t.handles() {
			all[handle] = true
		}
		return true
	})
	return all
}

func (t *Thing) handles() []string {
	var all []string
	if t.Cluster != "" {
		return nil
	}
	if id := text(t.Attributes, "id"); isID(id) || strings.HasPrefix(id, "arn:") {
		all = append(all, id)
	}
	if arn := text(t.Attributes, "arn"); arn != "" {
		all = append(all, arn)
	}
	return all
}

// find returns the resource of a type with that attribute value, or nil.
func (w *World) find(name, attribute, value string) (found *Thing) {
	w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, attribute) == value {
			found = t
		}
		return found == nil
	}, name)
	return found
}

// users are the resources that refer to one. Those that it owns do not count, such as a cluster's
// security group.
func (w *World) users(name, key string, t *Thing) []string {
	handles := t.handles()
	var all []string
	w.Each(func(otherName, otherKey string, other *Thing) bool {
		if other == t || other.Cluster != "" || w.owned(other, name+" "+key) || name == "aws_subnet" && otherName == fargateKind && w.vacant(other) {
			return true
		}
		k := kinds[otherName]
		uses := !walk(other.Attributes, func(attribute, value string) bool {
			own := attribute == "id" || attribute == "arn"
			return own || freeText(k, attribute, value) || !slices.Contains(handles, value)
		})
		for path, target := range k.refers {
			targetKind, attribute, _ := strings.Cut(target, ".")
			if targetKind == name && slices.Contains(texts(any(other.Attributes), path), text(t.Attributes, attribute)) {
				uses = true
			}
		}
		if uses {
			all = append(all, describe(otherName, otherKey, other))
		}
		return true
	})
	return all
}

// owned reports whether a resource has that owner, directly or through another.
func (w *World) owned(t *Thing, owner string) bool {
	for t != nil && t.Owner != "" {
		if t.Owner == owner {
			return true
		}
		name, key, _ := strings.Cut(t.Owner, " ")
		t = w.Get(name, key)
	}
	return false
}

func describe(name, key string, t *Thing) string {
	if t.MadeBy != "" {
		return fmt.Sprintf("%s %s (made by %s)", name, key, t.MadeBy)
	}
	return name + " " + key
}

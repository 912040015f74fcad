package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/schema"
)

// plan returns the planned value: the proposed one, with values that only the cloud knows left
// unknown. paths are the changes that need a replacement.
func (s *server) plan(name string, b *schema.Block, prior, proposed tftypes.Value) (planned tftypes.Value, paths []*tftypes.AttributePath) {
	planned = withoutWriteOnly(b, proposed)
	planned = s.planTags(b, planned)
	if prior.IsNull() {
		return unknownComputed(b, planned, nil), nil
	}
	if planned.Equal(prior) {
		return prior, nil
	}
	for _, path := range cloud.Replaced(name) {
		if differ(at(prior, path), at(planned, path)) {
			paths = append(paths, attributePath(path))
		}
	}
	planned = unknownComputed(b, planned, &prior)
	members, _ := object(planned)
	for _, attribute := range cloud.Recomputed(name) {
		if v, ok := members[attribute]; ok {
			members[attribute] = tftypes.NewValue(v.Type(), tftypes.UnknownValue)
		}
	}
	return tftypes.NewValue(planned.Type(), members), paths
}

// differ compares attributes. An attribute of a missing block counts as null.
func differ(before, after *tftypes.Value) bool {
	switch {
	case after == nil:
		return before != nil && !before.IsNull()
	case before == nil:
		return !after.IsNull()
	}
	return !after.Equal(*before)
}

// withoutWriteOnly sets write-only arguments to null: they are in no plan and no state.
func withoutWriteOnly(b *schema.Block, v tftypes.Value) tftypes.Value {
	members, ok := object(v)
	if !ok {
		return v
	}
	for name, a := range b.Attributes {
		if a.WriteOnly {
			members[name] = tftypes.NewValue(members[name].Type(), nil)
		}
	}
	return tftypes.NewValue(v.Type(), members)
}

// planTags adds the provider's default tags, which the AWS provider also adds in the plan.
func (s *server) planTags(b *schema.Block, v tftypes.Value) tftypes.Value {
	if b.Attributes["tags_all"] == nil {
		return v
	}
	members, _ := object(v)
	t := members["tags_all"].Type()
	if !members["tags"].IsFullyKnown() {
		members["tags_all"] = tftypes.NewValue(t, tftypes.UnknownValue)
		return tftypes.NewValue(v.Type(), members)
	}
	all := map[string]tftypes.Value{}
	for key, value := range s.defaultTags {
		all[key] = tftypes.NewValue(tftypes.String, value)
	}
	own, _ := object(members["tags"])
	for key, value := range own {
		all[key] = value
	}
	members["tags_all"] = tftypes.NewValue(t, all)
	return tftypes.NewValue(v.Type(), members)
}

// unknownComputed makes computed attributes without a value unknown. In an existing resource,
// prior, only changed nested blocks can have them.
func unknownComputed(b *schema.Block, v tftypes.Value, prior *tftypes.Value) tftypes.Value {
	members, ok := object(v)
	if !ok {
		return v
	}
	var before map[string]tftypes.Value
	if prior != nil {
		before, _ = object(*prior)
	}
	for name, a := range b.Attributes {
		switch {
		case prior != nil:
		case a.Computed && !a.WriteOnly && members[name].IsNull():
			members[name] = tftypes.NewValue(members[name].Type(), tftypes.UnknownValue)
		case a.Nested != nil:
			members[name] = each(members[name], func(item tftypes.Value) tftypes.Value {
				return unknownComputed(&schema.Block{Attributes: a.Nested.Attributes}, item, nil)
			})
		}
	}
	for name, nested := range b.Blocks {
		if prior != nil && members[name].Equal(before[name]) {
			continue
		}
		members[name] = each(members[name], func(item tftypes.Value) tftypes.Value {
			return unknownComputed(nested.Block, item, nil)
		})
	}
	return tftypes.NewValue(v.Type(), members)
}

// each changes v itself if it is an object, or the objects of a list or set.
func each(v tftypes.Value, change func(tftypes.Value) tftypes.Value) tftypes.Value {
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	if v.Type().Is(tftypes.Object{}) {
		return change(v)
	}
	var changed []tftypes.Value
	for _, item := range items(v) {
		changed = append(changed, change(item))
	}
	return tftypes.NewValue(v.Type(), changed)
}

// at is the value at a path of names, through the first element of lists; nil if there is none.
func at(v tftypes.Value, path string) *tftypes.Value {
	for _, step := range strings.Split(path, ".") {
		if list := items(v); len(list) > 0 {
			v = list[0]
		}
		members, ok := object(v)
		if !ok {
			return nil
		}
		if v, ok = members[step]; !ok {
			return nil
		}
	}
	return &v
}

// attributePath converts such a path to Terraform's type.
func attributePath(path string) *tftypes.AttributePath {
	result := tftypes.NewAttributePath()
	for i, step := range strings.Split(path, ".") {
		if i > 0 {
			result = result.WithElementKeyInt(0)
		}
		result = result.WithAttributeName(step)
	}
	return result
}

package provider

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"plinth/rehearsal/internal/schema"
)

// plain converts a value to its JSON form. Unknown and null values are nil.
func plain(v tftypes.Value) any {
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	switch {
	case v.Type().Is(tftypes.String):
		var s string
		_ = v.As(&s) // the type is known, here and below
		return s
	case v.Type().Is(tftypes.Bool):
		var b bool
		_ = v.As(&b)
		return b
	case v.Type().Is(tftypes.Number):
		n := new(big.Float)
		_ = v.As(&n)
		f, _ := n.Float64()
		return f
	}
	if members, ok := object(v); ok {
		result := map[string]any{}
		for name, member := range members {
			result[name] = plain(member)
		}
		return result
	}
	result := []any{}
	for _, item := range items(v) {
		result = append(result, plain(item))
	}
	return result
}

// object returns the members of an object or a map.
func object(v tftypes.Value) (map[string]tftypes.Value, bool) {
	var members map[string]tftypes.Value
	if v.IsNull() || !v.IsKnown() || v.As(&members) != nil {
		return nil, false
	}
	return members, true
}

// items returns the elements of a list, a set or a tuple.
func items(v tftypes.Value) []tftypes.Value {
	var list []tftypes.Value
	if v.IsNull() || !v.IsKnown() || v.As(&list) != nil {
		return nil
	}
	return list
}

// typed converts a JSON form to a value of a type. Missing members are null; unknown ones are dropped.
func typed(t tftypes.Type, value any) (tftypes.Value, error) {
	if value == nil {
		return tftypes.NewValue(t, nil), nil
	}
	if t.Is(tftypes.DynamicPseudoType) {
		t = typeOf(value)
	}
	wrong := func() (tftypes.Value, error) {
		return tftypes.Value{}, fmt.Errorf("%v (%T) is not of type %s", value, value, t)
	}
	switch t := t.(type) {
	case tftypes.Object:
		members, ok := value.(map[string]any)
		if !ok {
			return wrong()
		}
		result := map[string]tftypes.Value{}
		for name, memberType := range t.AttributeTypes {
			member, err := typed(memberType, members[name])
			if err != nil {
				return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
			}
			result[name] = member
		}
		return tftypes.NewValue(t, result), nil
	case tftypes.Map:
		members, ok := value.(map[string]any)
		if !ok {
			return wrong()
		}
		result := map[string]tftypes.Value{}
		for name, m := range members {
			member, err := typed(t.ElementType, m)
			if err != nil {
				return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
			}
			result[name] = member
		}
		return tftypes.NewValue(t, result), nil
	case tftypes.List:
		list, err := typedItems(t.ElementType, value)
		return finish(t, list, err)
	case tftypes.Set:
		list, err := typedItems(t.ElementType, value)
		return finish(t, list, err)
	case tftypes.Tuple:
		list := []tftypes.Value{}
		for i, item := range value.([]any) { // see typeOf
			v, err := typed(t.ElementTypes[i], item)
			if err != nil {
				return tftypes.Value{}, fmt.Errorf("[%d]: %w", i, err)
			}
			list = append(list, v)
		}
		return finish(t, list, nil)
	}
	switch {
	case t.Is(tftypes.Number):
		if n, ok := value.(float64); ok {
			return tftypes.NewValue(t, n), nil
		}
	case t.Is(tftypes.String):
		if s, ok := value.(string); ok {
			return tftypes.NewValue(t, s), nil
		}
	case t.Is(tftypes.Bool):
		if b, ok := value.(bool); ok {
			return tftypes.NewValue(t, b), nil
		}
	}
	return wrong()
}

// typeOf is the type that Terraform infers from a JSON form if the schema leaves it open.
func typeOf(value any) tftypes.Type {
	switch v := value.(type) {
	case string:
		return tftypes.String
	case bool:
		return tftypes.Bool
	case float64:
		return tftypes.Number
	case []any:
		types := make([]tftypes.Type, len(v))
		for i, item := range v {
			types[i] = typeOf(item)
		}
		return tftypes.Tuple{ElementTypes: types}
	case map[string]any:
		types := map[string]tftypes.Type{}
		for name, member := range v {
			types[name] = typeOf(member)
		}
		return tftypes.Object{AttributeTypes: types}
	}
	return tftypes.DynamicPseudoType // of null
}

func finish(t tftypes.Type, list []tftypes.Value, err error) (tftypes.Value, error) {
	if err != nil {
		return tftypes.Value{}, err
	}
	return tftypes.NewValue(t, list), nil
}

func typedItems(t tftypes.Type, value any) ([]tftypes.Value, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%v (%T) is not a list", value, value)
	}
	result := []tftypes.Value{}
	for i, item := range list {
		v, err := typed(t, item)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		result = append(result, v)
	}
	return result, nil
}

// resolve replaces the unknown values in a planned value by those of the answer.
func resolve(planned tftypes.Value, answer any) (tftypes.Value, error) {
	if !planned.IsKnown() {
		return typed(planned.Type(), answer)
	}
	if planned.IsFullyKnown() {
		return planned, nil
	}
	if members, ok := object(planned); ok {
		answers, _ := answer.(map[string]any)
		result := map[string]tftypes.Value{}
		for name, member := range members {
			resolved, err := resolve(member, answers[name])
			if err != nil {
				return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
			}
			result[name] = resolved
		}
		return tftypes.NewValue(planned.Type(), result), nil
	}
	answers, _ := answer.([]any)
	var result []tftypes.Value
	for i, item := range items(planned) {
		var one any
		if i < len(answers) {
			one = answers[i]
		}
		resolved, err := resolve(item, one)
		if err != nil {
			return tftypes.Value{}, fmt.Errorf("[%d]: %w", i, err)
		}
		result = append(result, resolved)
	}
	return tftypes.NewValue(planned.Type(), result), nil
}

// withBlocks adds an empty list for every missing nested block: Terraform has no null blocks.
func withBlocks(b *schema.Block, attributes map[string]any) map[string]any {
	if len(b.Blocks) == 0 {
		return attributes
	}
	with := map[string]any{}
	maps.Copy(with, attributes)
	for name, nested := range b.Blocks {
		switch v := attributes[name].(type) {
		case nil:
			if nested.Nesting == "list" || nested.Nesting == "set" {
				with[name] = []any{}
			}
		case map[string]any:
			if nested.Nesting == "single" {
				with[name] = withBlocks(nested.Block, v)
			}
		case []any:
			list := slices.Clone(v)
			for i, item := range list {
				if one, ok := item.(map[string]any); ok {
					list[i] = withBlocks(nested.Block, one)
				}
			}
			with[name] = list
		}
	}
	return with
}

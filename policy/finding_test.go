package main

import (
	"slices"
	"testing"
)

// TestGrouped: the same cause in several environments is reported once.
func TestGrouped(t *testing.T) {
	found := func(stack, thing, problem string) Finding {
		return Finding{Rule: "plinth/x", File: "out/" + stack, In: stack + "/" + thing, Problem: stack + "/" + problem, Remedy: "Mend it"}
	}
	file := func(name string) Finding {
		return Finding{Rule: "plinth/y", File: name, In: name, Problem: "odd", Remedy: "Mend it"}
	}
	got := grouped([]Finding{
		found("dev-app", "aws_x.a", "a: open"), found("dev-app", "aws_x.b", "b: open"), file("one"),
		found("prod-app", "aws_x.a", "a: open"), found("prod-app", "aws_x.b", "b: closed"), file("two"), found("staging-app", "aws_x.a", "a: open"),
	})
	want := []string{
		"out/dev-app: dev-app/aws_x.a: dev-app/a: open [plinth/x]\n    Mend it\n    Also in prod-app/aws_x.a, staging-app/aws_x.a",
		"out/dev-app: dev-app/aws_x.b: dev-app/b: open [plinth/x]\n    Mend it",
		"one: odd [plinth/y]\n    Mend it",
		"out/prod-app: prod-app/aws_x.b: prod-app/b: closed [plinth/x]\n    Mend it",
		"two: odd [plinth/y]\n    Mend it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

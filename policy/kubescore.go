package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/render"
)

// critical is kube-score's worst grade. The others are advice.
const critical = 1

// kubeScore runs its checks on every release.
func kubeScore(ctx context.Context, at project, all []rendering) (findings []Finding, err error) {
	for _, r := range all {
		var text bytes.Buffer
		for _, o := range slices.Concat(r.Objects, r.Tests) {
			if o.Kind == "CustomResourceDefinition" {
				continue
			}
			fields, err := yaml.Marshal(o.Fields)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&text, "---\n%s", fields)
		}
		var answer []struct {
			TypeMeta   struct{ Kind string } `json:"type_meta"`
			ObjectMeta struct{ Name string } `json:"object_meta"`
			Checks     []struct {
				Check    struct{ ID, Name, Comment string }
				Grade    int
				Skipped  bool
				Comments []struct{ Path, Summary, Description string }
			}
		}
		// Exceptions are in ignored.yaml only, not in a chart's annotations.
		err := at.scan(ctx, "kube-score", text.Bytes(), &answer, "score", "--output-format", "json",
			"--disable-ignore-checks-annotations", "--kubernetes-version", "v"+strings.TrimPrefix(r.version, "v"), "-")
		if err != nil {
			return nil, err
		}
		for _, object := range answer {
			for _, c := range object.Checks {
				if c.Skipped || c.Grade != critical {
					continue
				}
				for _, comment := range c.Comments {
					if c.Check.ID == "ingress-targets-service" && answeredByBalancer(r, object.ObjectMeta.Name, comment.Path) {
						continue
					}
					findings = append(findings, Finding{
						Rule: "kube-score/" + c.Check.ID, File: r.stack.shown,
						In:      r.in(object.TypeMeta.Kind + " " + object.ObjectMeta.Name),
						Problem: strings.TrimSpace(comment.Path + " " + comment.Summary), Remedy: remedy(comment.Description, c.Check.Comment),
					})
				}
			}
		}
	}
	return findings, nil
}

// answeredByBalancer reports whether the load balancer itself answers a path of an Ingress: kube-score looks for
// a Service in vain.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
func answeredByBalancer(r rendering, ingress, path string) (answered bool) {
	each(r.Release, func(i *networkingv1.Ingress, _ render.Object) {
		for _, rule := range i.Spec.Rules {
			for _, p := range rule.HTTP.Paths {
				answered = answered || i.Name == ingress && p.Path == path && p.Backend.Service.Port.Name == "use-annotation"
			}
		}
	})
	return answered
}

// remedy returns the first candidate that is not empty.
func remedy(candidates ...string) string {
	for _, text := range candidates {
		if strings.TrimSpace(text) != "" {
			return text
		}
	}
	return "See kube-score's documentation of the check"
}

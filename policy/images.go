package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"plinth/images"
	"plinth/tools/charts/releases"
)

// image is an image that a pod of a release runs.
type image struct {
	Image string `json:"image"`
	// Chart and ChartVersion are those of images.lock.yaml; Repository is empty for a chart of charts/.
	Chart        string `json:"chart"`
	ChartVersion string `json:"chartVersion"`
	Repository   string `json:"repository"`
	// Release is the stack and the release's name in it.
	Release string `json:"release"`
	object  string
}

// thirdParty returns the images of a release's pods that are not the application's own.
func thirdParty(r rendering) (found []image) {
	for _, p := range pods(r.Release) {
		for _, c := range slices.Concat(p.spec.InitContainers, p.spec.Containers) {
			if !releases.OwnImage(c.Image) {
				found = append(found, image{c.Image, r.chart, r.chartVersion, r.repository, r.stack.id + "/" + r.Name, p.object})
			}
		}
	}
	return found
}

// listImages returns the images of all releases as JSON, and what is wrong with charts that cannot be
// rendered.
func listImages(ctx context.Context, at project) (string, error) {
	p, err := readPlatform(at.root, at.out)
	if err != nil {
		return "", err
	}
	all, unknown, err := charts(ctx, p)
	if err != nil {
		return "", err
	}
	list := struct {
		Images  []image  `json:"images"`
		Unknown []string `json:"unknown"`
	}{[]image{}, []string{}}
	for _, r := range all {
		list.Images = append(list.Images, thirdParty(r)...)
	}
	for _, f := range unknown {
		list.Unknown = append(list.Unknown, f.In+": "+f.Problem+". "+f.Remedy)
	}
	text, err := json.MarshalIndent(list, "", "  ")
	return string(text), err
}

// tagged reports images in protected environments that images.lock.yaml has no digest of, if the
// project has that file.
func tagged(at project, p *platform, all []rendering) (findings []Finding, err error) {
	file := images.File(at.root)
	lock, err := images.Load(file)
	if err != nil || lock == nil {
		return nil, err
	}
	for _, r := range all {
		if !p.protected(r.stack.environment()) {
			continue
		}
		for _, image := range thirdParty(r) {
			if !lock.Has(image.Image) {
				findings = append(findings, Finding{
					Rule: "plinth/image-digest", File: r.stack.shown, In: r.in(image.object),
					Problem: fmt.Sprintf("%s is not in images.lock.yaml with its digest", image.Image),
					Remedy:  "Record the digests again: ./plinth images --record. A new chart must also be in digestValues in stacks/images.go",
				})
			}
		}
	}
	return findings, nil
}

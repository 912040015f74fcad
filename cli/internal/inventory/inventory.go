// Package inventory lists the third-party images and charts that a project runs, each with its version
// and where that is pinned, and records the images' digests.
package inventory

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"plinth/images"
)

// Inventory is what a project runs.
type Inventory struct {
	Images []Image `json:"images"`
	Charts []Chart `json:"charts"`
	// Unknown says which charts cannot be rendered here, so that their images are not known.
	Unknown []string `json:"unknown"`
}

// Image is an image of a chart, or the base of an image that this project builds.
type Image struct {
	Image   string `json:"image"`
	Version string `json:"version"`
	// Digest is empty if neither images.lock.yaml nor the chart has one.
	Digest string `json:"digest"`
	// Pinned is the file and line of what decides the version, or the setting.
	Pinned string `json:"pinned"`
	// UsedBy are the releases, each after its stack, or the file of the image that is built.
	UsedBy []string `json:"usedBy"`
	// section is the image's section in images.lock.yaml; empty if there is nothing to record.
	section string
}

// Chart is a published chart.
type Chart struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Repository string   `json:"repository"`
	Pinned     string   `json:"pinned"`
	UsedBy     []string `json:"usedBy"`
}

// Read makes the inventory from the file that policy -images has written, and from the project's files.
func Read(root, file string) (*Inventory, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w. Run it without --skip-synth", err)
	}
	var list struct {
		Images []struct {
			Image, Chart, ChartVersion, Repository, Release string
		}
		Unknown []string
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pins, err := readPins(root)
	if err != nil {
		return nil, err
	}
	i := &Inventory{Images: []Image{}, Charts: []Chart{}, Unknown: list.Unknown}
	for _, r := range list.Images {
		chart := r.Chart + " " + r.ChartVersion
		reference, digest := images.Canonical(r.Image)
		image := Image{Image: reference, Digest: digest, Pinned: pins.images[reference], UsedBy: []string{r.Release}}
		if digest == "" {
			image.section = chart
		}
		environment, _, _ := strings.Cut(r.Release, "-")
		switch {
		case r.Repository == "" && (r.Chart == "postgres" || r.Chart == "databases"):
			image.Pinned = "database.version of " + environment
		case image.Pinned == "":
			image.Pinned = pins.charts[chart]
		}
		i.addImage(image)
		if r.Repository != "" {
			i.addChart(Chart{r.Chart, r.ChartVersion, r.Repository, pins.charts[chart], []string{r.Release}})
		}
	}
	bases, err := readBases(root)
	if err != nil {
		return nil, err
	}
	for _, base := range bases {
		i.addImage(base)
	}
	slices.SortFunc(i.Images, func(a, b Image) int { return strings.Compare(a.Image, b.Image) })
	slices.SortFunc(i.Charts, func(a, b Chart) int { return strings.Compare(a.Name, b.Name) })
	return i, nil
}

func (i *Inventory) addImage(image Image) {
	_, image.Version = images.Split(image.Image)
	for at := range i.Images {
		known := &i.Images[at]
		if known.Image == image.Image && known.Digest == image.Digest && known.section == image.section && known.Pinned == image.Pinned {
			known.UsedBy = merge(known.UsedBy, image.UsedBy)
			return
		}
	}
	i.Images = append(i.Images, image)
}

func (i *Inventory) addChart(chart Chart) {
	for at := range i.Charts {
		known := &i.Charts[at]
		if known.Name == chart.Name && known.Version == chart.Version && known.Repository == chart.Repository {
			known.UsedBy = merge(known.UsedBy, chart.UsedBy)
			return
		}
	}
	i.Charts = append(i.Charts, chart)
}

func merge(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Compare fills in the digests that the project has recorded.
func (i *Inventory) Compare(lock images.Lock) {
	for at := range i.Images {
		if image := &i.Images[at]; image.section != "" {
			image.Digest = lock[image.section][image.Image]
		}
	}
}

// Text writes the inventory for people.
func (i *Inventory) Text(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "IMAGE\tDIGEST\tPINNED IN\tUSED BY")
	for _, image := range i.Images {
		digest := "not recorded"
		switch {
		case image.Digest != "":
			digest = image.Digest[:min(len(image.Digest), len("sha256:")+12)]
		case image.section == "":
			digest = "none"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", image.Image, digest, image.Pinned, strings.Join(image.UsedBy, ", "))
	}
	fmt.Fprintln(table, "\nCHART\tREPOSITORY\tPINNED IN\tUSED BY")
	for _, chart := range i.Charts {
		fmt.Fprintf(table, "%s %s\t%s\t%s\t%s\n", chart.Name, chart.Version, chart.Repository, chart.Pinned, strings.Join(chart.UsedBy, ", "))
	}
	return table.Flush()
}

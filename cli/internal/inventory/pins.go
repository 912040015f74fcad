package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"plinth/images"
)

// pins say where versions are, each as a file and a line.
type pins struct {
	// images are by image with tag, charts by chart and version.
	images, charts map[string]string
}

// renovate.json has the same two expressions.
var (
	publishedChart = regexp.MustCompile(`Repository:\s+"[^"]+",\s+Chart:\s+"([^"]+)",\s+Version:\s+"([^"]+)"`)
	pinnedImage    = regexp.MustCompile(`renovate: datasource=docker depName=(\S+)\n.*[ "=](v?\d[\w.-]*)"?\n`)
)

// readPins finds the versions in the stacks and in the project's own charts.
func readPins(root string) (pins, error) {
	p := pins{map[string]string{}, map[string]string{}}
	for _, pattern := range []string{"stacks/*.go", "charts/*/Chart.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return p, err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return p, err
			}
			shown, err := filepath.Rel(root, file)
			if err != nil {
				return p, err
			}
			p.read(filepath.ToSlash(shown), string(content))
		}
	}
	return p, nil
}

func (p pins) read(file, content string) {
	for _, at := range publishedChart.FindAllStringSubmatchIndex(content, -1) {
		p.charts[content[at[2]:at[3]]+" "+content[at[4]:at[5]]] = place(file, content, at[4])
	}
	for _, at := range pinnedImage.FindAllStringSubmatchIndex(content, -1) {
		p.images[content[at[2]:at[3]]+":"+content[at[4]:at[5]]] = place(file, content, at[4])
	}
}

// place returns the file and the line of an offset in its content.
func place(file, content string, offset int) string {
	return fmt.Sprintf("%s:%d", file, strings.Count(content[:offset], "\n")+1)
}

// dockerfiles are the files of the images that the project builds.
var dockerfiles = []string{"app/Dockerfile", "ci/Dockerfile"}

// scratch is the base image without content. It has no version and no digest.
const scratch = "scratch"

var (
	argument = regexp.MustCompile(`(?m)^ARG (\w+)=(\S+)$`)
	from     = regexp.MustCompile(`(?m)^FROM (?:--\S+ )*(\S+)`)
	variable = regexp.MustCompile(`\$\{?(\w+)\}?`)
)

// readBases returns the base images of the project's own images.
func readBases(root string) ([]Image, error) {
	var bases []Image
	for _, file := range dockerfiles {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // app/ may be deleted
		}
		if err != nil {
			return nil, err
		}
		content := string(data)
		for _, at := range from.FindAllStringSubmatchIndex(content, -1) {
			base, pinned := content[at[2]:at[3]], place(file, content, at[2])
			for _, arg := range argument.FindAllStringSubmatchIndex(content, -1) {
				if name := variable.FindStringSubmatch(base); name != nil && name[1] == content[arg[2]:arg[3]] {
					base, pinned = content[arg[4]:arg[5]], place(file, content, arg[4])
				}
			}
			if base == scratch {
				bases = append(bases, Image{Image: scratch, Pinned: pinned, UsedBy: []string{file}})
				continue
			}
			reference, digest := images.Canonical(base)
			image := Image{Image: reference, Digest: digest, Pinned: pinned, UsedBy: []string{file}}
			if digest == "" {
				image.section = file
			}
			bases = append(bases, image)
		}
	}
	return bases, nil
}

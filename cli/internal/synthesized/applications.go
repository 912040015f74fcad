package synthesized

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"plinth/cli/internal/sentence"
	"plinth/settings"
)

// Bootstrap is the prefix of the stack that an administrator deploys. Every environment has one.
const Bootstrap = "bootstrap-"

// Application is one application of an environment, as its stack describes it.
type Application struct {
	Environment, Name string
	// Stack is the name of its stack: <environment>-<name>.
	Stack string
	// Release and Namespace are those of its Helm release, empty if the stack names none.
	Release, Namespace string
	// Build is nil if the pipeline does not build its image.
	Build *Build
	// Web is set if a load balancer sends it requests.
	Web bool
}

// Build is what an image is built from. Both are paths in the repository, with slashes.
type Build struct {
	// Context is the folder, Dockerfile the file.
	Context    string `json:"context"`
	Dockerfile string `json:"dockerfile"`
}

// Security: generated pipelines name applications and paths, so neither may have a character that YAML, GitLab
// or a shell interprets.
var (
	applicationName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	buildPath       = regexp.MustCompile(`^[A-Za-z0-9._][A-Za-z0-9._/-]*$`)
)

// Application returns the application whose stack this is. Of another stack it reports false.
func (s Stack) Application() (a Application, is bool, err error) {
	var file struct {
		Output struct {
			Application struct {
				Value string `json:"value"`
			} `json:"application"`
			Build struct {
				Value *Build `json:"value"`
			} `json:"build"`
			Host *struct{} `json:"url_host"`
		} `json:"output"`
		Resource struct {
			Releases map[string]struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"helm_release"`
		} `json:"resource"`
	}
	if strings.HasPrefix(s.Name, Bootstrap) {
		return a, false, nil
	}
	if err := s.Decode(&file); err != nil {
		return a, false, err
	}
	name, build := file.Output.Application.Value, file.Output.Build.Value
	if name == "" {
		return a, false, nil
	}
	environment, ends := strings.CutSuffix(s.Name, "-"+name)
	if !ends || !applicationName.MatchString(name) {
		return a, false, fmt.Errorf("%s: output.application: %q is not valid: the stack is <environment>-<application>", s.File, name)
	}
	if build != nil {
		for field, path := range map[string]string{"context": build.Context, "dockerfile": build.Dockerfile} {
			if !buildPath.MatchString(path) || !filepath.IsLocal(filepath.FromSlash(path)) {
				return a, false, fmt.Errorf("%s: output.build.%s: %q is not a path in the repository", s.File, field, path)
			}
		}
	}
	a = Application{Environment: environment, Name: name, Stack: s.Name, Build: build, Web: file.Output.Host != nil}
	for _, release := range file.Resource.Releases {
		if release.Name == name { // not that of the pods' security groups
			a.Release, a.Namespace = release.Name, release.Namespace
		}
	}
	return a, true, nil
}

// Builds reports whether the image is built here: other tools push it if the repository has no such Dockerfile.
func (a Application) Builds(root string) bool {
	if a.Build == nil {
		return false
	}
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(a.Build.Dockerfile)))
	return err == nil
}

// ImageSetting returns a setting of the application's image, such as apps.shop.image.digest.
func (a Application) ImageSetting(name string) string { return "apps." + a.Name + ".image." + name }

// ImageVariable returns the variable that overrides such a setting, such as PLINTH_DEV_APPS_SHOP_IMAGE_DIGEST.
func (a Application) ImageVariable(name string) string {
	return settings.Variable(a.Environment, a.ImageSetting(name))
}

// Environments returns the names of the environments.
func Environments(all map[string]Stack) []string {
	var names []string
	for _, stack := range slices.Sorted(maps.Keys(all)) {
		if name, is := strings.CutPrefix(stack, Bootstrap); is {
			names = append(names, name)
		}
	}
	return names
}

// Applications returns the applications of an environment, by name.
func Applications(all map[string]Stack, environment string) ([]Application, error) {
	var found []Application
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !strings.HasPrefix(name, environment+"-") {
			continue
		}
		a, is, err := all[name].Application()
		if err != nil {
			return nil, err
		}
		if is && a.Environment == environment {
			found = append(found, a)
		}
	}
	return found, nil
}

// AllApplications returns the applications of all environments, once each, by name. The environments run the same
// image, so those that build it must build it from the same files.
func AllApplications(all map[string]Stack) ([]Application, error) {
	byName := map[string]Application{}
	for _, environment := range Environments(all) {
		own, err := Applications(all, environment)
		if err != nil {
			return nil, err
		}
		for _, a := range own {
			b, found := byName[a.Name]
			switch {
			case !found || b.Build == nil:
				byName[a.Name] = a
			case a.Build != nil && *a.Build != *b.Build:
				return nil, fmt.Errorf("%s: %s builds its image from %s in %s, and %s from %s in %s; all environments must run the same image",
					a.Name, b.Environment, b.Build.Dockerfile, b.Build.Context, a.Environment, a.Build.Dockerfile, a.Build.Context)
			}
		}
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b Application) int { return strings.Compare(a.Name, b.Name) }), nil
}

// Choose returns the application of that name. Without a name it returns the only one.
func Choose(all []Application, name string) (Application, error) {
	names := Names(all)
	if name == "" && len(all) == 1 {
		return all[0], nil
	}
	at := slices.Index(names, name)
	switch {
	case at >= 0:
		return all[at], nil
	case len(all) == 0:
		return Application{}, errors.New("There is no application here.") //nolint:staticcheck // a person reads it as a sentence
	case name == "":
		return Application{}, fmt.Errorf("Which application? There are %s.", sentence.List(names)) //nolint:staticcheck // a person reads it as sentences
	}
	return Application{}, fmt.Errorf("There is no application %s. Did you mean %s?\nThe applications are: %s", name, sentence.Nearest(name, names), strings.Join(names, ", ")) //nolint:staticcheck // as above
}

// Names returns the applications' names.
func Names(all []Application) []string {
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Name
	}
	return names
}

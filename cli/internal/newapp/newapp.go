// Package newapp adds an application to the settings of all environments.
package newapp

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"plinth/settings"
)

// environments is the folder of the settings.
const environments = "environments"

// Options say which application is added.
type Options struct {
	Name string
	// Folder is where its Dockerfile and Procfile are, relative to the root. Default: the name.
	Folder string
	// Out gets what was taken, and what to do next.
	Out io.Writer
}

// Add writes the application into the files of all environments. If it returns an error, it has written none.
func Add(root string, o Options) error {
	before, err := settings.Load(filepath.Join(root, environments), nil)
	if err != nil {
		return fmt.Errorf("the settings have mistakes; mend these first\n%w", err)
	}
	if o.Folder == "" {
		o.Folder = o.Name
	}
	o.Folder = filepath.ToSlash(filepath.Clean(o.Folder))
	if !filepath.IsLocal(filepath.FromSlash(o.Folder)) {
		return fmt.Errorf("--folder %s: must be in the repository", o.Folder)
	}
	// A name of no application may be no folder either: read nothing before the settings have accepted it.
	trial, err := os.MkdirTemp("", "plinth-new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(trial)
	s, err := readSource(root, o.Folder)
	if err != nil {
		return err
	}
	contents := map[string]string{}
	for _, env := range before {
		file := filepath.Join(environments, env.Name+".yaml")
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return err
		}
		text, err := added(string(content), o.Name, entry(env, o.Name, &s))
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.ToSlash(file), err)
		}
		contents[file] = text
		if err := os.WriteFile(filepath.Join(trial, env.Name+".yaml"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	after, err := settings.Load(trial, nil)
	if err != nil {
		return once(err)
	}
	for _, env := range after {
		if env.Apps[o.Name] == nil {
			return fmt.Errorf("%s/%s.yaml: %w", environments, env.Name, errForm)
		}
	}
	for _, env := range before {
		file := filepath.Join(environments, env.Name+".yaml")
		if err := os.WriteFile(filepath.Join(root, file), []byte(contents[file]), 0o644); err != nil { // keeps the mode of an existing file
			return err
		}
	}
	_, err = fmt.Fprintln(o.Out, strings.Join(report(before, o.Name, &s), "\n"))
	return err
}

var errForm = errors.New("apps: is written in a way that this cannot edit; write the application there yourself")

// once returns problems of the settings without the files: each is in all of them.
func once(err error) error {
	var problems settings.Problems
	if !errors.As(err, &problems) {
		return err
	}
	var lines []string
	told := map[string]bool{}
	for _, p := range problems {
		if line := p.Path + ": " + p.Message; !told[p.Path] {
			told[p.Path] = true
			lines = append(lines, line)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// entry returns the application's lines, without indentation of their own.
func entry(env *settings.Environment, name string, s *source) []string {
	lines := []string{
		"# Added by ./plinth new app. docs/settings.md explains all settings of an application.",
		scalar(name) + ":",
		"  image: {tag: 0.1.0} # ./plinth push " + env.Name + " " + name + " prints what to deploy",
	}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf("  "+format, args...)) }
	if s.docker != "" {
		add("build: {context: %s}", s.folder)
	} else {
		add("# build: {context: %s} # the folder with the Dockerfile; without it, others push the image", s.folder)
	}
	if s.user != 0 {
		add("user: %d # USER in %s", s.user, s.docker)
	} else {
		add("# user: 65532")
	}
	add("# writable: [/tmp] # all other folders are read-only")
	add("# env: {LOG_FORMAT: json}")
	web := s.line("web")
	if web != "" || len(s.processes) == 0 {
		add("web:")
		if web != "" {
			add("  command: %s # web in %s", command(web), s.procfile)
		}
		if s.port != 0 {
			add("  port: %d # EXPOSE in %s", s.port, s.docker)
		} else {
			add("  # port: 8080 # the process finds it in PORT")
		}
		add("  health: {path: /health} # answers 200 while the process can take requests")
		add("  # metrics: {port: 9090} # for Prometheus")
		if env.Protected {
			add("  internal: true # or a domain with hostedZone or certificateARN")
		}
	}
	heading := false
	for _, p := range s.processes {
		if p.name == "web" || p.name == "release" {
			continue
		}
		if !heading {
			heading = true
			add("workers:")
		}
		add("  %s: {command: %s} # in %s", scalar(p.name), command(p.line), s.procfile)
	}
	if release := s.line("release"); release != "" {
		add("release: {command: %s} # in %s", command(release), s.procfile)
	} else {
		add("# release: {command: [npm, run, migrate]} # runs before each new version")
	}
	add("# database: false # it gets the database's address and credentials")
	return lines
}

// added returns a YAML text with an entry at the end of apps. All other lines stay.
func added(text, name string, lines []string) (string, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return "", err
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	all := strings.SplitAfter(text, "\n")
	all = all[:len(all)-1] // after the last line's end
	root, indent, end := document.Content[0], 2, len(all)
	apps := -1
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "apps" {
			apps = i
		} else if apps == i-2 && apps >= 0 {
			end = root.Content[i].Line - 1
		}
	}
	if apps < 0 {
		return text + "\napps:\n" + indented(lines, indent), nil
	}
	section := root.Content[apps+1]
	for i := 0; i+1 < len(section.Content); i += 2 {
		if section.Content[i].Value == name {
			return "", fmt.Errorf("apps.%s: there is such an application already", name)
		}
	}
	if section.Kind != yaml.MappingNode || section.Style&yaml.FlowStyle != 0 || len(section.Content) == 0 {
		return "", errForm
	}
	indent = section.Content[0].Column - 1
	// What is above the next section is that one's.
	for end > 0 && (strings.TrimSpace(all[end-1]) == "" || strings.HasPrefix(all[end-1], "#")) {
		end--
	}
	return strings.Join(all[:end], "") + "\n" + indented(lines, indent) + strings.Join(all[end:], ""), nil
}

func indented(lines []string, by int) string {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(strings.Repeat(" ", by) + line + "\n")
	}
	return text.String()
}

// scalar returns text as a YAML scalar, in quotes if it needs them.
func scalar(text string) string {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err == nil && value == any(text) && !strings.ContainsAny(text, "\n,{}[]#") {
		return text
	}
	return strconv.Quote(text)
}

// report says what was written, what it was taken from, and what comes next.
func report(all []*settings.Environment, name string, s *source) []string {
	var said, names []string
	protected := false
	for _, env := range all {
		said = append(said, environments+"/"+env.Name+".yaml: has apps."+name)
		names = append(names, env.Name)
		protected = protected || env.Protected
	}
	if s.port != 0 {
		said = append(said, fmt.Sprintf("From %s: port %d.", s.docker, s.port))
	}
	if s.user != 0 {
		said = append(said, fmt.Sprintf("From %s: user %d.", s.docker, s.user))
	}
	for _, p := range s.processes {
		said = append(said, fmt.Sprintf("From %s: %s, %s.", s.procfile, p.name, command(p.line)))
	}
	said = append(said, "Check next:")
	tell := func(format string, args ...any) { said = append(said, "  - "+fmt.Sprintf(format, args...)) }
	for _, doubt := range s.doubts {
		tell("%s.", doubt)
	}
	if s.docker == "" {
		tell("There is no %s/Dockerfile, so no image is built here: set build.context, or push one.", s.folder)
	} else if s.line("web") == "" && len(s.processes) == 0 {
		tell("The image's own command runs as web: %s", cmp.Or(s.command, "its base image's."))
	}
	for _, p := range s.processes {
		if strings.HasPrefix(command(p.line), "[sh, ") {
			tell("%s needs a shell, sh, in the image.", p.name)
		}
	}
	if s.line("web") != "" || len(s.processes) == 0 {
		tell("web.health.path must answer 200, and web.port be where the process listens.")
		if protected {
			tell("In protected environments the load balancer is internal; for the internet, set a domain.")
		}
	}
	tell("The settings: ./plinth check. What is deployed: make golden, then git diff.")
	env := names[0]
	tell("Deploy it: ./plinth bootstrap %s as an administrator, ./plinth deploy of %[1]s-data, %[1]s-cluster and %[1]s-addons, one by one, ./plinth push %[1]s %[2]s,\n    and ./plinth deploy %[1]s-%[2]s with the digest that it prints.", env, name)
	return said
}

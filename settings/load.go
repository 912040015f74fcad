package settings

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads every *.yaml file of dir, one for each environment, and returns the environments sorted by
// name. environ is the process environment, as from os.Environ: its variables override settings (see
// [Variable]), and PLINTH_ENVIRONMENTS=dev,prod limits the result to those two. Load does not validate
// the other environments, but the ranges of the result must not overlap theirs.
//
// SOURCE_DATE_EPOCH is the date that the support of versions is checked for, instead of today.
//
// The error lists every mistake of every file: see [Problems].
func Load(dir string, environ []string) ([]*Environment, error) {
	files, problems, err := readFiles(dir)
	if err != nil {
		return nil, err
	}
	return load(files, environ, problems)
}

// file is an environment's file before it is decoded.
type file struct {
	path    string // for messages
	name    string // the environment's
	content []byte
	problem *Problem // why it could not be read
}

// load is [Load] after reading the files. problems are those found so far.
func load(files []file, environ []string, problems Problems) ([]*Environment, error) {
	variables := variables(environ)
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.name
	}
	names, more := selected(variables, names)
	problems = append(problems, more...)
	date, problem := today(environ)
	if problem != nil {
		problems = append(problems, *problem)
	}

	documents := make([]*document, len(files))
	for i, file := range files {
		documents[i] = newDocument(file.path, file.name)
		documents[i].today = date
		documents[i].read(file)
	}
	problems = append(problems, unknownVariables(variables, documents)...)
	for _, document := range documents {
		document.override(variables)
	}
	var environments []*Environment
	for _, document := range documents {
		if !slices.Contains(names, document.env.Name) {
			continue
		}
		document.validate()
		document.check(documents, names)
		problems = append(problems, document.problems...)
		document.warnings.sort()
		document.env.Warnings = document.warnings
		environments = append(environments, document.env)
	}
	if len(problems) > 0 {
		problems.sort()
		return nil, problems
	}
	for _, environment := range environments {
		environment.CI.ProviderAudiences = environment.providerAudiences(documents)
		environment.derive()
	}
	return environments, nil
}

// read decodes the file on top of the defaults.
func (d *document) read(file file) {
	if file.problem == nil {
		var root *yaml.Node
		root, file.problem = parse(file.content, place{file: file.path})
		if file.problem == nil {
			decoder := d.fileDecoder()
			decoder.value(root, reflect.ValueOf(d.env).Elem(), "", decoder.locate(root))
			d.nameApps()
			return
		}
	}
	d.problems = append(d.problems, *file.problem)
	d.invalid = append(d.invalid, "")
}

// environmentName matches a valid name. It is short, since it is part of names that AWS limits. It has
// no dash, so that 'dev-*' matches only the stacks of dev.
var environmentName = regexp.MustCompile(`^[a-z][a-z0-9]{0,9}$`)

// reservedNames would make stack ids or variables ambiguous: bootstrap-<env> is not a stack of an
// environment bootstrap, and PLINTH_ENVIRONMENTS is not an override.
var reservedNames = []string{"bootstrap", "environments"}

// readFiles returns the environments' files by name.
func readFiles(dir string) ([]file, Problems, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: must be the folder of the environments' YAML files: %w", filepath.ToSlash(dir), err)
	}
	var files []file
	var problems Problems
	for _, entry := range entries {
		extension := filepath.Ext(entry.Name())
		name := strings.TrimSuffix(entry.Name(), extension)
		if entry.IsDir() || name == "" || strings.HasPrefix(name, ".") {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		at := place{file: filepath.ToSlash(path), line: 1}
		switch strings.ToLower(extension) {
		case ".yaml", ".yml":
		default:
			continue
		}
		switch {
		case extension != ".yaml":
			problems = append(problems, at.problem("file name", "must end in .yaml; rename it to %s.yaml", name))
		case !environmentName.MatchString(name):
			problems = append(problems, at.problem("file name",
				"must be an environment's name (1 to 10 lower-case letters and digits, starting with a letter) and .yaml, is %s", quote(entry.Name())))
		case slices.Contains(reservedNames, name):
			problems = append(problems, at.problem("file name", "must not be %s.yaml: the name is reserved", name))
		default:
			content, problem := readFile(path, at)
			files = append(files, file{at.file, name, content, problem})
		}
	}
	if len(files)+len(problems) == 0 {
		return nil, nil, fmt.Errorf("%s: must hold a YAML file for each environment, such as dev.yaml, holds none", filepath.ToSlash(dir))
	}
	return files, problems, nil
}

func readFile(path string, at place) ([]byte, *Problem) {
	fail := func(err error) ([]byte, *Problem) {
		problem := at.problem("file", "cannot be read: %v", err)
		return nil, &problem
	}
	info, err := os.Stat(path)
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		return fail(errors.New("it is no regular file"))
	}
	opened, err := os.Open(path)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = opened.Close() }() // nothing was written
	content, err := io.ReadAll(io.LimitReader(opened, maxSize+1))
	if err != nil {
		return fail(err)
	}
	return content, nil
}

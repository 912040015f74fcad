package settings

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// problemLine matches the beginning of every problem: its place and, for a value, its path.
var problemLine = regexp.MustCompile(`^(dev\.yaml:[1-9][0-9]*: ([A-Za-z0-9_.\[\]-]|"([^"\\]|\\.)*")+: |PLINTH_[A-Za-z0-9_-]+: |"PLINTH_)`)

// FuzzLoad loads any file with any override. Load does not panic or hang, every problem is one line with
// its place, and accepted environments are complete.
func FuzzLoad(f *testing.F) {
	for _, test := range badInput {
		f.Add(test.edit(base), "NETWORK_NAT", "none")
	}
	paths, err := filepath.Glob(filepath.Join(sampleFolder, "*.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content), "NETWORK_ZONES", "a,b")
	}
	for _, leaf := range leaves() {
		name := strings.TrimPrefix(Variable("dev", leaf.path), "PLINTH_DEV_")
		f.Add(base, name, "[a, {b: c}]")
		f.Add(base, name, "1")
	}
	f.Fuzz(func(t *testing.T, content, variable, value string) {
		environments, err := loadFiles(map[string]string{"dev": content}, "PLINTH_DEV_"+variable+"="+value)
		if err == nil {
			complete(t, environments)
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("error is no list of problems: %v", err)
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(problems) {
			t.Fatalf("%d problems on %d lines:\n%v", len(problems), len(lines), err)
		}
		total := 1 + strings.Count(content, "\n")
		for i, line := range lines {
			if !problemLine.MatchString(line) {
				t.Errorf("not of the form file:line: path: message\n%s", line)
			}
			if problems[i].Line > total {
				t.Errorf("line %d of %d\n%s", problems[i].Line, total, line)
			}
		}
	})
}

// complete checks what other packages rely on.
func complete(t *testing.T, environments []*Environment) {
	t.Helper()
	if len(environments) != 1 {
		t.Fatalf("%d environments", len(environments))
	}
	e := environments[0]
	for what, ok := range map[string]bool{
		"account":            len(e.Account) == 12,
		"zones":              len(e.Network.Zones) >= 2 && len(e.Network.Zones) <= 3 && len(e.ZoneNames()) <= 4,
		"bucket":             rules()["bucket"].holds(e.State.Bucket),
		"state's region":     zoneLetters[e.State.Region] != "",
		"state's key":        (e.State.KMSKey == "") == (e.State.Endpoint != ""),
		"protection":         e.Database.DeletionProtection != nil && e.Database.FinalSnapshot != nil,
		"applications":       len(e.Apps) > 0,
		"issuer":             strings.HasPrefix(e.CI.Issuer, "https://"),
		"who deploys":        len(e.CI.Branches)+len(e.CI.Tags) > 0,
		"range":              isVPCRange(e.Network.CIDR),
		"only plain strings": !strings.ContainsAny(e.Project+e.Account+e.Region, "\n\" "),
	} {
		if !ok {
			t.Errorf("%s is not what it must be: %+v", what, e)
		}
	}
	for name, app := range e.Apps {
		completeApp(t, e, name, app)
	}
}

func completeApp(t *testing.T, e *Environment, name string, app *App) {
	t.Helper()
	var sizes []Size
	for _, worker := range app.Workers {
		sizes = append(sizes, worker.Size())
	}
	for _, job := range app.Jobs {
		sizes = append(sizes, job.Size())
	}
	domain := ""
	if app.Web != nil {
		sizes, domain = append(sizes, app.Web.Size()), app.Web.Domain
	}
	for what, ok := range map[string]bool{
		"name":               app.Name == name,
		"processes":          len(sizes) > 0,
		"image":              (app.Image.Tag == "") != (app.Image.Digest == ""),
		"user":               app.User > 0,
		"load balancer":      app.Web == nil || len(e.ResourceName(name)) <= 32,
		"only plain strings": !strings.ContainsAny(name+domain, "\n\" "),
		"sizes": !slices.ContainsFunc(sizes, func(size Size) bool {
			return size.CPURequest() == "" || size.MemoryRequest() == ""
		}),
	} {
		if !ok {
			t.Errorf("%s of %s is not what it must be: %+v", what, name, app)
		}
	}
}

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWithoutReplacement(t *testing.T) {
	const mod = `module m

require example.com/aws/v19 v19.0.0

replace example.com/aws/v19 => ./.gen/aws

replace example.com/helm/v12 => ./.gen/helm
`
	got, err := withoutReplacement("go.mod", []byte(mod), "example.com/aws")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(got), ".gen/aws") || !strings.Contains(string(got), ".gen/helm") {
		t.Errorf("the wrong replacement is gone:\n%s", got)
	}
	if _, err := withoutReplacement("go.mod", got, "example.com/aws"); err == nil {
		t.Error("no error though there is nothing to compare")
	}
}

// People edit the model without the benchmark in mind.
func TestVariantOfModel(t *testing.T) {
	settings, err := os.ReadFile(filepath.Join("..", "..", "environments", model+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := variant(string(settings), 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`account: "100000000007"`, "cidr: 10.7."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	if modelName.MatchString(got) {
		t.Errorf("still names %s:\n%s", model, got)
	}
	if _, err := variant("region: eu-west-2\n", 1); err == nil {
		t.Error("no error though there is no account")
	}
}

func TestCheckPeer(t *testing.T) {
	read := func(json string) *contents {
		c, err := readContents(writeTree(t, map[string]string{"stacks/a/cdk.tf.json": json}))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	plinth := read(`{"resource": {"aws_vpc": {"one": {"//": {"path": "a/b"}, "cidr_block": "10.0.0.0/16"}}}}`)
	for _, test := range []struct {
		name, peer string
		differing  int
		wrong      string
	}{
		{"same but for comments", `{"resource": {"aws_vpc": {"one": {"cidr_block": "10.0.0.0/16"}}}}`, 0, ""},
		{"another value", `{"resource": {"aws_vpc": {"one": {}}}}`, 1, ""},
		{"fewer", `{"resource": {}}`, 0, "0 of 1 resource aws_vpc"},
		{"more", `{"resource": {"aws_vpc": {"one": {}}, "aws_eip": {"two": {}}}}`, 0, "makes more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			differing, err := checkPeer(plinth, read(test.peer))
			if test.wrong == "" && (err != nil || len(differing) != test.differing) {
				t.Errorf("got %v, %v", differing, err)
			}
			if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
				t.Errorf("got error %v, want %q", err, test.wrong)
			}
		})
	}
}

func TestMedian(t *testing.T) {
	s := series{costs: []cost{{wall: duration(3 * time.Second)}, {wall: duration(time.Second)}}}
	if got := s.wall().String(); got != "2.00 s" {
		t.Errorf("median of two is %s", got)
	}
	s.costs = append(s.costs, cost{wall: duration(time.Hour)})
	if got := s.wall().String(); got != "3.00 s" {
		t.Errorf("median of three is %s", got)
	}
}

// theRoot is the path of the repository.
func theRoot(t *testing.T) string {
	t.Helper()
	root, err := repositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestSmall runs the quick measurements once, with the programs and projects of make bench. It
// also checks that synthesis/preload.cjs does not change the synthesized stacks.
func TestSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("make test measures")
	}
	root := theRoot(t)
	b, err := newBench(t.Context(), root, t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	var report strings.Builder
	if err := b.run(&report, options{runs: 1}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Equal: ", "\n| " + slim + " | ", "\n| " + peer + " | ", "\n| 2 | ", " create", "A further environment costs less than"} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("%q is not in the report:\n%s", want, report.String())
		}
	}
}

// TestWhatIsReplaced checks that cdktf's files contain the code that synthesis/preload.cjs
// replaces. In another version it may be missing, and nothing would be quicker.
func TestWhatIsReplaced(t *testing.T) {
	root := theRoot(t)
	node := exec.Command(filepath.Join(root, "node_modules", ".bin", "node"), "-e",
		"console.log(JSON.stringify(require('./synthesis/preload.cjs').quicker))")
	node.Dir = root
	output, err := node.Output()
	if err != nil {
		t.Fatal(err)
	}
	var quicker map[string][][2]string
	if err := json.Unmarshal(output, &quicker); err != nil || len(quicker) == 0 {
		t.Fatalf("%v: %s", err, output)
	}
	for file, changes := range quicker {
		content, err := os.ReadFile(filepath.Join(root, "node_modules", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range changes {
			if n := strings.Count(string(content), change[0]); n != 1 {
				t.Errorf("%s has %d times, not once: %s", file, n, change[0])
			}
		}
	}
}

// TestFirstRun checks jsii's package cache after a first run. synthesis/preload.cjs links to npm's
// copy of cdktf, whose 2,500 files take longer to unpack than the rest of a synth.
func TestFirstRun(t *testing.T) {
	if testing.Short() {
		t.Skip("make test synthesizes")
	}
	root := theRoot(t)
	b, err := newBench(t.Context(), root, t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	if b.slimBuild, err = b.goBuild(slim); err != nil {
		t.Fatal(err)
	}
	notInstalled := t.TempDir()
	if err := b.link(notInstalled, "node_modules"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		project, program string
		want             []string
	}{
		{root, slim, []string{"@cdktf"}},
		{root, plain, []string{"@cdktf", "cdktf", "constructs"}},
		{notInstalled, slim, []string{"@cdktf", "cdktf", "constructs"}},
	} {
		cache := t.TempDir()
		if _, err := b.measure(c.project, c.program, cache); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(cache)
		if err != nil {
			t.Fatal(err)
		}
		var unpacked []string
		for _, entry := range entries {
			unpacked = append(unpacked, entry.Name())
		}
		if !slices.Equal(unpacked, c.want) {
			t.Errorf("%s in %s: %v are unpacked, want %v", c.program, c.project, unpacked, c.want)
		}
	}
}

// TestInstalledIsEmbedded compares npm's copies of cdktf and constructs with those embedded in
// their Go modules: synthesis/preload.cjs uses the one instead of the other.
func TestInstalledIsEmbedded(t *testing.T) {
	root := theRoot(t)
	for name, module := range map[string]string{
		"cdktf":      "github.com/hashicorp/terraform-cdk-go/cdktf",
		"constructs": "github.com/aws/constructs-go/constructs/v10",
	} {
		list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
		list.Dir = root
		dir, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		tarballs, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "jsii", name+"-*.tgz"))
		if err != nil || len(tarballs) != 1 {
			t.Fatalf("%s: tarballs are %v (%v)", module, tarballs, err)
		}
		embedded := t.TempDir()
		if output, err := exec.Command("tar", "-xzf", tarballs[0], "-C", embedded).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		files, err := listFiles(filepath.Join(embedded, "package"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files (%v)", tarballs[0], len(files), err)
		}
		for _, file := range files {
			if err := compareFiles(file, filepath.Join(embedded, "package", file), filepath.Join(root, "node_modules", name, file)); err != nil {
				t.Error(err)
			}
		}
	}
}

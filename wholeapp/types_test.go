package wholeapp

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/permissions"
)

var onlyMissing = flag.Bool("missing", false, "tell what nobody has said yet of the types that the stacks hold, and run no test")

// described runs test only if the project synthesizes and the repository describes all its types.
// Otherwise nearly every test would fail for that one reason. So described reports it once, and runs
// no test.
func described(test func() int) int {
	all, err := missingTypes()
	if err != nil {
		fmt.Fprintf(os.Stderr, "The project's stacks cannot be synthesized, so no test has run:\n%v\n", err)
		return 1
	}
	needed := slices.DeleteFunc(slices.Clone(all), func(t undescribed) bool { return !t.needsMore() })
	switch {
	case len(needed) > 0 && !*onlyMissing:
		fmt.Fprintf(os.Stderr, "%s\nUntil then no test is run. make missing tells this alone.\n", told(needed))
		return 1
	case !*onlyMissing:
		return test()
	case len(all) == 0:
		fmt.Println("Nothing is missing: all is said of every type that the stacks hold.")
		return 0
	}
	fmt.Println(told(all))
	return min(1, len(needed))
}

// missingTypes synthesizes the project, without the bootstrap stacks if their roles cannot be made.
func missingTypes() ([]undescribed, error) {
	folder, err := result(environments)
	if err != nil && strings.Contains(err.Error(), "permissions: which actions do these types take?") {
		folder, err = runProgram([]string{"-layers"}, environments)
	}
	if err != nil {
		return nil, err
	}
	p, err := readPlatform(folder)
	if err != nil {
		return nil, err
	}
	known, err := readKnown(root)
	if err != nil {
		return nil, err
	}
	return known.undescribed(p), nil
}

// known is what the repository says about types, in addition to the tables of these tests.
type known struct {
	permissions permissions.Table
	// rehearsed has what the simulator knows about a type: its behaviour, its calls.
	rehearsed    map[string][]string
	displayNames string
	sizes        map[string]bool
}

// The files that these tests read, relative to the repository's folder.
const (
	rehearsedFile    = "rehearsal/internal/cloud/testdata/types.txt"
	displayNamesFile = "tools/diagram/display_names.go"
	sizesFile        = "policy/rules.yaml"
)

var sizeLimit = regexp.MustCompile(`(?m)^  ([a-z0-9_]+\.[a-z0-9_]+):`)

func readKnown(root string) (known, error) {
	k := known{permissions: permissions.All(), rehearsed: map[string][]string{}, sizes: map[string]bool{}}
	content := map[string]string{}
	for _, file := range []string{rehearsedFile, displayNamesFile, sizesFile} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return k, err
		}
		content[file] = string(text)
	}
	for line := range strings.Lines(content[rehearsedFile]) {
		words := strings.Fields(line)
		k.rehearsed[words[0]] = words[1:]
	}
	k.displayNames = content[displayNamesFile]
	for _, match := range sizeLimit.FindAllStringSubmatch(content[sizesFile], -1) {
		k.sizes[match[1]] = true
	}
	return k, nil
}

// undescribed is a type that the repository does not describe completely.
type undescribed struct {
	kind   string
	stacks []string
	gaps   []gap
}

// gap is one missing part of a type's description.
type gap struct {
	file, what, example string
	// needed says that the stacks do not work without it. Other gaps are optional.
	needed bool
}

func (t undescribed) needsMore() bool {
	return slices.ContainsFunc(t.gaps, func(g gap) bool { return g.needed })
}

// undescribed returns all types of a platform that have gaps.
func (k known) undescribed(p platform) (all []undescribed) {
	elements := map[string][]element{}
	for _, e := range p.elements() {
		kind := e.kind
		if e.mode != "resource" {
			kind = e.mode + "." + e.kind
		}
		elements[kind] = append(elements[kind], e)
	}
	for _, kind := range slices.Sorted(maps.Keys(elements)) {
		t := undescribed{kind: kind, gaps: k.gaps(kind, elements[kind])}
		for _, e := range elements[kind] {
			t.stacks = append(t.stacks, e.stack)
		}
		slices.Sort(t.stacks)
		t.stacks = slices.Compact(t.stacks)
		if len(t.gaps) > 0 {
			all = append(all, t)
		}
	}
	return all
}

// gaps returns the gaps of a type with the given elements.
func (k known) gaps(kind string, elements []element) (gaps []gap) {
	deployed := slices.ContainsFunc(elements, func(e element) bool { return layer(e.stack) != bootstrap }) // by a role
	if _, ok := k.permissions[kind]; !ok && deployed {
		gaps = append(gaps, gap{"permissions/own.go", "the IAM actions that it takes. Until then no role could deploy it, and nothing is written", rowExample(kind), true})
	}
	resource := elements[0].mode == "resource"
	if resource && slices.ContainsFunc(elements, func(e element) bool { return !decidedAtRest(e) }) {
		gaps = append(gaps, gap{
			"wholeapp/data_test.go", "whether it keeps data. If it does, set its KMS key in the stack, which is enough; if not, in statelessTypes:", fmt.Sprintf("%q,", kind), true,
		})
	}
	for _, field := range nameFields {
		i := slices.IndexFunc(elements, func(e element) bool { return !limited(e, field) })
		if resource && i >= 0 {
			gaps = append(gaps, gap{
				"wholeapp/names_test.go", fmt.Sprintf("the limit of its %s: %q is not what every service allows. In limits, the length and the characters:", field, elements[i].body[field]),
				fmt.Sprintf("%q: {80, `[\\w-]+`},", kind+"."+field), true,
			})
		}
	}
	if knows := k.rehearsed[kind]; deployed && !strings.Contains(kind, "terraform_") && !slices.Contains(knows, "calls") {
		what := "its behaviour and its API calls. Until then a rehearsal knows it by its schema alone, and checks no permissions"
		switch {
		case elements[0].mode == "data" && len(knows) == 0:
			what = "its answer, in dataSources of data.go. Until then a rehearsal refuses it"
		case len(knows) > 0:
			what = "its API calls. Until then a rehearsal checks no permissions"
		}
		gaps = append(gaps, gap{"rehearsal/internal/cloud", what, "", false})
	}
	if resource && !strings.Contains(k.displayNames, fmt.Sprintf("%q", kind)) {
		gaps = append(gaps, gap{
			displayNamesFile, fmt.Sprintf("its name in the diagram, now %q", plainName(kind)), fmt.Sprintf("{kind: %q, one: %q},", kind, plainName(kind)), false,
		})
	}
	for _, argument := range k.sizeArguments() {
		limit := kind + "." + argument
		if resource && !k.sizes[limit] && slices.ContainsFunc(elements, func(e element) bool { return e.body[argument] != nil }) {
			gaps = append(gaps, gap{sizesFile, "how large it may be where nothing is protected. In sizes:", limit + ": [" + fmt.Sprint(elements[0].body[argument]) + "]", false})
		}
	}
	return gaps
}

// sizeArguments returns the arguments that set the size of some type.
func (k known) sizeArguments() []string {
	var all []string
	for limit := range k.sizes {
		_, argument, _ := strings.Cut(limit, ".")
		all = append(all, argument)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// plainName returns a type's name without its provider, such as sqs queue.
func plainName(kind string) string {
	_, name, _ := strings.Cut(kind, "_")
	return strings.ReplaceAll(name, "_", " ")
}

// rowExample returns the outline of the smallest row. A person must look up the actions: guessed ones
// could allow too much.
func rowExample(kind string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(kind, "data."), "ephemeral.")
	if !strings.HasPrefix(name, "aws_") {
		return fmt.Sprintf("%q: {}, // it takes none of AWS's", kind)
	}
	service, _, _ := strings.Cut(strings.TrimPrefix(name, "aws_"), "_")
	source := `Source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_….html",`
	need := func(list, verb, when string) string {
		return fmt.Sprintf("\t%-7s []Grant{{Actions: []string{\"%s:%s…\"}, Resources: []string{\"%s:{name}\"}%s}},", list+":", service, verb, service, when)
	}
	lines := []string{fmt.Sprintf("%q: {", kind), "\t" + source}
	if name == kind {
		lines = append(lines, need("Create", "Create", ", Conditions: requestTagged"))
	}
	lines = append(lines, need("Read", "Get", ""))
	if name == kind {
		lines = append(lines, need("Update", "Update", ""), need("Delete", "Delete", ""), need("Tag", "Tag", ", Conditions: requestTaggedIfExists"))
	}
	return strings.Join(append(lines, "},"), "\n")
}

// told returns one message with all gaps, by type.
func told(all []undescribed) string {
	var b strings.Builder
	for _, t := range all {
		fmt.Fprintf(&b, "%s, in %s\n", t.kind, strings.Join(t.stacks, ", "))
		for _, needed := range []bool{true, false} {
			heading := map[bool]string{true: "  required", false: "  optional"}[needed]
			for _, g := range t.gaps {
				if g.needed != needed {
					continue
				}
				if heading != "" {
					fmt.Fprintln(&b, heading)
				}
				heading = ""
				fmt.Fprintf(&b, "    %s: %s\n", g.file, g.what)
				for line := range strings.Lines(g.example) {
					fmt.Fprintf(&b, "        %s\n", strings.TrimRight(line, "\n"))
				}
			}
		}
		fmt.Fprintln(&b)
	}
	b.WriteString("docs/development.md, Add a resource, has an example.")
	return b.String()
}

// describedPlatform returns a platform with one resource in each of the given stacks.
func describedPlatform(kind string, bodies map[string]object) platform {
	p := platform{stacks: map[string]object{}}
	for stack, body := range bodies {
		p.stacks[stack] = object{"resource": object{kind: object{"it": body}}}
	}
	return p
}

func TestUndescribedTypes(t *testing.T) {
	key := "${data.terraform_remote_state.x.outputs.cross-stack-output-aws_kms_keykeyarn}"
	k := known{
		permissions:  permissions.Table{"aws_known": {}, "aws_sized": {}},
		rehearsed:    map[string][]string{"aws_known": {"behaviour", "calls"}, "aws_sized": {"behaviour"}},
		displayNames: `"aws_known" "aws_sized"`, sizes: map[string]bool{"aws_other.instance_class": true},
	}
	for name, test := range map[string]struct {
		kind string
		body object
		want []string
	}{
		"everything is said":          {"aws_known", object{"x_kms_key": key, "name": "plinth-dev-it"}, nil},
		"nothing is said":             {"aws_not_a_type", object{}, []string{"permissions/own.go!", "wholeapp/data_test.go!", "rehearsal/internal/cloud", "tools/diagram/display_names.go"}},
		"a key says that it is kept":  {"aws_not_a_type", object{"nested": []any{object{"kms_key_id": key}}}, []string{"permissions/own.go!", "rehearsal/internal/cloud", "tools/diagram/display_names.go"}},
		"a name that may be too long": {"aws_known", object{"kms_key_id": key, "name": strings.Repeat("n", 33)}, []string{"wholeapp/names_test.go!"}},
		"a name of odd characters":    {"aws_known", object{"kms_key_id": key, "name": "A_b"}, []string{"wholeapp/names_test.go!"}},
		"a size, and calls unknown":   {"aws_sized", object{"kms_key_id": key, "instance_class": "large"}, []string{"rehearsal/internal/cloud", "policy/rules.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, found := range k.undescribed(describedPlatform(test.kind, map[string]object{"dev-app": test.body, "prod-app": test.body})) {
				assert.DeepEqual(t, found.stacks, []string{"dev-app", "prod-app"})
				for _, g := range found.gaps {
					got = append(got, g.file+map[bool]string{true: "!"}[g.needed])
				}
			}
			assert.DeepEqual(t, got, test.want)
		})
	}
	all := k.undescribed(describedPlatform("aws_not_a_type", map[string]object{"dev-app": {}, "prod-app": {}}))
	assert.Equal(t, told(all), `aws_not_a_type, in dev-app, prod-app
  required
    permissions/own.go: the IAM actions that it takes. Until then no role could deploy it, and nothing is written
        "aws_not_a_type": {
        	Source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_….html",
        	Create: []Grant{{Actions: []string{"not:Create…"}, Resources: []string{"not:{name}"}, Conditions: requestTagged}},
        	Read:   []Grant{{Actions: []string{"not:Get…"}, Resources: []string{"not:{name}"}}},
        	Update: []Grant{{Actions: []string{"not:Update…"}, Resources: []string{"not:{name}"}}},
        	Delete: []Grant{{Actions: []string{"not:Delete…"}, Resources: []string{"not:{name}"}}},
        	Tag:    []Grant{{Actions: []string{"not:Tag…"}, Resources: []string{"not:{name}"}, Conditions: requestTaggedIfExists}},
        },
    wholeapp/data_test.go: whether it keeps data. If it does, set its KMS key in the stack, which is enough; if not, in statelessTypes:
        "aws_not_a_type",
  optional
    rehearsal/internal/cloud: its behaviour and its API calls. Until then a rehearsal knows it by its schema alone, and checks no permissions
    tools/diagram/display_names.go: its name in the diagram, now "not a type"
        {kind: "aws_not_a_type", one: "not a type"},

docs/development.md, Add a resource, has an example.`)
}

// TestMissing runs what make missing does. Optional gaps may remain in a project.
func TestMissing(t *testing.T) {
	program, err := os.Executable()
	assert.NilError(t, err)
	output, err := exec.Command(program, "-missing").CombinedOutput()
	assert.NilError(t, err, "%s", output)
	said := string(output)
	assert.Assert(t, strings.Contains(said, "Nothing is missing") || strings.Contains(said, "  optional\n"), said)
	assert.Assert(t, !strings.Contains(said, "PASS"), "tests are run:\n%s", said)
}

package cdktf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/assert"
)

// TestOutput parses real output of cdktf 0.21.0 and Terraform 1.11.4: testdata was captured from
// stacks of terraform_data.
func TestOutput(t *testing.T) {
	for name, want := range map[string]map[string]Stack{
		"deploy": {
			"x-net":  {State: Done, Planned: true, Add: 5, Made: 5},
			"x-data": {State: Done, Planned: true, Add: 2, Made: 2},
			"x-app":  {State: Done, Planned: true, Add: 1, Made: 1},
		},
		"unchanged": {"x-net": {State: Done, Planned: true, Unchanged: true}},
		"changed":   {"x-data": {State: Done, Planned: true, Add: 1, Change: 1, Destroy: 1}},
		"replaced": {
			"x-net":  {State: Done, Planned: true, Unchanged: true},
			"x-data": {State: Done, Planned: true, Add: 1, Change: 1, Destroy: 1, Made: 3},
		},
		"destroy": {
			"x-net":  {State: Done, Planned: true, Destroy: 5, Made: 5},
			"x-data": {State: Done, Planned: true, Destroy: 3, Made: 3},
			"x-app":  {State: Done, Planned: true, Destroy: 1, Made: 1},
		},
		"failed": {
			"x-net": {State: Done, Planned: true, Unchanged: true},
			"x-data": {
				State: Failed, Planned: true, Add: 1, Change: 1, Destroy: 1, Made: 1,
				Errors: []string{`Error: local-exec provisioner error

  with terraform_data.two (two),
  on cdk.tf.json line 31, in resource.terraform_data.two (two).provisioner[0].local-exec:
  31:       }

Error running command 'echo no; exit 3': exit status 3. Output: no`},
			},
			"x-app": {State: Initialized},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := parse(t, name, func(s string) []string { return []string{s} }, keys(want)...)
			for _, stack := range got {
				expected := want[stack.Name]
				expected.Name = stack.Name
				assert.DeepEqual(t, timeless(stack), expected, unexported)
			}
			// The result is the same however the output is split, and with colours.
			byByte := parse(t, name, func(s string) []string { return strings.Split(s, "") }, keys(want)...)
			coloured := parse(t, name, func(s string) []string {
				return []string{strings.NewReplacer("Plan:", "\x1b[1mPlan:\x1b[0m", "terraform_data", "\x1b[0m\x1b[1mterraform_data", "Error:", "\x1b[31mError:\x1b[0m").Replace(s)}
			}, keys(want)...)
			for i := range got {
				assert.DeepEqual(t, timeless(byByte[i]), timeless(got[i]), unexported)
				assert.DeepEqual(t, timeless(coloured[i]).Made, got[i].Made)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	now := time.Unix(0, 0)
	p := NewParser("x-net", "x-data", "x-app")
	p.now = func() time.Time { now = now.Add(time.Second); return now }
	write(t, p, "deploy", nil)
	var last time.Time
	for _, stack := range p.Stacks() { // in the order of deployment
		assert.Assert(t, !stack.Started.Before(stack.Ready) && !stack.Ended.Before(stack.Started), "%v", stack)
		assert.Assert(t, stack.Started.After(last), "%s begins before what it needs is done", stack.Name)
		last = stack.Ended
	}
}

// TestLostEnd: the terminal that cdktf makes for Terraform sometimes loses the end of its
// output.
func TestLostEnd(t *testing.T) {
	const applying = "x-net  Terraform has been successfully initialized!\nx-net  Plan: 2 to add, 0 to change, 0 to destroy.\nx-net  a.b: Creating...\nx-net  a.b: Creation complete after 0s [id=1]\n"
	for name, test := range map[string]struct {
		output    string
		succeeded bool
		state     State
		made      int
	}{
		"of an apply":               {applying, true, Done, 2},
		"of an apply that failed":   {applying, false, Failed, 1},
		"of a plan":                 {"x-net  Terraform has been successfully initialized!\n", true, Done, 0},
		"of a plan that failed":     {"x-net  Terraform has been successfully initialized!\n", false, Failed, 0},
		"of an init that failed":    {"x-net  Initializing the backend...\n", false, Failed, 0},
		"all, since it never began": {"Usage: cdktf\n", false, Waiting, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := NewParser("x-net")
			_, err := p.Write([]byte(test.output))
			assert.NilError(t, err)
			p.End(test.succeeded)
			got := p.Stacks()[0]
			assert.Equal(t, got.State, test.state)
			assert.Equal(t, got.Made, test.made)
		})
	}
}

// TestFollow: when the end of one stack is lost, the start of the next one ends it.
func TestFollow(t *testing.T) {
	p := NewParser("x-net", "x-data")
	p.Follow("x-data", "x-net")
	_, err := p.Write([]byte(`x-net  Terraform has been successfully initialized!
x-data  Terraform has been successfully initialized!
x-net  Plan: 2 to add, 0 to change, 0 to destroy.
       a.b: Creating...
x-data  data.x.y: Reading...
`))
	assert.NilError(t, err)
	net, data := p.Stacks()[0], p.Stacks()[1]
	assert.Equal(t, net.State, Done)
	assert.Equal(t, net.Made, 2)
	assert.Equal(t, data.State, Planning)
	assert.Assert(t, !net.Ended.After(data.Started))
}

// TestPlan parses the output of terraform show for a plan.
func TestPlan(t *testing.T) {
	for output, want := range map[string]Stack{
		"\nNo changes. Your infrastructure matches the configuration.\n": {Planned: true, Unchanged: true},
		"\nPlan: 1 to add, 2 to change, 3 to destroy.\n":                 {Planned: true, Add: 1, Change: 2, Destroy: 3},
		"\nChanges to Outputs:\n":                                        {},
	} {
		p := NewPlanParser(Stack{Name: "x"})
		_, err := p.Write([]byte(output))
		assert.NilError(t, err)
		p.End(true)
		want.Name, want.State = "x", Done
		assert.DeepEqual(t, timeless(p.Stacks()[0]), want, unexported)
	}
}

var unexported = cmp.AllowUnexported(Stack{})

func parse(t *testing.T, name string, cut func(string) []string, stacks ...string) []Stack {
	t.Helper()
	p := NewParser(stacks...)
	write(t, p, name, cut)
	p.End(name != "failed")
	return p.Stacks()
}

func write(t *testing.T, p *Parser, name string, cut func(string) []string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".log"))
	assert.NilError(t, err)
	pieces := []string{string(content)}
	if cut != nil {
		pieces = cut(string(content))
	}
	for _, piece := range pieces {
		_, err := p.Write([]byte(piece))
		assert.NilError(t, err)
	}
}

func keys(stacks map[string]Stack) []string {
	var names []string
	for _, name := range []string{"x-net", "x-data", "x-app"} {
		if _, ok := stacks[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

func timeless(s Stack) Stack {
	s.Ready, s.Started, s.Ended, s.said = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return s
}

package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"gotest.tools/v3/assert"
)

const password = `xK9<&"secret'>42`

// example is a rehearsal with failures.
func example() *Result {
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	return &Result{
		Env: "dev", Account: "111111111111", Region: "eu-west-2", Started: start, Took: 75 * time.Second,
		Stacks: []*Stack{
			{Name: "dev-network", Resources: []Resource{{"aws_vpc", "aws_vpc.network_<b>", "vpc-1"}}},
			{Name: "dev-cluster", Needs: []string{"dev-network"}},
			{Name: "dev-data", Needs: []string{"dev-network"}, Outputs: []Output{
				NewOutput("endpoint", json.RawMessage(`"db.example.com"`)), NewOutput("ports", json.RawMessage(`[1,2]`)),
			}},
			{Name: "dev-addons", Needs: []string{"dev-network", "dev-cluster"}},
			{Name: "dev-app", Needs: []string{"dev-cluster", "dev-data", "dev-addons"}},
		},
		Phases: []*Phase{
			{Name: "deploy", Title: "Deploy all stacks", From: at(0), To: at(10), Bars: []Bar{
				{Stack: "dev-network", From: at(1), To: at(3)},
				{Stack: "dev-data", From: at(3), To: at(5)},
				{Stack: "dev-cluster", From: at(3.1), To: at(6)},
				{Stack: "dev-addons", From: at(6), To: at(8), Failed: true},
			}},
			{Name: "diff", Title: "Compare", From: at(10), To: at(20), Bars: []Bar{{Stack: "dev-network", From: at(11), To: at(12.25)}}},
		},
		Expectations: []Expectation{
			{Title: "All stacks are deployed", Found: "3 of 5", Details: "Error: the password is " + password, Log: "logs/03.log"},
			{Title: "Something else", Met: true, Found: "yes"},
		},
		Before: []string{"a role"}, NotChecked: []string{"quotas"},
		BySchema: []string{"aws_not_a_type", "aws_nor_this"}, Unasked: []string{"aws_iam_policy"},
		Looked: true, Left: []Thing{{"aws_vpc", "vpc-1"}}, Kept: []Thing{{"aws_kms_key", "1"}, {"aws_kms_key", "2"}},
		Objects:   []Object{{Key: "dev/network.tfstate", Resources: 1}, {Key: "dev/app.tfstate"}, {Key: "dev/app.tfstate.tflock", Lock: true}},
		Bootstrap: []Thing{{"aws_iam_role", "deploy"}, {"aws_s3_bucket", "states"}},
		Passwords: []string{password}, Logs: "logs", Page: "report.html",
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	assert.NilError(t, example().Table(&out))
	assert.Equal(t, out.String(), `        stack  resources  deploy    diff  destroy
  dev-network          1   2.0 s   1.2 s        –
  dev-cluster          0   2.9 s       –        –
     dev-data          0   2.0 s       –        –
   dev-addons          0  failed       –        –
      dev-app          0       –       –        –
          all          1  10.0 s  10.0 s        –
stack: from when its turn came to its end; the progress above begins with its plan
all: from the start of cdktf to its end; stacks that do not need each other go on side by side

deploy:     network → data + cluster → addons
left:       aws_vpc vpc-1, except what AWS deletes after some days: 2 × aws_kms_key
bucket:     dev/network.tfstate, 1 resource; dev/app.tfstate.tflock, a lock that was not released
stays:      the bootstrap stack: 1 × aws_iam_role, 1 × aws_s3_bucket
unchecked:  Known by their schema alone, permissions not checked: aws_not_a_type, aws_nor_this
            Permissions not checked: aws_iam_policy
`)
	known := example()
	known.BySchema, known.Unasked, known.Looked = nil, nil, false
	out.Reset()
	assert.NilError(t, known.Table(&out))
	assert.Assert(t, !strings.Contains(out.String(), "checked"), out.String())
}

func TestPassed(t *testing.T) {
	r := example()
	assert.Assert(t, !r.Passed())
	assert.Equal(t, len(r.Failures()), 1)
	r.Expectations = r.Expectations[1:]
	assert.Assert(t, r.Passed())
	r.Interrupted = true
	assert.Assert(t, !r.Passed())
	assert.Assert(t, !(&Result{}).Passed(), "nothing was expected, and all is well")
}

func TestHTML(t *testing.T) {
	r := example()
	text := write(t, r)
	for _, want := range []string{
		"A rehearsal. No AWS involved.", "failed", "vpc-1", "db.example.com", "[1,2]", "a role", "quotas", "<li>Known by their schema alone, permissions not checked: aws_not_a_type, aws_nor_this</li>", "network_&lt;b&gt;",
		"the password is (a password)", "logs/03.log", "prefers-color-scheme: dark", `name="viewport"`,
	} {
		assert.Assert(t, strings.Contains(text, want), "the page does not say %s", want)
	}
	document, err := html.Parse(strings.NewReader(text))
	assert.NilError(t, err)
	counts := map[string]int{}
	visit(document, func(n *html.Node) {
		counts[n.Data]++
		for _, attribute := range n.Attr {
			assert.Assert(t, !strings.HasPrefix(attribute.Val, "http"), "the page needs %s", attribute.Val)
			assert.Assert(t, !strings.Contains(attribute.Val, "ZgotmplZ"), "the template was cheated: %s", attribute.Val)
		}
	})
	assert.Equal(t, counts["script"]+counts["link"]+counts["img"], 0)
	assert.Equal(t, counts["rect"], len(r.Stacks))
	assert.Equal(t, counts["details"], len(r.Stacks))
	assert.Equal(t, counts["svg"], 1)
}

// TestNoPassword: the page shows no password, in whatever form it gets there.
func TestNoPassword(t *testing.T) {
	r := example()
	r.Stacks[0].Outputs = []Output{{"o", password}}
	r.Stacks[0].Resources[0].ID = "id-" + password
	r.Expectations[0].Found = password
	text := write(t, r)
	assert.Assert(t, !strings.Contains(text, password) && !strings.Contains(text, html.EscapeString(password)) && !strings.Contains(text, "xK9"), "a password is shown")
}

// TestGraph: no arrow duplicates a path of others, and no boxes overlap.
func TestGraph(t *testing.T) {
	g := example().graph()
	assert.Equal(t, len(g.Lines), 5)
	for i, a := range g.Boxes {
		assert.Assert(t, a.X >= 0 && a.X+a.Width <= g.Width && a.Y >= 0 && a.Y+a.Height <= g.Height, "%s is outside", a.Title)
		for _, b := range g.Boxes[i+1:] {
			apart := a.X+a.Width < b.X || b.X+b.Width < a.X || a.Y+a.Height < b.Y || b.Y+b.Height < a.Y
			assert.Assert(t, apart, "%s is on %s", a.Title, b.Title)
		}
	}
}

func write(t *testing.T, r *Result) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	assert.NilError(t, r.WriteHTML(file))
	text, err := os.ReadFile(file)
	assert.NilError(t, err)
	return string(text)
}

func visit(n *html.Node, see func(*html.Node)) {
	if n.Type == html.ElementNode {
		see(n)
	}
	for child := range n.ChildNodes() {
		visit(child, see)
	}
}

// TestWrapped has a list that is longer than a terminal is wide.
func TestWrapped(t *testing.T) {
	item := strings.Repeat("x", 40)
	assert.Equal(t, wrapped("a, b"), "a, b")
	assert.Equal(t, wrapped(strings.Join([]string{item, item, item}, ", ")), item+", "+item+",\n            "+item)
}

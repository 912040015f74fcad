package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// at is the comment with which CDKTF records a resource's path in the construct tree.
func at(path string) string { return fmt.Sprintf(`"//": {"metadata": {"path": %q}}`, path) }

const fromNet = `${data.terraform_remote_state.cross-stack-reference-input-x-net.outputs.`

var (
	netStack = `{
		"resource": {
			"aws_vpc": {"vpc": {` + at("x-net/net/vpc") + `}},
			"aws_subnet": {
				"a": {` + at("x-net/net/private-a") + `, "vpc_id": "${aws_vpc.vpc.id}"},
				"b": {` + at("x-net/net/private-b") + `},
				"c": {` + at("x-net/net/public-a") + `}
			},
			"aws_route": {"r": {` + at("x-net/net/route") + `}}
		},
		"output": {
			"out-vpc": {"value": "${aws_vpc.vpc.id}"},
			"out-a": {"value": "${aws_subnet.a.id}"},
			"out-b": {"value": "${aws_subnet.b.id}"},
			"out-region": {"value": "eu-west-2"}
		}
	}`
	appStack = `{
		"data": {"terraform_remote_state": {"cross-stack-reference-input-x-net": {"backend": "s3"}}},
		"resource": {
			"helm_release": {"release": {` + at("x-app/release") + `,
				"values": "` + fromNet + `out-a} ` + fromNet + `out-b}", "depends_on": ["aws_iam_role.role"]}},
			"aws_iam_role": {"role": {` + at("x-app/role/role") + `}},
			"aws_quantum_gate_v2": {"gate": {` + at("x-app/gate") + `, "vpc": "` + fromNet + `out-vpc}"}}
		},
		"output": {"copy": {"value": "` + fromNet + `out-a}"}}
	}`
)

// circular is a stack that reads a value of another stack, and gives it to others.
const circular = `{"output": {"o": {"value": "${data.terraform_remote_state.cross-stack-reference-input-x-OTHER.outputs.o}"}}}`

func parse(t *testing.T, documents map[string]string) []stackFile {
	t.Helper()
	var files []stackFile
	for _, id := range []string{"x-app", "x-mid", "x-net"} {
		if documents[id] == "" {
			continue
		}
		file, err := parseStack(id, []byte(documents[id]))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func describe(d *diagram) string {
	var b strings.Builder
	for _, s := range d.stacks {
		fmt.Fprintf(&b, "%d %s\n", s.layer+1, s.name)
		for _, p := range s.parts {
			fmt.Fprintf(&b, "  %s: %s\n", p.title, strings.Join(append(slices.Clone(p.detail), p.summary()...), "; "))
		}
	}
	for _, e := range d.edges {
		fmt.Fprintf(&b, "%s > %s\n", e.from.name, e.to.name)
		for _, g := range e.gifts {
			fmt.Fprintf(&b, "  %s: %s\n", strings.Join(g.title(), " "), strings.Join(g.label(), "; "))
		}
	}
	return b.String()
}

func TestDiagram(t *testing.T) {
	d, err := newDiagram("x", parse(t, map[string]string{"x-net": netStack, "x-app": appStack}))
	if err != nil {
		t.Fatal(err)
	}
	want := `1 net
  net: VPC; 3 subnets (2 × private, public)
2 app
  release: Helm release; IAM role
  gate: quantum gate
net > app
  net: VPC id; 2 private subnet ids
`
	if got := describe(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDiagramMistakes(t *testing.T) {
	tests := []struct{ name, net, app, want string }{
		{
			name: "stack without a file", app: appStack,
			want: "x-app reads stack x-net, which has no file here",
		},
		{
			name: "output that is not there", net: `{}`, app: appStack,
			want: "x-app: stack x-net has no output out-a",
		},
		{
			name: "circle", net: strings.ReplaceAll(circular, "OTHER", "app"), app: strings.ReplaceAll(circular, "OTHER", "net"),
			want: "stacks depend on each other in a circle",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := newDiagram("x", parse(t, map[string]string{"x-net": test.net, "x-app": test.app}))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestOrderOnly(t *testing.T) {
	files := parse(t, map[string]string{"x-net": netStack, "x-mid": `{}`, "x-app": appStack})
	before, err := parseManifest([]byte(`{"stacks": {
		"x-mid": {"dependencies": ["x-net"]},
		"x-app": {"dependencies": ["x-mid", "x-net"]}
	}}`))
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i].before = before[files[i].id]
	}
	d, err := newDiagram("x", files)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range d.edges {
		got = append(got, fmt.Sprintf("%s>%s %d", e.from.name, e.to.name, len(e.gifts)))
	}
	if want := []string{"net>mid 0", "net>app 1", "mid>app 0"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPartsOf(t *testing.T) {
	resources := func(paths ...string) string {
		var all []string
		for i, path := range paths {
			all = append(all, fmt.Sprintf(`"r%d": {%s}`, i, at("x-s/"+path)))
		}
		return `{` + strings.Join(all, ",") + `}`
	}
	tests := []struct{ name, resource, want string }{
		{
			name:     "alike parts are one",
			resource: `{"aws_eks_addon": ` + resources("addon-a", "addon-b", "addon-c") + `}`,
			want:     "addon: a; b; c; 3 EKS add-ons\n",
		},
		{
			name:     "two alike are two",
			resource: `{"helm_release": ` + resources("external-dns", "external-secrets") + `}`,
			want:     "external-dns: Helm release\nexternal-secrets: Helm release\n",
		},
		{
			name:     "a ninth part makes the last one collective",
			resource: `{"aws_kms_key": ` + resources("a", "b", "c", "d", "e", "f", "g", "h", "i") + `}`,
			want: "a: KMS key\nb: KMS key\nc: KMS key\nd: KMS key\ne: KMS key\nf: KMS key\ng: KMS key\n" +
				"and more: h; i; 2 KMS keys\n",
		},
		{
			name:     "small things are told when they are all there is",
			resource: `{"aws_route": ` + resources("route/a", "route/b") + `}`,
			want:     "route: 2 routes\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file, err := parseStack("x-s", []byte(`{"resource": `+test.resource+`}`))
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, p := range partsOf(file) {
				fmt.Fprintf(&got, "%s: %s\n", p.title, strings.Join(append(slices.Clone(p.detail), p.summary()...), "; "))
			}
			if got.String() != test.want {
				t.Errorf("got\n%s\nwant\n%s", got.String(), test.want)
			}
		})
	}
}

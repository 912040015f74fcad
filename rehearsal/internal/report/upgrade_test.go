package report

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func upgraded() *Upgrade {
	return &Upgrade{Env: "dev", From: "main (123456789abc)", Stacks: []*Upgraded{
		{Stack: "bootstrap-dev"},
		{Stack: "dev-data", Changes: []Change{{"replace", "aws_db_instance.a"}, {"destroy", "module.a.aws_s3_bucket.b[\"|@x\"]"}, {"change", "aws_kms_key.k"}},
			Refused: []string{"The database d would be deleted with its data."}, Costs: []string{"Deletes the bucket b.", "Restarts the `d`."},
			Lost: []string{"Deletes the bucket b.", "The database d would be deleted with its data."}},
		{Stack: "dev-app", Changes: []Change{{"add", "helm_release.a"}}, Failed: "Error: no\nmore"},
	}}
}

func TestUpgradeTable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	assert.NilError(t, upgraded().Table(&out))
	assert.Equal(t, out.String(), `dev-data
  replace  aws_db_instance.a
  destroy  module.a.aws_s3_bucket.b["|@x"]
  change   aws_kms_key.k
  Loses data: Deletes the bucket b.
  Loses data: The database d would be deleted with its data.
  Costs: Restarts the `+"`d`"+`.

dev-app
  add      helm_release.a
  Failed: Error: no
    more

stack          change  replace  destroy  add  
bootstrap-dev  –       –        –        –    no changes
dev-data       1       1        1        –    loses data
dev-app        –       –        –        1    fails
`)
}

func TestUpgradeMarkdown(t *testing.T) {
	t.Parallel()
	assert.Equal(t, upgraded().Markdown(), `#### dev, deployed from main (123456789abc)

1 stack could not be deployed.

| stack | change | replace | destroy | add |  |
| --- | --- | --- | --- | --- | --- |
| bootstrap-dev | – | – | – | – | no changes |
| dev-data | 1 | 1 | 1 | – | **loses data** |
| dev-app | – | – | – | 1 | **fails** |

- **Loses data**, dev-data: Deletes the bucket b.
- **Loses data**, dev-data: The database d would be deleted with its data.
- **Costs**, dev-data: Restarts the 'd'.
- **Fails**, dev-app: Error: no more

| stack | action | type | resource |
|---|---|---|---|
| dev-data | replace | `+"`aws_db_instance` | `aws_db_instance.a`"+` |
| dev-data | destroy | `+"`aws_s3_bucket` | `module.a.aws_s3_bucket.b[\"¦@\u200bx\"]`"+` |

<details><summary>Changed in place and added</summary>

| stack | action | type | resource |
|---|---|---|---|
| dev-data | change | `+"`aws_kms_key` | `aws_kms_key.k`"+` |
| dev-app | add | `+"`helm_release` | `helm_release.a`"+` |

</details>
`)
	assert.Equal(t, NoUpgrade("dev", "v1", errors.New("no\n<stack>")), "#### dev, deployed from v1\n\n**Not rehearsed**: no ‹stack›\n")
	u := &Upgrade{Env: "dev", From: "v1", Stacks: []*Upgraded{{Stack: "dev-network"}}}
	for i := range mostShown + 2 {
		u.Stacks[0].Changes = append(u.Stacks[0].Changes, Change{"destroy", fmt.Sprint("aws_eip.a", i)})
	}
	text := u.Markdown()
	assert.Equal(t, strings.Count(text, "aws_eip.a"), mostShown)
	assert.Assert(t, strings.Contains(text, "| dev-network | … | | 2 more |"), text)
}

func TestUpgradeVerdict(t *testing.T) {
	t.Parallel()
	changed := func(u Upgraded) *Upgraded { u.Changes = []Change{{"change", "aws_vpc.a"}}; return &u }
	for want, test := range map[string]struct {
		stacks []*Upgraded
		passes bool
	}{
		"Nothing changes.": {[]*Upgraded{{Stack: "a"}, {Stack: "b"}}, true},
		"1 stack would change; no resource that holds data is replaced or destroyed.":  {[]*Upgraded{{}, changed(Upgraded{Costs: []string{"Restarts."}})}, true},
		"2 stacks would change; no resource that holds data is replaced or destroyed.": {[]*Upgraded{changed(Upgraded{}), changed(Upgraded{})}, true},
		"./plinth deploy would refuse 1 stack.":                                        {[]*Upgraded{changed(Upgraded{Refused: []string{"No."}}), changed(Upgraded{})}, false},
		"1 stack would lose data.":                                                     {[]*Upgraded{changed(Upgraded{Lost: []string{"Deletes."}, Costs: []string{"Deletes."}})}, false},
		"1 stack stays deployed that is not in this version.":                          {[]*Upgraded{{Stack: "a"}, {Stays: true}}, true},
		"1 stack would change; no resource that holds data is replaced or destroyed. 2 stacks stay deployed that are not in this version.": {[]*Upgraded{changed(Upgraded{}), {Stays: true}, {Stays: true}}, true},
		"1 stack would lose data. 1 stack stays deployed that is not in this version.":                                                     {[]*Upgraded{changed(Upgraded{Lost: []string{"Deletes."}}), {Stays: true}}, false},
		"./plinth deploy would refuse 2 stacks.": {[]*Upgraded{changed(Upgraded{Refused: []string{"No."}, Failed: "AWS refuses it too"}), changed(Upgraded{Refused: []string{"No."}}), {Left: true}}, false},
		"2 stacks could not be deployed.":        {[]*Upgraded{{Failed: "Error"}, {Failed: "Error"}, changed(Upgraded{Lost: []string{"Deletes."}})}, false},
	} {
		u := &Upgrade{Stacks: test.stacks}
		assert.Equal(t, u.Verdict(), want)
		assert.Equal(t, u.Passed(), test.passes, want)
	}
	assert.Assert(t, !(&Upgrade{}).Passed())
}

// TestUpgradeStays: a stack that is not in this version any more is in every report.
func TestUpgradeStays(t *testing.T) {
	t.Parallel()
	u := &Upgrade{Env: "dev", From: "v1", Stacks: []*Upgraded{{Stack: "dev-network"}, {Stack: "dev-old", Stays: true}}}
	var out strings.Builder
	assert.NilError(t, u.Table(&out))
	assert.Equal(t, out.String(), `dev-old
  Stays: It is not in this version. Destroy it with the old one.

stack        change  replace  destroy  add  
dev-network  –       –        –        –    no changes
dev-old      –       –        –        –    stays
`)
	assert.Equal(t, u.Markdown(), `#### dev, deployed from v1

1 stack stays deployed that is not in this version.

| stack | change | replace | destroy | add |  |
| --- | --- | --- | --- | --- | --- |
| dev-network | – | – | – | – | no changes |
| dev-old | – | – | – | – | stays |

- **Stays**, dev-old: It is not in this version. Destroy it with the old one.
`)
	// Costs alone are no sign of it.
	assert.Equal(t, (&Upgraded{Costs: []string{"Restarts."}}).verdict(), "no changes")
}

// TestUpgradeRefused: a stack whose plan is refused is refused, whatever the simulator made of it, and one that
// needs it is left out.
func TestUpgradeRefused(t *testing.T) {
	t.Parallel()
	u := &Upgrade{Env: "dev", From: "v1", Stacks: []*Upgraded{{Stack: "dev-data", Refused: []string{"No."}, Failed: "AWS' own error"}, {Stack: "dev-app", Left: true}}}
	var out strings.Builder
	assert.NilError(t, u.Table(&out))
	for _, text := range []string{out.String(), u.Markdown()} {
		assert.Assert(t, strings.Contains(text, "refused") && strings.Contains(text, "not tried") && !strings.Contains(text, "own error"), text)
	}
}

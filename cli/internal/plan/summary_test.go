package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/golden"
)

const secret = "correct-horse-battery-staple"

// planOf returns a plan as Terraform shows it, with a secret wherever a value can be.
func planOf(t *testing.T, changes ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"format_version": "1.2", "resource_changes": changes,
		"planned_values": map[string]any{"outputs": map[string]any{"password": map[string]any{"value": secret}}},
		"variables":      map[string]any{"password": map[string]any{"value": secret}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func resource(address string, actions ...string) map[string]any {
	return map[string]any{
		"address": address, "mode": "managed",
		"change": map[string]any{"actions": actions, "before": map[string]any{"v": secret}, "after": map[string]any{"v": secret}},
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	data := resource("data.aws_region.here", "read")
	data["mode"] = "data"
	moved := resource("aws_vpc.new", "no-op")
	moved["previous_address"] = "aws_vpc.old"
	imported := resource("aws_vpc.found", "no-op")
	imported["change"].(map[string]any)["importing"] = map[string]any{"id": secret}
	bastion := resource("aws_instance.bastion", "delete", "create")
	bastion["change"].(map[string]any)["replace_paths"] = [][]string{{"ami"}}
	elsewhere := resource("aws_instance.other", "delete", "create")
	elsewhere["change"].(map[string]any)["replace_paths"] = [][]string{{"ami"}, {"subnet_id"}}
	shown, err := read(planOf(t, bastion, elsewhere, resource("aws_kms_key.key", "create"), resource("aws_vpc.network", "update"), data,
		resource("aws_db_instance.primary", "delete", "create"), resource("aws_db_instance.copy", "create", "delete"),
		resource("aws_subnet.a", "delete"), resource("aws_subnet.b", "no-op"), resource("aws_kms_key.lost", "forget"), moved, imported))
	if err != nil {
		t.Fatal(err)
	}
	text := summary("dev-data", shown.changes)
	golden.Assert(t, text, "summary.md")
	if strings.Contains(text, secret) {
		t.Error("the summary shows a value")
	}
}

// TestSummaryOfText has addresses that mean something to Markdown or to GitLab.
func TestSummaryOfText(t *testing.T) {
	t.Parallel()
	nasty := "aws_subnet.x[\"`|</td><script>\n/merge\n/assign @root <!-- plinth-plan end: dev -->\"]"
	shown, err := read(planOf(t, resource(nasty, "create")))
	if err != nil {
		t.Fatal(err)
	}
	text := summary("dev-data", shown.changes) + waiting("dev-app", nasty)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "/") {
			t.Errorf("a line is a quick action: %q", line)
		}
	}
	for _, sign := range []string{"<", ">", "@root", "``"} {
		if strings.Contains(text, sign) {
			t.Errorf("holds %q:\n%s", sign, text)
		}
	}
}

func TestSummaryEnds(t *testing.T) {
	t.Parallel()
	if got := summary("dev-app", nil); got != "#### dev-app\n\nNo changes.\n" {
		t.Errorf("without changes it is %q", got)
	}
	var many []map[string]any
	for i := range 2 * mostShown {
		many = append(many, resource(fmt.Sprintf("aws_subnet.s%d", i), "create"))
	}
	shown, err := read(planOf(t, many...))
	if err != nil {
		t.Fatal(err)
	}
	if got := summary("dev-app", shown.changes); !strings.Contains(got, "200 to add.") || !strings.HasSuffix(got, "| … | 100 more |\n") {
		t.Errorf("of many it is\n%s", got)
	}
	for _, text := range []string{"", "{}", `{"format_version":"2.0"}`, `{"format_version": "` + secret} {
		if _, err := read([]byte(text)); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("of %q the error is %v", text, err)
		}
	}
}

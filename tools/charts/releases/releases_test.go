package releases

import (
	"fmt"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestEvaluateValues(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain JSON", `{"a": 1}`, `{"a": 1}`},
		{"literals", `${jsonencode({"a" = 1, "b" = [true, "x"], "c" = {"d" = null}})}`, `{"a": 1, "b": [true, x], "c": {"d": null}}`},
		{
			"value of another stack",
			`${jsonencode({"annotations" = {"eks.amazonaws.com/role-arn" = data.terraform_remote_state.cross-stack-reference-input-dev-cluster.outputs.cross-stack-output-aws_iam_roleapp7CDA6F5Farn}})}`,
			`{"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111111111111:role/placeholder"}}`,
		},
		{
			"number of a resource",
			`${jsonencode({"port" = aws_db_instance.database.port, "text" = "at ${aws_db_instance.database.port}"})}`,
			`{"port": 5432, "text": at 5432}`,
		},
		{
			"function of a resource",
			`${jsonencode({"secret" = element(aws_db_instance.x.master_user_secret, 0)["secret_arn"], "key" = aws_db_instance.x.master_user_secret[0].secret_arn})}`,
			`{secret: "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!db-11111111-2222-3333-4444-555555555555-AbCdEf",
			  key: "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!db-11111111-2222-3333-4444-555555555555-AbCdEf"}`,
		},
		{
			"another stack's local",
			`${jsonencode({"secret" = data.terraform_remote_state.cross-stack-reference-input-dev-data.outputs.cross-stack-output-localdatabase_secret-arn_8DA47CC4})}`,
			`{secret: "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!db-11111111-2222-3333-4444-555555555555-AbCdEf"}`,
		},
		{
			"text with quotes, backslashes and what looks like a reference", `${jsonencode({"a" = "[\"b\", \\d] \u0024{1}", "b" = null})}`,
			`{"a": '["b", \d] ${1}', "b": null}`,
		},
		{
			"workspace of Prometheus", `${jsonencode({"url" = "${aws_prometheus_workspace.workspace.prometheus_endpoint}api/v1/remote_write"})}`,
			`{"url": "https://aps-workspaces.eu-west-2.amazonaws.com/workspaces/ws-11111111-2222-3333-4444-555555555555/api/v1/remote_write"}`,
		},
		{"function of literals", `${jsonencode({"a" = join("-", ["b", "c"]), "n" = tostring(3)})}`, `{"a": b-c, "n": "3"}`},
		{"literal that looks like a reference", `${jsonencode({"a" = "$${b}"})}`, `{"a": "${b}"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := evaluateValues(test.text)
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := yaml.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("is %v, want %v", got, want)
			}
		})
	}
}

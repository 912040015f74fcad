package wholeapp

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// policyStatement is one of any policy: a data source's, or in the JSON of whichever argument.
type policyStatement struct {
	// where are the stack, the resource, and the statement's place and Sid.
	where               string
	actions, notActions []string
	// resources are ARNs with wildcards. Trust policies, and statements with NotResource, have none.
	resources []string
	// keys are those of the conditions.
	keys []string
}

// allStatements are those of all policies of a platform, and what cannot be read of them.
func allStatements(p platform) (all []policyStatement, broken []string) {
	for _, e := range p.elements() {
		if e.kind == "aws_iam_policy_document" {
			blocks, _ := e.body["statement"].([]any)
			for i, block := range blocks {
				body := block.(object)
				s := policyStatement{
					where:   placed(e.String(), i, body["sid"]),
					actions: strs(body["actions"]), notActions: strs(body["not_actions"]), resources: strs(body["resources"]),
				}
				conditions, _ := body["condition"].([]any)
				for _, condition := range conditions {
					s.keys = append(s.keys, fmt.Sprint(dig(condition, "variable")))
				}
				broken = append(broken, s.resolve(p)...)
				all = append(all, s)
			}
			continue
		}
		walk(e.body, "", func(path string, scalar any) {
			text, _ := scalar.(string)
			if !strings.Contains(text, `"Statement"`) {
				return
			}
			var document struct{ Statement []object }
			if err := json.Unmarshal([]byte(text), &document); err != nil {
				broken = append(broken, fmt.Sprintf("%s%s: the policy cannot be read: %v", e, path, err))
				return
			}
			for i, body := range document.Statement {
				s := policyStatement{
					where:   placed(e.String()+path, i, body["Sid"]),
					actions: words(body["Action"]), notActions: words(body["NotAction"]), resources: words(body["Resource"]),
				}
				conditions, _ := body["Condition"].(object)
				for _, of := range conditions {
					s.keys = slices.AppendSeq(s.keys, maps.Keys(of.(object)))
				}
				broken = append(broken, s.resolve(p)...)
				all = append(all, s)
			}
		})
	}
	return all, broken
}

func placed(in string, i int, sid any) string {
	if name, _ := sid.(string); name != "" {
		return fmt.Sprintf("%s, statement %d (%s)", in, i+1, name)
	}
	return fmt.Sprintf("%s, statement %d", in, i+1)
}

// arns are what the references of policies become, as far as it matters to which type they belong.
var arns = map[string]string{
	"aws_backup_vault.arn":                             "arn:aws:backup:eu-west-2:111111111111:backup-vault:it",
	"aws_db_instance.arn":                              "arn:aws:rds:eu-west-2:111111111111:db:it",
	"aws_db_instance.master_user_secret[0].secret_arn": "arn:aws:secretsmanager:eu-west-2:111111111111:secret:it",
	"aws_kms_key.arn":                                  "arn:aws:kms:eu-west-2:111111111111:key/it",
	"aws_prometheus_workspace.arn":                     "arn:aws:aps:eu-west-2:111111111111:workspace/it",
	"aws_rds_cluster.arn":                              "arn:aws:rds:eu-west-2:111111111111:cluster:it",
	"aws_rds_cluster.master_user_secret[0].secret_arn": "arn:aws:secretsmanager:eu-west-2:111111111111:secret:it",
	"aws_s3_bucket.arn":                                "arn:aws:s3:::it",
	"aws_secretsmanager_secret.arn":                    "arn:aws:secretsmanager:eu-west-2:111111111111:secret:it",
	"aws_sns_topic.arn":                                "arn:aws:sns:eu-west-2:111111111111:it",
}

var (
	// leading is a reference with which an ARN begins.
	leading = regexp.MustCompile(`^\$\{(\w+)\.[\w-]+\.([\w.\[\]-]+)\}`)
	remote  = regexp.MustCompile(`^\$\{data\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)\.outputs\.([\w-]+)\}`)
	// inserted is any other expression, or one of IAM's own variables.
	inserted = regexp.MustCompile(`[&$]{1,2}\{[^}]*\}`)
)

// resolve puts ARNs in the place of references.
func (s *policyStatement) resolve(p platform) (broken []string) {
	for i, key := range s.keys {
		s.keys[i] = inserted.ReplaceAllString(key, "it")
	}
	for i, resource := range s.resources {
		if found := remote.FindStringSubmatch(resource); found != nil {
			value, _ := dig(p.stacks[found[1]], "output", found[2], "value").(string)
			resource = value + strings.TrimPrefix(resource, found[0])
		}
		if found := leading.FindStringSubmatch(resource); found != nil {
			arn := arns[found[1]+"."+found[2]]
			if arn == "" {
				broken = append(broken, fmt.Sprintf("%s: %s: tell in arns, in wholeapp/policies_test.go, how the ARN of an %s.%s looks", s.where, resource, found[1], found[2]))
			}
			resource = arn + strings.TrimPrefix(resource, found[0])
		}
		s.resources[i] = inserted.ReplaceAllString(resource, "it")
	}
	return broken
}

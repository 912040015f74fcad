package wholeapp

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// rule is a statement of a policy.
type rule struct {
	sid                 string
	deny                bool
	actions, notActions []string
	resources           []string
	conditions          []condition
}

type condition struct {
	test, key string
	values    []string
}

// blockRules reads the statements of an aws_iam_policy_document.
func blockRules(body object) (rules []rule) {
	blocks, _ := body["statement"].([]any)
	for _, block := range blocks {
		s := block.(object)
		r := rule{deny: s["effect"] == "Deny", actions: strs(s["actions"]), notActions: strs(s["not_actions"]), resources: strs(s["resources"])}
		r.sid, _ = s["sid"].(string)
		conditions, _ := s["condition"].([]any)
		for _, value := range conditions {
			c := value.(object)
			r.conditions = append(r.conditions, condition{fmt.Sprint(c["test"]), fmt.Sprint(c["variable"]), strs(c["values"])})
		}
		rules = append(rules, r)
	}
	return rules
}

// jsonRules reads the statements of a policy in IAM's JSON.
func jsonRules(text string) (rules []rule, _ error) {
	var document struct{ Statement []object }
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return nil, err
	}
	for _, s := range document.Statement {
		r := rule{deny: s["Effect"] == "Deny", actions: words(s["Action"]), notActions: words(s["NotAction"]), resources: words(s["Resource"])}
		r.sid, _ = s["Sid"].(string)
		tests, _ := s["Condition"].(object)
		for test, keys := range tests {
			for key, values := range keys.(object) {
				r.conditions = append(r.conditions, condition{test, key, words(values)})
			}
		}
		rules = append(rules, r)
	}
	return rules, nil
}

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
	add := func(where string, rules []rule) {
		for i, r := range rules {
			s := policyStatement{where: placed(where, i, r.sid), actions: r.actions, notActions: r.notActions, resources: r.resources}
			for _, c := range r.conditions {
				s.keys = append(s.keys, c.key)
			}
			broken = append(broken, s.resolve(p)...)
			all = append(all, s)
		}
	}
	for _, e := range p.elements() {
		if e.kind == "aws_iam_policy_document" {
			add(e.String(), blockRules(e.body))
			continue
		}
		walk(e.body, "", func(path string, scalar any) {
			text, _ := scalar.(string)
			if !strings.Contains(text, `"Statement"`) {
				return
			}
			rules, err := jsonRules(text)
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s%s: the policy cannot be read: %v", e, path, err))
			}
			add(e.String()+path, rules)
		})
	}
	return all, broken
}

func placed(in string, i int, sid string) string {
	if sid != "" {
		return fmt.Sprintf("%s, statement %d (%s)", in, i+1, sid)
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

var (
	// localReference matches a reference to a local, and triedFirst try(a, …), of which it captures a.
	localReference = regexp.MustCompile(`^\$\{local\.([\w-]+)\}$`)
	triedFirst     = regexp.MustCompile(`^\$\{try\(([^(),]+),`)
)

// followLocal returns the reference that a stack's local is.
func followLocal(stack object, reference string) string {
	found := localReference.FindStringSubmatch(reference)
	if found == nil {
		return reference
	}
	value, _ := dig(stack, "locals", found[1]).(string)
	if first := triedFirst.FindStringSubmatch(value); first != nil {
		return "${" + first[1] + "}"
	}
	return value
}

// resolve puts ARNs in the place of references.
func (s *policyStatement) resolve(p platform) (broken []string) {
	for i, key := range s.keys {
		s.keys[i] = inserted.ReplaceAllString(key, "it")
	}
	for i, resource := range s.resources {
		if found := remote.FindStringSubmatch(resource); found != nil {
			value, _ := dig(p.stacks[found[1]], "output", found[2], "value").(string)
			value = followLocal(p.stacks[found[1]], value)
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

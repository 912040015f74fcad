package wholeapp

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/permissions"
	"plinth/settings"
	"plinth/stacks"
)

// TestPermissionsDocument keeps docs/permissions.md current. After an intended change run make
// golden.
func TestPermissionsDocument(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, environments)
	all, err := settings.Load(environments, []string{date})
	assert.NilError(t, err)
	table := permissions.All()
	var b strings.Builder
	b.WriteString(permissionsIntroduction)
	for _, env := range all {
		fmt.Fprintf(&b, "- [%s](#%[1]s)\n", env.Name)
	}
	b.WriteString(permissionsByType + table.Markdown())
	role := func(name, what string, statements []permissions.Statement) {
		fmt.Fprintf(&b, "\n### `%s`\n\n%s\n\n%s", name, what, permissions.Markdown(statements))
	}
	for _, env := range all {
		trust := func(t settings.Trust) string {
			text := fmt.Sprintf("For tokens of %s with the audience `%s` and the subject `%s`", env.CI.Issuer, t.Audience, strings.Join(t.Subjects, "` or `"))
			if len(t.Refs) > 0 {
				text += fmt.Sprintf(", of `%s`", strings.Join(t.Refs, "` or `"))
			}
			return text + "."
		}
		fmt.Fprintf(&b, "\n## %s\n\n<details><summary>The roles of %s</summary>\n", env.Name, env.Name)
		key := env.State.KMSKey
		if env.State.CreatesKey {
			key = "the states' key"
		}
		names := slices.Concat(shared[:4], env.ApplicationNames(), shared[4:])
		documents := map[string]object{}
		for _, name := range names {
			documents[name] = p.stacks[env.Name+"-"+name]
		}
		for _, name := range names {
			subject := stacks.Permissions(env, name, documents, key)
			subject.HostedZones = map[string]string{}
			for _, app := range env.Applications() {
				if app.Web != nil {
					subject.HostedZones[app.Web.HostedZone] = "the id of " + app.Web.HostedZone
				}
			}
			may, err := table.Deploy(subject)
			assert.NilError(t, err)
			role(env.DeployRole(name), "Deploys and destroys `"+env.Name+"-"+name+"`. "+trust(env.DeployTrust()), may)
			may, err = table.Plan(subject)
			assert.NilError(t, err)
			role(env.PlanRole(name), "Plans `"+env.Name+"-"+name+"`. "+trust(env.PlanTrust()), may)
			may, err = permissions.RolesBoundary(subject)
			assert.NilError(t, err)
			role(env.RoleBoundary(name), "The boundary of every role that `"+env.Name+"-"+name+"` makes.", may)
		}
		var repositories []string
		for _, app := range env.ApplicationNames() {
			repositories = append(repositories, env.ResourceName(app))
		}
		role(env.PushRole(), "Pushes images. "+trust(env.PushTrust()), permissions.Push(env.Region, env.Account, repositories...))
		b.WriteString("\n</details>\n")
	}
	if difference := differs(b.String(), "../../docs/permissions.md"); difference != "" {
		t.Errorf("docs/permissions.md is not what the stacks take. If that is meant: make golden\n%s", inShort(difference))
	}
}

const permissionsIntroduction = `# Permissions

Generated from the table in ` + "`permissions/`" + ` and from what the stacks hold; ` + "`make golden`" + ` writes it anew, and a
test keeps it current. Each stack has a role that deploys it and one that plans it, made by the
bootstrap stack: [Security](security.md#roles) explains them. A rehearsal runs every stack under them.

Every role has a permissions boundary: the actions in its own table and no others. IAM and S3 are as
narrow as in the table, and no IAM action is allowed on what the bootstrap stack makes. A role that a
stack makes must have the stack's boundary for roles, which is listed too.
[What a role can reach](security.md#what-a-role-can-reach) says what follows from all of this.

- [Permissions by resource type](#permissions-by-resource-type)
`

const permissionsByType = `
## Permissions by resource type

Whoever creates, updates or deletes also reads. What is not here needs nothing of AWS: what is in
Kubernetes goes through the cluster's access entries.

`

// words returns a list of strings, or a single string as a list: IAM's JSON has either.
func words(value any) []string {
	if text, ok := value.(string); ok {
		return []string{text}
	}
	return strs(value)
}

// statement is a statement of a managed policy, with the policy's element.
type statement struct {
	element
	body object
}

// policyStatements returns the Allow statements of managed policies, in IAM's JSON.
func policyStatements(p platform) (all []statement) {
	for _, e := range p.resources("aws_iam_policy") {
		for _, s := range policyOf(e) {
			if s["Effect"] == "Allow" {
				all = append(all, statement{e, s})
			}
		}
	}
	return all
}

func policyOf(e element) []object {
	var document struct{ Statement []object }
	if err := json.Unmarshal([]byte(fmt.Sprint(e.body["policy"])), &document); err != nil {
		panic(fmt.Sprintf("%s: %v", e, err))
	}
	return document.Statement
}

// isBoundary reports whether a policy is a permissions boundary.
func isBoundary(e element) bool {
	name := fmt.Sprint(e.body["name"])
	return strings.HasSuffix(name, "-boundary") || strings.Contains(name, "-roles-")
}

// planTrusted: a subject that may deploy may also plan, because a pipeline plans before it deploys.
func planTrusted(p platform) (broken []string) {
	trusted := map[string][]string{} // by stack, verb and claim
	for _, e := range p.elements() {
		found := trustName.FindStringSubmatch(e.name)
		if found == nil || e.kind != "aws_iam_policy_document" || layer(e.stack) != bootstrap {
			continue
		}
		for _, condition := range dig(e.body, "statement", "condition").([]any) {
			variable := fmt.Sprint(dig(condition, "variable"))
			key := e.stack + " " + found[1] + variable[strings.LastIndex(variable, ":"):]
			trusted[key] = strs(dig(condition, "values"))
		}
	}
	for key, subjects := range trusted {
		stack, deploys := strings.CutSuffix(key, " deploy:sub")
		if !deploys {
			continue
		}
		for _, subject := range subjects {
			// The token of a job in GitHub's environment names its branch in another claim; a plan's, in its subject.
			if repository, _, inEnvironment := strings.Cut(subject, ":environment:"); inEnvironment {
				for _, ref := range trusted[stack+" deploy:ref"] {
					if !covered(repository+":ref:"+ref, trusted[stack+" plan:sub"]) {
						broken = append(broken, stack+": "+ref+" may deploy, and not plan")
					}
				}
			} else if !covered(subject, trusted[stack+" plan:sub"]) {
				broken = append(broken, stack+": "+subject+" may deploy, and not plan")
			}
		}
	}
	if len(trusted) == 0 {
		broken = append(broken, "nobody is trusted")
	}
	return broken
}

// covered reports whether a pattern, which may end in a star, matches the subject.
func covered(subject string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return strings.HasPrefix(subject, strings.TrimSuffix(pattern, "*"))
	})
}

// trustName matches the name of a role's trust policy. Its first group is the verb.
var trustName = regexp.MustCompile(`^(deploy|plan|push)(-\w+)?_trust_`)

// audiencesApart: each verb of each environment has its own audience, and the account's OIDC provider
// lists it.
func audiencesApart(p platform) (broken []string) {
	listed := map[string][]string{}
	for _, e := range p.resources("aws_iam_openid_connect_provider") {
		listed[e.stack] = strs(e.body["client_id_list"])
	}
	of := map[string]string{} // environment and verb by audience
	for _, e := range p.elements() {
		found := trustName.FindStringSubmatch(e.name)
		if found == nil || e.kind != "aws_iam_policy_document" || layer(e.stack) != bootstrap {
			continue
		}
		owner := environment(e.stack) + " " + found[1]
		for _, condition := range dig(e.body, "statement", "condition").([]any) {
			if !strings.HasSuffix(fmt.Sprint(dig(condition, "variable")), ":aud") {
				continue
			}
			for _, audience := range strs(dig(condition, "values")) {
				if other, taken := of[audience]; taken && other != owner {
					broken = append(broken, fmt.Sprintf("%s: its tokens, for %s, open roles of %s too", e, audience, other))
				}
				of[audience] = owner
				if provider, made := listed[e.stack]; made && !slices.Contains(provider, audience) {
					broken = append(broken, fmt.Sprintf("%s: the OIDC provider does not list %s", e, audience))
				}
			}
		}
	}
	if len(of) < 3 {
		broken = append(broken, fmt.Sprintf("audiences are %v", of))
	}
	return broken
}

func bucketsClosed(p platform) (broken []string) {
	for _, bucket := range p.resources("aws_s3_bucket") {
		own := func(kind string) object {
			for _, e := range p.resources(kind) {
				if e.stack == bucket.stack && strings.Contains(fmt.Sprint(e.body["bucket"]), bucket.name) {
					return e.body
				}
			}
			return nil
		}
		rule := dig(own("aws_s3_bucket_server_side_encryption_configuration"), "rule", "apply_server_side_encryption_by_default")
		block := own("aws_s3_bucket_public_access_block")
		policy := fmt.Sprint(bucketPolicy(p, bucket.stack, own("aws_s3_bucket_policy")))
		sids, encrypted := []string{"OnlyTLS", "OnlyKMS", "OnlyItsKey"}, dig(rule, "sse_algorithm") == "aws:kms" && dig(rule, "kms_master_key_id") != nil
		// Elastic Load Balancing supports only S3's own keys. A bootstrap stack with two KMS keys could not
		// tell which one a killed run has left, so the trail's bucket has S3's too.
		delivered := strings.Contains(policy, "logdelivery.elasticloadbalancing.amazonaws.com") || strings.Contains(policy, "cloudtrail.amazonaws.com")
		if delivered {
			sids, encrypted = sids[:1], dig(rule, "sse_algorithm") == "AES256"
		}
		for what, right := range map[string]bool{
			"not encrypted with a key of Plinth's": encrypted,
			"not versioned":                        dig(own("aws_s3_bucket_versioning"), "versioning_configuration", "status") == "Enabled",
			"may become public": block["block_public_acls"] == true && block["block_public_policy"] == true &&
				block["ignore_public_acls"] == true && block["restrict_public_buckets"] == true,
			"keeps old versions for ever": strings.Contains(fmt.Sprint(own("aws_s3_bucket_lifecycle_configuration")), "noncurrent_days"),
			"has no policy":               own("aws_s3_bucket_policy") != nil,
		} {
			if !right {
				broken = append(broken, bucket.String()+": "+what)
			}
		}
		// A request that names no encryption gets the bucket's. Deny only one that names another.
		if !delivered && (strings.Count(policy, "test:Null") != 2 || strings.Contains(policy, "IfExists")) {
			broken = append(broken, bucket.String()+": refuses writers that name no encryption")
		}
		for _, sid := range sids {
			if !strings.Contains(policy, sid) {
				broken = append(broken, bucket.String()+": its policy lacks "+sid)
			}
		}
	}
	return broken
}

// bucketPolicy returns the statements of the document that a bucket's policy refers to.
func bucketPolicy(p platform, stack string, policy object) any {
	document := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(policy["policy"]), "${data.aws_iam_policy_document."), ".json}")
	return dig(p.stacks[stack], "data", "aws_iam_policy_document", document, "statement")
}

func rolesBounded(p platform) (broken []string) {
	made := map[string]bool{}
	for _, e := range p.resources("aws_iam_policy") {
		made[fmt.Sprintf("%s arn:aws:iam::%s:policy/%s", environment(e.stack), p.settings[environment(e.stack)].Account, e.body["name"])] = true
	}
	for _, e := range p.resources("aws_iam_role") {
		boundary := fmt.Sprint(e.body["permissions_boundary"])
		if layer(e.stack) == bootstrap && strings.HasPrefix(boundary, "${aws_iam_policy.") {
			continue
		}
		if !made[environment(e.stack)+" "+boundary] {
			broken = append(broken, fmt.Sprintf("%s: its boundary %s is no policy of the bootstrap's", e, boundary))
		}
	}
	return broken
}

// iamLimits checks managed policies and their number for each role against IAM's quotas.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func iamLimits(p platform) (broken []string) {
	attached := map[string]int{}
	for _, e := range p.resources("aws_iam_role_policy_attachment") {
		attached[e.stack+" "+fmt.Sprint(e.body["role"])]++
	}
	for role, n := range attached {
		if n > permissions.PoliciesPerRole {
			broken = append(broken, fmt.Sprintf("%s has %d policies", role, n))
		}
	}
	for _, e := range p.resources("aws_iam_policy") {
		// Terraform replaces a reference with an ARN, at most this long.
		text := regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllString(fmt.Sprint(e.body["policy"]), strings.Repeat("a", 80))
		if len(text) > permissions.PolicySize {
			broken = append(broken, fmt.Sprintf("%s has %d characters", e, len(text)))
		}
	}
	return broken
}

// bootstrapOutOfReach: a boundary that allows any IAM action denies all of them on what the
// bootstrap creates.
func bootstrapOutOfReach(p platform) (broken []string) {
	for _, e := range p.resources("aws_iam_policy") {
		if !strings.HasSuffix(fmt.Sprint(e.body["name"]), "-boundary") {
			continue
		}
		prefix := "arn:aws:iam::" + p.settings[environment(e.stack)].Account + ":"
		name := p.settings[environment(e.stack)].ResourceName
		protected := []string{prefix + "role/" + name("deploy", "*"), prefix + "role/" + name("plan", "*"), prefix + "role/" + name("push"), prefix + "policy/" + name("*")}
		allowed, denied := "", false
		for _, s := range policyOf(e) {
			for _, action := range words(s["Action"]) {
				if s["Effect"] == "Allow" && strings.HasPrefix(action, "iam:") {
					allowed = action
				}
			}
			denied = denied || s["Effect"] == "Deny" && s["Action"] == "iam:*" &&
				!slices.ContainsFunc(protected, func(arn string) bool { return !slices.Contains(words(s["Resource"]), arn) })
		}
		if allowed != "" && !denied {
			broken = append(broken, e.String()+": allows "+allowed+" for what the bootstrap makes")
		}
	}
	return broken
}

// reading matches actions that change nothing.
var reading = regexp.MustCompile(`^[a-z0-9-]+:(Describe|Get|List|View)[A-Za-z]*$`)

// secretsValues are reading actions that may return secrets.
var secretsValues = []string{
	"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath",
	"rds:DownloadDBLogFilePortion", "ecr:GetAuthorizationToken", "logs:GetLogEvents",
}

// awsParameters reports whether all resources are AWS's public parameters.
func awsParameters(resources []string) bool {
	return !slices.ContainsFunc(resources, func(arn string) bool { return !strings.Contains(arn, "::parameter/aws/service/") })
}

func plansReadOnly(p platform) (broken []string) {
	for _, s := range policyStatements(p) {
		if !strings.Contains(fmt.Sprint(s.element.body["name"]), "-plan-") {
			continue
		}
		for _, action := range words(s.body["Action"]) {
			if action == "ssm:GetParameter" && (isBoundary(s.element) || awsParameters(words(s.body["Resource"]))) {
				continue
			}
			state := action == "kms:Decrypt" && strings.Contains(fmt.Sprint(s.body["Condition"], s.element.body["name"]), "s3")
			if slices.Contains(secretsValues, action) || !reading.MatchString(action) && !state {
				broken = append(broken, fmt.Sprintf("%s: allows %s", s, action))
			}
			for _, resource := range words(s.body["Resource"]) {
				if strings.HasSuffix(resource, ".tflock") || strings.HasPrefix(resource, "arn:aws:route53:::hostedzone/") && strings.Contains(resource, "*") {
					broken = append(broken, fmt.Sprintf("%s: allows %s on %s", s, action, resource))
				}
			}
		}
	}
	return broken
}

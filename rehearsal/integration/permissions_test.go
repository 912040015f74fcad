package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/permissions"
	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/synthesized"
)

// recorded holds the AWS API calls of the whole life of an environment's stacks, each under its
// own role.
type recorded struct {
	name   string
	stacks map[string]permissions.Stack
	calls  []cloud.Call
	// deployers and planners are sessions of the stacks' roles, by the stack.
	deployers, planners map[string]*iam.Session
}

// TestPermissions deploys, repairs, changes and destroys every stack under its own role, then
// checks the calls: the table of permissions grants nothing unused, and no stack's role is enough
// for another stack.
func TestPermissions(t *testing.T) {
	t.Parallel()
	var (
		mutex sync.Mutex
		lives []recorded
	)
	t.Run("lives", func(t *testing.T) {
		for name, test := range map[string]struct {
			env                string
			overrides, changes []string
		}{
			"RDS": {
				"dev", []string{"DATABASE_PASSWORD_ROTATION_DAYS=30"},
				[]string{"CLUSTER_VERSION=1.36", "LOG_RETENTION_DAYS=14", "DATABASE_STORAGE_GIB=30", "DATABASE_RESTORE_FROM_SNAPSHOTS=[<snapshot>]"},
			},
			"in the cluster":    {"dev", []string{"DATABASE_ENGINE=in-cluster"}, nil},
			"RDS with replicas": {"prod", []string{"PROTECTED=false", "DATABASE_FINAL_SNAPSHOT=true", "DATABASE_AWS_BACKUP_LOCK_MODE=governance"}, nil},
			"Aurora": {"dev", []string{
				"DATABASE_ENGINE=aurora-postgresql", "DATABASE_INSTANCE_CLASS=db.t4g.medium", "DATABASE_AUTOSCALING_MAX=3", "DATABASE_FINAL_SNAPSHOT=true",
				"NETWORK_VPN_ENABLED=true", "NETWORK_VPN_CLIENT_CIDR=172.16.0.0/22",
				"NETWORK_VPN_SERVER_CERTIFICATE_ARN=arn:aws:acm:<region>:<account>:certificate/11111111-2222-3333-4444-555555555555",
				"NETWORK_VPN_SAML_PROVIDER_ARN=arn:aws:iam::<account>:saml-provider/sso", "DATABASE_PASSWORD_ROTATION_DAYS=30",
				"DATABASE_AWS_BACKUP_ENABLED=true", "DATABASE_AWS_BACKUP_LOCK_MODE=compliance", "DATABASE_AWS_BACKUP_LOCK_CHANGEABLE_FOR_DAYS=3",
				"DATABASE_AWS_BACKUP_LOCK_MIN_RETENTION_DAYS=30",
			}, []string{"DATABASE_AWS_BACKUP_LOCK_MAX_RETENTION_DAYS=365", "DATABASE_RESTORE_FROM_SNAPSHOTS=[<snapshot>]"}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				life := live(t, name, test.env, test.overrides, test.changes)
				mutex.Lock()
				defer mutex.Unlock()
				lives = append(lives, life)
			})
		}
	})
	if t.Failed() {
		return
	}
	slices.SortFunc(lives, func(a, b recorded) int { return strings.Compare(a.name, b.name) })
	table := permissions.All()
	for _, key := range slices.Sorted(maps.Keys(table)) {
		behaves, calls := cloud.Knows(kindOf(key))
		if table[key].Source == "" || !behaves && !calls { // nothing to check: a type known by its schema alone makes no calls
			continue
		}
		t.Run(key, func(t *testing.T) { needsAll(t, table, key, lives) })
	}
	t.Run("no stack's role is enough for another stack", func(t *testing.T) { apart(t, table, lives) })
	t.Run("plan roles change nothing", func(t *testing.T) { plansOnly(t, table, lives) })
	t.Run("iam-simulate decides alike", func(t *testing.T) { decidedAlike(t, lives) })
}

// live plays one life and returns its calls.
func live(t *testing.T, name, env string, overrides, changes []string) recorded {
	like := start(t, env) // its overrides are for its account
	account, region := like.account()
	before := like.name("before") // a snapshot of the life's database
	known := strings.NewReplacer("<account>", account, "<region>", region, "<snapshot>", before)
	variables := func(settings ...string) (all []string) {
		for _, setting := range settings {
			all = append(all, like.Variable(known.Replace(setting)))
		}
		return all
	}
	r := start(t, env, variables(overrides...)...)
	assert.NilError(t, r.Bootstrap(t.Context()))
	// under runs Terraform in a stack's folder under the stack's own role.
	under := func(stack string, args ...string) run.Command {
		return r.As(r.Terraform(stack, args...), r.App.Pipeline.DeployRoles[stack], r.App.Pipeline.Release())
	}
	apply := func(stack string) run.Command { return under(stack, "apply", "-auto-approve", "-input=false") }
	r.each(r.App.Needs, func(stack string) []run.Command {
		return []run.Command{under(stack, "init", "-input=false"), apply(stack)}
	})
	if want := reached[name]; want != nil {
		assert.DeepEqual(t, r.reached(), want)
	}
	noSecrets(r)
	life := recorded{name: name, stacks: map[string]permissions.Stack{}, deployers: r.sessions(r.App.Pipeline.DeployRoles), planners: r.sessions(r.App.Pipeline.PlanRoles)}
	zones := map[string]string{}
	assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error {
		w.Each(func(_, id string, zone *cloud.Thing) bool { zones[zone.Attributes["name"].(string)] = id; return true }, "aws_route53_zone")
		return nil
	}))
	for _, stack := range r.App.Stacks {
		subject := described(t, stack)
		subject.HostedZones = zones
		life.stacks[r.App.Pipeline.DeployRoles[stack.Name]] = subject
	}
	assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error { return snapshots(w, before) }))
	assert.NilError(t, r.Cloud().Update(drift))
	r.synth(variables(append(overrides, changes...)...)...)
	r.each(r.App.Needs, func(stack string) []run.Command { return []run.Command{apply(stack)} })
	// Deleting the key makes the snapshots that it encrypts useless, so they go first.
	assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error {
		w.Remove("aws_db_snapshot", before)
		w.Remove("aws_db_cluster_snapshot", before)
		if !holds(w, "aws_backup_vault") {
			w.Remove("aws_db_snapshot", "awsbackup:job-1")
			w.Remove("aws_db_cluster_snapshot", "awsbackup:job-1")
		}
		return nil
	}))
	r.each(r.App.NeededBy, func(stack string) (commands []run.Command) {
		// The key of a final snapshot stays: Terraform forgets it, as docs/environments.md says.
		for _, address := range r.App.Stack(stack).Guarded {
			commands = append(commands, under(stack, "state", "rm", address))
		}
		return append(commands, under(stack, "destroy", "-auto-approve", "-input=false"))
	})

	var err error
	life.calls, err = r.Cloud().Calls()
	assert.NilError(t, err)
	return life
}

// snapshots makes a manual snapshot of each database, and one by AWS Backup.
func snapshots(w *cloud.World, name string) (err error) {
	w.Each(func(kind, _ string, thing *cloud.Thing) bool {
		if replica, _ := thing.Attributes["replicate_source_db"].(string); replica == "" {
			err = errors.Join(w.Snapshot(kind, thing, name, "somebody"), w.Snapshot(kind, thing, "awsbackup:job-1", "AWS Backup"))
		}
		return err == nil
	}, "aws_db_instance", "aws_rds_cluster")
	return err
}

func holds(w *cloud.World, kind string) (found bool) {
	w.Each(func(_, _ string, _ *cloud.Thing) bool { found = true; return false }, kind)
	return found
}

// described is a stack as package permissions reads it.
func described(t *testing.T, stack *synthesized.Stack) permissions.Stack {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(stack.Folder, "cdk.tf.json"))
	assert.NilError(t, err)
	var document map[string]any
	assert.NilError(t, json.Unmarshal(content, &document))
	var file struct {
		Provider struct {
			AWS []struct {
				Region   string   `json:"region"`
				Accounts []string `json:"allowed_account_ids"`
				Tags     []struct {
					Tags struct{ Project, Environment, Stack string } `json:"tags"`
				} `json:"default_tags"`
			} `json:"aws"`
		} `json:"provider"`
	}
	assert.NilError(t, json.Unmarshal(content, &file))
	aws := file.Provider.AWS[0]
	tags := aws.Tags[0].Tags
	return permissions.Stack{
		Project: tags.Project, Environment: tags.Environment, Name: tags.Stack, Account: aws.Accounts[0], Region: aws.Region, Document: document,
		Boundary: fmt.Sprintf("arn:aws:iam::%s:policy/%s-%s-roles-%s", aws.Accounts[0], tags.Project, tags.Environment, tags.Stack),
		State:    permissions.State{Bucket: stack.Bucket, Region: aws.Region, Key: stack.Key},
	}
}

// drift makes the changes that somebody could make to an environment and a deployment reverts.
func drift(w *cloud.World) error {
	without := func(was any) any { return was.([]any)[1:] }
	with := func(was any) any {
		return append(was.([]any), map[string]any{"name": "log_min_duration_statement", "value": "1", "apply_method": "immediate"})
	}
	changed := func(name string, value any) func(any) any {
		return func(was any) any {
			block := maps.Clone(was.([]any)[0].(map[string]any))
			block[name] = value
			return []any{block}
		}
	}
	// A function returns the drifted value for the current one.
	elsewhere := map[string]map[string]any{
		"aws_vpc_endpoint":                                   {"route_table_ids": without, "subnet_ids": without},
		"aws_db_parameter_group":                             {"parameter": with},
		"aws_rds_cluster_parameter_group":                    {"parameter": with},
		"aws_subnet":                                         {"map_public_ip_on_launch": true},
		"aws_vpc":                                            {"enable_dns_hostnames": false},
		"aws_route":                                          {"nat_gateway_id": "nat-00000000000000000"},
		"aws_vpc_security_group_ingress_rule":                {"description": "changed"},
		"aws_cloudwatch_log_group":                           {"retention_in_days": 1.0, "kms_key_id": ""},
		"aws_kms_alias":                                      {"target_key_id": "00000000-0000-0000-0000-000000000000"},
		"aws_kms_key":                                        {"description": "changed", "policy": `{"Version":"2012-10-17","Statement":[]}`},
		"aws_ecr_repository":                                 {"image_tag_mutability": "MUTABLE", "image_scanning_configuration": []any{map[string]any{"scan_on_push": false}}},
		"aws_secretsmanager_secret":                          {"description": "changed"},
		"aws_db_instance":                                    {"instance_class": "db.t4g.large"},
		"aws_db_subnet_group":                                {"description": "changed"},
		"aws_rds_cluster":                                    {"backup_retention_period": 35.0},
		"aws_rds_cluster_instance":                           {"instance_class": "db.t4g.large"},
		"aws_appautoscaling_target":                          {"max_capacity": 15.0},
		"aws_iam_role":                                       {"description": "changed", "assume_role_policy": `{"Version":"2012-10-17","Statement":[]}`},
		"aws_iam_openid_connect_provider":                    {"client_id_list": []any{"somebody.else"}},
		"aws_eks_cluster":                                    {"enabled_cluster_log_types": []any{"api"}},
		"aws_eks_addon":                                      {"configuration_values": `{"changed":true}`},
		"aws_eks_access_entry":                               {"kubernetes_groups": []any{"somebody:else"}},
		"aws_instance":                                       {"instance_type": "t4g.2xlarge", "metadata_options": changed("http_tokens", "optional")},
		"aws_ssm_document":                                   {"content": `{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{}}`},
		"aws_ec2_client_vpn_endpoint":                        {"session_timeout_hours": 24.0},
		"aws_vpc_security_group_egress_rule":                 {"description": "changed"},
		"aws_wafv2_web_acl":                                  {"description": "changed"},
		"aws_backup_plan":                                    {"rule": changed("schedule", "cron(0 0 1 1 ? *)")},
		"aws_budgets_budget":                                 {"limit_amount": "1"},
		"aws_secretsmanager_secret_rotation":                 {"rotation_rules": changed("automatically_after_days", 1000.0)},
		"aws_wafv2_web_acl_logging_configuration":            {"redacted_fields": []any{}},
		"aws_route53_record":                                 {"ttl": 5.0},
		"aws_sns_topic":                                      {"kms_master_key_id": "alias/aws/sns"},
		"aws_sns_topic_policy":                               {"policy": `{"Version":"2012-10-17","Statement":[]}`},
		"aws_cloudwatch_metric_alarm":                        {"threshold": 99.0},
		"aws_cloudwatch_dashboard":                           {"dashboard_body": `{"widgets":[]}`},
		"aws_cloudwatch_log_metric_filter":                   {"pattern": "changed"},
		"aws_prometheus_workspace":                           {"alias": "changed", "logging_configuration": changed("log_group_arn", "arn:aws:logs:eu-west-2:333333333333:log-group:changed:*")},
		"aws_prometheus_rule_group_namespace":                {"data": "groups: []"},
		"aws_prometheus_alert_manager_definition":            {"definition": "alertmanager_config: |\n  route: {receiver: nobody}\n  receivers: [{name: nobody}]\n"},
		"aws_chatbot_slack_channel_configuration":            {"logging_level": "NONE"},
		"aws_s3_bucket_versioning":                           {"versioning_configuration": changed("status", "Suspended")},
		"aws_s3_bucket_public_access_block":                  {"block_public_acls": false},
		"aws_s3_bucket_ownership_controls":                   {"rule": changed("object_ownership", "ObjectWriter")},
		"aws_s3_bucket_policy":                               {"policy": `{"Version":"2012-10-17","Statement":[]}`},
		"aws_s3_bucket_lifecycle_configuration":              {"rule": changed("status", "Disabled")},
		"aws_s3_bucket_server_side_encryption_configuration": {"rule": changed("bucket_key_enabled", false)},
	}
	w.Each(func(kind, _ string, thing *cloud.Thing) bool {
		tags, _ := thing.Attributes["tags_all"].(map[string]any)
		name, _ := thing.Attributes["name"].(string)
		bucket, _ := thing.Attributes["bucket"].(string)
		if tags["stack"] == "bootstrap" || strings.HasSuffix(name, "-state") || strings.Contains(bucket, "-state-") || thing.MadeBy != "" {
			return true // the administrator's, or nobody's
		}
		if _, tagged := tags["repository"]; tagged {
			tags["repository"] = "elsewhere"
		}
		if kind == "aws_iam_role" && strings.HasSuffix(name, "-cluster") {
			// While the boundary is missing, the deploy role may change nothing else of the role.
			thing.Attributes["permissions_boundary"] = ""
			return true
		}
		for attribute, value := range elsewhere[kind] {
			was := thing.Attributes[attribute]
			if list, ok := was.([]any); was == nil || was == "" || ok && len(list) == 0 {
				continue // nothing to change
			}
			if change, ok := value.(func(any) any); ok {
				value = change(was)
			}
			thing.Attributes[attribute] = value
		}
		return true
	})
	return nil
}

// kindOf is the resource type of a key in the table.
func kindOf(key string) string {
	kind, _, _ := strings.Cut(key, "[")
	return kind
}

// callsOf are the calls that a type has made under a deploy role. The one AWS CLI command runs
// with the autoscaling target.
func callsOf(life recorded, kind string) (found []cloud.Call) {
	for _, call := range life.calls {
		if _, deploys := life.stacks[call.Role]; !deploys {
			continue
		}
		if call.Type == kind || call.Type == "aws" && kind == "aws_appautoscaling_target" {
			found = append(found, call)
		}
	}
	return found
}

// policies are the policies of a table's deploy roles, by role ARN. An empty kind means all types.
func policies(t *testing.T, table permissions.Table, life recorded, kind string) map[string]*iam.Document {
	t.Helper()
	only := permissions.Table{}
	for key, row := range table {
		if kind != "" && kindOf(key) != kind {
			row = permissions.Type{}
		}
		only[key] = row
	}
	return documents(t, life, only.Deploy)
}

func documents(t *testing.T, life recorded, of func(permissions.Stack) ([]permissions.Statement, error)) map[string]*iam.Document {
	t.Helper()
	all := map[string]*iam.Document{}
	for role, stack := range life.stacks {
		statements, err := of(stack)
		assert.NilError(t, err)
		all[role], err = iam.Parse(permissions.Document(statements))
		assert.NilError(t, err)
	}
	return all
}

func allowed(call cloud.Call, policy *iam.Document) bool {
	return iam.Evaluate(call.Request, []*iam.Document{policy}, nil).Allowed
}

// needsAll checks one row: it allows all calls of its type, and without any one of its actions
// some call is denied.
func needsAll(t *testing.T, table permissions.Table, key string, lives []recorded) {
	denied := func(table permissions.Table) (first string) {
		for _, life := range lives {
			calls := callsOf(life, kindOf(key))
			if len(calls) == 0 {
				continue
			}
			documents := policies(t, table, life, kindOf(key))
			for _, call := range calls {
				if !allowed(call, documents[call.Role]) {
					return fmt.Sprintf("%s: %s by %s on %s %v", life.name, call.Action, call.Operation, call.Resource, call.Context)
				}
			}
		}
		return ""
	}
	if call := denied(table); call != "" {
		t.Fatalf("the row does not allow what its type calls: %s", call)
	}
	for _, action := range actionsOf(table[key]) {
		mutated := maps.Clone(table)
		mutated[key] = without(table[key], action)
		if denied(mutated) == "" {
			t.Errorf("nothing that was rehearsed needs %s: is it too much, or is something not rehearsed?", action)
		}
	}
}

func grantsOf(row permissions.Type) [][]permissions.Grant {
	return [][]permissions.Grant{row.Create, row.Read, row.Update, row.Delete, row.Tag}
}

func actionsOf(row permissions.Type) []string {
	all := map[string]bool{}
	for _, grants := range grantsOf(row) {
		for _, grant := range grants {
			for _, action := range grant.Actions {
				all[action] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// without returns a row without one action.
func without(row permissions.Type, action string) permissions.Type {
	lacking := func(grants []permissions.Grant) (kept []permissions.Grant) {
		for _, grant := range grants {
			grant.Actions = slices.DeleteFunc(slices.Clone(grant.Actions), func(a string) bool { return a == action })
			if len(grant.Actions) > 0 {
				kept = append(kept, grant)
			}
		}
		return kept
	}
	row.Create, row.Read, row.Update, row.Delete, row.Tag = lacking(row.Create), lacking(row.Read), lacking(row.Update), lacking(row.Delete), lacking(row.Tag)
	return row
}

// looking matches the calls that change nothing, which several stacks need.
var looking = regexp.MustCompile(`:(Describe|Get|List|View)`)

// apart has each stack's role try the calls that created the other stacks' resources: for each
// resource, at least one must be denied.
func apart(t *testing.T, table permissions.Table, lives []recorded) {
	for _, life := range lives {
		documents := policies(t, table, life, "")
		for role, policy := range documents {
			made, refused := map[string]bool{}, map[string]bool{}
			for _, call := range life.calls {
				if _, deploys := life.stacks[call.Role]; !deploys || call.Role == role || call.Operation != cloud.OperationCreate || looking.MatchString(call.Action) {
					continue
				}
				thing := call.Role + ": " + call.Type + " " + call.Name
				made[thing] = true
				if !allowed(call, policy) {
					refused[thing] = true
				}
			}
			for thing := range made {
				if !refused[thing] {
					t.Errorf("%s: %s may make what belongs to %s", life.name, role, thing)
				}
			}
		}
	}
}

// plansOnly has the plan roles try all calls of the deploy roles. They may read everything but
// the values of secrets, and change nothing.
func plansOnly(t *testing.T, table permissions.Table, lives []recorded) {
	for _, life := range lives {
		plans := documents(t, life, table.Plan)
		looked := 0
		for _, call := range life.calls {
			policy, deploys := plans[call.Role]
			if !deploys {
				continue
			}
			looks := looking.MatchString(call.Action) && call.Action != "secretsmanager:GetSecretValue"
			// A state is read decrypted. Only roles that write it may use its lock.
			looks = looks && !strings.HasSuffix(call.Resource, ".tflock") || call.Type == "s3" && call.Action == "kms:Decrypt"
			switch may := allowed(call, policy); {
			case may && !looks:
				t.Errorf("%s: a plan role may %s on %s", life.name, call.Action, call.Resource)
			case may:
				looked++
			}
		}
		assert.Assert(t, looked > 100, "%s: plan roles may read %d times", life.name, looked)
	}
}

package wholeapp

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
)

// properties hold for every environment, present and future. check returns the violations. spoil
// breaks a platform on purpose, to show that check notices.
var properties = []struct {
	name  string
	check func(p platform) []string
	spoil func(p platform)
}{
	{
		"nothing is open to the world but load balancers and the way out", openToTheWorld,
		func(p platform) { first(p, "aws_vpc_security_group_ingress_rule")["cidr_ipv4"] = "0.0.0.0/0" },
	},
	{
		"database subnets have no route out", databaseRoutes,
		func(p platform) {
			for _, e := range p.resources("aws_route") {
				e.body["route_table_id"] = "${aws_route_table.network_database-routes_00000000.id}"
			}
			for _, e := range p.resources("aws_route_table_association") {
				if strings.Contains(e.name, "database") {
					e.body["route_table_id"] = "${aws_route_table.network_database-routes_00000000.id}"
				}
			}
		},
	},
	{
		"only the application's pods, the bastion and the VPN reach the database", databaseReached,
		func(p platform) {
			for _, e := range p.resources("aws_vpc_security_group_ingress_rule") {
				if layer(e.stack) == "app" {
					e.body["referenced_security_group_id"] = "${data.terraform_remote_state.x.outputs.cluster_security_group_id}"
				}
			}
		},
	},
	{
		"an application reads the password of its own login alone", ownLogins,
		func(p platform) {
			for _, e := range p.elements() {
				if e.kind == "aws_iam_policy_document" && layer(e.stack) == "app" {
					statements, _ := e.body["statement"].([]any)
					for _, s := range statements {
						if strings.Contains(fmt.Sprint(dig(s, "actions")), "secretsmanager:") {
							s.(object)["resources"] = []any{"${data.terraform_remote_state.x.outputs.cross-stack-output-localdatabase_secret-arn_00000000}"}
						}
					}
				}
			}
		},
	},
	{
		"the boundary of an application's roles has its own login alone", ownLogins,
		func(p platform) {
			for _, e := range p.resources("aws_iam_policy") {
				policy, _ := e.body["policy"].(string)
				e.body["policy"] = strings.ReplaceAll(policy, "/database-a-??????", "/database-?-??????")
			}
		},
	},
	{
		"pods reach what the table says, and nothing else", podsReached,
		func(p platform) {
			for _, e := range p.resources("helm_release") {
				if e.body["name"] == securityGroups && layer(e.stack) == "app" {
					e.body["namespace"] = "elsewhere"
				}
			}
		},
	},
	{
		"pods reach what they need", podsReached,
		func(p platform) {
			for _, e := range p.resources("aws_vpc_security_group_ingress_rule") {
				if e.body["ip_protocol"] == "udp" {
					e.body["ip_protocol"] = "tcp"
				}
			}
		},
	},
	{
		"the load balancer controller finds one group to open", clusterTagged,
		func(p platform) {
			for _, e := range p.resources("aws_security_group") {
				if layer(e.stack) == "app" {
					delete(e.body, "tags")
				}
			}
		},
	},
	{
		"pods start with their groups, and rules come before", groupsFirst,
		func(p platform) {
			for _, e := range p.resources("helm_release") {
				if ownChart(e) {
					e.body["depends_on"] = []any{}
				}
			}
		},
	},
	{
		"everything at rest is encrypted with a key of Plinth's", encryptedAtRest,
		func(p platform) { delete(first(p, "aws_cloudwatch_log_group"), "kms_key_id") },
	},
	{
		"every log group forgets", logRetention,
		func(p platform) { delete(first(p, "aws_cloudwatch_log_group"), "retention_in_days") },
	},
	{
		"every log that a service writes has its log group", logGroupsExist,
		func(p platform) {
			for _, e := range p.resources("aws_cloudwatch_log_group") {
				e.body["name"] = "/elsewhere"
			}
		},
	},
	{
		"no action is a wildcard, no resource wider than it must be", narrowPermissions,
		func(p platform) {
			statements(p)[0].body["actions"] = []any{"s3:*"}
		},
	},
	{
		"instances follow AWS's newest image", patched,
		func(p platform) {
			for stack, document := range p.stacks {
				if layer(stack) == "network" {
					document["resource"].(object)["aws_instance"] = object{"bastion": object{
						"ami": "${data.aws_ssm_parameter.image.insecure_value}", "lifecycle": object{"ignore_changes": []any{"ami"}},
					}}
				}
			}
		},
	},
	{
		"VPC endpoints admit the account's own roles, and nothing of other accounts", endpointsLimited,
		func(p platform) { delete(first(p, "aws_vpc_endpoint"), "policy") },
	},
	{
		"policies name actions, resources and condition keys that AWS has", existing,
		func(p platform) {
			statements(p)[0].body["actions"] = []any{"s3:GetObjct"}
		},
	},
	{
		"every trust of a service or a token is pinned", pinnedTrust,
		func(p platform) {
			for _, s := range statements(p) {
				delete(s.body, "condition")
			}
		},
	},
	{
		"no secret is written down", noSecrets,
		func(p platform) { first(p, "aws_db_instance", "aws_rds_cluster")["password"] = "hunter2" },
	},
	{
		"every resource is tagged", tagged,
		func(p platform) {
			for _, document := range p.stacks {
				dig(document, "provider", "aws", "default_tags", "tags").(object)["project"] = ""
			}
		},
	},
	{
		"every name is within its limit", nameLimits,
		func(p platform) { first(p, "aws_iam_role")["name"] = strings.Repeat("n", 65) },
	},
	{
		"values cross stacks one way, within an environment", oneWay,
		func(p platform) {
			for stack, document := range p.stacks {
				if layer(stack) == "network" {
					document["data"].(object)["terraform_remote_state"] = object{
						"cross-stack-reference-input-" + environment(stack) + "-app": object{},
					}
				}
			}
		},
	},
	{
		"each reference resolves to something that exists", references,
		func(p platform) { first(p, "aws_subnet")["vpc_id"] = "${aws_vpc.nowhere.id}" },
	},
	{
		"what holds data is guarded where protected", guarded,
		func(p platform) {
			for _, e := range p.resources() {
				delete(e.body, "lifecycle")
				e.body["deletion_protection"] = false
				e.body["force_delete"] = true
			}
		},
	},
	{
		"nobody pays for extended support unasked", standardSupport,
		func(p platform) { delete(first(p, "aws_db_instance", "aws_rds_cluster"), "engine_lifecycle_support") },
	},
	{
		"a pinned minor version of PostgreSQL stays", pinnedMinor,
		func(p platform) {
			first(p, "aws_db_instance", "aws_rds_cluster_instance")["auto_minor_version_upgrade"] = nil
		},
	},
	{
		"only the database in use is upgraded, and each has its own parameter group", upgrades,
		func(p platform) {
			first(p, "aws_db_parameter_group", "aws_rds_cluster_parameter_group")["family"] = "postgres9"
		},
	},
	{
		"Kubernetes is reached only from the stacks above the cluster", kubernetesProviders,
		func(p platform) {
			for stack, document := range p.stacks {
				if layer(stack) == "cluster" {
					document["provider"].(object)["helm"] = []any{object{}}
				}
			}
		},
	},
	{
		"subnets are inside their VPC and apart", subnetsApart,
		func(p platform) {
			for _, e := range p.resources("aws_subnet") {
				e.body["cidr_block"] = "10.10.0.0/20"
			}
		},
	},
	{
		"buckets are private, versioned, encrypted and reached over TLS alone", bucketsClosed,
		func(p platform) { first(p, "aws_s3_bucket_public_access_block")["block_public_acls"] = false },
	},
	{
		"every role that a stack makes has a boundary that the bootstrap makes", rolesBounded,
		func(p platform) { delete(first(p, "aws_iam_role"), "permissions_boundary") },
	},
	{
		"policies and roles are within IAM's limits", iamLimits,
		func(p platform) {
			first(p, "aws_iam_policy")["policy"] = `{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"` + strings.Repeat("r", 6144) + `"}]}`
		},
	},
	{
		"no pipeline's role can change a role or a policy of the bootstrap", bootstrapOutOfReach,
		func(p platform) {
			for _, e := range p.resources("aws_iam_policy") {
				e.body["policy"] = strings.ReplaceAll(fmt.Sprint(e.body["policy"]), `"Deny"`, `"Allow"`)
			}
		},
	},
	{
		"plan roles read no secrets and change nothing", plansReadOnly,
		func(p platform) {
			for _, e := range p.resources("aws_iam_policy") {
				e.body["policy"] = strings.ReplaceAll(fmt.Sprint(e.body["policy"]), "s3:GetObject", "secretsmanager:GetSecretValue")
			}
		},
	},
	{
		"whoever may deploy may plan", planTrusted,
		func(p platform) {
			for _, e := range p.elements() {
				if e.kind == "aws_iam_policy_document" && strings.HasPrefix(e.name, "plan-") {
					e.body["statement"] = []any{object{"condition": []any{object{"variable": "x:sub", "values": []any{"nobody"}}}}}
				}
			}
		},
	},
	{
		"a token opens the roles of one environment and verb", audiencesApart,
		func(p platform) {
			for _, e := range p.elements() {
				if strings.HasPrefix(e.name, "push_trust_") {
					dig(e.body, "statement").([]any)[0].(object)["condition"].([]any)[0].(object)["values"] = []any{"sts.amazonaws.com"}
				}
			}
		},
	},
	{
		"state is locked, and apart for each stack", stateApart,
		func(p platform) {
			for _, document := range p.stacks {
				delete(dig(document, "terraform", "backend", "s3").(object), "use_lockfile")
			}
		},
	},
	{
		"releases undo what fails and wait for what goes", releasesAtomic,
		func(p platform) { first(p, "helm_release")["wait"] = false },
	},
	{
		"an upgrade of Kubernetes replaces the pods of every release and of CoreDNS", kubernetesNoted,
		func(p platform) {
			for _, e := range p.resources("helm_release") {
				e.body["values"] = []any{strings.ReplaceAll(fmt.Sprint(e.body["values"]), "version", "endpoint")}
			}
		},
	},
	{
		"no application can be called so that its role is another's", rolesFree,
		func(p platform) {
			e := p.resources("aws_iam_role")[0]
			e.body["name"] = p.settings[environment(e.stack)].ResourceName("shop")
		},
	},
	{
		"no role of a pipeline or an application reaches further than its stack, but for what is reviewed", reachesNoFurther,
		func(p platform) {
			for _, e := range p.resources("aws_iam_policy") {
				e.body["policy"] = strings.ReplaceAll(fmt.Sprint(e.body["policy"]), `"StringEquals"`, `"StringEqualsIfExists"`)
			}
		},
	},
	{
		"Prometheus reaches kubelets only where metrics of containers are wanted", kubeletsReached,
		func(p platform) {
			for _, e := range p.resources("helm_release") {
				e.body["values"] = []any{`${jsonencode({"resources" = ["nodes/proxy"]})}`}
			}
		},
	},
	{
		"the application's chart gets what its settings say", chartSettings,
		func(p platform) {
			for _, e := range p.resources("helm_release") {
				e.body["values"] = []any{"${jsonencode({})}"}
			}
		},
	},
}

func TestProperties(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	platforms := map[string]platform{}
	t.Run("synthesized", func(t *testing.T) {
		hold := func(name, folder string, overrides ...string) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := newPlatform(t, folder, overrides...)
				mutex.Lock()
				defer mutex.Unlock()
				platforms[name] = p
			})
		}
		hold("the project's environments", environments)
		for name, overrides := range variants {
			hold(name, samples, overrides...)
		}
	})
	healthy := newPlatform(t, samples)
	t.Cleanup(func() { checkReviewedReach(t) })
	for _, property := range properties {
		t.Run(property.name, func(t *testing.T) {
			broken := map[string][]string{}
			for name, p := range platforms {
				broken[name] = property.check(p)
			}
			for _, violation := range grouped(broken) {
				t.Error(violation)
			}
		})
		t.Run(property.name+"/notices", func(t *testing.T) {
			broken := healthy.clone(t)
			property.spoil(broken)
			if len(property.check(broken)) == 0 {
				t.Error("a platform that was broken on purpose passes")
			}
		})
	}
	t.Run("no exception is left that no policy needs", func(t *testing.T) {
		j, err := projectJudge()
		assert.NilError(t, err)
		var needed []string
		for _, p := range platforms {
			v, err := j.platform(p)
			assert.NilError(t, err)
			needed = append(needed, v.needs...)
		}
		for _, exception := range j.unneeded(needed) {
			t.Error(exception)
		}
	})
}

// checkReviewedReach: an entry that nothing needs is out of date.
func checkReviewedReach(t *testing.T) {
	for _, r := range reviewedReach() {
		if !r.used {
			t.Errorf("testdata/reach.yaml: %s can %v on %s: no role reaches that any more; remove the entry", r.Role, r.Can, r.On)
		}
		if r.Reason == "" {
			t.Errorf("testdata/reach.yaml: %s can %v on %s: say why", r.Role, r.Can, r.On)
		}
	}
}

// first returns the body of the first resource of the given kinds.
func first(p platform, kinds ...string) object { return p.resources(kinds...)[0].body }

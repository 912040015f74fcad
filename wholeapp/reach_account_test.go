package wholeapp

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"plinth/settings"
)

// thing is something in an AWS account that a policy may allow an action on.
type thing struct {
	arn, kind string
	// owner is the stack that it belongs to, such as dev-network, or one of the owners below.
	owner string
	// keys are the condition keys that the thing decides, such as aws:ResourceTag/stack.
	keys map[string]string
	// isNew says that it is yet to be made.
	isNew bool
	// also is another thing that an action on this one is about.
	also *thing
}

// Owners that are no stacks of the environment.
const (
	neighbour = "another environment"
	stranger  = "somebody else"
)

// awsAccount is an environment's account: all that its stacks make, the same of another environment, and
// some of somebody else's.
type awsAccount struct {
	env       *settings.Environment
	documents map[string]object // by stack
	things    []thing
	roles     map[string]*principal     // by ARN
	resources map[string][]rule         // the policies of buckets and keys, by ARN
	access    map[string][]clusterRight // what roles may do in the cluster, by ARN
}

// arnShapes are the ARNs of what each type makes. An attribute of the resource is in braces; {id} is
// what AWS makes up. A type without an ARN is a part of another resource.
var arnShapes = map[string]string{
	"aws_accessanalyzer_analyzer":             "access-analyzer:analyzer/{analyzer_name}",
	"aws_acm_certificate":                     "acm:certificate/{id}",
	"aws_appautoscaling_target":               "application-autoscaling:scalable-target/{id}",
	"aws_backup_plan":                         "backup:backup-plan:{id}",
	"aws_backup_vault":                        "backup:backup-vault:{name}",
	"aws_budgets_budget":                      "arn:aws:budgets::{account}:budget/{name}",
	"aws_chatbot_slack_channel_configuration": "arn:aws:chatbot::{account}:chat-configuration/slack-channel/{configuration_name}",
	"aws_cloudtrail":                          "cloudtrail:trail/{name}",
	"aws_cloudwatch_dashboard":                "arn:aws:cloudwatch::{account}:dashboard/{dashboard_name}",
	"aws_cloudwatch_log_group":                "logs:log-group:{name}",
	"aws_cloudwatch_metric_alarm":             "cloudwatch:alarm:{alarm_name}",
	"aws_db_instance":                         "rds:db:{identifier}",
	"aws_db_parameter_group":                  "rds:pg:{name}",
	"aws_db_subnet_group":                     "rds:subgrp:{name}",
	"aws_default_security_group":              "ec2:security-group/{id}",
	"aws_ec2_client_vpn_endpoint":             "ec2:client-vpn-endpoint/{id}",
	"aws_ecr_repository":                      "ecr:repository/{name}",
	"aws_eip":                                 "ec2:elastic-ip/{id}",
	"aws_eks_access_entry":                    "eks:access-entry/{cluster_name}/role/{account}/{id}",
	"aws_eks_addon":                           "eks:addon/{cluster_name}/{addon_name}/{id}",
	"aws_eks_cluster":                         "eks:cluster/{name}",
	"aws_eks_fargate_profile":                 "eks:fargateprofile/{cluster_name}/{fargate_profile_name}/{id}",
	"aws_flow_log":                            "ec2:vpc-flow-log/{id}",
	"aws_guardduty_detector":                  "guardduty:detector/{id}",
	"aws_iam_instance_profile":                "arn:aws:iam::{account}:instance-profile/{name}",
	"aws_iam_openid_connect_provider":         "arn:aws:iam::{account}:oidc-provider/{id}",
	"aws_iam_policy":                          "arn:aws:iam::{account}:policy/{name}",
	"aws_iam_role":                            "arn:aws:iam::{account}:role/{name}",
	"aws_instance":                            "ec2:instance/{id}",
	"aws_internet_gateway":                    "ec2:internet-gateway/{id}",
	"aws_kms_alias":                           "kms:{name}",
	"aws_kms_key":                             "kms:key/{id}",
	"aws_nat_gateway":                         "ec2:natgateway/{id}",
	"aws_prometheus_rule_group_namespace":     "aps:rulegroupsnamespace/{id}/{name}",
	"aws_prometheus_workspace":                "aps:workspace/{id}",
	"aws_rds_cluster":                         "rds:cluster:{cluster_identifier}",
	"aws_rds_cluster_instance":                "rds:db:{identifier}",
	"aws_rds_cluster_parameter_group":         "rds:cluster-pg:{name}",
	"aws_route_table":                         "ec2:route-table/{id}",
	"aws_s3_bucket":                           "arn:aws:s3:::{bucket}",
	"aws_secretsmanager_secret":               "secretsmanager:secret:{name}-AbCdEf",
	"aws_security_group":                      "ec2:security-group/{id}",
	"aws_sns_topic":                           "sns:{name}",
	"aws_ssm_document":                        "ssm:document/{name}",
	"aws_subnet":                              "ec2:subnet/{id}",
	"aws_vpc":                                 "ec2:vpc/{id}",
	"aws_vpc_endpoint":                        "ec2:vpc-endpoint/{id}",
	"aws_vpc_security_group_egress_rule":      "ec2:security-group-rule/{id}",
	"aws_vpc_security_group_ingress_rule":     "ec2:security-group-rule/{id}",
	"aws_wafv2_web_acl":                       "wafv2:regional/webacl/{name}/{id}",

	// Parts of others, and what is not AWS's.
	"aws_acm_certificate_validation": "", "aws_appautoscaling_policy": "", "aws_backup_selection": "", "aws_backup_vault_lock_configuration": "",
	"aws_cloudwatch_log_metric_filter": "", "aws_cloudwatch_log_stream": "", "aws_ec2_client_vpn_authorization_rule": "",
	"aws_ebs_encryption_by_default": "", "aws_ec2_client_vpn_network_association": "", "aws_ecr_lifecycle_policy": "", "aws_eks_access_policy_association": "",
	"aws_iam_role_policy": "", "aws_iam_role_policy_attachment": "", "aws_prometheus_alert_manager_definition": "", "aws_route": "",
	"aws_route53_record": "", "aws_route_table_association": "", "aws_s3_account_public_access_block": "", "aws_s3_bucket_lifecycle_configuration": "",
	"aws_s3_bucket_logging": "", "aws_s3_bucket_ownership_controls": "", "aws_s3_bucket_policy": "",
	"aws_s3_bucket_public_access_block": "", "aws_s3_bucket_server_side_encryption_configuration": "", "aws_s3_bucket_versioning": "",
	"aws_secretsmanager_secret_rotation": "", "aws_secretsmanager_secret_version": "", "aws_sns_topic_policy": "",
	"aws_sns_topic_subscription": "", "aws_wafv2_web_acl_logging_configuration": "",
	"helm_release": "", "kubernetes_config_map_v1": "", "kubernetes_namespace_v1": "", "kubernetes_manifest": "", "terraform_data": "",
}

// newAccount is the account of one environment of a platform. It is an error when a stack has a type
// whose ARN nobody has said.
func newAccount(p platform, env *settings.Environment) (*awsAccount, error) {
	a := &awsAccount{env: env, documents: map[string]object{}, roles: map[string]*principal{}, resources: map[string][]rule{}}
	for stack, document := range p.stacks {
		if environment(stack) == env.Name {
			a.documents[stack] = document
		}
	}
	for _, stack := range slices.Sorted(maps.Keys(a.documents)) {
		if err := a.addStack(stack); err != nil {
			return nil, err
		}
	}
	a.addRuntime()
	for _, t := range slices.Clone(a.things) {
		if twin := a.elsewhere(t); twin.arn != t.arn { // a key of the settings may be both's
			a.things = append(a.things, twin)
		}
	}
	a.addStrangers()
	for _, stack := range slices.Sorted(maps.Keys(a.documents)) {
		a.addPolicies(stack)
	}
	return a, a.addAccess()
}

var brace = regexp.MustCompile(`\{[a-z_]+\}`)

func (a *awsAccount) complete(shape string) string {
	if strings.HasPrefix(shape, "arn:") {
		return strings.ReplaceAll(shape, "{account}", a.env.Account)
	}
	service, resource, _ := strings.Cut(strings.ReplaceAll(shape, "{account}", a.env.Account), ":")
	return "arn:aws:" + service + ":" + a.env.Region + ":" + a.env.Account + ":" + resource
}

// arnOf is the ARN of a resource of a stack.
func (a *awsAccount) arnOf(stack, kind, name string) string {
	body, _ := dig(a.documents[stack], "resource", kind, name).(object)
	return brace.ReplaceAllStringFunc(a.complete(arnShapes[kind]), func(attribute string) string {
		if attribute == "{id}" {
			return "id-of-" + stack + "-" + name
		}
		return a.resolve(stack, fmt.Sprint(body[strings.Trim(attribute, "{}")]))
	})
}

func (a *awsAccount) addStack(stack string) error {
	tags, _ := dig(a.documents[stack], "provider", "aws", "default_tags", "tags").(object)
	kinds, _ := a.documents[stack]["resource"].(object)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		shape, known := arnShapes[kind]
		if !known {
			return fmt.Errorf("%s: %s: add its ARN to arnShapes in wholeapp/reach_account_test.go", stack, kind)
		}
		names, _ := kinds[kind].(object)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if shape == "" {
				continue
			}
			body, _ := names[name].(object)
			t := thing{arn: a.arnOf(stack, kind, name), kind: kind, owner: stack, keys: map[string]string{}}
			own, _ := body["tags"].(object)
			for _, tags := range []object{tags, own} {
				for key, value := range tags {
					t.keys["aws:ResourceTag/"+key] = fmt.Sprint(value)
				}
			}
			if boundary, is := body["permissions_boundary"].(string); is {
				t.keys["iam:PermissionsBoundary"] = a.resolve(stack, boundary)
			}
			if target, is := body["target_key_id"].(string); is {
				parts := strings.Split(target, ".")
				t.also = &thing{arn: a.arnOf(stack, "aws_kms_key", parts[1]), keys: t.keys}
			}
			a.things = append(a.things, t)
		}
	}
	return nil
}

// addRuntime adds what stacks do not make themselves: contents, and what services and controllers make
// for them.
func (a *awsAccount) addRuntime() {
	env := a.env
	add := func(stack, kind, shape string, keys ...string) {
		t := thing{arn: a.complete(shape), kind: kind, owner: env.Name + "-" + stack, keys: map[string]string{}}
		if stack == bootstrap {
			t.owner = bootstrap + "-" + env.Name
		}
		for i := 0; i+1 < len(keys); i += 2 {
			t.keys["aws:ResourceTag/"+keys[i]] = keys[i+1]
		}
		a.things = append(a.things, t)
	}
	for stack := range a.documents {
		if layer(stack) != bootstrap {
			name := strings.TrimPrefix(stack, env.Name+"-")
			add(name, "state", "arn:aws:s3:::"+env.State.Bucket+"/"+env.Name+"/"+name+".tfstate")
		}
	}
	add(bootstrap, "state", "arn:aws:s3:::"+env.State.Bucket+"/"+env.Name+"/bootstrap.tfstate")
	if !env.State.CreatesKey {
		add(bootstrap, "aws_kms_key", env.State.KMSKey)
	}
	for _, t := range slices.Clone(a.things) {
		if t.kind == "aws_s3_bucket" && t.owner != bootstrap+"-"+env.Name {
			a.things = append(a.things, thing{arn: t.arn + "/object", kind: "object", owner: t.owner})
		}
		if t.kind == "aws_db_instance" || t.kind == "aws_rds_cluster" {
			kind, tag := "db", "aws:rds:primaryDBInstanceArn"
			if t.kind == "aws_rds_cluster" {
				kind, tag = "cluster", "aws:rds:primaryDBClusterArn"
			}
			add("data", "password", "secretsmanager:secret:rds!"+kind+"-1-AbCdEf", tag, t.arn)
		}
	}
	name := env.ResourceName("")
	for _, kind := range []string{"snapshot", "cluster-snapshot"} {
		add("data", "snapshot", "rds:"+kind+":"+name+"postgres-final")
		add("data", "snapshot", "rds:"+kind+":rds:"+name+"postgres-2026-11-30")
		add("data", "backup", "rds:"+kind+":awsbackup:job-1")
	}
	cluster := env.ResourceName()
	add("cluster", "cluster security group", "ec2:security-group/sg-cluster", "aws:eks:cluster-name", cluster)
	for i, app := range env.ApplicationNames() {
		// The controller gives what it makes the application's tags.
		controllers := []string{"elbv2.k8s.aws/cluster", cluster, "project", env.Project, "environment", env.Name, "stack", app}
		made := "controller's "
		if len(env.Apps) > 1 {
			made = "controller's " + app + "'s " // several applications' are told apart
		}
		add("addons", made+"security group", fmt.Sprintf("ec2:security-group/sg-alb-%d", i), controllers...)
		add("addons", "load balancer", "elasticloadbalancing:loadbalancer/app/"+name+app+"/1", controllers...)
		add("addons", "target group", fmt.Sprintf("elasticloadbalancing:targetgroup/k8s-%d/1", i), controllers...)
		add("addons", "listener", "elasticloadbalancing:listener/app/"+name+app+"/1/1", controllers...)
		add(app, "parameter", "ssm:parameter/"+env.Project+"/"+env.Name+"/"+app+"/key")
		for _, arn := range env.SecretARNs(env.Apps[app]) {
			add(app, "secret", strings.Replace(arn, "??????", "AbCdEf", 1))
		}
	}
	add("observability", "secret", "secretsmanager:secret:"+env.Project+"/"+env.Name+"/grafana-AbCdEf")
}

// elsewhere is a thing's twin in another environment of the account.
func (a *awsAccount) elsewhere(t thing) thing {
	other := strings.NewReplacer(
		a.env.ResourceName(""), a.env.Project+"-other-", a.env.ResourceName(), a.env.Project+"-other",
		a.env.Project+"/"+a.env.Name+"/", a.env.Project+"/other/", "/"+a.env.Name+"/", "/other/",
		"id-of-", "id-of-other-", "rds!db-1", "rds!db-2", "rds!cluster-1", "rds!cluster-2", "job-1", "job-2", "sg-", "sg-other-", "k8s-1", "k8s-2",
	)
	twin := thing{arn: other.Replace(t.arn), kind: t.kind, owner: neighbour, keys: map[string]string{}}
	for key, value := range t.keys {
		if key == "aws:ResourceTag/environment" {
			value = "other"
		}
		twin.keys[key] = other.Replace(value)
	}
	if t.also != nil {
		twin.also = &thing{arn: other.Replace(t.also.arn), keys: twin.keys}
	}
	return twin
}

// addStrangers adds what Plinth does not know: without tags, by names that have nothing to do with it.
func (a *awsAccount) addStrangers() {
	for kind, shapes := range map[string][]string{
		"aws_acm_certificate": {"acm:certificate/1"}, "aws_backup_plan": {"backup:backup-plan:1"}, "aws_backup_vault": {"backup:backup-vault:payments"},
		"aws_cloudwatch_log_group": {"logs:log-group:payments"}, "aws_cloudwatch_metric_alarm": {"cloudwatch:alarm:payments"},
		"aws_db_instance": {"rds:db:payments", "rds:cluster:payments"}, "snapshot": {"rds:snapshot:payments", "rds:cluster-snapshot:payments"},
		"aws_ecr_repository": {"ecr:repository/payments"}, "aws_eks_cluster": {"eks:cluster/payments"},
		"aws_iam_policy":                  {"arn:aws:iam::{account}:policy/payments"},
		"aws_iam_role":                    {"arn:aws:iam::{account}:role/payments", "arn:aws:iam::{account}:role/admin"},
		"aws_iam_openid_connect_provider": {"arn:aws:iam::{account}:oidc-provider/payments"}, "aws_iam_instance_profile": {"arn:aws:iam::{account}:instance-profile/payments"},
		// In another region too, where copies of backups go.
		"aws_kms_key": {"kms:key/payments", "arn:aws:kms:eu-west-1:{account}:key/payments"}, "aws_kms_alias": {"kms:alias/payments"}, "aws_prometheus_workspace": {"aps:workspace/payments"},
		"aws_s3_bucket": {"arn:aws:s3:::payments"}, "object": {"arn:aws:s3:::payments/object"}, "aws_secretsmanager_secret": {"secretsmanager:secret:payments-AbCdEf"},
		"password": {"secretsmanager:secret:rds!db-3-AbCdEf"}, "aws_security_group": {"ec2:security-group/payments"}, "aws_subnet": {"ec2:subnet/payments"},
		"aws_vpc": {"ec2:vpc/payments"}, "aws_route_table": {"ec2:route-table/payments"}, "aws_instance": {"ec2:instance/payments"}, "network interface": {"ec2:network-interface/payments"},
		"aws_sns_topic": {"sns:payments"}, "aws_ssm_document": {"ssm:document/payments"}, "parameter": {"ssm:parameter/payments/key"},
		"load balancer": {"elasticloadbalancing:loadbalancer/app/payments/1"}, "target group": {"elasticloadbalancing:targetgroup/payments/1"},
		"listener": {"elasticloadbalancing:listener/app/payments/1/1"}, "aws_wafv2_web_acl": {"wafv2:regional/webacl/payments/1"}, "hosted zone": {"arn:aws:route53:::hostedzone/payments"},
		"aws_appautoscaling_target": {"application-autoscaling:scalable-target/payments"}, "aws_budgets_budget": {"arn:aws:budgets::{account}:budget/payments"},
	} {
		for _, shape := range shapes {
			a.things = append(a.things, thing{arn: a.complete(shape), kind: kind, owner: stranger})
		}
	}
}

var reachToken = regexp.MustCompile(`\$\{[^}]*\}`)

// resolve puts values in place of a stack's references.
func (a *awsAccount) resolve(stack, value string) string {
	return reachToken.ReplaceAllStringFunc(value, func(reference string) string {
		reference = followLocal(a.documents[stack], reference)
		parts := strings.Split(strings.Trim(reference, "${}"), ".")
		if parts[0] == "data" && len(parts) == 5 && parts[1] == "terraform_remote_state" {
			from := strings.TrimPrefix(parts[2], "cross-stack-reference-input-")
			return a.resolve(from, fmt.Sprint(dig(a.documents[from], "output", parts[4], "value")))
		}
		if len(parts) < 3 {
			return "unknown"
		}
		body, _ := dig(a.documents[stack], "resource", parts[0], parts[1]).(object)
		switch text, is := body[parts[2]].(string); {
		case is:
			return a.resolve(stack, text)
		case parts[2] == "arn":
			return a.arnOf(stack, parts[0], parts[1])
		case strings.HasPrefix(parts[2], "master_user_secret"):
			kind := "db"
			if parts[0] == "aws_rds_cluster" {
				kind = "cluster"
			}
			return a.complete("secretsmanager:secret:rds!" + kind + "-1-AbCdEf")
		case parts[2] == "id" && parts[0] == "aws_s3_bucket":
			return a.resolve(stack, fmt.Sprint(body["bucket"]))
		}
		return "id-of-" + stack + "-" + parts[1]
	})
}

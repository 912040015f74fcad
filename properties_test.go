package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const webACL = "arn:aws:wafv2:eu-west-2:333333333333:regional/webacl/prod/11111111-2222-3333-4444-555555555555"

// variants are shapes that an environment could take, made of the samples.
var variants = map[string][]string{
	"the samples": nil,
	"Aurora": {
		"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.t4g.medium",
		"PLINTH_ENVIRONMENTS=dev",
	},
	"Aurora, protected": {
		"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.r7g.large",
		"PLINTH_DEV_PROTECTED=true", "PLINTH_ENVIRONMENTS=dev",
	},
	"no NAT": {
		"PLINTH_DEV_NETWORK_NAT=none",
		"PLINTH_DEV_NETWORK_INTERFACE_ENDPOINTS=[ecr.api, ecr.dkr, sts, logs, ec2, elasticloadbalancing, secretsmanager, eks]",
		"PLINTH_DEV_CLUSTER_IMAGE_MIRROR=111111111111.dkr.ecr.eu-west-2.amazonaws.com/mirror",
		"PLINTH_DEV_CLUSTER_KEDA=true", "PLINTH_DEV_APP_REPLICAS_REQUESTS_PER_SECOND=50",
		"PLINTH_ENVIRONMENTS=dev",
	},
	"an image by digest": {
		"PLINTH_DEV_APP_IMAGE_DIGEST=sha256:" + strings.Repeat("0", 64), "PLINTH_ENVIRONMENTS=dev",
	},
	"an internal load balancer, no flow logs": {
		"PLINTH_PROD_APP_INTERNAL=true", "PLINTH_PROD_NETWORK_FLOW_LOGS=false",
		"PLINTH_PROD_APP_ALLOWED_CIDRS=[10.0.0.0/8]",
		"PLINTH_ENVIRONMENTS=prod",
	},
	"a web ACL and access logs": {
		"PLINTH_PROD_APP_WEB_ACL_ARN=" + webACL,
		"PLINTH_PROD_APP_ACCESS_LOGS_BUCKET=logs-333333333333", "PLINTH_PROD_APP_ACCESS_LOGS_PREFIX=prod/app",
		"PLINTH_PROD_APP_REPLICAS_MEMORY_PERCENT=85",
		"PLINTH_ENVIRONMENTS=prod",
	},
	"a project on GitHub, a key and a provider that are there, a log of the states' bucket": {
		"PLINTH_DEV_CI_PROVIDER=github", "PLINTH_DEV_CI_ISSUER=https://token.actions.githubusercontent.com", "PLINTH_DEV_CI_SHARES_PROVIDER=true",
		"PLINTH_DEV_CI_TAGS=[v*]", "PLINTH_DEV_STATE_LOG_BUCKET=logs-111111111111",
		"PLINTH_DEV_STATE_KMS_KEY=arn:aws:kms:eu-west-2:111111111111:key/11111111-2222-3333-4444-555555555555",
		"PLINTH_ENVIRONMENTS=dev",
	},
	"settings of the application's own":      {"PLINTH_DEV_APP_PARAMETERS_ENABLED=true", "PLINTH_ENVIRONMENTS=dev"},
	"a password that is changed every month": {"PLINTH_DEV_DATABASE_PASSWORD_ROTATION_DAYS=30", "PLINTH_ENVIRONMENTS=dev"},
	"a database restored twice, with backups and a budget": {
		"PLINTH_PROD_DATABASE_RESTORES=[rds:plinth-prod-postgres-2026-11-25-02-10, awsbackup:job-11111111-2222-3333-4444-555555555555]",
		"PLINTH_PROD_DATABASE_BACKUP_ENABLED=true",
		"PLINTH_PROD_DATABASE_BACKUP_COPY_VAULT_ARN=arn:aws:backup:eu-west-1:333333333333:backup-vault:copies",
		"PLINTH_PROD_OBSERVABILITY_BUDGET_MONTHLY_USD=1000", "PLINTH_ENVIRONMENTS=prod",
	},
	"Aurora restored, and the old one gone": {
		"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.t4g.medium",
		"PLINTH_DEV_DATABASE_RESTORES=[plinth-dev-before]", "PLINTH_DEV_DATABASE_RETIRED=[first]",
		"PLINTH_DEV_DATABASE_BACKUP_ENABLED=true", "PLINTH_ENVIRONMENTS=dev",
	},
	"PostgreSQL in the cluster": {
		"PLINTH_DEV_DATABASE_ENGINE=in-cluster", "PLINTH_DEV_NETWORK_BASTION_ENABLED=true", "PLINTH_ENVIRONMENTS=dev",
	},
	"a protected database without replicas": {
		"PLINTH_PROD_DATABASE_REPLICAS=0", "PLINTH_PROD_APP_REPLICAS_REQUESTS_PER_SECOND=0", "PLINTH_ENVIRONMENTS=prod",
	},
	"everything that can be watched, with Aurora": {
		"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.t4g.medium", "PLINTH_ENVIRONMENTS=dev",
		"PLINTH_DEV_OBSERVABILITY_ALARMS_EMAILS=[a@example.com, b@example.com]", "PLINTH_DEV_OBSERVABILITY_ALARMS_SLACK_WORKSPACE_ID=T0123456789",
		"PLINTH_DEV_OBSERVABILITY_ALARMS_SLACK_CHANNEL_ID=C0123456789", "PLINTH_DEV_OBSERVABILITY_PROMETHEUS_ENABLED=true",
		"PLINTH_DEV_OBSERVABILITY_LOKI_ENABLED=true", "PLINTH_DEV_OBSERVABILITY_GRAFANA_ENABLED=true",
		"PLINTH_DEV_OBSERVABILITY_GRAFANA_DOMAIN=grafana.example.com",
		"PLINTH_DEV_OBSERVABILITY_GRAFANA_CERTIFICATE_ARN=arn:aws:acm:eu-west-2:111111111111:certificate/11111111-2222-3333-4444-555555555555",
		"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_CLIENT_ID=grafana", "PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_AUTH_URL=https://login.example.com/auth",
		"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_TOKEN_URL=https://login.example.com/token",
		"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_USER_INFO_URL=https://login.example.com/me",
	},
	"Loki alone": {"PLINTH_DEV_OBSERVABILITY_LOKI_ENABLED=true", "PLINTH_DEV_OBSERVABILITY_LOKI_REPLICATED=true", "PLINTH_ENVIRONMENTS=dev"},
	"a bastion, a VPN and developers": {
		"PLINTH_DEV_NETWORK_BASTION_ENABLED=true", "PLINTH_DEV_NETWORK_FLOW_LOGS=false", "PLINTH_DEV_NETWORK_VPN_ENABLED=true",
		"PLINTH_DEV_NETWORK_VPN_CLIENT_CIDR=172.16.0.0/22", "PLINTH_DEV_NETWORK_VPN_SAML_PROVIDER_ARN=arn:aws:iam::111111111111:saml-provider/sso",
		"PLINTH_DEV_NETWORK_VPN_SERVER_CERTIFICATE_ARN=arn:aws:acm:eu-west-2:111111111111:certificate/11111111-2222-3333-4444-555555555555",
		"PLINTH_DEV_CLUSTER_ACCESS=[{principal: role/developer, policy: developer}]", "PLINTH_ENVIRONMENTS=dev",
	},
	"a zone, a web ACL that counts, access logs": {
		"PLINTH_DEV_APP_DOMAIN=app.example.com", "PLINTH_DEV_APP_HOSTED_ZONE=example.com", "PLINTH_DEV_APP_WAF_ENABLED=true",
		"PLINTH_DEV_APP_WAF_COUNT_ONLY=true", "PLINTH_DEV_APP_ACCESS_LOGS_ENABLED=true", "PLINTH_DEV_APP_ACCESS_LOGS_PREFIX=dev/app",
		"PLINTH_ENVIRONMENTS=dev",
	},
	"a zone, and a certificate that is there": {
		"PLINTH_DEV_APP_DOMAIN=app.example.com", "PLINTH_DEV_APP_HOSTED_ZONE=example.com",
		"PLINTH_DEV_APP_CERTIFICATE_ARN=arn:aws:acm:eu-west-2:111111111111:certificate/11111111-2222-3333-4444-555555555555",
		"PLINTH_ENVIRONMENTS=dev",
	},
	"state on an S3-compatible server": {
		"PLINTH_DEV_STATE_ENDPOINT=http://127.0.0.1:9000", "PLINTH_ENVIRONMENTS=dev",
	},
}

// properties hold for every environment, present and future. Each returns what breaks it,
// and is shown to notice by a platform that was broken on purpose.
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
		"who plans reads no secret and changes nothing", plansReadOnly,
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
		"the application's chart gets what its settings say", chartSettings,
		func(p platform) {
			for _, e := range p.resources("helm_release") {
				e.body["values"] = []any{"${jsonencode({})}"}
			}
		},
	},
}

func TestProperties(t *testing.T) {
	platforms := map[string]platform{"the project's environments": newPlatform(t, environments)}
	for name, overrides := range variants {
		platforms[name] = newPlatform(t, samples, overrides...)
	}
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
			broken := platforms["the samples"].clone(t)
			property.spoil(broken)
			if len(property.check(broken)) == 0 {
				t.Error("a platform that was broken on purpose passes")
			}
		})
	}
}

// first is the body of the first resource of the given kinds.
func first(p platform, kinds ...string) object { return p.resources(kinds...)[0].body }

// anywhere matches every address. References such as "${…}/0" do not occur.
var anywhere = regexp.MustCompile(`(0\.0\.0\.0|::)/0`)

func openToTheWorld(p platform) (broken []string) {
	for _, e := range p.elements() {
		walk(e.body, "", func(path string, scalar any) {
			text, _ := scalar.(string)
			if !anywhere.MatchString(text) {
				return
			}
			switch {
			case e.kind == "aws_route" && path == ".destination_cidr_block":
				// The way out: through NAT, or from public subnets.
			case e.kind == "aws_vpc_security_group_egress_rule" && e.body["from_port"] == 443.0 && e.body["to_port"] == 443.0:
				// The bastion's way to AWS's APIs, which have no addresses of their own.
			case e.kind == "helm_release" && layer(e.stack) == "app":
				// The load balancer's listeners: once, and only where the settings say so.
				if strings.Count(text, "/0") != strings.Count(text, `"allowedCidrs" = ["0.0.0.0/0"]`) {
					broken = append(broken, e.String()+path+": open to the world besides the load balancer")
				}
			default:
				broken = append(broken, e.String()+path+": open to the world: "+text)
			}
		})
		if e.body["publicly_accessible"] == true || e.body["map_public_ip_on_launch"] == true {
			broken = append(broken, e.String()+": public")
		}
		if dig(e.body, "vpc_config", "endpoint_public_access") == true && len(strs(dig(e.body, "vpc_config", "public_access_cidrs"))) == 0 {
			broken = append(broken, e.String()+": the API server is open to the world")
		}
	}
	return broken
}

func databaseRoutes(p platform) (broken []string) {
	routes := map[string]bool{}
	for _, e := range p.resources("aws_route") {
		routes[e.stack+fmt.Sprint(e.body["route_table_id"])] = true
	}
	for _, e := range p.resources("aws_route_table_association") {
		if strings.Contains(fmt.Sprint(e.body["subnet_id"]), "database") && routes[e.stack+fmt.Sprint(e.body["route_table_id"])] {
			broken = append(broken, e.String()+": a database subnet has a route out of the VPC")
		}
	}
	return broken
}

// atRest names, for each kind of resource that keeps data, what must hold its key. A kind
// that keeps nothing is named with no field; a kind that is missing here, and has no key, is a
// failure, so that nobody adds a bucket or a queue without deciding.
var atRest = map[string][]string{
	"aws_cloudwatch_log_group":  {"kms_key_id"},
	"aws_db_instance":           {"storage_encrypted", "kms_key_id", "performance_insights_kms_key_id"},
	"aws_rds_cluster":           {"storage_encrypted", "kms_key_id", "master_user_secret_kms_key_id"},
	"aws_rds_cluster_instance":  {"performance_insights_kms_key_id"},
	"aws_ecr_repository":        {"encryption_configuration.kms_key"},
	"aws_eks_cluster":           {"encryption_config.provider.key_arn"},
	"aws_secretsmanager_secret": {"kms_key_id"},
	"aws_s3_bucket":             {}, // see bucketsClosed
	"aws_sns_topic":             {"kms_master_key_id"},
	"aws_prometheus_workspace":  {"kms_key_arn"},
	"aws_instance":              {"root_block_device.encrypted", "root_block_device.kms_key_id"},
	"aws_backup_vault":          {"kms_key_arn"},
}

var keepsNothing = []string{
	"aws_secretsmanager_secret_rotation", "aws_backup_plan", "aws_backup_selection", "aws_budgets_budget", "aws_acm_certificate", "aws_acm_certificate_validation", "aws_ec2_client_vpn_authorization_rule", "aws_ec2_client_vpn_endpoint",
	"aws_ec2_client_vpn_network_association", "aws_cloudwatch_log_stream", "aws_iam_instance_profile", "aws_route53_record", "aws_ssm_document",
	"aws_vpc_security_group_egress_rule", "aws_wafv2_web_acl", "aws_wafv2_web_acl_logging_configuration",
	"aws_appautoscaling_policy", "aws_appautoscaling_target", "aws_chatbot_slack_channel_configuration", "aws_cloudwatch_dashboard",
	"aws_cloudwatch_log_metric_filter", "aws_cloudwatch_metric_alarm", "aws_db_parameter_group", "aws_db_subnet_group",
	"aws_default_security_group", "aws_ecr_lifecycle_policy", "aws_eip", "aws_eks_access_entry",
	"aws_eks_access_policy_association", "aws_eks_addon", "aws_eks_fargate_profile", "aws_flow_log",
	"aws_iam_openid_connect_provider", "aws_iam_policy", "aws_iam_role", "aws_iam_role_policy", "aws_iam_role_policy_attachment",
	"aws_internet_gateway", "aws_kms_alias", "aws_kms_key", "aws_nat_gateway", "aws_prometheus_alert_manager_definition",
	"aws_prometheus_rule_group_namespace", "aws_rds_cluster_parameter_group",
	"aws_route", "aws_route_table", "aws_route_table_association", "aws_secretsmanager_secret_version",
	"aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_logging", "aws_s3_bucket_ownership_controls", "aws_s3_bucket_policy",
	"aws_s3_bucket_public_access_block", "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_versioning",
	"aws_security_group", "aws_sns_topic_policy", "aws_sns_topic_subscription", "aws_subnet", "aws_vpc", "aws_vpc_endpoint", "aws_vpc_security_group_ingress_rule",
	"helm_release", "kubernetes_config_map_v1", "kubernetes_namespace_v1", "terraform_data",
}

// decidedAtRest tells whether somebody has decided if a resource keeps data: it is in one of the
// lists, or has a key of Plinth's, which only what keeps data would have.
func decidedAtRest(e element) bool {
	_, keeps := atRest[e.kind]
	decided := keeps || slices.Contains(keepsNothing, e.kind)
	walk(e.body, "", func(path string, scalar any) {
		reference, _ := scalar.(string)
		decided = decided || strings.Contains(path, "kms") && strings.Contains(reference, "aws_kms_key")
	})
	return decided
}

func encryptedAtRest(p platform) (broken []string) {
	for _, e := range p.resources() {
		fields := atRest[e.kind]
		if !decidedAtRest(e) {
			broken = append(broken, e.String()+": says nobody whether it keeps data; give it a key of Plinth's, or add it to atRest or keepsNothing")
		}
		for _, field := range fields {
			if field == "kms_key_id" && (e.body["replicate_source_db"] != nil || e.body["snapshot_identifier"] != nil) {
				continue // a replica has its source's key, and what is restored its snapshot's
			}
			value := dig(e.body, strings.Split(field, ".")...)
			reference, _ := value.(string)
			if value != true && !strings.Contains(reference, "aws_kms_key") {
				broken = append(broken, fmt.Sprintf("%s: %s is %v, not a key of Plinth's", e, field, value))
			}
		}
		if e.kind == "aws_kms_key" && e.body["enable_key_rotation"] != true {
			broken = append(broken, e.String()+": not rotated")
		}
	}
	for stack, document := range p.stacks {
		backend := dig(document, "terraform", "backend", "s3").(object)
		if backend["endpoints"] == nil && (backend["encrypt"] != true || backend["kms_key_id"] == nil) {
			broken = append(broken, stack+": state is not encrypted")
		}
	}
	return broken
}

// retentionDays are what CloudWatch accepts.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []float64{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

func logRetention(p platform) (broken []string) {
	for _, e := range p.resources("aws_cloudwatch_log_group") {
		days, _ := e.body["retention_in_days"].(float64)
		if !slices.Contains(retentionDays, days) {
			broken = append(broken, fmt.Sprintf("%s: keeps its events for %v days, which is for ever or refused", e, days))
		}
	}
	return broken
}

func logGroupsExist(p platform) (broken []string) {
	groups := map[string]bool{}
	for _, e := range p.resources("aws_cloudwatch_log_group") {
		groups[environment(e.stack)+" "+fmt.Sprint(e.body["name"])] = true
	}
	need := func(e element, name string) {
		if !groups[environment(e.stack)+" "+name] {
			broken = append(broken, e.String()+": writes to log group "+name+", which is nobody's")
		}
	}
	for _, e := range p.resources() {
		for _, log := range strs(e.body["enabled_cloudwatch_logs_exports"]) {
			switch e.kind {
			case "aws_db_instance":
				need(e, fmt.Sprintf("/aws/rds/instance/%s/%s", e.body["identifier"], log))
			case "aws_rds_cluster":
				need(e, fmt.Sprintf("/aws/rds/cluster/%s/%s", e.body["cluster_identifier"], log))
			default:
				broken = append(broken, e.String()+": exports logs to a group this test does not know")
			}
		}
		if e.kind == "aws_eks_cluster" && len(strs(e.body["enabled_cluster_log_types"])) > 0 {
			need(e, fmt.Sprintf("/aws/eks/%s/cluster", e.body["name"]))
		}
		if e.kind == "kubernetes_config_map_v1" && dig(e.body, "data", "output.conf") != nil {
			config := fmt.Sprint(dig(e.body, "data", "output.conf"))
			name := regexp.MustCompile(`log_group_name (\S+)`).FindStringSubmatch(config)
			if name == nil || !strings.Contains(config, "auto_create_group false") {
				broken = append(broken, e.String()+": lets the log router make a log group")
			} else if !strings.HasPrefix(name[1], "${") {
				need(e, name[1])
			}
		}
	}
	return broken
}

// statements are all statements of IAM policy documents, but for what they deny.
func statements(p platform) []element {
	var all []element
	for _, e := range p.elements() {
		if e.kind != "aws_iam_policy_document" {
			continue
		}
		for _, statement := range e.body["statement"].([]any) {
			s := e
			s.body = statement.(object)
			s.name += " " + fmt.Sprint(s.body["sid"])
			if s.body["effect"] != "Deny" {
				all = append(all, s)
			}
		}
	}
	return all
}

// unscopable are the actions in use that support no narrower resource than "*", from the
// service authorization reference.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var unscopable = []*regexp.Regexp{
	regexp.MustCompile(`^ec2:Describe\w+$`),
	regexp.MustCompile(`^elasticloadbalancing:Describe\w+$`),
	regexp.MustCompile(`^acm:(ListCertificates|RequestCertificate)$`),
	regexp.MustCompile(`^application-autoscaling:Describe\w+$`),
	regexp.MustCompile(`^aps:CreateWorkspace$`),
	regexp.MustCompile(`^backup-storage:MountCapsule$`),
	regexp.MustCompile(`^chatbot:(CreateSlackChannelConfiguration|DescribeSlackChannelConfigurations)$`),
	regexp.MustCompile(`^cloudwatch:(GetMetricData|ListMetrics)$`),
	regexp.MustCompile(`^ecr:GetAuthorizationToken$`),
	regexp.MustCompile(`^eks:(CreateCluster|DescribeAddonVersions)$`),
	regexp.MustCompile(`^kms:(CreateKey|ListAliases)$`),
	regexp.MustCompile(`^logs:(DescribeLogGroups|DescribeResourcePolicies|PutResourcePolicy|(Create|Delete|Get|Update)LogDelivery|ListLogDeliveries)$`),
	regexp.MustCompile(`^route53:ListHostedZones$`),
	regexp.MustCompile(`^secretsmanager:GetRandomPassword$`),
	regexp.MustCompile(`^ssmmessages:(Create|Open)(Control|Data)Channel$`),
	regexp.MustCompile(`^sns:(GetSubscriptionAttributes|Unsubscribe)$`),
}

func narrowPermissions(p platform) (broken []string) {
	for _, s := range statements(p) {
		for _, action := range strs(s.body["actions"]) {
			if strings.Contains(action, "*") {
				broken = append(broken, s.String()+": allows "+action)
			}
			wide := slices.Contains(strs(s.body["resources"]), "*")
			scopable := !slices.ContainsFunc(unscopable, func(r *regexp.Regexp) bool { return r.MatchString(action) })
			// In a key's policy "*" is that key.
			if wide && scopable && s.body["principals"] == nil {
				broken = append(broken, s.String()+": allows "+action+` on "*"`)
			}
		}
		if s.body["principals"] == nil && len(strs(s.body["resources"])) == 0 {
			broken = append(broken, s.String()+": names no resource")
		}
		for _, identifier := range strs(dig(s.body, "principals", "identifiers")) {
			if identifier == "*" {
				broken = append(broken, s.String()+": trusts everybody")
			}
		}
	}
	for _, s := range policyStatements(p) {
		for _, action := range words(s.body["Action"]) {
			scopable := !slices.ContainsFunc(unscopable, func(r *regexp.Regexp) bool { return r.MatchString(action) })
			if strings.Contains(action, "*") || scopable && !isBoundary(s.element) && slices.Contains(words(s.body["Resource"]), "*") {
				broken = append(broken, fmt.Sprintf("%s: allows %s on %v", s, action, s.body["Resource"]))
			}
		}
	}
	for _, e := range p.resources("aws_iam_role_policy_attachment") {
		if strings.Contains(fmt.Sprint(e.body["policy_arn"]), "Administrator") {
			broken = append(broken, e.String()+": administrator")
		}
	}
	return broken
}

func pinnedTrust(p platform) (broken []string) {
	for _, s := range statements(p) {
		variables := map[string]bool{}
		conditions, _ := s.body["condition"].([]any)
		for _, condition := range conditions {
			variable := fmt.Sprint(condition.(object)["variable"])
			variables[variable[strings.LastIndex(variable, ":")+1:]] = true
		}
		switch dig(s.body, "principals", "type") {
		case "Federated":
			if !variables["sub"] || !variables["aud"] {
				broken = append(broken, s.String()+": trusts any token of the cluster")
			}
		case "Service":
			service := strs(dig(s.body, "principals", "identifiers"))[0]
			// A role can be given to instances and plans of its own account only.
			if !variables["SourceArn"] && !variables["arn"] && service != "ec2.amazonaws.com" && service != "backup.amazonaws.com" {
				broken = append(broken, s.String()+": "+service+" may be used by other accounts to assume it")
			}
		}
	}
	return broken
}

var (
	secretKey   = regexp.MustCompile(`(?i)(password|secret_string|token|private_key|access_key|secret_key)(_wo)?$`)
	secretValue = regexp.MustCompile(`AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|(?i)password\s*[:=]\s*[^\s$"{]`)
)

func noSecrets(p platform) (broken []string) {
	for stack, document := range p.stacks {
		walk(document, stack, func(path string, scalar any) {
			text, ok := scalar.(string)
			if !ok {
				return
			}
			// A write-only argument may be fed from an ephemeral value: neither is ever stored.
			ephemeral := strings.HasSuffix(path, "_wo") && strings.Contains(text, "ephemeral.")
			if secretKey.MatchString(path) && !ephemeral || secretValue.MatchString(text) {
				broken = append(broken, path+": a secret is written down")
			}
		})
	}
	for _, e := range p.resources("aws_db_instance", "aws_rds_cluster") {
		managed := e.body["manage_master_user_password"] == true
		_, writeOnly := e.body["password_wo"]
		_, replica := e.body["replicate_source_db"]
		if !managed && !writeOnly && !replica {
			broken = append(broken, e.String()+": who keeps its password?")
		}
	}
	return broken
}

func tagged(p platform) (broken []string) {
	for stack, document := range p.stacks {
		tags, _ := dig(document, "provider", "aws", "default_tags", "tags").(object)
		for _, key := range []string{"project", "environment", "stack", "repository"} {
			if value, _ := tags[key].(string); value == "" {
				broken = append(broken, stack+": no default tag "+key)
			}
		}
	}
	for _, e := range p.resources("helm_release") {
		// What the load balancer controller makes has no Terraform provider to tag it.
		values := fmt.Sprint(e.body["values"])
		if ownChart(e) && !strings.Contains(values, `"tags" = {"environment"`) {
			broken = append(broken, e.String()+": its load balancer is not tagged")
		}
	}
	return broken
}

// limits are the longest and the allowed names, by kind and field, from each service's
// documentation of quotas.
var limits = map[string]struct {
	length  int
	pattern string
}{
	"aws_backup_plan.name":                         {50, `[\w.-]+`},
	"aws_backup_selection.name":                    {50, `[\w.-]+`},
	"aws_backup_vault.name":                        {50, `[\w-]{2,}`},
	"aws_budgets_budget.name":                      {100, `[^:\\]+`},
	"aws_appautoscaling_policy.name":               {256, `[\x20-\x7E]+`},
	"aws_cloudwatch_log_group.name":                {512, `[\w./#-]+`},
	"aws_cloudwatch_log_metric_filter.name":        {512, `[^:*]+`},
	"aws_db_instance.identifier":                   {63, `[a-z](-?[a-z0-9])*`},
	"aws_db_parameter_group.name":                  {255, `[a-z](-?[a-z0-9])*`},
	"aws_db_subnet_group.name":                     {255, `[a-z0-9 ._-]+`},
	"aws_ecr_repository.name":                      {256, `[a-z0-9]+([._/-][a-z0-9]+)*`},
	"aws_eks_cluster.name":                         {100, `[0-9A-Za-z][\w-]*`},
	"aws_eks_fargate_profile.fargate_profile_name": {100, `[0-9A-Za-z][\w-]*`},
	"aws_cloudwatch_log_stream.name":               {512, `[^:*]+`},
	"aws_iam_instance_profile.name":                {128, `[\w+=,.@-]+`},
	"aws_iam_policy.name":                          {128, `[\w+=,.@-]+`},
	"aws_iam_role.name":                            {64, `[\w+=,.@-]+`},
	"aws_iam_role.description":                     {1000, `[\w+=,.@'’ /;-]+`},
	"aws_iam_role_policy.name":                     {128, `[\w+=,.@-]+`},
	"aws_kms_alias.name":                           {256, `alias/[\w/-]+`},
	"aws_prometheus_rule_group_namespace.name":     {128, `[0-9A-Za-z][\w.-]*`},
	"aws_rds_cluster.cluster_identifier":           {63, `[a-z](-?[a-z0-9])*`},
	"aws_rds_cluster_instance.identifier":          {63, `[a-z](-?[a-z0-9])*`},
	"aws_rds_cluster_parameter_group.name":         {255, `[a-z](-?[a-z0-9])*`},
	"aws_route53_record.name":                      {255, `[a-z0-9_.-]+`},
	"aws_secretsmanager_secret.name":               {512, `[\w/+=.@-]+`},
	"aws_security_group.name":                      {255, `[\w ./:()#,@+=&;{}!$*\[\]-]+`},
	"aws_sns_topic.name":                           {256, `[\w-]+`},
	"aws_ssm_document.name":                        {128, `[\w.-]{3,}`},
	"aws_wafv2_web_acl.name":                       {128, `[\w-]+`},
	"helm_release.name":                            {53, `[a-z0-9]([a-z0-9-]*[a-z0-9])?`},
}

// nameFields are those that name a thing. Of descriptions only those with a limit here matter.
var nameFields = []string{"name", "identifier", "cluster_identifier", "fargate_profile_name"}

// anywhereAllowed is a name within every limit of AWS's: 32 characters is a target group's.
var anywhereAllowed = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)

// limited tells whether a name has a limit here, or needs none.
func limited(e element, field string) bool {
	name, ok := e.body[field].(string)
	_, known := limits[e.kind+"."+field]
	return known || !ok || strings.HasPrefix(name, "${") || len(name) <= 32 && anywhereAllowed.MatchString(name)
}

func nameLimits(p platform) (broken []string) {
	for _, e := range p.resources() {
		for _, field := range append(slices.Clone(nameFields), "description") {
			name, ok := e.body[field].(string)
			limit, known := limits[e.kind+"."+field]
			switch {
			case !ok || strings.HasPrefix(name, "${"):
			case field != "description" && !limited(e, field):
				broken = append(broken, e.String()+"."+field+": add its limit to limits")
			case known && (len(name) > limit.length || !regexp.MustCompile("^"+limit.pattern+"$").MatchString(name)):
				broken = append(broken, fmt.Sprintf("%s.%s: %q is longer than %d or not %s", e, field, name, limit.length, limit.pattern))
			}
		}
	}
	for _, e := range p.resources("helm_release") {
		for _, match := range regexp.MustCompile(`"loadBalancerName" = "([^"]*)"`).FindAllStringSubmatch(fmt.Sprint(e.body["values"]), -1) {
			if len(match[1]) > 32 {
				broken = append(broken, e.String()+": load balancer name longer than 32: "+match[1])
			}
		}
	}
	return broken
}

// order is that of deployment; data and cluster know nothing of each other.
var order = map[string]int{bootstrap: -1, "network": 0, "data": 1, "cluster": 1, "addons": 2, "app": 3, "observability": 4}

func oneWay(p platform) (broken []string) {
	for _, e := range p.elements() {
		if e.kind != "terraform_remote_state" {
			continue
		}
		from := strings.TrimPrefix(e.name, "cross-stack-reference-input-")
		if environment(from) != environment(e.stack) {
			broken = append(broken, e.String()+": reads another environment")
		}
		if order[layer(from)] >= order[layer(e.stack)] {
			broken = append(broken, e.String()+": reads a stack that comes later")
		}
	}
	for stack := range p.stacks {
		if _, known := order[layer(stack)]; !known {
			broken = append(broken, stack+": add it to the order of this test")
		}
	}
	return broken
}

func guarded(p platform) (broken []string) {
	for _, e := range p.resources() {
		protected := p.settings[environment(e.stack)].Protected
		kept := dig(e.body, "lifecycle", "prevent_destroy") == true
		switch e.kind {
		case "aws_db_instance", "aws_rds_cluster":
			replica := e.body["replicate_source_db"] != nil
			if protected && !replica && e.body["deletion_protection"] != true {
				broken = append(broken, e.String()+": may be deleted")
			}
			if replica && e.body["deletion_protection"] == true {
				broken = append(broken, e.String()+": fewer replicas could not be deployed")
			}
			if protected && !replica && (!kept || e.body["skip_final_snapshot"] != false) {
				broken = append(broken, e.String()+": may be destroyed, or without a last snapshot")
			}
		case "aws_ecr_repository":
			if protected && (!kept || e.body["force_delete"] == true) {
				broken = append(broken, e.String()+": images may be destroyed")
			}
			if !protected && e.body["force_delete"] != true {
				broken = append(broken, e.String()+": images keep it from being destroyed")
			}
		case "aws_kms_key":
			if protected && layer(e.stack) == "data" && !kept {
				broken = append(broken, e.String()+": the key to all data may be destroyed")
			}
		}
		if layer(e.stack) == bootstrap {
			if (e.kind == "aws_s3_bucket" || e.kind == "aws_kms_key") && !kept {
				broken = append(broken, e.String()+": the states may be destroyed")
			}
			continue
		}
		if !protected && kept {
			broken = append(broken, e.String()+": cannot be destroyed though nothing is protected")
		}
	}
	return broken
}

func kubernetesProviders(p platform) (broken []string) {
	for stack, document := range p.stacks {
		for _, provider := range []string{"kubernetes", "helm"} {
			_, uses := document["provider"].(object)[provider]
			if allowed := order[layer(stack)] > order["cluster"]; uses && !allowed {
				broken = append(broken, stack+": configures "+provider+" beside or below the cluster itself")
			}
		}
	}
	return broken
}

func subnetsApart(p platform) (broken []string) {
	vpcs := map[string]netip.Prefix{}
	for _, e := range p.resources("aws_vpc") {
		vpcs[e.stack] = netip.MustParsePrefix(e.body["cidr_block"].(string))
	}
	seen := map[string][]netip.Prefix{}
	for _, e := range p.resources("aws_subnet") {
		subnet := netip.MustParsePrefix(e.body["cidr_block"].(string))
		if !vpcs[e.stack].Contains(subnet.Addr()) || subnet.Bits() < vpcs[e.stack].Bits() {
			broken = append(broken, fmt.Sprintf("%s: %s is not inside %s", e, subnet, vpcs[e.stack]))
		}
		for _, other := range seen[e.stack] {
			if subnet.Overlaps(other) {
				broken = append(broken, fmt.Sprintf("%s: %s overlaps %s", e, subnet, other))
			}
		}
		seen[e.stack] = append(seen[e.stack], subnet)
	}
	return broken
}

func stateApart(p platform) (broken []string) {
	keys := map[string]string{}
	for stack, document := range p.stacks {
		backend := dig(document, "terraform", "backend", "s3").(object)
		place := fmt.Sprint(backend["bucket"], "/", backend["key"])
		if other, taken := keys[place]; taken {
			broken = append(broken, stack+": keeps its state where "+other+" does")
		}
		keys[place] = stack
		if backend["use_lockfile"] != true {
			broken = append(broken, stack+": two deployments could write its state at once")
		}
		if dig(document, "terraform", "required_version") == nil {
			broken = append(broken, stack+": any Terraform version will do")
		}
		if len(strs(dig(document, "provider", "aws", "allowed_account_ids"))) != 1 {
			broken = append(broken, stack+": any account will do")
		}
	}
	return broken
}

func releasesAtomic(p platform) (broken []string) {
	for _, e := range p.resources("helm_release") {
		for _, field := range []string{"atomic", "wait", "cleanup_on_fail"} {
			if e.body[field] != true {
				broken = append(broken, e.String()+": "+field+" is off")
			}
		}
		if _, published := e.body["repository"]; published && e.body["version"] == nil {
			broken = append(broken, e.String()+": any version of the chart will do")
		}
	}
	return broken
}

// made is how the chart's values name the one thing of a kind that the stack makes; empty for none.
func made(p platform, stack, kind string) string {
	for _, e := range p.resources(kind) {
		switch {
		case e.stack != stack:
		case kind == "aws_s3_bucket":
			return fmt.Sprint(e.body["bucket"])
		case kind == "aws_acm_certificate_validation":
			return kind + "." + e.name + ".certificate_arn"
		default:
			return kind + "." + e.name + ".arn"
		}
	}
	return ""
}

// inClusterDatabase is the release of PostgreSQL in the cluster.
const inClusterDatabase = "postgres"

// ownChart is whether a release is the application's, not one of what it needs.
func ownChart(e element) bool {
	return layer(e.stack) == "app" && e.body["repository"] == nil && e.body["name"] != inClusterDatabase
}

// chartSettings looks for the settings that the chart takes as they are.
func chartSettings(p platform) (broken []string) {
	for _, e := range p.resources("helm_release") {
		if !ownChart(e) {
			continue
		}
		app := p.settings[environment(e.stack)].App
		for _, value := range []string{
			fmt.Sprintf(`"replicas" = {"cpuPercent" = %d, "max" = %d, "memoryPercent" = %d, "min" = %d, "requestsPerSecond" = %d}`,
				app.Replicas.CPUPercent, app.Replicas.Max, app.Replicas.MemoryPercent, app.Replicas.Min, app.Replicas.RequestsPerSecond),
			`"wafAclArn" = ` + cmp.Or(made(p, e.stack, "aws_wafv2_web_acl"), fmt.Sprintf("%q", app.WebACLARN)),
			`"certificateArn" = ` + cmp.Or(made(p, e.stack, "aws_acm_certificate_validation"), fmt.Sprintf("%q", app.CertificateARN)),
			fmt.Sprintf(`"parameters" = {"path" = %q}`, map[bool]string{true: p.settings[environment(e.stack)].ParameterPath()}[app.Parameters.Enabled]),
			fmt.Sprintf(`"accessLogs" = {"bucket" = %q, "prefix" = %q}`, cmp.Or(made(p, e.stack, "aws_s3_bucket"), app.AccessLogs.Bucket), app.AccessLogs.Prefix),
		} {
			if !strings.Contains(fmt.Sprint(e.body["values"]), value) {
				broken = append(broken, e.String()+": its values lack "+value)
			}
		}
	}
	return broken
}

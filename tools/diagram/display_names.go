package main

import (
	"fmt"
	"regexp"
	"strings"
)

// A displayName is the common name of a resource type.
type displayName struct {
	kind string
	one  string
	// named reports whether the names of constructs of this kind are worth the space in a
	// list: 3 public, 3 private.
	named bool
}

// displayNames holds the kinds with a better name than their Terraform type, the most important
// first. A part lists its resources in this order.
var displayNames = []displayName{
	{kind: "aws_vpc", one: "VPC"},
	{kind: "aws_eks_cluster", one: "EKS control plane"},
	{kind: "aws_rds_cluster", one: "Aurora cluster"},
	{kind: "aws_rds_cluster_instance", one: "Aurora instance"},
	{kind: "aws_db_instance", one: "RDS instance", named: true},
	{kind: "aws_ecr_repository", one: "ECR repository"},
	{kind: "aws_backup_plan", one: "backup plan"},
	{kind: "aws_backup_vault", one: "backup vault"},
	{kind: "aws_s3_bucket", one: "S3 bucket"},
	{kind: "aws_subnet", one: "subnet", named: true},
	{kind: "aws_internet_gateway", one: "internet gateway"},
	{kind: "aws_nat_gateway", one: "NAT gateway"},
	{kind: "aws_vpc_endpoint", one: "VPC endpoint"},
	{kind: "aws_instance", one: "EC2 instance"},
	{kind: "aws_ec2_client_vpn_endpoint", one: "Client VPN endpoint"},
	{kind: "aws_wafv2_web_acl", one: "web ACL"},
	{kind: "aws_acm_certificate", one: "certificate"},
	{kind: "aws_route53_record", one: "DNS record"},
	{kind: "aws_ssm_document", one: "session document"},
	{kind: "aws_flow_log", one: "flow log"},
	{kind: "aws_eks_fargate_profile", one: "Fargate profile"},
	{kind: "aws_eks_addon", one: "EKS add-on"},
	{kind: "aws_iam_openid_connect_provider", one: "OIDC provider"},
	{kind: "aws_eks_access_entry", one: "access entry"},
	{kind: "helm_release", one: "Helm release"},
	{kind: "aws_prometheus_workspace", one: "Prometheus workspace"},
	{kind: "aws_sns_topic", one: "SNS topic"},
	{kind: "aws_cloudwatch_dashboard", one: "dashboard"},
	{kind: "aws_cloudwatch_metric_alarm", one: "alarm"},
	{kind: "aws_budgets_budget", one: "budget"},
	{kind: "kubernetes_namespace_v1", one: "namespace"},
	{kind: "kubernetes_service_account_v1", one: "service account"},
	{kind: "kubernetes_config_map_v1", one: "config map"},
	{kind: "aws_secretsmanager_secret", one: "secret"},
	{kind: "aws_kms_key", one: "KMS key"},
	{kind: "aws_appautoscaling_target", one: "autoscaling target"},
	{kind: "aws_security_group", one: "security group"},
	{kind: "aws_vpc_security_group_ingress_rule", one: "ingress rule"},
	{kind: "aws_vpc_security_group_egress_rule", one: "egress rule"},
	{kind: "aws_iam_role", one: "IAM role"},
	{kind: "aws_iam_policy", one: "IAM policy"},
	{kind: "aws_sns_topic_subscription", one: "e-mail subscription"},
	{kind: "aws_chatbot_slack_channel_configuration", one: "Slack channel"},
	{kind: "aws_cloudwatch_log_metric_filter", one: "metric filter"},
	{kind: "aws_cloudwatch_log_group", one: "log group"},
}

// unmentioned holds the kinds that only complete another resource of the same part. A part
// lists them only if it has no others.
var unmentioned = map[string]bool{
	"aws_acm_certificate_validation":                     true,
	"aws_appautoscaling_policy":                          true,
	"aws_backup_selection":                               true,
	"aws_backup_vault_lock_configuration":                true,
	"aws_cloudwatch_log_stream":                          true,
	"aws_ec2_client_vpn_authorization_rule":              true,
	"aws_ec2_client_vpn_network_association":             true,
	"aws_wafv2_web_acl_logging_configuration":            true,
	"aws_db_parameter_group":                             true,
	"aws_db_subnet_group":                                true,
	"aws_default_security_group":                         true,
	"aws_ecr_lifecycle_policy":                           true,
	"aws_ecr_repository_policy":                          true,
	"aws_eip":                                            true,
	"aws_eks_access_policy_association":                  true,
	"aws_iam_instance_profile":                           true,
	"aws_iam_policy":                                     true,
	"aws_iam_role_policy":                                true,
	"aws_iam_role_policy_attachment":                     true,
	"aws_kms_alias":                                      true,
	"terraform_data":                                     true,
	"aws_prometheus_alert_manager_definition":            true,
	"aws_prometheus_rule_group_namespace":                true,
	"aws_rds_cluster_parameter_group":                    true,
	"aws_route":                                          true,
	"aws_route_table":                                    true,
	"aws_route_table_association":                        true,
	"aws_secretsmanager_secret_policy":                   true,
	"aws_secretsmanager_secret_rotation":                 true,
	"aws_secretsmanager_secret_version":                  true,
	"aws_sns_topic_policy":                               true,
	"aws_vpc_security_group_ingress_rule":                true,
	"aws_vpc_security_group_egress_rule":                 true,
	"kubernetes_labels":                                  true,
	"aws_s3_bucket_logging":                              true,
	"aws_s3_bucket_ownership_controls":                   true,
	"aws_s3_bucket_versioning":                           true,
	"aws_s3_bucket_public_access_block":                  true,
	"aws_s3_bucket_policy":                               true,
	"aws_s3_bucket_lifecycle_configuration":              true,
	"aws_s3_bucket_server_side_encryption_configuration": true,
}

// attributes holds names for values whose attribute's own name says too little.
var attributes = map[string]string{
	"aws_db_instance.address":                   "address",
	"aws_db_instance.port":                      "port",
	"aws_ecr_repository.repository_url":         "repository URL",
	"aws_eks_cluster.cluster_security_group_id": "security group id",
	"aws_eks_cluster.data":                      "CA certificate",
	"aws_eks_cluster.endpoint":                  "API endpoint",
	"aws_eks_cluster.issuer":                    "OIDC issuer",
	"aws_eks_cluster.version":                   "Kubernetes version",
	"aws_rds_cluster.endpoint":                  "writer endpoint",
	"aws_rds_cluster.reader_endpoint":           "reader endpoint",
}

// displayNameOf returns the name of a kind and its place in displayNames. A kind without a display
// name is called by its Terraform type and comes last.
func displayNameOf(kind string) (displayName, int) {
	for i, n := range displayNames {
		if n.kind == kind {
			return n, i
		}
	}
	words := strings.Split(kind, "_")
	if len(words) > 1 {
		words = words[1:] // the provider
	}
	if last := words[len(words)-1]; len(words) > 1 && len(last) > 1 && last[0] == 'v' && strings.Trim(last[1:], "0123456789") == "" {
		words = words[:len(words)-1] // the Kubernetes API's version
	}
	return displayName{kind: kind, one: strings.Join(words, " ")}, len(displayNames)
}

// count returns the name with its number, without the number if it is one.
func (n displayName) count(number int) string {
	if number == 1 {
		return n.one
	}
	return fmt.Sprintf("%d %s", number, n.plural())
}

var consonantY = regexp.MustCompile(`[^aeiou]y$`)

func (n displayName) plural() string {
	switch {
	case strings.HasSuffix(n.one, "s"):
		return n.one + "es"
	case consonantY.MatchString(n.one):
		return strings.TrimSuffix(n.one, "y") + "ies"
	}
	return n.one + "s"
}

// valueNoun returns a noun for the last segment of a resource's attribute.
func valueNoun(kind, attribute string) string {
	last := attribute[strings.LastIndex(attribute, ".")+1:]
	last, _, _ = strings.Cut(last, "[")
	if name, ok := attributes[kind+"."+last]; ok {
		return name
	}
	n, _ := displayNameOf(kind)
	words := strings.Split(last, "_")
	for i, word := range words {
		switch word {
		case "arn", "url", "ip":
			words[i] = strings.ToUpper(word)
		}
	}
	return n.one + " " + strings.Join(words, " ")
}

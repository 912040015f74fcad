package wholeapp

import (
	"fmt"
	"slices"
	"strings"
)

// atRest names, for each kind of resource that stores data, the fields that must encrypt it. A kind
// with no fields stores nothing or has its own check. A kind that is missing here fails the test, so
// that nobody adds a bucket or a queue without deciding.
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

var statelessTypes = []string{
	"aws_accessanalyzer_analyzer", "aws_ebs_encryption_by_default", "aws_guardduty_detector", "aws_s3_account_public_access_block",
	"aws_cloudtrail", // its bucket keeps the log
	"aws_secretsmanager_secret_rotation", "aws_backup_plan", "aws_backup_selection", "aws_backup_vault_lock_configuration", "aws_budgets_budget", "aws_acm_certificate", "aws_acm_certificate_validation", "aws_ec2_client_vpn_authorization_rule", "aws_ec2_client_vpn_endpoint",
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

// decidedAtRest reports whether somebody has decided if a resource stores data: it is in one of the
// lists, or has a key of Plinth's, which only a resource that stores data would have.
func decidedAtRest(e element) bool {
	_, keeps := atRest[e.kind]
	decided := keeps || slices.Contains(statelessTypes, e.kind)
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
			broken = append(broken, e.String()+": says nobody whether it keeps data; give it a key of Plinth's, or add it to atRest or statelessTypes")
		}
		for _, field := range fields {
			if field == "kms_key_id" && (e.body["replicate_source_db"] != nil || e.body["snapshot_identifier"] != nil) {
				continue // a replica has its source's key, and a restored database its snapshot's
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

// standardSupport holds the databases and the control plane. RDS takes the choice only when it creates
// or restores a database; a replica has its source's.
func standardSupport(p platform) (broken []string) {
	for _, e := range p.resources("aws_db_instance", "aws_rds_cluster") {
		want := any("open-source-rds-extended-support-disabled")
		switch {
		case e.body["replicate_source_db"] != nil:
			want = nil
		case p.settings[environment(e.stack)].Database.ExtendedSupport:
			want = "open-source-rds-extended-support"
		}
		if got := e.body["engine_lifecycle_support"]; got != want {
			broken = append(broken, fmt.Sprintf("%s: engine_lifecycle_support is %v, not %v", e, got, want))
		}
		if ignored := strs(dig(e.body, "lifecycle", "ignore_changes")); want != nil && !slices.Contains(ignored, "engine_lifecycle_support") {
			broken = append(broken, e.String()+": a database from before would differ from its plan for ever")
		}
	}
	for _, e := range p.resources("aws_eks_cluster") {
		if got := dig(e.body, "upgrade_policy", "support_type"); got != "STANDARD" {
			broken = append(broken, fmt.Sprintf("%s: support_type is %v", e, got))
		}
	}
	return broken
}

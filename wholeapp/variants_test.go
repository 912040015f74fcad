package wholeapp

import "strings"

const webACL = "arn:aws:wafv2:eu-west-2:333333333333:regional/webacl/prod/11111111-2222-3333-4444-555555555555"

// variants are overrides of the samples, for shapes that an environment could have.
var variants = map[string][]string{
	"the samples": nil,
	"Aurora": {
		"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.t4g.medium",
		"PLINTH_ENVIRONMENTS=dev",
	},
	"Aurora, protected": {
		"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.r7g.large",
		"PLINTH_DEV_PROTECTED=true", "PLINTH_DEV_APP_ALLOWED_CIDRS=[203.0.113.0/24]", "PLINTH_ENVIRONMENTS=dev",
	},
	"the longest names": {
		"PLINTH_DEV_PROJECT=abcdefghij-abcdefghij-abcd", "PLINTH_DEV_APP_NAME=a", "PLINTH_DEV_CLUSTER_KEDA=true", "PLINTH_ENVIRONMENTS=dev",
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
		"PLINTH_DEV_CI_PROVIDER=github", "PLINTH_DEV_CI_ISSUER=https://token.actions.githubusercontent.com", "PLINTH_DEV_CI_USE_EXISTING_OIDC_PROVIDER=true",
		"PLINTH_DEV_CI_TAGS=[v*]", "PLINTH_DEV_CI_PROJECT=acme@123456/plinth@456789", "PLINTH_DEV_CI_PREVIOUS_PROJECT=acme/plinth",
		"PLINTH_DEV_STATE_ACCESS_LOG_BUCKET=logs-111111111111",
		"PLINTH_DEV_STATE_KMS_KEY=arn:aws:kms:eu-west-2:111111111111:key/11111111-2222-3333-4444-555555555555",
		"PLINTH_ENVIRONMENTS=dev",
	},
	"a protected project on GitHub, with data residency": {
		"PLINTH_PROD_CI_PROVIDER=github", "PLINTH_PROD_CI_ISSUER=https://token.actions.acme.ghe.com", "PLINTH_PROD_CI_PLAN_RUNNER_TAGS=[plans]",
		"PLINTH_ENVIRONMENTS=prod",
	},
	"an account's baseline": {
		"PLINTH_DEV_BASELINE=true", "PLINTH_DEV_LOG_RETENTION_DAYS=545", "PLINTH_DEV_STATE_ACCESS_LOG_BUCKET=logs-111111111111", "PLINTH_ENVIRONMENTS=dev",
	},
	"settings of the application's own":      {"PLINTH_DEV_APP_PARAMETERS_ENABLED=true", "PLINTH_ENVIRONMENTS=dev"},
	"a database in extended support":         {"PLINTH_DEV_DATABASE_EXTENDED_SUPPORT=true", "PLINTH_DEV_DATABASE_REPLICAS=1", "PLINTH_ENVIRONMENTS=dev"},
	"a password that is changed every month": {"PLINTH_DEV_DATABASE_PASSWORD_ROTATION_DAYS=30", "PLINTH_ENVIRONMENTS=dev"},
	"a database restored twice, with backups and a budget": {
		"PLINTH_PROD_DATABASE_RESTORE_FROM_SNAPSHOTS=[rds:plinth-prod-postgres-2026-11-25-02-10, awsbackup:job-11111111-2222-3333-4444-555555555555]",
		"PLINTH_PROD_DATABASE_AWS_BACKUP_ENABLED=true",
		"PLINTH_PROD_DATABASE_AWS_BACKUP_CROSS_REGION_VAULT_ARN=arn:aws:backup:eu-west-1:333333333333:backup-vault:copies",
		"PLINTH_PROD_OBSERVABILITY_BUDGET_MONTHLY_USD=1000", "PLINTH_ENVIRONMENTS=prod",
	},
	"Aurora restored, and the old one gone": {
		"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.t4g.medium",
		"PLINTH_DEV_DATABASE_RESTORE_FROM_SNAPSHOTS=[plinth-dev-before]", "PLINTH_DEV_DATABASE_DELETED_DATABASES=[original]",
		"PLINTH_DEV_DATABASE_AWS_BACKUP_ENABLED=true", "PLINTH_ENVIRONMENTS=dev",
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
		"PLINTH_DEV_OBSERVABILITY_PROMETHEUS_CONTAINER_METRICS=true",
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
		"PLINTH_DEV_CLUSTER_ACCESS_ENTRIES=[{principal: role/developer, policy: developer}]", "PLINTH_ENVIRONMENTS=dev",
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

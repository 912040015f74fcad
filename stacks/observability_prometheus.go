package stacks

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/prometheusalertmanagerdefinition"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/prometheusrulegroupnamespace"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/prometheusworkspace"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/alarmtopic"
	"plinth/constructs/encryptionkey"
	"plinth/constructs/loggroup"
	"plinth/constructs/policy"
	"plinth/observability"
	"plinth/settings"
)

// workspace is an Amazon Managed Prometheus workspace.
type workspace struct {
	// arn is its ARN, endpoint its URL, which ends in a slash.
	arn, endpoint *string
	// keyArn is the key that encrypts it.
	keyArn *string
}

// useKey allows roles that write to the workspace or query it to use its key, through the service
// only.
// https://docs.aws.amazon.com/prometheus/latest/userguide/encryption-at-rest-Amazon-Service-Prometheus.html
func (w workspace) useKey(env *settings.Environment) policy.Statement {
	return useKey(env, "UseWorkspaceKey", "aps", w.keyArn, "kms:Decrypt", "kms:GenerateDataKey")
}

// newWorkspace creates the workspace that stores the metrics, its rules and its alert manager.
func newWorkspace(stack cdktf.TerraformStack, env *settings.Environment, key *encryptionkey.Key, topic *alarmtopic.Topic) *workspace {
	this := constructs.NewConstruct(stack, jsii.String("workspace"))
	group := loggroup.New(this, "logs", loggroup.Config{
		// One resource policy lets services write to all groups with this prefix.
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
		Name:          "/aws/vendedlogs/prometheus/" + env.ResourceName(),
		RetentionDays: env.LogRetentionDays,
		KeyArn:        key.Arn,
	})
	made := prometheusworkspace.NewPrometheusWorkspace(this, jsii.String("workspace"), &prometheusworkspace.PrometheusWorkspaceConfig{
		Alias:     jsii.String(env.ResourceName()),
		KmsKeyArn: key.Arn,
		// The workspace logs rules that fail and alerts that it cannot send.
		LoggingConfiguration: &prometheusworkspace.PrometheusWorkspaceLoggingConfiguration{
			LogGroupArn: jsii.String(*group.Arn() + ":*"),
		},
	})
	rules := observability.Rules(measuredApps(env), env.Observability.Prometheus.ContainerMetrics)
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		prometheusrulegroupnamespace.NewPrometheusRuleGroupNamespace(this, jsii.String("rules-"+name), &prometheusrulegroupnamespace.PrometheusRuleGroupNamespaceConfig{
			Name:        jsii.String(name),
			WorkspaceId: made.Id(),
			Data:        jsii.String(rules[name]),
		})
	}
	prometheusalertmanagerdefinition.NewPrometheusAlertManagerDefinition(this, jsii.String("alert-manager"), &prometheusalertmanagerdefinition.PrometheusAlertManagerDefinitionConfig{
		WorkspaceId: made.Id(),
		Definition:  jsii.String(fmt.Sprintf(alertManager, *topic.Arn, env.Region)),
		DependsOn:   &[]cdktf.ITerraformDependable{topic.Ready},
	})
	return &workspace{arn: made.Arn(), endpoint: made.PrometheusEndpoint(), keyArn: key.Arn}
}

// alertManager sends every alert to the alarms' topic. One message has all alerts of the same name
// and namespace. A critical alert mutes the warnings of the same name, those about another Deployment of the
// namespace excepted.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-receiver-config.html
const alertManager = `alertmanager_config: |
  route:
    receiver: alarms
    group_by: [alertname, namespace]
    group_wait: 30s
    group_interval: 5m
    repeat_interval: 12h
  inhibit_rules:
    - source_matchers: [severity="critical"]
      target_matchers: [severity="warning"]
      equal: [alertname, namespace, deployment]
  receivers:
    - name: alarms
      sns_configs:
        - topic_arn: %s
          sigv4:
            region: %s
          send_resolved: true
          subject: '{{ .Status }}: {{ .CommonLabels.alertname }}'
          message: |
            {{ range .Alerts }}{{ .Status }}: {{ .Labels.alertname }}
            {{ .Annotations.summary }}
            {{ .Annotations.description }} See {{ .Annotations.runbook }}.
            {{ end }}
`

// measuredApps returns the names of the applications that have metrics.
func measuredApps(env *settings.Environment) []string {
	var names []string
	for _, app := range env.Applications() {
		if hasMetrics(app) {
			names = append(names, app.Name)
		}
	}
	return names
}

func hasMetrics(app *settings.App) bool { return app.Web != nil && app.Web.Metrics.Port > 0 }

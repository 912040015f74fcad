package stacks

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/alarmtopic"
	"plinth/constructs/budget"
	"plinth/constructs/encryptionkey"
	"plinth/settings"
)

// Observability is the stack <environment>-observability: dashboards, alarms, metrics and logs.
type Observability struct {
	cdktf.TerraformStack
}

// Each name is that of a release, its namespace and its service account. The namespaces share a
// Fargate profile, which takes at most five.
const (
	prometheusNamespace = "prometheus"
	kubeStateMetrics    = "kube-state-metrics"
	grafana             = "grafana"
	loki                = "loki"
	podLogs             = "pod-logs"
)

// NewObservability creates the dashboard, the alarms and their topic, and the budget, Prometheus, Loki
// and Grafana if the settings enable them. It depends on the applications, because CloudWatch names a
// load balancer by an id that exists only after its creation.
func NewObservability(scope constructs.Construct, env *settings.Environment, data *Data, cluster *Cluster, addons *Addons, applications []*App) *Observability {
	stack := newStack(scope, env, "observability")
	stack.AddDependency(addons.TerraformStack)
	for _, application := range applications {
		stack.AddDependency(application.TerraformStack)
	}

	publishers := []alarmtopic.Publisher{{
		Sid: "CloudWatchAlarms", Service: "cloudwatch.amazonaws.com",
		SourceArn: fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s-*", env.Region, env.Account, env.ResourceName()),
	}}
	if env.Observability.Prometheus.Enabled {
		publishers = append(publishers, alarmtopic.Publisher{
			Sid: "PrometheusAlerts", Service: "aps.amazonaws.com",
			SourceArn: fmt.Sprintf("arn:aws:aps:%s:%s:workspace/*", env.Region, env.Account),
		})
	}
	if env.Observability.Budget.MonthlyUSD > 0 {
		// https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
		publishers = append(publishers, alarmtopic.Publisher{
			Sid: "Budgets", Service: "budgets.amazonaws.com",
			SourceArn: fmt.Sprintf("arn:aws:budgets::%s:*", env.Account),
		})
	}
	key := newKey(stack, env, "key", "observability", "Encrypts alarms, metrics and logs", false,
		alarmtopic.UseKey(env.Account, publishers...)...)
	topic := newAlarmTopic(stack, env, key, publishers)
	targets := newMonitoring(topic.Construct, env, data, cluster)
	newAlarms(topic.Construct, env, targets, topic.Arn)
	newDashboard(stack, env, targets)
	if limit := env.Observability.Budget; limit.MonthlyUSD > 0 {
		budget.New(stack, "budget", budget.Config{
			Name: env.ResourceName("budget"), MonthlyUSD: limit.MonthlyUSD, Percent: limit.ThresholdPercent,
			TopicArn: topic.Arn, DependsOn: topic.Ready,
		})
	}

	// Without Prometheus, Loki and Grafana too: Terraform needs the providers to delete what an earlier deployment
	// installed. It starts none that neither the settings nor the state use.
	configureKubernetesProviders(stack, env, cluster)
	var groups *podGroups
	if env.Observability.InCluster() {
		groups = newPodGroups(stack, env, cluster)
	}
	var metrics *workspace
	if env.Observability.Prometheus.Enabled {
		metrics = newWorkspace(stack, env, key, topic)
		newPrometheusAgent(groups, applications, *metrics)
	}
	var logs *lokiServer
	if env.Observability.Loki.Enabled {
		logs = newLoki(groups, newLogBucket(stack, env, key))
	}
	if env.Observability.Grafana.Enabled {
		newGrafana(groups, metrics, logs)
		output(stack, "grafana_url", "Dashboards", "https://"+env.Observability.Grafana.Domain)
	}
	output(stack, "dashboard_url", "CloudWatch dashboard", fmt.Sprintf("https://%[1]s.console.aws.amazon.com/cloudwatch/home?region=%[1]s#dashboards/dashboard/%[2]s",
		env.Region, env.ResourceName()))
	output(stack, "alarm_topic_arn", "SNS topic of all alarms", topic.Arn)
	return &Observability{TerraformStack: stack}
}

func newAlarmTopic(stack cdktf.TerraformStack, env *settings.Environment, key *encryptionkey.Key, publishers []alarmtopic.Publisher) *alarmtopic.Topic {
	alarms := env.Observability.Alarms
	config := alarmtopic.Config{
		Name: env.ResourceName("alarms"), KeyArn: key.Arn, Publishers: publishers,
		Emails: alarms.Emails, Account: env.Account,
	}
	if alarms.Slack.Enabled() {
		config.Slack = &alarmtopic.Slack{WorkspaceID: alarms.Slack.WorkspaceID, ChannelID: alarms.Slack.ChannelID}
	}
	return alarmtopic.New(stack, "alarms", config)
}

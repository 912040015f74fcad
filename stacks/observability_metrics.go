package stacks

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchlogmetricfilter"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslb"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslbtargetgroup"

	"plinth/constructs/alarm"
	"plinth/constructs/postgres"
	"plinth/settings"
)

// monitoring holds the monitored resources, by their names in CloudWatch.
type monitoring struct {
	applications []monitoredApp
	database     postgres.Identifiers
	natGateways  []*string
	// pendingPods counts the pods that Kubernetes' scheduler cannot place.
	pendingPods alarm.Metric
}

// monitoredApp is an application, by its names in CloudWatch.
type monitoredApp struct {
	*settings.App
	// scope holds what monitors it.
	scope constructs.Construct
	// loadBalancer and targetGroup are app/… and targetgroup/…, nil without web.
	loadBalancer, targetGroup *string
	podLogs                   string
	// errorLogs counts the lines that the settings take for errors.
	errorLogs alarm.Metric
}

// newMonitoring looks up the monitored resources and creates the counts of error lines.
func newMonitoring(scope constructs.Construct, env *settings.Environment, data *Data, cluster *Cluster) monitoring {
	mon := monitoring{
		database:    data.Database.Identifiers,
		natGateways: cluster.Network.VPC.NATGatewayIDs,
		// https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html
		pendingPods: alarm.Metric{
			Namespace: "AWS/EKS", Name: "scheduler_pending_pods", Statistic: "Sum",
			Dimensions: map[string]*string{"ClusterName": jsii.String(cluster.Cluster.Name)},
		},
	}
	// Applications are in a scope of their own: one may be called like another construct.
	applications := constructs.NewConstruct(scope, jsii.String("applications"))
	for _, app := range env.Applications() {
		mon.applications = append(mon.applications, newMonitoredApp(constructs.NewConstruct(applications, jsii.String(app.Name)), env, app, cluster))
	}
	return mon
}

// newMonitoredApp looks up an application's resources and creates the count of its error lines. It finds the
// load balancer, which the controller created, by the Ingress's name for it, its target group by tags.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#resource-tags
func newMonitoredApp(scope constructs.Construct, env *settings.Environment, app *settings.App, cluster *Cluster) monitoredApp {
	m := monitoredApp{
		App: app, scope: scope, podLogs: cluster.PodLogs,
		errorLogs: alarm.Metric{Namespace: env.Project + "/" + env.Name + "/" + app.Name, Name: "ErrorLogs", Statistic: "Sum"},
	}
	if app.Web != nil {
		m.loadBalancer = dataawslb.NewDataAwsLb(scope, jsii.String("load-balancer"), &dataawslb.DataAwsLbConfig{
			Name: jsii.String(env.ResourceName(app.Name)),
		}).ArnSuffix()
		m.targetGroup = dataawslbtargetgroup.NewDataAwsLbTargetGroup(scope, jsii.String("target-group"), &dataawslbtargetgroup.DataAwsLbTargetGroupConfig{
			Tags: &map[string]*string{
				"elbv2.k8s.aws/cluster": jsii.String(cluster.Cluster.Name),
				"ingress.k8s.aws/stack": jsii.String(app.Name + "/" + app.Name),
			},
		}).ArnSuffix()
	}
	cloudwatchlogmetricfilter.NewCloudwatchLogMetricFilter(scope, jsii.String("error-log-filter"), &cloudwatchlogmetricfilter.CloudwatchLogMetricFilterConfig{
		Name:         jsii.String(env.ResourceName(app.Name, "errors")),
		LogGroupName: jsii.String(m.podLogs),
		Pattern:      jsii.String(app.ErrorLogPattern()),
		MetricTransformation: &cloudwatchlogmetricfilter.CloudwatchLogMetricFilterMetricTransformation{
			Namespace: &m.errorLogs.Namespace, Name: &m.errorLogs.Name, Value: jsii.String("1"), DefaultValue: jsii.String("0"),
		},
	})
	return m
}

func (m monitoredApp) loadBalancerMetric(name, statistic string) alarm.Metric {
	return alarm.Metric{
		Namespace: "AWS/ApplicationELB", Name: name, Statistic: statistic,
		Dimensions: map[string]*string{"LoadBalancer": m.loadBalancer},
	}
}

// targetMetric returns a metric of the pods behind the load balancer, with statistic Maximum.
func (m monitoredApp) targetMetric(name string) alarm.Metric {
	metric := m.loadBalancerMetric(name, "Maximum")
	metric.Dimensions["TargetGroup"] = m.targetGroup
	return metric
}

// server is a database instance, or all instances of an Aurora cluster that have one role.
type server struct {
	name       string
	dimensions map[string]*string
	// free is the metric of free storage in bytes, lag that of replica lag, empty for a writer.
	free, lag string
	// lagPerSecond is one second in lag's unit.
	lagPerSecond float64
}

func (s server) alarm(what string) string { return s.name + "-" + what }

func (s server) metric(name, statistic string) alarm.Metric {
	return alarm.Metric{Namespace: "AWS/RDS", Name: name, Statistic: statistic, Dimensions: s.dimensions}
}

// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
func (mon monitoring) servers() []server {
	ids := mon.database
	if ids.Cluster != "" {
		role := func(name string) map[string]*string {
			return map[string]*string{"DBClusterIdentifier": &ids.Cluster, "Role": &name}
		}
		return []server{
			{name: "database-writer", dimensions: role("WRITER"), free: "FreeLocalStorage"},
			{name: "database-reader", dimensions: role("READER"), free: "FreeLocalStorage", lag: "AuroraReplicaLag", lagPerSecond: 1000},
		}
	}
	if ids.Primary == "" {
		return nil // CloudWatch has no metrics of PostgreSQL in the cluster
	}
	instance := func(id string) map[string]*string { return map[string]*string{"DBInstanceIdentifier": &id} }
	all := []server{{name: "database-primary", dimensions: instance(ids.Primary), free: "FreeStorageSpace"}}
	for i, id := range ids.Replicas {
		all = append(all, server{
			name: fmt.Sprintf("database-replica-%d", i+1), dimensions: instance(id),
			free: "FreeStorageSpace", lag: "ReplicaLag", lagPerSecond: 1,
		})
	}
	return all
}

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
	// loadBalancer and targetGroup are the application's: app/… and targetgroup/….
	loadBalancer, targetGroup *string
	database                  postgres.Identifiers
	natGateways               []*string
	podLogs                   string
	// errorLogs counts lines of level ERROR, pendingPods the pods that Kubernetes' scheduler cannot place.
	errorLogs, pendingPods alarm.Metric
}

// newMonitoring looks up the monitored resources and creates the count of error lines. It finds the
// load balancer, which the controller created, by the Ingress's name for it, its target group by tags.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#resource-tags
func newMonitoring(scope constructs.Construct, env *settings.Environment, data *Data, cluster *Cluster) monitoring {
	mon := monitoring{
		loadBalancer: dataawslb.NewDataAwsLb(scope, jsii.String("load-balancer"), &dataawslb.DataAwsLbConfig{
			Name: jsii.String(env.ResourceName(env.ApplicationNames()[0])),
		}).ArnSuffix(),
		targetGroup: dataawslbtargetgroup.NewDataAwsLbTargetGroup(scope, jsii.String("target-group"), &dataawslbtargetgroup.DataAwsLbTargetGroupConfig{
			Tags: &map[string]*string{
				"elbv2.k8s.aws/cluster": jsii.String(cluster.Cluster.Name),
				"ingress.k8s.aws/stack": jsii.String(env.ApplicationNames()[0] + "/" + env.ApplicationNames()[0]),
			},
		}).ArnSuffix(),
		database:    data.Database.Identifiers,
		natGateways: cluster.Network.VPC.NATGatewayIDs,
		podLogs:     cluster.PodLogs,
		errorLogs:   alarm.Metric{Namespace: env.Project + "/" + env.Name, Name: "ErrorLogs", Statistic: "Sum"},
		// https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html
		pendingPods: alarm.Metric{
			Namespace: "AWS/EKS", Name: "scheduler_pending_pods", Statistic: "Sum",
			Dimensions: map[string]*string{"ClusterName": jsii.String(cluster.Cluster.Name)},
		},
	}
	// The log router adds the pod's metadata to the application's JSON.
	cloudwatchlogmetricfilter.NewCloudwatchLogMetricFilter(scope, jsii.String("error-log-filter"), &cloudwatchlogmetricfilter.CloudwatchLogMetricFilterConfig{
		Name:         jsii.String(env.ResourceName("errors")),
		LogGroupName: jsii.String(mon.podLogs),
		Pattern:      jsii.String(fmt.Sprintf(`{ $.level = "ERROR" && $.kubernetes.namespace_name = "%s" }`, env.ApplicationNames()[0])),
		MetricTransformation: &cloudwatchlogmetricfilter.CloudwatchLogMetricFilterMetricTransformation{
			Namespace: &mon.errorLogs.Namespace, Name: &mon.errorLogs.Name, Value: jsii.String("1"), DefaultValue: jsii.String("0"),
		},
	})
	return mon
}

func (mon monitoring) loadBalancerMetric(name, statistic string) alarm.Metric {
	return alarm.Metric{
		Namespace: "AWS/ApplicationELB", Name: name, Statistic: statistic,
		Dimensions: map[string]*string{"LoadBalancer": mon.loadBalancer},
	}
}

// targetMetric returns a metric of the pods behind the load balancer, with statistic Maximum.
func (mon monitoring) targetMetric(name string) alarm.Metric {
	m := mon.loadBalancerMetric(name, "Maximum")
	m.Dimensions["TargetGroup"] = mon.targetGroup
	return m
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

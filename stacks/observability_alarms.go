package stacks

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"

	"plinth/constructs/alarm"
	"plinth/settings"
)

const gib = 1 << 30

// newAlarms creates alarms on what users and operators would notice next. Each description is the
// message that somebody reads at night: what it means, what to do first, and where to read more.
//
// An application's alarms have its name before their own: shop-latency. No two alarms have one name, whatever
// applications are called: no name of an application's alarms ends like another's, or like one of the others.
func newAlarms(scope constructs.Construct, env *settings.Environment, mon monitoring, topicArn *string) {
	addTo := func(scope constructs.Construct, id, name, anchor string, c alarm.Config) {
		c.Name, c.TopicArn = env.ResourceName(name), topicArn
		c.Description += " See docs/runbook.md#" + anchor + "."
		alarm.New(scope, id, c)
	}
	limits := env.Observability.Alarms
	for _, app := range mon.applications {
		applicationAlarms(env, app, limits, func(id string, c alarm.Config) { addTo(app.scope, id, app.Name+"-"+id, id, c) })
	}
	add := func(id, anchor string, c alarm.Config) { addTo(scope, id, id, anchor, c) }
	// EKS's metrics count the pods that Kubernetes' scheduler cannot place. They omit those of
	// Fargate's scheduler, for which Prometheus has an alert.
	add("pending-pods", "pending-pods", alarm.Config{
		Description: "Pods wait for a place: no Fargate profile has their namespace, or none had it when they were made. " +
			"Look at their events (kubectl get pods --all-namespaces --field-selector status.phase=Pending).",
		Metric:    mon.pendingPods,
		Threshold: 0, Minutes: 1, Periods: 15, Wrong: 15,
	})
	databaseAlarms(mon, limits, add)
}

func applicationAlarms(env *settings.Environment, app monitoredApp, limits settings.Alarms, add func(string, alarm.Config)) {
	if app.Web != nil {
		loadBalancerAlarms(env, app, limits, add)
	}
	add("error-logs", alarm.Config{
		Description: fmt.Sprintf("%s writes more than %d error lines in five minutes. Read them: ./plinth logs %s %s, "+
			"or in log group %s those of namespace %s.", app.Name, limits.ErrorLogsPer5Minutes, env.Name, app.Name, app.podLogs, app.Name),
		Metric:    app.errorLogs,
		Threshold: float64(limits.ErrorLogsPer5Minutes), Minutes: 5, Periods: 1, Wrong: 1,
	})
}

func loadBalancerAlarms(env *settings.Environment, app monitoredApp, limits settings.Alarms, add func(string, alarm.Config)) {
	add("error-rate", alarm.Config{
		Description: fmt.Sprintf("More than %d %% of the requests to %s end in an error of the service or find no pod. "+
			"Look at the pods' state (./plinth status %s %s) and at their log; if a release did it, roll it back.",
			limits.ErrorRatePercent, app.Name, env.Name, app.Name),
		// Only the load balancer's errors count a request that found no pod. A minute without requests
		// has no count.
		Expression: "IF(FILL(requests, 0) + FILL(balancer, 0) > 0, 100 * (FILL(service, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(balancer, 0)), 0)",
		Metrics: map[string]alarm.Metric{
			"requests": app.loadBalancerMetric("RequestCount", "Sum"),
			"service":  app.loadBalancerMetric("HTTPCode_Target_5XX_Count", "Sum"),
			"balancer": app.loadBalancerMetric("HTTPCode_ELB_5XX_Count", "Sum"),
		},
		Threshold: float64(limits.ErrorRatePercent), Minutes: 1, Periods: 5, Wrong: 3,
	})
	add("latency", alarm.Config{
		Description: fmt.Sprintf("5 of 100 requests to %s take longer than %d ms. Look whether the database is slow (its alarms, CloudWatch Database Insights), "+
			"whether pods are at their CPU limit, and whether the autoscaler is at apps.%s.web.replicas.max (./plinth status %s %s).",
			app.Name, limits.P95LatencyMilliseconds, app.Name, env.Name, app.Name),
		Metric:    app.loadBalancerMetric("TargetResponseTime", "p95"),
		Threshold: float64(limits.P95LatencyMilliseconds) / 1000, Minutes: 1, Periods: 10, Wrong: 5,
	})
	add("unhealthy-targets", alarm.Config{
		Description: fmt.Sprintf("Pods of %s do not answer the load balancer's health check (apps.%s.web.health.path). Look at their events and log "+
			"(kubectl --namespace %s describe pod, ./plinth logs %s %s): the database or its password may be out of reach.",
			app.Name, app.Name, app.Name, env.Name, app.Name),
		Metric:    app.targetMetric("UnHealthyHostCount"),
		Threshold: 0, Minutes: 1, Periods: 10, Wrong: 5,
	})
}

// databaseAlarms adds alarms for each RDS instance. Aurora's instances come and go, so its alarms watch
// a role in the cluster. The runbook has one entry for each kind of alarm, not for each server.
func databaseAlarms(mon monitoring, limits settings.Alarms, addTo func(id, anchor string, c alarm.Config)) {
	for _, server := range mon.servers() {
		add := func(what string, c alarm.Config) { addTo(server.alarm(what), "database-"+what, c) }
		add("cpu", alarm.Config{
			Description: fmt.Sprintf("The database's CPU use is above %d %%. Look for slow statements in CloudWatch Database Insights and in its log; "+
				"if the load is right, take a larger database.instanceClass.", limits.DatabaseCPUPercent),
			Metric:    server.metric("CPUUtilization", "Average"),
			Threshold: float64(limits.DatabaseCPUPercent), Minutes: 5, Periods: 2, Wrong: 2,
		})
		add("connections", alarm.Config{
			Description: fmt.Sprintf("The database has more than %d connections, and refuses more soon. Look who holds them (pg_stat_activity); "+
				"each pod has a pool of its own, so replicas.max of the applications' processes bounds them.", limits.DatabaseConnections),
			Metric:    server.metric("DatabaseConnections", "Maximum"),
			Threshold: float64(limits.DatabaseConnections), Minutes: 1, Periods: 5, Wrong: 5,
		})
		add("storage", alarm.Config{
			Description: fmt.Sprintf("The database has less than %d GiB free. RDS grows by itself up to database.maxStorageGiB, and stops when full: "+
				"raise that. Aurora's local storage holds what sorts and indexes need for a while: look for such statements.", limits.DatabaseFreeStorageGiB),
			Metric: server.metric(server.free, "Minimum"), Below: true,
			Threshold: float64(limits.DatabaseFreeStorageGiB) * gib, Minutes: 5, Periods: 2, Wrong: 2,
		})
		if server.lag != "" {
			add("lag", alarm.Config{
				Description: fmt.Sprintf("The read replica is more than %d s behind: readers see old data. Look for long transactions on it and for a burst of writes; "+
					"RDS starts replication again by a reboot of the replica.", limits.ReplicaLagSeconds),
				Metric:    server.metric(server.lag, "Maximum"),
				Threshold: float64(limits.ReplicaLagSeconds) * server.lagPerSecond, Minutes: 1, Periods: 10, Wrong: 10,
			})
		}
	}
}

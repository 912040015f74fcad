package stacks

import (
	"fmt"

	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/bucket"
	"plinth/constructs/encryptionkey"
	"plinth/constructs/policy"
	"plinth/constructs/release"
	"plinth/settings"
)

// podLogsChart is the path of the log collector's chart, relative to the project's folder.
const podLogsChart = "charts/pod-logs"

// Loki's default ports. The last two are those of its replicas, among themselves.
const (
	lokiPort       = 3100
	lokiGRPCPort   = 9095
	lokiGossipPort = 7946
)

// lokiServer is Loki's URL in the cluster, and its pods.
type lokiServer struct {
	url  string
	pods *podGroup
}

// newLoki installs Loki, which keeps its lines in a bucket, and the collector that sends it the output
// of the applications' pods.
// https://grafana.com/docs/loki/latest/get-started/deployment-modes/#monolithic-mode
func newLoki(groups *podGroups, b lokiBucket) *lokiServer {
	stack, env, cluster := groups.stack, groups.env, groups.cluster
	namespace := newNamespace(stack, loki, nil)
	pods := groups.add(loki, "Pods of Loki", confined)
	pods.connect("loki-from-loki", "Loki from its replicas", pods.id, lokiPort)
	pods.connect("loki-grpc-from-loki", "Loki's gRPC from its replicas", pods.id, lokiGRPCPort)
	pods.connect("loki-gossip-from-loki", "Loki's memberlist from its replicas", pods.id, lokiGossipPort)
	role := newPodRole(stack, env, cluster, "loki-role", loki, "Lets Loki keep its lines in this environment's bucket", lokiStatements(env, b))
	installed := newPublishedRelease(stack, env, loki, release.Config{
		Name:       loki,
		Namespace:  loki,
		Repository: "https://grafana-community.github.io/helm-charts",
		Chart:      "loki",
		Version:    "18.11.7",
		Values:     lokiValues(env, b, role.Arn, pods),
		DependsOn:  append(role.Permissions, namespace, b.ready, pods.install(namespace)),
	})
	server := &lokiServer{url: fmt.Sprintf("http://%s.%s.svc.cluster.local:%d", loki, loki, lokiPort), pods: pods}
	newPodLogs(groups, server, installed)
	return server
}

// newLogBucket creates the bucket in which Loki keeps its lines. A week after the compactor deletes an
// object, S3 removes it. A destroy deletes the bucket with its objects: CloudWatch has the same lines.
func newLogBucket(stack cdktf.TerraformStack, env *settings.Environment, key *encryptionkey.Key) lokiBucket {
	name := env.ResourceName("loki", env.Account)
	made := bucket.New(stack, "loki-bucket", bucket.Config{
		Name:                           name,
		KeyArn:                         key.Arn,
		NoncurrentVersionRetentionDays: 7,
		// When its pod is replaced, the compactor forgets the objects that it marked for deletion.
		ExpirationDays: env.Observability.Loki.RetentionDays + 7,
		ForceDestroy:   true,
	})
	return lokiBucket{name: name, arn: made.Arn, keyArn: key.Arn, ready: made.Ready}
}

// lokiBucket is what Loki's release needs to know about its bucket.
type lokiBucket struct {
	name        string
	arn, keyArn *string
	ready       cdktf.ITerraformDependable
}

// lokiStatements allow Loki to use its bucket, and the bucket's key through S3 only.
// https://grafana.com/docs/loki/latest/configure/storage/#aws-deployment-s3-single-store
func lokiStatements(env *settings.Environment, b lokiBucket) []policy.Statement {
	return []policy.Statement{
		{Sid: "ListLines", Actions: []string{"s3:ListBucket"}, Resources: []string{*b.arn}},
		{
			Sid:       "KeepLines",
			Actions:   []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
			Resources: []string{*b.arn + "/*"},
		},
		useKey(env, "EncryptLines", "s3", b.keyArn, "kms:Decrypt", "kms:GenerateDataKey"),
	}
}

func lokiValues(env *settings.Environment, b lokiBucket, roleArn *string, pods *podGroup) map[string]any {
	replicas := 1
	if env.Observability.Loki.Replicated {
		replicas = 3
	}
	off, none := map[string]any{"enabled": false}, map[string]any{"replicas": 0}
	return map[string]any{
		"deploymentMode": "Monolithic",
		"serviceAccount": map[string]any{
			"name":                         loki,
			"annotations":                  map[string]any{"eks.amazonaws.com/role-arn": roleArn},
			"automountServiceAccountToken": false,
		},
		// Security: Loki does not use the Kubernetes API.
		"defaults": map[string]any{"automountServiceAccountToken": false, "enableServiceLinks": false},
		"loki": map[string]any{
			"image": registryOf(env),
			// Security: there is one tenant and no password. Only Grafana and the log collector reach Loki,
			// and either can read all lines and add some.
			"auth_enabled": false,
			"commonConfig": map[string]any{"replication_factor": replicas},
			"storage": map[string]any{
				"type":        "s3",
				"bucketNames": map[string]any{"chunks": b.name},
				// The bucket encrypts by default. Loki finds its role in environment variables.
				"s3": map[string]any{"region": env.Region},
			},
			"schemaConfig": map[string]any{"configs": []any{map[string]any{
				"from": "2026-01-01", "store": "tsdb", "object_store": "s3", "schema": "v13",
				"index": map[string]any{"prefix": "index_", "period": "24h"},
			}}},
			"limits_config": map[string]any{
				"retention_period": fmt.Sprintf("%dh", 24*env.Observability.Loki.RetentionDays),
			},
			// The compactor applies the retention.
			// https://grafana.com/docs/loki/latest/operations/storage/retention/
			"compactor": map[string]any{
				"working_directory": "/var/loki/compactor", "retention_enabled": true, "delete_request_store": "s3",
			},
			// Loki writes a line to the bucket within half an hour, and when its pod stops.
			"ingester":  map[string]any{"chunk_idle_period": "15m", "max_chunk_age": "30m"},
			"analytics": map[string]any{"reporting_enabled": false},
		},
		"singleBinary": map[string]any{
			"replicas":       replicas,
			"podAnnotations": pods.annotations(),
			"podLabels":      podLabels(env, observabilityProfile),
			// Fargate has no EBS. When a pod's machine fails, lines that are not yet in the bucket are
			// lost, unless two more replicas have them. CloudWatch has all lines.
			"persistence":                   map[string]any{"enabled": false},
			"terminationGracePeriodSeconds": 300,
			"podDisruptionBudget":           map[string]any{"maxUnavailable": 1},
			// Fargate gives every pod its own node and ignores affinity.
			"affinity":  helmNull(),
			"resources": resources("500m", "1792Mi"),
		},
		// The parts of Loki's other modes.
		"backend": none, "read": none, "write": none,
		// A single pod must find itself before it is ready.
		"memberlist": map[string]any{"service": map[string]any{"publishNotReadyAddresses": true}},
		// Security: otherwise the chart creates a ClusterRole, though an empty one.
		"rbac":         map[string]any{"namespaced": true},
		"gateway":      off,
		"lokiCanary":   off,
		"test":         off,
		"memcached":    off,
		"chunksCache":  off,
		"resultsCache": off,
		// CloudWatch and the workspace raise the alarms. Security: the rules' sidecar reads Secrets.
		"ruler":   off,
		"sidecar": map[string]any{"rules": off},
	}
}

// newPodLogs installs the collector that reads the applications' pods' output through the Kubernetes
// API. Fargate runs no agent except its own log router, which still sends to CloudWatch.
func newPodLogs(groups *podGroups, server *lokiServer, after cdktf.ITerraformDependable) {
	stack, env := groups.stack, groups.env
	namespace := newNamespace(stack, podLogs, nil)
	pods := groups.add(podLogs, "Pods of the log collector", confined)
	pods.connect("loki-from-pod-logs", "Loki from the log collector", server.pods.id, lokiPort)
	release.New(stack, podLogs, release.Config{
		Name:      podLogs,
		Namespace: podLogs,
		Chart:     chartFolder(stack, "pod-logs-chart", podLogsChart),
		Values: withDigests(env, podLogs, appVersion(podLogsChart), map[string]any{
			"image":          imageFrom(env, "grafana/alloy"),
			"namespaces":     env.ApplicationNames(),
			"lokiUrl":        server.url,
			"podAnnotations": podAnnotations(groups.cluster.Cluster),
			"securityGroups": pods.all,
			"fargateProfile": profileOf(env, observabilityProfile),
		}),
		DependsOn: []cdktf.ITerraformDependable{namespace, after, pods.install(namespace)},
	})
}

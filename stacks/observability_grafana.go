package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-kubernetes-go/kubernetes/v12/configmapv1"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/policy"
	"plinth/constructs/release"
	"plinth/observability"
	"plinth/settings"
)

// Amazon's plugin. Without it Grafana 13 cannot sign queries to the workspace.
// https://grafana.com/docs/grafana/latest/datasources/prometheus/configure/aws-authentication/
const (
	workspacePlugin        = "grafana-amazonprometheus-datasource"
	workspacePluginVersion = "3.3.4"
)

const (
	// oidcSecret is the Secret with the OpenID Connect client's secret, oidcFile the path where
	// Grafana reads it.
	oidcSecret = "grafana-oidc"
	oidcFile   = "/etc/secrets/oidc/clientSecret"
	// dashboardFolder is where the chart mounts dashboardProvider's ConfigMap.
	dashboardProvider = "plinth"
	dashboardFolder   = "/var/lib/grafana/dashboards/" + dashboardProvider
)

// newGrafana installs Grafana behind a load balancer that only the VPC can reach. metrics is nil
// without Prometheus, logs without Loki.
func newGrafana(groups *podGroups, metrics *workspace, logs *lokiServer) {
	stack, env, cluster := groups.stack, groups.env, groups.cluster
	// As with the application, the controller keeps a new pod from Ready until its target is healthy.
	namespace := newNamespace(stack, grafana, map[string]string{"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"})
	role := newPodRole(stack, env, cluster, "grafana-role", grafana,
		"Lets Grafana read metrics, and its secret at the OpenID Connect provider", grafanaStatements(env, metrics))
	pods := groups.add(grafana, "Pods of Grafana", balanced)
	lokiURL := ""
	if logs != nil {
		lokiURL = logs.url
		pods.connect("loki-from-grafana", "Loki from Grafana", logs.pods.id, lokiPort)
	}
	values := grafanaValues(env, metrics, lokiURL, role.Arn)
	values["podAnnotations"], values["podLabels"] = pods.annotations(), podLabels(env, observabilityProfile)
	// Grafana's Ingress names its subnets for the reason that the application's does.
	values["ingress"].(map[string]any)["annotations"].(map[string]any)["alb.ingress.kubernetes.io/subnets"] = cdktf.Fn_Join(jsii.String(","), &cluster.Network.VPC.PrivateSubnetIDs)
	shown := configmapv1.NewConfigMapV1(stack, jsii.String("grafana-dashboards"), &configmapv1.ConfigMapV1Config{
		Metadata: &configmapv1.ConfigMapV1Metadata{
			Name:      jsii.String("grafana-dashboards"),
			Namespace: namespace.Id(),
		},
		Data: dashboards(env, lokiURL != ""),
	})
	newPublishedRelease(stack, env, grafana, release.Config{
		Name:       grafana,
		Namespace:  grafana,
		Repository: "https://grafana-community.github.io/helm-charts",
		Chart:      "grafana",
		Version:    "13.0.1",
		Values:     values,
		DependsOn:  append(role.Permissions, namespace, shown, pods.install(namespace)),
	})
}

// grafanaStatements allow reading metrics and Grafana's own client secret, nothing else.
func grafanaStatements(env *settings.Environment, metrics *workspace) []policy.Statement {
	statements := []policy.Statement{
		{
			Sid: "ReadCloudWatch",
			// Neither action supports a narrower resource than "*".
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
			Actions:   []string{"cloudwatch:GetMetricData", "cloudwatch:ListMetrics"},
			Resources: []string{"*"},
		},
		{
			Sid:     "ReadClientSecret",
			Actions: []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
			// Secrets Manager appends a hyphen and six random characters to the name.
			Resources: []string{fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-??????",
				env.Region, env.Account, grafanaSecret(env))},
		},
	}
	if metrics != nil {
		statements = append(statements, policy.Statement{
			Sid:       "QueryMetrics",
			Actions:   []string{"aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics"},
			Resources: []string{*metrics.arn},
		}, metrics.useKey(env))
	}
	return statements
}

// grafanaSecret returns the name of a secret that a person creates in Secrets Manager: the OpenID
// Connect client's secret as plain text, encrypted with AWS's own key.
func grafanaSecret(env *settings.Environment) string {
	return env.Project + "/" + env.Name + "/grafana"
}

// dashboards returns Grafana's dashboards as files. Grafana reloads them when they change.
func dashboards(env *settings.Environment, logs bool) *map[string]*string {
	database := env.ResourceName("postgres")
	if env.Database.Engine == settings.EngineInCluster {
		database = "" // CloudWatch has no metrics of it
	}
	names := observability.Names{Database: database, Containers: env.Observability.Prometheus.ContainerMetrics}
	for _, app := range env.Applications() {
		shown := observability.App{Name: app.Name, Metrics: hasMetrics(app)}
		if app.Web != nil {
			shown.LoadBalancer = env.ResourceName(app.Name)
		}
		names.Apps = append(names.Apps, shown)
	}
	files := observability.Dashboards(names)
	if !logs {
		delete(files, observability.LogsDashboard)
	}
	return stringPointers(files)
}

func grafanaValues(env *settings.Environment, metrics *workspace, lokiURL string, roleArn *string) map[string]any {
	image := registryOf(env)
	values := map[string]any{
		"image": image,
		// One, without a disk: everything that matters comes from these values. Users, sessions and
		// experiments are in a file of the pod. A restart deletes it, and a second pod would not see
		// it. After a restart the provider signs everybody in again without a prompt.
		"replicas":    1,
		"persistence": map[string]any{"enabled": false},
		"serviceAccount": map[string]any{
			"name":                         grafana,
			"annotations":                  map[string]any{"eks.amazonaws.com/role-arn": roleArn},
			"automountServiceAccountToken": false,
		},
		// Security: Grafana does not use the Kubernetes API.
		"automountServiceAccountToken": false,
		"rbac":                         map[string]any{"create": false},
		"enableServiceLinks":           false,
		"testFramework":                map[string]any{"enabled": false},
		"securityContext": map[string]any{
			"fsGroup": 472, "runAsUser": 472, "runAsGroup": 472, "runAsNonRoot": true,
			"seccompProfile": map[string]any{"type": "RuntimeDefault"},
		},
		"resources": resources("250m", "768Mi"),
		// Liveness checks only that Grafana runs. Readiness also checks its database.
		"livenessProbe": map[string]any{"httpGet": map[string]any{"path": "/healthz"}},
		// Security: nobody has a password, not even an administrator.
		"env":         map[string]any{"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true"},
		"grafana.ini": grafanaIni(env, metrics != nil),
		"datasources": map[string]any{"datasources.yaml": map[string]any{
			"apiVersion": 1, "prune": true, "datasources": dataSources(env, metrics, lokiURL),
		}},
		"dashboardProviders": map[string]any{"dashboardproviders.yaml": map[string]any{
			"apiVersion": 1,
			"providers": []any{map[string]any{
				"name": dashboardProvider, "type": "file", "disableDeletion": true, "allowUiUpdates": false,
				"options": map[string]any{"path": dashboardFolder},
			}},
		}},
		// Do not set the chart's value dashboards: it adds a container that downloads dashboards.
		"dashboardsConfigMaps": map[string]any{dashboardProvider: "grafana-dashboards"},
		"extraSecretMounts": []any{map[string]any{
			"name": "oidc", "secretName": oidcSecret, "mountPath": "/etc/secrets/oidc", "readOnly": true, "defaultMode": 0o440,
		}},
		"extraObjects": clientSecret(env),
		"ingress": map[string]any{
			"enabled": true, "ingressClassName": "alb", "hosts": []string{env.Observability.Grafana.Domain},
			"annotations": grafanaIngress(env),
		},
	}
	if metrics != nil {
		values["plugins"] = []string{workspacePlugin + "@" + workspacePluginVersion}
	}
	return values
}

// grafanaIni returns grafana.ini by section.
// https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/
func grafanaIni(env *settings.Environment, plugin bool) map[string]any {
	oidc := env.Observability.Grafana.OIDC
	plugins := map[string]any{"plugin_admin_enabled": false, "preinstall_disabled": true}
	if plugin {
		plugins = map[string]any{
			"plugin_admin_enabled": false,
			// Install Amazon's plugin in this version only, and none of those that Grafana installs by
			// default. The image's own data sources keep their versions.
			"preinstall_auto_update": false,
			"disable_plugins": "grafana-advisor-app,grafana-exploretraces-app,grafana-lokiexplore-app," +
				"grafana-metricsdrilldown-app,grafana-pyroscope-app",
			// The SDK finds its role in environment variables, which hold nothing secret.
			"forward_host_env_vars": workspacePlugin + ",cloudwatch",
		}
	}
	return map[string]any{
		"server": map[string]any{
			"domain": env.Observability.Grafana.Domain, "root_url": "https://" + env.Observability.Grafana.Domain + "/",
			"enforce_domain": false, // the load balancer's health check uses the pod's address
		},
		"security": map[string]any{
			"cookie_secure": true, "cookie_samesite": "lax", "strict_transport_security": true,
			"content_security_policy": true, "disable_gravatar": true,
			// Security: Grafana's default is public. The key encrypts users' tokens in the pod's file.
			// A new key needs no re-encryption: Grafana reads it only at start, with an empty file.
			"secret_key": "$__file{" + oidcFile + "}",
		},
		"auth":       map[string]any{"disable_login_form": true, "sigv4_auth_enabled": true},
		"auth.basic": map[string]any{"enabled": false},
		"auth.generic_oauth": map[string]any{
			"enabled": true, "name": "OpenID Connect", "auto_login": true, "use_pkce": true,
			"client_id": oidc.ClientID, "client_secret": "$__file{" + oidcFile + "}", "scopes": "openid profile email",
			"auth_url": oidc.AuthURL, "token_url": oidc.TokenURL, "api_url": oidc.UserInfoURL,
			// Everyone that the provider admits gets an account.
			"allow_sign_up":       true,
			"role_attribute_path": roleOf(oidc),
			// Security: Admin covers dashboards and data sources, not the server.
			"allow_assign_grafana_admin": false,
		},
		"auth.anonymous": map[string]any{"enabled": false},
		"users":          map[string]any{"allow_sign_up": false, "allow_org_create": false, "auto_assign_org_role": "Viewer"},
		"analytics": map[string]any{
			"reporting_enabled": false, "check_for_updates": false, "check_for_plugin_updates": false, "feedback_links_enabled": false,
		},
		"news":              map[string]any{"news_feed_enabled": false},
		"snapshots":         map[string]any{"external_enabled": false},
		"public_dashboards": map[string]any{"enabled": false},
		// CloudWatch and the workspace raise the alarms.
		"unified_alerting": map[string]any{"enabled": false},
		// Security: the load balancer exposes the port of these.
		"metrics": map[string]any{"enabled": false},
		"plugins": plugins,
		// The log router reads JSON.
		"log.console": map[string]any{"format": "json"},
	}
}

// roleOf returns the JMESPath expression that maps a token's groups to a role. Group names contain
// no quotes.
func roleOf(oidc settings.OIDC) string {
	var clauses []string
	for _, rule := range []struct{ group, role string }{{oidc.AdminGroup, "Admin"}, {oidc.EditorGroup, "Editor"}} {
		if rule.group != "" {
			clauses = append(clauses, fmt.Sprintf("contains(groups[*], '%s') && '%s'", rule.group, rule.role))
		}
	}
	return strings.Join(append(clauses, "'Viewer'"), " || ")
}

// dataSources returns Grafana's data sources. The dashboards refer to their uids.
func dataSources(env *settings.Environment, metrics *workspace, lokiURL string) []any {
	all := []any{map[string]any{
		"name": "CloudWatch", "uid": "cloudwatch", "type": "cloudwatch", "access": "proxy", "editable": false,
		"jsonData": map[string]any{"authType": "default", "defaultRegion": env.Region},
	}}
	if metrics != nil {
		all = append(all, map[string]any{
			"name": "Prometheus", "uid": "prometheus", "type": workspacePlugin, "access": "proxy", "editable": false,
			"url": metrics.endpoint, "isDefault": true,
			"jsonData": map[string]any{
				"sigV4Auth": true, "sigV4AuthType": "default", "sigV4Region": env.Region, "httpMethod": "POST",
				"timeInterval": fmt.Sprintf("%ds", env.Observability.Prometheus.ScrapeIntervalSeconds), "manageAlerts": false,
			},
		})
	}
	if lokiURL != "" {
		all = append(all, map[string]any{
			"name": "Loki", "uid": "loki", "type": "loki", "access": "proxy", "editable": false, "url": lokiURL,
			"jsonData": map[string]any{"maxLines": 1000},
		})
	}
	return all
}

// clientSecret makes External Secrets fetch the client's secret as Grafana's own service account.
// Grafana reads the secret at start: after a change, run kubectl rollout restart.
// https://external-secrets.io/latest/provider/aws-access/
func clientSecret(env *settings.Environment) []any {
	return []any{
		map[string]any{
			"apiVersion": "external-secrets.io/v1",
			"kind":       "SecretStore",
			"metadata":   map[string]any{"name": oidcSecret},
			"spec": map[string]any{"provider": map[string]any{"aws": map[string]any{
				"service": "SecretsManager", "region": env.Region,
				"auth": map[string]any{"jwt": map[string]any{"serviceAccountRef": map[string]any{"name": grafana}}},
			}}},
		},
		map[string]any{
			"apiVersion": "external-secrets.io/v1",
			"kind":       "ExternalSecret",
			"metadata":   map[string]any{"name": oidcSecret},
			"spec": map[string]any{
				"refreshPolicy": "Periodic", "refreshInterval": "1h",
				"secretStoreRef": map[string]any{"kind": "SecretStore", "name": oidcSecret},
				"target":         map[string]any{"name": oidcSecret, "creationPolicy": "Owner"},
				"data": []any{map[string]any{
					"secretKey": "clientSecret", "remoteRef": map[string]any{"key": grafanaSecret(env)},
				}},
			},
		},
	}
}

// grafanaIngress returns the annotations of Grafana's Ingress. charts/app explains the values.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
func grafanaIngress(env *settings.Environment) map[string]any {
	annotations := map[string]any{}
	for name, value := range map[string]string{
		"load-balancer-name":            env.ResourceName(grafana),
		"listener-attributes.HTTPS-443": "routing.http.response.strict_transport_security.header_value=max-age=31536000",
		// Security: no public address.
		"scheme":                       "internal",
		"inbound-cidrs":                strings.Join(env.Observability.Grafana.AllowedCIDRs, ","),
		"target-type":                  "ip",
		"backend-protocol":             "HTTP",
		"listen-ports":                 `[{"HTTP": 80}, {"HTTPS": 443}]`,
		"ssl-redirect":                 "443",
		"certificate-arn":              env.Observability.Grafana.CertificateARN,
		"ssl-policy":                   "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
		"load-balancer-attributes":     "routing.http.drop_invalid_header_fields.enabled=true",
		"healthcheck-protocol":         "HTTP",
		"healthcheck-path":             "/api/health",
		"healthcheck-interval-seconds": "10",
		"healthcheck-timeout-seconds":  "5",
		"healthy-threshold-count":      "2",
		"success-codes":                "200",
		"tags":                         awsTags(tags(env, "observability")),
	} {
		annotations["alb.ingress.kubernetes.io/"+name] = value
	}
	return annotations
}

// awsTags formats tags for the controller's annotations.
func awsTags(tags map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		pairs = append(pairs, key+"="+tags[key])
	}
	return strings.Join(pairs, ",")
}

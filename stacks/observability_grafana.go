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

// grafanaCharts is where the community publishes Grafana's and Loki's charts.
const grafanaCharts = "https://grafana-community.github.io/helm-charts"

// Amazon's plugin, without which Grafana 13 cannot sign what it asks of the workspace.
// https://grafana.com/docs/grafana/latest/datasources/prometheus/configure/aws-authentication/
const (
	workspacePlugin        = "grafana-amazonprometheus-datasource"
	workspacePluginVersion = "3.3.4"
)

const (
	// oidcSecret is the Secret of Grafana's client at the OpenID Connect provider, oidcFile where
	// Grafana reads it.
	oidcSecret = "grafana-oidc"
	oidcFile   = "/etc/secrets/oidc/clientSecret"
	// dashboardFolder is where the chart mounts the ConfigMap of the provider with that name.
	dashboardProvider = "plinth"
	dashboardFolder   = "/var/lib/grafana/dashboards/" + dashboardProvider
)

// newGrafana installs Grafana, behind a load balancer that is reached from inside the VPC only.
// Metrics are nil, and lokiURL is empty, where there are none.
func newGrafana(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster, metrics *workspace, lokiURL string) {
	// As with the application, the controller holds a new pod back until its target is healthy.
	namespace := newNamespace(stack, grafana, map[string]string{"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"})
	role := newPodRole(stack, env, cluster, "grafana-role", grafana,
		"Lets Grafana read metrics, and its secret at the OpenID Connect provider", grafanaStatements(env, metrics))
	shown := configmapv1.NewConfigMapV1(stack, jsii.String("grafana-dashboards"), &configmapv1.ConfigMapV1Config{
		Metadata: &configmapv1.ConfigMapV1Metadata{
			Name:      jsii.String("grafana-dashboards"),
			Namespace: namespace.Id(),
		},
		Data: dashboards(env, lokiURL != ""),
	})
	release.New(stack, grafana, release.Config{
		Name:       grafana,
		Namespace:  grafana,
		Repository: grafanaCharts,
		Chart:      grafana,
		Version:    "13.0.1",
		Values:     grafanaValues(env, metrics, lokiURL, role.Arn),
		DependsOn:  append(role.Permissions, namespace, shown),
	})
}

// grafanaStatements allow to read, and nothing that anybody has written besides.
func grafanaStatements(env *settings.Environment, metrics *workspace) []policy.Statement {
	statements := []policy.Statement{
		{
			Sid: "ReadCloudWatch",
			// CloudWatch narrows neither to a resource.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
			Actions:   []string{"cloudwatch:GetMetricData", "cloudwatch:ListMetrics"},
			Resources: []string{"*"},
		},
		{
			Sid:     "ReadClientSecret",
			Actions: []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
			// Secrets Manager ends its ARNs in six characters of its own choice.
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

// grafanaSecret names the secret that a person puts into Secrets Manager: the client's, as text,
// encrypted with AWS's own key.
func grafanaSecret(env *settings.Environment) string {
	return env.Project + "/" + env.Name + "/grafana"
}

// dashboards are Grafana's files, which it reads anew when they change.
func dashboards(env *settings.Environment, logs bool) *map[string]*string {
	database := env.ResourceName("postgres")
	if env.Database.Engine == settings.EngineInCluster {
		database = "" // CloudWatch knows none
	}
	files := observability.Dashboards(observability.Names{
		App:          env.App.Name,
		LoadBalancer: env.ResourceName(env.App.Name),
		Database:     database,
	})
	if !logs {
		delete(files, observability.LogsDashboard)
	}
	return stringPointers(files)
}

func grafanaValues(env *settings.Environment, metrics *workspace, lokiURL string, roleArn *string) map[string]any {
	image := registryOf(env)
	values := map[string]any{
		"image": image,
		// One, without a disk: all that matters comes from these values. People, sessions and what
		// somebody tries out are in a file of the pod's own and go with it; a second pod would not
		// know of them. After a restart the provider lets everybody in again unasked.
		"replicas":    1,
		"persistence": map[string]any{"enabled": false},
		"serviceAccount": map[string]any{
			"name":                         grafana,
			"annotations":                  map[string]any{"eks.amazonaws.com/role-arn": roleArn},
			"automountServiceAccountToken": false,
		},
		// Security: it asks nothing of the Kubernetes API.
		"automountServiceAccountToken": false,
		"rbac":                         map[string]any{"create": false},
		"enableServiceLinks":           false,
		"testFramework":                map[string]any{"enabled": false},
		"securityContext": map[string]any{
			"fsGroup": 472, "runAsUser": 472, "runAsGroup": 472, "runAsNonRoot": true,
			"seccompProfile": map[string]any{"type": "RuntimeDefault"},
		},
		"resources": resources("250m", "768Mi"),
		// Whether it runs; whether it can use its database is asked for readiness.
		"livenessProbe": map[string]any{"httpGet": map[string]any{"path": "/healthz"}},
		// Security: nobody has a password, an administrator neither.
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
		// Not the chart's value dashboards: it would start a container to download some.
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

// grafanaIni is grafana.ini, by its sections.
// https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/
func grafanaIni(env *settings.Environment, plugin bool) map[string]any {
	oidc := env.Observability.Grafana.OIDC
	plugins := map[string]any{"plugin_admin_enabled": false, "preinstall_disabled": true}
	if plugin {
		plugins = map[string]any{
			"plugin_admin_enabled": false,
			// Amazon's plugin is installed, in its one version, and none of those that Grafana would
			// add by itself. The data sources that the image has stay as they are.
			"preinstall_auto_update": false,
			"disable_plugins": "grafana-advisor-app,grafana-exploretraces-app,grafana-lokiexplore-app," +
				"grafana-metricsdrilldown-app,grafana-pyroscope-app",
			// What tells the SDK its role is in the environment, and nothing secret is.
			"forward_host_env_vars": workspacePlugin + ",cloudwatch",
		}
	}
	return map[string]any{
		"server": map[string]any{
			"domain": env.Observability.Grafana.Domain, "root_url": "https://" + env.Observability.Grafana.Domain + "/",
			"enforce_domain": false, // the load balancer asks by address whether it is healthy
		},
		"security": map[string]any{
			"cookie_secure": true, "cookie_samesite": "lax", "strict_transport_security": true,
			"content_security_policy": true, "disable_gravatar": true,
			// Security: Grafana's own default is known to all. It encrypts what the pod's file has of
			// people's tokens; pod, key and file come and go together.
			"secret_key": "$__file{" + oidcFile + "}",
		},
		"auth":       map[string]any{"disable_login_form": true, "sigv4_auth_enabled": true},
		"auth.basic": map[string]any{"enabled": false},
		"auth.generic_oauth": map[string]any{
			"enabled": true, "name": "OpenID Connect", "auto_login": true, "use_pkce": true,
			"client_id": oidc.ClientID, "client_secret": "$__file{" + oidcFile + "}", "scopes": "openid profile email",
			"auth_url": oidc.AuthURL, "token_url": oidc.TokenURL, "api_url": oidc.UserInfoURL,
			// Whom the provider lets in has an account from then on.
			"allow_sign_up":       true,
			"role_attribute_path": roleOf(oidc),
			// Security: an administrator of dashboards, not of the server.
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
		// Security: these are on the port that the load balancer reaches.
		"metrics": map[string]any{"enabled": false},
		"plugins": plugins,
		// The log router reads JSON.
		"log.console": map[string]any{"format": "json"},
	}
}

// roleOf is the question, in JMESPath, which role a token's groups give. Names of groups hold no
// quotes.
func roleOf(oidc settings.OIDC) string {
	var clauses []string
	for _, rule := range []struct{ group, role string }{{oidc.AdminGroup, "Admin"}, {oidc.EditorGroup, "Editor"}} {
		if rule.group != "" {
			clauses = append(clauses, fmt.Sprintf("contains(groups[*], '%s') && '%s'", rule.group, rule.role))
		}
	}
	return strings.Join(append(clauses, "'Viewer'"), " || ")
}

// dataSources have the uids that the dashboards name.
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

// clientSecret has External Secrets fetch the client's secret, as Grafana's own service account.
// Grafana reads it when it starts: after a change, kubectl rollout restart.
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

// grafanaIngress is what makes the load balancer; charts/app has the reasons.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
func grafanaIngress(env *settings.Environment) map[string]any {
	annotations := map[string]any{}
	for name, value := range map[string]string{
		"load-balancer-name": env.ResourceName(grafana),
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

// awsTags are tags as the controller's annotations take them.
func awsTags(tags map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		pairs = append(pairs, key+"="+tags[key])
	}
	return strings.Join(pairs, ",")
}

package stacks

import (
	"fmt"
	"slices"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/eks"
	"plinth/constructs/policy"
	"plinth/constructs/postgres"
	"plinth/constructs/release"
	"plinth/settings"
)

// chart is the application's Helm chart, relative to the project's folder.
const chart = "charts/app"

// App is the stack <environment>-app: the application and its access to the database.
type App struct {
	cdktf.TerraformStack
	// PodsSecurityGroupID is the security group that only the application's pods have.
	PodsSecurityGroupID *string
}

// Ports of the application's pods. Security: the Ingress sends every path of the first to the internet,
// so metrics have a port of their own.
const (
	appPort        = 8080
	appMetricsPort = 9090
)

// NewApp creates the application's release and the resources that only it needs.
func NewApp(scope constructs.Construct, env *settings.Environment, data *Data, cluster *Cluster, addons *Addons) *App {
	stack := newStack(scope, env, "app")
	// No value comes from the add-ons, but without their controllers an Ingress and an
	// ExternalSecret do nothing.
	stack.AddDependency(addons.TerraformStack)
	configureKubernetesProviders(stack, env, cluster)

	name := env.App.Name
	// The load balancer controller keeps a pod from Ready until its target is healthy, so that a
	// rolling update drops no request. The gate does not apply to the pods of a first install:
	// they are older than the load balancer.
	// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
	namespace := newNamespace(stack, name, map[string]string{"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"})
	groups := newPodGroups(stack, env, cluster)
	pods := groups.add(name, "Pods of the application", balanced)
	// helm test asks from a pod of the same namespace.
	pods.connect("http-from-pods", "The application from its own pods", pods.id, appPort)
	ready := connectDatabase(groups, pods, data)
	reads := readPasswordStatements(env, data)
	if env.App.Parameters.Enabled {
		reads = append(reads, readParametersStatements(env, data)...)
	}
	// Security: not the pods' service account. They get the secrets, and need no credentials for AWS.
	role := newAccountRole(stack, env, cluster, "role", name, name, secretsAccount(env), "Lets the application read its database's password and its own settings", reads)

	ingress := newIngress(stack, env)
	folder := cdktf.NewTerraformAsset(stack, jsii.String("chart"), &cdktf.TerraformAssetConfig{
		Path: jsii.String(chart),
		Type: cdktf.AssetType_DIRECTORY,
	})
	ready = slices.Concat(ready, role.Permissions, []cdktf.ITerraformDependable{namespace, pods.install(namespace)}, ingress.ready)
	if env.Cluster.KEDA {
		ready = append(ready, newKEDA(groups, pods, namespace))
	}
	app := release.New(stack, "release", release.Config{
		Name:      name,
		Namespace: name,
		Chart:     *folder.Path(),
		Values:    chartValues(env, data, cluster.Cluster, role.Arn, pods.all, balancerSubnets(env, cluster.Network), ingress),
		DependsOn: ready,
	})
	if ingress.zone != nil {
		newDNSRecord(stack, env, ingress.zone, app)
	}

	balancer := loadBalancerHost(stack, name, app)
	host := balancer
	if env.App.Domain != "" {
		host = jsii.String(env.App.Domain)
	}
	output(stack, "url_host", "Host name of the application's URL", host)
	output(stack, "load_balancer_host", "Where the domain's DNS record must point", balancer)
	output(stack, "image", "Image that runs", cdktf.Fn_Join(jsii.String(""), &[]*string{data.Repository.URL, jsii.String(imageVersion(env.App.Image))}))
	output(stack, "namespace", "Kubernetes namespace", name)
	return &App{TerraformStack: stack, PodsSecurityGroupID: pods.id}
}

// readParametersStatements allow reading all parameters of one path in one call, the only call that
// External Secrets makes, and using the environment's key for these parameters only.
//   - https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
//   - https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
func readParametersStatements(env *settings.Environment, data *Data) []policy.Statement {
	arn := fmt.Sprintf("arn:aws:ssm:%s:%s:parameter%s", env.Region, env.Account, env.ParameterPath())
	decrypt := useKey(env, "DecryptParameters", "ssm", data.Key.Arn, "kms:Decrypt")
	decrypt.Conditions = append(decrypt.Conditions, policy.Condition{
		Test: "StringLike", Variable: "kms:EncryptionContext:PARAMETER_ARN", Values: []string{arn + "/*"},
	})
	return []policy.Statement{
		{Sid: "ReadParameters", Actions: []string{"ssm:GetParametersByPath"}, Resources: []string{arn, arn + "/*"}},
		decrypt,
	}
}

// secretsAccount is the service account that External Secrets reads the application's secrets as.
func secretsAccount(env *settings.Environment) string { return env.App.Name + "-secrets" }

// chartValues returns the values of charts/app.
func chartValues(env *settings.Environment, data *Data, cluster *eks.Cluster, roleArn *string, securityGroups, subnets []*string, ingress ingressConfig) map[string]any {
	app, developers, parameters := env.App, "", ""
	if app.Parameters.Enabled {
		parameters = env.ParameterPath()
	}
	if env.HasDevelopers() {
		developers = env.Developers()
	}
	return map[string]any{
		"developerGroup": developers,
		"parameters":     map[string]any{"path": parameters},
		"image": map[string]any{
			"repository": data.Repository.URL,
			"tag":        app.Image.Tag,
			"digest":     app.Image.Digest,
		},
		"replicas": map[string]any{
			"min":               app.Replicas.Min,
			"max":               app.Replicas.Max,
			"cpuPercent":        app.Replicas.CPUPercent,
			"memoryPercent":     app.Replicas.MemoryPercent,
			"requestsPerSecond": app.Replicas.RequestsPerSecond,
		},
		"resources":      map[string]any{"cpu": app.CPURequest(), "memory": app.MemoryRequest()},
		"serviceAccount": map[string]any{"name": app.Name},
		"podAnnotations": podAnnotations(cluster),
		"securityGroups": securityGroups,
		"fargateProfile": profileOf(env, appProfile),
		"port":           appPort,
		"metricsPort":    appMetricsPort,
		"secretStore":    map[string]any{"serviceAccountName": secretsAccount(env), "roleArn": roleArn},
		"database": map[string]any{
			"host":       data.Database.Endpoint,
			"readerHost": data.Database.ReaderEndpoint,
			"port":       postgres.Port,
			"tls":        databaseTLS(env),
			"name":       data.Database.Name,
			"secret":     data.Database.SecretArn,
			"region":     env.Region,
		},
		"ingress": map[string]any{
			"loadBalancerName": env.ResourceName(app.Name),
			"internal":         app.Internal,
			"subnets":          subnets,
			"domain":           app.Domain,
			"certificateArn":   ingress.certificateArn,
			"allowedCidrs":     app.AllowedCIDRs,
			"wafAclArn":        ingress.webACLArn,
			"accessLogs":       map[string]any{"bucket": ingress.logBucket, "prefix": app.AccessLogs.Prefix},
			"tags":             tags(env, "app"),
		},
	}
}

// imageVersion returns the part of an image reference after the repository: @digest or :tag.
func imageVersion(image settings.Image) string {
	if image.Digest != "" {
		return "@" + image.Digest
	}
	return ":" + image.Tag
}

package stacks

import (
	"fmt"
	"maps"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/policy"
	"plinth/constructs/postgres"
	"plinth/constructs/release"
	"plinth/settings"
)

// chart is the applications' Helm chart, relative to the project's folder.
const chart = "charts/app"

// App is the stack <environment>-<application>: an application and its access to the database.
type App struct {
	cdktf.TerraformStack
	// Settings are the application's.
	Settings *settings.App
	// PodsSecurityGroupID is the security group that only the application's pods have.
	PodsSecurityGroupID *string
}

// NewApp creates an application's release and the resources that only it needs.
func NewApp(scope constructs.Construct, env *settings.Environment, app *settings.App, data *Data, cluster *Cluster, addons *Addons) *App {
	stack := newStack(scope, env, app.Name)
	// Also where no value comes from the add-ons: they create the namespace, and without their controllers an
	// Ingress and an ExternalSecret do nothing.
	stack.AddDependency(addons.TerraformStack)
	configureKubernetesProviders(stack, env, cluster)
	forgetNamespace(stack, app.Name)

	kind := confined
	if app.Web != nil {
		kind = balanced
	}
	pods := newPodGroups(stack, env, cluster).only(app.Name, "Pods of the application", kind)
	connectApplication(pods, app, addons)
	ready := []cdktf.ITerraformDependable{pods.install()}
	var role *string
	if reads := readStatements(env, app, data); len(reads) > 0 {
		// Security: not the pods' service account. They get the secrets, and need no credentials for AWS.
		made := newAccountRole(stack, env, cluster, "role", app.Name, app.Name, secretsAccounts(app), "Lets the application read its database's password and its own settings", reads)
		ready, role = append(ready, made.Permissions...), made.Arn
	}
	var ingress ingressConfig
	if app.Web != nil {
		ingress = newIngress(stack, env, app)
		ready = append(ready, ingress.ready...)
	}
	values := chartValues(env, app, data, cluster, role, pods.all)
	if app.Web != nil {
		values["ingress"] = ingressValues(env, app, cluster.Network, ingress)
	}
	installed := release.New(stack, "release", release.Config{
		Name:      app.Name,
		Namespace: app.Name,
		Chart:     chartFolder(stack, "chart", chart),
		Values:    values,
		// The deadline of the release command counts once its pod has its secrets.
		TimeoutSeconds: releaseTimeout(app),
		DependsOn:      ready,
	})
	if app.Web != nil {
		outputLoadBalancer(stack, env, app, ingress, installed)
	}
	output(stack, "application", "The application's name in the settings", app.Name)
	if app.Build.Context != "" {
		output(stack, "build", "What pipelines build the image from", map[string]any{
			"context": app.Build.Context, "dockerfile": app.Build.File(),
		})
	}
	output(stack, "image", "Image that runs", cdktf.Fn_Join(jsii.String(""), &[]*string{imageRepository(app, data), jsii.String(imageVersion(app.Image))}))
	output(stack, "namespace", "Kubernetes namespace", app.Name)
	return &App{TerraformStack: stack, Settings: app, PodsSecurityGroupID: pods.id}
}

// releaseTimeout returns how long Helm waits, in seconds: 0 for its usual time.
func releaseTimeout(app *settings.App) int {
	if app.Release == nil {
		return 0
	}
	return max(release.TimeoutSeconds, 60*app.Release.DeadlineMinutes+secretsSeconds+stopSeconds)
}

// stopSeconds is how long Kubernetes may take to stop a command that has reached its deadline, and to say so. Helm
// must wait for that, or it would only report that it has waited in vain.
const stopSeconds = 120

// secretsSeconds is how long the pod of the release command may wait for its machine and its secrets.
const secretsSeconds = 300

// connectApplication lets the application's pods reach each other's web process and the database, and KEDA their
// metrics.
func connectApplication(pods *podGroup, app *settings.App, addons *Addons) {
	if app.Web != nil {
		// Workers and helm test ask by the Service's name.
		pods.connect("http-from-pods", "The application from its own pods", pods.id, app.Web.Port)
	}
	// Not whenever there is KEDA: an application that no longer needs it must not hold its security group.
	if app.Web != nil && app.Web.Replicas.RequestsPerSecond > 0 {
		pods.rules = append(pods.rules, allowIngress(pods.scope, "metrics-from-keda", "The application's metrics from KEDA",
			pods.id, addons.KEDASecurityGroupID, app.Web.Metrics.Port))
	}
	if app.Database {
		pods.connect("database-from-pods", "PostgreSQL from the application's pods", addons.DatabaseSecurityGroupID, postgres.Port)
	}
}

// readStatements allow reading the application's secrets. There are none without a database, parameters and secrets.
func readStatements(env *settings.Environment, app *settings.App, data *Data) []policy.Statement {
	var reads []policy.Statement
	if app.Database {
		reads = readPasswordStatements(env, data, loginSecret(app, data))
	}
	if app.Parameters.Enabled {
		reads = append(reads, readParametersStatements(env, app, data)...)
	}
	if len(app.Secrets) > 0 {
		reads = append(reads, readSecretsStatements(env, app, data)...)
	}
	return reads
}

// readSecretsStatements allow reading exactly the secrets that the settings name, and using the environment's key for
// these alone. AWS's own key needs no permission.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
func readSecretsStatements(env *settings.Environment, app *settings.App, data *Data) []policy.Statement {
	arns := env.SecretARNs(app)
	decrypt := useKey(env, "DecryptSecrets", "secretsmanager", data.Key.Arn, "kms:Decrypt")
	decrypt.Conditions = append(decrypt.Conditions, policy.Condition{
		Test: "StringLike", Variable: "kms:EncryptionContext:SecretARN", Values: arns,
	})
	return []policy.Statement{
		{Sid: "ReadSecrets", Actions: []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}, Resources: arns},
		decrypt,
	}
}

// readParametersStatements allow reading all parameters of one path in one call, the only call that
// External Secrets makes, and using the environment's key for these parameters only.
//   - https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
//   - https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
func readParametersStatements(env *settings.Environment, app *settings.App, data *Data) []policy.Statement {
	arn := fmt.Sprintf("arn:aws:ssm:%s:%s:parameter%s", env.Region, env.Account, env.ParameterPath(app))
	decrypt := useKey(env, "DecryptParameters", "ssm", data.Key.Arn, "kms:Decrypt")
	decrypt.Conditions = append(decrypt.Conditions, policy.Condition{
		Test: "StringLike", Variable: "kms:EncryptionContext:PARAMETER_ARN", Values: []string{arn + "/*"},
	})
	return []policy.Statement{
		{Sid: "ReadParameters", Actions: []string{"ssm:GetParametersByPath"}, Resources: []string{arn, arn + "/*"}},
		decrypt,
	}
}

// secretsAccount is the service account that External Secrets reads an application's secrets as.
func secretsAccount(app *settings.App) string { return app.Name + "-secrets" }

// secretsAccounts are the service accounts that may read the application's secrets. The release command runs
// before the release's own account is there.
func secretsAccounts(app *settings.App) []string {
	accounts := []string{secretsAccount(app)}
	if app.Release != nil {
		accounts = append(accounts, secretsAccount(app)+"-release")
	}
	return accounts
}

// chartValues returns the values of charts/app, but for those of the load balancer.
func chartValues(env *settings.Environment, app *settings.App, data *Data, cluster *Cluster, roleArn *string, securityGroups []*string) map[string]any {
	values := map[string]any{
		"image": map[string]any{
			"repository": imageRepository(app, data),
			"tag":        app.Image.Tag,
			"digest":     app.Image.Digest,
		},
		"user":           app.User,
		"writable":       append([]string{}, app.Writable...),
		"env":            maps.Clone(app.Env),
		"serviceAccount": map[string]any{"name": app.Name},
		"podAnnotations": podAnnotations(cluster.Cluster),
		"securityGroups": securityGroups,
		"fargateProfile": profileOf(env, app.Name),
		"region":         env.Region,
		"parameters":     map[string]any{"path": ""},
		"secrets":        each(app.Secrets, secretValues),
		"developerGroup": "",
		"workers":        each(app.Workers, workerValues),
		"jobs":           each(app.Jobs, jobValues),
	}
	if roleArn != nil {
		values["secretStore"] = map[string]any{
			"serviceAccountName": secretsAccount(app), "releaseServiceAccountName": secretsAccount(app) + "-release", "roleArn": roleArn,
		}
	}
	if app.Web != nil {
		values["web"] = webValues(app.Web)
	}
	if app.Release != nil {
		values["release"] = map[string]any{
			"command": app.Release.Command, "deadlineSeconds": 60 * app.Release.DeadlineMinutes, "resources": sizeValues(app.Release.Size()),
		}
	}
	if app.Database {
		values["database"] = databaseValues(env, app, data)
	}
	if app.Parameters.Enabled {
		values["parameters"] = map[string]any{"path": env.ParameterPath(app)}
	}
	if env.HasDevelopers() {
		values["developerGroup"] = env.Developers()
	}
	return values
}

// each returns the chart's values of processes, by their names.
func each[P any](processes map[string]P, values func(P) map[string]any) map[string]any {
	all := map[string]any{}
	for name, process := range processes {
		all[name] = values(process)
	}
	return all
}

func secretValues(secret *settings.Secret) map[string]any {
	return map[string]any{"name": secret.Name, "property": secret.Property}
}

func webValues(web *settings.Web) map[string]any {
	return map[string]any{
		"command": append([]string{}, web.Command...),
		"port":    web.Port,
		"health": map[string]any{
			"path": web.Health.Path, "livenessPath": web.Health.LivenessPath, "startSeconds": web.Health.StartSeconds,
		},
		"metrics":   map[string]any{"port": web.Metrics.Port, "path": web.Metrics.Path},
		"resources": sizeValues(web.Size()),
		"replicas": map[string]any{
			"min":               web.Replicas.Min,
			"max":               web.Replicas.Max,
			"cpuPercent":        web.Replicas.CPUPercent,
			"memoryPercent":     web.Replicas.MemoryPercent,
			"requestsPerSecond": web.Replicas.RequestsPerSecond,
		},
	}
}

func workerValues(worker *settings.Worker) map[string]any {
	return map[string]any{
		"command":   append([]string{}, worker.Command...),
		"resources": sizeValues(worker.Size()),
		"replicas": map[string]any{
			"min":           worker.Replicas.Min,
			"max":           worker.Replicas.Max,
			"cpuPercent":    worker.Replicas.CPUPercent,
			"memoryPercent": worker.Replicas.MemoryPercent,
		},
	}
}

func jobValues(job *settings.Job) map[string]any {
	return map[string]any{
		"command":         append([]string{}, job.Command...),
		"schedule":        job.Schedule,
		"timeZone":        job.TimeZone,
		"deadlineSeconds": 60 * job.DeadlineMinutes,
		"concurrent":      job.Concurrent,
		"resources":       sizeValues(job.Size()),
	}
}

func sizeValues(size settings.Size) map[string]any {
	return map[string]any{"cpu": size.CPURequest(), "memory": size.MemoryRequest()}
}

// imageRepository returns the repository of the application's image: its own, or the one that the settings
// name.
func imageRepository(app *settings.App, data *Data) *string {
	if app.Image.Repository != "" {
		return jsii.String(app.Image.Repository)
	}
	return data.Repositories[app.Name].URL
}

// imageVersion returns the part of an image reference after the repository: @digest or :tag.
func imageVersion(image settings.Image) string {
	if image.Digest != "" {
		return "@" + image.Digest
	}
	return ":" + image.Tag
}

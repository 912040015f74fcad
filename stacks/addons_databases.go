package stacks

import (
	"fmt"
	"os"
	"strings"

	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/fargateprofile"
	"plinth/constructs/postgres"
	"plinth/constructs/release"
	"plinth/settings"
)

// databases is the name of the release, namespace and service account of what makes the applications' databases.
const databases = "databases"

// databasesChart is its chart, relative to the project's folder. authorities are RDS's.
const (
	databasesChart = "charts/databases"
	authorities    = "charts/app/files/rds-global-bundle.pem"
)

// repeatSeconds is how often the databases are made in a server that comes back empty.
const repeatSeconds = 15

// newDatabases makes a database and roles for each application, as PostgreSQL's master user. It runs
// without applications that have a database as well: so those that are gone cannot sign in any more.
//
// Security: nothing else reads the master user's password. An administrator deploys this stack, and only
// administrators start pods in the namespace.
func newDatabases(groups *podGroups, data *Data, server *string, after ...cdktf.ITerraformDependable) {
	stack, env, cluster := groups.stack, groups.env, groups.cluster
	namespace := newNamespace(stack, databases, nil)
	group := groups.add(databases, "Pods that make the applications' databases", confined)
	group.connect("database-from-"+databases, "PostgreSQL from the pods that make databases", server, postgres.Port)
	applications := map[string]any{}
	for _, app := range env.Applications() {
		slots, ok := data.LoginSecrets[app.Name]
		if !ok {
			continue
		}
		values := map[string]any{}
		for _, slot := range settings.Slots {
			values[slot] = slots[slot]
		}
		applications[app.Name] = map[string]any{
			"database": env.DatabaseOf(app), "passwordVersion": app.PasswordVersion, "secrets": values,
		}
	}
	role := newPodRole(stack, env, cluster, "databases-role", databases,
		"Lets the master user's and the applications' passwords be read where databases are made", readPasswordStatements(env, data, data.Database.SecretArn, jsii.String(loginSecrets(env))))
	values := map[string]any{
		"host":          data.Database.Endpoint,
		"port":          postgres.Port,
		"tls":           databaseTLS(env),
		"secret":        data.Database.SecretArn,
		"certificates":  "",
		"repeatSeconds": 0,
	}
	if env.Database.Engine == settings.EngineInCluster {
		values["repeatSeconds"] = repeatSeconds
	} else {
		values["certificates"] = authoritiesOf(env.Region)
	}
	release.New(stack, databases, release.Config{
		Name:      databases,
		Namespace: databases,
		Chart:     chartFolder(stack, "databases-chart", databasesChart),
		Values: withDigests(env, databases, env.Database.Version, map[string]any{
			"version":        env.Database.Version,
			"image":          imageFrom(env, "docker/library/postgres"),
			"applications":   applications,
			"server":         values,
			"region":         env.Region,
			"serviceAccount": map[string]any{"name": databases, "roleArn": role.Arn},
			"podLabels":      map[string]any{fargateprofile.Label: fargateprofile.Name(databases, env.Network.Zones[:2])},
			"podAnnotations": group.annotations(),
		}),
		DependsOn: append(append(role.Permissions, namespace, group.install(namespace)), after...),
	})
}

// loginSecrets returns the pattern of the ARNs of the secrets of all logins. Listed one by one, those of a few
// applications would not fit into the boundary of the stack's roles.
func loginSecrets(env *settings.Environment) string {
	return fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s/%s/*/database-?-??????", env.Region, env.Account, env.Project, env.Name)
}

// authoritiesOf returns the certificates of the authorities that sign RDS's certificates in a region, as PEM.
// The chart refuses none.
func authoritiesOf(region string) string {
	content, err := os.ReadFile(authorities)
	if err != nil {
		panic(err)
	}
	var all []string
	for _, entry := range strings.Split(string(content), "\n\n") {
		if strings.HasPrefix(entry, "# CN=Amazon RDS "+region+" Root CA ") {
			_, certificate, _ := strings.Cut(entry, "\n")
			all = append(all, strings.TrimSpace(certificate))
		}
	}
	return strings.Join(all, "\n")
}

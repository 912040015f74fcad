package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// mostSecrets is how many secrets an application may read. Each is in the policy of the role that reads them, and
// in its boundary, which IAM allows 6144 characters.
const mostSecrets = 20

// SecretARNs returns the ARNs of the secrets that the settings name for an application, as a policy has them.
// Secrets Manager ends an ARN in a dash and six characters of its own.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/permissions_grant-limited-resources.html
func (e *Environment) SecretARNs(app *App) []string {
	var arns []string
	for _, secret := range app.Secrets {
		arn := secret.Name
		if !isARN(arn) {
			arn = fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-??????", e.Region, e.Account, secret.Name)
		}
		arns = append(arns, arn)
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

func isARN(s string) bool { return strings.HasPrefix(s, "arn:") }

// plainName returns the secret's name without the rest of an ARN.
func (s *Secret) plainName() string {
	if !isARN(s.Name) {
		return s.Name
	}
	name := s.Name[strings.LastIndex(s.Name, ":")+1:]
	return name[:strings.LastIndex(name, "-")]
}

// checkSecrets checks an application's secrets against the rest of the settings.
func (d *document) checkSecrets(app *App, all []*document) {
	path := appPath(app.Name, "secrets")
	for _, variable := range slices.Sorted(maps.Keys(app.Secrets)) {
		secret, at := app.Secrets[variable], path+"."+variable
		if d.isValid(at) {
			if app.isProvided(variable) {
				d.report(at, "must not be set: the application gets this variable from Plinth; see docs/applications.md")
			} else if _, both := app.Env[variable]; both {
				d.report(at, "must not be set: %s has this variable too; remove one", appPath(app.Name, "env"))
			}
		}
		if name := at + ".name"; secret != nil && d.isValid(name) {
			if isARN(secret.Name) {
				d.checkARN(name, secret.Name, arnRegion, "region", d.env.Region)
				d.checkARN(name, secret.Name, arnAccount, "account", d.env.Account)
			}
			d.checkOwnSecret(name, app, secret.plainName(), all)
		}
	}
	if count := len(d.env.SecretARNs(app)); d.isValid(path) && count > mostSecrets {
		d.report(path, "must be of at most %d secrets, are of %d: a role's policy has room for no more; put several values into one JSON secret, and name them by property", mostSecrets, count)
	}
}

// checkOwnSecret checks that a secret is not another application's, nor the environment's. Security: all that begins
// with a project and an environment is somebody's of Plinth.
func (d *document) checkOwnSecret(path string, app *App, name string, all []*document) {
	for _, other := range all {
		environment := other.env.Project + "/" + other.env.Name + "/"
		own := environment + app.Name + "/"
		if other.env.Account != d.env.Account || !strings.HasPrefix(name, environment) || other == d && len(name) > len(own) && strings.HasPrefix(name, own) {
			continue
		}
		if !d.isValid(path, "project", "account") {
			return
		}
		d.report(path, "must not begin with %s, is %s: such secrets are Plinth's and other applications', except below %s",
			environment, quote(name), d.env.Project+"/"+d.env.Name+"/"+app.Name+"/")
	}
}

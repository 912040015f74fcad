package wholeapp

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	loginSecret  = regexp.MustCompile(`cross-stack-output-aws_secretsmanager_secretlogin-[a-z0-9-]+_secret_\w+arn`)
	masterSecret = regexp.MustCompile(`cross-stack-output-(localdatabase_secret-arn|aws_rds_cluster\w*master_user_secret|aws_secretsmanager_secretdatabase_secret)`)
)

// ownLogins: an application reads the password of the login that it uses, what its settings name, and no other. Only the pods that make
// databases, and PostgreSQL's own in the cluster, read the master user's.
func ownLogins(p platform) (broken []string) {
	for _, e := range p.elements() {
		app := p.settings[environment(e.stack)].Apps[strings.TrimPrefix(e.stack, environment(e.stack)+"-")]
		isApp := layer(e.stack) == "app"
		text := ""
		switch e.kind {
		case "aws_iam_policy_document":
			statements, _ := e.body["statement"].([]any)
			for _, s := range statements {
				if strings.Contains(fmt.Sprint(dig(s, "actions")), "secretsmanager:") && layer(e.stack) != bootstrap {
					text += strings.Join(strs(dig(s, "resources")), " ") + " "
				}
			}
		case "helm_release":
			text = fmt.Sprint(e.body["values"])
		case "aws_iam_policy":
			broken = append(broken, boundaryOfLogins(p, e)...)
			continue
		}
		reader := strings.HasPrefix(e.name, "databases") || strings.HasPrefix(e.name, "database-role") || e.body["name"] == "postgres"
		if masterSecret.MatchString(text) && (layer(e.stack) != "addons" || !reader) {
			broken = append(broken, e.String()+": has the master user's secret")
		}
		for _, secret := range loginSecret.FindAllString(text, -1) {
			switch {
			case layer(e.stack) == "addons" && reader:
			case !isApp:
				broken = append(broken, e.String()+": has an application's secret")
			case !strings.Contains(secret, "secretlogin-"+app.Name+"-"+app.Slot()+"_secret_"):
				broken = append(broken, e.String()+": has the secret of another login: "+secret)
			}
		}
		if isApp && e.kind == "aws_iam_policy_document" && strings.Contains(strings.ReplaceAll(text, "${data.terraform_remote_state", ""), "*") {
			broken = append(broken, e.String()+": reads secrets by a pattern: "+text)
		}
	}
	return broken
}

// boundaryOfLogins: whoever deploys an application writes its roles' policies. Its boundary holds the same.
func boundaryOfLogins(p platform, e element) (broken []string) {
	for _, app := range p.settings[environment(e.stack)].Applications() {
		if name := fmt.Sprint(e.body["name"]); !strings.HasSuffix(name, "-roles-"+app.Name) {
			continue
		}
		var policy struct {
			Statement []struct {
				Effect           string
				Action, Resource any
			}
		}
		if err := json.Unmarshal([]byte(fmt.Sprint(e.body["policy"])), &policy); err != nil {
			return []string{e.String() + ": " + err.Error()}
		}
		for _, s := range policy.Statement {
			if s.Effect != "Allow" || !slices.ContainsFunc(words(s.Action), func(a string) bool { return strings.HasPrefix(a, "secretsmanager:") }) {
				continue
			}
			for _, resource := range words(s.Resource) {
				named := slices.Contains(p.settings[environment(e.stack)].SecretARNs(app), resource)
				if strings.Contains(resource, ":secretsmanager:") && !named && !strings.HasSuffix(resource, "/"+app.Name+"/database-"+app.Slot()+"-??????") {
					broken = append(broken, e.String()+": lets a role of the application read "+resource)
				}
			}
		}
	}
	return broken
}

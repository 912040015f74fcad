package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
	"plinth/rehearsal/internal/shell"
	"plinth/rehearsal/internal/synthesized"
)

// stay keeps the simulators running until Ctrl-C. It prints the commands to continue by hand.
func stay(ctx context.Context, r *run.Rehearsal, s *screen.Screen, result *report.Result) error {
	file := r.Path("env.sh")
	roles, err := asRole(r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(exports(r)+roles), 0o600); err != nil {
		return err
	}
	s.Title("%s is deployed until Ctrl-C", r.Env)
	for _, line := range result.Unchecked() {
		s.Line("%s", line)
	}
	s.Line("In another terminal, continue with cdktf. First, in bash or zsh:\n")
	s.Line("  source %s\n", display(file))
	s.Line("You are then the account's administrator. In bash, as assumes a stack's role:\n")
	name := r.App.Applications()[0]
	app := r.Env + "-" + name
	s.Line("  as plan %s npx cdktf diff %[1]s", app)
	s.Line("  as deploy %s npx cdktf deploy %[1]s --ignore-missing-stack-dependencies", app)
	s.Line("  as deploy %s-network npx cdktf diff %s    # refused\n", r.Env, app)
	s.Line("As the administrator:\n")
	s.Line("  npx cdktf diff %s", app)
	s.Line("  %s=2.0.0 npx cdktf diff %s", r.Variable("APPS_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"_IMAGE_TAG"), app)
	s.Line("  npx cdktf deploy '%s-*'", r.Env)
	s.Line("  npx cdktf deploy %s --ignore-missing-stack-dependencies", app)
	s.Line("  npx cdktf destroy '%s-*'", r.Env)
	s.Line("\nWithout a terminal, add --auto-approve to deploy and destroy; otherwise cdktf leaves its lock.")
	if r.RealCluster() {
		s.Line("\nAnd with the real kubectl and Helm:\n")
		s.Line("  kubectl get pods,ingress,hpa,externalsecrets --all-namespaces")
		s.Line("  helm history %s --namespace %[1]s", name)
	}
	s.Line("\nTo see drift, change or delete something in %s, such as retention_in_days of a log", display(r.Cloud().Path()))
	s.Line("group, and run diff. The API calls of each role are in")
	s.Line("%s.", display(r.Path(cloud.CallsName)))
	s.Line("None of this is AWS. Close the other terminal afterwards: its variables point here.")
	<-ctx.Done()
	s.Line("The rehearsal of %s has ended: what %s sets leads nowhere now.", r.Env, display(file))
	return nil
}

// exports returns shell lines that export the rehearsal's variables and unset those that interfere.
func exports(r *run.Rehearsal) string {
	var lines strings.Builder
	if names := r.Interfering(); len(names) > 0 {
		lines.WriteString("unset " + strings.Join(names, " ") + "\n")
	}
	for _, variable := range append(r.Variables(), r.Overrides()...) {
		name, value, _ := strings.Cut(variable, "=")
		value = shell.Quote(value)
		if name == "PATH" { // keeps the shell's own PATH, whatever it is by then
			value = shell.Quote(r.Path("bin")) + ":$PATH"
		}
		lines.WriteString("export " + name + "=" + value + "\n")
	}
	return lines.String()
}

// tokenLife is how long the tokens for work by hand are valid.
const tokenLife = 24 * time.Hour

// asRole returns a shell function, as, that runs a command under the role of a stack.
func asRole(r *run.Rehearsal) (string, error) {
	p := r.App.Pipeline
	deploy, deployErr := r.Token(p.Release(), synthesized.Deploy, tokenLife)
	plan, planErr := r.Token(p.Planned(), synthesized.Plan, tokenLife)
	if err := errors.Join(deployErr, planErr); err != nil {
		return "", err
	}
	var cases strings.Builder
	for _, stack := range r.App.Names() {
		var planning []string
		for _, variable := range run.Planning(r.App.Stack(stack)) {
			planning = append(planning, shell.Quote(variable))
		}
		fmt.Fprintf(&cases, "    'plan %s') role=%s token=%s planning=(%s) ;;\n", stack, shell.Quote(p.PlanRoles[stack]), shell.Quote(plan), strings.Join(planning, " "))
		fmt.Fprintf(&cases, "    'deploy %s') role=%s token=%s ;;\n", stack, shell.Quote(p.DeployRoles[stack]), shell.Quote(deploy))
	}
	return `as() {
  local role token planning=()
  case "${1-} ${2-}" in
` + cases.String() + `    *) echo 'as: plan or deploy, one of ` + strings.Join(r.App.Names(), ", ") + `, and a command' >&2; return 2 ;;
  esac
  [ $# -gt 2 ] || { echo "as: no command. For example: as $1 $2 npx cdktf diff $2" >&2; return 2; }
  shift 2
  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_ROLE_ARN="$role" AWS_WEB_IDENTITY_TOKEN_FILE="$token" AWS_ROLE_SESSION_NAME=by-hand "${planning[@]}" "$@"
}
`, nil
}

package main

import (
	"context"
	"os"
	"strings"

	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
)

// stay keeps the states reachable until Ctrl-C, and tells how to go on by hand.
func stay(ctx context.Context, r *run.Rehearsal, s *screen.Screen) error {
	file := r.Path("env.sh")
	lines := shell(r)
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		return err
	}
	s.Title("%s is deployed, and stays until Ctrl-C", r.Env)
	s.Line("In another terminal, go on by hand with plain cdktf. First: source %s", display(file))
	s.Line("which sets these:\n\n%s", lines)
	s.Line("  npx cdktf diff %s-app", r.Env)
	s.Line("  %s=2.0.0 npx cdktf diff %s-app", r.Variable("APP_IMAGE_TAG"), r.Env)
	s.Line("  npx cdktf deploy '%s-*'", r.Env)
	s.Line("  npx cdktf deploy %s-app --ignore-missing-stack-dependencies", r.Env)
	s.Line("  npx cdktf destroy '%s-*'", r.Env)
	s.Line("Without a terminal, add --auto-approve to deploy and destroy.")
	if r.RealCluster() {
		s.Line("\nAnd with the real kubectl and Helm:\n")
		s.Line("  kubectl get pods,ingress,hpa,externalsecrets --all-namespaces")
		s.Line("  helm history app --namespace app")
	}
	s.Line("\nChange or delete something in %s, such as retention_in_days of a log", display(r.Cloud().Path()))
	s.Line("group: the next diff of its stack shows the drift.")
	s.Line("Nothing of this is AWS.")
	<-ctx.Done()
	return nil
}

// shell has a shell take the rehearsal's variables, and forget what would interfere.
func shell(r *run.Rehearsal) string {
	var lines strings.Builder
	if names := r.Interfering(); len(names) > 0 {
		lines.WriteString("unset " + strings.Join(names, " ") + "\n")
	}
	for _, variable := range append(r.Variables(), r.Overrides()...) {
		name, value, _ := strings.Cut(variable, "=")
		value = quote(value)
		if name == "PATH" { // goes on with the shell's own, whatever it is by then
			value = quote(r.Path("bin")) + ":$PATH"
		}
		lines.WriteString("export " + name + "=" + value + "\n")
	}
	return lines.String()
}

// quote quotes for a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

package pipeline

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stubs replace the Makefile and the command. Each logs its arguments and the job's role, and creates
// what later jobs need. "./plinth pipeline" has run already.
var stubs = map[string]string{
	"Makefile": `lint policy test-bare test-renamed test-cluster test-image:
	@printf '%s\n' "make $@ role=$${AWS_ROLE_ARN-} digest=$$(env | sed -n s/^PLINTH_DEV_APPS_.*_IMAGE_DIGEST=//p)" >> log
`,
	"plinth": `#!/bin/sh
set -eu
printf '%s\n' "$* role=${AWS_ROLE_ARN-} digest=$(env | sed -n s/^PLINTH_DEV_APPS_.*_IMAGE_DIGEST=//p)" >> log
case "$1" in
image) mkdir -p build/image && touch "build/image/$2.tar" ;;
push) mkdir -p build && echo "PLINTH_DEV_APPS_$(echo "$3" | tr a-z A-Z)_IMAGE_DIGEST=sha256:of-$3" > "$5" ;;
deploy)
  mkdir -p build/outputs
  test "$(stat -c %a "$AWS_WEB_IDENTITY_TOKEN_FILE") $(cat "$AWS_WEB_IDENTITY_TOKEN_FILE")" = "600 the-token"
  test -z "${AWS_ID_TOKEN-}"
  printf '%s\n' "$AWS_WEB_IDENTITY_TOKEN_FILE $AWS_ROLE_SESSION_NAME $AWS_REGION" >> token ;;
esac
`,
}

// TestChain runs the whole pipeline of main on this machine, from the parent's first job to the last
// of its grandchildren, with stubs. No shell may run the text in its variables.
func TestChain(t *testing.T) {
	t.Parallel()
	dir := checkout(t, onMain)
	if err := os.Remove(filepath.Join(dir, folder, "prod-plan.yml")); err != nil { // dev is enough
		t.Fatal(err)
	}
	synthesize(t, dir, anEnvironment("dev", "111111111111", two(), nil))
	write(t, filepath.Join(dir, "shop", "Dockerfile"), "FROM scratch")
	if err := Run(dir, onMain, t.Output()); err != nil {
		t.Fatal(err)
	}
	wrapper, err := os.ReadFile(filepath.Join(repository, "ci", "as-role"))
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(stubs)
	files["ci/as-role"] = string(wrapper)
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// This is a valid name of a branch.
	rename := exec.Command("git", "branch", "--move", "main", "x';touch${IFS}pwned;'$(touch${IFS}pwned)`touch${IFS}pwned`\";touch${IFS}pwned;\"")
	rename.Dir = dir
	if out, err := rename.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	command := gitlab(t, dir, "--concurrency", "1", "--state-dir", ".state")
	command.Env = append(command.Env, "AWS_ID_TOKEN=the-token", "CI_PIPELINE_ID=1; touch pwned",
		"CI_MERGE_REQUEST_TITLE=\"; touch pwned; \"$(touch pwned)", "CI_COMMIT_MESSAGE='; touch pwned; '")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("a name is run by a shell")
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	role := func(name string) string {
		return " role=arn:aws:iam::111111111111:role/plinth-dev-" + name + " digest="
	}
	want := []string{
		"make lint role= digest=", "check role= digest=", "make policy role= digest=",
		"make test-bare role= digest=", "make test-renamed role= digest=", "make test-cluster role= digest=", "make test-image role= digest=",
		"pipeline role= digest=", "image app role= digest=", "scan app role= digest=", "image shop role= digest=", "scan shop role= digest=",
	}
	for _, stack := range []string{"network", "cluster", "data", "addons", "app", "shop", "observability"} {
		want = append(want, "plan dev-"+stack+role("plan-"+stack))
	}
	for _, stack := range []string{"network", "cluster", "data", "addons"} {
		want = append(want, "deploy dev-"+stack+" --auto-approve"+role("deploy-"+stack))
	}
	// Each application is deployed with its own digest.
	want = append(want, "push dev app --dotenv build/push.env"+role("push"), "push dev shop --dotenv build/push.env"+role("push"),
		"deploy dev-app --auto-approve"+role("deploy-app")+"sha256:of-app", "deploy dev-shop --auto-approve"+role("deploy-shop")+"sha256:of-shop",
		"deploy dev-observability --auto-approve"+role("deploy-observability"), "verify dev app role= digest=", "verify dev shop role= digest=")
	if got := strings.Split(strings.TrimSpace(string(log)), "\n"); !slices.Equal(got, want) {
		t.Errorf("the jobs were\n  %s\nnot\n  %s\n%s", strings.Join(got, "\n  "), strings.Join(want, "\n  "), out)
	}
	tokens, err := os.ReadFile(filepath.Join(dir, "token"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(tokens)) {
		fields := strings.Fields(line)
		if _, err := os.Stat(fields[0]); err == nil || strings.HasPrefix(fields[0], dir) {
			t.Errorf("the token is left in %s", fields[0])
		}
		if !regexp.MustCompile(`^plinth-[0-9]+-[0-9]+$`).MatchString(fields[1]) || fields[2] != "eu-west-2" {
			t.Errorf("the role is assumed as %s in %s", fields[1], fields[2])
		}
	}
}

// TestAsRole runs ci/as-role alone.
func TestAsRole(t *testing.T) {
	t.Parallel()
	wrapper, err := filepath.Abs(filepath.Join(repository, "ci", "as-role"))
	if err != nil {
		t.Fatal(err)
	}
	const role = "AWS_ROLE_ARN=arn:aws:iam::111111111111:role/x"
	for name, test := range map[string]struct {
		variables []string
		arguments []string
		code      int
		output    string
	}{
		"no role":         {[]string{"AWS_ID_TOKEN=t"}, []string{"true"}, 1, "ci/as-role: AWS_ROLE_ARN and AWS_ID_TOKEN must be set: the role, and the token of the job.\n"},
		"no token":        {[]string{role}, []string{"true"}, 1, "ci/as-role: AWS_ROLE_ARN and AWS_ID_TOKEN must be set: the role, and the token of the job.\n"},
		"exit status":     {[]string{role, "AWS_ID_TOKEN=t"}, []string{"sh", "-c", "exit 7"}, 7, ""},
		"arguments":       {[]string{role, "AWS_ID_TOKEN=t"}, []string{"printf", "%s.", "a b", "$(id)", ""}, 0, "a b.$(id).."},
		"token with %":    {[]string{role, "AWS_ID_TOKEN=%s\\n-e"}, []string{"sh", "-c", `cat "$AWS_WEB_IDENTITY_TOKEN_FILE"`}, 0, "%s\\n-e"},
		"name of the run": {[]string{role, "AWS_ID_TOKEN=t", "CI_PIPELINE_ID=1;$(id)", "CI_JOB_ID=x 2"}, []string{"sh", "-c", `printf %s "$AWS_ROLE_SESSION_NAME"`}, 0, "plinth-1-2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			command := exec.Command(wrapper, test.arguments...)
			command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + temp}, test.variables...)
			out, err := command.CombinedOutput()
			if command.ProcessState.ExitCode() != test.code || string(out) != test.output {
				t.Errorf("ends with %v and %q, not with %d and %q", err, out, test.code, test.output)
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("leaves %v behind, %v", left, err)
			}
		})
	}
}

// TestAsRoleOnGitHub checks that ci/as-role requests a token from GitHub.
func TestAsRoleOnGitHub(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer of-github" || r.URL.Query().Get("audience") != "plinth-dev-plan" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"value": "a.b.c"}`)
	}))
	t.Cleanup(server.Close)
	for _, test := range []struct{ token, audience, want string }{
		{"of-github", "plinth-dev-plan", "a.b.c/plinth-12-1/"},
		{"wrong", "plinth-dev-plan", "ci/as-role: " + strings.TrimPrefix(server.URL, "http://") + " gives no token: status 401"},
		{"of-github", "", "ci/as-role: AWS_AUDIENCE must be set"},
	} {
		command := exec.Command(filepath.Join(repository, "ci", "as-role"), "sh", "-c",
			`printf %s "$(cat "$AWS_WEB_IDENTITY_TOKEN_FILE")/$AWS_ROLE_SESSION_NAME/${ACTIONS_ID_TOKEN_REQUEST_TOKEN-}"`)
		command.Env = []string{
			"PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "AWS_ROLE_ARN=arn:aws:iam::111111111111:role/x", "GITHUB_RUN_ID=12", "GITHUB_RUN_ATTEMPT=1",
			"ACTIONS_ID_TOKEN_REQUEST_URL=" + server.URL + "/?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + test.token, "AWS_AUDIENCE=" + test.audience,
		}
		out, err := command.CombinedOutput()
		if (err == nil) != strings.HasPrefix(test.want, "a.b.c/") || !strings.Contains(string(out), test.want) {
			t.Errorf("with the token %s for %q it ends with %v and %q, not %q", test.token, test.audience, err, out, test.want)
		}
	}
}

// TestAsRoleRenews: GitHub's token expires before a deployment ends. Until the command ends, ci/as-role
// renews the token in the file, which is complete at any time.
func TestAsRoleRenews(t *testing.T) {
	t.Parallel()
	var given atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := given.Add(1); n == 2 { // one request fails
			w.WriteHeader(http.StatusBadGateway)
		} else {
			_, _ = fmt.Fprintf(w, `{"value": "token-%d"}`, n)
		}
	}))
	t.Cleanup(server.Close)
	temp := t.TempDir()
	command := exec.Command(filepath.Join(repository, "ci", "as-role"), "sh", "-c", `
		i=0
		while [ $((i += 1)) -le 300 ]; do
			token=$(cat "$AWS_WEB_IDENTITY_TOKEN_FILE")
			case $token in token-3) find "$AWS_WEB_IDENTITY_TOKEN_FILE" -perm 600; exit 7 ;; token-1) sleep 0.1 ;; *) echo "half: $token"; exit 1 ;; esac
		done`)
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + temp, "AWS_ROLE_ARN=arn:aws:iam::111111111111:role/x", "AWS_AUDIENCE=a", "AWS_ID_TOKEN_RENEW_SECONDS=0.2",
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + server.URL + "/?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=of-github",
	}
	out, err := command.CombinedOutput()
	if command.ProcessState.ExitCode() != 7 || !strings.HasPrefix(lastLine(string(out)), temp) || !strings.Contains(string(out), "gives no token: status 502") {
		t.Errorf("ends with %v and %q", err, out)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("leaves %v behind, %v", left, err)
	}
	ended := given.Load()
	time.Sleep(time.Second)
	if given.Load() > ended+1 { // one may be under way
		t.Errorf("goes on asking: %d times, then %d", ended, given.Load())
	}
}

// lastLine returns the last line of a text.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

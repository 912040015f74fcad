package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// fakes is a variable that makes the test binary act as the program whose name it is started under.
// Its value is the folder with that program's answers.
const fakes = "DELIVERY_FAKES"

func TestMain(m *testing.M) {
	if folder := os.Getenv(fakes); folder != "" {
		if filepath.Base(os.Args[0]) == "delivery" { // the command itself
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			err := (&Session{Dir: ".", Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Args[2], APIPort: 8443, DatabasePort: 5433}).Run(ctx, os.Args[1])
			stop()
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
		os.Exit(pretend(folder))
	}
	os.Exit(m.Run())
}

// answer is what a fake program does when its arguments begin with Args.
type answer struct {
	Args           string
	Stdout, Stderr string
	Code           int
	// File is copied to the program's output file.
	File string
	// Act is the behaviour of a long-running program: see act.
	Act string
}

// call is one run of a fake program.
type call struct {
	Program, Args, Stdin string
}

// pretend gives the first answer that matches, and fails if none does.
func pretend(folder string) int {
	stdin, _ := io.ReadAll(os.Stdin)
	did := call{filepath.Base(os.Args[0]), strings.Join(os.Args[1:], " "), string(stdin)}
	line, _ := json.Marshal(did)
	log, err := os.OpenFile(filepath.Join(folder, "calls"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = log.Write(append(line, '\n'))
	}
	content, errAnswers := os.ReadFile(filepath.Join(folder, did.Program+".json"))
	var answers []answer
	if err != nil || errAnswers != nil || json.Unmarshal(content, &answers) != nil {
		fmt.Fprintln(os.Stderr, "the fake is broken:", err, errAnswers)
		return 99
	}
	for _, a := range answers {
		if !strings.HasPrefix(did.Args, a.Args) {
			continue
		}
		fmt.Fprint(os.Stdout, a.Stdout)
		fmt.Fprint(os.Stderr, a.Stderr)
		if to := destination(os.Args); to != "" && a.File != "" {
			content, err := os.ReadFile(a.File)
			if err == nil {
				err = os.WriteFile(to, content, 0o600)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 99
			}
		}
		if a.Act != "" {
			return act(a.Act, folder)
		}
		return a.Code
	}
	fmt.Fprintln(os.Stderr, "the fake has no answer to", did.Args)
	return 99
}

// destination returns the output file in a program's arguments.
func destination(args []string) string {
	for i, arg := range args {
		if archive, ok := strings.CutPrefix(arg, "docker-archive:"); ok {
			file, _, _ := strings.Cut(archive, ":")
			return file
		}
		if arg == "--output" || arg == "-o" {
			return args[i+1]
		}
	}
	return ""
}

// desk is a session with fake programs in a project of its own.
type desk struct {
	*Session
	t              *testing.T
	folder         string // with the fakes
	stdout, stderr bytes.Buffer
}

// newDesk returns a desk without programs. Tests add them with can and real.
func newDesk(t *testing.T) *desk {
	t.Helper()
	root := t.TempDir()
	d := &desk{t: t, folder: t.TempDir()}
	d.Session = &Session{
		Dir:       root,
		Environ:   []string{"PATH=" + filepath.Join(d.folder, "bin"), "HOME=" + d.folder, fakes + "=" + d.folder, "TMPDIR=" + t.TempDir()},
		Stdout:    &d.stdout,
		Stderr:    &d.stderr,
		Transport: http.DefaultTransport,
	}
	assert.NilError(t, os.Mkdir(filepath.Join(d.folder, "bin"), 0o755))
	d.write("cdktf.json", "{}")
	return d
}

// can adds a fake program with its answers, or replaces its answers.
func (d *desk) can(program string, answers ...answer) {
	d.t.Helper()
	self, err := os.Executable()
	assert.NilError(d.t, err)
	_ = os.Symlink(self, filepath.Join(d.folder, "bin", program))
	content, err := json.Marshal(answers)
	assert.NilError(d.t, err)
	assert.NilError(d.t, os.WriteFile(filepath.Join(d.folder, program+".json"), content, 0o600))
}

// real adds a program of this machine.
func (d *desk) real(program string) {
	d.t.Helper()
	path, err := exec.LookPath(program)
	assert.NilError(d.t, err)
	assert.NilError(d.t, os.Symlink(path, filepath.Join(d.folder, "bin", program)))
}

// write writes a file of the project.
func (d *desk) write(name, content string) {
	d.t.Helper()
	file := filepath.Join(d.Dir, name)
	assert.NilError(d.t, os.MkdirAll(filepath.Dir(file), 0o755))
	assert.NilError(d.t, os.WriteFile(file, []byte(content), 0o600))
}

// calls returns the runs of fakes in order, also as command lines.
func (d *desk) calls() (typed []string, all []call) {
	d.t.Helper()
	content, err := os.ReadFile(filepath.Join(d.folder, "calls"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	assert.NilError(d.t, err)
	for line := range strings.Lines(string(content)) {
		var c call
		assert.NilError(d.t, json.Unmarshal([]byte(line), &c))
		typed, all = append(typed, c.Program+" "+c.Args), append(all, c)
	}
	return typed, all
}

// fails runs a command that must fail, and returns its message.
func (d *desk) fails(command string) string {
	d.t.Helper()
	err := d.run(d.t.Context(), command)
	if err == nil {
		d.t.Fatalf("%s: succeeded, and said\n%s%s", command, &d.stdout, &d.stderr)
	}
	return err.Error()
}

// succeeds runs a command that must not fail.
func (d *desk) succeeds(command string) {
	d.t.Helper()
	d.stdout.Reset()
	d.stderr.Reset()
	assert.NilError(d.t, d.run(d.t.Context(), command))
}

// run runs a command as in "push -env dev -builder docker".
func (d *desk) run(ctx context.Context, command string) error {
	d.t.Helper()
	name, rest, _ := strings.Cut(command, " ")
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.StringVar(&d.Env, "env", "", "")
	flags.StringVar(&d.App, "app", "", "")
	flags.StringVar(&d.Process, "process", "", "")
	flags.StringVar(&d.Builder, "builder", "", "")
	flags.StringVar(&d.Repository, "repository", "", "")
	flags.StringVar(&d.Role, "role", "", "")
	flags.StringVar(&d.Dotenv, "dotenv", "", "")
	flags.StringVar(&d.Since, "since", "", "")
	flags.BoolVar(&d.Follow, "follow", false, "")
	flags.BoolVar(&d.JSON, "json", false, "")
	assert.NilError(d.t, flags.Parse(strings.Fields(rest)))
	return d.Run(ctx, name)
}

// synthesize writes an environment's stacks as cdktf would.
func (d *desk) synthesize(env string) {
	d.t.Helper()
	provider := `"provider": {"aws": [{"region": "eu-west-2", "allowed_account_ids": ["111111111111"]}]}`
	for stack, resources := range map[string]string{
		"network": `"aws_vpc": {"network": {}}`,
		"data": `"aws_ecr_repository": {"images": {"name": "plinth-` + env + `-app"}, "shop": {"name": "plinth-` + env + `-shop"}},
			"aws_db_instance": {
				"primary": {"identifier": "plinth-` + env + `-postgres", "db_name": "app", "username": "plinth"},
				"replica": {"identifier": "plinth-` + env + `-postgres-replica-1"}}`,
		"cluster": `"aws_eks_cluster": {"cluster": {"name": "plinth-` + env + `", "vpc_config": {"endpoint_public_access": true}}},
			"aws_eks_access_entry": {
				"a": {"principal_arn": "arn:aws:iam::111111111111:role/developer"},
				"access-deploy": {"principal_arn": "arn:aws:iam::111111111111:role/plinth-` + env + `-deploy-app"},
				"b": {"principal_arn": "arn:aws:iam::111111111111:user/someone"},
				"c": {"principal_arn": "arn:aws:iam::111111111111:role/ci/deploy"}},
			"aws_eks_access_policy_association": {
				"access-deploy": {"policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", "principal_arn": "${aws_eks_access_entry.access-deploy.principal_arn}"},
				"a": {"policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy", "principal_arn": "${aws_eks_access_entry.a.principal_arn}"},
				"b": {"policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", "principal_arn": "${aws_eks_access_entry.b.principal_arn}"},
				"c": {"policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", "principal_arn": "${aws_eks_access_entry.c.principal_arn}"}}`,
		"app": `"helm_release": {"release": {"name": "app", "namespace": "shop"},
			"keda": {"name": "keda", "namespace": "keda", "repository": "https://charts.example.com"},
			"database": {"name": "postgres", "namespace": "postgres"}}`,
	} {
		outputs := map[string]string{
			"data": `"database_identifier": {"value": "plinth-` + env + `-postgres"}, "repository_urls": {"value": {
				"app": "${aws_ecr_repository.images.repository_url}", "shop": "${aws_ecr_repository.shop.repository_url}"}}`,
			"app": anApplication("app"),
		}[stack]
		d.write("cdktf.out/stacks/"+env+"-"+stack+"/cdk.tf.json", `{`+provider+`, "output": {`+outputs+`}, "resource": {`+resources+`}}`)
	}
	d.manifest(env)
}

// anApplication returns the outputs of an application's stack. Its image is built from a folder of its name.
func anApplication(name string) string {
	return fmt.Sprintf(`"application": {"value": %q}, "url_host": {"value": "${x}"}, "build": {"value": {"context": %[1]q, "dockerfile": "%[2]s/Dockerfile"}}`, name, name)
}

// manifest writes the list of the stacks, with more applications than app.
func (d *desk) manifest(env string, more ...string) {
	d.t.Helper()
	var stacks []string
	for _, name := range append([]string{"network", "data", "cluster", "app"}, more...) {
		stacks = append(stacks, entry(env+"-"+name))
	}
	for _, name := range []string{env, "prod", "staging"} {
		stacks = append(stacks, entry("bootstrap-"+name))
	}
	d.write("cdktf.out/manifest.json", `{"stacks": {`+strings.Join(stacks, ",")+`}}`)
}

// synthesizeTwo writes the environment dev with the applications app and shop.
func (d *desk) synthesizeTwo() {
	d.t.Helper()
	d.synthesize("dev")
	d.addShop()
}

// addShop adds the application shop to dev.
func (d *desk) addShop() {
	d.t.Helper()
	d.write("cdktf.out/stacks/dev-shop/cdk.tf.json",
		`{"output": {`+anApplication("shop")+`}, "resource": {"helm_release": {"release": {"name": "shop", "namespace": "shop-pods"}}}}`)
	d.manifest("dev", "shop")
}

func entry(stack string) string {
	return fmt.Sprintf(`%q: {"name": %[1]q, "synthesizedStackPath": "stacks/%[2]s/cdk.tf.json"}`, stack, stack)
}

// contains fails the test for each part that the message lacks.
func contains(t *testing.T, message string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(message, part) {
			t.Errorf("message:\n%s\nlacks:\n%s", message, part)
		}
	}
}

// Package integration runs the real cdktf, the real Terraform and a real S3 server on whole
// environments, through everything that can happen to a deployment.
package integration

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/guard"
	"plinth/rehearsal/internal/provider"
	"plinth/rehearsal/internal/run"
)

// root is the repository.
const root = "../.."

var tools run.Tools

func TestMain(m *testing.M) {
	guard.Run()
	os.Exit(testMain(m))
}

// atOnce is how many tests run at a time: they wait as much as they keep a core busy.
const atOnce = "4"

func testMain(m *testing.M) int {
	flag.Parse()
	if testing.Short() { // as in make check
		return 0
	}
	if err := flag.Set("test.parallel", atOnce); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	folder, err := os.MkdirTemp("", "rehearsal")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	for name, value := range map[string]string{
		// The project's digests are for the images of its own environments.
		"IMAGES_LOCK_FILE": "none",
		// Terraform and the simulators run a thousand times here: a twentieth less processor time, for 340 MB
		// at most instead of 170.
		"GOGC": "1600",
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if tools, err = run.Build(root, folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// rehearsal is one of an environment, with the helpers that tests share.
type rehearsal struct {
	*run.Rehearsal
	t *testing.T
}

// start synthesizes an environment with overrides of its settings, as in
// PLINTH_DEV_NETWORK_NAT=none, into an empty account.
func start(t *testing.T, env string, overrides ...string) rehearsal {
	t.Helper()
	with := tools
	if env == shapes {
		with.Settings = "settings/testdata/environments"
	}
	r, err := run.New(root, env, filepath.Join(t.TempDir(), env), with)
	assert.NilError(t, err)
	t.Cleanup(func() { assert.Check(t, r.Close()) })
	assert.NilError(t, r.Synth(t.Context(), overrides...))
	return rehearsal{r, t}
}

// shapes is an environment for tests, with several applications.
const shapes = "shapes"

// furnished starts in an account that has only what the stacks need from the bootstrap stack.
// Commands run as the account's administrator.
func furnished(t *testing.T, env string, overrides ...string) rehearsal {
	t.Helper()
	r := start(t, env, overrides...)
	assert.NilError(t, r.GiveBootstrap())
	return r
}

// anew switches to a new account, furnished in the same way.
func (r rehearsal) anew(account string) {
	r.t.Helper()
	_, region := r.account()
	assert.NilError(r.t, r.CreateAccount(account, region))
	assert.NilError(r.t, r.GiveBootstrap())
	assert.NilError(r.t, r.State().Empty())
}

// stack is a stack's id.
func (r rehearsal) stack(layer string) string { return r.Env + "-" + layer }

// account returns the environment's account and region.
func (r rehearsal) account() (account, region string) {
	r.t.Helper()
	account, region, err := r.App.Account()
	assert.NilError(r.t, err)
	return account, region
}

// project is the project's name in the settings.
func (r rehearsal) project() string {
	r.t.Helper()
	return described(r.t, r.App.Stack(r.stack("network"))).Project
}

// name is the name of a resource of the environment in AWS.
func (r rehearsal) name(parts ...string) string {
	r.t.Helper()
	return strings.Join(append([]string{r.project(), r.Env}, parts...), "-")
}

// application is the name of the application, which is also its release's.
func (r rehearsal) application() string {
	r.t.Helper()
	resources := described(r.t, r.App.Stack(r.stack("app"))).Document["resource"].(map[string]any)
	release := resources["helm_release"].(map[string]any)["release"].(map[string]any)
	return release["name"].(string)
}

func (r rehearsal) synth(overrides ...string) {
	r.t.Helper()
	assert.NilError(r.t, r.Synth(r.t.Context(), overrides...))
}

// do runs a command that must work and returns its output.
func (r rehearsal) do(c run.Command) string {
	r.t.Helper()
	log, err := r.Do(r.t.Context(), c)
	assert.NilError(r.t, err, log.Text)
	return log.Text
}

// refused runs a command that must fail and returns its output on one line.
func (r rehearsal) refused(c run.Command) string {
	r.t.Helper()
	log, err := r.Do(r.t.Context(), c)
	assert.Assert(r.t, err != nil, log.Text)
	for _, trace := range []string{"UnhandledPromiseRejection", "node:internal", "goroutine "} {
		assert.Check(r.t, !strings.Contains(log.Text, trace), "a stack trace reaches the user:\n%s", log.Text)
	}
	return oneLine(log.Text)
}

// oneLine undoes the frames and line breaks of Terraform and cdktf.
func oneLine(output string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}

func (r rehearsal) contains(output string, wanted ...string) {
	r.t.Helper()
	for _, want := range wanted {
		assert.Assert(r.t, strings.Contains(output, want), "want %q in:\n%s", want, output)
	}
}

// alone runs cdktf on one stack without the stacks that it needs, which must be deployed.
func (r rehearsal) alone(command, layer string) run.Command {
	return r.Alone(r.CDKTF(command, r.stack(layer)))
}

// terraform has Terraform plan, apply or destroy a stack. cdktf would take seconds longer, and can
// lose the end of a long output, with the error.
func (r rehearsal) terraform(verb, layer string) run.Command {
	r.t.Helper()
	return r.on(r.stack(layer), verb)
}

func (r rehearsal) on(stack, verb string) run.Command {
	r.t.Helper()
	assert.NilError(r.t, r.initialize(stack))
	args := []string{verb, "-input=false"}
	if verb != "plan" {
		args = append(args, "-auto-approve")
	}
	return r.Terraform(stack, args...)
}

// initialize runs terraform init in the folder of a stack, once.
func (r rehearsal) initialize(stack string) error {
	if _, err := os.Stat(filepath.Join(r.App.Stack(stack).Folder, ".terraform.lock.hcl")); err == nil {
		return nil
	}
	log, err := r.Do(r.t.Context(), r.Terraform(stack, "init", "-input=false"))
	if err != nil {
		return fmt.Errorf("%w\n%s", err, log.Text)
	}
	return nil
}

// deploy deploys all stacks with Terraform, in order, and returns the output.
func (r rehearsal) deploy() string {
	r.t.Helper()
	return r.each(r.App.Needs, func(stack string) []run.Command { return []run.Command{r.on(stack, "apply")} })
}

// destroy destroys all stacks with Terraform, in reverse order.
func (r rehearsal) destroy() {
	r.t.Helper()
	r.each(r.App.NeededBy, func(stack string) []run.Command { return []run.Command{r.on(stack, "destroy")} })
}

// each runs commands for each stack, after those for the stacks in after(stack), and returns the
// output.
func (r rehearsal) each(after func(string) []string, commands func(stack string) []run.Command) string {
	r.t.Helper()
	var mutex sync.Mutex
	var said strings.Builder
	run.InOrder(r.App.Names(), after, func(stack string) bool {
		for _, command := range commands(stack) {
			log, err := r.Do(r.t.Context(), command)
			mutex.Lock()
			said.WriteString(log.Text)
			mutex.Unlock()
			if !assert.Check(r.t, err, log.Text) {
				return false
			}
		}
		return true
	})
	if r.t.Failed() {
		r.t.FailNow()
	}
	return said.String()
}

// delayed makes every change of a command take a while, so that there is time to disturb it.
func (r rehearsal) delayed(c run.Command, delay time.Duration) run.Command {
	return r.With(c, provider.DelayVariable+"="+delay.String())
}

func (r rehearsal) world() *cloud.World {
	r.t.Helper()
	world, err := r.Cloud().View()
	assert.NilError(r.t, err)
	return world
}

// made are the resources that Terraform has created, as "type id".
func (r rehearsal) made() []string {
	r.t.Helper()
	var all []string
	r.world().Each(func(kind, _ string, t *cloud.Thing) bool {
		if t.MadeBy == "" {
			id, _ := t.Attributes["id"].(string)
			all = append(all, kind+" "+id)
		}
		return true
	})
	slices.Sort(all)
	return all
}

// known are the resources in the states of all stacks, as "type id".
func (r rehearsal) known() []string { r.t.Helper(); return r.inStates(r.App.Names()...) }

// inStates are the resources in the states of some stacks, without terraform_data.
func (r rehearsal) inStates(stacks ...string) []string {
	r.t.Helper()
	var all []string
	for _, name := range stacks {
		state, err := r.State().State(r.App.Stack(name).Key)
		assert.NilError(r.t, err)
		for _, resource := range state.Managed() {
			if resource.Type != "terraform_data" {
				all = append(all, resource.Type+" "+resource.ID)
			}
		}
	}
	slices.Sort(all)
	return all
}

// consistent checks that the states contain each created resource once, and nothing else.
func (r rehearsal) consistent() {
	r.t.Helper()
	assert.DeepEqual(r.t, r.made(), r.known())
}

// empty checks that nothing is left except what AWS itself keeps for some days.
func (r rehearsal) empty() {
	r.t.Helper()
	r.world().Each(func(kind, key string, t *cloud.Thing) bool {
		if t.MadeBy != cloud.Giver {
			r.t.Errorf("%s %s is left", kind, key)
		}
		return true
	})
	assert.Equal(r.t, len(r.known()), 0, "%v", r.known())
	r.unlocked()
}

// unlocked checks that no lock is left.
func (r rehearsal) unlocked() {
	r.t.Helper()
	assert.Equal(r.t, len(r.locks()), 0, "%v", r.locks())
}

func (r rehearsal) locks() []string {
	r.t.Helper()
	keys, err := r.State().Keys()
	assert.NilError(r.t, err)
	return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasSuffix(key, ".tflock") })
}

// eventually waits up to 5 minutes until a condition holds.
func (r rehearsal) eventually(what string, is func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		assert.Assert(r.t, time.Now().Before(deadline), "waited in vain until %s", what)
	}
}

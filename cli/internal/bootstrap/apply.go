package bootstrap

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"plinth/cli/internal/terraform"
)

// planName is the file with the plan to approve.
const planName = "plan"

// rounds is how often a deployment is tried again after adopting more resources. Each round can adopt
// the resources that depend on the previous round's.
const rounds = 10

// apply deploys the stack, and adopts resources that exist but are missing from the state. known is
// the current state.
func (r *run) apply(known state) error {
	a := &adoption{run: r, known: known}
	if err := a.findKey(); err != nil {
		return err
	}
	for range rounds {
		plan, err := a.plan()
		if err != nil {
			return err
		}
		if plan.nothing() {
			r.say("No changes.")
			return remove(r.inStack(importsName))
		}
		if err := a.check(plan); err != nil {
			return err
		}
		if err := r.approve(plan); err != nil {
			return err
		}
		log, err := r.withLock(command{
			args:   []string{"apply", "-json", "-input=false", "-lock-timeout=10s", r.path(planName)},
			folder: r.env.folder, watch: r.progress(plan),
		})
		if err == nil {
			return remove(r.inStack(importsName))
		}
		if errors.Is(err, errInterrupted) {
			return err
		}
		problems := problemsIn(log)
		more, refusal := a.adopt(problems)
		if refusal != nil {
			return refusal
		}
		if !more {
			return r.failed(problems, err)
		}
	}
	return errors.New("Adopting existing resources did not finish. Terraform's messages: " + r.log.Name())
}

// plan is the part of Terraform's plan that this package needs.
// https://developer.hashicorp.com/terraform/internals/json-format
type plan struct {
	Resources []change `json:"resource_changes"`
	Outputs   map[string]struct {
		Actions []string `json:"actions"`
	} `json:"output_changes"`
}

type change struct {
	Address string `json:"address"`
	Mode    string `json:"mode"`
	Type    string `json:"type"`
	Change  struct {
		Actions   []string `json:"actions"`
		Importing any      `json:"importing"`
		Before    struct {
			Target string            `json:"target_key_id"`
			Tags   map[string]string `json:"tags_all"`
		} `json:"before"`
	} `json:"change"`
}

// count returns how many resources have an action.
func (p *plan) count(action string) int {
	n := 0
	for _, c := range p.Resources {
		if c.Mode == "managed" && slices.Contains(c.Change.Actions, action) {
			n++
		}
	}
	return n
}

func (p *plan) adopted() int {
	n := 0
	for _, c := range p.Resources {
		if c.Change.Importing != nil {
			n++
		}
	}
	return n
}

func (p *plan) nothing() bool {
	for _, output := range p.Outputs {
		if !slices.Equal(output.Actions, []string{"no-op"}) {
			return false
		}
	}
	return p.adopted()+p.count("create")+p.count("update")+p.count("delete")+p.count("forget") == 0
}

func (p *plan) String() string {
	return fmt.Sprintf("%d to adopt, %d to add, %d to change, %d to destroy", p.adopted(), p.count("create"), p.count("update"), p.count("delete"))
}

// makePlan plans, with the state locked, and reads the plan.
func (r *run) makePlan(options ...string) (*plan, error) {
	args := append([]string{"plan", "-input=false", "-no-color", "-lock-timeout=10s", "-out=" + r.path(planName)}, options...)
	if _, err := r.withLock(command{args: args, folder: r.env.folder}); err != nil {
		return nil, err
	}
	// Security: the plan contains the state.
	if err := os.Chmod(r.path(planName), 0o600); err != nil {
		return nil, err
	}
	shown, err := r.output(r.env.folder, "show", "-json", r.path(planName))
	if err != nil {
		return nil, err
	}
	p := &plan{}
	if json.Unmarshal(shown, p) != nil {
		return nil, errors.New("Terraform's plan has an unknown JSON format") //nolint:staticcheck // a name
	}
	return p, nil
}

// approve shows a plan and asks for approval, unless --auto-approve is set.
func (r *run) approve(p *plan) error {
	r.say("%s", p)
	if r.approved {
		return nil
	}
	show := exec.Command(r.program, "show", r.path(planName))
	show.Dir, show.Env = r.env.folder, terraform.Environment(os.Environ())
	show.Stdout, show.Stderr = r.stdout, r.stderr
	if err := show.Run(); err != nil {
		return err
	}
	fmt.Fprint(r.stderr, "\nDeploy? Only yes deploys: ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(r.stdin).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-r.signals:
		fmt.Fprintln(r.stderr)
		r.interrupted = true
		return errInterrupted
	case given := <-answer:
		if given != "yes" {
			return errors.New("Not deployed. Only yes deploys it; --auto-approve approves the plan unseen.") //nolint:staticcheck // a person reads it as sentences
		}
	}
	return nil
}

// message is a line of the output of "terraform apply -json".
// https://developer.hashicorp.com/terraform/internals/machine-readable-ui
type message struct {
	Type       string   `json:"type"`
	Diagnostic *problem `json:"diagnostic"`
}

// problem is one of Terraform's errors.
type problem struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	Address  string `json:"address"`
}

func (p problem) String() string {
	text := strings.TrimSpace(p.Summary + "\n" + p.Detail)
	if p.Address != "" {
		text = p.Address + ": " + text
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), "\n  ")
}

func messagesIn(log string) []message {
	var all []message
	for line := range strings.Lines(log) {
		var m message
		if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &m) == nil {
			all = append(all, m)
		}
	}
	return all
}

func problemsIn(log string) []problem {
	var all []problem
	for _, m := range messagesIn(log) {
		if m.Type == "diagnostic" && m.Diagnostic != nil && m.Diagnostic.Severity == "error" {
			all = append(all, *m.Diagnostic)
		}
	}
	return all
}

// failed returns an error with Terraform's problems, or with otherwise if there are none.
func (r *run) failed(problems []problem, otherwise error) error {
	if len(problems) == 0 {
		return fmt.Errorf("Terraform failed; its output is in %s: %w", r.log.Name(), otherwise) //nolint:staticcheck // a name
	}
	text := "Terraform failed. What it created is in the state. Fix the cause, then continue: " + r.env.command()
	for _, p := range problems {
		text += "\n  " + p.String()
	}
	return errors.New(text)
}

// progress returns a watch function that prints from time to time how many changes are done.
func (r *run) progress(p *plan) func(log string) {
	all := p.adopted() + p.count("create") + p.count("update") + p.count("delete")
	const each = 50 // one message after so many looks at the log
	looks, told := 0, 0
	return func(log string) {
		r.copyLocal()
		looks++
		if looks%each != 0 {
			return
		}
		done := 0
		for _, m := range messagesIn(log) {
			if m.Type == "apply_complete" {
				done++
			}
		}
		if done > told {
			told = done
			r.say("%d of %d", done, all)
		}
	}
}

package impact

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"plinth/cli/internal/project"
)

// Variable names the real Terraform in the environment of this program. With it the program takes
// Terraform's place, since cdktf has nothing that could run between a plan and its approval.
const Variable = "TERRAFORM_WITH_IMPACT"

// noteVariable names a file for words that must not get lost: cdktf can drop the end of what a program says
// before it exits.
const noteVariable = "TERRAFORM_IMPACT_FILE"

// Variables make cdktf run this program instead of Terraform, whose path is given. What diff says, and what
// deploy refuses, is in the file note afterwards.
func Variables(terraform, note string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return []string{Variable + "=" + terraform, noteVariable + "=" + note, "TERRAFORM_BINARY_NAME=" + self}, nil
}

// Main takes Terraform's place in this process and returns the exit code.
func Main(terraform string, args []string) int {
	t := Terraform{Path: terraform, Note: os.Getenv(noteVariable), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return t.Run(ctx, args)
}

// Terraform is Terraform with words about what a plan costs.
type Terraform struct {
	// Path is the real program.
	Path string
	// Note is a file to which it adds what a plan costs, and what it refuses to apply.
	Note           string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run runs one of Terraform's commands and returns its exit code. After a plan it adds what the plan costs.
// An apply plans first; a plan that is refused is not applied, and its exit code is 1.
func (t Terraform) Run(ctx context.Context, args []string) int {
	switch {
	case len(args) > 0 && args[0] == "plan":
		return t.plan(ctx, args)
	case len(args) > 0 && args[0] == "apply":
		return t.apply(ctx, args)
	}
	return t.run(ctx, args)
}

func (t Terraform) plan(ctx context.Context, args []string) int {
	code := t.run(ctx, args)
	file := ""
	for i, arg := range args {
		if name, value, joined := strings.Cut(arg, "="); name == "-out" || name == "--out" {
			if !joined && i+1 < len(args) {
				value = args[i+1]
			}
			file = value
		}
	}
	if code != 0 && code != 2 || file == "" || slices.Contains(args, "-destroy") {
		return code
	}
	impact, err := t.impact(ctx, file)
	if err != nil {
		return t.fail(err)
	}
	if err := t.note(impact); err != nil {
		return t.fail(err)
	}
	return code
}

// note adds the impact to the file, under the name of the stack, which is that of the folder.
func (t Terraform) note(impact Impact) error {
	text := impact.Text()
	if text == "" {
		return nil
	}
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(t.Note, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s%s", filepath.Base(folder), text)
	return errors.Join(err, file.Close())
}

// apply plans, shows the plan and its costs, asks as Terraform does, and applies exactly that plan.
func (t Terraform) apply(ctx context.Context, args []string) int {
	folder, err := os.MkdirTemp("", "plan-")
	if err != nil {
		return t.fail(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "plan") // only its owner can read the folder
	approved := slices.Contains(args, "-auto-approve") || slices.Contains(args, "--auto-approve")
	var planning, applying []string
	for _, arg := range args[1:] {
		switch name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "="); name {
		case "auto-approve":
		case "no-color", "parallelism", "lock", "lock-timeout":
			planning, applying = append(planning, arg), append(applying, arg)
		case "input":
			applying = append(applying, arg)
		default: // variables and the like are in the plan
			planning = append(planning, arg)
		}
	}
	planning = slices.Concat([]string{"plan", "-input=false", "-out=" + file}, planning)
	planner := t
	planner.Stdin = nil // the answer is for asks
	if code := planner.run(ctx, planning); code != 0 {
		return code
	}
	impact, err := t.impact(ctx, file)
	if err != nil {
		return t.fail(err)
	}
	if len(impact.Refused) > 0 {
		if err := t.note(impact); err != nil {
			return t.fail(err)
		}
		return 1
	}
	fmt.Fprint(t.Stdout, impact.Text())
	if !approved && !t.asks() {
		fmt.Fprint(t.Stdout, "\nApply cancelled.\n")
		return 1
	}
	return t.run(ctx, slices.Concat([]string{"apply"}, applying, []string{file}))
}

// run runs the real Terraform. Ctrl-C reaches both programs, and Terraform decides what to finish.
func (t Terraform) run(ctx context.Context, args []string) int {
	p := &project.Project{Stdin: t.Stdin, Stdout: t.Stdout, Stderr: t.Stderr}
	err := p.Run(ctx, project.Program{Path: t.Path, Args: args, Folder: ".", Environ: t.environ()})
	if exit, ended := project.Ended(err); ended {
		return project.Status(exit)
	} else if err != nil {
		return t.fail(err)
	}
	return 0
}

// environ is the environment of the real Terraform: whatever it runs finds that and not this program.
func (t Terraform) environ() []string {
	own := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, Variable+"=") })
	return append(own, "TERRAFORM_BINARY_NAME="+t.Path)
}

// asks asks for approval in Terraform's words: cdktf waits for them.
func (t Terraform) asks() bool {
	fmt.Fprint(t.Stdout, "\nDo you want to perform these actions?\n  Terraform will perform the actions described above.\n"+
		"  Only 'yes' will be accepted to approve.\n\n  Enter a value: ")
	answer, _ := bufio.NewReader(t.Stdin).ReadString('\n')
	fmt.Fprintln(t.Stdout)
	return strings.TrimSpace(answer) == "yes"
}

func (t Terraform) impact(ctx context.Context, file string) (Impact, error) {
	var shown, said bytes.Buffer
	show := exec.CommandContext(ctx, t.Path, "show", "-json", file)
	show.Env, show.Stdout, show.Stderr = t.environ(), &shown, &said
	if err := show.Run(); err != nil {
		return Impact{}, fmt.Errorf("terraform show: %w\n%s", err, said.String())
	}
	return Of(shown.Bytes())
}

// Text returns the impact as Terraform's output ends, empty if there is none.
func (i Impact) Text() string {
	var text strings.Builder
	write := func(heading string, all []string) {
		if len(all) > 0 {
			fmt.Fprintf(&text, "\n%s\n", heading)
			for _, sentence := range all {
				fmt.Fprintf(&text, "  - %s\n", sentence)
			}
		}
	}
	write("What this costs:", i.Costs)
	write("Refused:", i.Refused)
	return text.String()
}

func (t Terraform) fail(err error) int {
	fmt.Fprintln(t.Stderr, err)
	return 1
}

// Package awscli is a rehearsal's simulator of the AWS CLI. It has the few commands that the
// stacks' destroy-time steps run and that list what is in the account. Error messages and exit
// codes are those of version 2, so that a rehearsal also tests how a step handles them.
package awscli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jmespath/go-jmespath"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
)

// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
const (
	usageError   = 252
	clientError  = 254
	generalError = 255
)

// failure is an error with the command's exit code.
type failure struct {
	code    int
	message string
}

func (f *failure) Error() string { return f.message }

func misused(format string, args ...any) error {
	return &failure{usageError, "An error occurred (ParamValidation): " + fmt.Sprintf(format, args...)}
}

// command is a command that the simulator knows.
type command struct {
	// operation is its name in AWS's API.
	operation string
	// options are those that it takes in addition to the global ones.
	options map[string]option
	// run returns the output, nil for none.
	run func(w *cloud.World, given options) (any, error)
	// changes reports whether it changes the account.
	changes bool
	// action is the IAM action to authorize; empty: it needs no permission. resource returns the
	// ARN, and is nil for actions that take no resource.
	action   string
	resource func(w *cloud.World, given options) string
}

type option struct {
	required bool
	// values says how many values follow: none, one or any number.
	values arity
}

type arity int

const (
	none arity = iota
	one
	many
)

// options are the values of the given options, by name.
type options map[string][]string

func (o options) value(name string) string {
	if len(o[name]) == 0 {
		return ""
	}
	return o[name][0]
}

func (o options) has(name string) bool { _, ok := o[name]; return ok }

var globals = map[string]option{
	"--region": {values: one}, "--query": {values: one}, "--output": {values: one}, "--profile": {values: one}, "--no-cli-pager": {},
}

// Run runs one command, given without the word aws, and returns its exit code. The default region
// is the account's own. Every other region is empty.
func Run(c *cloud.Cloud, args []string, stdout, stderr io.Writer) int {
	err := run(c, args, stdout)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "\naws: [ERROR]: %v\n", err)
	code := generalError
	var failed *failure
	if errors.As(err, &failed) {
		code = failed.code
	}
	if code == usageError {
		fmt.Fprintf(stderr, "\nThis aws is a rehearsal's simulator of the AWS CLI. All that it knows is in rehearsal/internal/awscli/commands.go:\n  aws %s\n",
			strings.Join(slices.Sorted(maps.Keys(commands)), "\n  aws "))
	}
	return code
}

func run(c *cloud.Cloud, args []string, stdout io.Writer) error {
	cmd, given, err := parse(args)
	if err != nil {
		return err
	}
	write, err := writer(given)
	if err != nil {
		return err
	}
	var answer any
	act := func(w *cloud.World) (err error) {
		if err := authorize(c, w, cmd, given); err != nil {
			return err
		}
		if region := given.value("--region"); region != "" && region != w.Region {
			w = &cloud.World{Account: w.Account, Region: region}
		}
		answer, err = cmd.run(w, given)
		return err
	}
	if cmd.changes {
		err = c.Update(act)
	} else {
		err = view(c, act)
	}
	var refusal *cloud.Error
	if errors.As(err, &refusal) {
		return &failure{clientError, fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", refusal.Code, cmd.operation, refusal.Message)}
	}
	if err != nil || answer == nil {
		return err
	}
	return write(stdout, answer)
}

// authorize checks that the caller's role may run a command.
func authorize(c *cloud.Cloud, w *cloud.World, cmd *command, given options) error {
	who, err := w.Identify(os.Getenv, time.Now())
	if who == nil || err != nil || cmd.action == "" {
		return err
	}
	resource := "*"
	if cmd.resource != nil {
		resource = cmd.resource(w, given)
	}
	region := given.value("--region")
	if region == "" {
		region = w.Region
	}
	return c.Authorize(cloud.Caller{Session: who}, "aws", cmd.operation, cmd.operation, []iam.Request{w.RequestOn(cmd.action, resource, region)})
}

func view(c *cloud.Cloud, act func(*cloud.World) error) error {
	w, err := c.View()
	if err != nil {
		return err
	}
	return act(w)
}

// parse separates the command from its options. Global options may come first.
func parse(args []string) (*command, options, error) {
	given := options{}
	var words []string
	var cmd *command
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if !strings.HasPrefix(arg, "--") {
			words = append(words, arg)
			cmd = commands[strings.Join(words, " ")]
			continue
		}
		name, value, inline := strings.Cut(arg, "=")
		known, ok := globals[name]
		if !ok && cmd != nil {
			known, ok = cmd.options[name]
		}
		if !ok && cmd == nil {
			break
		}
		if !ok || inline && known.values == none {
			return nil, nil, &failure{usageError, "Unknown options: " + arg}
		}
		given[name] = nil
		if inline {
			given[name] = []string{value}
			continue
		}
		for len(args) > 0 && !strings.HasPrefix(args[0], "--") && (known.values == many || known.values == one && len(given[name]) == 0) {
			given[name], args = append(given[name], args[0]), args[1:]
		}
		if known.values != none && len(given[name]) == 0 {
			return nil, nil, misused("argument %s: expected at least one argument", name)
		}
	}
	if cmd == nil {
		return nil, nil, misused("argument command: Found invalid choice '%s'", strings.Join(words, " "))
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(cmd.options)) {
		if cmd.options[name].required && !given.has(name) {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return nil, nil, misused("the following arguments are required: %s", strings.Join(missing, ", "))
	}
	return cmd, given, nil
}

// writer checks --query and --output before the command runs.
func writer(given options) (func(io.Writer, any) error, error) {
	write := writeJSON
	switch output := given.value("--output"); output {
	case "", "json":
	case "text":
		write = writeText
	default:
		return nil, misused("argument --output: Found invalid choice '%s': the simulator knows json and text", output)
	}
	if !given.has("--query") {
		return write, nil
	}
	query, err := jmespath.Compile(given.value("--query"))
	if err != nil {
		return nil, misused("Bad value for --query %s: %v", given.value("--query"), err)
	}
	return func(out io.Writer, answer any) error {
		found, err := query.Search(answer)
		if err != nil {
			return err
		}
		return write(out, found)
	}, nil
}

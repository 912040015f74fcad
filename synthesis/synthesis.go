// Package synthesis writes an app's stacks as Terraform JSON: all of them, or, after a mistake,
// none, and a readable message.
package synthesis

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/permissions"
)

// Run creates an app for each pass, lets the pass add stacks to it, and writes their Terraform
// configuration, or nothing at all. A later pass finds the files of the earlier ones in its app's
// folder. jsii panics at every mistake; Run returns an error with the message and the line of
// Plinth's code that caused it.
//
// Where to write, and the app's context, it takes from the cdktf CLI, or else as the CLI would.
func Run(passes ...func(app constructs.Construct)) (err error) {
	node, err := findNode()
	if err != nil {
		return err
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = panicError(cause)
		}
	}()
	output, config, err := newTempOutput()
	if err != nil {
		return err
	}
	defer output.remove()
	checks := &securityChecks{folder: output.folder, checked: map[string]bool{}}
	for _, pass := range passes {
		app := newApp(node, config)
		app.Node().AddValidation(checks)
		pass(app)
		app.Synth()
		if err := output.mergeManifest(); err != nil {
			return err
		}
	}
	return output.publish()
}

// Close ends the Node.js process that jsii keeps, and removes the temporary folder that it
// has made by merely being imported. It is called once, before the program ends.
func Close() {
	// jsii waits for its process twice, and on losing that race with itself prints that the
	// process ended abnormally, which it did not.
	stderr := os.Stderr
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
		defer func() { os.Stderr = stderr }()
	}
	jsii.Close()
}

// pinnedNode is the Node.js of package-lock.json, as seen from the project's folder.
const pinnedNode = "node_modules/.bin/node"

// findNode returns the Node.js for jsii: that of JSII_NODE, the pinned one, or, if npm has none for
// this kind of machine, the one on PATH.
func findNode() (string, error) {
	node := os.Getenv("JSII_NODE")
	if node == "" {
		if pinned, err := exec.LookPath(pinnedNode); err == nil {
			return filepath.Abs(pinned)
		}
		node = "node"
	}
	path, err := exec.LookPath(node)
	if err != nil {
		return "", fmt.Errorf("%s: not found: run ./plinth setup, which installs Node.js", node)
	}
	return path, nil
}

// preload is beside this file, as seen from the project's folder.
const preload = "synthesis/preload.cjs"

var startOnce sync.Once

// newApp creates an app. The first time it also starts jsii's process, on the given Node.js, faster
// and with less output than jsii by itself.
func newApp(node string, config *cdktf.AppConfig) (app cdktf.App) {
	startOnce.Do(func() {
		// jsii has read the environment as the program was loaded. Closed, it does so anew.
		Close()
		variables := map[string]string{
			"JSII_NODE": node,
			// The files that it would keep the code of are in another temporary folder each time.
			"NODE_DISABLE_COMPILE_CACHE": "1",
			// jsii would say at every run that a Node.js is, or soon will be, past its end of life.
			"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20,22",
			"JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION":  "1",
		}
		if file, err := filepath.Abs(preload); err == nil {
			if _, err := os.Stat(file); err == nil {
				// Newer ones say that cdktf's packages use what will go.
				variables["NODE_OPTIONS"] = fmt.Sprintf("--no-deprecation --preserve-symlinks --require %q %s", file, os.Getenv("NODE_OPTIONS"))
			}
		}
		defer setenv(variables)()
		app = cdktf.NewApp(config)
	})
	if app == nil {
		app = cdktf.NewApp(config)
	}
	return app
}

// setenv sets variables and returns what sets them back.
func setenv(variables map[string]string) (restore func()) {
	before := map[string]*string{}
	for name, value := range variables {
		before[name] = nil
		if old, ok := os.LookupEnv(name); ok {
			before[name] = &old
		}
		_ = os.Setenv(name, value) // fails only for names that cannot be
	}
	return func() {
		for name, value := range before {
			if value == nil {
				_ = os.Unsetenv(name)
			} else {
				_ = os.Setenv(name, *value)
			}
		}
	}
}

// scriptFrame is a line of a JavaScript stack trace.
var scriptFrame = regexp.MustCompile(`(?m)^\s+at .*[:(].*\n?`)

// advice is CDKTF's after a failed validation: to switch validations off.
var advice = regexp.MustCompile(`(?s)\n+(If you wish to ignore these validations|Validations allow for dynamic verification).*`)

// panicError describes the cause of a panic. It must be called while the panic is handled.
func panicError(cause any) error {
	if missing, ok := cause.(permissions.Missing); ok {
		return missing // no line of code is at fault
	}
	message := advice.ReplaceAllString(fmt.Sprint(cause), "")
	message = strings.TrimSpace(scriptFrame.ReplaceAllString(message, ""))
	if place := panicLocation(); place != "" {
		message = place + ": " + message
	}
	return errors.New(message)
}

// module is Plinth's own, whatever it is called.
var module = path.Dir(reflect.TypeFor[tempOutput]().PkgPath())

// inProjectFolder tells whether a function is in the package beside go.mod, the program.
func inProjectFolder(function string) bool { return strings.HasPrefix(function, "main.") }

// panicLocation is the innermost line of Plinth's own code on the stack, and its callers.
func panicLocation() string {
	var counters [64]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(0, counters[:])])
	panicking := false
	var places []string
	for more := true; more && len(places) < 4; {
		var frame runtime.Frame
		frame, more = frames.Next()
		own := strings.HasPrefix(frame.Function, module+"/") || inProjectFolder(frame.Function)
		switch {
		case frame.Function == "runtime.gopanic":
			panicking = true
		case strings.HasSuffix(frame.Function, "/synthesis.Run"):
			more = false
		case panicking && own:
			places = append(places, fmt.Sprintf("%s:%d", relativeFile(frame), frame.Line))
		}
	}
	if len(places) < 2 {
		return strings.Join(places, "")
	}
	return fmt.Sprintf("%s (from %s)", places[0], strings.Join(places[1:], ", from "))
}

// relativeFile is a frame's file relative to the project's folder: the package's path below the
// module's, and the file's name.
func relativeFile(frame runtime.Frame) string {
	file := path.Base(filepath.ToSlash(frame.File))
	if inProjectFolder(frame.Function) {
		return file
	}
	slash := strings.LastIndex(frame.Function, "/") + 1
	name, _, _ := strings.Cut(frame.Function[slash:], ".")
	return path.Join(strings.TrimPrefix(frame.Function[:slash]+name, module+"/"), file)
}

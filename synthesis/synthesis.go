// Package synthesis writes an app's stacks as Terraform JSON. After a mistake it writes none of them
// and returns a readable error.
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

	"plinth/images"
	"plinth/permissions"
)

// Run creates an app for each pass, lets the pass add stacks to it, and writes the Terraform
// configuration of all stacks, or nothing. A later pass finds the files of earlier ones in its app's
// folder. jsii panics at every mistake. Run returns an error instead, with the message and the line
// of Plinth's code that caused it.
//
// Run takes the output folder and the app's context from the cdktf CLI, or reads them as the CLI does.
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

// Close ends jsii's Node.js process, and removes the temporary folder that jsii creates when it
// is imported. Call it once, before the program ends.
func Close() {
	// Hide a false message: jsii waits for its process twice, and if the second wait comes too
	// late, prints that the process ended abnormally.
	stderr := os.Stderr
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
		defer func() { os.Stderr = stderr }()
	}
	jsii.Close()
}

// pinnedNode is the Node.js of package-lock.json, relative to the project's folder.
const pinnedNode = "node_modules/.bin/node"

// findNode returns the Node.js for jsii: that of JSII_NODE, the pinned one, or, if npm has none for
// this platform, the one on PATH.
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

// preload is a script beside this file, relative to the project's folder.
const preload = "synthesis/preload.cjs"

var startOnce sync.Once

// newApp creates an app. The first call also starts jsii's process on the given Node.js, faster and
// with less output than jsii does by default.
func newApp(node string, config *cdktf.AppConfig) (app cdktf.App) {
	startOnce.Do(func() {
		// jsii read the environment when the program was loaded. After Close it reads it again.
		Close()
		variables := map[string]string{
			"JSII_NODE": node,
			// A cache is useless: the files are in another temporary folder each time.
			"NODE_DISABLE_COMPILE_CACHE": "1",
			// Otherwise jsii warns at every run that Node.js is, or soon will be, past its end of life.
			"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20,22",
			"JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION":  "1",
		}
		if file, err := filepath.Abs(preload); err == nil {
			if _, err := os.Stat(file); err == nil {
				// Newer versions warn that cdktf's packages use deprecated APIs.
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

// setenv sets variables and returns a function that restores them.
func setenv(variables map[string]string) (restore func()) {
	before := map[string]*string{}
	for name, value := range variables {
		before[name] = nil
		if old, ok := os.LookupEnv(name); ok {
			before[name] = &old
		}
		_ = os.Setenv(name, value) // fails only for invalid names
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

// scriptFrame matches a line of a JavaScript stack trace.
var scriptFrame = regexp.MustCompile(`(?m)^\s+at .*[:(].*\n?`)

// advice matches what CDKTF advises after a failed validation: to switch validations off.
var advice = regexp.MustCompile(`(?s)\n+(If you wish to ignore these validations|Validations allow for dynamic verification).*`)

// panicError returns an error that describes the cause of a panic. Call it while handling the panic.
func panicError(cause any) error {
	switch missing := cause.(type) { // these have no line of code
	case permissions.Missing:
		return missing
	case images.Missing:
		return missing
	}
	message := advice.ReplaceAllString(fmt.Sprint(cause), "")
	message = strings.TrimSpace(scriptFrame.ReplaceAllString(message, ""))
	if place := panicLocation(); place != "" {
		message = place + ": " + message
	}
	return errors.New(message)
}

// module is the path of Plinth's Go module. A project may rename it.
var module = path.Dir(reflect.TypeFor[tempOutput]().PkgPath())

// inProjectFolder reports whether a function is in the program's package, beside go.mod.
func inProjectFolder(function string) bool { return strings.HasPrefix(function, "main.") }

// panicLocation returns the innermost line of Plinth's own code on the stack, and up to three callers.
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

// relativeFile returns a frame's file relative to the project's folder: the package's path below the
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

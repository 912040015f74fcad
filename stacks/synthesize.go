package stacks

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Synthesize makes an app, lets define fill it with stacks, and writes their Terraform
// configuration. jsii answers every mistake with a panic; Synthesize turns it into an error
// that names the mistake and the line of Plinth's code that made it.
//
// A nil config takes everything from the cdktf CLI.
func Synthesize(config *cdktf.AppConfig, define func(app constructs.Construct)) (err error) {
	if err := findNode(); err != nil {
		return err
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = mistake(cause)
		}
	}()
	app := cdktf.NewApp(config)
	define(app)
	app.Synth()
	return nil
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

// findNode tells what is missing before jsii does, less clearly.
func findNode() error {
	node := os.Getenv("JSII_NODE")
	if node == "" {
		node = "node"
	}
	if _, err := exec.LookPath(node); err != nil {
		return fmt.Errorf("%s: not found: install Node.js 20 or newer, which runs the CDK's core", node)
	}
	return nil
}

// scriptFrame is a line of a JavaScript stack trace.
var scriptFrame = regexp.MustCompile(`(?m)^\s+at .*[:(].*\n?`)

// mistake describes what a panic was about. It must be called while the panic is handled.
func mistake(cause any) error {
	message := strings.TrimSpace(scriptFrame.ReplaceAllString(fmt.Sprint(cause), ""))
	if place := origin(); place != "" {
		message = place + ": " + message
	}
	return errors.New(message)
}

const module = "plinth"

// inProjectFolder tells whether a function is in the package beside go.mod: tests see that
// package by the module's name.
func inProjectFolder(function string) bool {
	return strings.HasPrefix(function, "main.") || strings.HasPrefix(function, module+".")
}

// origin is the innermost line of Plinth's own code on the stack.
func origin() string {
	var counters [64]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(0, counters[:])])
	panicking := false
	for {
		frame, more := frames.Next()
		own := strings.HasPrefix(frame.Function, module+"/") || inProjectFolder(frame.Function)
		switch {
		case frame.Function == "runtime.gopanic":
			panicking = true
		case panicking && own:
			return fmt.Sprintf("%s:%d", relative(frame), frame.Line)
		}
		if !more {
			return ""
		}
	}
}

// relative is a frame's file as seen from the project's folder: its package's path below
// the module's, and the file's name.
func relative(frame runtime.Frame) string {
	file := path.Base(filepath.ToSlash(frame.File))
	if inProjectFolder(frame.Function) {
		return file
	}
	slash := strings.LastIndex(frame.Function, "/") + 1
	name, _, _ := strings.Cut(frame.Function[slash:], ".")
	return path.Join(strings.TrimPrefix(frame.Function[:slash]+name, module+"/"), file)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"plinth/app/internal/testrun"
)

// program is a testrun.TB for a program, so that it can use the tests' helpers.
type program struct {
	ctx      context.Context
	cleanups []func()
	failure  error
}

var _ testrun.TB = (*program)(nil)

// fatal is the value with which Fatal panics.
type fatal struct{}

// do runs work, then the cleanups, and returns why it failed.
func (p *program) do(work func()) error {
	defer func() {
		for _, cleanup := range slices.Backward(p.cleanups) {
			cleanup()
		}
	}()
	func() {
		defer func() {
			if cause := recover(); cause != nil && cause != (fatal{}) {
				panic(cause)
			}
		}()
		work()
	}()
	// Do not report failures that Ctrl-C caused.
	if p.ctx.Err() != nil {
		p.failure = p.ctx.Err()
	}
	return p.failure
}

func (p *program) Helper()                  {}
func (p *program) Context() context.Context { return p.ctx }
func (p *program) Cleanup(cleanup func())   { p.cleanups = append(p.cleanups, cleanup) }
func (p *program) TempDir() string          { return testrun.SubDir(p) }
func (p *program) Failed() bool             { return p.failure != nil && !errors.Is(p.failure, context.Canceled) }

func (p *program) Logf(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}

func (p *program) Errorf(format string, arguments ...any) {
	p.failure = errors.Join(p.failure, fmt.Errorf(format, arguments...))
}

func (p *program) Fatal(arguments ...any) {
	p.Errorf("%s", fmt.Sprint(arguments...))
	panic(fatal{})
}

func (p *program) Fatalf(format string, arguments ...any) {
	p.Errorf(format, arguments...)
	panic(fatal{})
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
)

// machine is what figures depend on apart from the programs.
type machine struct {
	cores    int
	cpu      string
	goTool   string
	node     string
	load     string // the load before the run, where it is known
	platform string
}

func thisMachine(b *bench) machine {
	version := func(name string, args ...string) string {
		output, err := exec.CommandContext(b.ctx, name, args...).Output()
		if err != nil {
			return "?"
		}
		return strings.TrimSpace(string(output))
	}
	m := machine{
		cores:    runtime.NumCPU(),
		goTool:   strings.TrimPrefix(version("go", "env", "GOVERSION"), "go"),
		node:     strings.TrimPrefix(version(b.node, "--version"), "v"),
		platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if content, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if model := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(content); model != nil {
			m.cpu = string(model[1])
		}
	}
	if content, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(content), " ")
	}
	return m
}

func (m machine) String() string {
	text := fmt.Sprintf("%d cores", m.cores)
	if m.cpu != "" {
		text += " (" + m.cpu + ")"
	}
	text += fmt.Sprintf(", %s, Go %s, Node.js %s", m.platform, m.goTool, m.node)
	if m.load != "" {
		text += ", load average before " + m.load
	}
	return text
}

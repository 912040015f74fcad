package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"

	"plinth/app/internal/postgrestest"
)

// thisMachine describes what figures depend on apart from the programs.
func thisMachine(p *program, database *postgrestest.Server) string {
	var postgres string
	if err := database.Connect().QueryRow(p.ctx, "SHOW server_version").Scan(&postgres); err != nil {
		p.Fatal(err)
	}
	text := fmt.Sprintf("%d CPUs", runtime.NumCPU())
	// Only on Linux.
	if content, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if model := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(content); model != nil {
			text += " (" + string(model[1]) + ")"
		}
	}
	text += fmt.Sprintf(", %s/%s, Go %s, PostgreSQL %s", runtime.GOOS, runtime.GOARCH, strings.TrimPrefix(runtime.Version(), "go"), postgres)
	if content, err := os.ReadFile("/proc/loadavg"); err == nil {
		before, _, _ := strings.Cut(string(content), " ")
		text += ", load average before " + before
	}
	return text
}

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"plinth/app/internal/postgrestest"
	"plinth/app/internal/testrun"
)

// startService starts the service and returns its URL once it is healthy.
func startService(p *program, file string, database *postgrestest.Server) string {
	credentials := p.TempDir()
	for name, content := range map[string]string{"username": database.Username, "password": database.Password} {
		if err := os.WriteFile(filepath.Join(credentials, name), []byte(content), 0o600); err != nil {
			p.Fatal(err)
		}
	}
	return startProgram(p, file,
		fmt.Sprintf("METRICS_PORT=%d", testrun.FreePort(p)),
		"DATABASE_HOST="+database.Host,
		fmt.Sprintf("DATABASE_PORT=%d", database.Port),
		"DATABASE_NAME="+database.Database,
		"DATABASE_CREDENTIALS_DIR="+credentials,
		"DATABASE_CA_FILE="+database.CAFile)
}

// startWithoutDatabase starts ./nodatabase and returns its URL once it is healthy.
func startWithoutDatabase(p *program, file string) string { return startProgram(p, file) }

// startProgram starts a program that listens on PORT, and ends it with this program.
func startProgram(p *program, file string, environment ...string) string {
	port := testrun.FreePort(p)
	command := testrun.Command(file)
	command.Env = append(environment, fmt.Sprintf("PORT=%d", port))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		p.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	p.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
	})

	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	const patience = 30 * time.Second
	for deadline := time.Now().Add(patience); !healthy(url); {
		select {
		case <-p.ctx.Done():
			p.Fatal(p.ctx.Err())
		case <-ended:
			p.Fatalf("%s has ended:\n%s", file, &output)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.Fatalf("%s is not healthy after %s", file, patience)
		}
	}
	return url
}

func healthy(url string) bool {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url + "/health")
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

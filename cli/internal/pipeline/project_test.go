package pipeline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type object = map[string]any

// five are the stacks of an environment with their dependencies, as in Plinth's manifest.
var five = map[string][]string{
	"network": {}, "data": {"network"}, "cluster": {"network"}, "addons": {"cluster", "network"}, "app": {"addons", "cluster", "data"},
}

// synthesizedEnvironment is an environment: its stacks, and the output of its bootstrap stack.
type synthesizedEnvironment struct {
	stacks map[string][]string
	output object
}

// dev is an unprotected environment; prod is a protected one.
func dev() synthesizedEnvironment { return anEnvironment("dev", "111111111111", five, nil) }

func prod() synthesizedEnvironment {
	return anEnvironment("prod", "333333333333", five, object{
		"protected": true, "branches": []string{}, "tags": []string{"v*"}, "plan_branches": []string{"main"},
		"runner_tags": []string{"prod"}, "plan_runner_tags": []string{"prod-plan"},
	})
}

func anEnvironment(name, account string, stacks map[string][]string, more object) synthesizedEnvironment {
	plan, deploy := object{}, object{}
	for stack := range stacks {
		plan[name+"-"+stack] = "arn:aws:iam::" + account + ":role/plinth-" + name + "-plan-" + stack
		deploy[name+"-"+stack] = "arn:aws:iam::" + account + ":role/plinth-" + name + "-deploy-" + stack
	}
	output := object{
		"environment": name, "account": account, "provider": "gitlab", "region": "eu-west-2", "protected": false,
		"audiences": object{"plan": "plinth-" + name + "-plan", "deploy": "plinth-" + name + "-deploy", "push": "plinth-" + name + "-push"},
		"branches":  []string{"main"}, "tags": []string{}, "plan_branches": []string{"*"}, "push_role": "arn:aws:iam::" + account + ":role/plinth-" + name + "-push",
		"plan_roles": plan, "deploy_roles": deploy,
	}
	for key, value := range more {
		output[key] = value
	}
	return synthesizedEnvironment{stacks, output}
}

// project returns a folder with what cdktf would synthesize.
func project(t *testing.T, all ...synthesizedEnvironment) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cdktf.json"), object{})
	write(t, filepath.Join(dir, "app", "Dockerfile"), "FROM scratch")
	synthesize(t, dir, all...)
	return dir
}

// synthesize writes a project's cdktf.out.
func synthesize(t *testing.T, dir string, all ...synthesizedEnvironment) {
	t.Helper()
	stacks := object{}
	add := func(name string, dependencies []string, content object) {
		file := "stacks/" + name + "/cdk.tf.json"
		stacks[name] = object{"name": name, "dependencies": dependencies, "synthesizedStackPath": file}
		write(t, filepath.Join(dir, "cdktf.out", file), content)
	}
	for _, e := range all {
		env, _ := e.output["environment"].(string)
		for stack, needs := range e.stacks {
			dependencies := []string{"bootstrap-" + env}
			for _, d := range needs {
				dependencies = append(dependencies, env+"-"+d)
			}
			content := object{}
			if stack == "app" || stack == "shop" {
				content = anApplication(stack)
			}
			add(env+"-"+stack, dependencies, content)
		}
		add("bootstrap-"+env, []string{}, object{"output": object{"pipeline": object{"value": e.output}}})
	}
	write(t, filepath.Join(dir, "cdktf.out", "manifest.json"), object{"stacks": stacks})
}

// anApplication returns the stack of an application that answers requests. Its image is built from a folder of its
// name.
func anApplication(name string) object {
	return object{"output": object{
		"application": object{"value": name}, "url_host": object{"value": "${x}"},
		"build": object{"value": object{"context": name, "dockerfile": name + "/Dockerfile"}},
	}}
}

func write(t *testing.T, file string, content any) {
	t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// on returns a getenv with GitLab's variables, as in on("CI_COMMIT_BRANCH=main").
func on(variables ...string) func(string) string {
	return func(name string) string {
		for _, variable := range variables {
			if key, value, _ := strings.Cut(variable, "="); key == name {
				return value
			}
		}
		return ""
	}
}

// The events that a pipeline runs for.
var (
	onMergeRequest = on("CI_MERGE_REQUEST_IID=7", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=my-change")
	onMain         = on("CI_COMMIT_BRANCH=main")
	onTag          = on("CI_COMMIT_TAG=v1.0.0")
	onSchedule     = on("CI_PIPELINE_SOURCE=schedule", "CI_COMMIT_BRANCH=main")
)

// generated returns the content of a project's pipelines by file.
func generated(t *testing.T, dir string, getenv func(string) string) map[string]string {
	t.Helper()
	if err := Run(dir, getenv, t.Output()); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(content)
	}
	return files
}

package order

import (
	"path/filepath"
	"strings"
	"testing"
)

const (
	nothingDone = "\nNothing was destroyed. To keep a final snapshot, and the key that it needs: see docs/environments.md, \"Destroy a protected environment\"."
	takeDown    = " must not be destroyed). To take staging down, set protected: false and database.finalSnapshot: false in environments/staging.yaml, deploy the change (./plinth deploy staging-data), then destroy."
)

func TestUnprotected(t *testing.T) {
	data := []string{"key/key", "images/repository", "database/primary"}
	for _, test := range []struct {
		name      string
		protected map[string][]string // resources with prevent_destroy, by stack
		gone      map[string][]string // protected resources that the state does not list
		command   string
		want      string
	}{
		{
			name:    "nothing is protected",
			command: "destroy dev-*",
		},
		{
			name:      "another environment is protected",
			protected: map[string][]string{"staging-data": data},
			command:   "destroy dev-*",
		},
		{
			name:      "another stack is protected",
			protected: map[string][]string{"staging-data": data},
			command:   "destroy staging-network dev-app",
		},
		{
			name:      "by its name",
			protected: map[string][]string{"staging-data": data},
			command:   "destroy staging-data",
			want:      "staging-data is protected (database/primary, images/repository and key/key" + takeDown + nothingDone,
		},
		{
			name:      "by a pattern",
			protected: map[string][]string{"staging-data": data},
			command:   "destroy staging-*",
			want:      "staging-data is protected (database/primary, images/repository and key/key" + takeDown + nothingDone,
		},
		{
			name:      "among names and patterns that overlap",
			protected: map[string][]string{"staging-data": data},
			command:   "destroy dev-app staging-???? s*-d*a staging-*",
			want:      "staging-data is protected (database/primary, images/repository and key/key" + takeDown + nothingDone,
		},
		{
			name:      "more than a message can hold",
			protected: map[string][]string{"staging-data": {"f", "e", "d", "c", "b", "a"}},
			command:   "destroy staging-data",
			want:      "staging-data is protected (a, b, c, d and 2 more" + takeDown + nothingDone,
		},
		{
			name:      "two environments",
			protected: map[string][]string{"staging-data": data, "dev-network": {"vpc"}},
			command:   "destroy *",
			want: "dev-network is protected (vpc must not be destroyed). To take dev down, set protected: false and database.finalSnapshot: false in environments/dev.yaml, deploy the change (./plinth deploy dev-network), then destroy.\n" +
				"staging-data is protected (database/primary, images/repository and key/key" + takeDown + nothingDone,
		},
		{
			name:      "some of it is not there",
			protected: map[string][]string{"staging-data": data},
			gone:      map[string][]string{"staging-data": {"database/primary", "images/repository"}},
			command:   "destroy staging-*",
			want:      "staging-data is protected (key/key" + takeDown + nothingDone,
		},
		{
			name:      "nothing of it is there",
			protected: map[string][]string{"staging-data": data},
			gone:      map[string][]string{"staging-data": data},
			command:   "destroy staging-*",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s3 := newStorage(t)
			dir := project(t, s3.url, nil)
			for stack, paths := range test.protected {
				protect(t, dir, s3.url, stack, paths)
				s3.hold(t, stack, paths, test.gone[stack])
			}
			mustBe(t, answer(t, t.Context(), dir, test.command), test.want)
		})
	}
}

// TestProtectedAndStateUnread has no credentials: if the state cannot be read, the resources count as
// existing, and unprotected ones are not destroyed either.
func TestProtectedAndStateUnread(t *testing.T) {
	s3 := newStorage(t)
	dir := project(t, s3.url, nil)
	protect(t, dir, s3.url, "staging-data", []string{"key/key"})
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	message, want := answer(t, t.Context(), dir, "destroy dev-app"), "Cannot read the state of dev-app: there are no AWS credentials."
	if !strings.HasPrefix(message, want) {
		t.Errorf("message:\n%s\nwant it to begin:\n%s", orNone(message), want)
	}
	message = answer(t, t.Context(), dir, "destroy staging-*")
	want = "staging-data is protected (key/key" + takeDown + nothingDone + "\nWhether all of this still exists is unknown. Cannot read the state of staging-data: there are no AWS credentials."
	if !strings.HasPrefix(message, want) {
		t.Errorf("message:\n%s\nwant it to begin:\n%s", orNone(message), want)
	}
}

// TestProtectedLifecycle removes the protected resource from the state with Terraform itself, as
// docs/environments.md says for a final snapshot.
func TestProtectedLifecycle(t *testing.T) {
	s3 := newStorage(t)
	dir := project(t, s3.url, nil)
	resources := object{"terraform_data": object{
		"key":   object{"lifecycle": object{"prevent_destroy": true}},
		"other": object{"lifecycle": object{"prevent_destroy": false}},
	}}
	write(t, stackFile(dir, "staging-data"), object{
		"terraform": object{"backend": object{"s3": backend(s3.url, "staging-data")}}, "resource": resources,
	})
	data := newDeployment(t, s3, "staging-data", object{"resource": resources})

	mustBe(t, answer(t, t.Context(), dir, "destroy staging-*"), "")
	data.terraform("apply")
	mustBe(t, answer(t, t.Context(), dir, "destroy staging-*"),
		"staging-data is protected (terraform_data.key"+takeDown+nothingDone)
	data.run("state", "rm", "terraform_data.key")
	mustBe(t, answer(t, t.Context(), dir, "destroy staging-*"), "")
	data.terraform("destroy")
}

func TestUnprotectedRefuses(t *testing.T) {
	const stacks = "\nThe stacks are: dev-addons, dev-app, dev-cluster, dev-data, dev-network, staging-data, staging-network"
	dir := project(t, "http://127.0.0.1:0", nil)
	for command, want := range map[string]string{
		"destroy staging-dat":      "There is no stack staging-dat. Did you mean staging-data?" + stacks,
		"destroy dev-* stagin-*":   "No stack matches stagin-*." + stacks,
		"destroy [!d]*":            "[!d]* is not a supported pattern. Use * and ? only, or name the stacks one by one.",
		"destroy {dev,staging}-*":  "{dev,staging}-* is not a supported pattern. Use * and ? only, or name the stacks one by one.",
		"destroy dev-app !staging": "!staging is not a supported pattern. Use * and ? only, or name the stacks one by one.",
	} {
		t.Run(strings.ReplaceAll(command, " ", "_"), func(t *testing.T) {
			mustBe(t, answer(t, t.Context(), dir, command), want)
		})
	}
	t.Run("a stack that is not JSON", func(t *testing.T) {
		file := stackFile(dir, "dev-data")
		write(t, file, []string{})
		message := answer(t, t.Context(), dir, "destroy dev-*")
		if !strings.HasPrefix(message, file+": json: ") {
			t.Error(orNone(message))
		}
	})
}

// stackFile returns the path of a stack's cdk.tf.json in the project that contains dir.
func stackFile(dir, stack string) string {
	return filepath.Join(dir, "../../cdktf.out/stacks", stack, "cdk.tf.json")
}

// protect writes a stack with a protected resource for each path, and one that is not protected, as
// cdktf would.
func protect(t *testing.T, dir, url, stack string, paths []string) {
	t.Helper()
	resources := object{"open": object{"lifecycle": object{"prevent_destroy": false}}}
	for _, path := range paths {
		resources[resourceName(path)] = object{
			"//":        object{"metadata": object{"path": stack + "/" + path, "uniqueId": resourceName(path)}},
			"lifecycle": object{"prevent_destroy": true},
		}
	}
	write(t, stackFile(dir, stack), object{
		"terraform": object{"backend": object{"s3": backend(url, stack)}, "required_providers": required},
		"resource":  object{"aws_thing": resources},
	})
}

func resourceName(path string) string { return strings.ReplaceAll(path, "/", "_") }

// hold writes the state of a stack after protect. It leaves out the resources in gone, and lists
// similar entries for them that do not count.
func (s *storage) hold(t *testing.T, stack string, paths, gone []string) {
	t.Helper()
	listed := []object{}
	add := func(path, mode, module string) {
		resource := object{"mode": mode, "type": "aws_thing", "name": resourceName(path),
			"provider":  uninstallable,
			"instances": []object{{"schema_version": 0, "attributes": object{"value": secret}}}}
		if module != "" {
			resource["module"] = module
		}
		listed = append(listed, resource)
	}
	missing := map[string]bool{}
	for _, path := range gone {
		missing[path] = true
		add(path, "data", "")
		add(path, "managed", "module.other")
	}
	for _, path := range append([]string{"open"}, paths...) {
		if !missing[path] {
			add(path, "managed", "")
		}
	}
	s.putJSON(t, stack, object{
		"version": 4, "terraform_version": "1.10.0", "serial": 1, "lineage": "0b1a7c5e-6b2f-4f57-9f57-0d4f2a1f9f10",
		"outputs": object{}, "resources": listed,
	})
}

package order

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// bucket holds the states of the tests' projects.
const bucket = "plinth-dev-state"

// secret is in every state. No message may contain it.
const secret = "correct-horse-battery-staple"

// uninstallable is the provider of every resource in a state. Reading a state must not install it.
const uninstallable = `provider["registry.invalid/hashicorp/aws"]`

// required are the stacks' required_providers.
var required = object{"aws": object{"source": "registry.invalid/hashicorp/aws", "version": "5.99.1"}}

// platform has the same dependencies as Plinth's own manifest.
var platform = map[string][]string{
	"dev-network":     {},
	"dev-data":        {"dev-network"},
	"dev-cluster":     {"dev-network"},
	"dev-addons":      {"dev-cluster", "dev-network"},
	"dev-app":         {"dev-addons", "dev-cluster", "dev-data"},
	"staging-network": {},
	"staging-data":    {"staging-network"},
}

// asProgram makes the test binary check a deployment as the command does, for tests that need a process.
const asProgram = "ORDER_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err := CheckDeploy(ctx, ".", os.Args[1:])
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// Remove the developer's own credentials, and whatever would send Terraform elsewhere.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "TF_") || name == "TERRAFORM_BINARY_NAME" || name == "CDKTF_OUTPUT" {
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":           "test",
		"AWS_SECRET_ACCESS_KEY":       "test",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
		"CHECKPOINT_DISABLE":          "1",
	} {
		_ = os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// needTerraform fails a test when Terraform is missing, before the test blames something else.
func needTerraform(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Fatal("terraform is not on PATH, and this test runs the real one. Install Terraform 1.11 or later.")
	}
}

type object = map[string]any

// storage is an S3 server with the tests' bucket, empty at first.
type storage struct {
	url  string
	keep *s3mem.Backend
}

func newStorage(t *testing.T) *storage {
	t.Helper()
	needTerraform(t)
	keep := s3mem.New()
	if err := keep.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(keep).Server())
	t.Cleanup(server.Close)
	return &storage{server.URL, keep}
}

// put writes a stack's state with a number of resources.
func (s *storage) put(t *testing.T, stack string, resources int) {
	t.Helper()
	instances := []object{}
	for i := range resources {
		instances = append(instances, object{"index_key": i, "schema_version": 0, "attributes": object{"output": secret}})
	}
	s.putJSON(t, stack, object{
		"version": 4, "terraform_version": "1.10.0", "serial": 1, "lineage": "0b1a7c5e-6b2f-4f57-9f57-0d4f2a1f9f10",
		"outputs": object{"password": object{"type": "string", "value": secret, "sensitive": true}},
		"resources": []object{
			{"mode": "managed", "type": "aws_thing", "name": "each", "provider": uninstallable, "instances": instances},
			{"mode": "data", "type": "terraform_remote_state", "name": "other", "provider": `provider["terraform.io/builtin/terraform"]`,
				"instances": []object{{"schema_version": 0, "attributes": object{"backend": secret}}}},
		},
	})
}

func (s *storage) putJSON(t *testing.T, stack string, state any) {
	t.Helper()
	content, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.keep.PutObject(bucket, key(stack), nil, bytes.NewReader(content), int64(len(content)), nil); err != nil {
		t.Fatal(err)
	}
}

// key returns the key of a stack's state, as Plinth synthesizes it.
func key(stack string) string { return strings.Replace(stack, "-", "/", 1) + ".tfstate" }

// backend returns the backend that Plinth synthesizes for an S3 server outside AWS.
func backend(url, stack string) object {
	return object{
		"bucket": bucket, "key": key(stack), "region": "eu-west-2", "encrypt": false,
		"endpoints": object{"s3": url}, "use_path_style": true, "use_lockfile": true,
		"skip_credentials_validation": true, "skip_region_validation": true,
		"skip_requesting_account_id": true, "skip_metadata_api_check": true,
	}
}

// project writes what cdktf would synthesize, with each stack's backend changed by edit, and returns
// a folder in the project to run the program in.
func project(t *testing.T, url string, edit func(backend object)) string {
	t.Helper()
	root := t.TempDir()
	listed := object{}
	for name, dependencies := range platform {
		place := backend(url, name)
		if edit != nil {
			edit(place)
		}
		file := "stacks/" + name + "/cdk.tf.json"
		listed[name] = object{"name": name, "dependencies": dependencies, "synthesizedStackPath": file, "workingDirectory": "stacks/" + name}
		write(t, filepath.Join(root, "cdktf.out", file), object{
			"terraform": object{
				"backend":            object{"s3": place},
				"required_version":   ">= 1.10.0",
				"required_providers": required,
			},
			"provider": object{"aws": []object{{"region": "eu-west-2"}}},
			"resource": object{"aws_vpc": object{"vpc": object{"cidr_block": "10.0.0.0/16"}}},
		})
	}
	write(t, filepath.Join(root, "cdktf.out/manifest.json"), object{"version": "0.21.0", "stacks": listed})
	write(t, filepath.Join(root, "cdktf.json"), object{"language": "go", "app": "go run ."})
	inside := filepath.Join(root, "cli/internal")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	return inside
}

func write(t *testing.T, path string, content any) {
	t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// answer runs a check, as in "deploy dev-data", and returns its message, empty when there is no
// error. In any case the temporary folder must be gone, and the message must not contain secret.
func answer(t *testing.T, ctx context.Context, dir, command string) string {
	t.Helper()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	message := ""
	check := map[string]func(context.Context, string, []string) error{"deploy": CheckDeploy, "destroy": CheckDestroy}
	verb, names, _ := strings.Cut(command, " ")
	if err := check[verb](ctx, dir, strings.Fields(names)); err != nil {
		message = err.Error()
	}
	mustBeEmpty(t, temp)
	mustNotTell(t, message)
	return message
}

func mustBeEmpty(t *testing.T, folder string) {
	t.Helper()
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("%s is left behind in the temporary folder", left[0].Name())
	}
}

func mustNotTell(t *testing.T, message string) {
	t.Helper()
	if strings.Contains(message, secret) {
		t.Errorf("the message shows a value of the state: %s", message)
	}
}

// mustBe compares messages. Its failure shows both in full.
func mustBe(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("message:\n%s\nwant:\n%s", orNone(got), orNone(want))
	}
}

func orNone(message string) string {
	if message == "" {
		return "(none)"
	}
	return fmt.Sprintf("%s\n", message)
}

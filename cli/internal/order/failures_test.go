package order

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNoProject covers what can be missing before any state is read.
func TestNoProject(t *testing.T) {
	t.Run("not in a project", func(t *testing.T) {
		dir := t.TempDir()
		mustBe(t, answer(t, t.Context(), dir, "deploy dev-data"),
			"There is no cdktf.json in "+dir+" or a folder above it. Run this in the repository.")
	})
	t.Run("not synthesized", func(t *testing.T) {
		dir := project(t, "", nil)
		out := filepath.Join(dir, "../../cdktf.out")
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
		mustBe(t, answer(t, t.Context(), dir, "deploy dev-data"),
			out+" has no stacks. Synthesize first: ./plinth synth")
	})
	t.Run("synthesized elsewhere", func(t *testing.T) {
		dir := project(t, "", nil)
		t.Setenv("CDKTF_OUTPUT", filepath.Join(t.TempDir(), "elsewhere"))
		mustBe(t, answer(t, t.Context(), dir, "deploy dev-data"),
			os.Getenv("CDKTF_OUTPUT")+" has no stacks. Synthesize first: ./plinth synth")
	})
	t.Run("state in a local file", func(t *testing.T) {
		needTerraform(t)
		dir := project(t, "", nil)
		file := filepath.Join(dir, "../../cdktf.out/stacks/dev-network/cdk.tf.json")
		write(t, file, object{"terraform": object{"backend": object{"local": object{"path": "x.tfstate"}}}})
		mustBe(t, answer(t, t.Context(), dir, "deploy dev-network"),
			"Cannot read the state of dev-network: "+file+": terraform.backend is a local file, but only remote states can be checked")
	})
	t.Run("no Terraform", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		mustBe(t, answer(t, t.Context(), project(t, "", nil), "deploy dev-data"),
			"The states cannot be read without Terraform: terraform is not on PATH. Install Terraform 1.11 or later.")
	})
}

// TestUnreadableStates makes the real Terraform fail and checks the message's first lines.
func TestUnreadableStates(t *testing.T) {
	for _, test := range []struct {
		name   string
		set    func(t *testing.T, s3 *storage)
		server http.HandlerFunc // instead of the storage
		edit   func(backend object)
		want   string // the message's first lines
	}{
		{
			name: "no credentials",
			set: func(t *testing.T, _ *storage) {
				t.Setenv("AWS_ACCESS_KEY_ID", "")
				t.Setenv("AWS_SECRET_ACCESS_KEY", "")
			},
			want: "there are no AWS credentials. Sign in, or choose them with AWS_PROFILE.\n" +
				"  Error: No valid credential sources found\n",
		},
		{
			name:   "another account",
			server: identity("999999999999"),
			edit: func(backend object) {
				backend["allowed_account_ids"] = []string{"111111111111"}
				backend["endpoints"].(object)["sts"] = backend["endpoints"].(object)["s3"]
				delete(backend, "skip_requesting_account_id")
				delete(backend, "skip_credentials_validation")
			},
			want: "the AWS credentials are for another account. Sign in to the environment's account, or choose it with AWS_PROFILE.\n" +
				"  Error: ",
		},
		{
			name: "no bucket",
			edit: func(backend object) { backend["bucket"] = "another-bucket" },
			want: "its bucket does not exist. Create it first with ./plinth bootstrap, see docs/deploy.md\n" +
				"  Error: ",
		},
		{
			name:   "expired credentials",
			server: refuse(http.StatusBadRequest, "ExpiredToken"),
			want:   "the AWS credentials are no longer valid. Sign in again.\n  Error: ",
		},
		{
			name:   "access denied",
			server: refuse(http.StatusForbidden, "AccessDenied"),
			want:   "access is denied. The AWS credentials are for another account, or for a role that may not read this state.\n  Error: ",
		},
		{
			name: "no network",
			edit: func(backend object) {
				backend["endpoints"] = object{"s3": "http://127.0.0.1:1"}
				backend["max_retries"] = 1
			},
			want: "the server cannot be reached. Check the network, and the address if the server is your own.\n  Error: ",
		},
		{
			name: "a setting that this Terraform does not know",
			edit: func(backend object) { backend["use_telepathy"] = true },
			want: "Terraform has failed.\n  Error: Extraneous JSON object property\n",
		},
		{
			name: "broken state",
			set:  func(t *testing.T, s3 *storage) { s3.putJSON(t, "dev-network", secret) },
			want: "Terraform has failed.\n  Error: ",
		},
		{
			name: "state of the future",
			set:  func(t *testing.T, s3 *storage) { s3.putJSON(t, "dev-network", object{"version": 5}) },
			want: "Terraform has failed.\n  Error: ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s3 := newStorage(t)
			if test.set != nil {
				test.set(t, s3)
			}
			url := s3.url
			if test.server != nil {
				server := httptest.NewServer(test.server)
				t.Cleanup(server.Close)
				url = server.URL
			}
			message := answer(t, t.Context(), project(t, url, test.edit), "deploy dev-network")
			t.Log(message)
			if want := "Cannot read the state of dev-network: " + test.want; !strings.HasPrefix(message, want) {
				t.Errorf("message:\n%s\nwant it to begin:\n%s", orNone(message), want)
			}
			for _, drawn := range []string{"│", "╷", "╵", "\x1b", "\n\n", "Warning"} {
				if strings.Contains(message, drawn) {
					t.Errorf("%q is left in the message:\n%s", drawn, message)
				}
			}
		})
	}
}

// TestOneFailureIsToldOnce makes the states of four stacks unreadable.
func TestOneFailureIsToldOnce(t *testing.T) {
	s3 := newStorage(t)
	dir := project(t, s3.url, func(backend object) { backend["bucket"] = "another-bucket" })
	message := answer(t, t.Context(), dir, "deploy dev-app")
	if strings.Count(message, "Cannot read the state of dev-") != 1 || strings.Contains(message, "killed") {
		t.Error(message)
	}
}

func TestSilentServer(t *testing.T) {
	needTerraform(t)
	server := newSilentServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	mustBe(t, answer(t, ctx, project(t, server.URL, nil), "deploy dev-app"),
		"Reading the states timed out. Check the network.")
	server.awaitGone(t)
}

// identity answers sts:GetCallerIdentity as STS does.
func identity(account string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::%[1]s:user/test</Arn><UserId>AIDATEST</UserId><Account>%[1]s</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`, account)
	}
}

// refuse answers as S3 does when it denies a request.
func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<Error><Code>%s</Code><Message>Refused.</Message></Error>`, code)
	}
}

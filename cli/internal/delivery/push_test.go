package delivery

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"gotest.tools/v3/assert"

	"plinth/cli/internal/synthesized"
)

// password is ECR's password. No output may contain it.
const password = "correct-horse-battery-staple"

// ecr answers requests to any host as ECR with a repository of app and one of shop would.
type ecr struct {
	at     *url.URL
	mutex  sync.Mutex
	hosts  map[string]bool
	pushes int
	// immutable refuses a push as ECR does when somebody else has just pushed the tag.
	immutable bool
}

func newECR(t *testing.T) *ecr {
	t.Helper()
	e := &ecr{hosts: map[string]bool{}}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, given, _ := r.BasicAuth()
		switch {
		case user != "AWS" || given != password:
			w.Header().Set("WWW-Authenticate", `Basic realm="https://ecr",service="ecr.amazonaws.com"`)
			refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "Not Authorized")
			return
		case r.URL.Path != "/v2/" && !strings.HasPrefix(r.URL.Path, "/v2/plinth-dev-app/") && !strings.HasPrefix(r.URL.Path, "/v2/plinth-dev-shop/"):
			refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "The repository does not exist in the registry")
			return
		case e.immutable && r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/"):
			refuse(w, http.StatusBadRequest, "TAG_INVALID", "The image tag already exists and cannot be overwritten because the repository is immutable.")
			return
		case r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/"):
			e.mutex.Lock()
			e.pushes++
			e.mutex.Unlock()
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/manifests/"):
			e.mutex.Lock()
			empty := e.pushes == 0
			e.mutex.Unlock()
			if empty { // this registry does not know an empty repository; ECR does
				refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "Requested image not found")
				return
			}
		}
		images.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	assert.NilError(t, err)
	e.at = at
	return e
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"errors": [{"code": "`+code+`", "message": "`+message+`"}]}`)
}

func (e *ecr) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mutex.Lock()
	e.hosts[r.URL.Scheme+"://"+r.URL.Host] = true
	e.mutex.Unlock()
	there := r.Clone(r.Context())
	there.URL.Scheme, there.URL.Host = e.at.Scheme, e.at.Host
	response, err := http.DefaultTransport.RoundTrip(there)
	if err == nil {
		response.Request = r
	}
	return response, err
}

const identity = "sts get-caller-identity --query [Account,Arn] --output text --region eu-west-2"

func signedIn(arn string) answer {
	return answer{Args: identity, Stdout: "111111111111\t" + arn + "\n"}
}

var login = answer{Args: "ecr get-login-password --region eu-west-2", Stdout: password + "\n"}

func (d *desk) awsWorks() {
	d.t.Helper()
	d.can("aws", signedIn("arn:aws:sts::111111111111:assumed-role/deploy/me"), login)
}

func TestPush(t *testing.T) {
	t.Parallel()
	d, revision := newProject(t)
	d.synthesize("dev")
	d.docker(revision)
	d.awsWorks()
	e := newECR(t)
	d.Transport = e
	reference := "111111111111.dkr.ecr.eu-west-2.amazonaws.com/plinth-dev-app:" + revision[:12]

	d.succeeds("push -env dev")
	digest := strings.TrimSpace(d.stdout.String())
	assert.Assert(t, strings.HasPrefix(digest, "sha256:") && len(digest) == 71, digest)
	contains(t, d.stderr.String(), reference+" is pushed.", "\n  PLINTH_DEV_APPS_APP_IMAGE_DIGEST="+digest+" ./plinth deploy dev-app\n", "in environments/dev.yaml")
	assert.DeepEqual(t, e.hosts, map[string]bool{"https://111111111111.dkr.ecr.eu-west-2.amazonaws.com": true})
	assert.Equal(t, e.pushes, 1)

	t.Run("again: the same digest, and nothing is built", func(t *testing.T) {
		before, _ := d.calls()
		d.succeeds("push -env dev")
		assert.Equal(t, strings.TrimSpace(d.stdout.String()), digest)
		contains(t, d.stderr.String(), reference+" exists already, built from this commit.")
		after, _ := d.calls()
		assert.DeepEqual(t, after[len(before):], []string{"aws " + identity, "aws " + login.Args})
		assert.Equal(t, e.pushes, 1)
	})
	t.Run("another commit of the same name is refused", func(t *testing.T) {
		d.commitAll("second")
		_, err := d.output(t.Context(), d.Dir, nil, "git", "tag", revision[:12])
		assert.NilError(t, err)
		contains(t, d.fails("push -env dev"), reference+": exists already, built from commit "+revision+"; tags are immutable")
		assert.Equal(t, e.pushes, 1)
	})
	t.Run("the password is shown to nobody", func(t *testing.T) {
		_, calls := d.calls()
		for _, c := range calls {
			assert.Assert(t, !strings.Contains(c.Args+c.Stdin, password), c)
		}
		assert.Assert(t, !strings.Contains(d.stdout.String()+d.stderr.String(), password))
		for _, folder := range []string{d.folder, d.Dir} {
			assert.NilError(t, filepath.WalkDir(folder, func(file string, entry os.DirEntry, err error) error {
				if err != nil || !entry.Type().IsRegular() || file == filepath.Join(d.folder, "aws.json") {
					return err
				}
				content, err := os.ReadFile(file)
				assert.Assert(t, !strings.Contains(string(content), password), file)
				return err
			}))
		}
	})
}

func TestPushRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*desk)
		args   string
		want   []string
	}{
		{"a change", func(d *desk) { d.write("app/rds-global-bundle.pem", "other") }, "", []string{"work tree: has changes", "commit, stash or remove these first\n   M app/rds-global-bundle.pem"}},
		{"many new files", func(d *desk) {
			for _, name := range strings.Fields("a b c d e f g") {
				d.write(name, "")
			}
		}, "", []string{"?? e\n  and 2 more"}},
		{"nothing synthesized", func(d *desk) { _ = os.RemoveAll(filepath.Join(d.Dir, "cdktf.out")) }, "", []string{"cdktf.out has no stacks. Synthesize first: ./plinth synth"}},
		{"no such environment", func(*desk) {}, "-env dve", []string{"dve: there is no such environment; there are dev, prod and staging"}},
		{"something else synthesized", func(d *desk) { d.write("cdktf.out/stacks/dev-data/cdk.tf.json", "{}") }, "", []string{"dev-data/cdk.tf.json: lacks a value that is needed; synthesize again: ./plinth synth"}},
		{"no aws", func(d *desk) { _ = os.Remove(filepath.Join(d.folder, "bin/aws")) }, "", []string{"aws: not found on PATH; install the AWS CLI 2: https://"}},
		{"no credentials", func(d *desk) {
			d.can("aws", answer{Code: 253, Stderr: "\nUnable to locate credentials. You can configure credentials by running \"aws login\".\n"})
		}, "",
			[]string{"aws: there are no AWS credentials; sign in, or choose them with AWS_PROFILE\n  Unable to locate credentials. You can"}},
		{"old credentials", func(d *desk) {
			d.can("aws", answer{Code: 254, Stderr: "An error occurred (ExpiredToken) when calling"})
		}, "", []string{"aws: the AWS credentials have expired; sign in again\n  An error occurred (ExpiredToken)"}},
		{"another account's credentials", func(d *desk) {
			d.can("aws", answer{Args: identity, Stdout: "222222222222\tarn:aws:iam::222222222222:user/me"})
		}, "",
			[]string{"aws: the credentials are for account 222222222222, but dev is in 111111111111; choose another profile with AWS_PROFILE"}},
		{"no password", func(d *desk) {
			d.can("aws", signedIn("arn"), answer{Code: 254, Stderr: "An error occurred (AccessDeniedException)"})
		}, "", []string{"aws: access is denied; the role of the AWS credentials may not do this\n"}},
		{"a password that is not taken", func(d *desk) { d.can("aws", signedIn("arn"), answer{Stdout: "wrong"}) }, "", []string{"plinth-dev-app: access is denied; the role of the AWS credentials may not push\n"}},
		{"no repository, before anything is built", func(d *desk) {
			d.synthesizeAs("dev", "plinth-dev-app", "plinth-dev-other")
			d.can("go", answer{Code: 1, Stderr: "built"})
		}, "", []string{"plinth-dev-other: the repository does not exist; deploy it first: ./plinth deploy dev-data\n"}},
		{"a region newer than the certificates", func(d *desk) {
			d.write("app/rds-global-bundle.pem", "# CN=Amazon RDS eu-west-1 Root CA RSA2048 G1\n")
			d.commitAll("another bundle")
		}, "", []string{"app/rds-global-bundle.pem: has no certificate authority of eu-west-2, the region of dev's database"}},
		{"no builder", func(d *desk) { _ = os.Remove(filepath.Join(d.folder, "bin/docker")) }, "", []string{"image: install one of these to build it"}},
		{"another push at the same time", func(d *desk) { d.Transport.(*ecr).immutable = true }, "", []string{"plinth-dev-app: somebody else has pushed the tag meanwhile; try again\n"}},
		{"half a repository", func(*desk) {}, "-repository app", []string{"--repository app: must be a registry and a repository, such as 127.0.0.1:5000/app"}},
		{"a scheme", func(*desk) {}, "-repository http://127.0.0.1:5000/app", []string{"--repository http://127.0.0.1:5000/app: must be a registry and a repository"}},
		{"a tag", func(*desk) {}, "-repository 127.0.0.1:5000/app:1", []string{"--repository 127.0.0.1:5000/app:1: must be a registry and a repository"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d, revision := newProject(t)
			d.synthesize("dev")
			d.docker(revision)
			d.awsWorks()
			e := newECR(t)
			d.Transport = e
			test.change(d)
			message := d.fails("push -env dev " + test.args)
			contains(t, message, test.want...)
			assert.Assert(t, !strings.Contains(message, password), message)
			assert.Equal(t, e.pushes, 0)
		})
	}
}

// TestPushElsewhere pushes to another registry with --repository. That involves no AWS, and uses the
// user's own docker login.
func TestPushElsewhere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	d, revision := newProject(t)
	d.docker(revision)
	d.succeeds("push -repository " + strings.TrimPrefix(server.URL, "http://") + "/team/app")
	assert.Assert(t, strings.HasPrefix(d.stdout.String(), "sha256:"))
	assert.Assert(t, !strings.Contains(d.stderr.String(), "./plinth deploy"), d.stderr.String())
}

// synthesizeAs replaces a word in an environment's data stack.
func (d *desk) synthesizeAs(env, word, other string) {
	d.t.Helper()
	file := filepath.Join("cdktf.out/stacks", env+"-data", "cdk.tf.json")
	content, err := os.ReadFile(filepath.Join(d.Dir, file))
	assert.NilError(d.t, err)
	d.write(file, strings.ReplaceAll(string(content), word, other))
}

// TestPlainHTTP: a request without TLS to another machine is refused.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://10.1.2.3/v2/", "http://registry.example/v2/", "http://localhost.example/v2/"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		assert.NilError(t, err)
		_, err = private{http.DefaultTransport}.RoundTrip(request) //nolint:bodyclose // there is none
		assert.ErrorContains(t, err, "does not serve HTTPS, which every registry but one on this machine must")
	}
}

// TestPushWithoutAuthority: the bundle must have a certificate authority of the region, unless the
// database is in the cluster: its certificate is self-signed.
func TestPushWithoutAuthority(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := &Session{Dir: d.Dir}
	e := &environment{name: "dev", region: "eu-nowhere-1"}
	a := synthesized.Application{Name: "app", Build: &synthesized.Build{Context: "app", Dockerfile: "app/Dockerfile"}}
	d.write("app/rds-global-bundle.pem", "# CN=Amazon RDS eu-west-2 Root CA RSA2048 G1\n")
	assert.ErrorContains(t, s.trusts(e, a), "has no certificate authority of eu-nowhere-1")
	e.database.inCluster = true
	assert.NilError(t, s.trusts(e, a))
}

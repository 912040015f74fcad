package delivery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"plinth/cli/internal/synthesized"
)

// revisionLabel is the image label with the commit.
const revisionLabel = "org.opencontainers.image.revision"

// target is the repository that an image is pushed to.
type target struct {
	repository name.Repository
	options    []remote.Option
	// missing is the remedy if the repository does not exist, empty if a push creates it. denied is the
	// remedy if access is denied.
	missing, denied string
}

// pushed is an image in the repository.
type pushed struct {
	digest, revision string
}

// target returns the environment's own repository, or the one of --repository.
//
// Security: this program pushes, not docker or buildah. So ECR's password stays in memory: it is in no
// argument and in no file such as ~/.docker/config.json.
func (s *Session) target(ctx context.Context, a synthesized.Application) (*target, error) {
	if s.Repository != "" {
		repository, err := name.NewRepository(s.Repository, name.StrictValidation)
		if err != nil || strings.Contains(s.Repository, "://") {
			return nil, fmt.Errorf("--repository %s: must be a registry and a repository, such as 127.0.0.1:5000/app", s.Repository)
		}
		return s.reach(ctx, repository, remote.WithAuthFromKeychain(authn.DefaultKeychain), "",
			"sign in first: docker login "+repository.RegistryStr()), nil
	}
	e, err := s.environment()
	if err != nil {
		return nil, err
	}
	if err := s.trusts(e, a); err != nil {
		return nil, err
	}
	if _, err := s.caller(ctx, e); err != nil {
		return nil, err
	}
	if !known(e.repositories[a.Name]) {
		return nil, fmt.Errorf("%s: the stack %s-data has no repository for it; synthesize again: ./plinth synth", a.Stack, e.name)
	}
	repository, err := name.NewRepository(e.registry()+"/"+e.repositories[a.Name], name.StrictValidation)
	if err != nil {
		return nil, err
	}
	password, err := s.aws(ctx, e, "ecr", "get-login-password")
	if err != nil {
		return nil, err
	}
	return s.reach(ctx, repository, remote.WithAuth(&authn.Basic{Username: "AWS", Password: password}),
		"deploy it first: ./plinth deploy "+e.name+"-data", "the role of the AWS credentials may not push"), nil
}

// trusts returns an error if the application's bundle lacks the certificate authority of the
// environment's region, which may be newer than the bundle: its pods would never become healthy. An
// application without that file brings its own certificates.
func (s *Session) trusts(e *environment, a synthesized.Application) error {
	if e.database.inCluster {
		return nil // its certificate is self-signed
	}
	file := bundleOf(a)
	bundle, err := os.ReadFile(filepath.Join(s.Dir, filepath.FromSlash(file)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !strings.Contains(string(bundle), "CN=Amazon RDS "+e.region+" Root CA") {
		return fmt.Errorf("%s: has no certificate authority of %s, the region of %s's database; its first lines say how to update it", file, e.region, e.name)
	}
	return nil
}

func (s *Session) reach(ctx context.Context, repository name.Repository, auth remote.Option, missing, denied string) *target {
	return &target{
		repository: repository,
		options:    []remote.Option{remote.WithContext(ctx), remote.WithTransport(private{s.Transport}), auth},
		missing:    missing,
		denied:     denied,
	}
}

// private refuses to send anything, above all a password, over plain HTTP to another machine.
type private struct{ http.RoundTripper }

func (p private) RoundTrip(request *http.Request) (*http.Response, error) {
	host := request.URL.Hostname()
	if ip := net.ParseIP(host); request.URL.Scheme != "https" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s: does not serve HTTPS, which every registry but one on this machine must", request.URL.Host)
	}
	return p.RoundTripper.RoundTrip(request)
}

// find returns the image of a tag, or nil when there is none.
func (t *target) find(tag string) (*pushed, error) {
	found, err := remote.Get(t.repository.Tag(tag), t.options...)
	var refused *transport.Error
	if errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound && (t.missing == "" || code(err) != transport.NameUnknownErrorCode) {
		return nil, nil
	}
	if err != nil {
		return nil, t.explain(err)
	}
	image, err := found.Image()
	if err != nil {
		return nil, t.explain(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, t.explain(err)
	}
	return &pushed{found.Digest.String(), config.Config.Labels[revisionLabel]}, nil
}

// push pushes an image and returns its digest in the registry.
func (t *target) push(tag string, image v1.Image) (string, error) {
	reference := t.repository.Tag(tag)
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	if err := remote.Write(reference, image, t.options...); err != nil {
		return "", t.explain(err)
	}
	found, err := remote.Head(reference, t.options...)
	if err != nil {
		return "", t.explain(err)
	}
	if found.Digest != digest {
		return "", fmt.Errorf("%s: was pushed as %s, but is now %s: somebody else has pushed the same tag", reference, digest, found.Digest)
	}
	return digest.String(), nil
}

// code returns the registry's code for an error, empty for any other error.
func code(err error) transport.ErrorCode {
	var refused *transport.Error
	if !errors.As(err, &refused) {
		return ""
	}
	if len(refused.Errors) > 0 {
		return refused.Errors[0].Code
	}
	return ""
}

// explain adds to a registry's error what to do.
func (t *target) explain(err error) error {
	remedy := "could not be reached or used"
	var refused *transport.Error
	switch errors.As(err, &refused); {
	case code(err) == transport.NameUnknownErrorCode:
		remedy = "the repository does not exist; " + t.missing
	case refused != nil && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden}, refused.StatusCode):
		remedy = "access is denied; " + t.denied
	case refused != nil && strings.Contains(err.Error(), "TAG_INVALID"), refused != nil && strings.Contains(err.Error(), "immutable"):
		remedy = "somebody else has pushed the tag meanwhile; try again"
	}
	return fmt.Errorf("%s: %s\n%s", t.repository, remedy, indent(err.Error()))
}

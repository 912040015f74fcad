package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"plinth/images"
)

// mirror is the image mirror of dev.
const mirror = "111111111111.dkr.ecr.eu-west-2.amazonaws.com/mirror"

// everyChart are overrides of the samples: dev with every chart and a mirror, and staging, which is
// protected.
var everyChart = []string{
	"PLINTH_ENVIRONMENTS=dev,staging",
	"PLINTH_DEV_CLUSTER_IMAGE_MIRROR=" + mirror, "PLINTH_DEV_CLUSTER_KEDA=true", "PLINTH_DEV_DATABASE_ENGINE=in-cluster",
	"PLINTH_DEV_OBSERVABILITY_PROMETHEUS_ENABLED=true", "PLINTH_DEV_OBSERVABILITY_LOKI_ENABLED=true",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_ENABLED=true", "PLINTH_DEV_OBSERVABILITY_GRAFANA_DOMAIN=grafana.example.com",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_CERTIFICATE_ARN=arn:aws:acm:eu-west-2:111111111111:certificate/11111111-2222-3333-4444-555555555555",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_CLIENT_ID=grafana", "PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_AUTH_URL=https://login.example.com/auth",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_TOKEN_URL=https://login.example.com/token",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_USER_INFO_URL=https://login.example.com/userinfo",
}

// synthesizer returns a function that synthesizes the samples, and returns their releases.
func synthesizer(t *testing.T, at project) func(args ...string) (*platform, []rendering) {
	t.Helper()
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "plinth")
	if output, err := exec.Command("go", "build", "-C", root, "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return func(args ...string) (*platform, []rendering) {
		t.Helper()
		command := exec.Command(program, append([]string{"-environments", "settings/testdata/environments"}, args...)...)
		command.Dir = absolute
		command.Env = append(append(os.Environ(), everyChart...), "CDKTF_OUTDIR="+filepath.Join(at.root, at.out), "IMAGES_LOCK_FILE="+images.File(at.root))
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		p, err := readPlatform(at.root, at.out)
		if err != nil {
			t.Fatal(err)
		}
		all, unknown, err := charts(t.Context(), p)
		if err != nil || len(unknown) > 0 {
			t.Fatal(err, unknown)
		}
		return p, all
	}
}

// TestDigests records a digest for each image of every chart, and checks that all pods then name it.
func TestDigests(t *testing.T) {
	at := project{root: t.TempDir(), out: "cdktf.out"}
	copyTo(t, filepath.Join(root, rulesFile), filepath.Join(at.root, rulesFile))
	synthesize := synthesizer(t, at)

	// As the charts name them, without the mirror.
	p, all := synthesize("-layers", "-published-images")
	lock, digests := images.Lock{}, map[string]string{}
	for _, r := range all {
		for _, i := range thirdParty(r) {
			if strings.Contains(i.Image, mirror) {
				t.Errorf("%s: %s is from the mirror", i.Release, i.Image)
			}
			section := i.Chart + " " + i.ChartVersion
			if lock[section] == nil {
				lock[section] = map[string]string{}
			}
			if digests[i.Image] == "" {
				digests[i.Image] = fmt.Sprintf("sha256:%064x", len(digests)+1)
			}
			lock[section][i.Image] = digests[i.Image]
		}
	}
	if len(lock) < 10 || len(digests) < 11 {
		t.Fatalf("%d charts with %d images only", len(lock), len(digests))
	}
	if findings, err := tagged(at, p, all); err != nil || len(findings) > 0 {
		t.Errorf("without images.lock.yaml: %v %v", err, findings)
	}
	if err := lock.Write(images.File(at.root)); err != nil {
		t.Fatal(err)
	}
	findings, err := tagged(at, p, all)
	if err != nil || len(findings) == 0 {
		t.Errorf("without digests in the stacks: %v %v", err, findings)
	}
	for _, f := range findings {
		if f.Rule != "plinth/image-digest" || !strings.HasPrefix(f.In, "staging-") {
			t.Errorf("is no finding of a protected environment: %s", f)
		}
	}

	p, all = synthesize("-layers")
	if findings, err := tagged(at, p, all); err != nil || len(findings) > 0 {
		t.Errorf("with digests: %v %v", err, findings)
	}
	seen := map[string]bool{}
	for _, r := range all {
		texts := 0
		for _, i := range thirdParty(r) {
			texts++
			name, digest, _ := strings.Cut(i.Image, "@")
			if !lock.Has(i.Image) {
				t.Errorf("%s: %s has no digest", i.Release, i.Image)
			}
			if mirrored := strings.HasPrefix(name, mirror+"/"); mirrored != (r.stack.environment() == "dev") {
				t.Errorf("%s: %s is from the mirror: %v", i.Release, i.Image, mirrored)
			}
			seen[digest] = true
		}
		// A digest in a label would be refused, in a selector it would replace the Deployment.
		var text strings.Builder
		for _, o := range append(r.Objects, r.Tests...) {
			if o.Kind == "CustomResourceDefinition" {
				continue
			}
			content, err := yaml.Marshal(o.Fields)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(content)
		}
		if got := strings.Count(text.String(), "sha256:0000000"); got != texts {
			t.Errorf("%s: has digests in %d places, and %d images", r.in(""), got, texts)
		}
	}
	for image, digest := range digests {
		if !seen[digest] {
			t.Errorf("no pod has the digest of %s", image)
		}
	}

	lock["keda 2.20.2"] = map[string]string{"ghcr.io/kedacore/keda:2.20.2": "latest"}
	if err := lock.Write(images.File(at.root)); err != nil {
		t.Fatal(err)
	}
	if _, err := tagged(at, p, all); err == nil || !strings.Contains(err.Error(), `is "latest"`) {
		t.Errorf("with a broken file: %v", err)
	}
}

// TestListImages lists the images of the golden files.
func TestListImages(t *testing.T) {
	text, err := listImages(t.Context(), copied(t))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Images  []image
		Unknown []string
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Images) == 0 || len(list.Unknown) > 0 {
		t.Fatal(text)
	}
	for _, i := range list.Images {
		if strings.Contains(i.Image, "placeholder") || i.Chart == "" || i.ChartVersion == "" {
			t.Errorf("%+v", i)
		}
	}
}

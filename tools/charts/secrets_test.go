package charts

import (
	"encoding/base64"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	corev1 "k8s.io/api/core/v1"

	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
)

var (
	privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`)
	// An encoded key is longer than any other word of a manifest.
	encoded = regexp.MustCompile(`[A-Za-z0-9+/]{64,}={0,2}`)
)

// TestNoSecretInConfigMaps renders every release of every stack with its real values. Helm stores a
// release's manifest where the stack's provider says. Whoever has the policy AmazonEKSViewPolicy reads
// ConfigMaps, so a release with a Secret or a private key must be in a Secret.
func TestNoSecretInConfigMaps(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldenFolder, "*.tf.json"))
	if err != nil {
		t.Fatal(err)
	}
	inCluster, err := filepath.Glob(filepath.Join(goldenFolder, "..", "in-cluster", "*.tf.json"))
	if err != nil {
		t.Fatal(err)
	}
	rendered, inSecrets := map[string]bool{}, 0
	for _, file := range append(files, inCluster...) {
		installed, err := releases.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, release := range installed {
			r := mustRender(t, chartOf(t, release), release.Name, release.Namespace, release.Values)
			rendered[release.Name] = true
			secret := ""
			for _, s := range all[*corev1.Secret](r) {
				if len(s.Data)+len(s.StringData) > 0 {
					secret = "Secret " + s.Name
				}
			}
			if hasPrivateKey(withTests(t, r) + r.Notes) {
				secret = "a private key"
			}
			switch {
			case secret != "" && release.Driver != "secret":
				t.Errorf("%s: release %s holds %s, and Helm stores it in a %s", filepath.Base(file), release.Name, secret, release.Driver)
			case secret == "" && release.Driver != "configmap":
				t.Errorf("%s: release %s holds nothing secret, and Helm stores it in a %s, which a role that plans would have to read", filepath.Base(file), release.Name, release.Driver)
			case secret != "":
				inSecrets++
			}
		}
	}
	if inSecrets == 0 {
		t.Error("no release holds a Secret: the provider that stores releases in Secrets is of no use any more")
	}
	for _, name := range []string{"aws-load-balancer-controller", "load-balancer-crds", "external-secrets", "metrics-server", "grafana", "loki", "postgres", "databases", "security-groups", "deploy-roles"} {
		if !rendered[name] {
			t.Errorf("no golden file has a release %s", name)
		}
	}
}

func chartOf(t *testing.T, release releases.Release) *chart.Chart {
	t.Helper()
	if release.Repository != "" {
		of, ok := published.Find(release.Repository, release.Chart, release.Version)
		if !ok {
			t.Fatalf("chart %s %s is in no module that package published knows", release.Chart, release.Version)
		}
		return loadPublished(t, of)
	}
	switch release.Name {
	case "databases", "deploy-roles", "load-balancer-crds", "postgres", "pod-logs", "security-groups":
		return loadChart(t, "../../charts/"+release.Name)
	}
	return loadChart(t, appChart)
}

func hasPrivateKey(text string) bool {
	if privateKey.MatchString(text) {
		return true
	}
	for _, word := range encoded.FindAllString(text, -1) {
		if decoded, err := base64.StdEncoding.DecodeString(word); err == nil && privateKey.Match(decoded) {
			return true
		}
	}
	return false
}

func TestPrivateKeyIsFound(t *testing.T) {
	key := "-----BEGIN RSA PRIVATE " + "KEY-----\n" + strings.Repeat("A", 64) + "\n"
	certificate := "-----BEGIN CERTIFICATE-----\n" + strings.Repeat("A", 64) + "\n"
	for text, want := range map[string]bool{
		key: true, "tls.key: " + base64.StdEncoding.EncodeToString([]byte(key)): true,
		certificate: false, "ca.crt: " + base64.StdEncoding.EncodeToString([]byte(certificate)): false,
	} {
		if got := hasPrivateKey(text); got != want {
			t.Errorf("%q: found is %t, want %t", text, got, want)
		}
	}
}

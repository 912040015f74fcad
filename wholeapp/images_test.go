package wholeapp

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/images"
)

// TestImageDigests gives dev the digests of its charts' images, and takes some away. In package policy
// a test renders every chart with its digests.
func TestImageDigests(t *testing.T) {
	t.Parallel()
	const digest = "sha256:0000000000000000000000000000000000000000000000000000000000000001"
	whole := images.Lock{
		"aws-load-balancer-controller 3.5.0": {"public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0": digest},
		"databases 17":                       {"public.ecr.aws/docker/library/postgres:17-bookworm": digest},
		"external-secrets 2.9.0":             {"ghcr.io/external-secrets/external-secrets:v2.9.0": digest},
		"metrics-server 3.13.1":              {"registry.k8s.io/metrics-server/metrics-server:v0.8.1": digest},
	}
	run := func(t *testing.T, lock images.Lock, flags ...string) (string, error) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "images.lock.yaml")
		assert.NilError(t, lock.Write(file))
		return runProgram(append(flags, "-layers"), samples, "PLINTH_ENVIRONMENTS=dev", "IMAGES_LOCK_FILE="+file)
	}

	outdir, err := run(t, whole)
	assert.NilError(t, err)
	addons := stackFiles(t, outdir)["dev-addons"]
	for _, tag := range []string{"v3.5.0", "v2.9.0", "v0.8.1"} {
		assert.Assert(t, strings.Contains(addons, `\"tag\" = \"`+tag+"@"+digest+`\"`), "no %s with its digest in %s", tag, addons)
	}

	for name, test := range map[string]struct {
		change func(images.Lock)
		says   string
	}{
		"no chart": {
			func(l images.Lock) { delete(l, "metrics-server 3.13.1") },
			"images.lock.yaml: has no images of metrics-server 3.13.1. Record the digests again: ./plinth images --record\n",
		},
		"another version of the chart": {
			func(l images.Lock) {
				l["metrics-server 3.13.0"] = l["metrics-server 3.13.1"]
				delete(l, "metrics-server 3.13.1")
			},
			"images.lock.yaml: has no images of metrics-server 3.13.1. Record the digests again: ./plinth images --record\n",
		},
		"no image": {
			func(l images.Lock) { l["metrics-server 3.13.1"] = map[string]string{"registry.k8s.io/other:1": digest} },
			"images.lock.yaml: metrics-server 3.13.1: has no digest of metrics-server/metrics-server. Record the digests again: ./plinth images --record\n",
		},
		"an image that no value is for": {
			func(l images.Lock) { l["metrics-server 3.13.1"]["registry.k8s.io/other:1"] = digest },
			"metrics-server 3.13.1: which value takes the digest of other? Add it to digestValues in stacks/images.go\n",
		},
		"no digest": {
			func(l images.Lock) {
				l["metrics-server 3.13.1"]["registry.k8s.io/metrics-server/metrics-server:v0.8.1"] = "v1"
			},
			`images.lock.yaml: metrics-server 3.13.1: registry.k8s.io/metrics-server/metrics-server:v0.8.1: must be sha256: and 64 hexadecimal digits, is "v1". Record the digests again: ./plinth images --record` + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			lock := images.Lock{}
			for chart := range whole {
				lock[chart] = maps.Clone(whole[chart])
			}
			test.change(lock)
			_, err := run(t, lock)
			assert.Assert(t, err != nil)
			_, says, _ := strings.Cut(err.Error(), "\n")
			assert.Equal(t, says, test.says)
			// How it is recorded again.
			_, err = run(t, lock, "-published-images")
			assert.NilError(t, err)
		})
	}
}

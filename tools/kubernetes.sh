#!/bin/sh
# Builds the real Kubernetes control plane, kubectl and Helm into build/kubernetes, and copies kwok's
# stages for nodes and pods. rehearsal/kubernetes/go.mod has their versions.
set -eu
cd "$(dirname "$0")/.."
tools/requirements.sh

version=$(go -C rehearsal/kubernetes list -m -f '{{.Version}}' k8s.io/kubernetes)
major=${version#v} major=${major%%.*}
minor=${version#v*.} minor=${minor%%.*}
# The version that the API server reports, and the cluster version that Helm assumes.
flags='-s -w'
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags="$flags -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
done
for package in chartutil lint/rules; do
  flags="$flags -X helm.sh/helm/v3/pkg/$package.k8sVersionMajor=$major -X helm.sh/helm/v3/pkg/$package.k8sVersionMinor=$minor"
done

echo "Kubernetes $version, etcd, kwok, kubectl and Helm to build/kubernetes"
mkdir -p build/kubernetes/stages
CGO_ENABLED=0 go -C rehearsal/kubernetes build -trimpath -ldflags "$flags" -o ../../build/kubernetes/ tool
ln -f build/kubernetes/server build/kubernetes/etcd # its package is called so
stages=$(go -C rehearsal/kubernetes list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
install -m 644 "$stages"/node/fast/node-*.yaml "$stages"/node/heartbeat-with-lease/node-*.yaml "$stages"/pod/fast/pod-*.yaml build/kubernetes/stages

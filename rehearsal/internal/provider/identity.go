package provider

import (
	"os"
	"strings"
	"time"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
)

// session returns the session of this process. It identifies the caller once.
func (s *server) session(world *cloud.World) (*iam.Session, error) {
	s.identifying.Lock()
	defer s.identifying.Unlock()
	if s.identified {
		return s.who, nil
	}
	who, err := world.Identify(os.Getenv, time.Now())
	if err != nil {
		return nil, err
	}
	s.who, s.identified = who, true
	return who, nil
}

// allow authorizes an operation on an AWS resource. Kubernetes has its own rules.
func (s *server) allow(world *cloud.World, name, operation string, before, after map[string]any) error {
	if s.name != "aws" {
		return nil
	}
	who, err := s.session(world)
	if err != nil {
		return err
	}
	return s.cloud.Allow(world, cloud.Caller{Session: who, Stack: s.defaultTags["stack"]}, name, operation, before, after)
}

// allowInCluster authorizes an operation by the cluster's rules. objects are a Helm release's, if known.
func (s *server) allowInCluster(world *cloud.World, cluster, verb, name string, a map[string]any, objects []string) error {
	if s.name == "aws" {
		return nil
	}
	who, err := s.session(world)
	if who == nil || err != nil {
		return err // the administrator: where has checked
	}
	said := metadata(a)
	space, _ := said["namespace"].(string)
	if space == "" {
		space = "default"
	}
	var requests []cloud.KubernetesRequest
	switch strings.TrimSuffix(name, "_v1") {
	case "kubernetes_namespace":
		request := cloud.KubernetesRequest{Verb: verb, Resource: "namespaces"}
		if verb == "get" {
			request.Namespace, _ = said["name"].(string)
		}
		requests = append(requests, request)
	case "kubernetes_all_namespaces":
		requests = append(requests, cloud.KubernetesRequest{Verb: verb, Resource: "namespaces"})
	case "kubernetes_config_map":
		requests = append(requests, cloud.KubernetesRequest{Verb: verb, Resource: "configmaps", Namespace: space})
	case "kubernetes_ingress":
		requests = append(requests, cloud.KubernetesRequest{Verb: verb, Resource: "ingresses", Group: "networking.k8s.io", Namespace: space})
	case "helm_release":
		requests = s.releaseRequests(verb, a, objects)
	default:
		return nil // known by its schema alone, as the report says
	}
	return world.AuthorizeKubernetes(who, cluster, requests...)
}

// releaseRequests: Helm stores a release in Secrets or ConfigMaps, and creates the chart's objects.
func (s *server) releaseRequests(verb string, a map[string]any, objects []string) []cloud.KubernetesRequest {
	space, _ := a["namespace"].(string)
	if space == "" {
		space = "default"
	}
	storage := cloud.KubernetesRequest{Verb: "list", Resource: strings.TrimSuffix(s.driver(), "s") + "s", Namespace: space}
	requests := []cloud.KubernetesRequest{storage}
	if verb == "get" {
		return requests
	}
	storage.Verb = verb
	requests = append(requests, storage)
	if len(objects) == 0 {
		return append(requests, cloud.UnknownObject)
	}
	for _, object := range objects {
		requests = append(requests, cloud.ObjectRequest(verb, object))
	}
	return requests
}

// driver is Helm's storage: secret or configmap.
// https://registry.terraform.io/providers/hashicorp/helm/latest/docs#helm_driver-1
func (s *server) driver() string {
	for _, driver := range []string{s.helmDriver, os.Getenv("HELM_DRIVER")} {
		if driver != "" {
			return driver
		}
	}
	return "secret"
}

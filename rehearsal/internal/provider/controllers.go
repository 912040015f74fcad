package provider

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"plinth/rehearsal/internal/cloud"
)

// withoutServers deletes a release's webhooks and API services, which only a running container
// could serve. The API server would wait for their answer and then refuse the request.
func (c cluster) withoutServers(ctx context.Context, release string) error {
	_, err := c.Kubectl(ctx, "", "delete", "validatingwebhookconfigurations,mutatingwebhookconfigurations,apiservices",
		"--selector", "app.kubernetes.io/managed-by=Helm,app.kubernetes.io/instance="+release)
	return err
}

// control does the work of the add-ons' controllers in a namespace: their containers do not run. An
// Ingress gets its load balancer's host name, an ExternalSecret its Secret.
func (c cluster) control(ctx context.Context, world *cloud.World, in, namespace string) error {
	return errors.Join(c.addresses(ctx, world, in, namespace), c.secrets(ctx, world, namespace))
}

// addresses sets the host name of the load balancer in each Ingress' status.
func (c cluster) addresses(ctx context.Context, world *cloud.World, in, namespace string) error {
	output, err := c.Kubectl(ctx, "", "get", "ingress", "--namespace", namespace, "--output", "json")
	if err != nil {
		return err
	}
	var found networkingv1.IngressList
	if err := json.Unmarshal([]byte(output), &found); err != nil {
		return err
	}
	for _, ingress := range found.Items {
		host := world.LoadBalancerOf(in, namespace+"/"+ingress.Name)
		if host == "" {
			continue
		}
		ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: host}}
		if err := c.status(ctx, "ingress", namespace, ingress.Name, ingress.Status); err != nil {
			return err
		}
	}
	return nil
}

// externalSecret is the part of an ExternalSecret that is used here.
type externalSecret struct {
	Metadata struct{ Name string }
	Spec     struct {
		Target struct{ Name string }
		Data   []struct {
			SecretKey string
			RemoteRef struct{ Key, Property string }
		}
	}
}

// secrets creates the Secret of each ExternalSecret from the cloud's secrets.
func (c cluster) secrets(ctx context.Context, world *cloud.World, namespace string) error {
	kinds, err := c.Kubectl(ctx, "", "api-resources", "--api-group", "external-secrets.io", "--output", "name")
	if err != nil || !strings.Contains(kinds, "externalsecrets.") {
		return err
	}
	output, err := c.Kubectl(ctx, "", "get", "externalsecrets", "--namespace", namespace, "--output", "json")
	if err != nil {
		return err
	}
	var found struct{ Items []externalSecret }
	if err := json.Unmarshal([]byte(output), &found); err != nil {
		return err
	}
	for _, wanted := range found.Items {
		if err := c.secret(ctx, world, namespace, wanted); err != nil {
			return err
		}
	}
	return nil
}

func (c cluster) secret(ctx context.Context, world *cloud.World, namespace string, wanted externalSecret) error {
	data := map[string]string{}
	for _, item := range wanted.Spec.Data {
		kept, err := world.ReadSecret(item.RemoteRef.Key)
		if err != nil && item.RemoteRef.Property == "" {
			return nil // the operator waits until a person sets the value
		}
		if err != nil {
			return err
		}
		var values map[string]any
		text, _ := kept["secret_string"].(string)
		if item.RemoteRef.Property == "" {
			data[item.SecretKey] = text
			continue
		}
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			return err
		}
		data[item.SecretKey], _ = values[item.RemoteRef.Property].(string)
	}
	secret, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "stringData": data,
		"metadata": map[string]any{"name": wanted.Spec.Target.Name, "namespace": namespace},
	})
	if err != nil {
		return err
	}
	if _, err := c.Kubectl(ctx, string(secret), "apply", "--server-side", "--filename", "-"); err != nil {
		return err
	}
	return c.status(ctx, "externalsecrets", namespace, wanted.Metadata.Name, map[string]any{"conditions": []any{
		map[string]any{"type": "Ready", "status": "True", "reason": "SecretSynced"},
	}})
}

// status writes an object's status, which only the subresource can change.
func (c cluster) status(ctx context.Context, kind, namespace, name string, status any) error {
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = c.Kubectl(ctx, "", "patch", kind, name, "--namespace", namespace, "--subresource", "status", "--type", "merge", "--patch", string(patch))
	return err
}

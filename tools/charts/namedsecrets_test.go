package charts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"plinth/tools/charts/render"
)

// Named secrets become variables, by one Secret, and only these are read.
func TestAppSecrets(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		r := renderApp(t, sample(t, "https"))
		for _, object := range all[*unstructured.Unstructured](r) {
			if strings.Contains(object.GetName(), "-secrets") {
				t.Errorf("there is %s %s", object.GetKind(), object.GetName())
			}
		}
	})

	const arn = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:mail-AbCdEf"
	values := `secrets: {STRIPE_KEY: {name: shop/stripe, property: keys.live}, MAIL: {name: "` + arn + `", property: ""}}`
	check := func(t *testing.T, r *render.Release) {
		t.Helper()
		store := customCalled(t, r, "SecretStore", "app-secrets")
		secret := customNamed(t, r, "ExternalSecret", "-"+secretsHash(t, r))
		checkCustomResource(t, store, definition(t, "config/crds/bases/external-secrets.io_secretstores.yaml"))
		checkCustomResource(t, secret, definition(t, "config/crds/bases/external-secrets.io_externalsecrets.yaml"))
		auth := field[map[string]any](t, store, "spec.provider.aws.auth")
		account := field[string](t, store, "spec.provider.aws.auth.jwt.serviceAccountRef.name")
		if role := named[*corev1.ServiceAccount](t, r, account).Annotations[roleAnnotation]; len(auth) != 1 || role == "" {
			t.Errorf("the store authenticates with %v, whose role is %q", auth, role)
		}
		for _, p := range pods(r) {
			if p.spec.ServiceAccountName == account {
				t.Errorf("%s runs as the account that reads secrets", p.object)
			}
		}
		if service := field[string](t, store, "spec.provider.aws.service"); service != "SecretsManager" {
			t.Errorf("the store asks %s", service)
		}
		if got := field[string](t, secret, "spec.secretStoreRef.name"); got != store.GetName() {
			t.Errorf("the ExternalSecret asks store %s", got)
		}
		if got := field[string](t, secret, "spec.target.creationPolicy"); got != "Owner" {
			t.Errorf("creation policy is %s: the Secret would outlive the release", got)
		}
		if target := field[string](t, secret, "spec.target.name"); target != secret.GetName() {
			t.Errorf("the ExternalSecret makes %s", target)
		}
		read := map[string]string{}
		for _, item := range field[[]any](t, secret, "spec.data") {
			entry := item.(map[string]any)
			from := entry["remoteRef"].(map[string]any)
			read[entry["secretKey"].(string)] = fmt.Sprint(from["key"], " ", from["property"])
		}
		if want := map[string]string{"STRIPE_KEY": "shop/stripe keys.live", "MAIL": arn + " <nil>"}; !maps.Equal(read, want) {
			t.Errorf("it reads %v, want %v", read, want)
		}
	}
	t.Run("by names", func(t *testing.T) {
		r := renderApp(t, sample(t, "http", values))
		check(t, r)
		from := web(t, r).Spec.Template.Spec.Containers[0].EnvFrom
		if len(from) != 1 || from[0].SecretRef == nil || from[0].SecretRef.Optional != nil || from[0].Prefix != "" {
			t.Errorf("variables come from %v", from)
		}
	})
	// What reads them is there without a database and parameters too.
	t.Run("alone", func(t *testing.T) {
		reader := `{region: eu-west-2, secretStore: {serviceAccountName: pages-secrets, roleArn: "arn:aws:iam::111111111111:role/pages"}}`
		check(t, renderApp(t, sample(t, "public", values, reader)))
		if _, err := rendered(loadChart(t, appChart), "app", "app", sample(t, "public", values)); err == nil || !strings.Contains(err.Error(), "secretStore.roleArn") {
			t.Errorf("without a role that reads them the chart says %v", err)
		}
	})
	// The later wins where two have one name.
	t.Run("after parameters", func(t *testing.T) {
		r := renderApp(t, sample(t, "node"))
		for _, p := range pods(r) {
			var order []string
			for _, from := range p.spec.Containers[0].EnvFrom {
				order = append(order, strings.Split(strings.TrimPrefix(strings.TrimPrefix(from.SecretRef.Name, "app-"), "release-"), "-")[0])
			}
			if want := []string{"parameters", "secrets"}; !slices.Equal(order, want) {
				t.Errorf("%s: variables come from %v, want %v", p.object, order, want)
			}
		}
	})
}

// secretsHash is the end of the Secret's name that web's pods have.
func secretsHash(t *testing.T, r *render.Release) string {
	t.Helper()
	from := web(t, r).Spec.Template.Spec.Containers[0].EnvFrom
	parts := strings.Split(from[len(from)-1].SecretRef.Name, "-")
	return parts[len(parts)-1]
}

// TestAnotherSecretRollsPods: every process that runs all the time is replaced when the values name another secret, and
// waits until External Secrets has read that one. The value of the same secret changes no pod.
func TestAnotherSecretRollsPods(t *testing.T) {
	templates := func(change string) map[string]string {
		all := map[string]string{}
		for _, p := range pods(renderApp(t, sample(t, "node", change))) {
			encoded, err := json.Marshal(p.spec)
			if err != nil {
				t.Fatal(err)
			}
			all[p.object] = string(encoded)
		}
		return all
	}
	before := templates("{}")
	for name, change := range map[string]string{
		"another secret":            "secrets: {STRIPE_KEY: {name: shop/stripe-2}}",
		"another value of a secret": "secrets: {STRIPE_KEY: {property: other}}",
		"one more secret":           "secrets: {MAIL: {name: shop/mail}}",
		"another database password": "database: {secret: plinth/dev/shop-b}",
	} {
		after := templates(change)
		for object, template := range before {
			if strings.Contains(object, "Job ") && name != "another database password" {
				continue // made anew by each release
			}
			if after[object] == template {
				t.Errorf("%s: %s stays as it is", name, object)
			}
		}
	}
	if after := templates("secrets: {STRIPE_KEY: {name: shop/stripe, property: key}}"); !maps.Equal(after, before) {
		t.Error("the same secrets roll the pods")
	}
	// The key that the pods mount is made from the same values.
	r := renderApp(t, sample(t, "node", "database: {secret: plinth/dev/shop-b}"))
	for _, p := range pods(r) {
		for _, v := range p.spec.Volumes {
			if v.Secret == nil {
				continue
			}
			made := templated(t, r, v.Secret.SecretName, map[string]string{"username": "u", "password": "p"})
			for _, item := range v.Secret.Items {
				if _, there := made[item.Key]; !there {
					t.Errorf("%s waits for key %s, which the ExternalSecret does not make", p.object, item.Key)
				}
			}
		}
	}
}

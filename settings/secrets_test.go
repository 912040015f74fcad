package settings

import (
	"slices"
	"testing"
)

// TestSecretARNs: a policy has each secret once, and an ARN as it is written.
func TestSecretARNs(t *testing.T) {
	environments, err := loadFiles(map[string]string{"dev": ofApp(
		"secrets:",
		"  STRIPE_KEY: {name: shop/stripe, property: keys.live}",
		"  STRIPE_ID: {name: shop/stripe, property: id}",
		"  MAIL: {name: 'arn:aws:secretsmanager:eu-west-2:111111111111:secret:mail-AbCdEf'}",
		"  OWN: {name: plinth/dev/app/own}",
		"  OTHER: {name: plinth/shared}",
	)(base)})
	if err != nil {
		t.Fatal(err)
	}
	env := environments[0]
	const arn = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:"
	want := []string{arn + "mail-AbCdEf", arn + "plinth/dev/app/own-??????", arn + "plinth/shared-??????", arn + "shop/stripe-??????"}
	if got := env.SecretARNs(env.Apps["app"]); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// TestSecretOfAnotherEnvironment: one account may have two environments.
func TestSecretOfAnotherEnvironment(t *testing.T) {
	for name, want := range map[string]string{
		"plinth/prod/app/own": `dev.yaml:14: apps.app.secrets.A.name: must not begin with plinth/prod/, is "plinth/prod/app/own": such secrets are Plinth's and other applications', except below plinth/dev/app/`,
		"plinth/test/app/own": "",
	} {
		_, err := loadFiles(map[string]string{
			"dev":  ofApp("secrets: {A: {name: " + name + "}}")(base),
			"prod": all(swap("10.10.0.0/16", "10.20.0.0/16"), under("ci", "useExistingOIDCProvider: true"))(base),
		})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestUnwatched warns of workers and jobs that nothing watches.
func TestUnwatched(t *testing.T) {
	const prometheus = "observability:\n  prometheus: {enabled: true}\n"
	for name, test := range map[string]struct{ file, want string }{
		"web alone":       {base, ""},
		"a job":           {ofApp("jobs: {report: {command: [report], schedule: 0 4 * * *}}")(base), `dev.yaml:13: apps.app: has workers or jobs without alarms when one fails, restarts or does not start; set observability.prometheus.enabled to true for them`},
		"a worker":        {ofApp("workers: {mailer: }")(base), `dev.yaml:13: apps.app: has workers or jobs without alarms when one fails, restarts or does not start; set observability.prometheus.enabled to true for them`},
		"with Prometheus": {ofApp("workers: {mailer: }")(base) + prometheus, ""},
	} {
		environments, err := loadFiles(map[string]string{"dev": test.file})
		if err != nil {
			t.Fatal(err)
		}
		if got := environments[0].Warnings.Error(); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

package charts

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	corev1 "k8s.io/api/core/v1"

	"plinth/tools/charts/render"
)

// secretVariables are the variables with the password, or a part of what has it.
var secretVariables = []string{"PGUSER", "PGPASSWORD", "DATABASE_URL", "DATABASE_READER_URL"}

// templated makes the Secret of an ExternalSecret as External Secrets does. Its engine is Go's, with sprig's functions.
// https://external-secrets.io/latest/guides/templating/
func templated(t *testing.T, r *render.Release, name string, data map[string]string) map[string]string {
	t.Helper()
	secret := customCalled(t, r, "ExternalSecret", name)
	if engine := field[string](t, secret, "spec.target.template.engineVersion"); engine != "v2" {
		t.Errorf("the template is of engine %s", engine)
	}
	made := map[string]string{}
	for key, text := range field[map[string]any](t, secret, "spec.target.template.data") {
		parsed, err := template.New(key).Option("missingkey=error").Funcs(template.FuncMap{
			"replace": func(old, with, s string) string { return strings.ReplaceAll(s, old, with) },
		}).Parse(text.(string))
		if err != nil {
			t.Fatal(err)
		}
		var value bytes.Buffer
		if err := parsed.Execute(&value, data); err != nil {
			t.Fatal(err)
		}
		made[key] = value.String()
	}
	return made
}

// Every process is told its database by the variables of PostgreSQL's clients, too.
func TestAppDatabaseVariables(t *testing.T) {
	const user, password = "shop owner", `a+b c/d?e@f:g#h%i&"{{`
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		database, ok := values["database"].(map[string]any)
		if !ok {
			return // checkNoSecrets
		}
		for _, p := range pods(r) {
			if p.meta.Labels["app.kubernetes.io/name"] == "app-test" {
				continue
			}
			secret := r.Name + "-database"
			if isRelease(p) {
				secret = r.Name + "-release-database"
			}
			made := templated(t, r, secret, map[string]string{"username": user, "password": password})
			if made["username"] != user || made["password"] != password {
				t.Errorf("the files are %q and %q", made["username"], made["password"])
			}
			got := map[string]string{}
			for _, e := range p.spec.Containers[0].Env {
				got[e.Name] = e.Value
				if e.ValueFrom != nil {
					got[e.Name] = made[e.ValueFrom.SecretKeyRef.Key]
				}
			}
			ca := got["PGSSLROOTCERT"]
			checkAuthorities(t, r, p, ca)
			for name, want := range map[string]string{
				"PGHOST": fmt.Sprint(database["host"]), "PGPORT": fmt.Sprint(database["port"]), "PGDATABASE": fmt.Sprint(database["name"]),
				"PGUSER": user, "PGPASSWORD": password, "PGSSLMODE": "verify-full", "PGCHANNELBINDING": "",
			} {
				if got[name] != want {
					t.Errorf("%s: %s is %q, want %q", p.object, name, got[name], want)
				}
			}
			for name, host := range map[string]string{"DATABASE_URL": got["DATABASE_HOST"], "DATABASE_READER_URL": got["DATABASE_READER_HOST"]} {
				u, err := url.Parse(got[name])
				if err != nil {
					t.Fatalf("%s: %s: %v", p.object, name, err)
				}
				if decoded, _ := u.User.Password(); decoded != password || u.User.Username() != user || strings.Contains(got[name], "+") {
					t.Errorf("%s: %s has user and password %s", p.object, name, u.User)
				}
				want := fmt.Sprintf("postgresql %s:%v /%v sslmode=verify-full&sslrootcert=%s", host, database["port"], database["name"], ca)
				if parts := fmt.Sprint(u.Scheme, " ", u.Host, " ", u.Path, " ", u.RawQuery); parts != want {
					t.Errorf("%s: %s is of %s, want %s", p.object, name, parts, want)
				}
			}
		}
	})

	t.Run("several readers", func(t *testing.T) {
		made := templated(t, renderApp(t, sample(t, "http", `database: {readerHost: "a.example.com,b.example.com"}`)), "app-database", map[string]string{"username": "u", "password": "p"})
		if got, want := made["DATABASE_READER_URL"], "postgresql://u:p@a.example.com:5432,b.example.com:5432/app?sslmode=verify-full"; !strings.HasPrefix(got, want) {
			t.Errorf("the readers' URL is %s, want %s", got, want)
		}
	})

	// Nobody vouches for PostgreSQL in the cluster: it shows that it knows the password.
	t.Run("channel binding", func(t *testing.T) {
		r := renderApp(t, sample(t, "http", `database: {tls: channel-binding}`))
		c := web(t, r).Spec.Template.Spec.Containers[0]
		if env(c, "PGSSLMODE") != "require" || env(c, "PGCHANNELBINDING") != "require" || env(c, "PGSSLROOTCERT") != "" {
			t.Errorf("PGSSLMODE is %s, PGCHANNELBINDING %s, PGSSLROOTCERT %q", env(c, "PGSSLMODE"), env(c, "PGCHANNELBINDING"), env(c, "PGSSLROOTCERT"))
		}
		made := templated(t, r, "app-database", map[string]string{"username": "u", "password": "p"})
		if !strings.HasSuffix(made["DATABASE_URL"], "/app?sslmode=require&channel_binding=require") {
			t.Errorf("the URL is %s", made["DATABASE_URL"])
		}
		if maps := all[*corev1.ConfigMap](r); len(maps) != 0 {
			t.Errorf("there is a ConfigMap %s", maps[0].Name)
		}
	})
}

// checkAuthorities checks that a pod has the certificate authorities of its database's region, and no others.
func checkAuthorities(t *testing.T, r *render.Release, p pod, file string) {
	t.Helper()
	c := p.spec.Containers[0]
	i := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == filepath.Dir(file) })
	if i < 0 || !c.VolumeMounts[i].ReadOnly {
		t.Fatalf("%s: %s is not mounted, or not read-only: %v", p.object, file, c.VolumeMounts)
	}
	j := slices.IndexFunc(p.spec.Volumes, func(v corev1.Volume) bool { return v.Name == c.VolumeMounts[i].Name })
	content := named[*corev1.ConfigMap](t, r, p.spec.Volumes[j].ConfigMap.Name).Data[filepath.Base(file)]
	found := 0
	for block, rest := pem.Decode([]byte(content)); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(certificate.Subject.CommonName, "Amazon RDS eu-west-2 Root CA ") || !certificate.IsCA {
			t.Errorf("%s: %s has %s", p.object, file, certificate.Subject)
		}
		found++
	}
	if found == 0 {
		t.Errorf("%s: %s has no certificate: %s", p.object, file, content)
	}
}

// The chart's authorities of RDS are the sample's, which is updated first.
func TestAppAuthoritiesAreCurrent(t *testing.T) {
	const name = "rds-global-bundle.pem"
	theirs, err := os.ReadFile(filepath.Join("../../app", name))
	if os.IsNotExist(err) {
		t.Skip("there is no sample any more")
	}
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(filepath.Join(appChart, "files", name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(own, theirs) {
		t.Errorf("charts/app/files/%s differs from app/%s: copy it", name, name)
	}
}

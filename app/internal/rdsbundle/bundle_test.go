package rdsbundle_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"testing"
	"time"

	"plinth/app/internal/rdsbundle"
)

const file = "../../rds-global-bundle.pem"

func read(t *testing.T) (text []byte, certificates []*x509.Certificate) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if certificates, err = rdsbundle.Parse(text); err != nil {
		t.Fatal(err)
	}
	return text, certificates
}

// A bundle edited by hand, or with an expired certificate, differs from Format's output.
func TestBundleIsAsGenerated(t *testing.T) {
	text, certificates := read(t)
	if !bytes.Equal(text, rdsbundle.Format(certificates, time.Now())) {
		t.Errorf("%s: generate it anew, as its head says", file)
	}
	// The certificates that the service itself will read.
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	want := x509.NewCertPool()
	for _, c := range certificates {
		want.AddCert(c)
	}
	if !pool.Equal(want) {
		t.Error("crypto/x509 does not read all of it")
	}
}

func TestCertificates(t *testing.T) {
	_, certificates := read(t)
	names := map[string]bool{}
	for _, c := range certificates {
		names[c.Subject.CommonName] = true
		if !c.IsCA {
			t.Errorf("%s is no authority", c.Subject)
		}
		if now := time.Now(); now.Before(c.NotBefore) || now.After(c.NotAfter) {
			t.Errorf("%s is valid from %s until %s", c.Subject, c.NotBefore, c.NotAfter)
		}
	}
	for _, region := range []string{"eu-west-2", "us-east-1"} {
		for _, kind := range []string{"RSA2048", "RSA4096", "ECC384"} {
			if name := "Amazon RDS " + region + " Root CA " + kind + " G1"; !names[name] {
				t.Errorf("%s is missing", name)
			}
		}
	}
}

func TestParse(t *testing.T) {
	text, certificates := read(t)
	script := append([]byte("exports.defaults = [\n'"), bytes.ReplaceAll(text, []byte("\n"), []byte("\\n' +\n        '"))...)
	parsed, err := rdsbundle.Parse(script)
	if err != nil || len(parsed) != len(certificates) {
		t.Errorf("%d of %d found in JavaScript: %v", len(parsed), len(certificates), err)
	}
	if _, err := rdsbundle.Parse([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")); err == nil {
		t.Error("no error for what is no certificate")
	}
}

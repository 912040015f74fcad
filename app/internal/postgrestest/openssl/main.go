// Command openssl replaces the one in the database's image on a machine without it. It makes a
// self-signed certificate, and understands only that one call.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"
)

const days = 3650

// call is the call in charts/postgres/files/prepare.sh, without the two files.
var call = strings.Fields("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -nodes -days 3650 -subj /CN=postgres")

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "openssl, a stand-in for tests:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != len(call)+4 || !slices.Equal(args[:len(call)], call) || args[len(call)] != "-keyout" || args[len(call)+2] != "-out" {
		return fmt.Errorf("does not understand %q", args)
	}
	keyFile, certificateFile := args[len(call)+1], args[len(call)+3]
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "postgres"},
		NotBefore: time.Now(), NotAfter: time.Now().AddDate(0, 0, days),
		IsCA: true, BasicConstraintsValid: true, SignatureAlgorithm: x509.ECDSAWithSHA256,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
		os.WriteFile(certificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600),
	)
}

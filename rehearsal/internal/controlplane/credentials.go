package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// Files in the control plane's folder.
const (
	certificate    = "apiserver.crt"
	certificateKey = "apiserver.key"
	accountKey     = "service-accounts.key"
	tokens         = "tokens.csv"
)

// writeCredentials writes the API server's certificate, the key that signs service accounts'
// tokens, and the only user, an administrator.
func (c *ControlPlane) writeCredentials(server, context string) error {
	public, private, err := cert.GenerateSelfSignedCertKey("localhost", []net.IP{net.ParseIP(address)}, nil)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	accounts, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	token := rand.Text()
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(c.path(certificate), public, 0o600),
		os.WriteFile(c.path(certificateKey), private, 0o600),
		os.WriteFile(c.path(accountKey), accounts, 0o600),
		os.WriteFile(c.path(tokens), []byte(token+",rehearsal,rehearsal,system:masters\n"), 0o600),
		os.WriteFile(c.Kubeconfig(), fmt.Appendf(nil, kubeconfig, context, server, base64.StdEncoding.EncodeToString(public), token), 0o600),
	)
}

const kubeconfig = `apiVersion: v1
kind: Config
current-context: %[1]s
contexts:
  - name: %[1]s
    context: {cluster: rehearsal, user: rehearsal}
clusters:
  - name: rehearsal
    cluster: {server: %[2]s, certificate-authority-data: %[3]s}
users:
  - name: rehearsal
    user: {token: %[4]s}
`

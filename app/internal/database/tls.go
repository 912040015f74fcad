package database

import "fmt"

// TLS is how a server proves its identity over TLS. There is no value without TLS.
type TLS string

const (
	// VerifyFull requires a trusted certificate that is for the host.
	VerifyFull TLS = "verify-full"
	// ChannelBinding accepts any certificate. The server must prove that it knows this client's password
	// and is itself the end of this TLS connection.
	ChannelBinding TLS = "channel-binding"
)

// proof returns the connection parameters that make the server prove its identity.
func (c Config) proof() ([]string, error) {
	switch c.TLS {
	case VerifyFull:
		// SECURITY: verify-full checks the server's certificate and that it is for this host. Nothing
		// weakens it.
		return []string{"sslmode", "verify-full", "sslrootcert", c.CAFile}, nil
	case ChannelBinding:
		// SECURITY: for a server without a trusted certificate, since it makes its own at start. With
		// SCRAM-SHA-256-PLUS neither side sends the password. Each proves that it knows it, with messages that
		// include the hash of the server's certificate: a man in the middle has another certificate, and both
		// sides notice. A server is refused before it learns anything if it has no TLS, asks for no password,
		// or asks in any other way. An impostor gets a proof to test passwords against, but the password has
		// 40 random characters.
		// https://www.postgresql.org/docs/17/sasl-authentication.html#SASL-SCRAM-SHA-256
		return []string{"sslmode", "require", "channel_binding", "require", "require_auth", "scram-sha-256"}, nil
	}
	return nil, fmt.Errorf("TLS is %q: give %s or %s", c.TLS, VerifyFull, ChannelBinding)
}

package database

import "fmt"

// TLS is how a server proves, over TLS, that it is the right one. There is no value without TLS.
type TLS string

const (
	// VerifyFull takes a certificate that an authority vouches for, and that is for the host.
	VerifyFull TLS = "verify-full"
	// ChannelBinding takes any certificate, of a server that proves to know this client's password
	// and to be itself the end of this TLS connection.
	ChannelBinding TLS = "channel-binding"
)

// proof is that of the server, as keywords of a connection string.
func (c Config) proof() ([]string, error) {
	switch c.TLS {
	case VerifyFull:
		// SECURITY: verify-full checks the server's certificate and that it is for this host. Nothing
		// weakens it.
		return []string{"sslmode", "verify-full", "sslrootcert", c.CAFile}, nil
	case ChannelBinding:
		// SECURITY: for a server that nobody vouches for, since it makes its certificate as it starts.
		// With SCRAM-SHA-256-PLUS neither side says the password. Each proves that it knows it, in
		// messages that the hash of the server's certificate is part of: whoever stands between the
		// two has another certificate, and both notice. A server that asks for the password in any
		// other way, for none, or has no TLS is refused before it learns anything. What an impostor
		// gets is a proof to try passwords against; there are 40 random characters to try.
		// https://www.postgresql.org/docs/17/sasl-authentication.html#SASL-SCRAM-SHA-256
		return []string{"sslmode", "require", "channel_binding", "require", "require_auth", "scram-sha-256"}, nil
	}
	return nil, fmt.Errorf("TLS is %q: give %s or %s", c.TLS, VerifyFull, ChannelBinding)
}

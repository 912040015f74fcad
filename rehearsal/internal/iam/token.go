package iam

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Claims are the claims that AWS checks in an OpenID Connect provider's token.
type Claims struct {
	Issuer   string
	Subject  string
	Audience []string
	Expires  time.Time
	// Ref is the branch or tag, or empty if the token has no claim ref.
	Ref string
}

// ParseToken parses the claims of a JSON Web Token. The signature is NOT checked: in a rehearsal,
// anyone who can write a token can be anyone.
func ParseToken(token string) (*Claims, error) {
	wrong := &Error{"InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"}
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		return nil, wrong
	}
	content, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil, wrong
	}
	var raw struct {
		Iss, Sub, Ref string
		Aud           oneOrMore[string]
		Exp           float64
	}
	if err := json.Unmarshal(content, &raw); err != nil || raw.Iss == "" || raw.Sub == "" || len(raw.Aud) == 0 {
		return nil, wrong
	}
	if raw.Exp == 0 {
		return nil, &Error{"InvalidIdentityToken", "Missing a required claim: exp"}
	}
	return &Claims{Issuer: raw.Iss, Subject: raw.Sub, Audience: raw.Aud, Expires: time.Unix(int64(raw.Exp), 0), Ref: raw.Ref}, nil
}

// Provider is the issuer without its scheme, as IAM names it.
func (c *Claims) Provider() string { return strings.TrimPrefix(c.Issuer, "https://") }

// Current returns an error for an expired token.
func (c *Claims) Current(now time.Time) error {
	if now.Before(c.Expires) {
		return nil
	}
	return &Error{"ExpiredTokenException", fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), c.Expires.Unix())}
}

// NewToken returns an unsigned token for a rehearsal.
func NewToken(c Claims) string {
	encode := func(value any) string {
		content, _ := json.Marshal(value) // strings and numbers always marshal
		return base64.RawURLEncoding.EncodeToString(content)
	}
	return encode(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." +
		encode(map[string]any{"iss": c.Issuer, "sub": c.Subject, "aud": c.Audience, "ref": c.Ref, "exp": c.Expires.Unix(), "iat": c.Expires.Add(-time.Hour).Unix()}) +
		"." + base64.RawURLEncoding.EncodeToString([]byte("not signed"))
}

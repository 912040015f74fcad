package cloud

import (
	"crypto/rand"
	"encoding/json"
	"math/big"
	"strings"
)

// RandomPassword returns a password as Secrets Manager does: letters and digits, and punctuation
// unless plain.
func RandomPassword(length int, plain bool) string {
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if !plain {
		alphabet += "!#$%&()*+,-.:;<=>?[]^_{|}~"
	}
	var password strings.Builder
	for range length {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet)))) // never fails
		password.WriteByte(alphabet[n.Int64()])
	}
	return password.String()
}

// ReadSecret returns the current value of a secret.
func (w *World) ReadSecret(id string) (Attributes, error) {
	secret, ok := w.Secrets[id]
	if !ok {
		return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret value: %s", id)
	}
	return Attributes{
		"arn": id, "version_id": secret.Version, "secret_string": secret.Value, "version_stages": []any{"AWSCURRENT"},
	}, nil
}

// Passwords returns all passwords, which must be nowhere but in the cloud.
func (w *World) Passwords() []string {
	var all []string
	for _, secret := range w.Secrets {
		var credentials struct{ Password string }
		if json.Unmarshal([]byte(secret.Value), &credentials) == nil && credentials.Password != "" {
			all = append(all, credentials.Password)
		} else {
			all = append(all, secret.Value)
		}
	}
	return all
}

// Written returns the forms in which a password could appear: plain and in JSON.
func Written(password string) []string {
	quoted, _ := json.Marshal(password) // strings always marshal
	inJSON := strings.Trim(string(quoted), `"`)
	return []string{password, inJSON, strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(inJSON)}
}

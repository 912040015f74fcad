// Package childids makes the ids of constructs that are named after what users write, such as a
// principal's ARN. Two different texts can make the same id, which jsii refuses with a panic.
package childids

import (
	"crypto/sha256"
	"encoding/hex"
)

// Taken are the ids that a scope's children have so far.
type Taken map[string]bool

// Take returns id, or with a digest of the whole text if another child has the id already. The first
// keeps the plain id: a resource that is deployed is not replaced because another is added after it.
func (t Taken) Take(id, text string) string {
	if t[id] {
		digest := sha256.Sum256([]byte(text))
		id += "-" + hex.EncodeToString(digest[:4])
	}
	t[id] = true
	return id
}

package state

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"net/http"
	"regexp"
	"sync"
	"time"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
)

// AdministratorKey is the access key of the account's administrator.
const AdministratorKey = "rehearsal"

// key is a temporary access key from STS.
type key struct {
	id, secret, token string
	expires           time.Time
	session           *iam.Session
}

// issued are the temporary access keys by id.
type issued struct {
	mutex sync.Mutex
	keys  map[string]key
}

func (i *issued) give(session *iam.Session, expires time.Time) key {
	random := func(n int) []byte {
		raw := make([]byte, n)
		_, _ = rand.Read(raw) // never fails
		return raw
	}
	k := key{
		id: "ASIA" + base32.StdEncoding.EncodeToString(random(10)), secret: base64.StdEncoding.EncodeToString(random(30)),
		token: base64.StdEncoding.EncodeToString(random(120)), expires: expires, session: session,
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.keys == nil {
		i.keys = map[string]key{}
	}
	i.keys[k.id] = k
	return k
}

func (i *issued) find(id string) (key, bool) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	k, ok := i.keys[id]
	return k, ok
}

// credential matches a signed request's access key and region.
var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/[0-9]{8}/([^/]+)/[^/]+/aws4_request,`)

// caller is the sender of a request.
type caller struct {
	session *iam.Session // nil for the administrator
	region  string       // of the request's signature
}

// caller identifies the sender of a request by its access key. The signature itself is NOT checked:
// a rehearsal's keys protect nothing.
func (s *Server) caller(r *http.Request, world *cloud.World) (caller, error) {
	signed := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if signed == nil {
		return caller{}, &iam.Error{Code: "AccessDenied", Message: "Access Denied: the request is not signed by version 4"}
	}
	c := caller{region: signed[2]}
	if signed[1] == AdministratorKey {
		return c, nil
	}
	k, ok := s.issued.find(signed[1])
	if !ok {
		return caller{}, &iam.Error{Code: "InvalidAccessKeyId", Message: "The AWS Access Key Id you provided does not exist in our records."}
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Amz-Security-Token")), []byte(k.token)) == 0 {
		return caller{}, &iam.Error{Code: "InvalidToken", Message: "The provided token is malformed or otherwise invalid."}
	}
	if !time.Now().Before(k.expires) {
		return caller{}, &iam.Error{Code: "ExpiredToken", Message: "The provided token has expired."}
	}
	var err error
	c.session, err = world.Renew(k.session)
	return c, err
}

// principal is the caller's principal in policies.
func (c caller) principal(world *cloud.World) iam.Principal {
	if c.session == nil {
		return iam.Principal{Kind: "AWS", Name: world.AdministratorARN()}
	}
	return iam.Principal{Kind: "AWS", Name: c.session.RoleARN, Session: c.session.ARN}
}

// complete returns a request with what AWS knows of its caller.
func (c caller) complete(world *cloud.World, request iam.Request) iam.Request {
	complete := c.session.Complete(request)
	complete.Context["aws:PrincipalArn"], complete.Context["aws:PrincipalAccount"] = []string{c.principal(world).Name}, []string{world.Account}
	return complete
}

// arn is the caller's ARN in STS.
func (c caller) arn(world *cloud.World) string {
	if c.session == nil {
		return "arn:aws:sts::" + world.Account + ":assumed-role/rehearsal/plinth"
	}
	return c.session.ARN
}

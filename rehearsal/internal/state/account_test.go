package state

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
)

const (
	issuer  = "https://gitlab.example.com"
	subject = "project_path:group/project:ref_type:branch:ref:main"
	role    = "arn:aws:iam::111111111111:role/deploy"
	alias   = "arn:aws:kms:eu-west-2:111111111111:alias/states"
)

// account is a server of an account with a bucket, a key with an alias, and a role.
type account struct {
	*Server
	t     *testing.T
	cloud *cloud.Cloud
}

// statement is a statement of a policy.
func statement(effect string, condition map[string]any, resource string, actions ...string) map[string]any {
	s := map[string]any{"Effect": effect, "Action": actions, "Resource": resource}
	if condition != nil {
		s["Condition"] = condition
	}
	return s
}

func policy(t *testing.T, statements ...map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	assert.NilError(t, err)
	return string(text)
}

func newAccount(t *testing.T, statements ...map[string]any) account {
	t.Helper()
	c := cloud.Open(t.TempDir())
	assert.NilError(t, c.Create("111111111111", "eu-west-2"))
	s, err := Start(c)
	assert.NilError(t, err)
	t.Cleanup(func() { assert.Check(t, s.Stop()) })
	s.Use("states")
	a := account{s, t, c}
	assert.NilError(t, c.Update(func(w *cloud.World) error { return w.GiveBucket("states", alias) }))
	provider := cloud.Attributes{"url": issuer, "client_id_list": []any{"sts.amazonaws.com"}}
	a.make("aws_iam_openid_connect_provider", provider)
	trust := map[string]any{
		"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": map[string]any{"Federated": provider["arn"]},
		"Condition": map[string]any{"StringEquals": map[string]any{"gitlab.example.com:sub": subject, "gitlab.example.com:aud": "sts.amazonaws.com"}},
	}
	a.make("aws_iam_role", cloud.Attributes{"name": "deploy", "assume_role_policy": policy(t, trust)})
	if len(statements) > 0 {
		a.make("aws_iam_role_policy", cloud.Attributes{"role": "deploy", "name": "p", "policy": policy(t, statements...)})
	}
	return a
}

func (a account) make(kind string, attributes cloud.Attributes) {
	a.t.Helper()
	assert.NilError(a.t, a.cloud.Update(func(w *cloud.World) error { return w.Create(kind, "", attributes) }))
}

// encrypted makes the bucket encrypt with its key.
func (a account) encrypted() {
	a.t.Helper()
	a.make(encryptionConfiguration, cloud.Attributes{"bucket": "states", "rule": []any{cloud.Attributes{
		"bucket_key_enabled": true, "apply_server_side_encryption_by_default": []any{cloud.Attributes{"sse_algorithm": "aws:kms", "kms_master_key_id": alias}},
	}}})
}

const encryptionConfiguration = "aws_s3_bucket_server_side_encryption_configuration"

// keys are the credentials that sign a request.
type keys struct{ id, token string }

var administrator = keys{id: AdministratorKey}

// send sends a request and returns the status and the answer.
func (a account) send(k keys, method, path string, form url.Values, header ...string) (int, string) {
	a.t.Helper()
	var body io.Reader = strings.NewReader(form.Encode())
	if method == http.MethodPut {
		body = strings.NewReader("content")
	}
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.Endpoint()+path, body)
	assert.NilError(a.t, err)
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if k.id != "" {
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+k.id+"/20261125/eu-west-2/s3/aws4_request, SignedHeaders=host, Signature=0")
	}
	if k.token != "" {
		request.Header.Set("X-Amz-Security-Token", k.token)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	assert.NilError(a.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	assert.NilError(a.t, err)
	return response.StatusCode, string(answer)
}

// asked sends a request to STS.
func (a account) asked(k keys, form ...string) (int, string) {
	a.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return a.send(k, http.MethodPost, "/", values)
}

func (a account) token() string {
	return iam.NewToken(iam.Claims{Issuer: issuer, Subject: subject, Audience: []string{"sts.amazonaws.com"}, Expires: time.Now().Add(time.Hour)})
}

// assume assumes the role, as a pipeline's job does first.
func (a account) assume() keys {
	a.t.Helper()
	status, answer := a.asked(keys{}, "Action", "AssumeRoleWithWebIdentity", "RoleArn", role, "RoleSessionName", "job", "WebIdentityToken", a.token())
	assert.Equal(a.t, status, http.StatusOK, answer)
	var response webIdentityResponse
	assert.NilError(a.t, xml.Unmarshal([]byte(answer), &response))
	assert.Assert(a.t, strings.HasPrefix(response.Result.KeyID, "ASIA"))
	assert.Assert(a.t, response.Result.Secret != "")
	return keys{response.Result.KeyID, response.Result.Token}
}

func TestCallerIdentity(t *testing.T) {
	a := newAccount(t)
	k := a.assume()
	for name, test := range map[string]struct {
		keys   keys
		status int
		want   string
	}{
		"administrator": {administrator, 200, "<Arn>arn:aws:sts::111111111111:assumed-role/rehearsal/plinth</Arn>"},
		"a role":        {k, 200, "<Arn>arn:aws:sts::111111111111:assumed-role/deploy/job</Arn>"},
		"no token":      {keys{id: k.id}, 400, "<Code>InvalidToken</Code>"},
		"unknown":       {keys{id: "AKIA"}, 403, "<Code>InvalidAccessKeyId</Code>"},
		"unsigned":      {keys{}, 403, "<Code>AccessDenied</Code>"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := a.asked(test.keys, "Action", "GetCallerIdentity")
			assert.Equal(t, status, test.status, answer)
			assert.Assert(t, strings.Contains(answer, test.want), answer)
		})
	}
	status, answer := a.asked(administrator, "Action", "AssumeRole")
	assert.Assert(t, status == 400 && strings.Contains(answer, "InvalidAction"), answer)
}

func TestAssumeRole(t *testing.T) {
	a := newAccount(t)
	for name, test := range map[string]struct {
		form []string
		want string
	}{
		"another role":  {[]string{"RoleArn", role + "-2"}, "<Code>AccessDenied</Code>"},
		"no token":      {[]string{"WebIdentityToken", ""}, "<Code>InvalidIdentityToken</Code>"},
		"longer":        {[]string{"DurationSeconds", "3601"}, "exceeds the MaxSessionDuration"},
		"too short":     {[]string{"DurationSeconds", "60"}, "<Code>ValidationError</Code>"},
		"as it must be": {[]string{"DurationSeconds", "900"}, "<AccessKeyId>ASIA"},
	} {
		t.Run(name, func(t *testing.T) {
			_, answer := a.asked(keys{}, append([]string{
				"Action", "AssumeRoleWithWebIdentity", "RoleArn", role, "RoleSessionName", "job", "WebIdentityToken", a.token(),
			}, test.form...)...)
			assert.Assert(t, strings.Contains(answer, test.want), answer)
		})
	}
	k := a.issued.give(&iam.Session{RoleARN: role, ARN: "arn:aws:sts::111111111111:assumed-role/deploy/job"}, time.Now())
	_, answer := a.asked(keys{k.id, k.token}, "Action", "GetCallerIdentity")
	assert.Assert(t, strings.Contains(answer, "<Code>ExpiredToken</Code>"), answer)
}

// TestAccess checks what a role's and a bucket's policies allow.
func TestAccess(t *testing.T) {
	const object, bucket = "arn:aws:s3:::states/dev/*", "arn:aws:s3:::states"
	listed := map[string]any{"StringLike": map[string]any{"s3:prefix": []string{"dev/*", "env:/"}}}
	through := map[string]any{"StringEquals": map[string]any{"kms:ViaService": "s3.eu-west-2.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": bucket}}
	kms := statement("Allow", through, "*", "kms:Decrypt", "kms:GenerateDataKey")
	objects := statement("Allow", nil, object, "s3:GetObject", "s3:PutObject")
	list := statement("Allow", listed, bucket, "s3:ListBucket")
	for name, test := range map[string]struct {
		statements   []map[string]any
		method, path string
		header       []string
		status       int
		want         string
	}{
		"written":             {[]map[string]any{objects, kms}, "PUT", "/states/dev/new", nil, 200, ""},
		"read":                {[]map[string]any{objects, kms}, "GET", "/states/dev/old", nil, 200, "content"},
		"another's":           {[]map[string]any{objects, kms}, "GET", "/states/prod/old", nil, 403, "is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::states/prod/old"},
		"deleted":             {[]map[string]any{objects, kms}, "DELETE", "/states/dev/old", nil, 403, "s3:DeleteObject"},
		"written, no key":     {[]map[string]any{objects}, "PUT", "/states/dev/new", nil, 403, "kms:GenerateDataKey"},
		"written, no decrypt": {[]map[string]any{objects, statement("Allow", through, "*", "kms:GenerateDataKey")}, "PUT", "/states/dev/new", nil, 403, "kms:Decrypt"},
		"read, no key":        {[]map[string]any{objects}, "GET", "/states/dev/old", nil, 403, "kms:Decrypt"},
		"another key":         {[]map[string]any{objects, kms}, "PUT", "/states/dev/new", []string{sseKey + ": alias/none"}, 400, "KMS.NotFoundException"},
		"missing, listed":     {[]map[string]any{objects, list}, "GET", "/states/dev/none", nil, 404, "NoSuchKey"},
		"missing, unlisted":   {[]map[string]any{objects}, "GET", "/states/dev/none", nil, 403, "s3:ListBucket"},
		"list":                {[]map[string]any{list}, "GET", "/states?list-type=2&prefix=dev/x", nil, 200, "<Name>states</Name>"},
		"list of all":         {[]map[string]any{list}, "GET", "/states?list-type=2", nil, 403, "s3:ListBucket"},
		"location":            {[]map[string]any{list}, "GET", "/states?location", nil, 403, "s3:GetBucketLocation"},
		"no bucket":           {[]map[string]any{objects}, "GET", "/others/dev/old", nil, 404, "NoSuchBucket"},
		"something else":      {[]map[string]any{statement("Allow", nil, "*", "s3:*")}, "GET", "/states?acl", nil, 501, "NotImplemented"},
		"explicitly denied":   {[]map[string]any{objects, kms, statement("Deny", nil, "*", "s3:GetObject")}, "GET", "/states/dev/old", nil, 403, "explicit deny in an identity-based policy"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t, test.statements...)
			a.encrypted()
			for _, key := range []string{"dev/old", "prod/old"} {
				status, answer := a.send(administrator, "PUT", "/states/"+key, nil)
				assert.Equal(t, status, 200, answer)
			}
			status, answer := a.send(a.assume(), test.method, test.path, nil, test.header...)
			assert.Equal(t, status, test.status, answer)
			assert.Assert(t, strings.Contains(answer, test.want), answer)
		})
	}
}

// TestBucketPolicy: a deny applies to the administrator too. An allow needs no policy of the role.
func TestBucketPolicy(t *testing.T) {
	a := newAccount(t)
	with := func(effect string, principal any, condition map[string]any, action string) map[string]any {
		s := statement(effect, condition, "arn:aws:s3:::states/*", action)
		s["Principal"] = principal
		return s
	}
	a.make("aws_s3_bucket_policy", cloud.Attributes{"bucket": "states", "policy": policy(t,
		with("Deny", "*", map[string]any{"StringNotEquals": map[string]any{"s3:x-amz-server-side-encryption": "aws:kms"}}, "s3:PutObject"),
		with("Deny", "*", map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}, "s3:*"),
		with("Allow", map[string]any{"AWS": role}, nil, "s3:GetObject"),
		with("Allow", map[string]any{"AWS": "arn:aws:iam::111111111111:root"}, nil, "s3:DeleteObject"),
	)})
	status, answer := a.send(administrator, "PUT", "/states/a", nil)
	assert.Assert(t, status == 403 && strings.Contains(answer, "explicit deny in a resource-based policy"), answer)
	status, answer = a.send(administrator, "PUT", "/states/a", nil, "x-amz-server-side-encryption: aws:kms")
	assert.Equal(t, status, 200, answer)
	k := a.assume()
	status, answer = a.send(k, "GET", "/states/a", nil)
	assert.Equal(t, status, 200, answer)
	status, answer = a.send(k, "DELETE", "/states/a", nil)
	assert.Equal(t, status, 403, answer)
}

// TestKey: without its key, an encrypted object cannot be read.
func TestKey(t *testing.T) {
	a := newAccount(t)
	a.encrypted()
	status, answer := a.send(administrator, "PUT", "/states/a", nil)
	assert.Equal(t, status, 200, answer)
	assert.NilError(t, a.cloud.Update(func(w *cloud.World) error {
		for id, key := range w.Things["aws_kms_key"] {
			w.Remove("aws_kms_alias", "alias/states")
			w.Pending = map[string]map[string]*cloud.Thing{"aws_kms_key": {id: key}}
			w.Remove("aws_kms_key", id)
		}
		return nil
	}))
	status, answer = a.send(administrator, "GET", "/states/a", nil)
	assert.Assert(t, status == 400 && strings.Contains(answer, "is pending deletion"), answer)
}

// TestKeyPolicy: both the key's policy and the role's policies count.
func TestKeyPolicy(t *testing.T) {
	a := newAccount(t, statement("Allow", nil, "*", "s3:*", "kms:*"))
	a.encrypted()
	set := func(principal string) {
		assert.NilError(t, a.cloud.Update(func(w *cloud.World) error {
			for _, key := range w.Things["aws_kms_key"] {
				s := statement("Allow", nil, "*", "kms:*")
				s["Principal"] = map[string]any{"AWS": principal}
				key.Attributes["policy"] = policy(t, s)
			}
			return nil
		}))
	}
	k := a.assume()
	set("arn:aws:iam::111111111111:root")
	status, answer := a.send(k, "PUT", "/states/a", nil)
	assert.Equal(t, status, 200, answer)
	set("arn:aws:iam::111111111111:role/other")
	status, answer = a.send(k, "PUT", "/states/a", nil)
	assert.Assert(t, status == 403 && strings.Contains(answer, "no resource-based policy allows the kms:GenerateDataKey action"), answer)
}

// TestNotEmpty: the cloud knows that the bucket has objects, and refuses to delete it.
func TestNotEmpty(t *testing.T) {
	a := newAccount(t)
	remove := func() error {
		return a.cloud.Update(func(w *cloud.World) error {
			return w.Delete("aws_s3_bucket", "", cloud.Attributes{"id": "states"})
		})
	}
	status, answer := a.send(administrator, "PUT", "/states/a", nil)
	assert.Equal(t, status, 200, answer)
	status, _ = a.send(administrator, "DELETE", "/states/a", nil)
	assert.Equal(t, status, 204)
	assert.ErrorContains(t, remove(), "BucketNotEmpty") // versions remain
	versions, err := a.Versions("a")
	assert.NilError(t, err)
	assert.Equal(t, len(versions), 1)
}

// TestTerraformRole: Terraform stores a state under a role, with a configuration that is only for
// AWS. Another role cannot.
func TestTerraformRole(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("there is no Terraform")
	}
	const configuration = `terraform {
  backend "s3" {
    bucket = "states"
    key    = "dev/x.tfstate"
    region = "eu-west-2"
    encrypt = true
    kms_key_id = "` + alias + `"
    allowed_account_ids = ["111111111111"]
    use_lockfile = true
  }
}
`
	a := newAccount(t,
		statement("Allow", nil, "arn:aws:s3:::states", "s3:ListBucket"),
		statement("Allow", nil, "arn:aws:s3:::states/dev/*", "s3:GetObject", "s3:PutObject"),
		statement("Allow", nil, "arn:aws:s3:::states/dev/x.tfstate.tflock", "s3:DeleteObject"),
		statement("Allow", nil, "*", "kms:Decrypt", "kms:GenerateDataKey"))
	token := filepath.Join(t.TempDir(), "token")
	assert.NilError(t, os.WriteFile(token, []byte(a.token()), 0o600))
	p := project{t: t, folder: t.TempDir(), env: []string{
		"AWS_ENDPOINT_URL=" + a.Endpoint(), "AWS_ENDPOINT_URL_STS=" + a.Endpoint(), "AWS_ROLE_ARN=" + role, "AWS_WEB_IDENTITY_TOKEN_FILE=" + token,
	}}
	p.write("a", "")
	p.configure(configuration)
	p.succeeds("init", "-input=false")
	p.apply()
	keys, err := a.Keys()
	assert.NilError(t, err)
	assert.DeepEqual(t, keys, []string{"dev/x.tfstate"})

	p.configure(strings.Replace(configuration, "dev/x", "prod/x", 1))
	refused := p.fails("init", "-input=false", "-reconfigure")
	assert.Assert(t, strings.Contains(refused, "StatusCode: 403"), refused)
	p.env[2] += "-2"
	refused = p.fails("plan", "-input=false")
	assert.Assert(t, strings.Contains(refused, "Not authorized to perform sts:AssumeRoleWithWebIdentity"), refused)
	assert.NilError(t, a.cloud.Create("222222222222", "eu-west-2"))
	p.env = append(p.env[:2], fmt.Sprintf("AWS_ACCESS_KEY_ID=%s", AdministratorKey), "AWS_SECRET_ACCESS_KEY=x")
	refused = p.fails("init", "-input=false", "-reconfigure")
	assert.Assert(t, strings.Contains(refused, "AWS account ID not allowed: 222222222222"), refused)
}

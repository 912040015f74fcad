package state

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
)

// s3Error is an error of S3 in XML.
type s3Error struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Resource  string
	RequestID string `xml:"RequestId"`
}

// ServeHTTP serves S3 with the account's rules, and STS. Only requests to STS post to no bucket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.cloud == nil:
		s.objects.ServeHTTP(w, r)
	case r.Method == http.MethodPost && strings.Trim(r.URL.Path, "/") == "":
		s.sts(w, r)
	default:
		s.s3(w, r)
	}
}

func (s *Server) s3(w http.ResponseWriter, r *http.Request) {
	o, err := operationOf(r)
	if err == nil {
		err = s.permit(o, r)
	}
	if err != nil {
		refusal := asError(err)
		if refusal.Code != "NoSuchKey" && refusal.Code != "NoSuchBucket" {
			_ = s.cloud.Refused("S3: " + refusal.Error()) // the caller gets it too
		}
		writeXML(w, status(refusal), s3Error{Code: refusal.Code, Message: refusal.Message, Resource: r.URL.Path, RequestID: requestID})
		return
	}
	s.objects.ServeHTTP(w, r)
	if err := s.mark(o); err != nil {
		_ = s.cloud.Refused("S3: " + err.Error()) // the answer is already sent
	}
}

// operation is what a request does, in IAM's terms.
type operation struct {
	action, bucket, key string
	context             map[string][]string
	// reads and writes say whether it uses an object's content, and so its key.
	reads, writes bool
}

func (o operation) resource() string {
	arn := "arn:aws:s3:::" + o.bucket
	if o.key != "" {
		arn += "/" + o.key
	}
	return arn
}

// known are the query arguments that the server supports. It refuses others, which it would get wrong.
var known = []string{
	"x-id", "list-type", "prefix", "delimiter", "max-keys", "start-after", "continuation-token", "marker", "encoding-type",
	"fetch-owner", "key-marker", "version-id-marker", "versions", "versioning", "location", "versionId", "uploads", "uploadId", "partNumber",
}

// operationOf derives the operation of a request.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func operationOf(r *http.Request) (operation, error) {
	o := operation{context: map[string][]string{}}
	o.bucket, o.key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	for argument := range query {
		if !slices.Contains(known, argument) {
			return o, notImplemented(r)
		}
	}
	switch {
	case o.bucket == "" || r.Header.Get("X-Amz-Copy-Source") != "":
	case o.key == "":
		o.onBucket(r.Method, query)
	default:
		o.onObject(r, query)
	}
	if o.action == "" {
		return o, notImplemented(r)
	}
	return o, nil
}

func notImplemented(r *http.Request) error {
	return &iam.Error{Code: "NotImplemented", Message: "a rehearsal's S3 does not know " + r.Method + " " + r.URL.RequestURI()}
}

func (o *operation) onBucket(method string, query url.Values) {
	switch {
	case method == http.MethodHead:
		o.action = "s3:ListBucket"
	case method != http.MethodGet:
	case query.Has("location"):
		o.action = "s3:GetBucketLocation"
	case query.Has("versioning"):
		o.action = "s3:GetBucketVersioning"
	case query.Has("versions"):
		o.action = "s3:ListBucketVersions"
	default:
		o.action = "s3:ListBucket"
	}
	for _, argument := range []string{"prefix", "delimiter", "max-keys"} {
		if query.Has(argument) {
			o.context["s3:"+argument] = query[argument]
		}
	}
}

func (o *operation) onObject(r *http.Request, query url.Values) {
	version := ""
	if query.Has("versionId") {
		version = "Version"
		o.context["s3:VersionId"] = query["versionId"]
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		o.action, o.reads = "s3:GetObject"+version, true
	case http.MethodPut, http.MethodPost:
		o.action, o.writes = "s3:PutObject", true
	case http.MethodDelete:
		o.action = "s3:DeleteObject" + version
		if query.Has("uploadId") {
			o.action = "s3:AbortMultipartUpload"
		}
	}
	for _, header := range []string{"x-amz-server-side-encryption", sseKey} {
		if value := r.Header.Get(header); value != "" {
			o.context["s3:"+header] = []string{value}
		}
	}
}

// sseKey is the header with the encryption key of an object.
const sseKey = "x-amz-server-side-encryption-aws-kms-key-id"

// permit refuses what S3 refuses: a missing bucket or object, and what the caller may not do.
func (s *Server) permit(o operation, r *http.Request) error {
	world, err := s.cloud.Glance()
	if err != nil {
		return err
	}
	c, err := s.caller(r, world)
	if err != nil {
		return err
	}
	bucket := world.Bucket(o.bucket)
	if bucket == nil {
		return &iam.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
	}
	if err := s.keep(o.bucket, bucket.Versioning); err != nil {
		return err
	}
	if err := s.allowed(c, world, bucket, o); err != nil {
		return err
	}
	if o.reads && o.action == "s3:GetObject" {
		if _, err := s.content.HeadObject(o.bucket, o.key); gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
			return s.mayKnow(c, world, bucket, o)
		}
	}
	if o.reads || o.writes {
		return s.useKey(c, world, bucket, o)
	}
	return nil
}

// allowed evaluates the caller's policies and the bucket's. An explicit deny in the bucket's policy
// also applies to the administrator.
//
// The rehearsal's server has no TLS. Requests count as if they had it.
func (s *Server) allowed(c caller, world *cloud.World, bucket *cloud.Bucket, o operation) error {
	context := map[string][]string{
		"aws:RequestedRegion": {c.region}, "aws:ResourceAccount": {world.Account}, "s3:ResourceAccount": {world.Account},
		"s3:TlsVersion": {"1.3"}, "s3:authType": {"REST-HEADER"}, "s3:signatureversion": {"AWS4-HMAC-SHA256"},
		"aws:ViaAWSService": {"false"}, "aws:PrincipalIsAWSService": {"false"},
	}
	maps.Copy(context, o.context)
	request := iam.Request{Action: o.action, Resource: o.resource(), Context: context}
	return s.ask(c, world, o, request, bucket.Policy, false)
}

// authorize evaluates the policies of the caller's role and records the request.
func (s *Server) authorize(c caller, o operation, request iam.Request) error {
	kind := "read"
	if o.writes {
		kind = "write"
	}
	return s.cloud.Authorize(cloud.Caller{Session: c.session}, "s3", strings.TrimSuffix(o.bucket+"/"+o.key, "/"), kind, []iam.Request{request})
}

// ask evaluates the policy of a resource, if it has one, and then those of the caller's role. needed says
// that the first must let the others decide, as a key's must.
func (s *Server) ask(c caller, world *cloud.World, o operation, request iam.Request, policy string, needed bool) error {
	if policy == "" {
		return s.authorize(c, o, request)
	}
	document, err := iam.Parse(policy)
	if err != nil {
		return err
	}
	decision, final := iam.ByResource(c.complete(world, request), c.principal(world), c.session, document, needed)
	switch {
	case !final:
		return s.authorize(c, o, request)
	case !decision.Allowed:
		return &iam.Error{Code: "AccessDenied", Message: "User: " + c.arn(world) + " is not authorized to perform: " +
			request.Action + " on resource: " + request.Resource + " " + decision.Reason}
	}
	return nil
}

// mayKnow returns that an object is missing only to callers who may list the bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax
func (s *Server) mayKnow(c caller, world *cloud.World, bucket *cloud.Bucket, o operation) error {
	list := operation{action: "s3:ListBucket", bucket: o.bucket, context: map[string][]string{"s3:prefix": {o.key}}}
	if err := s.allowed(c, world, bucket, list); err != nil {
		return err
	}
	return &iam.Error{Code: "NoSuchKey", Message: "The specified key does not exist."}
}

// useKey authorizes S3's use of an object's key on the caller's behalf.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
func (s *Server) useKey(c caller, world *cloud.World, bucket *cloud.Bucket, o operation) error {
	object := o.bucket + "/" + o.key
	reference, actions := bucket.Key, []string{"kms:Decrypt"}
	if o.writes {
		if asked := o.context["s3:"+sseKey]; len(asked) > 0 {
			reference = asked[0]
		}
		// A multipart upload, as of a state of more than 5 MB, also decrypts its parts.
		actions = []string{"kms:GenerateDataKey", "kms:Decrypt"}
	} else {
		reference = ""
		if used, ok := s.encryption.Load(object); ok {
			reference, _ = used.(string)
		}
	}
	if reference == "" {
		s.encryption.Delete(object)
		return nil
	}
	key, err := world.EncryptionKey(reference)
	if err != nil {
		return err
	}
	context := map[string][]string{
		"kms:ViaService": {"s3." + c.region + ".amazonaws.com"}, "kms:CallerAccount": {world.Account},
		"kms:EncryptionContextKeys": {"aws:s3:arn"}, "kms:EncryptionContext:aws:s3:arn": {o.resource()},
		"kms:ResourceAliases": key.Aliases, "aws:RequestedRegion": {c.region}, "aws:ResourceAccount": {world.Account},
		"aws:ViaAWSService": {"true"},
	}
	if bucket.BucketKey {
		context["kms:EncryptionContext:aws:s3:arn"] = []string{bucket.ARN}
	}
	for name, value := range key.Tags {
		context["aws:ResourceTag/"+name] = []string{value}
	}
	for _, action := range actions {
		// A key's own policy must let the caller use it, or let the account's policies decide.
		// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
		if err := s.ask(c, world, o, iam.Request{Action: action, Resource: key.ARN, Context: context}, key.Policy, true); err != nil {
			return err
		}
	}
	if o.writes {
		s.encryption.Store(object, key.ARN)
	}
	return nil
}

// mark notes in the cloud whether the bucket has objects.
func (s *Server) mark(o operation) error {
	if !o.writes && !strings.HasPrefix(o.action, "s3:DeleteObject") {
		return nil
	}
	list, err := s.content.ListBucketVersions(o.bucket, nil, &gofakes3.ListBucketVersionsPage{MaxKeys: 1})
	if err != nil {
		return err
	}
	filled := len(list.Versions) > 0
	world, err := s.cloud.Glance()
	if err != nil {
		return err
	}
	if bucket := world.Bucket(o.bucket); bucket == nil || bucket.Marked == filled {
		return nil
	}
	return s.cloud.Update(func(w *cloud.World) error { w.MarkBucket(o.bucket, filled); return nil })
}

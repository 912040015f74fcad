package cloud

import (
	"regexp"
	"slices"
	"strings"
)

func init() {
	bucketPart := func(replaced ...string) kind {
		return kind{
			id:       func(_ *World, a Attributes) string { return text(a, "bucket") },
			replaced: append([]string{"bucket"}, replaced...),
			refers:   map[string]string{"bucket": "aws_s3_bucket.bucket"},
		}
	}
	versioning := bucketPart("expected_bucket_owner")
	versioning.fill = func(_ *World, _ string, a Attributes) {
		setDefaults(block(a, "versioning_configuration"), Attributes{"mfa_delete": ""})
	}
	versioning.check = func(_ *World, a, before Attributes) error {
		const status = "versioning_configuration.status"
		if before != nil && text(before, status) != "Disabled" && text(a, status) == "Disabled" {
			return refuse("IllegalVersioningConfigurationException", "versioning of bucket %s can be suspended, and not be disabled again", text(a, "bucket"))
		}
		return nil
	}
	policy := bucketPart()
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
	policy.check = func(_ *World, a, _ Attributes) error { return checkPolicy(text(a, "policy"), 20480) }
	logging := bucketPart("expected_bucket_owner")
	lifecycle := bucketPart("expected_bucket_owner")
	lifecycle.fill = func(_ *World, _ string, a Attributes) {
		setDefaults(a, Attributes{"transition_default_minimum_object_size": "all_storage_classes_128K", "expected_bucket_owner": ""})
	}
	lifecycle.check = checkLifecycle
	register(map[string]kind{
		"aws_s3_bucket": {
			id:     func(_ *World, a Attributes) string { return orElse(text(a, "bucket"), "terraform-"+randomHex(26)) },
			unique: []string{"bucket"}, conflict: "BucketAlreadyOwnedByYou",
			replaced: []string{"bucket", "bucket_prefix", "object_lock_enabled"},
			check: func(_ *World, a, before Attributes) error {
				if name := text(a, "bucket"); before == nil && name != "" && !bucketName.MatchString(name) {
					return refuse("InvalidBucketName", "The specified bucket is not valid: %s", name)
				}
				return nil
			},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"bucket": id, "arn": bucketARN(id), "region": w.Region, "bucket_domain_name": id + ".s3.amazonaws.com",
					"bucket_regional_domain_name": id + ".s3." + w.Region + ".amazonaws.com", "hosted_zone_id": "Z3GKZC51ZF0DB4",
					"force_destroy": false, "object_lock_enabled": false, "request_payer": "BucketOwner", "acceleration_status": "", "policy": "",
				})
			},
			// AWS deletes its configuration with it, but refuses while it has objects.
			// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
			alone: true,
			leave: func(w *World, id string, t *Thing) error {
				if len(t.Objects) > 0 && !flag(t.Attributes, "force_destroy") {
					return refuse("BucketNotEmpty", "The bucket you tried to delete is not empty. You must delete all versions in the bucket: %s", id)
				}
				for _, part := range bucketParts {
					w.Remove(part, id)
				}
				return nil
			},
		},
		"aws_s3_bucket_versioning":              versioning,
		"aws_s3_bucket_public_access_block":     bucketPart(),
		"aws_s3_bucket_policy":                  policy,
		"aws_s3_bucket_ownership_controls":      bucketPart(),
		"aws_s3_bucket_logging":                 logging,
		"aws_s3_bucket_lifecycle_configuration": lifecycle,
		encryptionKind:                          bucketPart("expected_bucket_owner"),
	})
}

const encryptionKind = "aws_s3_bucket_server_side_encryption_configuration"

// bucketParts are the types that configure a bucket.
var bucketParts = []string{
	"aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_logging", "aws_s3_bucket_ownership_controls",
	"aws_s3_bucket_policy", "aws_s3_bucket_public_access_block", encryptionKind, "aws_s3_bucket_versioning",
}

// lifecycleActions are the actions of a rule.
var lifecycleActions = []string{
	"abort_incomplete_multipart_upload", "expiration", "noncurrent_version_expiration", "noncurrent_version_transition", "transition",
}

// checkLifecycle: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
func checkLifecycle(_ *World, a, _ Attributes) error {
	rules := nestedBlocks(a, "rule")
	if len(rules) == 0 || len(rules) > 1000 {
		return refuse("MalformedXML", "bucket %s: there must be 1 to 1000 rules, there are %d", text(a, "bucket"), len(rules))
	}
	seen := map[string]bool{}
	for _, rule := range rules {
		id := text(rule, "id")
		if seen[id] {
			return refuse("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule: %s", id)
		}
		seen[id] = true
		if !slices.ContainsFunc(lifecycleActions, func(action string) bool { return len(nestedBlocks(rule, action)) > 0 }) {
			return refuse("InvalidRequest", "At least one action needs to be specified in a rule: %s", id)
		}
		expires := number(rule, "expiration.days")
		for _, transition := range nestedBlocks(rule, "transition") {
			class, days := text(transition, "storage_class"), number(transition, "days")
			if days < 30 && (class == "STANDARD_IA" || class == "ONEZONE_IA") {
				return refuse("InvalidArgument", "'Days' in Transition action must be greater than or equal to 30 for storageClass '%s': rule %s", class, id)
			}
			if expires > 0 && expires <= days {
				return refuse("InvalidArgument", "'Days' in the Expiration action for rule %s must be greater than 'Days' in the Transition action", id)
			}
		}
	}
	return nil
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func bucketARN(name string) string { return "arn:aws:s3:::" + name }

// Bucket is an S3 bucket with its configuration.
type Bucket struct {
	ARN string
	// Versioning is Enabled, Suspended or empty.
	Versioning string
	// Key is the default encryption key: an id, an alias or an ARN of either. Empty is S3's own.
	Key string
	// BucketKey says that S3 uses an S3 Bucket Key.
	BucketKey bool
	// Policy is a document, or empty.
	Policy string
	// Marked says that the bucket is not empty: see [World.MarkBucket].
	Marked bool
}

// Bucket returns the bucket with that name, or nil.
func (w *World) Bucket(name string) *Bucket {
	t := w.Get("aws_s3_bucket", name)
	if t == nil {
		return nil
	}
	b := &Bucket{ARN: bucketARN(name), Marked: len(t.Objects) > 0}
	part := func(kind string) Attributes {
		if t := w.Get(kind, name); t != nil {
			return t.Attributes
		}
		return nil
	}
	if status := text(part("aws_s3_bucket_versioning"), "versioning_configuration.status"); status != "Disabled" {
		b.Versioning = status
	}
	const encryption = "rule.apply_server_side_encryption_by_default."
	if a := part(encryptionKind); strings.HasPrefix(text(a, encryption+"sse_algorithm"), "aws:kms") {
		b.Key, b.BucketKey = orElse(text(a, encryption+"kms_master_key_id"), "alias/aws/s3"), flag(a, "rule.bucket_key_enabled")
	}
	b.Policy = text(part("aws_s3_bucket_policy"), "policy")
	return b
}

// MarkBucket notes whether a bucket has objects, which are not in the cloud. A bucket with objects
// cannot be deleted.
func (w *World) MarkBucket(name string, filled bool) {
	t := w.Get("aws_s3_bucket", name)
	switch {
	case t == nil:
	case filled:
		t.Objects = []string{"a rehearsal's S3 has objects in it"}
	default:
		t.Objects = nil
	}
}

// Giver is MadeBy for what [World.GiveBucket] and [World.GiveZone] create.
const Giver = "whoever has set up the account"

// GiveBucket creates a versioned bucket, and a key with an alias, outside the stacks. key is the
// alias' ARN, or empty for none.
func (w *World) GiveBucket(name, key string) error {
	if _, alias, ok := strings.Cut(key, ":alias/"); ok {
		made := Attributes{"enable_key_rotation": true}
		if err := w.give("aws_kms_key", made); err != nil {
			return err
		}
		if err := w.give("aws_kms_alias", Attributes{"name": "alias/" + alias, "target_key_id": made["key_id"]}); err != nil {
			return err
		}
	}
	if err := w.give("aws_s3_bucket", Attributes{"bucket": name}); err != nil {
		return err
	}
	return w.give("aws_s3_bucket_versioning", Attributes{"bucket": name, "versioning_configuration": []any{Attributes{"status": "Enabled"}}})
}

func (w *World) give(kind string, a Attributes) error {
	if err := w.Create(kind, "", a); err != nil {
		return err
	}
	w.Get(kind, Key(kind, "", a)).MadeBy = Giver
	return nil
}

// EncryptionKey is a KMS key.
type EncryptionKey struct {
	ARN     string
	Policy  string // empty: the account's policies decide
	Aliases []string
	Tags    map[string]string
}

// EncryptionKey finds a key by its id, its alias or an ARN of either. It returns an error for a key
// that is disabled or pending deletion.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func (w *World) EncryptionKey(reference string) (*EncryptionKey, error) {
	name := reference
	if parts := strings.SplitN(reference, ":", 6); len(parts) == 6 {
		name = strings.TrimPrefix(parts[5], "key/")
	}
	id := name
	if strings.HasPrefix(name, "alias/") {
		if name == "alias/aws/s3" || slices.Contains(w.Given, reference) {
			return &EncryptionKey{ARN: w.arn("kms", "key/"+name), Aliases: []string{name}}, nil
		}
		alias := w.find("aws_kms_alias", "name", name)
		if alias == nil {
			return nil, refuse("KMS.NotFoundException", "Alias %s is not found.", w.arn("kms", name))
		}
		id = text(alias.Attributes, "target_key_id")
	}
	t := w.Get("aws_kms_key", id)
	switch {
	case slices.Contains(w.Given, reference):
		return &EncryptionKey{ARN: reference}, nil
	case t == nil && w.Pending["aws_kms_key"][id] != nil:
		return nil, refuse("KMS.KMSInvalidStateException", "%s is pending deletion.", w.arn("kms", "key/"+id))
	case t == nil:
		return nil, refuse("KMS.NotFoundException", "Key '%s' does not exist", w.arn("kms", "key/"+id))
	case t.Attributes["is_enabled"] == false:
		return nil, refuse("KMS.DisabledException", "%s is disabled.", text(t.Attributes, "arn"))
	}
	key := &EncryptionKey{ARN: text(t.Attributes, "arn"), Policy: text(t.Attributes, "policy"), Tags: tagsOf(t.Attributes)}
	w.Each(func(_, _ string, alias *Thing) bool {
		if text(alias.Attributes, "target_key_id") == id {
			key.Aliases = append(key.Aliases, text(alias.Attributes, "name"))
		}
		return true
	}, "aws_kms_alias")
	return key, nil
}

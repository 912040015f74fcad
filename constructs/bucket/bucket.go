// Package bucket makes an S3 bucket: private, versioned, encrypted with a key of Plinth's and
// reachable over TLS only.
package bucket

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucket"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketlifecycleconfiguration"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketlogging"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketownershipcontrols"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketpolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketpublicaccessblock"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketserversideencryptionconfiguration"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketversioning"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/policy"
)

// Config of a bucket.
type Config struct {
	Name string
	// KeyArn encrypts the objects. If nil, S3's own keys do, for writers that support no other.
	// KeyNames are other ARNs by which writers may name the key, such as its alias's.
	KeyArn   *string
	KeyNames []string
	// Writers may put objects, in addition to principals that IAM allows.
	Writers []Writer
	// Principals are the ARNs of the only roles and users that may read, write or delete objects or
	// change the bucket's policy. Empty leaves that to IAM.
	Principals []string
	// ExpirationDays is how many days S3 keeps an object; 0 is for ever.
	ExpirationDays int
	// NoncurrentVersionRetentionDays is how many days S3 keeps overwritten and deleted versions.
	NoncurrentVersionRetentionDays int
	// AccessLogBucket gets the access log; empty for no log.
	AccessLogBucket string
	// PreventDestroy makes Terraform refuse to plan the deletion. ForceDestroy lets it delete a
	// bucket that is not empty.
	PreventDestroy, ForceDestroy bool
}

// Writer is a service that writes below a folder on behalf of some resources.
type Writer struct {
	// Sid names it in the policy. Service is like logdelivery.elasticloadbalancing.amazonaws.com.
	Sid, Service string
	// Folder has no slash at either end. SourceArn is what it writes for; it may end in a star.
	Folder, SourceArn string
	// ReadsACL lets it read the bucket's ACL, as some services do before they write.
	ReadsACL bool
}

// Bucket is an S3 bucket.
type Bucket struct {
	constructs.Construct
	Arn *string
	// Ready is the bucket's policy. Resources that use the bucket should depend on it.
	Ready cdktf.ITerraformDependable
}

// New creates a bucket.
func New(scope constructs.Construct, id string, config Config) *Bucket {
	this := constructs.NewConstruct(scope, &id)
	settings := &s3bucket.S3BucketConfig{
		Bucket:    jsii.String(config.Name),
		Lifecycle: &cdktf.TerraformResourceLifecycle{PreventDestroy: jsii.Bool(config.PreventDestroy)},
	}
	if config.ForceDestroy {
		settings.ForceDestroy = jsii.Bool(true)
	}
	bucket := s3bucket.NewS3Bucket(this, jsii.String("bucket"), settings)
	// Versioning and blocked access come before the policy: S3 takes one change at a time.
	versions := s3bucketversioning.NewS3BucketVersioningA(this, jsii.String("versioning"), &s3bucketversioning.S3BucketVersioningAConfig{
		Bucket:                  bucket.Id(),
		VersioningConfiguration: &s3bucketversioning.S3BucketVersioningVersioningConfiguration{Status: jsii.String("Enabled")},
	})
	s3bucketserversideencryptionconfiguration.NewS3BucketServerSideEncryptionConfigurationA(this, jsii.String("encryption"),
		&s3bucketserversideencryptionconfiguration.S3BucketServerSideEncryptionConfigurationAConfig{
			Bucket: bucket.Id(),
			Rule:   []*s3bucketserversideencryptionconfiguration.S3BucketServerSideEncryptionConfigurationRuleA{encryption(config)},
		})
	// Security: ACLs have no effect, and nothing can be made public.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
	s3bucketownershipcontrols.NewS3BucketOwnershipControls(this, jsii.String("ownership"), &s3bucketownershipcontrols.S3BucketOwnershipControlsConfig{
		Bucket: bucket.Id(),
		Rule:   &s3bucketownershipcontrols.S3BucketOwnershipControlsRule{ObjectOwnership: jsii.String("BucketOwnerEnforced")},
	})
	block := s3bucketpublicaccessblock.NewS3BucketPublicAccessBlock(this, jsii.String("public-access"), &s3bucketpublicaccessblock.S3BucketPublicAccessBlockConfig{
		Bucket:                bucket.Id(),
		BlockPublicAcls:       jsii.Bool(true),
		BlockPublicPolicy:     jsii.Bool(true),
		IgnorePublicAcls:      jsii.Bool(true),
		RestrictPublicBuckets: jsii.Bool(true),
	})
	s3bucketlifecycleconfiguration.NewS3BucketLifecycleConfiguration(this, jsii.String("lifecycle"), &s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationConfig{
		Bucket:    bucket.Id(),
		Rule:      lifecycle(config),
		DependsOn: &[]cdktf.ITerraformDependable{versions},
	})
	ready := s3bucketpolicy.NewS3BucketPolicy(this, jsii.String("policy"), &s3bucketpolicy.S3BucketPolicyConfig{
		Bucket:    bucket.Id(),
		Policy:    policy.Document(this, "document", append(denyStatements(bucket, config), writerStatements(bucket, config)...)...),
		DependsOn: &[]cdktf.ITerraformDependable{block},
	})
	if config.AccessLogBucket != "" {
		s3bucketlogging.NewS3BucketLoggingA(this, jsii.String("logging"), &s3bucketlogging.S3BucketLoggingAConfig{
			Bucket:       bucket.Id(),
			TargetBucket: jsii.String(config.AccessLogBucket),
			TargetPrefix: jsii.String(config.Name + "/"),
		})
	}
	return &Bucket{Construct: this, Arn: bucket.Arn(), Ready: ready}
}

func encryption(config Config) *s3bucketserversideencryptionconfiguration.S3BucketServerSideEncryptionConfigurationRuleA {
	type byDefault = s3bucketserversideencryptionconfiguration.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA
	rule := &s3bucketserversideencryptionconfiguration.S3BucketServerSideEncryptionConfigurationRuleA{
		ApplyServerSideEncryptionByDefault: &byDefault{SseAlgorithm: jsii.String("AES256")},
	}
	if config.KeyArn != nil {
		rule.ApplyServerSideEncryptionByDefault = &byDefault{SseAlgorithm: jsii.String("aws:kms"), KmsMasterKeyId: config.KeyArn}
		// One data key for many objects saves requests to KMS, and their cost.
		rule.BucketKeyEnabled = jsii.Bool(true)
	}
	return rule
}

func lifecycle(config Config) []*s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRule {
	type (
		rule       = s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRule
		filter     = s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRuleFilter
		expiration = s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRuleExpiration
	)
	everything := []*filter{{Prefix: jsii.String("")}}
	rules := []*rule{{
		Id:     jsii.String("old-versions"),
		Status: jsii.String("Enabled"),
		Filter: everything,
		NoncurrentVersionExpiration: []*s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration{{
			NoncurrentDays: jsii.Number(config.NoncurrentVersionRetentionDays),
		}},
		// Remove the markers that deleted objects leave.
		Expiration: []*expiration{{ExpiredObjectDeleteMarker: jsii.Bool(true)}},
		AbortIncompleteMultipartUpload: []*s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload{{
			DaysAfterInitiation: jsii.Number(7),
		}},
	}}
	if config.ExpirationDays > 0 {
		rules = append(rules, &rule{
			Id:         jsii.String("old-objects"),
			Status:     jsii.String("Enabled"),
			Filter:     everything,
			Expiration: []*expiration{{Days: jsii.Number(config.ExpirationDays)}},
		})
	}
	return rules
}

// writerStatements allow services to write logs.
func writerStatements(bucket s3bucket.S3Bucket, config Config) []policy.Statement {
	var statements []policy.Statement
	for _, w := range config.Writers {
		// Security: for these resources only (confused deputy).
		source := []policy.Condition{{Test: "ArnLike", Variable: "aws:SourceArn", Values: []string{w.SourceArn}}}
		statements = append(statements, policy.Statement{
			Sid: w.Sid, Principals: policy.Service(w.Service), Conditions: source,
			Actions: []string{"s3:PutObject"}, Resources: []string{*bucket.Arn() + "/" + w.Folder + "/*"},
		})
		if w.ReadsACL {
			statements = append(statements, policy.Statement{
				Sid: w.Sid + "ReadsACL", Principals: policy.Service(w.Service), Conditions: source,
				Actions: []string{"s3:GetBucketAcl"}, Resources: []string{*bucket.Arn()},
			})
		}
	}
	return statements
}

// denyStatements deny requests without TLS or with another key, even if another policy allows them.
// An object that a writer sends without encryption headers gets the bucket's encryption.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
func denyStatements(bucket s3bucket.S3Bucket, config Config) []policy.Statement {
	everybody := []policy.Principal{{Type: "*", Identifiers: []string{"*"}}}
	objects := *bucket.Arn() + "/*"
	statements := []policy.Statement{
		{
			Sid: "OnlyTLS", Deny: true, Principals: everybody,
			Actions:    []string{"s3:*"},
			Resources:  []string{*bucket.Arn(), objects},
			Conditions: []policy.Condition{{Test: "Bool", Variable: "aws:SecureTransport", Values: []string{"false"}}},
		},
	}
	if len(config.Principals) > 0 {
		statements = append(statements, policy.Statement{
			Sid: "OnlyPrincipals", Deny: true, Principals: everybody,
			// Others may still look at the bucket's configuration, as auditors do.
			Actions: []string{
				"s3:AbortMultipartUpload", "s3:BypassGovernanceRetention", "s3:DeleteBucket*", "s3:DeleteObject*",
				"s3:GetObject*", "s3:ListBucket*", "s3:ObjectOwnerOverrideToBucketOwner", "s3:Put*", "s3:Replicate*", "s3:RestoreObject",
			},
			Resources:  []string{*bucket.Arn(), objects},
			Conditions: []policy.Condition{policy.NotPrincipal(config.Principals)},
		})
	}
	if config.KeyArn == nil {
		return statements
	}
	return append(statements, []policy.Statement{
		{
			Sid: "OnlyKMS", Deny: true, Principals: everybody,
			Actions: []string{"s3:PutObject"}, Resources: []string{objects},
			Conditions: presentAndNot("s3:x-amz-server-side-encryption", "aws:kms"),
		},
		{
			Sid: "OnlyItsKey", Deny: true, Principals: everybody,
			Actions: []string{"s3:PutObject"}, Resources: []string{objects},
			Conditions: presentAndNot("s3:x-amz-server-side-encryption-aws-kms-key-id", append([]string{*config.KeyArn}, config.KeyNames...)...),
		},
	}...)
}

// presentAndNot holds when a header is present with another value: StringNotEquals alone also holds
// for a missing one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func presentAndNot(header string, values ...string) []policy.Condition {
	return []policy.Condition{
		{Test: "Null", Variable: header, Values: []string{"false"}},
		{Test: "StringNotEquals", Variable: header, Values: values},
	}
}

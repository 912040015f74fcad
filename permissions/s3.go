package permissions

import "slices"

const s3Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html"

// Security: the bucket of the states has a name of the environment's too, so the whole name counts.
// S3 looks at a bucket's tags only where the bucket says so.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
const theBucket = "arn:aws:s3:::{=bucket}"

func onBucket(actions ...string) []Grant {
	return []Grant{{Actions: actions, Resources: []string{theBucket}}}
}

// bucketPart is a part of a bucket's configuration, for which putting and taking away are the same
// permission.
func bucketPart(put, get string) Type {
	return Type{Source: s3Source, Create: onBucket(put), Read: onBucket(get)}
}

var s3 = Table{
	"aws_s3_bucket": {
		Source: s3Source,
		Create: onBucket("s3:CreateBucket"),
		// The provider reads all that once was a part of this type.
		Read: onBucket(
			"s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration",
			"s3:GetBucketPolicy", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite",
			"s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
		),
		Delete: onBucket("s3:DeleteBucket"),
		// It is tagged once it is there, and S3 does not tell with which tags.
		Tag: onBucket("s3:PutBucketTagging"),
	},
	// With every version of every object, of which S3 asks for both.
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
	"aws_s3_bucket[force_destroy]": {
		Source: s3Source,
		Delete: slices.Concat(
			onBucket("s3:ListBucketVersions"),
			[]Grant{{Actions: []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}, Resources: []string{theBucket + "/*"}}},
		),
	},
	"aws_s3_bucket_versioning":                           bucketPart("s3:PutBucketVersioning", "s3:GetBucketVersioning"),
	"aws_s3_bucket_server_side_encryption_configuration": bucketPart("s3:PutEncryptionConfiguration", "s3:GetEncryptionConfiguration"),
	"aws_s3_bucket_ownership_controls":                   bucketPart("s3:PutBucketOwnershipControls", "s3:GetBucketOwnershipControls"),
	"aws_s3_bucket_public_access_block":                  bucketPart("s3:PutBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
	"aws_s3_bucket_lifecycle_configuration":              bucketPart("s3:PutLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
	"aws_s3_bucket_policy": {
		Source: s3Source,
		Create: onBucket("s3:PutBucketPolicy"),
		Read:   onBucket("s3:GetBucketPolicy"),
		Delete: onBucket("s3:DeleteBucketPolicy"),
	},
}

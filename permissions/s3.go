package permissions

import "slices"

const s3Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html"

// Security: grants need the full name, because the state bucket's begins with the environment's too.
// S3 checks a bucket's tags only if the bucket enables that.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
const theBucket = "arn:aws:s3:::{=bucket}"

func onBucket(actions ...string) []Grant {
	return []Grant{{Actions: actions, Resources: []string{theBucket}}}
}

// bucketPart returns the row of a part of a bucket's configuration. Setting and removing it need the
// same permission.
func bucketPart(put, get string) Type {
	return Type{Source: s3Source, Create: onBucket(put), Read: onBucket(get)}
}

var s3 = Table{
	"aws_s3_bucket": {
		Source: s3Source,
		Create: onBucket("s3:CreateBucket"),
		// The provider reads everything that was part of this type in earlier versions.
		Read: onBucket(
			"s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration",
			"s3:GetBucketPolicy", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite",
			"s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
		),
		Delete: onBucket("s3:DeleteBucket"),
		// The provider tags the bucket after its creation. S3 supports no condition on the tags.
		Tag: onBucket("s3:PutBucketTagging"),
	},
	// This deletes every version of every object, for which S3 requires both actions.
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

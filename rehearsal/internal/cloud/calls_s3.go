package cloud

// bucket is the bucket with that name. IAM ignores its tags unless they are turned on for the
// bucket, and S3 has no condition key for requested tags.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
func (c *calls) bucket(name string) resource {
	return resource{arn: bucketARN(name)}.with("s3:ResourceAccount", c.w.Account)
}

// onBucket returns calls on the bucket itself or the bucket that a resource configures.
func onBucket(actions ...string) func(*calls) {
	return func(c *calls) {
		for _, action := range actions {
			c.do("s3:"+action, c.bucket(text(c.a, "bucket")))
		}
	}
}

// bucketCalls are the calls of a resource that configures a part of a bucket.
func bucketCalls(put, get, attributes string) caller {
	return caller{
		create: onBucket(put), read: onBucket(get), delete: onBucket(put),
		update: []change{{attributes, onBucket(put)}},
	}
}

func init() {
	// The tags are one document: the provider reads it before it puts it.
	setTags := onBucket("GetBucketTagging", "PutBucketTagging")
	policy := bucketCalls("PutBucketPolicy", "GetBucketPolicy", "policy")
	policy.delete = onBucket("DeleteBucketPolicy", "GetBucketPolicy")
	lifecycle := bucketCalls("PutLifecycleConfiguration", "GetLifecycleConfiguration", "rule transition_default_minimum_object_size")
	lifecycle.delete = onBucket("PutLifecycleConfiguration", "GetLifecycleConfiguration") // waits
	access := bucketCalls("PutBucketPublicAccessBlock", "GetBucketPublicAccessBlock",
		"block_public_acls block_public_policy ignore_public_acls restrict_public_buckets")
	access.delete = onBucket("PutBucketPublicAccessBlock", "GetBucketPublicAccessBlock") // waits
	registerCalls(map[string]caller{
		"aws_s3_bucket": {
			create: createBucket,
			// The provider reads every configuration there can be. HeadBucket, first and near the
			// end, needs ListBucket.
			// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
			read: onBucket("ListBucket", "GetBucketPolicy", "GetBucketAcl", "GetBucketCORS", "GetBucketWebsite", "GetBucketVersioning",
				"GetAccelerateConfiguration", "GetBucketRequestPayment", "GetBucketLogging", "GetLifecycleConfiguration",
				"GetReplicationConfiguration", "GetEncryptionConfiguration", "GetBucketObjectLockConfiguration", "GetBucketTagging"),
			update: []change{
				{"acceleration_status", onBucket("PutAccelerateConfiguration")},
				{"request_payer", onBucket("PutBucketRequestPayment")},
				{"force_destroy", nil},
			},
			tag:    func(c *calls, _ resource) { setTags(c) },
			untag:  func(c *calls, _ resource) { setTags(c) },
			delete: deleteBucket,
		},
		"aws_s3_bucket_versioning":              bucketCalls("PutBucketVersioning", "GetBucketVersioning", "versioning_configuration mfa"),
		"aws_s3_bucket_ownership_controls":      bucketCalls("PutBucketOwnershipControls", "GetBucketOwnershipControls", "rule"),
		"aws_s3_bucket_logging":                 bucketCalls("PutBucketLogging", "GetBucketLogging", "target_bucket target_grant target_object_key_format target_prefix"),
		"aws_s3_bucket_public_access_block":     access,
		"aws_s3_bucket_policy":                  policy,
		"aws_s3_bucket_lifecycle_configuration": lifecycle,
		encryptionKind:                          bucketCalls("PutEncryptionConfiguration", "GetEncryptionConfiguration", "rule"),
	})
}

// createBucket: a private ACL needs no extra permission.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
func createBucket(c *calls) {
	r := c.bucket(text(c.a, "bucket")).with("s3:x-amz-acl", orElse(text(c.a, "acl"), "private"))
	if c.w.Region == "us-east-1" {
		onBucket("ListBucket")(c) // this region allows creating a bucket twice
	} else {
		r = r.with("s3:locationconstraint", c.w.Region)
	}
	c.do("s3:CreateBucket", r)
	if flag(c.a, "object_lock_enabled") {
		onBucket("PutBucketObjectLockConfiguration", "PutBucketVersioning")(c)
	}
	if len(tagsOf(c.a)) > 0 {
		onBucket("GetBucketTagging", "PutBucketTagging")(c)
	}
}

// deleteBucket: with force_destroy the simulator assumes that there are objects. The provider
// deletes them version by version.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
func deleteBucket(c *calls) {
	onBucket("DeleteBucket")(c)
	if flag(c.a, "force_destroy") {
		onBucket("ListBucketVersions")(c)
		objects := resource{arn: bucketARN(text(c.a, "bucket")) + "/*"}.with("s3:ResourceAccount", c.w.Account)
		c.do("s3:DeleteObject", objects)
		c.do("s3:DeleteObjectVersion", objects)
		onBucket("DeleteBucket")(c)
	}
	onBucket("ListBucket")(c)
}

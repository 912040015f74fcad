package cloud

import (
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func newWorld() *World { return &World{Account: "111111111111", Region: "eu-west-2"} }

const allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`

func TestBuckets(t *testing.T) {
	w := newWorld()
	assert.NilError(t, w.Create("aws_s3_bucket", "", Attributes{"bucket": "states"}))
	assert.ErrorContains(t, w.Create("aws_s3_bucket", "", Attributes{"bucket": "states"}), "BucketAlreadyOwnedByYou")
	assert.ErrorContains(t, w.Create("aws_s3_bucket", "", Attributes{"bucket": "States"}), "InvalidBucketName")
	assert.ErrorContains(t, w.Create("aws_s3_bucket_policy", "", Attributes{"bucket": "none", "policy": allowAll}), "NotFound")
	assert.DeepEqual(t, *w.Bucket("states"), Bucket{ARN: "arn:aws:s3:::states"})
	assert.Assert(t, w.Bucket("none") == nil)

	versioning := func(status string) Attributes {
		return Attributes{"bucket": "states", "versioning_configuration": []any{Attributes{"status": status}}}
	}
	made := versioning("Enabled")
	assert.NilError(t, w.Create("aws_s3_bucket_versioning", "", made))
	disabled := versioning("Disabled")
	disabled["id"] = made["id"]
	assert.ErrorContains(t, w.Change("aws_s3_bucket_versioning", "", disabled), "IllegalVersioningConfigurationException")
	assert.NilError(t, w.Create("aws_s3_bucket_policy", "", Attributes{"bucket": "states", "policy": allowAll}))
	assert.NilError(t, w.Create(encryptionKind, "", Attributes{"bucket": "states", "rule": []any{Attributes{
		"bucket_key_enabled": true, "apply_server_side_encryption_by_default": []any{Attributes{"sse_algorithm": "aws:kms", "kms_master_key_id": "k"}},
	}}}))
	assert.DeepEqual(t, *w.Bucket("states"), Bucket{ARN: "arn:aws:s3:::states", Versioning: "Enabled", Key: "k", BucketKey: true, Policy: allowAll})

	w.MarkBucket("states", true)
	assert.ErrorContains(t, w.Delete("aws_s3_bucket", "", Attributes{"id": "states"}), "BucketNotEmpty")
	w.MarkBucket("states", false)
	assert.NilError(t, w.Delete("aws_s3_bucket", "", Attributes{"id": "states"}))
	assert.Equal(t, len(w.Things), 0, "%v", w.Things)
}

func TestEncryptionKey(t *testing.T) {
	w := newWorld()
	w.Given = []string{"arn:aws:kms:eu-west-1:222222222222:key/theirs"}
	assert.NilError(t, w.GiveBucket("states", "arn:aws:kms:eu-west-2:111111111111:alias/states"))
	var id string
	w.Each(func(_, key string, _ *Thing) bool { id = key; return false }, "aws_kms_key")
	for _, reference := range []string{id, "alias/states", "arn:aws:kms:eu-west-2:111111111111:key/" + id, "arn:aws:kms:eu-west-2:111111111111:alias/states"} {
		key, err := w.EncryptionKey(reference)
		assert.NilError(t, err)
		assert.Equal(t, key.ARN, "arn:aws:kms:eu-west-2:111111111111:key/"+id)
		assert.DeepEqual(t, key.Aliases, []string{"alias/states"})
	}
	key, err := w.EncryptionKey(w.Given[0])
	assert.NilError(t, err)
	assert.Equal(t, key.ARN, w.Given[0])
	for reference, want := range map[string]string{"none": "KMS.NotFoundException", "alias/none": "KMS.NotFoundException: Alias"} {
		_, err := w.EncryptionKey(reference)
		assert.ErrorContains(t, err, want)
	}
	w.Get("aws_kms_key", id).Attributes["is_enabled"] = false
	_, err = w.EncryptionKey(id)
	assert.ErrorContains(t, err, "KMS.DisabledException")
}

// TestPolicies checks limits on number and size, and that a policy in use cannot be deleted.
func TestPolicies(t *testing.T) {
	w := newWorld()
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`
	role := func(name, boundary string) Attributes {
		a := Attributes{"name": name, "assume_role_policy": trust}
		if boundary != "" {
			a["permissions_boundary"] = boundary
		}
		return a
	}
	arn := func(name string) string { return "arn:aws:iam::111111111111:policy/" + name }
	policy := func(name string, padding int) Attributes {
		return Attributes{"name": name, "policy": strings.Replace(allowAll, "s3:*", "s3:"+strings.Repeat("x", padding), 1)}
	}
	assert.NilError(t, w.Create("aws_iam_policy", "", policy("limit", 1)))
	assert.ErrorContains(t, w.Create("aws_iam_policy", "", policy("limit", 1)), "EntityAlreadyExists")
	assert.ErrorContains(t, w.Create("aws_iam_policy", "", policy("large", 6144)), "LimitExceeded")
	assert.ErrorContains(t, w.Create("aws_iam_role", "", role("r", arn("none"))), "does not exist")
	assert.NilError(t, w.Create("aws_iam_role", "", role("r", arn("limit"))))
	remove := func(name string) error {
		return w.Delete("aws_iam_policy", "", Attributes{"id": arn(name)})
	}
	assert.ErrorContains(t, remove("limit"), "DeleteConflict")
	for i := range 11 {
		name := fmt.Sprint("p", i)
		assert.NilError(t, w.Create("aws_iam_policy", "", policy(name, 1)))
		err := w.Create("aws_iam_role_policy_attachment", "", Attributes{"role": "r", "policy_arn": arn(name)})
		if i < 10 {
			assert.NilError(t, err)
			assert.Assert(t, w.Get("aws_iam_role_policy_attachment", "r/"+arn(name)) != nil, "it cannot be imported as in AWS")
		} else {
			assert.ErrorContains(t, err, "PoliciesPerRole: 10")
		}
	}
	assert.ErrorContains(t, remove("p0"), "DeleteConflict")
	assert.NilError(t, remove("p10"))
}

package permissions

import "strings"

// forState is in RequiredBy in place of a type.
const forState = "state"

// state returns the permissions that Terraform's S3 backend needs: to read the state and, with write, to
// lock and write it. Plans run with -lock=false.
// https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required
func (s Stack) state(write bool) []Statement {
	const lock = ".tflock"
	bucket := "arn:aws:s3:::" + s.State.Bucket
	object := func(keys ...string) []string {
		var arns []string
		for _, key := range keys {
			arns = append(arns, bucket+"/"+key)
		}
		return arns
	}
	statements := []Statement{
		{
			Actions: []string{"s3:ListBucket"}, Resources: []string{bucket}, RequiredBy: []string{forState},
			// Terraform looks for workspaces below env:/, though there are none. IfExists, since S3 also
			// requires this permission to report that an object does not exist.
			// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
			Conditions: when("StringLikeIfExists", "s3:prefix", append([]string{"env:/", s.State.Key}, s.State.Reads...)...),
		},
		{Actions: []string{"s3:GetObject"}, Resources: object(append([]string{s.State.Key}, s.State.Reads...)...), RequiredBy: []string{forState}},
	}
	crypt := []string{"kms:Decrypt"}
	if write {
		statements = append(statements,
			Statement{Actions: []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, Resources: object(s.State.Key + lock), RequiredBy: []string{forState}},
			Statement{Actions: []string{"s3:PutObject"}, Resources: object(s.State.Key), RequiredBy: []string{forState}})
		crypt = append(crypt, "kms:GenerateDataKey")
	}
	if s.State.KMSKey != "" {
		key, byAlias := s.stateKey()
		statements = append(statements, Statement{
			Actions: crypt, Resources: []string{key}, RequiredBy: []string{forState},
			// Security: only through S3, for objects of this bucket. With a bucket key S3 names the bucket.
			// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
			Conditions: all(byAlias,
				when("StringEquals", "kms:ViaService", "s3."+s.State.Region+".amazonaws.com"),
				when("StringLike", "kms:EncryptionContext:aws:s3:arn", bucket, bucket+"/*"),
			),
		})
		// Security: the key of the settings may have no tags, by which others tell whose a key is.
		if write && !token.MatchString(s.State.KMSKey) {
			statements = append(statements, Statement{
				Deny: true, Actions: []string{"kms:TagResource"}, Resources: []string{key}, RequiredBy: []string{forState}, Conditions: byAlias,
			})
		}
	}
	return statements
}

// stateKey returns the ARN of the states' key. An alias names no key in a policy: it is a condition.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-resource-aliases
func (s Stack) stateKey() (arn string, byAlias []Condition) {
	account, alias, is := strings.Cut(s.State.KMSKey, ":alias/")
	if !is {
		return s.State.KMSKey, nil
	}
	return account + ":key/*", when("ForAnyValue:StringEquals", "kms:ResourceAliases", "alias/"+alias)
}

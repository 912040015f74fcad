package cloud

import "fmt"

const secretsManager = "secretsmanager"

// secret is the secret with that ARN.
func (c *calls) secret(arn string) resource {
	return c.related("aws_secretsmanager_secret", "arn", arn, arn).with("secretsmanager:SecretId", arn)
}

// secretKey is the ARN of the secret's KMS key, empty for AWS's own.
func (c *calls) secretKey(arn string) string {
	if t := c.w.find("aws_secretsmanager_secret", "arn", arn); t != nil {
		return text(t.Attributes, "kms_key_id")
	}
	return ""
}

// secretValue adds the read of a value, which needs the secret's key.
func secretValue(c *calls) {
	arn := text(c.a, "secret_id")
	c.do("secretsmanager:GetSecretValue", c.secret(arn).with("secretsmanager:VersionStage", "AWSCURRENT"))
	c.secretEncrypts(arn, c.secretKey(arn), "Decrypt")
}

// secretEncrypts adds the use of a key. The encryption context is the secret's ARN.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
func (c *calls) secretEncrypts(arn, key string, actions ...string) {
	from := len(c.requests)
	c.encrypts(secretsManager, key, actions...)
	for i := range c.requests[from:] {
		c.requests[from+i].Context["kms:EncryptionContext:SecretARN"] = []string{arn}
		c.requests[from+i].Context["kms:EncryptionContextKeys"] = []string{"SecretARN", "SecretVersionId"}
	}
}

// rotates: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
func rotates(c *calls) {
	r := c.secret(text(c.a, "secret_id")).with("secretsmanager:ModifyRotationRules", "true").
		with("secretsmanager:RotateImmediately", fmt.Sprint(c.a["rotate_immediately"] != false)) // the provider's default
	if lambda := text(c.a, "rotation_lambda_arn"); lambda != "" {
		r = r.with("secretsmanager:RotationLambdaARN", lambda)
	}
	c.do("secretsmanager:RotateSecret", r)
}

func init() {
	registerCalls(map[string]caller{
		"aws_secretsmanager_secret": {
			// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
			create: func(c *calls) {
				arn := text(c.a, "arn")
				r := c.fresh(arn).with("secretsmanager:Name", text(c.a, "name"))
				if key := text(c.a, "kms_key_id"); key != "" {
					r = r.with("secretsmanager:KmsKeyId", key).with("secretsmanager:KmsKeyArn", key)
				}
				c.do("secretsmanager:CreateSecret", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("secretsmanager:TagResource", c.fresh(arn))
				}
				c.secretEncrypts(arn, text(c.a, "kms_key_id"), "GenerateDataKey", "Decrypt")
			},
			read: func(c *calls) {
				c.do("secretsmanager:DescribeSecret", c.self())
				c.do("secretsmanager:GetResourcePolicy", c.self())
			},
			update: []change{
				{"description kms_key_id", func(c *calls) {
					c.do("secretsmanager:UpdateSecret", c.self())
					if old, key := text(c.before, "kms_key_id"), text(c.after, "kms_key_id"); old != key {
						c.secretEncrypts(text(c.a, "arn"), old, "Decrypt")
						c.secretEncrypts(text(c.a, "arn"), key, "GenerateDataKey", "Decrypt")
					}
				}},
				{"recovery_window_in_days force_overwrite_replica_secret", nil},
			},
			tag:   func(c *calls, r resource) { c.do("secretsmanager:TagResource", r) },
			untag: func(c *calls, r resource) { c.do("secretsmanager:UntagResource", onlyKeys(r)) },
			delete: func(c *calls) {
				r := c.self()
				if days := c.a["recovery_window_in_days"]; days == 0.0 {
					r = r.with("secretsmanager:ForceDeleteWithoutRecovery", "true")
				} else {
					r = r.with("secretsmanager:RecoveryWindowInDays", fmt.Sprint(days))
				}
				c.do("secretsmanager:DeleteSecret", r)
				c.do("secretsmanager:DescribeSecret", c.self())
			},
		},
		"aws_secretsmanager_secret_version": {
			create: func(c *calls) {
				arn := text(c.a, "secret_id")
				c.do("secretsmanager:PutSecretValue", c.secret(arn))
				c.secretEncrypts(arn, c.secretKey(arn), "GenerateDataKey", "Decrypt")
			},
			// The provider reads even a write-only value, and discards it.
			read:   secretValue,
			update: []change{{"version_stages", func(c *calls) { c.do("secretsmanager:UpdateSecretVersionStage", c.secret(text(c.a, "secret_id"))) }}},
			delete: secretValue,
		},
		// A rotation needs no permission for the key: the service that manages the secret uses it.
		rotationKind: {
			create: rotates,
			read:   func(c *calls) { c.do("secretsmanager:DescribeSecret", c.secret(text(c.a, "secret_id"))) },
			update: []change{
				{"rotation_lambda_arn rotation_rules", rotates},
				{"rotate_immediately", nil}, // no call until the rules change
			},
			delete: func(c *calls) { c.do("secretsmanager:CancelRotateSecret", c.secret(text(c.a, "secret_id"))) },
		},
		"ephemeral.aws_secretsmanager_secret_version":  {read: secretValue},
		"ephemeral.aws_secretsmanager_random_password": {read: looks("secretsmanager:GetRandomPassword")},
	})
}

// Package encryptionkey makes a customer-managed KMS key, rotated every year.
package encryptionkey

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/kmsalias"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/kmskey"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/policy"
)

// Config of a key.
type Config struct {
	// Alias is the key's name, without "alias/".
	Alias       string
	Description string
	// Account and Region are the key's.
	Account, Region string
	// EncryptsLogs lets CloudWatch Logs use the key for this account's log groups.
	EncryptsLogs bool
	// Uses are additional statements of the key's policy, for services that use the key directly.
	// Their resource "*" is the key itself.
	Uses []policy.Statement
	// Principals are the ARNs of the only roles and users that may use the key or change its policy. Empty
	// leaves that to IAM.
	Principals []string
	// PreventDestroy makes Terraform refuse to delete the key, without which its data is lost.
	PreventDestroy bool
}

// Key is a KMS key.
type Key struct {
	constructs.Construct
	Arn *string
}

// deletionWindowDays is how long a deleted key can be restored; KMS allows 7 to 30.
const deletionWindowDays = 30

// New creates a key.
func New(scope constructs.Construct, id string, config Config) *Key {
	this := constructs.NewConstruct(scope, &id)
	statements := []policy.Statement{delegateToIAM(config.Account)}
	if config.EncryptsLogs {
		statements = append(statements, cloudWatchLogs(config.Account, config.Region))
	}
	statements = append(statements, config.Uses...)
	if len(config.Principals) > 0 {
		statements = append(statements, onlyPrincipals(config.Principals))
	}
	key := kmskey.NewKmsKey(this, jsii.String("key"), &kmskey.KmsKeyConfig{
		Description:          jsii.String(config.Description),
		EnableKeyRotation:    jsii.Bool(true),
		DeletionWindowInDays: jsii.Number(deletionWindowDays),
		Policy:               policy.Document(this, "policy", statements...),
		Lifecycle:            &cdktf.TerraformResourceLifecycle{PreventDestroy: jsii.Bool(config.PreventDestroy)},
	})
	kmsalias.NewKmsAlias(this, jsii.String("alias"), &kmsalias.KmsAliasConfig{
		Name:        jsii.String("alias/" + config.Alias),
		TargetKeyId: key.KeyId(),
	})
	return &Key{Construct: this, Arn: key.Arn()}
}

// delegateToIAM lets the account's IAM policies decide who may use and manage the key.
// Security: without this statement a key can become unmanageable. With it, a principal still
// needs an IAM policy that allows each action. The resource "*" of a key policy
// is the key itself. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func delegateToIAM(account string) policy.Statement {
	return policy.Statement{
		Sid:        "DelegateToIAM",
		Principals: []policy.Principal{{Type: "AWS", Identifiers: []string{fmt.Sprintf("arn:aws:iam::%s:root", account)}}},
		Actions: []string{
			"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias",
			"kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation",
			"kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy",
			"kms:GetKeyRotationStatus", "kms:ListAliases", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags",
			"kms:ListRetirableGrants", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RevokeGrant",
			"kms:RetireGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
			"kms:UpdateKeyDescription",
		},
		Resources: []string{"*"},
	}
}

// onlyPrincipals denies everybody else whatever IAM allows them. Others may still look at the key.
func onlyPrincipals(arns []string) policy.Statement {
	return policy.Statement{
		Sid: "OnlyPrincipals", Deny: true, Principals: []policy.Principal{{Type: "*", Identifiers: []string{"*"}}},
		Actions: []string{
			"kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:DisableKey", "kms:Encrypt", "kms:GenerateDataKey*",
			"kms:PutKeyPolicy", "kms:ReEncrypt*", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
		},
		Resources:  []string{"*"},
		Conditions: []policy.Condition{policy.NotPrincipal(arns)},
	}
}

// cloudWatchLogs allows CloudWatch Logs to use the key, for log groups of this account and region only.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
func cloudWatchLogs(account, region string) policy.Statement {
	return policy.Statement{
		Sid:        "EncryptLogGroups",
		Principals: policy.Service(fmt.Sprintf("logs.%s.amazonaws.com", region)),
		Actions: []string{
			"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
			"kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
		},
		Resources: []string{"*"},
		Conditions: []policy.Condition{{
			Test:     "ArnLike",
			Variable: "kms:EncryptionContext:aws:logs:arn",
			Values:   []string{fmt.Sprintf("arn:aws:logs:%s:%s:log-group:*", region, account)},
		}},
	}
}

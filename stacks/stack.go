// Package stacks composes constructs into Terraform stacks, one for each part of the
// platform and environment. Each stack has a file of its name; the files of its parts begin with
// that name. stack.go holds what all stacks share, stack_kubernetes.go what those in the cluster share,
// and stack_pods.go their pods' security groups.
package stacks

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	awsprovider "github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/encryptionkey"
	"plinth/constructs/iamrole"
	"plinth/constructs/policy"
	"plinth/settings"
)

// terraformVersion is the oldest Terraform that locks state in S3 without DynamoDB. OpenTofu 1.10.0 cannot
// read a state with the variable TF_APPEND_USER_AGENT, which cdktf sets.
// https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
// https://github.com/opentofu/opentofu/pull/2955
const terraformVersion = ">= 1.10.1"

// newStack creates the stack <environment>-<name> with a state backend, a minimum Terraform version
// and the AWS provider.
func newStack(scope constructs.Construct, env *settings.Environment, name string) cdktf.TerraformStack {
	stack := cdktf.NewTerraformStack(scope, jsii.String(env.Name+"-"+name))
	// Security: every role that the stack creates has this permissions boundary.
	iamrole.SetBoundary(stack, env.PolicyARN(env.RoleBoundary(name)))
	configureStack(stack, env, name, env.Region)
	return stack
}

// configureStack sets a stack's minimum Terraform version, backend, AWS provider and default tags.
func configureStack(stack cdktf.TerraformStack, env *settings.Environment, name, region string) {
	stack.AddOverride(jsii.String("terraform"), map[string]any{
		"required_version": terraformVersion,
		// cdktf 0.21 does not support this option yet.
		"backend": map[string]any{"s3": map[string]any{"use_lockfile": true}},
	})
	configureBackend(stack, env, name)
	awsprovider.NewAwsProvider(stack, jsii.String("aws"), &awsprovider.AwsProviderConfig{
		Region: &region,
		// Security: the provider refuses credentials of another account, even to plan.
		AllowedAccountIds: jsii.Strings(env.Account),
		DefaultTags:       []*awsprovider.AwsProviderDefaultTags{{Tags: stringPointers(tags(env, name))}},
	})
}

// tags returns the tags of a stack's resources, including the load balancers of the controller.
func tags(env *settings.Environment, stack string) map[string]string {
	all := environmentTags(env)
	all["stack"] = stack
	return all
}

// environmentTags are the tags of all stacks' resources.
func environmentTags(env *settings.Environment) map[string]string {
	return map[string]string{"project": env.Project, "environment": env.Name, "repository": env.Repository}
}

// stateObject returns the key of a stack's state in the bucket.
func stateObject(env *settings.Environment, name string) string {
	return env.Name + "/" + name + ".tfstate"
}

func configureBackend(stack cdktf.TerraformStack, env *settings.Environment, name string) {
	backend := &cdktf.S3BackendConfig{
		Bucket:  jsii.String(env.State.Bucket),
		Key:     jsii.String(stateObject(env, name)),
		Region:  jsii.String(env.State.Region),
		Encrypt: jsii.Bool(true),
	}
	if env.State.Endpoint == "" {
		backend.KmsKeyId = jsii.String(env.State.KMSKey)
		backend.AllowedAccountIds = jsii.Strings(env.Account)
	} else {
		// Not AWS: there is no KMS, no STS and no bucket name in DNS.
		backend.Encrypt = jsii.Bool(false)
		backend.Endpoints = &cdktf.S3BackendEndpointConfig{S3: jsii.String(env.State.Endpoint)}
		backend.UsePathStyle = jsii.Bool(true)
		backend.SkipCredentialsValidation = jsii.Bool(true)
		backend.SkipRegionValidation = jsii.Bool(true)
		backend.SkipRequestingAccountId = jsii.Bool(true)
		backend.SkipMetadataApiCheck = jsii.Bool(true)
	}
	cdktf.NewS3Backend(stack, backend)
}

// newKey creates the KMS key of a stack, which also encrypts its logs. keep sets prevent_destroy.
func newKey(stack cdktf.TerraformStack, env *settings.Environment, id, alias, description string, keep bool, uses ...policy.Statement) *encryptionkey.Key {
	return encryptionkey.New(stack, id, encryptionkey.Config{
		Alias:          env.ResourceName(alias),
		Description:    description,
		Account:        env.Account,
		Region:         env.Region,
		EncryptsLogs:   true,
		Uses:           uses,
		PreventDestroy: keep,
	})
}

// output creates a Terraform output for people. Stacks pass values to each other in Go.
func output(stack cdktf.TerraformStack, name, description string, value any) {
	cdktf.NewTerraformOutput(stack, jsii.String(name), &cdktf.TerraformOutputConfig{
		Description: jsii.String(description),
		Value:       value,
	})
}

func stringPointers(m map[string]string) *map[string]*string {
	pointers := make(map[string]*string, len(m))
	for key, value := range m {
		pointers[key] = jsii.String(value)
	}
	return &pointers
}

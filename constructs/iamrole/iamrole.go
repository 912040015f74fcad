// Package iamrole makes an IAM role: who may assume it, and what it may do.
package iamrole

import (
	"path"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrole"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrolepolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrolepolicyattachment"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/policy"
)

// Config of a role.
type Config struct {
	// Name is at most 64 characters.
	Name        string
	Description string
	// Trust is who may assume the role. Its action defaults to sts:AssumeRole.
	Trust policy.Statement
	// ManagedPolicies are the names of AWS managed policies, for example
	// service-role/AmazonRDSEnhancedMonitoringRole.
	ManagedPolicies []string
	// Statements become the role's only inline policy.
	Statements []policy.Statement
}

// Role is an IAM role.
type Role struct {
	constructs.Construct
	Arn, Name *string
	// Permissions are the role's policies. A resource that uses the role should depend on
	// them: AWS checks permissions when it creates the resource.
	Permissions []cdktf.ITerraformDependable
}

// boundaryContext is the context key of the permissions boundary of a scope's roles.
const boundaryContext = "plinth:permissionsBoundary"

// SetBoundary sets the permissions boundary of all roles that are created below scope from now on.
func SetBoundary(scope constructs.Construct, policyArn string) {
	scope.Node().SetContext(jsii.String(boundaryContext), policyArn)
}

func boundary(scope constructs.Construct) *string {
	arn, ok := scope.Node().TryGetContext(jsii.String(boundaryContext)).(string)
	if !ok {
		return nil
	}
	return &arn
}

// New creates a role.
func New(scope constructs.Construct, id string, config Config) *Role {
	this := constructs.NewConstruct(scope, &id)
	if len(config.Trust.Actions) == 0 {
		config.Trust.Actions = []string{"sts:AssumeRole"}
	}
	role := iamrole.NewIamRole(this, jsii.String("role"), &iamrole.IamRoleConfig{
		Name:                jsii.String(config.Name),
		Description:         jsii.String(config.Description),
		AssumeRolePolicy:    policy.Document(this, "trust", config.Trust),
		PermissionsBoundary: boundary(scope),
	})
	result := &Role{Construct: this, Arn: role.Arn(), Name: role.Name()}
	for _, name := range config.ManagedPolicies {
		attachment := iamrolepolicyattachment.NewIamRolePolicyAttachment(this, jsii.String("managed-"+path.Base(name)),
			&iamrolepolicyattachment.IamRolePolicyAttachmentConfig{
				Role:      result.Name,
				PolicyArn: jsii.String("arn:aws:iam::aws:policy/" + name),
			})
		result.Permissions = append(result.Permissions, attachment)
	}
	if len(config.Statements) > 0 {
		inline := iamrolepolicy.NewIamRolePolicy(this, jsii.String("policy"), &iamrolepolicy.IamRolePolicyConfig{
			Name:   jsii.String("permissions"),
			Role:   result.Name,
			Policy: policy.Document(this, "permissions", config.Statements...),
		})
		result.Permissions = append(result.Permissions, inline)
	}
	return result
}

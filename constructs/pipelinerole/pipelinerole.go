// Package pipelinerole makes an IAM role that pipelines assume by OpenID Connect, without a key.
package pipelinerole

import (
	"fmt"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iampolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrole"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrolepolicyattachment"

	"plinth/constructs/policy"
)

// Config of a role.
type Config struct {
	// Name is at most 64 characters. The names of the role's policies begin with it.
	Name        string
	Description string
	// ProviderArn is the CI's OIDC provider in IAM, Issuer its URL without https://.
	ProviderArn, Issuer string
	// Audience, Subjects and Refs are those of the tokens that may assume the role. A token must match one
	// value of each; Refs may be empty. A subject or a ref may contain stars.
	Audience       string
	Subjects, Refs []string
	// Policies are the role's policies and Boundary its permissions boundary, as JSON documents.
	Policies []string
	Boundary string
	// MaxSessionMinutes is how long a session of the role may last.
	MaxSessionMinutes int
}

// New creates a role.
func New(scope constructs.Construct, id string, config Config) constructs.Construct {
	this := constructs.NewConstruct(scope, &id)
	boundary := newPolicy(this, "boundary", config.Name+"-boundary", "The most that "+config.Name+" may ever do", config.Boundary)
	conditions := []policy.Condition{
		{Test: "StringEquals", Variable: config.Issuer + ":aud", Values: []string{config.Audience}},
		{Test: testFor(config.Subjects), Variable: config.Issuer + ":sub", Values: config.Subjects},
	}
	if len(config.Refs) > 0 {
		conditions = append(conditions, policy.Condition{Test: testFor(config.Refs), Variable: config.Issuer + ":ref", Values: config.Refs})
	}
	role := iamrole.NewIamRole(this, jsii.String("role"), &iamrole.IamRoleConfig{
		Name:                jsii.String(config.Name),
		Description:         jsii.String(config.Description),
		MaxSessionDuration:  jsii.Number(config.MaxSessionMinutes * 60),
		PermissionsBoundary: boundary.Arn(),
		AssumeRolePolicy: policy.Minified(this, "trust", policy.Statement{
			Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
			Principals: []policy.Principal{{Type: "Federated", Identifiers: []string{config.ProviderArn}}},
			// Security: pin both, or every project of the same CI service can assume the role.
			// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
			Conditions: conditions,
		}),
	}).Name()
	for i, document := range config.Policies {
		name := fmt.Sprintf("%s-%d", config.Name, i+1)
		attached := newPolicy(this, fmt.Sprintf("policy-%d", i+1), name, "What "+config.Name+" may do", document)
		iamrolepolicyattachment.NewIamRolePolicyAttachment(this, jsii.String(fmt.Sprintf("attachment-%d", i+1)),
			&iamrolepolicyattachment.IamRolePolicyAttachmentConfig{Role: role, PolicyArn: attached.Arn()})
	}
	return this
}

// testFor returns StringLike only if a value contains a star.
func testFor(values []string) string {
	if strings.Contains(strings.Join(values, ""), "*") {
		return "StringLike"
	}
	return "StringEquals"
}

func newPolicy(scope constructs.Construct, id, name, description, document string) iampolicy.IamPolicy {
	return iampolicy.NewIamPolicy(scope, &id, &iampolicy.IamPolicyConfig{
		Name:        jsii.String(name),
		Description: jsii.String(description),
		Policy:      jsii.String(document),
	})
}

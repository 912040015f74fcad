// Package irsa makes an IAM role for one Kubernetes service account (IAM roles for service
// accounts). On Fargate this is how a pod gets AWS permissions: EKS Pod Identity needs an
// agent on every node, which Fargate does not run.
package irsa

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"

	"plinth/constructs/iamrole"
	"plinth/constructs/policy"
)

// Config of a service account's role.
type Config struct {
	// Name is the role's, at most 64 characters.
	Name        string
	Description string
	// ProviderArn is the cluster's OIDC provider in IAM, Issuer its URL without https://.
	ProviderArn, Issuer string
	// Namespace and ServiceAccounts name the only accounts that may assume the role.
	Namespace       string
	ServiceAccounts []string
	// Statements are what the account's pods may do.
	Statements []policy.Statement
}

// New creates the role.
func New(scope constructs.Construct, id string, config Config) *iamrole.Role {
	var subjects []string
	for _, account := range config.ServiceAccounts {
		subjects = append(subjects, fmt.Sprintf("system:serviceaccount:%s:%s", config.Namespace, account))
	}
	return iamrole.New(scope, id, iamrole.Config{
		Name:        config.Name,
		Description: config.Description,
		Trust: policy.Statement{
			Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
			Principals: []policy.Principal{{Type: "Federated", Identifiers: []string{config.ProviderArn}}},
			// Security: exactly these service accounts, and only tokens for AWS. With StringLike
			// instead of StringEquals, a star in a namespace would widen the trust.
			// https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
			Conditions: []policy.Condition{
				{Test: "StringEquals", Variable: config.Issuer + ":sub", Values: subjects},
				{Test: "StringEquals", Variable: config.Issuer + ":aud", Values: []string{"sts.amazonaws.com"}},
			},
		},
		Statements: config.Statements,
	})
}

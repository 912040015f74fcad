// Package policy writes IAM policy documents from Go values.
package policy

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsiampolicydocument"
)

// Statement allows some actions, or denies them. Plinth does not use Not… elements.
type Statement struct {
	Sid     string
	Deny    bool
	Actions []string
	// Resources is empty in a role's trust policy only.
	Resources []string
	// Principals is set in resource and trust policies only.
	Principals []Principal
	Conditions []Condition
}

// Principal names who may do something: type Service, AWS or Federated, or * for everybody.
type Principal struct {
	Type        string
	Identifiers []string
}

// Condition narrows a statement; all of a statement's conditions must hold.
type Condition struct {
	Test     string
	Variable string
	Values   []string
}

// Service returns principals for AWS services, for example eks.amazonaws.com.
func Service(names ...string) []Principal {
	return []Principal{{Type: "Service", Identifiers: names}}
}

// NotPrincipal is a condition for a Deny: whoever calls is none of these roles and users. A session of
// a role counts as the role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
func NotPrincipal(arns []string) Condition {
	return Condition{Test: "ArnNotLike", Variable: "aws:PrincipalArn", Values: arns}
}

// Document renders statements as an aws_iam_policy_document and returns its JSON.
func Document(scope constructs.Construct, id string, statements ...Statement) *string {
	return document(scope, id, statements).Json()
}

// Minified is like [Document], without white space, for documents near AWS's limit.
func Minified(scope constructs.Construct, id string, statements ...Statement) *string {
	return document(scope, id, statements).MinifiedJson()
}

func document(scope constructs.Construct, id string, statements []Statement) dataawsiampolicydocument.DataAwsIamPolicyDocument {
	rendered := make([]*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatement, 0, len(statements))
	for _, s := range statements {
		rendered = append(rendered, render(s))
	}
	return dataawsiampolicydocument.NewDataAwsIamPolicyDocument(scope, &id,
		&dataawsiampolicydocument.DataAwsIamPolicyDocumentConfig{Statement: rendered})
}

func render(s Statement) *dataawsiampolicydocument.DataAwsIamPolicyDocumentStatement {
	statement := &dataawsiampolicydocument.DataAwsIamPolicyDocumentStatement{
		Actions: jsii.Strings(s.Actions...),
	}
	if s.Sid != "" {
		statement.Sid = jsii.String(s.Sid)
	}
	if s.Deny {
		statement.Effect = jsii.String("Deny")
	}
	if len(s.Resources) > 0 {
		statement.Resources = jsii.Strings(s.Resources...)
	}
	var principals []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatementPrincipals
	for _, p := range s.Principals {
		principals = append(principals, &dataawsiampolicydocument.DataAwsIamPolicyDocumentStatementPrincipals{
			Type: jsii.String(p.Type), Identifiers: jsii.Strings(p.Identifiers...),
		})
	}
	var conditions []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatementCondition
	for _, c := range s.Conditions {
		conditions = append(conditions, &dataawsiampolicydocument.DataAwsIamPolicyDocumentStatementCondition{
			Test: jsii.String(c.Test), Variable: jsii.String(c.Variable), Values: jsii.Strings(c.Values...),
		})
	}
	if principals != nil {
		statement.Principals = principals
	}
	if conditions != nil {
		statement.Condition = conditions
	}
	return statement
}

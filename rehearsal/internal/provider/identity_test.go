package provider_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
)

const issuer = "https://gitlab.example.com"

const trust = `{"Statement": {
	"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
	"Principal": {"Federated": "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com"},
	"Condition": {"StringEquals": {"gitlab.example.com:aud": "aws"}, "StringLike": {"gitlab.example.com:sub": "project_path:acme/plinth:*"}}
}}`

// role creates a role that a pipeline can assume, with a policy of the statements.
func (p *project) role(name, boundary string, statements ...string) {
	p.t.Helper()
	assert.NilError(p.t, p.cloud().Update(func(w *cloud.World) error {
		if len(w.Things["aws_iam_openid_connect_provider"]) == 0 {
			if err := w.Create("aws_iam_openid_connect_provider", "", cloud.Attributes{"url": issuer, "client_id_list": []any{"aws"}}); err != nil {
				return err
			}
		}
		attributes := cloud.Attributes{"name": name, "assume_role_policy": trust}
		if boundary != "" {
			attributes["permissions_boundary"] = boundary
		}
		if err := w.Create("aws_iam_role", "", attributes); err != nil {
			return err
		}
		policy := `{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ",") + `]}`
		return w.Create("aws_iam_role_policy", "", cloud.Attributes{"name": "p", "role": name, "policy": policy})
	}))
}

// as runs the next commands under a role, or as the administrator for an empty name.
func (p *project) as(role string) {
	p.t.Helper()
	if p.environment = nil; role == "" {
		return
	}
	file := filepath.Join(p.folder, "token.jwt")
	p.write(file, iam.NewToken(iam.Claims{
		Issuer: issuer, Subject: "project_path:acme/plinth:ref_type:branch:ref:main", Audience: []string{"aws"}, Expires: time.Now().Add(time.Hour),
	}))
	p.environment = []string{
		"AWS_ACCESS_KEY_ID=", "AWS_ROLE_ARN=arn:aws:iam::111111111111:role/" + role, "AWS_WEB_IDENTITY_TOKEN_FILE=" + file, "AWS_ROLE_SESSION_NAME=plinth",
	}
}

const (
	reads  = `{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}`
	makes  = `{"Effect": "Allow", "Action": ["ec2:CreateVpc", "ec2:CreateSubnet"], "Resource": ["arn:aws:ec2:*:*:vpc/*", "arn:aws:ec2:*:*:subnet/*"], "Condition": {"StringEquals": {"aws:RequestTag/stack": "test"}}}`
	within = `{"Effect": "Allow", "Action": ["ec2:CreateSubnet", "ec2:ModifyVpcAttribute", "ec2:DeleteVpc", "ec2:DeleteSubnet", "ec2:CreateTags"], "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/stack": "test"}}}`
	tags   = `{"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*", "Condition": {"StringEquals": {"ec2:CreateAction": ["CreateVpc", "CreateSubnet"], "aws:RequestTag/stack": "test"}}}`
)

// things is the number of resources of a type.
func (p *project) things(kind string) int {
	p.t.Helper()
	world, err := p.cloud().View()
	assert.NilError(p.t, err)
	return len(world.Things[kind])
}

func (p *project) denied(config, verb string, want ...string) {
	p.t.Helper()
	output, err := p.terraform(config, strings.Fields(verb)...)
	assert.Assert(p.t, err != nil, output)
	for _, words := range want {
		assert.Assert(p.t, strings.Contains(oneLine(output), words), "want %q in:\n%s", words, output)
	}
}

const user = "User: arn:aws:sts::111111111111:assumed-role/"

// TestRole deploys, changes and destroys a network under a role with only these permissions.
func TestRole(t *testing.T) {
	p := newProject(t)
	p.role("deploy", "", reads, makes, within, tags)
	p.role("plan", "", reads)
	p.as("plan")
	p.denied(network, "apply -auto-approve", "creating aws_vpc: AccessDenied", user+"plan/plinth is not authorized to perform: ec2:CreateVpc on resource: "+
		"arn:aws:ec2:eu-west-2:111111111111:vpc/* because no identity-based policy allows the ec2:CreateVpc action")
	assert.Equal(t, p.things("aws_vpc"), 0)

	p.as("deploy")
	p.apply(network)
	p.as("plan")
	assert.Assert(t, strings.Contains(p.plan(network), "No changes."))
	p.denied(network, "destroy -auto-approve", "deleting aws_subnet: AccessDenied", "ec2:DeleteSubnet on resource: arn:aws:ec2:eu-west-2:111111111111:subnet/subnet-")
	assert.Equal(t, p.things("aws_subnet"), 2)

	p.as("deploy")
	tagged := strings.Replace(network, `"10.0.0.0/16"`, "\"10.0.0.0/16\"\n  tags = { Name = \"main\" }", 1)
	p.apply(tagged)
	p.denied(network, "apply -auto-approve", "ec2:DeleteTags on resource: arn:aws:ec2:eu-west-2:111111111111:vpc/vpc-")
	p.destroy(tagged)

	calls, err := p.cloud().Calls()
	assert.NilError(t, err)
	first := calls[slices.IndexFunc(calls, func(c cloud.Call) bool { return c.Allowed && c.Operation == cloud.OperationCreate })]
	assert.Equal(t, first.Action+" "+first.Resource+" "+first.Stack+" "+first.Type, "ec2:CreateVpc arn:aws:ec2:eu-west-2:111111111111:vpc/* test aws_vpc")
	assert.DeepEqual(t, first.Context["aws:RequestTag/stack"], []string{"test"})
	i := slices.IndexFunc(calls, func(c cloud.Call) bool { return c.Action == "ec2:CreateTags" })
	assert.DeepEqual(t, calls[i].Context["ec2:CreateAction"], []string{"CreateVpc"})
	// The log alone is enough to repeat every decision.
	policies := map[string][]string{"plan": {reads}, "deploy": {reads, makes, within, tags}}
	for _, call := range calls {
		document, err := iam.Parse(`{"Statement": [` + strings.Join(policies[call.Role[strings.LastIndex(call.Role, "/")+1:]], ",") + `]}`)
		assert.NilError(t, err)
		assert.Equal(t, iam.Evaluate(call.Request, []*iam.Document{document}, nil).Allowed, call.Allowed, "%+v", call)
	}
}

// TestRoleDenied runs under roles that each lack one permission.
func TestRoleDenied(t *testing.T) {
	const boundaryARN = "arn:aws:iam::111111111111:policy/boundary"
	for _, test := range []struct {
		name, boundary string
		statements     []string
		want           string
	}{
		{"reading", "", []string{makes, within, tags}, "ec2:DescribeVpcs on resource: * because no identity-based policy allows the ec2:DescribeVpcs action"},
		{"another region", "", []string{reads, strings.Replace(makes, "arn:aws:ec2:*:*:vpc/*", "arn:aws:ec2:eu-central-1:*:vpc/*", 1), within, tags}, "ec2:CreateVpc on resource: arn:aws:ec2:eu-west-2:111111111111:vpc/*"},
		{"another tag", "", []string{reads, strings.Replace(makes, `"test"`, `"other"`, 1), within, tags}, "ec2:CreateVpc on resource: arn:aws:ec2:eu-west-2:111111111111:vpc/*"},
		{"tags for what is made", "", []string{reads, makes, within}, "ec2:CreateTags on resource: arn:aws:ec2:eu-west-2:111111111111:vpc/*"},
		{"the network that a subnet is in", "", []string{reads, makes, tags}, "ec2:CreateSubnet on resource: arn:aws:ec2:eu-west-2:111111111111:vpc/vpc-"},
		{"the boundary", `{"Statement": [` + reads + `, {"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:vpc/*"}]}`,
			[]string{reads, makes, within, tags}, "because no permissions boundary allows the ec2:CreateSubnet action"},
		{"a denial", "", []string{reads, makes, within, tags, `{"Effect": "Deny", "Action": "ec2:CreateSubnet", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-2"}}}`},
			"ec2:CreateSubnet on resource: arn:aws:ec2:eu-west-2:111111111111:subnet/* with an explicit deny in an identity-based policy"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, boundary := newProject(t), ""
			if test.boundary != "" {
				boundary = boundaryARN
				assert.NilError(t, p.cloud().Update(func(w *cloud.World) error {
					w.Add("aws_iam_policy", boundaryARN, &cloud.Thing{Attributes: cloud.Attributes{"id": boundaryARN, "arn": boundaryARN, "policy": test.boundary}})
					return nil
				}))
			}
			p.role("deploy", boundary, test.statements...)
			p.as("deploy")
			p.denied(network, "apply -auto-approve", "AccessDenied", test.want)
		})
	}
}

// TestNobody uses credentials that STS refuses.
func TestNobody(t *testing.T) {
	p := newProject(t)
	p.role("deploy", "", reads)
	p.as("nobody")
	p.denied(network, "plan", "configuring the AWS provider: AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	p.as("deploy")
	token := func(c iam.Claims) { p.write(filepath.Join(p.folder, "token.jwt"), iam.NewToken(c)) }
	good := iam.Claims{Issuer: issuer, Subject: "project_path:acme/plinth:x", Audience: []string{"aws"}, Expires: time.Now().Add(time.Hour)}
	other := good
	other.Subject = "project_path:evil/plinth:x"
	token(other)
	p.denied(network, "plan", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	other = good
	other.Issuer = "https://evil.example.com"
	token(other)
	p.denied(network, "plan", "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://evil.example.com")
	other = good
	other.Audience = []string{"gcp"}
	token(other)
	p.denied(network, "plan", "InvalidIdentityToken", "Incorrect token audience")
	other = good
	other.Expires = time.Now().Add(-time.Minute)
	token(other)
	p.denied(network, "plan", "ExpiredTokenException", "must be before the expiration date/time")
	p.write(filepath.Join(p.folder, "token.jwt"), "not a token")
	p.denied(network, "plan", "is not a valid JWT")
}

// TestUnknownCalls: a type with unknown calls needs no permission. The report says so.
func TestUnknownCalls(t *testing.T) {
	p := newProject(t)
	p.role("nothing", "", `{"Effect": "Deny", "Action": "*", "Resource": "*"}`)
	p.as("nothing")
	p.apply(notATypeNamed("a"))
	assert.Equal(t, p.things("aws_not_a_type"), 2)
	p.apply(notATypeNamed("b"))
	p.destroy(notATypeNamed("b"))
	calls, err := p.cloud().Calls()
	assert.NilError(t, err)
	assert.Equal(t, len(calls), 0)
}

// TestRolesInCluster: access entries decide what roles may do in a cluster.
func TestRolesInCluster(t *testing.T) {
	p := newProject(t)
	all := `{"Effect": "Allow", "Action": "*", "Resource": "*"}`
	for _, name := range []string{"deploy", "plan", "stranger", "entered"} {
		if name != "deploy" {
			p.role(name, "", all)
		}
	}
	entry := func(name, policy string) string {
		entry := `resource "aws_eks_access_entry" "` + name + `" {
  cluster_name  = aws_eks_cluster.main.name
  principal_arn = "arn:aws:iam::111111111111:role/` + name + `"
}
`
		if policy != "" {
			entry += `resource "aws_eks_access_policy_association" "` + name + `" {
  cluster_name  = aws_eks_cluster.main.name
  principal_arn = aws_eks_access_entry.` + name + `.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/` + policy + `"
  access_scope {
    type = "cluster"
  }
}
`
		}
		return entry
	}
	entries := entry("plan", "AmazonEKSViewPolicy") + entry("entered", "")
	p.apply(cluster + entries)
	inside := inCluster(p, withChart(p, `apiVersion: v1
kind: ConfigMap
metadata:
  name: web
`)) + entries

	p.as("stranger")
	p.denied(inside, "apply -auto-approve", "Unauthorized", "the server has asked for the client to provide credentials")
	p.as("entered")
	p.denied(inside, "apply -auto-approve", "Forbidden", `namespaces is forbidden: User "arn:aws:sts::111111111111:assumed-role/entered/plinth" cannot create resource "namespaces" in API group "" at the cluster scope`)
	p.as("plan")
	p.denied(inside, "apply -auto-approve", `cannot create resource "namespaces"`)
	p.as("")
	p.apply(inside)
	p.as("plan")
	p.denied(inside, "plan", `secrets is forbidden: User "arn:aws:sts::111111111111:assumed-role/plan/plinth" cannot list resource "secrets" in API group "" in the namespace "web"`)
	driven := strings.Replace(inside, `provider "helm" {`, "provider \"helm\" {\n  helm_driver = \"configmap\"", 1)
	assert.Assert(t, strings.Contains(p.plan(driven), "No changes."))
	p.denied(driven, "destroy -auto-approve -target helm_release.web", `cannot delete resource "configmaps"`)
	p.as("")
	p.destroy(driven)
}

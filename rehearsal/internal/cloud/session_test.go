package cloud

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/iam"
)

const hub = "https://gitlab.example.com"

// tokens is a world with a role that the jobs of one project may assume.
func tokens(t *testing.T) *World {
	t.Helper()
	w := world()
	trust := `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
		"Principal": {"Federated": "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com"},
		"Condition": {"StringEquals": {"gitlab.example.com:aud": "aws"}, "StringLike": {"gitlab.example.com:sub": "project_path:acme/plinth:*"}}}}`
	policy := `{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}`
	assert.NilError(t, w.Create("aws_iam_openid_connect_provider", "", Attributes{"url": hub, "client_id_list": []any{"aws"}}))
	assert.NilError(t, w.Create("aws_iam_role", "", Attributes{"name": "deploy", "path": "/ci/", "assume_role_policy": trust}))
	assert.NilError(t, w.Create("aws_iam_policy", "", Attributes{"name": "managed", "policy": policy}))
	assert.NilError(t, w.Create("aws_iam_role_policy", "", Attributes{"name": "p", "role": "deploy", "policy": policy}))
	assert.NilError(t, w.Create("aws_iam_role_policy_attachment", "", Attributes{"role": "deploy", "policy_arn": "arn:aws:iam::111111111111:policy/managed"}))
	return w
}

func TestAssumeRole(t *testing.T) {
	const role = "arn:aws:iam::111111111111:role/ci/deploy"
	now := time.Now()
	token := func(change func(*iam.Claims)) string {
		c := iam.Claims{Issuer: hub, Subject: "project_path:acme/plinth:ref:main", Audience: []string{"other", "aws"}, Expires: now.Add(time.Minute)}
		change(&c)
		return iam.NewToken(c)
	}
	as := func(*iam.Claims) {}
	w := tokens(t)
	s, err := w.AssumeRoleWithWebIdentity(role, token(as), "plinth", now)
	assert.NilError(t, err)
	assert.Equal(t, s.ARN, "arn:aws:sts::111111111111:assumed-role/deploy/plinth")
	assert.Equal(t, s.RoleARN, role)
	assert.Equal(t, len(s.Identity), 2)
	assert.NilError(t, s.Authorize(iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}))

	for name, test := range map[string]struct {
		role  string
		token string
		want  string
	}{
		"no such role":       {role + "2", token(as), "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"another project":    {role, token(func(c *iam.Claims) { c.Subject = "project_path:evil/plinth:ref:main" }), "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"another audience":   {role, token(func(c *iam.Claims) { c.Audience = []string{"gcp"} }), "InvalidIdentityToken: Incorrect token audience"},
		"another issuer":     {role, token(func(c *iam.Claims) { c.Issuer = "https://evil" }), "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://evil"},
		"too late":           {role, token(func(c *iam.Claims) { c.Expires = now }), "ExpiredTokenException: Token expired"},
		"nothing like a JWT": {role, "a.b", "InvalidIdentityToken: The ID Token provided is not a valid JWT"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.AssumeRoleWithWebIdentity(test.role, test.token, "plinth", now)
			assert.ErrorContains(t, err, test.want)
		})
	}

	// AWS's managed policies are unknown.
	assert.NilError(t, w.Create("aws_iam_role_policy_attachment", "", Attributes{"role": "deploy", "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}))
	_, err = w.AssumeRoleWithWebIdentity(role, token(as), "plinth", now)
	assert.ErrorContains(t, err, "does not know what arn:aws:iam::aws:policy/ReadOnlyAccess allows")
}

// TestClaims: STS reads the branch or tag only from tokens of GitHub's own issuer.
func TestClaims(t *testing.T) {
	const tenant = "token.actions.acme.ghe.com"
	now := time.Now()
	for name, test := range map[string]struct {
		issuer, ref string
		want        bool
	}{
		"GitHub, a branch that may":   {github, "refs/heads/main", true},
		"GitHub, a tag that may":      {github, "refs/tags/v1.0.0", true},
		"GitHub, another branch":      {github, "refs/heads/my-main", false},
		"GitHub, a pull request":      {github, "refs/pull/7/merge", false},
		"GitHub, a token without one": {github, "", false},
		"a tenant's":                  {tenant, "refs/heads/main", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := world()
			assert.NilError(t, w.Create("aws_iam_openid_connect_provider", "", Attributes{"url": "https://" + test.issuer, "client_id_list": []any{"d"}}))
			assert.NilError(t, w.Create("aws_iam_role", "", Attributes{"name": "deploy", "assume_role_policy": `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
				"Principal": {"Federated": "arn:aws:iam::111111111111:oidc-provider/` + test.issuer + `"},
				"Condition": {"StringEquals": {"` + test.issuer + `:aud": "d", "` + test.issuer + `:sub": "repo:acme@1/plinth@2:environment:dev"},
					"StringLike": {"` + test.issuer + `:ref": ["refs/heads/main", "refs/tags/v*"]}}}}`}))
			token := iam.NewToken(iam.Claims{Issuer: "https://" + test.issuer, Subject: "repo:acme@1/plinth@2:environment:dev", Audience: []string{"d"}, Ref: test.ref, Expires: now.Add(time.Minute)})
			_, err := w.AssumeRoleWithWebIdentity("arn:aws:iam::111111111111:role/deploy", token, "plinth", now)
			assert.Equal(t, err == nil, test.want, "%v", err)
		})
	}
}

func TestIdentify(t *testing.T) {
	w := tokens(t)
	file := filepath.Join(t.TempDir(), "token")
	assert.NilError(t, os.WriteFile(file, []byte(iam.NewToken(iam.Claims{
		Issuer: hub, Subject: "project_path:acme/plinth:x", Audience: []string{"aws"}, Expires: time.Now().Add(time.Minute),
	})), 0o600))
	in := func(variables map[string]string) func(string) string {
		return func(name string) string { return variables[name] }
	}
	for _, administrator := range []map[string]string{
		{}, {"AWS_ACCESS_KEY_ID": "k", "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/ci/deploy", "AWS_WEB_IDENTITY_TOKEN_FILE": file},
	} {
		s, err := w.Identify(in(administrator), time.Now())
		assert.NilError(t, err)
		assert.Assert(t, s == nil)
	}
	s, err := w.Identify(in(map[string]string{"AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/ci/deploy", "AWS_WEB_IDENTITY_TOKEN_FILE": file}), time.Now())
	assert.NilError(t, err)
	assert.Equal(t, s.ARN, "arn:aws:sts::111111111111:assumed-role/deploy/plinth")
	_, err = w.Identify(in(map[string]string{"AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/ci/deploy"}), time.Now())
	assert.ErrorContains(t, err, "need each other")
}

// TestAuthorize records decisions up to the first denial.
func TestAuthorize(t *testing.T) {
	c := Open(t.TempDir())
	document, err := iam.Parse(`{"Statement": {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}}`)
	assert.NilError(t, err)
	caller := Caller{Stack: "network", Session: &iam.Session{RoleARN: "arn:aws:iam::111111111111:role/r", ARN: "arn:aws:sts::111111111111:assumed-role/r/s", Identity: []*iam.Document{document}}}
	requests := []iam.Request{{Action: "ec2:DescribeVpcs", Resource: "*"}, {Action: "ec2:DeleteVpc", Resource: "arn:x"}, {Action: "ec2:DescribeSubnets", Resource: "*"}}
	err = c.Authorize(caller, "aws_vpc", "vpc-1", OperationDelete, requests)
	assert.ErrorContains(t, err, "assumed-role/r/s is not authorized to perform: ec2:DeleteVpc on resource: arn:x")
	assert.NilError(t, c.Authorize(Caller{}, "aws_vpc", "vpc-1", OperationDelete, requests))
	calls, err := c.Calls()
	assert.NilError(t, err)
	assert.Equal(t, len(calls), 2)
	assert.Equal(t, calls[0].Allowed, true)
	calls[1].Context = nil
	assert.DeepEqual(t, calls[1], Call{
		Role: "arn:aws:iam::111111111111:role/r", Stack: "network", Type: "aws_vpc", Name: "vpc-1", Operation: "delete",
		Request: iam.Request{Action: "ec2:DeleteVpc", Resource: "arn:x"},
	})
	line, err := json.Marshal(calls[1])
	assert.NilError(t, err)
	assert.Equal(t, string(line), `{"role":"arn:aws:iam::111111111111:role/r","stack":"network","type":"aws_vpc","name":"vpc-1","operation":"delete","action":"ec2:DeleteVpc","resource":"arn:x","allowed":false}`)
}

// TestGroupAccess checks what the Roles of its groups allow a role: installing a release in its own namespace, and
// nothing in another's.
func TestGroupAccess(t *testing.T) {
	const role = "arn:aws:iam::111111111111:role/plinth-dev-deploy-shop"
	s := &iam.Session{RoleARN: role, ARN: "arn:aws:sts::111111111111:assumed-role/plinth-dev-deploy-shop/s"}
	w := world()
	w.Add("aws_eks_cluster", "main", &Thing{Attributes: Attributes{"name": "main", "version": "1.35"}})
	for _, name := range []string{"app", "shop"} {
		w.Add("kubernetes_namespace_v1", "main:"+name, &Thing{Cluster: "main", Attributes: Attributes{"metadata": []any{Attributes{"name": name}}}})
	}
	w.Add("aws_eks_access_entry", "main:"+role, &Thing{Attributes: Attributes{
		"cluster_name": "main", "principal_arn": role, "kubernetes_groups": []any{"plinth:deploy-shop"},
	}})
	release := &Thing{Cluster: "main", Attributes: Attributes{"name": "deploy-roles", "namespace": "kube-system"}}
	assert.NilError(t, w.installChart("kube-system/deploy-roles", release, "../../../charts/deploy-roles", map[string]any{
		"applications": map[string]any{"app": "plinth:deploy-app", "shop": "plinth:deploy-shop"},
	}))
	kinds := []string{
		"ConfigMap", "CronJob", "Deployment", "ExternalSecret", "HorizontalPodAutoscaler", "Ingress", "Job", "PodDisruptionBudget", "Role",
		"RoleBinding", "ScaledObject", "SecretStore", "SecurityGroupPolicy", "Service", "ServiceAccount",
	}
	for _, kind := range kinds {
		for _, verb := range []string{"create", "patch", "delete"} {
			assert.NilError(t, w.AuthorizeKubernetes(s, "main", ObjectRequest(verb, kind+" shop/x")))
			assert.ErrorContains(t, w.AuthorizeKubernetes(s, "main", ObjectRequest(verb, kind+" app/x")), "cannot "+verb)
		}
	}
	assert.NilError(t, w.AuthorizeKubernetes(s, "main", KubernetesRequest{Verb: "get", Resource: "namespaces", Namespace: "shop"}))
	for _, refused := range []KubernetesRequest{
		{Verb: "get", Resource: "namespaces", Namespace: "app"},
		{Verb: "patch", Resource: "namespaces", Namespace: "shop"},
		{Verb: "create", Resource: "namespaces"},
		{Verb: "list", Resource: "namespaces"},
		{Verb: "get", Resource: "secrets", Namespace: "shop"},
		{Verb: "create", Resource: "secrets", Namespace: "shop"},
		{Verb: "get", Resource: "configmaps", Namespace: "kube-system"},
		UnknownObject,
	} {
		assert.ErrorContains(t, w.AuthorizeKubernetes(s, "main", refused), "cannot "+refused.Verb)
	}
	// Without the release there are no rights.
	w.removeOwned("helm_release kube-system/deploy-roles")
	assert.ErrorContains(t, w.AuthorizeKubernetes(s, "main", ObjectRequest("create", "Deployment shop/x")), "cannot create")
}

// TestKubernetesAccess checks what access policies allow a role.
func TestKubernetesAccess(t *testing.T) {
	const role = "arn:aws:iam::111111111111:role/r"
	s := &iam.Session{RoleARN: role, ARN: "arn:aws:sts::111111111111:assumed-role/r/s"}
	namespace := KubernetesRequest{Verb: "create", Resource: "namespaces"}
	pods := KubernetesRequest{Verb: "get", Resource: "pods", Namespace: "app"}
	writes := KubernetesRequest{Verb: "patch", Resource: "configmaps", Namespace: "app"}
	secrets := KubernetesRequest{Verb: "list", Resource: "secrets", Namespace: "app"}
	secretsElsewhere := KubernetesRequest{Verb: "list", Resource: "secrets", Namespace: "other"}
	secretWrites := KubernetesRequest{Verb: "create", Resource: "secrets", Namespace: "app"}
	elsewhere := KubernetesRequest{Verb: "get", Resource: "pods", Namespace: "other"}
	roles := ObjectRequest("create", "Role app/r")
	for _, test := range []struct {
		policy     string
		namespaces []any
		allowed    []KubernetesRequest
		denied     []KubernetesRequest
	}{
		{"AmazonEKSClusterAdminPolicy", nil, []KubernetesRequest{namespace, pods, writes, secrets, elsewhere, roles, UnknownObject}, nil},
		{"AmazonEKSAdminPolicy", nil, []KubernetesRequest{pods, writes, secrets, roles}, []KubernetesRequest{namespace, UnknownObject}},
		{"AmazonEKSEditPolicy", []any{"a*"}, []KubernetesRequest{pods, writes, secrets}, []KubernetesRequest{namespace, elsewhere, roles, UnknownObject}},
		{"AmazonEKSViewPolicy", nil, []KubernetesRequest{pods, elsewhere}, []KubernetesRequest{namespace, writes, secrets, roles}},
		{"AmazonEKSAdminViewPolicy", nil, []KubernetesRequest{pods, secrets}, []KubernetesRequest{writes, namespace}},
		{"AmazonEKSSecretReaderPolicy", []any{"app"}, []KubernetesRequest{secrets}, []KubernetesRequest{pods, writes, namespace, secretsElsewhere, secretWrites}},
		{"", nil, nil, []KubernetesRequest{pods}},
	} {
		t.Run(test.policy, func(t *testing.T) {
			w := world()
			w.Add("aws_eks_access_entry", "main:"+role, &Thing{Attributes: Attributes{"cluster_name": "main", "principal_arn": role}})
			scope := Attributes{"type": "cluster"}
			if test.namespaces != nil {
				scope = Attributes{"type": "namespace", "namespaces": test.namespaces}
			}
			if test.policy != "" {
				w.Add("aws_eks_access_policy_association", "a", &Thing{Attributes: Attributes{
					"cluster_name": "main", "principal_arn": role, "policy_arn": "arn:aws:eks::aws:cluster-access-policy/" + test.policy, "access_scope": []any{scope},
				}})
			}
			for _, r := range test.allowed {
				assert.NilError(t, w.AuthorizeKubernetes(s, "main", r))
			}
			for _, r := range test.denied {
				assert.ErrorContains(t, w.AuthorizeKubernetes(s, "main", r), "cannot "+r.Verb)
			}
			assert.ErrorContains(t, w.AuthorizeKubernetes(s, "other"), "Unauthorized")
			assert.NilError(t, w.AuthorizeKubernetes(nil, "other", namespace))
		})
	}
}

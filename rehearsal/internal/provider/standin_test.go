package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
)

const aws = `provider "aws" {
  region              = "eu-west-2"
  allowed_account_ids = ["111111111111"]
  default_tags {
    tags = { stack = "test" }
  }
}
`

const network = aws + `
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "eu-west-2a"
  tags              = { Name = "a", "kubernetes.io/role/elb" = "1" }
}
resource "aws_subnet" "b" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "eu-west-2b"
  tags              = { Name = "b", "kubernetes.io/role/elb" = "1" }
}
`

const cluster = network + `
resource "aws_iam_role" "cluster" {
  name               = "cluster"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "eks.amazonaws.com" } }] })
}
resource "aws_iam_role" "pods" {
  name               = "pods"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "eks-fargate-pods.amazonaws.com" } }] })
}
resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = aws_iam_role.cluster.arn
  vpc_config {
    subnet_ids = [aws_subnet.a.id, aws_subnet.b.id]
  }
}
resource "aws_eks_access_entry" "admin" {
  cluster_name  = aws_eks_cluster.main.name
  principal_arn = "arn:aws:iam::111111111111:role/deploy"
}
resource "aws_eks_access_policy_association" "admin" {
  cluster_name  = aws_eks_cluster.main.name
  principal_arn = aws_eks_access_entry.admin.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
  access_scope {
    type = "cluster"
  }
}
resource "aws_eks_fargate_profile" "all" {
  cluster_name           = aws_eks_cluster.main.name
  fargate_profile_name   = "all"
  pod_execution_role_arn = aws_iam_role.pods.arn
  subnet_ids             = [aws_subnet.a.id, aws_subnet.b.id]
  selector {
    namespace = "web"
  }
  depends_on = [aws_eks_access_policy_association.admin]
}
`

// inCluster returns a configuration for an existing cluster. Providers are configured before the plan.
func inCluster(p *project, config string) string {
	world, err := p.cloud().View()
	assert.NilError(p.t, err)
	attributes := world.Get("aws_eks_cluster", "main").Attributes
	certificate := attributes["certificate_authority"].([]any)[0].(map[string]any)["data"].(string)
	connection := `host = "` + attributes["endpoint"].(string) + `"
    cluster_ca_certificate = base64decode("` + certificate + `")`
	return cluster + `
provider "kubernetes" {
    ` + connection + `
}
provider "helm" {
  kubernetes = {
    ` + connection + `
  }
}
resource "kubernetes_namespace_v1" "web" {
  metadata {
    name = "web"
  }
  depends_on = [aws_eks_fargate_profile.all]
}
` + config
}

func TestLifecycle(t *testing.T) {
	p := newProject(t)
	p.apply(network)
	assert.Assert(t, strings.Contains(p.plan(network), "No changes."))

	tagged := strings.Replace(network, `"10.0.0.0/16"`, "\"10.0.0.0/16\"\n  tags = { Name = \"main\" }", 1)
	plan := p.plan(tagged)
	assert.Assert(t, strings.Contains(plan, "# aws_vpc.main will be updated in-place"), plan)
	assert.Assert(t, strings.Contains(plan, "0 to add, 1 to change, 0 to destroy"), plan)
	before, err := p.cloud().View()
	assert.NilError(t, err)
	p.apply(tagged)
	after, err := p.cloud().View()
	assert.NilError(t, err)
	for id := range before.Things["aws_vpc"] {
		assert.Assert(t, after.Get("aws_vpc", id) != nil, "the VPC is another one after an update in place")
	}

	moved := strings.Replace(tagged, "10.0.1.0/24", "10.0.2.0/24", 1)
	plan = p.plan(moved)
	assert.Assert(t, strings.Contains(plan, "# aws_subnet.b must be replaced"), plan)
	assert.Assert(t, strings.Contains(plan, "# forces replacement"), plan)
	p.apply(moved)

	p.destroy(moved)
	world, err := p.cloud().View()
	assert.NilError(t, err)
	assert.Equal(t, len(world.Things), 0, "%v", world.Things)
}

// TestDrift edits and deletes resources outside Terraform.
func TestDrift(t *testing.T) {
	p := newProject(t)
	p.apply(network)
	assert.NilError(t, p.cloud().Update(func(w *cloud.World) error {
		w.Each(func(_, id string, thing *cloud.Thing) bool {
			if thing.Attributes["cidr_block"] == "10.0.1.0/24" {
				w.Remove("aws_subnet", id)
			} else {
				thing.Attributes["map_public_ip_on_launch"] = true
			}
			return true
		}, "aws_subnet")
		return nil
	}))
	plan := p.plan(network)
	assert.Assert(t, strings.Contains(plan, "# aws_subnet.b will be created"), plan)
	assert.Assert(t, strings.Contains(plan, "map_public_ip_on_launch") && strings.Contains(plan, "# aws_subnet.a"), plan)
}

// TestMistakes makes one mistake of each kind and checks the message.
func TestMistakes(t *testing.T) {
	for _, test := range []struct {
		name, config string
		want         []string
	}{
		{"an argument that is misspelt", aws + `resource "aws_vpc" "main" {
  cidr_blok = "10.0.0.0/16"
}`, []string{"Unsupported argument", `"cidr_blok"`}},
		{"an argument in the wrong place", cluster + `resource "aws_eks_cluster" "other" {
  name       = "other"
  role_arn   = aws_iam_role.cluster.arn
  subnet_ids = [aws_subnet.a.id]
  vpc_config {
    subnet_ids = [aws_subnet.a.id, aws_subnet.b.id]
  }
}`, []string{"Unsupported argument", `"subnet_ids" is not expected here`}},
		{"a block that is missing", aws + `resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = "arn:aws:iam::111111111111:role/deploy"
}`, []string{"Insufficient vpc_config blocks"}},
		{"a value of the wrong type", aws + `resource "aws_vpc" "main" {
  cidr_block         = "10.0.0.0/16"
  enable_dns_support = "perhaps"
}`, []string{"Incorrect attribute value type", "a bool is required"}},
		{"a reference to what is not there", aws + `resource "aws_subnet" "a" {
  vpc_id     = "vpc-00000000000000000"
  cidr_block = "10.0.0.0/24"
}`, []string{"vpc-00000000000000000 does not exist"}},
		{"an ARN of what is not there", network + `resource "aws_cloudwatch_log_group" "logs" {
  name       = "logs"
  kms_key_id = "arn:aws:kms:eu-west-2:111111111111:key/11111111-2222-3333-4444-555555555555"
}`, []string{"kms_key_id of aws_cloudwatch_log_group", "does not exist"}},
		{"a name of what is not there", aws + `resource "aws_iam_role_policy" "p" {
  name   = "p"
  role   = "nobody"
  policy = jsonencode({ Statement = [] })
}`, []string{`there is no aws_iam_role with name "nobody"`}},
		{"a name that is taken", aws + `
resource "aws_cloudwatch_log_group" "one" {
  name = "logs"
}
resource "aws_cloudwatch_log_group" "two" {
  name = "logs"
}`, []string{"ResourceAlreadyExistsException", "name logs"}},
		{"subnets that overlap", network + `resource "aws_subnet" "c" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.128/25"
  depends_on = [aws_subnet.a]
}`, []string{"InvalidSubnet.Conflict", "conflicts with another subnet"}},
		{"a subnet outside its network", network + `resource "aws_subnet" "c" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.1.0.0/24"
}`, []string{"InvalidSubnet.Range"}},
		{"a principal of nobody", aws + `resource "aws_iam_role" "r" {
  name               = "r"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111111111111:role/nobody" } }] })
}`, []string{"MalformedPolicyDocument", "Invalid principal in policy"}},
		{"a profile in a public subnet", strings.Replace(cluster, `resource "aws_eks_fargate_profile"`, `
resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}
resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
}
resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}
resource "aws_route_table_association" "b" {
  route_table_id = aws_route_table.public.id
  subnet_id      = aws_subnet.b.id
}
resource "aws_eks_fargate_profile"`, 1), []string{"is not a private subnet"}},
		{"a cluster in one zone", strings.Replace(cluster, `"eu-west-2b"`, `"eu-west-2a"`, 1), []string{"at least two availability zones"}},
		{"another account", strings.Replace(network, `["111111111111"]`, `["999999999999"]`, 1), []string{"AWS account ID not allowed: 111111111111"}},
		{"an object without a cluster", aws + `provider "kubernetes" {
  host = "https://nowhere.example.com"
}
resource "kubernetes_namespace_v1" "n" {
  metadata {
    name = "n"
  }
}`, []string{"Kubernetes cluster unreachable"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			message := newProject(t).refused(test.config)
			for _, want := range test.want {
				assert.Assert(t, strings.Contains(message, want), "want %q in:\n%s", want, message)
			}
		})
	}
}

const chartFile = `apiVersion: v2
name: web
version: 1.2.3
`

const ingress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    alb.ingress.kubernetes.io/scheme: internet-facing
spec:
  ingressClassName: alb
  rules:
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
`

// withChart writes a chart with one template and returns a release of it.
func withChart(p *project, template string) string {
	folder := filepath.Join(p.folder, "chart")
	p.write(filepath.Join(folder, "Chart.yaml"), chartFile)
	p.write(filepath.Join(folder, "templates", "web.yaml"), template)
	return `resource "helm_release" "web" {
  name       = "web"
  namespace  = "web"
  chart      = "./chart"
  values     = [jsonencode({ port = 80 })]
  wait       = true
  depends_on = [kubernetes_namespace_v1.web]
}
`
}

// TestCharts installs charts that Helm or Kubernetes would refuse.
func TestCharts(t *testing.T) {
	p := newProject(t)
	p.apply(cluster)
	for _, test := range []struct{ name, template, want string }{
		{"a template that fails", "port: {{ .Values.port.number }}", "web/templates/web.yaml"},
		{"a field that is misspelt", strings.Replace(ingress, "ingressClassName", "ingressClass", 1), "ingressClass"},
		{"a pod that nothing runs", `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: elsewhere
spec:
  containers: [{name: web, image: web}]
`, `namespaces "elsewhere" not found`},
		{"a kind that nothing brings", `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: web
spec: {}
`, `no matches for kind "ExternalSecret"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			message := p.refused(inCluster(p, withChart(p, test.template)))
			assert.Assert(t, strings.Contains(message, test.want), message)
			world, err := p.cloud().View()
			assert.NilError(t, err)
			assert.Assert(t, world.Things["helm_release"] == nil, "a failed release is left")
		})
	}
}

const controller = `resource "helm_release" "controller" {
  name       = "controller"
  namespace  = "web"
  repository = "https://aws.github.io/eks-charts"
  chart      = "aws-load-balancer-controller"
  version    = "3.5.0"
  values     = [jsonencode({ vpcId = aws_vpc.main.id })]
  depends_on = [kubernetes_namespace_v1.web]
}
`

// TestLoadBalancer: an Ingress creates a load balancer, which is deleted with it only while the
// controller runs. Otherwise the network cannot be destroyed.
func TestLoadBalancer(t *testing.T) {
	p := newProject(t)
	p.apply(cluster)
	release := strings.Replace(withChart(p, ingress), "depends_on = [", "depends_on = [helm_release.controller, ", 1)
	whole := inCluster(p, controller+release+`
data "kubernetes_ingress_v1" "web" {
  metadata {
    name      = "web"
    namespace = "web"
  }
  depends_on = [helm_release.web]
}
output "host" {
  value = data.kubernetes_ingress_v1.web.status[0].load_balancer[0].ingress[0].hostname
}
`)
	p.apply(whole)
	world, err := p.cloud().View()
	assert.NilError(t, err)
	assert.Equal(t, len(world.Things["aws_lb"]), 1)
	output, err := p.terraform(whole, "output", "-raw", "host")
	assert.NilError(t, err, output)
	assert.Assert(t, strings.HasSuffix(output, ".eu-west-2.elb.amazonaws.com"), output)

	// The wrong order: the controller first.
	output, err = p.terraform(whole, "state", "rm", "helm_release.web")
	assert.NilError(t, err, output)
	output, err = p.terraform(whole, "destroy", "-auto-approve")
	assert.Assert(t, err != nil, output)
	message := oneLine(output)
	assert.Assert(t, strings.Contains(message, "finalizer ingress.k8s.aws/resources"), message)
	output, err = p.terraform(whole, "state", "rm", "kubernetes_namespace_v1.web")
	assert.NilError(t, err, output)
	output, err = p.terraform(whole, "destroy", "-auto-approve")
	assert.Assert(t, err != nil, output)
	message = oneLine(output)
	assert.Assert(t, strings.Contains(message, "DependencyViolation") && strings.Contains(message, "made by aws-load-balancer-controller"), message)
}

// TestSecrets: a write-only argument is not in the state, an ephemeral value can be read back, and
// a name stays taken until AWS deletes the secret for good.
func TestSecrets(t *testing.T) {
	p := newProject(t)
	secret := aws + `
resource "aws_secretsmanager_secret" "s" {
  name = "s"
}
ephemeral "aws_secretsmanager_random_password" "p" {
  password_length = 40
}
resource "aws_secretsmanager_secret_version" "v" {
  secret_id                = aws_secretsmanager_secret.s.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.p.random_password
  secret_string_wo_version = 1
}
`
	p.apply(secret)
	assert.Assert(t, strings.Contains(p.plan(secret), "No changes."))
	world, err := p.cloud().View()
	assert.NilError(t, err)
	assert.Equal(t, len(world.Secrets), 1)
	state, err := p.terraform(secret, "state", "pull")
	assert.NilError(t, err)
	for _, kept := range world.Secrets {
		assert.Equal(t, len(kept.Value), 40)
		assert.Assert(t, !strings.Contains(state, kept.Value), "the password is in the state")
	}
	p.destroy(secret)
	message := p.refused(secret)
	assert.Assert(t, strings.Contains(message, "already scheduled for deletion"), message)
}

// TestImport imports existing resources into an empty state.
func TestImport(t *testing.T) {
	p := newProject(t)
	p.apply(network)
	world, err := p.cloud().View()
	assert.NilError(t, err)
	for id := range world.Things["aws_vpc"] {
		output, err := p.terraform(network, "state", "rm", "aws_vpc.main")
		assert.NilError(t, err, output)
		output, err = p.terraform(network, "import", "aws_vpc.main", id)
		assert.NilError(t, err, output)
	}
	assert.Assert(t, strings.Contains(p.plan(network), "No changes."))
}

// TestImportIfThere imports a namespace that exists, and creates it where there is none.
func TestImportIfThere(t *testing.T) {
	p := newProject(t)
	p.apply(cluster)
	const namespace = `resource "kubernetes_namespace_v1" "shop" {
  metadata { name = "shop" }
}
`
	p.apply(inCluster(p, namespace))
	adopting := inCluster(p, namespace+`data "kubernetes_all_namespaces" "all" {}
import {
  for_each = setintersection(data.kubernetes_all_namespaces.all.namespaces, ["shop"])
  to       = kubernetes_namespace_v1.shop
  id       = each.key
}
`)
	assert.Assert(t, strings.Contains(p.plan(adopting), "No changes."), "it is in the state")
	output, err := p.terraform(adopting, "state", "rm", "kubernetes_namespace_v1.shop")
	assert.NilError(t, err, output)
	output, err = p.terraform(adopting, "apply", "-auto-approve")
	assert.NilError(t, err, output)
	assert.Assert(t, strings.Contains(output, "1 imported, 0 added, 0 changed"), output)
	p.apply(inCluster(p, ""))
	output, err = p.terraform(adopting, "apply", "-auto-approve")
	assert.NilError(t, err, output)
	assert.Assert(t, strings.Contains(output, "1 added, 0 changed"), output)
}

// notATypeNamed is a resource known by its schema alone, and another that refers to it.
func notATypeNamed(name string) string {
	return aws + `resource "aws_not_a_type" "it" {
  name = "` + name + `"
}
resource "aws_not_a_type" "user" {
  name = "user"
  tags = { of = aws_not_a_type.it.arn, at = "${aws_not_a_type.it.url}/x" }
}
output "name" {
  value = "${aws_not_a_type.it.name} ${aws_not_a_type.it.arn}"
}
`
}

// TestUnknownType creates, changes and deletes a resource that the rehearsal knows by its schema
// alone, and checks its computed attributes.
func TestUnknownType(t *testing.T) {
	p := newProject(t)
	p.apply(notATypeNamed("a"))
	assert.Assert(t, strings.Contains(p.plan(notATypeNamed("a")), "No changes."))
	output, err := p.terraform(notATypeNamed("a"), "output", "-raw", "name")
	assert.NilError(t, err, output)
	assert.Equal(t, output, "a arn:aws:not:eu-west-2:111111111111:a-type/a")
	plan := p.plan(notATypeNamed("b"))
	assert.Assert(t, strings.Contains(plan, "0 to add, 1 to change, 0 to destroy"), plan)
	p.apply(notATypeNamed("b"))
	p.destroy(notATypeNamed("b"))
	assert.Equal(t, p.things("aws_not_a_type"), 0)
}

// TestUnknownTypeInCluster does the same for a Kubernetes type.
func TestUnknownTypeInCluster(t *testing.T) {
	p := newProject(t)
	p.apply(cluster)
	unknown := inCluster(p, `resource "kubernetes_not_a_type" "it" {
  name = "it"
}
`)
	p.apply(unknown)
	assert.Assert(t, strings.Contains(p.plan(unknown), "No changes."))
	p.destroy(unknown)
}

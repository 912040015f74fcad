package provider_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/schema"
)

// packages is the folder of the npm packages with the schemas.
const packages = "../../../node_modules/@cdktf"

const account, region = "111111111111", "eu-west-2"

// providers is a folder with the simulator under each provider's name, built once.
var providers string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "standin")
	if err == nil {
		providers = folder
		err = build()
	}
	code := 1
	if err != nil {
		println(err.Error())
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func build() error {
	first := filepath.Join(providers, "terraform-provider-aws")
	if output, err := exec.Command("go", "build", "-o", first, "../../standin").CombinedOutput(); err != nil {
		println(string(output))
		return err
	}
	for _, name := range []string{"kubernetes", "helm"} {
		if err := os.Link(first, filepath.Join(providers, "terraform-provider-"+name)); err != nil {
			return err
		}
	}
	return nil
}

// project is a folder with a Terraform configuration and its own cloud.
type project struct {
	t              *testing.T
	folder, clouds string
	// environment is added to the process environment. It identifies a role: see as.
	environment []string
}

// types are the types that these configurations use.
var types = map[string][2][]string{
	"aws": {
		{
			"aws_vpc", "aws_subnet", "aws_internet_gateway", "aws_route_table", "aws_route", "aws_route_table_association",
			"aws_security_group", "aws_default_security_group", "aws_iam_role", "aws_iam_role_policy", "aws_cloudwatch_log_group",
			"aws_eks_cluster", "aws_eks_fargate_profile", "aws_eks_access_entry", "aws_eks_access_policy_association",
			"aws_kms_key", "aws_kms_alias", "aws_secretsmanager_secret", "aws_secretsmanager_secret_version",
			"aws_ssm_document", "aws_iam_instance_profile", "aws_instance", "aws_cloudwatch_log_stream", "aws_ec2_client_vpn_endpoint",
			"aws_ec2_client_vpn_network_association", "aws_ec2_client_vpn_authorization_rule", "aws_route53_record", "aws_acm_certificate",
			"aws_acm_certificate_validation", "aws_wafv2_web_acl", "aws_wafv2_web_acl_logging_configuration",
		},
		{
			"aws_iam_policy_document", "aws_caller_identity", "aws_partition", "aws_region", "aws_availability_zones",
			"aws_ssm_parameter", "aws_route53_zone", "aws_lb",
		},
	},
	"kubernetes": {{"kubernetes_namespace_v1", "kubernetes_config_map_v1"}, {"kubernetes_all_namespaces", "kubernetes_ingress_v1"}},
	"helm":       {{"helm_release"}, nil},
}

// schemas are the schemas of the types, as in a rehearsal's folder.
var schemas = sync.OnceValues(func() ([]byte, error) {
	all := map[string]*schema.Provider{}
	for name, kinds := range types {
		extracted, err := schema.Extract(packages, name, kinds[0], kinds[1])
		if err != nil {
			return nil, err
		}
		all[name] = extracted
	}
	all["aws"].Resources["aws_not_a_type"] = notAType()
	all["kubernetes"].Resources["kubernetes_not_a_type"] = notAType()
	return json.Marshal(all)
})

// notAType is the schema of a type that no provider has, so the rehearsal will never know more of it.
func notAType() *schema.Block {
	text, texts := json.RawMessage(`"string"`), json.RawMessage(`["map","string"]`)
	return &schema.Block{Attributes: map[string]*schema.Attribute{
		"id":       {Type: text, Optional: true, Computed: true},
		"name":     {Type: text, Optional: true, Computed: true},
		"tags":     {Type: texts, Optional: true},
		"tags_all": {Type: texts, Optional: true, Computed: true},
		"arn":      {Type: text, Computed: true},
		"url":      {Type: text, Computed: true},
	}}
}

func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{t: t, folder: t.TempDir(), clouds: t.TempDir()}
	content, err := schemas()
	assert.NilError(t, err)
	p.write(filepath.Join(p.clouds, schema.FileName), string(content))
	// Overridden, not installed: terraform init is not needed.
	p.write(filepath.Join(p.folder, "terraform.rc"), `provider_installation {
  dev_overrides {
    "hashicorp/aws"        = "`+providers+`"
    "hashicorp/kubernetes" = "`+providers+`"
    "hashicorp/helm"       = "`+providers+`"
  }
  direct {}
}`)
	assert.NilError(t, p.cloud().Create(account, region, "arn:aws:iam::111111111111:role/deploy"))
	return p
}

func (p *project) cloud() *cloud.Cloud { return cloud.Open(p.clouds) }

func (p *project) write(path, content string) {
	p.t.Helper()
	assert.NilError(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
	assert.NilError(p.t, os.WriteFile(path, []byte(content), 0o600))
}

// terraform runs Terraform on the configuration and returns its output.
func (p *project) terraform(config string, args ...string) (string, error) {
	p.t.Helper()
	p.write(filepath.Join(p.folder, "main.tf"), config)
	command := exec.Command("terraform", append(args, "-no-color")...)
	command.Dir = p.folder
	command.Env = append(os.Environ(),
		"TF_CLI_CONFIG_FILE="+filepath.Join(p.folder, "terraform.rc"), "CHECKPOINT_DISABLE=1", "TF_DISABLE_PLUGIN_TLS=1", "GOGC=400",
		cloud.FolderVariable+"="+p.clouds)
	command.Env = append(command.Env, p.environment...)
	output, err := command.CombinedOutput()
	return string(output), err
}

func (p *project) apply(config string) {
	p.t.Helper()
	output, err := p.terraform(config, "apply", "-auto-approve")
	assert.NilError(p.t, err, output)
}

func (p *project) destroy(config string) {
	p.t.Helper()
	output, err := p.terraform(config, "destroy", "-auto-approve")
	assert.NilError(p.t, err, output)
}

// plan returns the output of a plan.
func (p *project) plan(config string) string {
	p.t.Helper()
	output, err := p.terraform(config, "plan")
	assert.NilError(p.t, err, output)
	return output
}

// refused applies a configuration that must fail, and returns the message on one line.
func (p *project) refused(config string) string {
	p.t.Helper()
	output, err := p.terraform(config, "apply", "-auto-approve")
	assert.Assert(p.t, err != nil, output)
	return oneLine(output)
}

// oneLine removes Terraform's frames and line breaks.
func oneLine(output string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}

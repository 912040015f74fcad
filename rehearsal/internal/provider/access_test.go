package provider_test

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
)

// ways are the ways for people into the network.
const ways = network + `
data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}
resource "aws_ssm_document" "shell" {
  name            = "dev-bastion"
  document_type   = "Session"
  document_format = "JSON"
  content         = jsonencode({ schemaVersion = "1.0", sessionType = "Standard_Stream", inputs = { idleSessionTimeout = "20" } })
}
resource "aws_kms_key" "disk" {}
resource "aws_iam_role" "bastion" {
  name               = "bastion"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_instance_profile" "bastion" {
  name = "bastion"
  role = aws_iam_role.bastion.name
}
resource "aws_security_group" "way" {
  name   = "way"
  vpc_id = aws_vpc.main.id
}
resource "aws_instance" "bastion" {
  ami                         = data.aws_ssm_parameter.image.insecure_value
  instance_type               = "t4g.nano"
  subnet_id                   = aws_subnet.a.id
  vpc_security_group_ids      = [aws_security_group.way.id]
  iam_instance_profile        = aws_iam_instance_profile.bastion.name
  associate_public_ip_address = false
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    http_endpoint               = "enabled"
  }
  root_block_device {
    encrypted             = true
    kms_key_id            = aws_kms_key.disk.arn
    volume_type           = "gp3"
    delete_on_termination = true
  }
}
resource "aws_cloudwatch_log_group" "vpn" {
  name = "/aws/clientvpn/dev"
}
resource "aws_cloudwatch_log_stream" "vpn" {
  name           = "connections"
  log_group_name = aws_cloudwatch_log_group.vpn.name
}
resource "aws_ec2_client_vpn_endpoint" "vpn" {
  client_cidr_block      = "10.100.0.0/22"
  server_certificate_arn = "arn:aws:acm:eu-west-2:111111111111:certificate/0"
  authentication_options {
    type              = "federated-authentication"
    saml_provider_arn = "arn:aws:iam::111111111111:saml-provider/people"
  }
  connection_log_options {
    enabled               = true
    cloudwatch_log_group  = aws_cloudwatch_log_group.vpn.name
    cloudwatch_log_stream = aws_cloudwatch_log_stream.vpn.name
  }
  split_tunnel          = true
  session_timeout_hours = 8
  vpc_id                = aws_vpc.main.id
  security_group_ids    = [aws_security_group.way.id]
}
resource "aws_ec2_client_vpn_network_association" "a" {
  client_vpn_endpoint_id = aws_ec2_client_vpn_endpoint.vpn.id
  subnet_id              = aws_subnet.a.id
}
resource "aws_ec2_client_vpn_authorization_rule" "vpc" {
  client_vpn_endpoint_id = aws_ec2_client_vpn_endpoint.vpn.id
  target_network_cidr    = aws_vpc.main.cidr_block
  authorize_all_groups   = true
}
`

// TestWays creates a bastion and a VPN, changes them and destroys them.
func TestWays(t *testing.T) {
	p := newProject(t)
	p.apply(ways)
	assert.Assert(t, strings.Contains(p.plan(ways), "No changes."))
	changed := strings.NewReplacer(`"20"`, `"30"`, "t4g.nano", "t4g.micro", "session_timeout_hours = 8", "session_timeout_hours = 12").Replace(ways)
	plan := p.plan(changed)
	assert.Assert(t, strings.Contains(plan, "0 to add, 3 to change, 0 to destroy"), plan)
	p.apply(changed)
	assert.Assert(t, strings.Contains(p.plan(changed), "No changes."))
	// AWS publishes a newer image.
	assert.NilError(t, p.cloud().Update(func(w *cloud.World) error { w.NewerImages++; return nil }))
	plan = p.plan(changed)
	assert.Assert(t, strings.Contains(plan, "aws_instance.bastion must be replaced") && strings.Contains(plan, "1 to add, 0 to change, 1 to destroy"), plan)
	p.apply(changed)
	assert.Assert(t, strings.Contains(p.plan(changed), "No changes."))
	plan = p.plan(strings.Replace(changed, "10.100.0.0/22", "10.104.0.0/22", 1))
	assert.Assert(t, strings.Contains(plan, "aws_ec2_client_vpn_endpoint.vpn must be replaced"), plan)
	// The import ids.
	world, err := p.cloud().View()
	assert.NilError(t, err)
	for key := range world.Things["aws_ec2_client_vpn_network_association"] {
		for _, args := range [][]string{{"state", "rm", "aws_ec2_client_vpn_network_association.a"}, {"import", "aws_ec2_client_vpn_network_association.a", key}} {
			output, err := p.terraform(changed, args...)
			assert.NilError(t, err, output)
		}
	}
	assert.Assert(t, strings.Contains(p.plan(changed), "No changes."))
	p.destroy(changed)
}

// edge is what sits in front of the application.
const edge = aws + `
data "aws_route53_zone" "zone" {
  name         = "example.com"
  private_zone = false
}
resource "aws_acm_certificate" "app" {
  domain_name       = "app.example.com"
  validation_method = "DNS"
  lifecycle {
    create_before_destroy = true
  }
}
locals {
  proof = tolist(aws_acm_certificate.app.domain_validation_options)[0]
}
resource "aws_route53_record" "proof" {
  zone_id         = data.aws_route53_zone.zone.zone_id
  name            = local.proof.resource_record_name
  type            = local.proof.resource_record_type
  records         = [local.proof.resource_record_value]
  ttl             = 60
  allow_overwrite = true
}
resource "aws_acm_certificate_validation" "app" {
  certificate_arn         = aws_acm_certificate.app.arn
  validation_record_fqdns = [aws_route53_record.proof.fqdn]
}
resource "aws_wafv2_web_acl" "app" {
  name  = "dev-app"
  scope = "REGIONAL"
  default_action {
    allow {}
  }
  rule = [
    {
      name              = "rate"
      priority          = 0
      action            = { block = {} }
      statement         = { rate_based_statement = { aggregate_key_type = "IP", limit = 2000, evaluation_window_sec = 300 } }
      visibility_config = { cloudwatch_metrics_enabled = true, sampled_requests_enabled = true, metric_name = "rate" }
    },
    {
      name              = "common"
      priority          = 1
      override_action   = { none = {} }
      statement         = { managed_rule_group_statement = { vendor_name = "AWS", name = "AWSManagedRulesCommonRuleSet" } }
      visibility_config = { cloudwatch_metrics_enabled = true, sampled_requests_enabled = true, metric_name = "common" }
    },
  ]
  visibility_config {
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = true
    metric_name                = "dev-app"
  }
}
resource "aws_cloudwatch_log_group" "waf" {
  name = "aws-waf-logs-dev-app"
}
resource "aws_wafv2_web_acl_logging_configuration" "app" {
  resource_arn            = aws_wafv2_web_acl.app.arn
  log_destination_configs = [aws_cloudwatch_log_group.waf.arn]
  redacted_fields {
    single_header {
      name = "authorization"
    }
  }
}
`

// TestEdge: a certificate is validated in a zone outside the stacks. Rules of a web ACL, whose type
// the bindings do not have, are kept unchanged.
func TestEdge(t *testing.T) {
	p := newProject(t)
	assert.Assert(t, strings.Contains(p.refused(edge), "no matching Route 53 Hosted Zone found"))
	assert.NilError(t, p.cloud().Update(func(w *cloud.World) error { return w.GiveZone("example.com") }))
	p.apply(edge)
	assert.Assert(t, strings.Contains(p.plan(edge), "No changes."))
	limited := strings.Replace(edge, "limit = 2000", "limit = 100", 1)
	plan := p.plan(limited)
	assert.Assert(t, strings.Contains(plan, "aws_wafv2_web_acl.app will be updated in-place") && strings.Contains(plan, "2000 -> 100"), plan)
	p.apply(limited)
	assert.Assert(t, strings.Contains(p.plan(limited), "No changes."))
	renamed := strings.ReplaceAll(limited, "app.example.com", "www.example.com")
	p.apply(renamed)
	assert.Assert(t, strings.Contains(p.plan(renamed), "No changes."))
	p.destroy(renamed)
}

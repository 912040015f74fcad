package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestShapes(t *testing.T) {
	for address, want := range map[string]string{
		"aws_db_instance.instance_class":                  `"string", required`,
		"aws_db_instance.id":                              `"string", optional, computed`,
		"aws_db_instance.arn":                             `"string", computed`,
		"aws_db_instance.allocated_storage":               `"number", optional, computed`,
		"aws_db_instance.multi_az":                        `"bool", optional, computed`,
		"aws_db_instance.publicly_accessible":             `"bool", optional`,
		"aws_db_instance.tags":                            `["map","string"], optional`,
		"aws_db_instance.tags_all":                        `["map","string"], optional, computed`,
		"aws_db_instance.vpc_security_group_ids":          `["set","string"], optional, computed`,
		"aws_db_instance.enabled_cloudwatch_logs_exports": `["set","string"], optional`,
		"aws_db_instance.replicas":                        `["list","string"], computed`,
		"aws_db_instance.password":                        `"string", optional, sensitive`,
		"aws_db_instance.password_wo":                     `"string", optional, sensitive, write-only`,
		"aws_db_instance.password_wo_version":             `"number", optional`,
		"aws_db_instance.master_user_secret":              `["list",["object",{"kms_key_id":"string","secret_arn":"string","secret_status":"string"}]], computed`,
		"aws_db_instance.timeouts":                        `single block`,
		"aws_db_instance.timeouts.create":                 `"string", optional`,
		"aws_db_instance.blue_green_update":               `list block, at most 1`,
		"aws_db_instance.restore_to_point_in_time":        `list block, at most 1`,

		"aws_db_parameter_group.parameter":                       `set block`,
		"aws_eks_cluster.vpc_config":                             `list block, at least 1, at most 1`,
		"aws_eks_cluster.vpc_config.subnet_ids":                  `["set","string"], required`,
		"aws_eks_cluster.encryption_config.provider.key_arn":     `"string", required`,
		"aws_eks_cluster.identity":                               `["list",["object",{"oidc":["list",["object",{"issuer":"string"}]]}]], computed`,
		"aws_eks_fargate_profile.selector":                       `set block, at least 1`,
		"aws_eks_fargate_profile.selector.labels":                `["map","string"], optional`,
		"aws_secretsmanager_secret_version.has_secret_string_wo": `"bool", computed`,
		"aws_secretsmanager_secret_version.secret_string_wo":     `"string", optional, sensitive, write-only`,
		"aws_vpc_security_group_ingress_rule.id":                 `"string", computed`,
		"aws_efs_access_point.posix_user.secondary_gids":         `["set","number"], optional`,
		"aws_route_table.route":                                  `["set",["object",{"carrier_gateway_id":"string","cidr_block":"string","core_network_arn":"string","destination_prefix_list_id":"string","egress_only_gateway_id":"string","gateway_id":"string","ipv6_cidr_block":"string","local_gateway_id":"string","nat_gateway_id":"string","network_interface_id":"string","transit_gateway_id":"string","vpc_endpoint_id":"string","vpc_peering_connection_id":"string"}]], optional, computed`,
		"aws_s3tables_table_bucket.encryption_configuration":     `["object",{"kms_key_arn":"string","sse_algorithm":"string"}], optional`,
		"aws_docdb_cluster.master_password_wo":                   `"string", optional, write-only`,
		"aws_ssm_parameter.value":                                `"string", optional, computed, sensitive`,
		"aws_wafv2_web_acl.rule":                                 `"dynamic", optional`,

		"data.aws_iam_policy_document.statement":            `list block`,
		"data.aws_iam_policy_document.statement.principals": `set block`,
		"data.aws_iam_policy_document.json":                 `"string", computed`,
		"data.aws_availability_zones.filter.values":         `["set","string"], required`,
		"data.aws_lb_listener_rule.action.redirect":         `single block`,

		"kubernetes_namespace_v1.metadata":                           `list block, at least 1, at most 1`,
		"kubernetes_config_map_v1.data":                              `["map","string"], optional`,
		"kubernetes_secret_v1.data_wo":                               `["map","string"], optional, write-only`,
		"kubernetes_deployment_v1.spec.template.spec.container.port": `list block`,
		"kubernetes_manifest.wait_for":                               `["object",{"fields":["map","string"]}], optional`,
		"kubernetes_manifest.manifest":                               `"dynamic", required`,
		"data.kubernetes_ingress_v1.status":                          `["list",["object",{"load_balancer":["list",["object",{"ingress":["list",["object",{"hostname":"string","ip":"string"}]]}]]}]], computed`,

		"helm_release.set":                  `list attributes, optional`,
		"helm_release.set.name":             `"string", required`,
		"helm_release.set_sensitive.value":  `"string", required, sensitive`,
		"helm_release.set_wo.value":         `"string", required, write-only`,
		"helm_release.postrender":           `single attributes, optional`,
		"helm_release.metadata":             `single attributes, computed`,
		"helm_release.metadata.app_version": `"string", computed`,
		"data.helm_template.set_wo.value":   `"string", required`,
	} {
		t.Run(address, func(t *testing.T) { assert.Equal(t, at(t, address), want) })
	}
}

// at describes the schema at an address such as data.aws_eks_cluster.identity.
func at(t *testing.T, address string) string {
	t.Helper()
	path, isData := strings.CutPrefix(address, "data.")
	names := strings.Split(path, ".")
	name, _, _ := strings.Cut(path, "_")
	asked := names[:1]
	var block *Block
	if isData {
		provider, err := Extract(packages, name, nil, asked)
		assert.NilError(t, err)
		block = provider.DataSources[names[0]]
	} else {
		provider, err := Extract(packages, name, asked, nil)
		assert.NilError(t, err)
		block = provider.Resources[names[0]]
	}
	attributes, described := block.Attributes, ""
	for _, name := range names[1:] {
		if attribute := attributes[name]; attribute != nil {
			described, block, attributes = describe(attribute), &Block{}, nil
			if attribute.Nested != nil {
				attributes = attribute.Nested.Attributes
			}
		} else if nested := block.Blocks[name]; nested != nil {
			described, block, attributes = describeBlock(nested), nested.Block, nested.Block.Attributes
		} else {
			return name + " is not there"
		}
	}
	return described
}

func describe(a *Attribute) string {
	described := string(a.Type)
	if a.Nested != nil {
		described = a.Nested.Nesting + " attributes"
	}
	for _, flag := range []struct {
		is   bool
		name string
	}{{a.Required, "required"}, {a.Optional, "optional"}, {a.Computed, "computed"}, {a.Sensitive, "sensitive"}, {a.WriteOnly, "write-only"}} {
		if flag.is {
			described += ", " + flag.name
		}
	}
	return described
}

func describeBlock(b *NestedBlock) string {
	described := b.Nesting + " block"
	if b.MinItems > 0 {
		described += fmt.Sprintf(", at least %d", b.MinItems)
	}
	if b.MaxItems > 0 {
		described += fmt.Sprintf(", at most %d", b.MaxItems)
	}
	return described
}

func TestProviders(t *testing.T) {
	for name, want := range map[string]string{"aws": "5.99.1", "kubernetes": "2.38.0", "helm": "3.1.1"} {
		provider, err := Extract(packages, name, nil, nil)
		assert.NilError(t, err)
		assert.Equal(t, provider.Version, want)
		assert.Assert(t, provider.Config.Attributes["alias"] == nil, "%s: alias is Terraform's own", name)
	}
	aws, err := Extract(packages, "aws", nil, nil)
	assert.NilError(t, err)
	assert.Equal(t, describe(aws.Config.Attributes["region"]), `"string", optional`)
	assert.Equal(t, describeBlock(aws.Config.Blocks["default_tags"]), "list block")
	assert.Equal(t, describe(aws.Ephemeral["aws_secretsmanager_random_password"].Attributes["random_password"]), `"string", computed, sensitive`)
	helm, err := Extract(packages, "helm", nil, nil)
	assert.NilError(t, err)
	assert.Equal(t, describe(helm.Config.Attributes["kubernetes"].Nested.Attributes["exec"].Nested.Attributes["args"]), `["list","string"], optional`)
}

// TestJSON reads the JSON of a provider back: the simulators do so whenever Terraform starts
// them.
func TestJSON(t *testing.T) {
	for _, name := range []string{"aws", "helm"} {
		resources := map[string][]string{"aws": {"aws_db_instance", "aws_security_group"}, "helm": {"helm_release"}}[name]
		provider, err := Extract(packages, name, resources, nil)
		assert.NilError(t, err)
		written, err := json.Marshal(provider)
		assert.NilError(t, err)
		read := &Provider{}
		assert.NilError(t, json.Unmarshal(written, read))
		again, err := json.Marshal(read)
		assert.NilError(t, err)
		assert.Equal(t, string(again), string(written))
		for _, of := range resources {
			before, err := provider.Resources[of].Proto()
			assert.NilError(t, err)
			after, err := read.Resources[of].Proto()
			assert.NilError(t, err)
			assert.DeepEqual(t, after, before)
		}
	}
}

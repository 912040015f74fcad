package cloud

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

const (
	shellDocument = `{"schemaVersion":"1.0","description":"A shell","sessionType":"Standard_Stream","inputs":{"idleSessionTimeout":"20"}}`
	certificate   = "arn:aws:acm:eu-west-2:111111111111:certificate/0"
	rateRule      = `{"name": "rate", "priority": 0, "action": {"block": {}}, "statement": {"rate_based_statement": {"limit": 100}}, "visibility_config": {"metric_name": "rate"}}`
	commonRule    = `{"name": "common", "priority": 1, "override_action": {"none": {}},
		"statement": {"managed_rule_group_statement": {"vendor_name": "AWS", "name": "AWSManagedRulesCommonRuleSet"}}, "visibility_config": {"metric_name": "common"}}`
)

// reached is a world with two VPCs, a bastion's role and a zone, and the ids of some resources.
func reached(t *testing.T) (w *World, ids map[string]string) {
	t.Helper()
	w, ids = newWorld(), map[string]string{}
	make := func(name, kind string, a Attributes) {
		assert.NilError(t, w.Create(kind, "", a), name)
		ids[name] = text(a, "id")
	}
	make("vpc", "aws_vpc", Attributes{"cidr_block": "10.0.0.0/16"})
	make("other vpc", "aws_vpc", Attributes{"cidr_block": "10.1.0.0/16"})
	subnet := func(name, vpc, cidr, zone string) {
		make(name, "aws_subnet", Attributes{"vpc_id": ids[vpc], "cidr_block": cidr, "availability_zone": "eu-west-2" + zone})
	}
	subnet("a", "vpc", "10.0.0.0/24", "a")
	subnet("a2", "vpc", "10.0.1.0/24", "a")
	subnet("b", "vpc", "10.0.2.0/24", "b")
	subnet("small", "vpc", "10.0.3.0/28", "c")
	subnet("elsewhere", "other vpc", "10.1.0.0/24", "b")
	make("group", "aws_security_group", Attributes{"name": "way", "vpc_id": ids["vpc"]})
	make("other group", "aws_security_group", Attributes{"name": "way", "vpc_id": ids["other vpc"]})
	for name, service := range map[string]string{"bastion": "ec2.amazonaws.com", "pods": "eks.amazonaws.com"} {
		make(name, "aws_iam_role", Attributes{"name": name, "assume_role_policy": `{"Statement":[{"Principal":{"Service":"` + service + `"}}]}`})
		make(name, profileKind, Attributes{"name": name, "role": name})
	}
	make("empty", profileKind, Attributes{"name": "empty"})
	make("key", "aws_kms_key", Attributes{})
	make("log", "aws_cloudwatch_log_group", Attributes{"name": "/vpn"})
	make("waf log", "aws_cloudwatch_log_group", Attributes{"name": "aws-waf-logs-dev"})
	make("acl", webACLKind, Attributes{"name": "made", "scope": "REGIONAL", "default_action": []any{Attributes{"allow": []any{Attributes{}}}}})
	make("vpn", vpnKind, Attributes{
		"client_cidr_block": "10.200.0.0/22", "server_certificate_arn": certificate, "vpc_id": ids["vpc"],
		"authentication_options": []any{Attributes{"type": "certificate-authentication", "root_certificate_chain_arn": certificate}},
	})
	assert.NilError(t, w.GiveZone("example.com"))
	ids["zone"] = text(w.find(zoneKind, "name", "example.com").Attributes, "zone_id")
	ids["acl arn"] = text(w.Get(webACLKind, ids["acl"]).Attributes, "arn")
	ids["arm"], ids["intel"] = w.image("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", 0), w.image("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", 0)
	return w, ids
}

// TestRefusedAtTheEdge creates resources that let people and requests in, and variants that AWS refuses.
func TestRefusedAtTheEdge(t *testing.T) {
	w, ids := reached(t)
	in := func(template string) string {
		var pairs []string
		for name, id := range ids {
			pairs = append(pairs, "<"+name+">", id)
		}
		return strings.NewReplacer(pairs...).Replace(template)
	}
	const countBody = `{"name": "SizeRestrictions_BODY", "action_to_use": {"count": {}}}`
	overriding := func(overrides ...string) string {
		return strings.Replace(commonRule, `"AWSManagedRulesCommonRuleSet"`, `"AWSManagedRulesCommonRuleSet", "rule_action_override": [`+strings.Join(overrides, ",")+"]", 1)
	}
	good := map[string]string{
		documentKind: `{"name": "dev-bastion", "document_type": "Session", "document_format": "JSON", "content": ` + quoted(shellDocument) + `}`,
		profileKind:  `{"name": "more", "role": "bastion"}`,
		instanceKind: `{"ami": "<arm>", "instance_type": "t4g.nano", "subnet_id": "<a>", "vpc_security_group_ids": ["<group>"], "iam_instance_profile": "bastion",
			"root_block_device": [{"encrypted": true, "kms_key_id": "arn:aws:kms:eu-west-2:111111111111:key/<key>"}], "metadata_options": [{"http_tokens": "required"}]}`,
		logStreamKind: `{"name": "connections", "log_group_name": "/vpn"}`,
		vpnKind: `{"client_cidr_block": "10.100.0.0/22", "server_certificate_arn": "` + certificate + `", "session_timeout_hours": 8, "vpc_id": "<vpc>",
			"authentication_options": [{"type": "federated-authentication", "saml_provider_arn": "arn:aws:iam::111111111111:saml-provider/people"}],
			"security_group_ids": ["<group>"], "connection_log_options": [{"enabled": true, "cloudwatch_log_group": "/vpn"}]}`,
		vpnAssociationKind: `{"client_vpn_endpoint_id": "<vpn>", "subnet_id": "<a>"}`,
		vpnRuleKind:        `{"client_vpn_endpoint_id": "<vpn>", "target_network_cidr": "10.0.0.0/16", "authorize_all_groups": true}`,
		recordKind:         `{"zone_id": "<zone>", "name": "x.example.com", "type": "CNAME", "ttl": 60, "records": ["y.example.com"]}`,
		certificateKind:    `{"domain_name": "app.example.com", "validation_method": "DNS"}`,
		webACLKind: `{"name": "dev", "scope": "REGIONAL", "description": "What may reach the load balancer", "default_action": [{"allow": [{}]}],
			"rule": [` + rateRule + `,` + overriding(countBody) + `]}`,
		webACLLoggingKind: `{"resource_arn": "<acl arn>", "log_destination_configs": ["arn:aws:logs:eu-west-2:111111111111:log-group:aws-waf-logs-dev"],
			"redacted_fields": [{"single_header": [{"name": "cookie"}], "method": []}]}`,
	}
	session := func(old, new string) string {
		return `{"content": ` + quoted(strings.Replace(shellDocument, old, new, 1)) + `}`
	}
	rules := func(rules ...string) string { return `{"rule": [` + strings.Join(rules, ",") + `]}` }
	rate := func(old, new string) string { return rules(strings.Replace(rateRule, old, new, 1)) }
	const auth = `{"authentication_options": [`
	for _, test := range []struct{ name, kind, change, want string }{
		{"a document of AWS's name", documentKind, `{"name": "AWS-bastion"}`, "begins with aws"},
		{"a document with a strange name", documentKind, `{"name": "dev bastion"}`, "ValidationException"},
		{"a document of no JSON", documentKind, `{"content": "shell"}`, "InvalidDocumentContent: document dev-bastion: the content is no JSON object"},
		{"a session of another schema", documentKind, session("1.0", "2.2"), `schemaVersion of a session is 1.0, not "2.2"`},
		{"a session of an unknown kind", documentKind, session("Standard_Stream", "Shell"), `sessionType "Shell"`},
		{"a session that idles too long", documentKind, session(`"20"`, `"61"`), "idleSessionTimeout is a text with a number of minutes from 1 to 60"},
		{"minutes that are no text", documentKind, session(`"20"`, `20`), "idleSessionTimeout is a text"},
		{"a profile of no role", profileKind, `{"role": "nobody"}`, `no aws_iam_role with name "nobody"`},
		{"a profile of a name that is taken", profileKind, `{"name": "bastion"}`, "EntityAlreadyExists"},
		{"an image that is not there", instanceKind, `{"ami": "ami-00000000000000000"}`, "InvalidAMIID.NotFound"},
		{"an image for other processors", instanceKind, `{"ami": "<intel>"}`, "does not match the architecture 'x86_64'"},
		{"other processors for an image", instanceKind, `{"instance_type": "t3.nano"}`, "does not match the architecture 'arm64'"},
		{"a size that is none", instanceKind, `{"instance_type": "nano"}`, "Invalid value 'nano' for InstanceType"},
		{"a subnet that is not there", instanceKind, `{"subnet_id": "subnet-00000000000000000"}`, "subnet_id of aws_instance: subnet-00000000000000000 does not exist"},
		{"a group of another network", instanceKind, `{"vpc_security_group_ids": ["<other group>"]}`, "InvalidParameterValue: <a> is in <vpc>"},
		{"a profile that is not there", instanceKind, `{"iam_instance_profile": "nobody"}`, `no aws_iam_instance_profile with name "nobody"`},
		{"a profile with no role", instanceKind, `{"iam_instance_profile": "empty"}`, "has no associated IAM Roles"},
		{"a role that does not trust EC2", instanceKind, `{"iam_instance_profile": "pods"}`, "does not let ec2.amazonaws.com assume it"},
		{"a key that is not there", instanceKind, `{"root_block_device": [{"encrypted": true, "kms_key_id": "arn:aws:kms:eu-west-2:111111111111:key/none"}]}`, "root_block_device.kms_key_id"},
		{"a key for nothing", instanceKind, `{"root_block_device": [{"encrypted": false, "kms_key_id": "arn:aws:kms:eu-west-2:111111111111:key/<key>"}]}`, "InvalidParameterDependency"},
		{"a stream of no group", logStreamKind, `{"log_group_name": "/none"}`, "The specified log group does not exist: /none"},
		{"a stream with a strange name", logStreamKind, `{"name": "a:b"}`, "InvalidParameterException"},
		{"too few clients", vpnKind, `{"client_cidr_block": "10.100.0.0/23"}`, "a network of /12 to /22"},
		{"too many clients", vpnKind, `{"client_cidr_block": "10.0.0.0/11"}`, "a network of /12 to /22"},
		{"clients of no network", vpnKind, `{"client_cidr_block": "10.100.0.1/22"}`, "a network of /12 to /22"},
		{"clients in the network", vpnKind, `{"client_cidr_block": "10.0.4.0/22"}`, "overlaps 10.0.0.0/16 of <vpc>"},
		{"a certificate of another region", vpnKind, `{"server_certificate_arn": "arn:aws:acm:us-east-1:111111111111:certificate/0"}`, "is no certificate in ACM of account 111111111111, region eu-west-2"},
		{"clients with no certificate", vpnKind, auth + `{"type": "certificate-authentication"}]}`, `root_certificate_chain_arn ""`},
		{"people of another account", vpnKind, auth + `{"type": "federated-authentication", "saml_provider_arn": "arn:aws:iam::222222222222:saml-provider/people"}]}`, "no SAML provider in IAM of account"},
		{"people by their word", vpnKind, auth + `{"type": "password"}]}`, `authentication of type "password"`},
		{"a short session", vpnKind, `{"session_timeout_hours": 9}`, "8, 10, 12 or 24 hours, not 9"},
		{"a group in another network", vpnKind, `{"security_group_ids": ["<other group>"]}`, "<other group> is in <other vpc>"},
		{"a group in no network", vpnKind, `{"vpc_id": null}`, "and a VPC with them"},
		{"a log that is not there", vpnKind, `{"connection_log_options": [{"enabled": true, "cloudwatch_log_group": "/none"}]}`, `log group does not exist: "/none"`},
		{"a stream that is not there", vpnKind, `{"connection_log_options": [{"enabled": true, "cloudwatch_log_group": "/vpn", "cloudwatch_log_stream": "s"}]}`, "log stream does not exist: /vpn:s"},
		{"a network of no endpoint", vpnAssociationKind, `{"client_vpn_endpoint_id": "cvpn-endpoint-00000000000000000"}`, "cvpn-endpoint-00000000000000000"},
		{"a subnet of another network", vpnAssociationKind, `{"subnet_id": "<elsewhere>"}`, "<elsewhere> is in <other vpc>"},
		{"a subnet that is too small", vpnAssociationKind, `{"subnet_id": "<small>"}`, "a target network is a /27 or larger"},
		{"a rule for no network", vpnRuleKind, `{"target_network_cidr": "10.0.0.1/16"}`, "is not a network"},
		{"a rule for nobody", vpnRuleKind, `{"authorize_all_groups": false}`, "is for one group or for all"},
		{"a record of no zone", recordKind, `{"zone_id": "ZNONE"}`, `no aws_route53_zone with zone_id "ZNONE"`},
		{"a record of nothing", recordKind, `{"records": []}`, "needs records or an alias"},
		{"a record for ever", recordKind, `{"ttl": null}`, "has no TTL"},
		{"two names for one", recordKind, `{"records": ["a", "b"]}`, "has 2 values, one is allowed"},
		{"another name for the zone", recordKind, `{"name": "example.com."}`, "is not permitted at apex in zone example.com"},
		{"an alias of no load balancer", recordKind, `{"type": "A", "ttl": null, "records": [], "alias": [{"name": "x.eu-west-2.elb.amazonaws.com", "zone_id": "` + albZone + `"}]}`, "that target was not found"},
		{"an alias in another zone", recordKind, `{"type": "A", "ttl": null, "records": [], "alias": [{"name": "x.eu-west-2.elb.amazonaws.com", "zone_id": "<zone>"}]}`, "does not lie within the target zone"},
		{"a certificate for no name", certificateKind, `{"domain_name": "app"}`, `"app" is no domain name`},
		{"a certificate for another that is none", certificateKind, `{"subject_alternative_names": ["app..example.com"]}`, `"app..example.com" is no domain name`},
		{"a certificate on trust", certificateKind, `{"validation_method": "NONE"}`, "validated by DNS or EMAIL"},
		{"a web ACL of a name that is taken", webACLKind, `{"name": "made"}`, "WAFDuplicateItemException"},
		{"a web ACL with a strange name", webACLKind, `{"name": "dev app"}`, "web ACL name"},
		{"a web ACL with a strange description", webACLKind, `{"description": "What's in"}`, "has characters that AWS WAF does not take"},
		{"a web ACL of another scope", webACLKind, `{"scope": "CLOUDFRONT"}`, "of scope REGIONAL only"},
		{"a web ACL that is undecided", webACLKind, `{"default_action": [{"allow": [{}], "block": [{}]}]}`, "either to allow or to block"},
		{"two rules of a priority", webACLKind, rules(rateRule, strings.Replace(commonRule, `"priority": 1`, `"priority": 0`, 1)), `rule "common" has the name or the priority 0`},
		{"two rules of a name", webACLKind, rules(rateRule, strings.Replace(commonRule, `"common"`, `"rate"`, 1)), `rule "rate" has the name or the priority`},
		{"a group with an action", webACLKind, rules(strings.Replace(commonRule, "override_action", "action", 1)), "a group of rules needs an override action"},
		{"a rule that overrides", webACLKind, rate(`"action": {"block"`, `"override_action": {"none"`), "any other rule an action"},
		{"a rule of nothing", webACLKind, rate(`{"rate_based_statement": {"limit": 100}}`, `{}`), "has 0 statements"},
		{"a rule that nobody sees", webACLKind, rate(`"metric_name": "rate"`, `"metric_name": ""`), "no visibility configuration"},
		{"a limit that is too low", webACLKind, rate("100", "9"), "the limit 9 is not from 10"},
		{"a limit in a strange time", webACLKind, rate(`"limit": 100`, `"limit": 100, "evaluation_window_sec": 90`), "not 90"},
		{"a group that AWS does not have", webACLKind, rules(strings.Replace(commonRule, "CommonRuleSet", "RuleSet", 1)), `no managed rule group "AWSManagedRulesRuleSet"`},
		{"a rule overridden twice", webACLKind, rules(overriding(countBody, countBody)), `the override of "SizeRestrictions_BODY" must name a rule once`},
		{"a rule overridden with nothing", webACLKind, rules(overriding(`{"name": "SizeRestrictions_BODY", "action_to_use": {}}`)), "and one action"},
		{"logging of no web ACL", webACLLoggingKind, `{"resource_arn": "<acl arn>s"}`, "does not exist"},
		{"a log of another name", webACLLoggingKind, `{"log_destination_configs": ["arn:aws:logs:eu-west-2:111111111111:log-group:/vpn"]}`, "begins with aws-waf-logs-"},
		{"a log with its streams", webACLLoggingKind, `{"log_destination_configs": ["arn:aws:logs:eu-west-2:111111111111:log-group:aws-waf-logs-dev:*"]}`, "The ARN isn't valid"},
		{"a log group that is not there", webACLLoggingKind, `{"log_destination_configs": ["arn:aws:logs:eu-west-2:111111111111:log-group:aws-waf-logs-x"]}`, "does not exist"},
		{"logging to nothing", webACLLoggingKind, `{"log_destination_configs": []}`, "one destination, not to 0"},
		{"two parts of a request at once", webACLLoggingKind, `{"redacted_fields": [{"single_header": [{"name": "cookie"}], "method": [{}]}]}`, "names 2 parts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.ErrorContains(t, w.Create(test.kind, "", with(t, decoded(t, in(good[test.kind])), in(test.change))), in(test.want))
		})
	}
	for name, a := range good {
		assert.NilError(t, w.Create(name, "", decoded(t, in(a))), name)
		if !slices.Contains([]string{instanceKind, vpnKind, certificateKind}, name) {
			assert.Assert(t, w.Create(name, "", decoded(t, in(a))) != nil, "two of %s", name)
		}
	}
	for change, want := range map[string]string{
		`{"subnet_id": "<a2>"}`: "is already associated with <a> in zone eu-west-2a",
		`{"subnet_id": "<b>"}`:  "",
	} {
		err := w.Create(vpnAssociationKind, "", with(t, decoded(t, in(good[vpnAssociationKind])), in(change)))
		if want == "" {
			assert.NilError(t, err)
		} else {
			assert.ErrorContains(t, err, in(want))
		}
	}
	record := with(t, decoded(t, in(good[recordKind])), `{"type": "A", "records": ["192.0.2.1"]}`)
	assert.ErrorContains(t, w.Create(recordKind, "", record), "a conflicting RRSet of type CNAME")
	again := with(t, decoded(t, in(good[recordKind])), `{"records": ["z.example.com"], "allow_overwrite": true}`)
	assert.NilError(t, w.Create(recordKind, "", again))
	assert.DeepEqual(t, w.Get(recordKind, ids["zone"]+"_x.example.com_CNAME").Attributes["records"], []any{"z.example.com"})
}

// TestMadeAtTheEdge checks ids, ARNs and what AWS computes.
func TestMadeAtTheEdge(t *testing.T) {
	w, ids := reached(t)
	create := func(kind string, a Attributes) Attributes {
		assert.NilError(t, w.Create(kind, "", a))
		return a
	}
	document := create(documentKind, Attributes{"name": "bastion", "document_type": "Session", "content": shellDocument})
	assert.Equal(t, fmt.Sprint(document["arn"], document["description"], document["schema_version"], document["latest_version"]), "arn:aws:ssm:eu-west-2:111111111111:document/bastionA shell1.01")
	document = with(t, document, `{"tags": {"a": "b"}}`)
	assert.NilError(t, w.Change(documentKind, "", document))
	assert.Equal(t, document["latest_version"], "1")
	document = with(t, document, `{"content": `+quoted(strings.Replace(shellDocument, "20", "30", 1))+`}`)
	assert.NilError(t, w.Change(documentKind, "", document))
	assert.Equal(t, document["latest_version"], "2")

	assert.Equal(t, w.Get(profileKind, "bastion").Attributes["arn"], "arn:aws:iam::111111111111:instance-profile/bastion")
	instance := create(instanceKind, Attributes{"ami": ids["arm"], "instance_type": "t4g.nano", "subnet_id": ids["a"], "root_block_device": []any{Attributes{"encrypted": true}}})
	assert.Equal(t, instance["arn"], "arn:aws:ec2:eu-west-2:111111111111:instance/"+text(instance, "id"))
	assert.Equal(t, fmt.Sprint(instance["private_ip"], instance["availability_zone"]), "10.0.0.10eu-west-2a")
	assert.Assert(t, strings.HasPrefix(text(instance, "root_block_device.volume_id"), "vol-"))

	vpn := w.Get(vpnKind, ids["vpn"]).Attributes
	assert.Equal(t, vpn["arn"], "arn:aws:ec2:eu-west-2:111111111111:client-vpn-endpoint/"+ids["vpn"])
	association := create(vpnAssociationKind, Attributes{"client_vpn_endpoint_id": ids["vpn"], "subnet_id": ids["a"]})
	assert.Equal(t, association["vpc_id"], ids["vpc"])
	rule := create(vpnRuleKind, Attributes{"client_vpn_endpoint_id": ids["vpn"], "target_network_cidr": "10.0.0.0/16", "access_group_id": "ops"})
	assert.Equal(t, rule["id"], ids["vpn"]+",10.0.0.0/16,ops")
	stream := create(logStreamKind, Attributes{"name": "s", "log_group_name": "/vpn"})
	assert.Equal(t, stream["arn"], "arn:aws:logs:eu-west-2:111111111111:log-group:/vpn:log-stream:s")

	record := create(recordKind, Attributes{"zone_id": ids["zone"], "name": "App", "type": "A", "ttl": 60.0, "records": []any{"192.0.2.1"}})
	assert.Equal(t, fmt.Sprint(record["id"], record["fqdn"]), ids["zone"]+"_app_Aapp.example.com")
	acl := w.Get(webACLKind, ids["acl"]).Attributes
	assert.Equal(t, acl["arn"], "arn:aws:wafv2:eu-west-2:111111111111:regional/webacl/made/"+ids["acl"])
	token := acl["lock_token"]
	acl = with(t, acl, `{"rule": [`+rateRule+`, `+commonRule+`]}`)
	assert.NilError(t, w.Change(webACLKind, "", acl))
	assert.Assert(t, acl["lock_token"] != token)
	assert.Equal(t, capacity(acl), 702.0)

	image, err := w.ReadData("aws_ssm_parameter", Attributes{"name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"})
	assert.NilError(t, err)
	assert.Equal(t, image["insecure_value"], ids["arm"])
	assert.Equal(t, image["arn"], "arn:aws:ssm:eu-west-2::parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64")
	w.NewerImages = 1
	newer, err := w.ReadData("aws_ssm_parameter", Attributes{"name": image["id"]})
	assert.NilError(t, err)
	assert.Assert(t, newer["insecure_value"] != ids["arm"])
	assert.Equal(t, newer["version"], 2.0)
	for _, id := range []string{ids["arm"], text(newer, "insecure_value")} {
		assert.Equal(t, w.images()[id], "arm64", "an older image stays")
	}
	_, err = w.ReadData("aws_ssm_parameter", Attributes{"name": "/dev/password"})
	assert.ErrorContains(t, err, "ParameterNotFound")

	for config, want := range map[string]string{
		`{"name": "example.com."}`:                         "",
		`{"zone_id": "` + ids["zone"] + `"}`:               "",
		`{"name": "example.com", "private_zone": true}`:    "no matching Route 53 Hosted Zone found",
		`{"name": "example.org", "private_zone": false}`:   `there is no zone "example.org"`,
		`{"name": "two.example.com", "vpc_id": null}`:      "multiple Route 53 Hosted Zones matched",
		`{"zone_id": "ZNONE", "name": null, "tags": null}`: `no aws_route53_zone with zone_id "ZNONE"`,
	} {
		if strings.Contains(config, "two") {
			assert.NilError(t, w.GiveZone("two.example.com"))
			assert.NilError(t, w.GiveZone("two.example.com"))
		}
		zone, err := w.ReadData("aws_route53_zone", decoded(t, config))
		if want == "" {
			assert.NilError(t, err)
			assert.Equal(t, fmt.Sprint(zone["zone_id"], zone["arn"]), ids["zone"]+"arn:aws:route53:::hostedzone/"+ids["zone"])
		} else {
			assert.ErrorContains(t, err, want)
		}
	}
}

// TestCertificate: it is valid once its proof is in the zone. A load balancer that uses it protects it.
func TestCertificate(t *testing.T) {
	w, ids := reached(t)
	a := Attributes{"domain_name": "app.example.com", "validation_method": "DNS"}
	assert.NilError(t, w.Create(certificateKind, "", a))
	arn := text(a, "arn")
	proofs := nestedBlocks(a, "domain_validation_options")
	assert.Equal(t, len(proofs), 1)
	name := text(proofs[0], "resource_record_name")
	assert.Assert(t, strings.HasSuffix(name, ".app.example.com.") && strings.HasPrefix(name, "_"), name)
	another := Attributes{"domain_name": "app.example.com", "validation_method": "DNS", "subject_alternative_names": []any{"*.app.example.com"}}
	assert.NilError(t, w.Create(certificateKind, "", another))
	assert.DeepEqual(t, nestedBlocks(another, "domain_validation_options")[0], proofs[0])
	assert.Equal(t, len(nestedBlocks(another, "domain_validation_options")), 2)

	validation := func() Attributes {
		return Attributes{"certificate_arn": arn, "validation_record_fqdns": []any{dnsName(name)}}
	}
	assert.ErrorContains(t, w.Create(validationKind, "", validation()), "the last state is PENDING_VALIDATION")
	assert.ErrorContains(t, w.Create(validationKind, "", Attributes{"certificate_arn": arn, "validation_record_fqdns": []any{"other.example.com"}}), "missing app.example.com DNS validation record")
	record := Attributes{"zone_id": ids["zone"], "name": name, "type": "CNAME", "ttl": 60.0, "records": []any{"wrong.example.com"}}
	assert.NilError(t, w.Create(recordKind, "", record))
	assert.ErrorContains(t, w.Create(validationKind, "", validation()), "the last state is PENDING_VALIDATION")
	assert.NilError(t, w.Change(recordKind, "", with(t, record, `{"records": [`+quoted(text(proofs[0], "resource_record_value"))+`]}`)))

	balanced := func() error {
		return w.checkBalancer(decoded(t, `{"metadata": {"annotations": {"alb.ingress.kubernetes.io/certificate-arn": "`+arn+`"}}}`))
	}
	assert.ErrorContains(t, balanced(), "UnsupportedCertificate")
	assert.NilError(t, w.Create(validationKind, "", validation()))
	assert.NilError(t, balanced())
	assert.Equal(t, w.Get(certificateKind, arn).Attributes["status"], "ISSUED")

	w.Add("aws_lb", "lb", &Thing{MadeBy: controllerChart, Attributes: Attributes{"id": "lb", "arn": "lb"}})
	ingress := &Thing{Attributes: decoded(t, `{"metadata": {"annotations": {"alb.ingress.kubernetes.io/certificate-arn": "`+arn+`, `+certificate+`",
		"alb.ingress.kubernetes.io/wafv2-acl-arn": "`+ids["acl arn"]+`"}}}`)}
	w.attach(w.Get("aws_lb", "lb"), ingress)
	assert.NilError(t, w.Delete(validationKind, "", Attributes{"certificate_arn": arn}))
	assert.ErrorContains(t, w.Delete(certificateKind, "", Attributes{"id": arn}), "ResourceInUseException")
	assert.ErrorContains(t, w.Delete(webACLKind, "", Attributes{"id": ids["acl"]}), "WAFAssociatedItemException")
	w.attach(w.Get("aws_lb", "lb"), &Thing{Attributes: decoded(t, `{"metadata": {"annotations": {}}}`)})
	assert.ErrorContains(t, w.Delete(webACLKind, "", Attributes{"id": ids["acl"]}), "WAFAssociatedItemException")
	w.attach(w.Get("aws_lb", "lb"), &Thing{Attributes: decoded(t, `{"metadata": {"annotations": {"alb.ingress.kubernetes.io/wafv2-acl-arn": "none"}}}`)})
	assert.NilError(t, w.Delete(certificateKind, "", Attributes{"id": arn}))
	assert.NilError(t, w.Delete(webACLKind, "", Attributes{"id": ids["acl"]}))
}

// TestAccessLog: Elastic Load Balancing needs a bucket whose policy allows it to write, without a
// KMS key.
func TestAccessLog(t *testing.T) {
	w := newWorld()
	ingress := decoded(t, `{"metadata": {"annotations": {"alb.ingress.kubernetes.io/load-balancer-attributes": "idle_timeout.timeout_seconds=60,access_logs.s3.enabled=true,access_logs.s3.bucket=logs"}}}`)
	assert.ErrorContains(t, w.checkBalancer(ingress), "Access Denied for bucket: logs")
	assert.NilError(t, w.Create("aws_s3_bucket", "", Attributes{"bucket": "logs"}))
	assert.ErrorContains(t, w.checkBalancer(ingress), "InvalidConfigurationRequest")
	assert.NilError(t, w.Create("aws_s3_bucket_policy", "", Attributes{
		"bucket": "logs", "policy": `{"Statement":[{"Principal":{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"}}]}`,
	}))
	assert.NilError(t, w.checkBalancer(ingress))
	w.attach(&Thing{Attributes: Attributes{}}, &Thing{Attributes: ingress})
	assert.ErrorContains(t, w.Delete("aws_s3_bucket", "", Attributes{"id": "logs"}), "BucketNotEmpty")
	assert.NilError(t, w.checkBalancer(decoded(t, `{"metadata": {"annotations": {"alb.ingress.kubernetes.io/load-balancer-attributes": "access_logs.s3.enabled=false"}}}`)))
}

// TestLeavesTheEdge checks the order of deletion, and what a deletion includes.
func TestLeavesTheEdge(t *testing.T) {
	w, ids := reached(t)
	create := func(kind string, a Attributes) Attributes {
		assert.NilError(t, w.Create(kind, "", a))
		return a
	}
	instance := create(instanceKind, Attributes{
		"ami": ids["arm"], "instance_type": "t4g.nano", "subnet_id": ids["a"], "vpc_security_group_ids": []any{ids["group"]}, "iam_instance_profile": "bastion",
	})
	association := create(vpnAssociationKind, Attributes{"client_vpn_endpoint_id": ids["vpn"], "subnet_id": ids["b"]})
	create(vpnRuleKind, Attributes{"client_vpn_endpoint_id": ids["vpn"], "target_network_cidr": "10.0.0.0/16", "authorize_all_groups": true})
	create(logStreamKind, Attributes{"name": "s", "log_group_name": "/vpn"})
	create(recordKind, Attributes{"zone_id": ids["zone"], "name": "app", "type": "A", "ttl": 60.0, "records": []any{"192.0.2.1"}})
	create(webACLLoggingKind, Attributes{"resource_arn": ids["acl arn"], "log_destination_configs": []any{"arn:aws:logs:eu-west-2:111111111111:log-group:aws-waf-logs-dev"}})
	for _, test := range []struct{ kind, id, want string }{
		{"aws_security_group", ids["group"], instanceKind},
		{"aws_subnet", ids["a"], instanceKind},
		{"aws_subnet", ids["b"], vpnAssociationKind},
		{"aws_vpc", ids["vpc"], vpnKind},
		{vpnKind, ids["vpn"], "has target networks that are still associated"},
		{"aws_iam_role", "bastion", "DeleteConflict"},
		{zoneKind, ids["zone"], "HostedZoneNotEmpty"},
	} {
		assert.ErrorContains(t, w.Delete(test.kind, "", Attributes{"id": test.id}), test.want, test.kind)
	}
	for _, step := range []struct{ kind, id string }{
		{profileKind, "bastion"}, // in use, and deleted all the same
		{instanceKind, text(instance, "id")},
		{"aws_security_group", ids["group"]},
		{"aws_iam_role", "bastion"},
		{"aws_cloudwatch_log_group", "/vpn"},
		{webACLKind, ids["acl"]},
	} {
		assert.NilError(t, w.Delete(step.kind, "", Attributes{"id": step.id}), step.kind)
	}
	assert.NilError(t, w.Delete(vpnAssociationKind, "", association))
	assert.NilError(t, w.Delete(vpnKind, "", Attributes{"id": ids["vpn"]}))
	for _, kind := range []string{logStreamKind, webACLLoggingKind, vpnRuleKind} {
		assert.Equal(t, len(w.Things[kind]), 0, kind)
	}
}

// TestGroups: an access entry cannot have Kubernetes' own groups (system:).
func TestGroups(t *testing.T) {
	w := newWorld()
	const dev = "arn:aws:iam::111111111111:role/dev"
	entry := Attributes{"cluster_name": "main", "principal_arn": dev, "kubernetes_groups": []any{"plinth:developers"}}
	w.Given = []string{dev}
	w.Add("aws_eks_cluster", "main", &Thing{Attributes: Attributes{"id": "main", "name": "main"}})
	assert.ErrorContains(t, w.Create("aws_eks_access_entry", "", with(t, entry, `{"kubernetes_groups": ["system:masters"]}`)), "cannot start with system:")
	assert.NilError(t, w.Create("aws_eks_access_entry", "", entry))
}

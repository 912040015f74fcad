package cloud

import (
	"testing"

	"gotest.tools/v3/assert"
)

// TestCallsAtTheEdge checks the provider's calls for resources that let people and requests in.
func TestCallsAtTheEdge(t *testing.T) {
	w, ids := reached(t)
	role := w.Get("aws_iam_role", "bastion").Attributes
	role["permissions_boundary"] = "b"
	arn := func(kind, id string) string { return w.arn("ec2", kind+"/"+id) }
	tags := Attributes{"stack": "s", "Name": "bastion"}
	key := w.arn("kms", "key/"+ids["key"])
	instance := Attributes{
		"id": "i-1", "arn": arn("instance", "i-1"), "ami": ids["arm"], "instance_type": "t4g.nano", "subnet_id": ids["a"], "availability_zone": "eu-west-2a",
		"vpc_security_group_ids": []any{ids["group"]}, "iam_instance_profile": "bastion", "primary_network_interface_id": "eni-1",
		"root_block_device": []any{Attributes{"encrypted": true, "kms_key_id": key, "volume_id": "vol-1", "volume_size": 8.0}},
		"metadata_options":  []any{Attributes{"http_tokens": "required"}}, "tags": Attributes{"Name": "bastion"}, "tags_all": tags,
	}
	vpn := w.Get(vpnKind, ids["vpn"]).Attributes
	vpn = with(t, vpn, `{"tags_all": {"stack": "s"}, "security_group_ids": ["`+ids["group"]+`"], "connection_log_options": [{"enabled": true, "cloudwatch_log_group": "/vpn", "cloudwatch_log_stream": "s"}]}`)
	document := Attributes{"id": "d", "arn": "arn:x:ssm", "name": "d", "document_type": "Session", "content": "a", "latest_version": "1", "tags_all": Attributes{"stack": "s"}}
	profile := Attributes{"id": "p", "arn": "arn:aws:iam::111111111111:instance-profile/p", "name": "p", "role": "bastion", "tags_all": Attributes{"stack": "s"}}
	association := Attributes{"id": "cvpn-assoc-1", "client_vpn_endpoint_id": ids["vpn"], "subnet_id": ids["a"]}
	record := Attributes{"id": "r", "zone_id": ids["zone"], "name": "_X.app.example.com.", "type": "CNAME", "ttl": 60.0, "records": []any{"a"}, "allow_overwrite": true}
	cert := Attributes{"id": certificate, "arn": certificate, "domain_name": "app.example.com", "validation_method": "DNS", "key_algorithm": "RSA_2048", "tags_all": Attributes{"stack": "s"}}
	acl := with(t, w.Get(webACLKind, ids["acl"]).Attributes, `{"tags_all": {"stack": "s"}, "rule": [`+rateRule+`,`+commonRule+`]}`)
	const log = "arn:aws:logs:eu-west-2:111111111111:log-group:aws-waf-logs-dev"
	logging := Attributes{"id": ids["acl arn"], "resource_arn": ids["acl arn"], "log_destination_configs": []any{log}}
	stream := Attributes{"id": "s", "log_group_name": "/vpn", "arn": "arn:aws:logs:eu-west-2:111111111111:log-group:/vpn:log-stream:s"}
	image := "arn:aws:ec2:eu-west-2::image/" + ids["arm"]
	reads := []string{
		"ec2:DescribeInstances *", "ec2:DescribeInstanceTypes *", "ec2:DescribeTags *", "ec2:DescribeVpcs *", "ec2:DescribeInstanceAttribute arn:aws:ec2:instance/i-1",
		"ec2:DescribeVolumes *", "ec2:DescribeInstanceCreditSpecifications *",
	}
	on := func(action, kind, id string) string { return "ec2:" + action + " arn:aws:ec2:" + kind + "/" + id }
	zone := " arn:aws:route53:::hostedzone/" + ids["zone"]
	webACL := " arn:aws:wafv2:regional/webacl/made/" + ids["acl"]
	for _, test := range []struct {
		name, kind, operation string
		before, after         Attributes
		keys                  []string
		want                  []string
	}{
		{"a document, whose tags come with it", documentKind, OperationCreate, nil, document, []string{"aws:RequestTag/stack", "aws:ResourceTag/stack"},
			[]string{
				"ssm:CreateDocument arn:x:ssm aws:RequestTag/stack=s", "ssm:AddTagsToResource arn:x:ssm aws:RequestTag/stack=s",
				"ssm:DescribeDocument arn:x:ssm aws:ResourceTag/stack=s", "ssm:GetDocument arn:x:ssm aws:ResourceTag/stack=s", "ssm:DescribeDocumentPermission arn:x:ssm aws:ResourceTag/stack=s",
			}},
		{"a document with other words", documentKind, OperationUpdate, document, with(t, document, `{"content": "b", "latest_version": "2"}`), nil,
			[]string{"ssm:UpdateDocument arn:x:ssm", "ssm:UpdateDocumentDefaultVersion arn:x:ssm", "ssm:DescribeDocument arn:x:ssm", "ssm:GetDocument arn:x:ssm", "ssm:DescribeDocumentPermission arn:x:ssm"}},
		{"a parameter of AWS's is of no account", "data.aws_ssm_parameter", OperationRead, Attributes{}, Attributes{"arn": "arn:aws:ssm:eu-west-2::parameter/aws/service/x"}, []string{"aws:ResourceAccount"},
			[]string{"ssm:GetParameter arn:aws:ssm:eu-west-2::parameter/aws/service/x aws:ResourceAccount=137112412989"}},
		{"a profile, and who gives away a role", profileKind, OperationCreate, nil, profile, []string{"iam:PassedToService", "aws:RequestTag/stack", "iam:PermissionsBoundary"},
			[]string{
				"iam:CreateInstanceProfile arn:aws:iam::111111111111:instance-profile/p aws:RequestTag/stack=s", "iam:TagInstanceProfile arn:aws:iam::111111111111:instance-profile/p aws:RequestTag/stack=s",
				"iam:GetInstanceProfile arn:aws:iam::111111111111:instance-profile/p", "iam:AddRoleToInstanceProfile arn:aws:iam::111111111111:instance-profile/p",
				"iam:PassRole arn:aws:iam::111111111111:role/bastion iam:PassedToService=ec2.amazonaws.com iam:PermissionsBoundary=b",
				"iam:GetInstanceProfile arn:aws:iam::111111111111:instance-profile/p", "iam:GetRole arn:aws:iam::111111111111:role/bastion iam:PermissionsBoundary=b",
			}},
		{"a profile goes without its role", profileKind, OperationDelete, profile, nil, nil,
			[]string{"iam:RemoveRoleFromInstanceProfile arn:aws:iam::111111111111:instance-profile/p", "iam:DeleteInstanceProfile arn:aws:iam::111111111111:instance-profile/p"}},
		{"an instance and all that it is made of", instanceKind, OperationCreate, nil, instance,
			[]string{"aws:RequestTag/stack", "aws:RequestTag/Name", "ec2:CreateAction", "ec2:Encrypted", "ec2:Owner", "ec2:MetadataHttpTokens", "iam:PassedToService", "kms:ViaService", "kms:GrantIsForAWSResource", "ec2:AssociatePublicIpAddress"},
			append([]string{
				"ec2:DescribeImages *",
				on("RunInstances", "instance", "*") + " aws:RequestTag/stack=s aws:RequestTag/Name=bastion ec2:MetadataHttpTokens=required",
				on("RunInstances", "network-interface", "*") + " ec2:AssociatePublicIpAddress=false",
				on("RunInstances", "volume", "*") + " aws:RequestTag/stack=s ec2:Encrypted=true",
				"ec2:RunInstances " + image + " ec2:Owner=amazon",
				on("RunInstances", "subnet", ids["a"]),
				on("RunInstances", "security-group", ids["group"]),
				on("CreateTags", "instance", "*") + " aws:RequestTag/stack=s aws:RequestTag/Name=bastion ec2:CreateAction=RunInstances",
				on("CreateTags", "volume", "*") + " aws:RequestTag/stack=s ec2:CreateAction=RunInstances",
				"iam:PassRole arn:aws:iam::111111111111:role/bastion iam:PassedToService=ec2.amazonaws.com",
				"kms:DescribeKey arn:aws:kms:key/" + ids["key"] + " kms:ViaService=ec2.eu-west-2.amazonaws.com",
				"kms:GenerateDataKeyWithoutPlaintext arn:aws:kms:key/" + ids["key"] + " kms:ViaService=ec2.eu-west-2.amazonaws.com",
				"kms:Decrypt arn:aws:kms:key/" + ids["key"] + " kms:ViaService=ec2.eu-west-2.amazonaws.com",
				"kms:CreateGrant arn:aws:kms:key/" + ids["key"] + " kms:ViaService=ec2.eu-west-2.amazonaws.com kms:GrantIsForAWSResource=true",
				"ec2:DescribeInstances *",
			}, append([]string{reads[0], reads[1], reads[2], reads[3], reads[4] + " ec2:MetadataHttpTokens=required"}, reads[5:]...)...)},
		{"another size", instanceKind, OperationUpdate, instance, with(t, instance, `{"instance_type": "t4g.micro"}`), []string{"aws:ResourceTag/stack"},
			append([]string{
				on("StopInstances", "instance", "i-1") + " aws:ResourceTag/stack=s", "ec2:DescribeInstances *", on("ModifyInstanceAttribute", "instance", "i-1") + " aws:ResourceTag/stack=s",
				on("StartInstances", "instance", "i-1") + " aws:ResourceTag/stack=s", "ec2:DescribeInstances *",
			}, append([]string{reads[0], reads[1], reads[2], reads[3], reads[4] + " aws:ResourceTag/stack=s"}, reads[5:]...)...)},
		{"a larger disk, other groups and another role", instanceKind, OperationUpdate, instance, with(t, instance, `{"iam_instance_profile": "pods",
			"vpc_security_group_ids": ["`+ids["other group"]+`"], "root_block_device": [{"encrypted": true, "kms_key_id": "`+key+`", "volume_id": "vol-1", "volume_size": 16}]}`), []string{"iam:PassedToService"},
			append([]string{
				"ec2:DescribeIamInstanceProfileAssociations *", on("ReplaceIamInstanceProfileAssociation", "instance", "i-1"),
				"iam:PassRole arn:aws:iam::111111111111:role/pods iam:PassedToService=ec2.amazonaws.com", "ec2:DescribeInstances *",
				on("ModifyVolume", "volume", "vol-1"), "ec2:DescribeVolumesModifications *",
				"ec2:DescribeInstances *", on("ModifyNetworkInterfaceAttribute", "network-interface", "eni-1"), on("ModifyNetworkInterfaceAttribute", "security-group", ids["other group"]),
			}, reads...)},
		{"an instance goes", instanceKind, OperationDelete, instance, nil, nil, []string{on("TerminateInstances", "instance", "i-1"), "ec2:DescribeInstances *"}},
		{"a stream and its group", logStreamKind, OperationCreate, nil, stream, nil,
			[]string{"logs:CreateLogStream arn:aws:logs:log-group:/vpn:log-stream:s", "logs:DescribeLogStreams arn:aws:logs:log-group:/vpn:log-stream:"}},
		{"a VPN, and its own role", vpnKind, OperationCreate, nil, vpn, []string{"ec2:ServerCertificateArn", "ec2:CloudwatchLogStreamArn", "aws:RequestTag/stack", "ec2:CreateAction"},
			[]string{
				on("CreateClientVpnEndpoint", "client-vpn-endpoint", "*") + " ec2:ServerCertificateArn=" + certificate +
					" ec2:CloudwatchLogStreamArn=arn:aws:logs:eu-west-2:111111111111:log-group:/vpn:log-stream:s aws:RequestTag/stack=s",
				on("CreateClientVpnEndpoint", "vpc", ids["vpc"]), on("CreateClientVpnEndpoint", "security-group", ids["group"]),
				on("CreateTags", "client-vpn-endpoint", "*") + " aws:RequestTag/stack=s ec2:CreateAction=CreateClientVpnEndpoint",
				"iam:CreateServiceLinkedRole arn:aws:iam::111111111111:role/aws-service-role/clientvpn.amazonaws.com/AWSServiceRoleForClientVPN",
				"ec2:DescribeClientVpnEndpoints *",
			}},
		{"longer sessions", vpnKind, OperationUpdate, vpn, with(t, vpn, `{"session_timeout_hours": 12}`), nil,
			[]string{
				on("ModifyClientVpnEndpoint", "client-vpn-endpoint", ids["vpn"]), on("ModifyClientVpnEndpoint", "vpc", ids["vpc"]), on("ModifyClientVpnEndpoint", "security-group", ids["group"]),
				"ec2:DescribeClientVpnEndpoints *",
			}},
		{"a leg in a subnet", vpnAssociationKind, OperationCreate, nil, association, nil,
			[]string{
				on("AssociateClientVpnTargetNetwork", "client-vpn-endpoint", ids["vpn"]), on("AssociateClientVpnTargetNetwork", "subnet", ids["a"]),
				on("DescribeClientVpnTargetNetworks", "client-vpn-endpoint", ids["vpn"]),
			}},
		{"no leg any more", vpnAssociationKind, OperationDelete, association, nil, []string{"ec2:ClientRootCertificateChainArn"},
			[]string{
				on("DisassociateClientVpnTargetNetwork", "client-vpn-endpoint", ids["vpn"]) + " ec2:ClientRootCertificateChainArn=" + certificate,
				on("DescribeClientVpnTargetNetworks", "client-vpn-endpoint", ids["vpn"]) + " ec2:ClientRootCertificateChainArn=" + certificate,
			}},
		{"who may where", vpnRuleKind, OperationDelete, Attributes{"id": "r", "client_vpn_endpoint_id": ids["vpn"]}, nil, nil,
			[]string{on("RevokeClientVpnIngress", "client-vpn-endpoint", ids["vpn"]), on("DescribeClientVpnAuthorizationRules", "client-vpn-endpoint", ids["vpn"])}},
		{"a record over another", recordKind, OperationCreate, nil, record,
			[]string{"route53:ChangeResourceRecordSetsNormalizedRecordNames", "route53:ChangeResourceRecordSetsRecordTypes", "route53:ChangeResourceRecordSetsActions", "aws:RequestedRegion"},
			[]string{
				"route53:GetHostedZone" + zone + " aws:RequestedRegion=us-east-1",
				"route53:ChangeResourceRecordSets" + zone + " route53:ChangeResourceRecordSetsNormalizedRecordNames=_x.app.example.com route53:ChangeResourceRecordSetsRecordTypes=CNAME" +
					" route53:ChangeResourceRecordSetsActions=UPSERT aws:RequestedRegion=us-east-1",
				"route53:GetChange arn:aws:route53:::change/C0123456789ABCDEFGHIJ aws:RequestedRegion=us-east-1",
				"route53:GetHostedZone" + zone + " aws:RequestedRegion=us-east-1", "route53:ListResourceRecordSets" + zone + " aws:RequestedRegion=us-east-1",
			}},
		{"a record of another type", recordKind, OperationUpdate, record, with(t, record, `{"type": "TXT", "allow_overwrite": false}`), []string{"route53:ChangeResourceRecordSetsActions", "route53:ChangeResourceRecordSetsRecordTypes"},
			[]string{
				"route53:GetHostedZone" + zone, "route53:ChangeResourceRecordSets" + zone + " route53:ChangeResourceRecordSetsActions=UPSERT route53:ChangeResourceRecordSetsRecordTypes=TXT",
				"route53:GetChange arn:aws:route53:::change/C0123456789ABCDEFGHIJ",
				"route53:GetHostedZone" + zone, "route53:ChangeResourceRecordSets" + zone + " route53:ChangeResourceRecordSetsActions=DELETE,CREATE route53:ChangeResourceRecordSetsRecordTypes=CNAME,TXT",
				"route53:GetChange arn:aws:route53:::change/C0123456789ABCDEFGHIJ", "route53:GetHostedZone" + zone, "route53:ListResourceRecordSets" + zone,
			}},
		{"a record goes", recordKind, OperationDelete, record, nil, []string{"route53:ChangeResourceRecordSetsActions"},
			[]string{
				"route53:GetHostedZone" + zone, "route53:ListResourceRecordSets" + zone, "route53:ChangeResourceRecordSets" + zone + " route53:ChangeResourceRecordSetsActions=DELETE",
				"route53:GetChange arn:aws:route53:::change/C0123456789ABCDEFGHIJ",
			}},
		{"a zone by its name", "data.aws_route53_zone", OperationRead, Attributes{}, Attributes{"name": "example.com", "zone_id": ids["zone"]}, nil,
			[]string{"route53:ListHostedZones *", "route53:GetHostedZone" + zone, "route53:ListTagsForResource" + zone}},
		{"a certificate", certificateKind, OperationCreate, nil, cert, []string{"acm:DomainNames", "acm:ValidationMethod", "aws:RequestTag/stack"},
			[]string{
				"acm:RequestCertificate arn:aws:acm:certificate/* acm:DomainNames=app.example.com acm:ValidationMethod=DNS aws:RequestTag/stack=s",
				"acm:AddTagsToCertificate arn:aws:acm:certificate/* aws:RequestTag/stack=s", "acm:DescribeCertificate arn:aws:acm:certificate/0", "acm:ListTagsForCertificate arn:aws:acm:certificate/0",
			}},
		{"a certificate is waited for", validationKind, OperationCreate, nil, Attributes{"id": "v", "certificate_arn": certificate}, nil,
			[]string{"acm:DescribeCertificate arn:aws:acm:certificate/0", "acm:DescribeCertificate arn:aws:acm:certificate/0"}},
		{"and nothing is removed", validationKind, OperationDelete, Attributes{"id": "v", "certificate_arn": certificate}, nil, nil, nil},
		{"a web ACL with rules of AWS's", webACLKind, OperationCreate, nil, acl, []string{"aws:RequestTag/stack"},
			[]string{
				"wafv2:CreateWebACL arn:aws:wafv2:regional/webacl/made/* aws:RequestTag/stack=s", "wafv2:CreateWebACL arn:aws:wafv2:regional/managedruleset/*/*",
				"wafv2:TagResource arn:aws:wafv2:regional/webacl/made/* aws:RequestTag/stack=s", "wafv2:GetWebACL" + webACL, "wafv2:ListTagsForResource" + webACL,
			}},
		{"a web ACL with other rules", webACLKind, OperationUpdate, acl, with(t, acl, `{"lock_token": "2", "rule": [`+rateRule+`]}`), nil,
			[]string{"wafv2:GetWebACL" + webACL, "wafv2:UpdateWebACL" + webACL, "wafv2:GetWebACL" + webACL, "wafv2:ListTagsForResource" + webACL}},
		{"what a web ACL writes down", webACLLoggingKind, OperationCreate, nil, logging, []string{"wafv2:LogDestinationResource", "aws:CalledVia"},
			[]string{
				"wafv2:PutLoggingConfiguration" + webACL + " wafv2:LogDestinationResource=" + log, "logs:CreateLogDelivery * aws:CalledVia=wafv2.amazonaws.com",
				"logs:DescribeLogGroups arn:aws:logs:log-group::log-stream: aws:CalledVia=wafv2.amazonaws.com", "logs:DescribeResourcePolicies * aws:CalledVia=wafv2.amazonaws.com",
				"logs:PutResourcePolicy * aws:CalledVia=wafv2.amazonaws.com", "wafv2:GetLoggingConfiguration" + webACL,
			}},
		{"less of it", webACLLoggingKind, OperationUpdate, logging, with(t, logging, `{"redacted_fields": [{"method": [{}]}]}`), nil,
			[]string{"wafv2:PutLoggingConfiguration" + webACL, "wafv2:GetLoggingConfiguration" + webACL}},
		{"nothing of it", webACLLoggingKind, OperationDelete, logging, nil, nil, []string{"wafv2:DeleteLoggingConfiguration" + webACL, "logs:DeleteLogDelivery *"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests, err := w.Calls(test.kind, test.operation, test.before, test.after)
			assert.NilError(t, err)
			assert.DeepEqual(t, short(requests, test.keys...), test.want)
		})
	}
	for kind, a := range map[string]Attributes{documentKind: document, profileKind: profile, instanceKind: instance, vpnKind: vpn, certificateKind: cert, webACLKind: acl} {
		requests, err := w.Calls(kind, OperationUpdate, with(t, a, `{"tags_all": {"stack": "s", "old": "x"}}`), with(t, a, `{"tags_all": {"stack": "t"}}`))
		assert.NilError(t, err, kind)
		assert.DeepEqual(t, requests[0].Context["aws:TagKeys"], []string{"old"})
		assert.DeepEqual(t, requests[1].Context["aws:RequestTag/stack"], []string{"t"})
		assert.DeepEqual(t, requests[1].Context["aws:ResourceTag/stack"], []string{"s"})
	}
}

package cloud

import (
	"fmt"
	"strings"
)

const ec2Host = "ec2.amazonaws.com"

// profile is the instance profile with that name.
func (c *calls) profile(name string) resource {
	return c.related(profileKind, "name", name, fmt.Sprintf("arn:aws:iam::%s:instance-profile/%s", c.w.Account, name))
}

// passProfile passes the role of an instance profile to EC2.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
func (c *calls) passProfile(name string) {
	if profile := c.w.find(profileKind, "name", name); profile != nil {
		if role := c.w.find("aws_iam_role", "name", text(profile.Attributes, "role")); role != nil {
			c.passRole(text(role.Attributes, "arn"), ec2Host)
		}
	}
}

// instanceKeys adds IAM's condition keys for an instance, without its tags.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (c *calls) instanceKeys(r resource, a Attributes) resource {
	r = r.with("ec2:Region", c.w.Region).with("ec2:InstanceType", text(a, "instance_type")).with("ec2:Tenancy", "default").
		with("ec2:AvailabilityZone", text(a, "availability_zone")).with("ec2:RootDeviceType", "ebs").with("ec2:EbsOptimized", "false").
		with("ec2:MetadataHttpEndpoint", orElse(text(a, "metadata_options.http_endpoint"), "enabled")).
		with("ec2:MetadataHttpTokens", orElse(text(a, "metadata_options.http_tokens"), "optional")).
		with("ec2:MetadataHttpPutResponseHopLimit", fmt.Sprint(number(a, "metadata_options.http_put_response_hop_limit")))
	if profile := text(a, "iam_instance_profile"); profile != "" {
		r = r.with("ec2:InstanceProfile", c.profile(profile).arn)
	}
	return r
}

// instance is the instance itself.
func (c *calls) instance() resource {
	a := c.before
	if a == nil {
		a = c.after
	}
	return c.instanceKeys(c.ec2Self("instance"), a).with("ec2:InstanceID", text(a, "id"))
}

func onInstance(action string) func(*calls) {
	return func(c *calls) { c.do("ec2:"+action, c.instance()) }
}

// networkInterface is the primary interface of an instance.
func (c *calls) networkInterface(id string, a Attributes) resource {
	subnet := c.subnet(text(a, "subnet_id"))
	r := c.ec2ARN("network-interface", id).with("ec2:Region", c.w.Region).with("ec2:Subnet", subnet.arn).with("ec2:AvailabilityZone", text(a, "availability_zone"))
	if vpc := subnet.context["ec2:Vpc"]; len(vpc) > 0 {
		r = r.with("ec2:Vpc", vpc...)
	}
	return r
}

// volume is an instance's root volume.
func (c *calls) volume(id string, a Attributes) resource {
	return c.ec2ARN("volume", id).with("ec2:Region", c.w.Region).with("ec2:AvailabilityZone", text(a, "availability_zone")).
		with("ec2:Encrypted", fmt.Sprint(flag(a, "root_block_device.encrypted"))).
		with("ec2:VolumeType", orElse(text(a, "root_block_device.volume_type"), "gp3")).
		with("ec2:VolumeSize", fmt.Sprint(number(a, "root_block_device.volume_size")))
}

// defaultTags are the provider's default tags. A volume gets these, but not its instance's own
// tags.
func defaultTags(a Attributes) map[string]string {
	tags := map[string]string{}
	own, _ := a["tags"].(Attributes)
	for key, value := range tagsOf(a) {
		if own[key] == nil {
			tags[key] = value
		}
	}
	return tags
}

// runs adds the calls that create an instance with its parts, all of which AWS authorizes.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
func runs(c *calls) {
	a, tags := c.a, tagsOf(c.after)
	c.do("ec2:DescribeImages") // for the root device name
	image := resource{arn: fmt.Sprintf("arn:aws:ec2:%s::image/%s", c.w.Region, text(a, "ami"))}.with("aws:ResourceAccount", amazon).
		with("ec2:Region", c.w.Region).with("ec2:Owner", "amazon").with("ec2:Public", "true").with("ec2:ImageType", "machine").
		with("ec2:RootDeviceType", "ebs").with("ec2:ImageID", text(a, "ami"))
	card := c.networkInterface("*", a).with("ec2:AssociatePublicIpAddress", fmt.Sprint(flag(a, "associate_public_ip_address")))
	disk := c.volume("*", a).tagged(defaultTags(a))
	made := []resource{c.instanceKeys(c.ec2ARN("instance", "*"), a).tagged(tags), card, disk, image, c.subnet(text(a, "subnet_id"))}
	for _, group := range texts(any(a), "vpc_security_group_ids") {
		made = append(made, c.group(group))
	}
	c.do("ec2:RunInstances", made...)
	c.tagsOnCreate("RunInstances", "instance", tags)
	c.tagsOnCreate("RunInstances", "volume", defaultTags(a))
	c.passProfile(text(a, "iam_instance_profile"))
	// The image is unencrypted: nothing is re-encrypted.
	// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html#ebs-encryption-permissions
	c.encrypts("ec2", text(a, "root_block_device.kms_key_id"), "DescribeKey", "GenerateDataKeyWithoutPlaintext", "Decrypt", "CreateGrant")
	c.do("ec2:DescribeInstances")
}

func init() {
	onProfile := func(action string) func(*calls) { return func(c *calls) { c.do("iam:"+action, c.self()) } }
	gives := func(role string, c *calls) {
		if role != "" {
			onProfile("AddRoleToInstanceProfile")(c)
			// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
			c.do("iam:PassRole", c.role(role).with("iam:PassedToService", ec2Host))
		}
	}
	takes := func(role string, c *calls) {
		if role != "" {
			onProfile("RemoveRoleFromInstanceProfile")(c)
		}
	}
	// The provider stops the instance for each attribute.
	stopped := func(c *calls) {
		onInstance("StopInstances")(c)
		c.do("ec2:DescribeInstances")
		onInstance("ModifyInstanceAttribute")(c)
		onInstance("StartInstances")(c)
		c.do("ec2:DescribeInstances")
	}
	row := ec2("instance", caller{
		create: runs,
		read: func(c *calls) {
			// The tags show a launch template, the VPC whether groups have names or ids.
			looks("ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeTags", "ec2:DescribeVpcs")(c)
			onInstance("DescribeInstanceAttribute")(c)
			c.do("ec2:DescribeVolumes")
			if strings.HasPrefix(text(c.a, "instance_type"), "t") {
				c.do("ec2:DescribeInstanceCreditSpecifications")
			}
		},
		update: []change{
			{"instance_type", stopped}, {"user_data", stopped}, {"user_data_base64", stopped},
			{"iam_instance_profile", func(c *calls) {
				c.do("ec2:DescribeIamInstanceProfileAssociations")
				name := text(c.after, "iam_instance_profile")
				switch {
				case name == "":
					onInstance("DisassociateIamInstanceProfile")(c)
				case text(c.before, "iam_instance_profile") == "":
					c.do("ec2:AssociateIamInstanceProfile", c.instance().with("ec2:NewInstanceProfile", c.profile(name).arn))
				default:
					c.do("ec2:ReplaceIamInstanceProfileAssociation", c.instance().with("ec2:NewInstanceProfile", c.profile(name).arn))
				}
				c.passProfile(name)
				c.do("ec2:DescribeInstances")
			}},
			{"vpc_security_group_ids", func(c *calls) {
				c.do("ec2:DescribeInstances")
				changed := []resource{c.networkInterface(text(c.a, "primary_network_interface_id"), c.a)}
				for _, group := range texts(any(c.after), "vpc_security_group_ids") {
					changed = append(changed, c.group(group))
				}
				c.do("ec2:ModifyNetworkInterfaceAttribute", changed...)
			}},
			{"source_dest_check", onInstance("ModifyInstanceAttribute")}, {"disable_api_stop", onInstance("ModifyInstanceAttribute")},
			{"disable_api_termination", onInstance("ModifyInstanceAttribute")},
			{"instance_initiated_shutdown_behavior", onInstance("ModifyInstanceAttribute")},
			{"metadata_options", func(c *calls) { onInstance("ModifyInstanceMetadataOptions")(c); c.do("ec2:DescribeInstances") }},
			{"maintenance_options", func(c *calls) { onInstance("ModifyInstanceMaintenanceOptions")(c); c.do("ec2:DescribeInstances") }},
			{"credit_specification", onInstance("ModifyInstanceCreditSpecification")},
			{"monitoring", func(c *calls) {
				if flag(c.after, "monitoring") {
					onInstance("MonitorInstances")(c)
				} else {
					onInstance("UnmonitorInstances")(c)
				}
			}},
			{"root_block_device", func(c *calls) {
				const disk = "root_block_device."
				for _, attribute := range []string{"volume_size", "volume_type", "iops", "throughput"} {
					if !same(dig(c.before, disk+attribute), dig(c.after, disk+attribute)) {
						// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html
						c.do("ec2:ModifyVolume", c.volume(text(c.a, disk+"volume_id"), c.a))
						c.do("ec2:DescribeVolumesModifications")
						break
					}
				}
				if !same(dig(c.before, disk+"delete_on_termination"), dig(c.after, disk+"delete_on_termination")) {
					onInstance("ModifyInstanceAttribute")(c)
					c.do("ec2:DescribeInstances")
				}
			}},
			{"user_data_replace_on_change get_password_data", nil},
		},
		// The provider also tries to turn termination protection off; a denial is no error.
		delete: func(c *calls) {
			onInstance("TerminateInstances")(c)
			c.do("ec2:DescribeInstances")
		},
	})
	registerCalls(map[string]caller{
		instanceKind: row,
		profileKind: {
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("iam:CreateInstanceProfile", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("iam:TagInstanceProfile", r)
				}
				onProfile("GetInstanceProfile")(c)
				gives(text(c.a, "role"), c)
			},
			read: func(c *calls) {
				onProfile("GetInstanceProfile")(c)
				if role := text(c.a, "role"); role != "" {
					c.do("iam:GetRole", c.role(role))
				}
			},
			update: []change{{"role", func(c *calls) {
				takes(text(c.before, "role"), c)
				gives(text(c.after, "role"), c)
			}}},
			tag:   func(c *calls, r resource) { c.do("iam:TagInstanceProfile", r) },
			untag: func(c *calls, r resource) { c.do("iam:UntagInstanceProfile", onlyKeys(r)) },
			delete: func(c *calls) {
				takes(text(c.a, "role"), c)
				onProfile("DeleteInstanceProfile")(c)
			},
		},
	})
}

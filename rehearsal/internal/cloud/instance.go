package cloud

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

const (
	instanceKind = "aws_instance"
	profileKind  = "aws_iam_instance_profile"
)

func init() {
	register(map[string]kind{
		profileKind: {
			id: func(_ *World, a Attributes) string {
				return orElse(text(a, "name"), orElse(text(a, "name_prefix"), "terraform-")+randomHex(26))
			},
			unique: []string{"name"}, conflict: "EntityAlreadyExists",
			replaced: []string{"name", "name_prefix", "path"},
			refers:   map[string]string{"role": "aws_iam_role.name"},
			fill: func(w *World, id string, a Attributes) {
				path := orElse(text(a, "path"), "/")
				setDefaults(a, Attributes{
					"arn": fmt.Sprintf("arn:aws:iam::%s:instance-profile%s%s", w.Account, path, id), "name": id, "name_prefix": "",
					"create_date": w.stamp(), "unique_id": "AIPA" + strings.ToUpper(randomHex(16)),
				})
			},
			// AWS deletes it even while an instance uses it. The instance then loses its credentials.
			// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html
			alone: true,
		},
		instanceKind: {
			prefix: "i",
			replaced: []string{
				"ami", "associate_public_ip_address", "availability_zone", "cpu_core_count", "cpu_options", "cpu_threads_per_core",
				"ebs_optimized", "enclave_options", "ephemeral_block_device", "hibernation", "host_id", "instance_market_options",
				"ipv6_addresses", "key_name", "network_interface", "placement_group", "private_ip",
				"root_block_device.encrypted", "root_block_device.kms_key_id", "security_groups", "subnet_id", "tenancy",
			},
			refers: map[string]string{"iam_instance_profile": profileKind + ".name"},
			check:  checkEC2Instance,
			fill:   fillEC2Instance,
		},
	})
}

// graviton matches instance types with ARM processors: t4g.nano, c7gn.large.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
var (
	instanceType = regexp.MustCompile(`^[a-z0-9-]+\.[a-z0-9-]+$`)
	graviton     = regexp.MustCompile(`^([a-z]+[0-9]+g[a-z]*|a1)\.`)
)

// checkEC2Instance: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
func checkEC2Instance(w *World, a, before Attributes) error {
	size, image := text(a, "instance_type"), text(a, "ami")
	if !instanceType.MatchString(size) {
		return refuse("InvalidParameterValue", "Invalid value '%s' for InstanceType.", size)
	}
	if before == nil {
		processor, known := w.images()[image]
		if !known {
			return refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", image)
		}
		if graviton.MatchString(size) != (processor == "arm64") {
			return refuse("InvalidParameterValue", "The architecture of instance type %s does not match the architecture '%s' of image %s", size, processor, image)
		}
	}
	if text(a, "root_block_device.kms_key_id") != "" && !flag(a, "root_block_device.encrypted") {
		return refuse("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	}
	for _, group := range texts(any(a), "vpc_security_group_ids") {
		if err := w.sameVPC("aws_subnet", text(a, "subnet_id"), "aws_security_group", group); err != nil {
			return err
		}
	}
	return w.checkInstanceProfile(text(a, "iam_instance_profile"))
}

// checkInstanceProfile: EC2 accepts a profile whose role does not trust it, but the instance then
// has no credentials and nobody can reach it. The simulator refuses it.
func (w *World) checkInstanceProfile(name string) error {
	profile := w.find(profileKind, "name", name)
	if name == "" || profile == nil {
		return nil
	}
	role := w.find("aws_iam_role", "name", text(profile.Attributes, "role"))
	if role == nil {
		return refuse("InvalidParameterValue", "IAM Instance Profile %q has no associated IAM Roles", text(profile.Attributes, "arn"))
	}
	return w.checkAssumable(text(role.Attributes, "arn"), "ec2.amazonaws.com")
}

func fillEC2Instance(w *World, id string, a Attributes) {
	if subnet, err := netip.ParsePrefix(w.attribute("aws_subnet", text(a, "subnet_id"), "cidr_block")); err == nil && a["private_ip"] == nil {
		address := subnet.Addr()
		for range 10 + len(w.Things[instanceKind]) { // AWS reserves the first four
			address = address.Next()
		}
		a["private_ip"] = address.String()
	}
	setDefaults(a, Attributes{
		"arn": w.arn("ec2", "instance/"+id), "instance_state": "running", "primary_network_interface_id": randomID("eni"),
		"availability_zone": w.attribute("aws_subnet", text(a, "subnet_id"), "availability_zone"),
		"private_dns":       fmt.Sprintf("ip-%s.%s.compute.internal", strings.ReplaceAll(text(a, "private_ip"), ".", "-"), w.Region),
		"public_dns":        "", "public_ip": "", "associate_public_ip_address": false, "tenancy": "default", "monitoring": false,
		"ebs_optimized": false, "disable_api_stop": false, "disable_api_termination": false, "instance_initiated_shutdown_behavior": "stop",
		"security_groups": []any{}, "secondary_private_ips": []any{}, "ipv6_addresses": []any{}, "ipv6_address_count": 0.0,
		"cpu_core_count": 2.0, "cpu_threads_per_core": 1.0, "host_id": "", "key_name": "", "outpost_arn": "", "password_data": "",
		"placement_group": "", "placement_partition_number": 0.0, "instance_lifecycle": "", "spot_instance_request_id": "",
	})
	if disks, ok := a["root_block_device"].([]any); ok && len(disks) > 0 {
		setDefaults(block(a, "root_block_device"), Attributes{
			"device_name": "/dev/xvda", "volume_id": randomID("vol"), "volume_size": 8.0, "volume_type": "gp3", "iops": 3000.0, "throughput": 125.0, "encrypted": false,
		})
	}
	if metadata, ok := a["metadata_options"].([]any); ok && len(metadata) > 0 {
		setDefaults(block(a, "metadata_options"), Attributes{"http_tokens": "required", "http_put_response_hop_limit": 2.0, "instance_metadata_tags": "disabled"})
	}
}

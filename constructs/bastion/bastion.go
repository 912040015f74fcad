// Package bastion makes a small instance in a private subnet, through which people reach private
// resources. They use Session Manager only, so it has no open port, no SSH key and no public address.
package bastion

import (
	"encoding/json"
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsssmparameter"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iaminstanceprofile"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/instance"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/securitygroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ssmdocument"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpcsecuritygroupegressrule"

	"plinth/constructs/iamrole"
	"plinth/constructs/loggroup"
	"plinth/constructs/policy"
)

// Config of a bastion.
type Config struct {
	// Name is the name of the instance and its resources.
	Name string
	// InstanceType is one with an ARM processor, such as t4g.nano.
	InstanceType string
	// IdleTimeoutMinutes (1 to 60) ends an idle session, MaxSessionMinutes (1 to 1440) every session.
	IdleTimeoutMinutes, MaxSessionMinutes int

	Account, Region string
	VpcID, SubnetID *string
	// AccessGroupID is the security group that its targets allow ingress from.
	AccessGroupID *string
	// Targets are the ports of the VPC that it may reach.
	Targets []Target
	CIDR    string
	// KeyArn encrypts its disk, its sessions and their log.
	KeyArn           *string
	LogRetentionDays int
}

// Target is a port, and what listens there.
type Target struct {
	Name string
	Port int
}

// Bastion is the instance.
type Bastion struct {
	constructs.Construct
	InstanceID *string
}

// New creates a bastion.
func New(scope constructs.Construct, id string, config Config) *Bastion {
	this := constructs.NewConstruct(scope, &id)
	logs := loggroup.New(this, "sessions", loggroup.Config{
		Name:          "/aws/ssm/" + config.Name,
		RetentionDays: config.LogRetentionDays,
		KeyArn:        config.KeyArn,
	})
	newSessionDocument(this, config, *logs.Name())
	group := newSecurityGroup(this, config)
	role := newRole(this, config, *logs.Name())
	profile := iaminstanceprofile.NewIamInstanceProfile(this, jsii.String("profile"), &iaminstanceprofile.IamInstanceProfileConfig{
		Name: jsii.String(config.Name),
		Role: role.Name,
	})
	// Security: earlier versions called it instance, without the access group. A new instance takes its place:
	// to change the groups of one, the role would need ec2:ModifyNetworkInterfaceAttribute on every network
	// interface of the account.
	machine := instance.NewInstance(this, jsii.String("host"), &instance.InstanceConfig{
		// Amazon Linux has Session Manager's agent. A newer image patches the instance, which keeps nothing:
		// Patch Manager would take more permissions, and dnf more memory than a nano has.
		Ami: dataawsssmparameter.NewDataAwsSsmParameter(this, jsii.String("image"), &dataawsssmparameter.DataAwsSsmParameterConfig{
			Name: jsii.String("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"),
		}).InsecureValue(),
		InstanceType:             jsii.String(config.InstanceType),
		SubnetId:                 config.SubnetID,
		VpcSecurityGroupIds:      &[]*string{group, config.AccessGroupID},
		IamInstanceProfile:       profile.Name(),
		AssociatePublicIpAddress: jsii.Bool(false),
		// Security: a forged request (SSRF) cannot read the role's credentials.
		// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
		MetadataOptions: &instance.InstanceMetadataOptions{
			HttpTokens: jsii.String("required"), HttpPutResponseHopLimit: jsii.Number(1), HttpEndpoint: jsii.String("enabled"),
		},
		RootBlockDevice: &instance.InstanceRootBlockDevice{
			Encrypted: jsii.Bool(true), KmsKeyId: config.KeyArn, VolumeType: jsii.String("gp3"), DeleteOnTermination: jsii.Bool(true),
		},
		Tags:      &map[string]*string{"Name": jsii.String(config.Name)},
		DependsOn: &role.Permissions,
	})
	return &Bastion{Construct: this, InstanceID: machine.Id()}
}

// newSecurityGroup creates the bastion's group. Security: it has no ingress. It has egress for
// Session Manager and to the targets only.
func newSecurityGroup(scope constructs.Construct, config Config) *string {
	group := securitygroup.NewSecurityGroup(scope, jsii.String("security-group"), &securitygroup.SecurityGroupConfig{
		Name:        jsii.String(config.Name),
		Description: jsii.String("Bastion, reached through Session Manager only"),
		VpcId:       config.VpcID,
		Tags:        &map[string]*string{"Name": jsii.String(config.Name)},
	}).Id()
	out := func(id, description, cidr string, port int) {
		vpcsecuritygroupegressrule.NewVpcSecurityGroupEgressRule(scope, jsii.String("to-"+id), &vpcsecuritygroupegressrule.VpcSecurityGroupEgressRuleConfig{
			SecurityGroupId: group,
			Description:     jsii.String(description),
			CidrIpv4:        jsii.String(cidr),
			IpProtocol:      jsii.String("tcp"),
			FromPort:        jsii.Number(port),
			ToPort:          jsii.Number(port),
		})
	}
	// Session Manager has no fixed addresses.
	out("aws", "Session Manager and other APIs of AWS", "0.0.0.0/0", 443)
	for _, target := range config.Targets {
		out(target.Name, "To "+target.Name+" in the VPC", config.CIDR, target.Port)
	}
	return group
}

// newRole creates a role with which the agent may use Session Manager and write its log, nothing else.
// AWS's managed policy would also allow reading every parameter.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
func newRole(scope constructs.Construct, config Config, logGroup string) *iamrole.Role {
	return iamrole.New(scope, "role", iamrole.Config{
		Name:        config.Name,
		Description: "Lets the bastion be reached through Session Manager",
		// Only instances of its own account can have a role: there is no confused deputy.
		Trust: policy.Statement{Principals: policy.Service("ec2.amazonaws.com")},
		Statements: []policy.Statement{
			{
				Sid:       "Register",
				Actions:   []string{"ssm:UpdateInstanceInformation"},
				Resources: []string{fmt.Sprintf("arn:aws:ec2:%s:%s:instance/*", config.Region, config.Account)},
			},
			{
				Sid: "Sessions",
				Actions: []string{
					"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
					"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
				},
				Resources: []string{"*"},
			},
			{
				Sid:       "FindLog",
				Actions:   []string{"logs:DescribeLogGroups"},
				Resources: []string{fmt.Sprintf("arn:aws:logs:%s:%s:log-group:*", config.Region, config.Account)},
			},
			loggroup.Write("WriteLog", config.Region, config.Account, logGroup),
			{Sid: "DecryptSessions", Actions: []string{"kms:Decrypt"}, Resources: []string{*config.KeyArn}},
		},
	})
}

// newSessionDocument configures shell sessions. Security: a session is logged, encrypted and ends by
// itself. The log does not show traffic through a tunnel, which is encrypted end to end.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
func newSessionDocument(scope constructs.Construct, config Config, logGroup string) {
	content, err := json.Marshal(map[string]any{
		"schemaVersion": "1.0",
		"description":   "A shell on the bastion, which is logged",
		"sessionType":   "Standard_Stream",
		"inputs": map[string]any{
			"cloudWatchLogGroupName":      logGroup,
			"cloudWatchEncryptionEnabled": true,
			"cloudWatchStreamingEnabled":  true,
			"s3BucketName":                "",
			"s3EncryptionEnabled":         true,
			"kmsKeyId":                    *config.KeyArn,
			"idleSessionTimeout":          fmt.Sprint(config.IdleTimeoutMinutes),
			"maxSessionDuration":          fmt.Sprint(config.MaxSessionMinutes),
			"runAsEnabled":                false,
		},
	})
	if err != nil {
		panic(err) // these types always marshal
	}
	ssmdocument.NewSsmDocument(scope, jsii.String("shell"), &ssmdocument.SsmDocumentConfig{
		Name:           jsii.String(config.Name),
		DocumentType:   jsii.String("Session"),
		DocumentFormat: jsii.String("JSON"),
		Content:        jsii.String(string(content)),
	})
}

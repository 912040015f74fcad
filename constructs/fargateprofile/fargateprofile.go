// Package fargateprofile makes profiles that run the pods of some namespaces on Fargate, with their own
// execution role.
package fargateprofile

import (
	"fmt"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/eksfargateprofile"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/iamrole"
	"plinth/constructs/loggroup"
	"plinth/constructs/moved"
	"plinth/constructs/policy"
)

// Config of a profile.
type Config struct {
	// Name begins the profile's name; the role is called <cluster>-fargate-<name>.
	Name string
	// ClusterName must be known before the cluster exists: the role's trust policy names it.
	ClusterName string
	// Cluster is what the profile depends on.
	Cluster cdktf.ITerraformDependable
	// Account and Region are the cluster's.
	Account, Region string
	// Namespaces are matched exactly, at most five.
	Namespaces []string
	// Zones are where pods may run. Each entry is a profile, since a profile's subnets are immutable: when
	// zones change, pods move from one profile to another, as their [Label] says.
	Zones []Zones
	// LogGroup is where Fargate's log router writes the pods' output.
	LogGroup string
}

// Zones are availability zones with their private subnets.
type Zones struct {
	// Letters are the zones' letters.
	Letters []string
	// SubnetIDs must be private: Fargate gives pods no public address.
	SubnetIDs []*string
}

// Label names the profile of a pod that several profiles select.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
const Label = "eks.amazonaws.com/fargate-profile"

// Name returns the name of the profile for some zones.
func Name(name string, zones []string) string { return name + "-" + strings.Join(zones, "") }

// Profiles are what New creates.
type Profiles struct {
	// Current is the profile of the first zones. Resources that need its pods to be scheduled depend on it.
	Current cdktf.ITerraformDependable
	// Moved is the profile that is there since version 0.1, in which an address had no zones.
	Moved moved.Block
}

// New creates the profiles.
func New(scope constructs.Construct, id string, config Config) *Profiles {
	this := constructs.NewConstruct(scope, &id)
	role := iamrole.New(this, "execution-role", iamrole.Config{
		Name:        fmt.Sprintf("%s-fargate-%s", config.ClusterName, config.Name),
		Description: fmt.Sprintf("Lets Fargate pull images and write logs for profile %s", config.Name),
		Trust: policy.Statement{
			Principals: policy.Service("eks-fargate-pods.amazonaws.com"),
			// Security: only profiles of this cluster, so that nobody can make the shared
			// service use the role for another one (confused deputy).
			// https://docs.aws.amazon.com/eks/latest/userguide/pod-execution-role.html
			Conditions: []policy.Condition{{
				Test:     "ArnLike",
				Variable: "aws:SourceArn",
				Values: []string{fmt.Sprintf("arn:aws:eks:%s:%s:fargateprofile/%s/*",
					config.Region, config.Account, config.ClusterName)},
			}},
		},
		ManagedPolicies: []string{"AmazonEKSFargatePodExecutionRolePolicy"},
		// For the log router. https://docs.aws.amazon.com/eks/latest/userguide/fargate-logging.html
		Statements: []policy.Statement{loggroup.Write("WritePodLogs", config.Region, config.Account, config.LogGroup)},
	})
	var selectors []*eksfargateprofile.EksFargateProfileSelector
	for _, namespace := range config.Namespaces {
		selectors = append(selectors, &eksfargateprofile.EksFargateProfileSelector{Namespace: jsii.String(namespace)})
	}
	dependencies := append([]cdktf.ITerraformDependable{config.Cluster}, role.Permissions...)
	parent := constructs.NewConstruct(this, jsii.String("profile"))
	result := &Profiles{Moved: moved.Block{From: address(parent, parent.Node())}}
	for _, zones := range config.Zones {
		made := eksfargateprofile.NewEksFargateProfile(parent, jsii.String(strings.Join(zones.Letters, "")), &eksfargateprofile.EksFargateProfileConfig{
			ClusterName:         jsii.String(config.ClusterName),
			FargateProfileName:  jsii.String(Name(config.Name, zones.Letters)),
			PodExecutionRoleArn: role.Arn,
			SubnetIds:           &zones.SubnetIDs,
			Selector:            selectors,
			DependsOn:           &dependencies,
			// EKS deletes one profile of a cluster at a time, each in up to twenty minutes. The time counts while
			// this one waits for the others.
			// https://github.com/aws/containers-roadmap/issues/1211
			Timeouts:  &eksfargateprofile.EksFargateProfileTimeouts{Delete: jsii.String("2h")},
			Lifecycle: &cdktf.TerraformResourceLifecycle{CreateBeforeDestroy: jsii.Bool(true)},
		})
		if result.Current == nil {
			result.Current = made
		}
		// If zones change in an upgrade from version 0.1, that profile is of the last.
		result.Moved.To = address(made, made.Node())
	}
	return result
}

// address returns the address that a profile has if it is that node.
func address(scope constructs.Construct, node constructs.Node) string {
	return "aws_eks_fargate_profile." + *cdktf.TerraformStack_Of(scope).GetLogicalId(node)
}

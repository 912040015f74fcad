// Package fargateprofile makes a profile that runs the pods of some namespaces on Fargate,
// with its own execution role.
package fargateprofile

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/eksfargateprofile"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/iamrole"
	"plinth/constructs/loggroup"
	"plinth/constructs/policy"
)

// Config of a profile.
type Config struct {
	// Name begins the profile's name; the role is called <cluster>-fargate-<name>.
	Name string
	// Zones ends the profile's name. A profile's subnets are immutable: a change of zones
	// creates a new profile, then deletes the old one.
	Zones string
	// ClusterName must be known before the cluster exists: the role's trust policy names it.
	ClusterName string
	// Cluster is what the profile depends on.
	Cluster cdktf.ITerraformDependable
	// Account and Region are the cluster's.
	Account, Region string
	// Namespaces are matched exactly, at most five.
	Namespaces []string
	// SubnetIDs must be private: Fargate gives pods no public address.
	SubnetIDs []*string
	// LogGroup is where Fargate's log router writes the pods' output.
	LogGroup string
}

// New creates a profile. Resources that need its pods to be scheduled depend on the result.
func New(scope constructs.Construct, id string, config Config) eksfargateprofile.EksFargateProfile {
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
	return eksfargateprofile.NewEksFargateProfile(this, jsii.String("profile"), &eksfargateprofile.EksFargateProfileConfig{
		ClusterName:         jsii.String(config.ClusterName),
		FargateProfileName:  jsii.String(config.Name + "-" + config.Zones),
		PodExecutionRoleArn: role.Arn,
		SubnetIds:           &config.SubnetIDs,
		Selector:            selectors,
		DependsOn:           &dependencies,
		Lifecycle:           &cdktf.TerraformResourceLifecycle{CreateBeforeDestroy: jsii.Bool(true)},
	})
}

// Package repository makes an ECR repository whose images never change.
package repository

import (
	"encoding/json"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ecrlifecyclepolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ecrrepository"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Config of a repository.
type Config struct {
	// Name may hold slashes.
	Name string
	// KeyArn encrypts the images.
	KeyArn *string
	// MaxTaggedImages is how many tagged images are kept, newest first.
	MaxTaggedImages int
	// UntaggedRetentionDays is after how many days an untagged image goes.
	UntaggedRetentionDays int
	// ForceDelete lets the repository be deleted with images in it.
	ForceDelete bool
	// PreventDestroy makes Terraform refuse to plan the deletion.
	PreventDestroy bool
}

// Repository is an ECR repository.
type Repository struct {
	constructs.Construct
	// URL is what an image reference begins with, up to the tag.
	URL *string
	Arn *string
}

// New creates a repository.
func New(scope constructs.Construct, id string, config Config) *Repository {
	this := constructs.NewConstruct(scope, &id)
	repository := ecrrepository.NewEcrRepository(this, jsii.String("repository"), &ecrrepository.EcrRepositoryConfig{
		Name: jsii.String(config.Name),
		// Security: a tag names the same image for ever, so what was tested is what runs.
		ImageTagMutability: jsii.String("IMMUTABLE"),
		ImageScanningConfiguration: &ecrrepository.EcrRepositoryImageScanningConfiguration{
			ScanOnPush: jsii.Bool(true),
		},
		EncryptionConfiguration: []*ecrrepository.EcrRepositoryEncryptionConfiguration{{
			EncryptionType: jsii.String("KMS"),
			KmsKey:         config.KeyArn,
		}},
		ForceDelete: jsii.Bool(config.ForceDelete),
		Lifecycle:   &cdktf.TerraformResourceLifecycle{PreventDestroy: jsii.Bool(config.PreventDestroy)},
	})
	ecrlifecyclepolicy.NewEcrLifecyclePolicy(this, jsii.String("lifecycle"), &ecrlifecyclepolicy.EcrLifecyclePolicyConfig{
		Repository: repository.Name(),
		Policy:     jsii.String(lifecyclePolicy(config)),
	})
	return &Repository{Construct: this, URL: repository.RepositoryUrl(), Arn: repository.Arn()}
}

// lifecyclePolicy writes ECR's lifecycle policy.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
func lifecyclePolicy(config Config) string {
	type selection struct {
		TagStatus      string   `json:"tagStatus"`
		TagPatternList []string `json:"tagPatternList,omitempty"`
		CountType      string   `json:"countType"`
		CountUnit      string   `json:"countUnit,omitempty"`
		CountNumber    int      `json:"countNumber"`
	}
	type rule struct {
		Priority    int               `json:"rulePriority"`
		Description string            `json:"description"`
		Selection   selection         `json:"selection"`
		Action      map[string]string `json:"action"`
	}
	expire := map[string]string{"type": "expire"}
	document, err := json.Marshal(map[string][]rule{"rules": {
		{1, "Untagged images go", selection{"untagged", nil, "sinceImagePushed", "days", config.UntaggedRetentionDays}, expire},
		{2, "The newest tagged images stay", selection{"tagged", []string{"*"}, "imageCountMoreThan", "", config.MaxTaggedImages}, expire},
	}})
	if err != nil {
		panic(err) // these types always marshal
	}
	return string(document)
}

// Package repository makes an ECR repository with immutable tags.
package repository

import (
	"encoding/json"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ecrlifecyclepolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ecrrepository"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/moved"
)

// Config of a repository.
type Config struct {
	// Name may contain slashes.
	Name string
	// KeyArn encrypts the images.
	KeyArn *string
	// MaxTaggedImages is how many tagged images ECR keeps: the newest.
	MaxTaggedImages int
	// UntaggedRetentionDays is how many days ECR keeps an untagged image.
	UntaggedRetentionDays int
	// ForceDelete lets Terraform delete a repository that has images.
	ForceDelete bool
	// PreventDestroy makes Terraform refuse to plan the deletion.
	PreventDestroy bool
}

// Repository is an ECR repository.
type Repository struct {
	constructs.Construct
	// URL is the part of an image reference before the tag.
	URL *string
	Arn *string

	resources []cdktf.TerraformResource
}

// New creates a repository.
func New(scope constructs.Construct, id string, config Config) *Repository {
	this := constructs.NewConstruct(scope, &id)
	repository := ecrrepository.NewEcrRepository(this, jsii.String("repository"), &ecrrepository.EcrRepositoryConfig{
		Name: jsii.String(config.Name),
		// Security: a tag always names the same image, so the image that runs is the tested one.
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
	lifecycle := ecrlifecyclepolicy.NewEcrLifecyclePolicy(this, jsii.String("lifecycle"), &ecrlifecyclepolicy.EcrLifecyclePolicyConfig{
		Repository: repository.Name(),
		Policy:     jsii.String(lifecyclePolicy(config)),
	})
	return &Repository{
		Construct: this, URL: repository.RepositoryUrl(), Arn: repository.Arn(),
		resources: []cdktf.TerraformResource{repository, lifecycle},
	}
}

// Moved returns the blocks for a repository that had another id in its stack.
func (r *Repository) Moved(from string) []moved.Block {
	stack := cdktf.TerraformStack_Of(r.Construct)
	old := constructs.NewConstruct(stack, &from)
	var blocks []moved.Block
	for _, resource := range r.resources {
		was := constructs.NewConstruct(old, resource.Node().Id())
		kind := *resource.TerraformResourceType() + "."
		blocks = append(blocks, moved.Block{From: kind + *stack.GetLogicalId(was.Node()), To: kind + *resource.FriendlyUniqueId()})
	}
	return blocks
}

// lifecyclePolicy returns the repository's lifecycle policy as JSON.
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

// Package baseline makes what an AWS account should have once, whatever runs in it: encrypted EBS
// volumes, no public S3 bucket, IAM Access Analyzer, GuardDuty and an audit log by CloudTrail.
package baseline

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/accessanalyzeranalyzer"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudtrail"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ebsencryptionbydefault"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/guarddutydetector"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3accountpublicaccessblock"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/bucket"
)

// Config of a baseline.
type Config struct {
	// Name is the trail's and the analyzer's.
	Name string
	// BucketName is the bucket to create for the trail's log files.
	BucketName string
	// Account and Region are those of the trail and its bucket. EBS encryption, the analyzer and
	// GuardDuty cover this region only, the trail all regions.
	Account, Region string
	// RetentionDays is how many days log files are kept.
	RetentionDays int
	// AccessLogBucket gets the access log of the trail's bucket; empty for no log.
	AccessLogBucket string
}

// noncurrentVersionRetentionDays is how long a log file that somebody deletes can be restored.
const noncurrentVersionRetentionDays = 90

// New creates a baseline. An account can have only one.
func New(scope constructs.Construct, id string, config Config) {
	this := constructs.NewConstruct(scope, &id)
	ebsencryptionbydefault.NewEbsEncryptionByDefault(this, jsii.String("ebs-encryption"), &ebsencryptionbydefault.EbsEncryptionByDefaultConfig{
		Enabled: jsii.Bool(true),
	})
	s3accountpublicaccessblock.NewS3AccountPublicAccessBlock(this, jsii.String("s3-public-access"), &s3accountpublicaccessblock.S3AccountPublicAccessBlockConfig{
		BlockPublicAcls:       jsii.Bool(true),
		BlockPublicPolicy:     jsii.Bool(true),
		IgnorePublicAcls:      jsii.Bool(true),
		RestrictPublicBuckets: jsii.Bool(true),
	})
	accessanalyzeranalyzer.NewAccessanalyzerAnalyzer(this, jsii.String("access-analyzer"), &accessanalyzeranalyzer.AccessanalyzerAnalyzerConfig{
		AnalyzerName: jsii.String(config.Name),
		Type:         jsii.String("ACCOUNT"),
	})
	// By default it also watches EKS's audit log, S3's data events and logins to RDS.
	// https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html
	guarddutydetector.NewGuarddutyDetector(this, jsii.String("guardduty"), &guarddutydetector.GuarddutyDetectorConfig{
		Enable: jsii.Bool(true),
	})
	newTrail(this, config)
}

// newTrail records every management event of the account. S3's own keys encrypt the log files: with a
// second KMS key in its stack, bootstrap could not tell which of them a killed run has left behind.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
func newTrail(scope constructs.Construct, config Config) {
	logs := bucket.New(scope, "trail-logs", bucket.Config{
		Name:                           config.BucketName,
		ExpirationDays:                 config.RetentionDays,
		NoncurrentVersionRetentionDays: noncurrentVersionRetentionDays,
		AccessLogBucket:                config.AccessLogBucket,
		Writers: []bucket.Writer{{
			Sid: "CloudTrail", Service: "cloudtrail.amazonaws.com", Folder: "AWSLogs/" + config.Account, ReadsACL: true,
			SourceArn: fmt.Sprintf("arn:aws:cloudtrail:%s:%s:trail/%s", config.Region, config.Account, config.Name),
		}},
		PreventDestroy: true,
	})
	cloudtrail.NewCloudtrail(scope, jsii.String("trail"), &cloudtrail.CloudtrailConfig{
		Name:                       jsii.String(config.Name),
		S3BucketName:               jsii.String(config.BucketName),
		IsMultiRegionTrail:         jsii.Bool(true),
		IncludeGlobalServiceEvents: jsii.Bool(true),
		// Digests show whether somebody has changed or deleted a log file.
		EnableLogFileValidation: jsii.Bool(true),
		DependsOn:               &[]cdktf.ITerraformDependable{logs.Ready},
	})
}

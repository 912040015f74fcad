package cloud

import "strings"

// The types of which an account has one in each region. Two of them are only switches.
func init() {
	register(map[string]kind{
		"aws_ebs_encryption_by_default": {id: func(*World, Attributes) string { return "terraform-default" }, overwrites: always},
		"aws_s3_account_public_access_block": {
			id:         func(w *World, _ Attributes) string { return w.Account },
			overwrites: always, replaced: []string{"account_id"},
			fill: func(w *World, _ string, a Attributes) { setDefaults(a, Attributes{"account_id": w.Account}) },
		},
		"aws_accessanalyzer_analyzer": {
			id:       func(_ *World, a Attributes) string { return text(a, "analyzer_name") },
			unique:   []string{"analyzer_name"},
			conflict: "ConflictException", replaced: []string{"analyzer_name", "type"},
			// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html
			check: onlyOne("aws_accessanalyzer_analyzer", "ServiceQuotaExceededException", "You have reached the maximum of 1 analyzer of this type"),
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("access-analyzer", "analyzer/"+id), "type": "ACCOUNT"})
			},
		},
		"aws_guardduty_detector": {
			id:    func(*World, Attributes) string { return randomHex(32) },
			check: onlyOne("aws_guardduty_detector", "BadRequestException", "The request is rejected because a detector already exists for the current account."),
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("guardduty", "detector/"+id), "account_id": w.Account, "enable": true, "finding_publishing_frequency": "SIX_HOURS",
					"datasources": []any{Attributes{
						"kubernetes":         []any{Attributes{"audit_logs": []any{Attributes{"enable": true}}}},
						"malware_protection": []any{Attributes{"scan_ec2_instance_with_findings": []any{Attributes{"ebs_volumes": []any{Attributes{"enable": true}}}}}},
						"s3_logs":            []any{Attributes{"enable": true}},
					}},
				})
			},
		},
		"aws_cloudtrail": {
			id:     func(w *World, a Attributes) string { return w.arn("cloudtrail", "trail/"+text(a, "name")) },
			unique: []string{"name"}, conflict: "TrailAlreadyExistsException", replaced: []string{"name"},
			check: checkTrail,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": id, "home_region": w.Region, "sns_topic_arn": ""})
			},
		},
	})
}

// always: creating a switch sets it, whoever did so before.
func always(Attributes) bool { return true }

// onlyOne refuses a second resource of a type.
func onlyOne(kind, code, message string) func(*World, Attributes, Attributes) error {
	return func(w *World, _, before Attributes) error {
		there := false
		w.Each(func(_, _ string, _ *Thing) bool { there = true; return false }, kind)
		if before == nil && there {
			return refuse(code, "%s", message)
		}
		return nil
	}
}

// checkTrail refuses a bucket that CloudTrail cannot write to: it tries when the trail is created.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
func checkTrail(w *World, a, _ Attributes) error {
	name := text(a, "s3_bucket_name")
	b := w.Bucket(name)
	if b == nil {
		return refuse("S3BucketDoesNotExistException", "S3 bucket %s does not exist!", name)
	}
	for _, needed := range []string{`"cloudtrail.amazonaws.com"`, "s3:GetBucketAcl", "s3:PutObject", "/AWSLogs/" + w.Account + "/"} {
		if !strings.Contains(b.Policy, needed) {
			return refuse("InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: %s", name)
		}
	}
	return nil
}

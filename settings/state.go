package settings

import "strings"

// checkState checks the settings of state.
func (d *document) checkState() {
	region := d.env.State.Region
	path := "state.region"
	if region == "" {
		region, path = d.env.Region, "region"
	}
	// S3 only encrypts with keys of the bucket's region; a key of another account is fine.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
	d.checkARN("state.kmsKey", d.env.State.KMSKey, arnRegion, path, region)
	d.checkUnique("state.administrators", d.env.State.Administrators)
	for i, principal := range d.env.State.Administrators {
		if strings.HasPrefix(principal, "arn:") {
			d.checkARN(element("state.administrators", i), principal, arnAccount, "account", d.env.Account)
		}
	}
}

// The indexes of an ARN's region and account.
const (
	arnRegion  = 3
	arnAccount = 4
)

// checkARN checks that a part of an ARN equals another setting. An empty ARN is valid.
func (d *document) checkARN(path, arn string, part int, otherPath, other string) {
	if arn == "" || !d.isValid(path, otherPath) {
		return
	}
	if own := strings.Split(arn, ":")[part]; own != other {
		d.report(path, "must be in %s (%s), is in %s", other, otherPath, own)
	}
}

// checkDedicated: KMS cannot tell the first tags of a new key from the first tags of somebody else's
// old one, nor EC2 those of a new VPC's default security group.
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html
func (d *document) checkDedicated() {
	if !d.env.DedicatedAccount && d.isValid("dedicatedAccount") {
		d.report("dedicatedAccount", "must be true, is false; use an account for this repository's environments alone: "+
			"in another, their pipelines' roles could tag, and so take over, what somebody else has left without tags")
	}
}

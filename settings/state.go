package settings

import "strings"

// checkState looks at where Terraform keeps the state.
func (d *document) checkState() {
	region := d.env.State.Region
	path := "state.region"
	if region == "" {
		region, path = d.env.Region, "region"
	}
	// S3 encrypts with keys of the bucket's region only; another account's key is fine.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
	d.checkARN("state.kmsKey", d.env.State.KMSKey, arnRegion, path, region)
}

// The parts of an ARN that say where its resource is.
const (
	arnRegion  = 3
	arnAccount = 4
)

// checkARN asks that a part of an ARN, if there is one, is what another setting says.
func (d *document) checkARN(path, arn string, part int, otherPath, other string) {
	if arn == "" || !d.isValid(path, otherPath) {
		return
	}
	if own := strings.Split(arn, ":")[part]; own != other {
		d.report(path, "must be in %s (%s), is in %s", other, otherPath, own)
	}
}

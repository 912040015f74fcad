package settings

import (
	"slices"
	"strings"
)

// checkState checks the settings of state.
func (d *document) checkState(all []*document, selected []string) {
	region := d.env.State.Region
	path := "state.region"
	if region == "" {
		region, path = d.env.Region, "region"
	}
	// S3 only encrypts with keys of the bucket's region; a key of another account is fine.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
	d.checkARN("state.kmsKey", d.env.State.KMSKey, arnRegion, path, region)
	// Only a bucket of an account's own namespace ends so, and the pinned provider creates none there.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	if s := d.env.State; strings.HasSuffix(s.Bucket, "-an") && s.Endpoint == "" && d.isValid("state.bucket", "state.endpoint") {
		d.report("state.bucket", "must not end in -an, which S3 keeps for an account's own namespace, is %s", quote(s.Bucket))
	}
	if s := d.env.State; s.Bucket != "" && s.Endpoint == "" && d.isValid("state.bucket", "state.endpoint") {
		// A bucket's name is unique in all accounts, and each bootstrap stack creates its own.
		if other := d.rival(all, selected, func(e *Environment) bool { return e.State.Bucket == s.Bucket && e.State.Endpoint == "" }); other != "" {
			d.report("state.bucket", "must differ from %s's, which creates the bucket, is %s too", other, quote(s.Bucket))
		}
	}
	d.checkAdministrators()
}

// rival returns another environment that has the same of what only one can have, or "". If Load returns
// both, the later one reports it.
func (d *document) rival(all []*document, selected []string, same func(*Environment) bool) string {
	for _, other := range all {
		later := slices.Contains(selected, other.env.Name) && other.env.Name > d.env.Name
		if other != d && !later && same(other.env) {
			return other.env.Name
		}
	}
	return ""
}

// administratorsSize is the number of characters that the administrators' ARNs may have together: S3
// allows 20 KB for the bucket's policy, which has the pipelines' roles and four statements besides.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
const administratorsSize = 16_000

func (d *document) checkAdministrators() {
	d.checkUnique("state.administrators", d.env.State.Administrators)
	size := 0
	for _, principal := range d.env.State.Administrators {
		size += len(d.env.principalARN(principal)) + len(`"",`)
	}
	if size > administratorsSize && d.isValid("state.administrators", "account") {
		d.report("state.administrators", "must have at most %d characters as ARNs, has %d: S3 allows 20 KB for the bucket's policy; name fewer, or one role that all of them assume",
			administratorsSize, size)
	}
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

// checkBaseline checks that an account has one baseline, and that it is in the environment's region. If
// two environments have one, and Load returns both, it reports the later one.
func (d *document) checkBaseline(all []*document, selected []string) {
	const path = "baseline"
	env := d.env
	if !env.Baseline || !d.isValid(path, "account", "region", "state.region") {
		return
	}
	if env.State.Region != "" && env.State.Region != env.Region {
		d.report(path, "must not be true while state.region (%s) is another region than region (%s): the bootstrap stack is in state.region; remove one",
			env.State.Region, env.Region)
		return
	}
	for _, other := range all {
		later := slices.Contains(selected, other.env.Name) && other.env.Name > env.Name
		if other != d && !later && other.env.Baseline && other.env.Account == env.Account {
			d.report(path, "must not be true: %s creates the baseline of the same account, which can have only one; remove it from one of the two", other.env.Name)
			return
		}
	}
}

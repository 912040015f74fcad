package bootstrap

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func refused(address, detail string) problem {
	return problem{Severity: "error", Summary: "creating it", Detail: detail, Address: address}
}

func TestAdopt(t *testing.T) {
	e := golden(t)
	const (
		bucket = "aws_s3_bucket.state_bucket_803B4E61"
		role   = "aws_iam_role.push_role_455C020A"
		alias  = "aws_kms_alias.state-key_alias_63E2A9D5"
	)
	argument := func(address, name string) string {
		kind, id, _ := strings.Cut(address, ".")
		value, _ := e.resources[kind][id][name].(string)
		if value == "" {
			t.Fatalf("%s has no %s", address, name)
		}
		return value
	}
	bucketName, roleName, aliasName := argument(bucket, "bucket"), argument(role, "name"), argument(alias, "name")
	e.resources["aws_guardduty_detector"] = map[string]map[string]any{"d": {}}
	e.resources["aws_accessanalyzer_analyzer"] = map[string]map[string]any{"a": {"analyzer_name": "plinth-dev-account"}}
	e.resources["aws_cloudtrail"] = map[string]map[string]any{"t": {"name": "plinth-dev-account"}}
	e.resources["aws_s3_bucket"]["logs"] = map[string]any{"bucket": "plinth-dev-trail"}
	detector := refused("aws_guardduty_detector.d", "BadRequestException: The request is rejected because a detector already exists for the current account.")
	for name, test := range map[string]struct {
		problems []problem
		aws      string // the AWS CLI, as a script
		want     []toImport
		refusal  string
	}{
		"nothing exists":     {problems: []problem{refused(role, "AccessDenied: no")}},
		"none of this stack": {problems: []problem{refused("aws_iam_role.other", "EntityAlreadyExists: it does")}},
		"all that exists": {
			problems: []problem{
				refused(bucket, "BucketAlreadyOwnedByYou: it exists"), refused(role, "api error EntityAlreadyExists: it exists"),
				refused(alias, "AlreadyExistsException: it exists"), refused("aws_kms_key.state-key_753BFC90", "AlreadyExistsException: never"),
			},
			want: []toImport{{bucket, bucketName}, {role, roleName}, {alias, aliasName}},
		},
		"somebody's bucket": {
			problems: []problem{refused(role, "EntityAlreadyExists: it exists"), refused(bucket, "BucketAlreadyExists: it exists")},
			aws:      "exit 254",
			want:     []toImport{{role, roleName}},
			refusal:  "The bucket " + bucketName + " exists, but may belong to another account",
		},
		"an account's baseline": {
			problems: []problem{
				detector, refused("aws_accessanalyzer_analyzer.a", "ServiceQuotaExceededException: one is there"),
				refused("aws_cloudtrail.t", "TrailAlreadyExistsException: it exists"), refused("aws_s3_bucket.logs", "BucketAlreadyOwnedByYou"),
			},
			aws: `echo '{"ResourceTagMappingList":[{"ResourceARN":"arn:aws:guardduty:eu-west-2:1:detector/d1"}]}'`,
			want: []toImport{
				{"aws_guardduty_detector.d", "d1"}, {"aws_accessanalyzer_analyzer.a", "plinth-dev-account"},
				{"aws_cloudtrail.t", "arn:aws:cloudtrail:" + e.region + ":" + e.account + ":trail/plinth-dev-account"}, {"aws_s3_bucket.logs", "plinth-dev-trail"},
			},
		},
		"somebody's detector": {
			problems: []problem{detector},
			aws:      `echo '{"ResourceTagMappingList":[]}'`,
			refusal:  "The account already has a GuardDuty detector in " + e.region + " without this stack's tags. Remove baseline from environments/dev.yaml",
		},
		"a detector, without the AWS CLI": {
			problems: []problem{detector},
			refusal:  "The account already has a GuardDuty detector in " + e.region + ". Whether it is this stack's is unknown: the AWS CLI is not installed",
		},
		"somebody's bucket for the trail": {
			problems: []problem{refused("aws_s3_bucket.logs", "BucketAlreadyExists")},
			aws:      "exit 254",
			refusal:  "The bucket plinth-dev-trail exists, but may belong to another account: bucket names are unique in all of AWS. Set project to another name in environments/dev.yaml",
		},
		"its own bucket, in us-east-1": {
			problems: []problem{refused(bucket, "BucketAlreadyExists")},
			aws:      `[ "$*" = "s3api head-bucket --bucket ` + bucketName + ` --expected-bucket-owner ` + e.account + `" ]`,
			want:     []toImport{{bucket, bucketName}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fakeAWS(t, test.aws)
			a := &adoption{run: &run{env: e}}
			more, err := a.adopt(test.problems)
			if !slices.Equal(a.imports, test.want) {
				t.Errorf("adopts %v, want %v", a.imports, test.want)
			}
			if test.refusal != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.refusal) {
					t.Error(err)
				}
				return
			}
			if err != nil || more != (len(test.want) > 0) {
				t.Error(more, err)
			}
			if more, err := a.adopt(test.problems); more || err != nil {
				t.Error("adopts the same again", err)
			}
		})
	}
}

// fakeAWS replaces the AWS CLI with a script. With an empty script, the CLI is not installed.
func fakeAWS(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if script != "" {
		put(t, filepath.Join(dir, "aws"), "#!/bin/sh\n"+script+"\n", 0o700)
	}
}

func TestTaggedKeys(t *testing.T) {
	e := golden(t)
	asked := filepath.Join(t.TempDir(), "asked")
	fakeAWS(t, `echo "$*" > `+asked+`
echo '{"ResourceTagMappingList":[{"ResourceARN":"arn:aws:s3:::bucket"},{"ResourceARN":"arn:aws:kms:eu-west-2:1:key/k1"},{"ResourceARN":"arn:aws:kms:eu-west-2:1:alias/a"}]}'`)
	a := &adoption{run: &run{env: e}}
	ids, err := a.tagged("kms", "key/")
	if err != nil || !slices.Equal(ids, []string{"k1"}) {
		t.Error(ids, err)
	}
	want := "resourcegroupstaggingapi get-resources --region " + e.region + " --output json --tag-filters Key=project,Values=" + e.tags["project"] + " Key=environment,Values=dev Key=stack,Values=bootstrap\n"
	if got, _ := os.ReadFile(asked); string(got) != want {
		t.Errorf("asked %s", got)
	}

	fakeAWS(t, `echo "denied" >&2; exit 254`)
	if _, err := a.tagged("kms", "key/"); err == nil || err.Error() != "aws resourcegroupstaggingapi: denied" {
		t.Error(err)
	}
	fakeAWS(t, `echo '{"ResourceTagMappingList":[{"ResourceARN":"arn:aws:kms:r:1:key/k1"},{"ResourceARN":"arn:aws:kms:r:1:key/k2"}]}'`)
	if err := a.byTags("aws_kms_key.k"); err == nil || !strings.HasPrefix(err.Error(), "Several KMS keys have this stack's tags, but no state has one of them: k1, k2.") {
		t.Error(err)
	}

	// Without the CLI there is a message only if an earlier run was killed.
	fakeAWS(t, "")
	var said strings.Builder
	a.stderr = &said
	if err := a.byTags("aws_kms_key.k"); err != nil || said.Len() > 0 {
		t.Error(err, said.String())
	}
	a.earlier = 1
	if err := a.byTags("aws_kms_key.k"); err != nil || !strings.Contains(said.String(), "the AWS CLI is not installed") {
		t.Error(err, said.String())
	}
}

// TestCheck: an OIDC provider without this stack's tags is not adopted.
func TestCheck(t *testing.T) {
	e := golden(t)
	p := &plan{Resources: []change{{Address: "aws_iam_openid_connect_provider.ci", Type: "aws_iam_openid_connect_provider"}}}
	a := &adoption{run: &run{env: e}}
	if err := a.check(p); err != nil {
		t.Error("it is made, not adopted:", err)
	}
	p.Resources[0].Change.Importing = map[string]any{"id": "x"}
	if err := a.check(p); err == nil || !strings.Contains(err.Error(), "without this environment's tag project="+e.tags["project"]) {
		t.Error(err)
	}
	p.Resources[0].Change.Before.Tags = e.tags
	if err := a.check(p); err != nil {
		t.Error(err)
	}
}

// TestAnotherAnalyzer: an account has one analyzer. That it is not this stack's shows when the import
// does not find it.
func TestAnotherAnalyzer(t *testing.T) {
	e := golden(t)
	e.resources["aws_accessanalyzer_analyzer"] = map[string]map[string]any{"a": {"analyzer_name": "plinth-dev-account"}}
	a := &adoption{run: &run{env: e}, absent: []string{"aws_accessanalyzer_analyzer.a"}}
	more, err := a.adopt([]problem{refused("aws_accessanalyzer_analyzer.a", "ServiceQuotaExceededException: one is there")})
	if more || err == nil || !strings.HasPrefix(err.Error(), "The account already has an IAM Access Analyzer in "+e.region+" that is not this stack's. Remove baseline from environments/dev.yaml") {
		t.Error(more, err)
	}
}

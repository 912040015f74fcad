package permissions

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// grants returns a row's grants by the name of their list.
func (t Type) grants() map[string][]Grant {
	return map[string][]Grant{"Create": t.Create, "Read": t.Read, "Update": t.Update, "Delete": t.Delete, "Tag": t.Tag}
}

func TestTable(t *testing.T) {
	action := regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`)
	resource := regexp.MustCompile(`^(arn:aws:)?[a-z0-9-]+:[^ ]*[^ :*][^ ]*$`)
	const reference = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_"
	for kind, row := range All() {
		empty := len(row.Create)+len(row.Read)+len(row.Update)+len(row.Delete)+len(row.Tag) == 0
		assert.Check(t, empty == (row.Source == ""), "%s: a row has needs and a source, or neither", kind)
		if !empty {
			assert.Check(t, strings.HasPrefix(row.Source, reference) && strings.HasSuffix(row.Source, ".html"), "%s: %s", kind, row.Source)
		}
		seen := map[string]string{}
		for list, grants := range row.grants() {
			for i, grant := range grants {
				at := fmt.Sprintf("%s: %s[%d]", kind, list, i)
				assert.Check(t, len(grant.Actions) > 0 && len(grant.Resources) > 0, "%s: on nothing", at)
				assert.Check(t, slices.IsSorted(grant.Actions), "%s: not in order: %v", at, grant.Actions)
				everywhere := slices.Contains(grant.Resources, "*")
				assert.Check(t, everywhere == (grant.Reason != ""), "%s: a reason goes with * and with nothing else", at)
				assert.Check(t, !everywhere || len(grant.Resources) == 1, "%s: * and %v", at, grant.Resources)
				ofNoRegion := !slices.ContainsFunc(grant.Actions, func(action string) bool { return !strings.HasPrefix(action, "route53:") })
				assert.Check(t, !everywhere || ofNoRegion || contains(grant.Conditions, inRegion) || contains(grant.Conditions, inChatbotRegion), "%s: * in any region", at)
				for _, on := range grant.Resources {
					assert.Check(t, everywhere || resource.MatchString(on), "%s: on %s", at, on)
					for _, name := range grant.Actions {
						assert.Check(t, action.MatchString(name), "%s: %s", at, name)
						key := fmt.Sprint(name, on, grant.Conditions)
						assert.Check(t, seen[key] == "", "%s: %s on %s is there already", at, name, on)
						seen[key] = at
					}
				}
			}
		}
	}
}

func contains(all, some []Condition) bool {
	for _, c := range some {
		if !slices.ContainsFunc(all, func(other Condition) bool { return fmt.Sprint(other) == fmt.Sprint(c) }) {
			return false
		}
	}
	return true
}

// TestTableTags: tags say which stack owns a resource. No action that sets them may give a resource
// to another stack, or take it from one.
func TestTableTags(t *testing.T) {
	setsTags := regexp.MustCompile(`:(CreateTags|AddTagsTo[A-Za-z]+|Tag[A-Za-z]*)$`)
	for kind, row := range All() {
		for list, grants := range row.grants() {
			for i, grant := range grants {
				if slices.Contains(grant.Actions, "s3:PutBucketTagging") { // S3 supports no condition on the tags
					assert.DeepEqual(t, grant.Resources, []string{theBucket})
					continue
				}
				if !slices.ContainsFunc(grant.Actions, setsTags.MatchString) || slices.Contains(grant.Actions, "secretsmanager:CreateSecret") {
					continue
				}
				at := fmt.Sprintf("%s: %s[%d]: %v", kind, list, i, grant.Actions)
				assert.Check(t, contains(grant.Conditions, requestTaggedIfExists) || contains(grant.Conditions, requestTagged), "%s: of any owner", at)
				named := !slices.ContainsFunc(grant.Resources, func(on string) bool { return !strings.Contains(on, "{") || strings.HasPrefix(on, oidcProviders) })
				created := slices.ContainsFunc(grant.Conditions, func(c Condition) bool { return c.Key == "ec2:CreateAction" })
				assert.Check(t, named || created || contains(grant.Conditions, resourceTagged) || contains(grant.Conditions, resourceTaggedIfExists), "%s: takes another's", at)
			}
		}
	}
}

// TestTableRoles: a role that could change a role without the boundary, or its boundary, could do anything.
func TestTableRoles(t *testing.T) {
	reads := regexp.MustCompile(`^iam:(Get|List)`)
	changes := regexp.MustCompile(`^iam:[A-Za-z]*(Role|RolePolicy|RolePermissionsBoundary|AssumeRolePolicy|RoleDescription)$`)
	for kind, row := range All() {
		for list, grants := range row.grants() {
			for i, grant := range grants {
				for _, action := range grant.Actions {
					if !strings.HasPrefix(action, "iam:") {
						continue
					}
					at := fmt.Sprintf("%s: %s[%d]: %s", kind, list, i, action)
					switch {
					case action == "iam:PassRole":
						assert.Check(t, len(grant.Conditions) == 1 && grant.Conditions[0].Key == "iam:PassedToService", at)
					case action == "iam:CreateServiceLinkedRole":
						assert.Check(t, len(grant.Conditions) == 1 && grant.Conditions[0].Key == "iam:AWSServiceName", at)
					case action == "iam:TagRole", reads.MatchString(action):
					case strings.HasSuffix(action, "InstanceProfile"): // iam:PassRole limits which role it may contain
						assert.DeepEqual(t, grant.Resources, []string{instanceProfile})
					case changes.MatchString(action):
						assert.Check(t, contains(grant.Conditions, withRoleBoundary), "%s: of a role without the boundary", at)
					default:
						assert.Check(t, strings.HasSuffix(action, "OpenIDConnectProvider"), "%s: is this one safe?", at)
					}
					assert.Check(t, action != "iam:DeleteRolePermissionsBoundary", "%s: with it a role loses its limits", at)
				}
			}
		}
	}
}

// TestTableBuckets: bucket names are global, and the state bucket's begins like the environment's others.
func TestTableBuckets(t *testing.T) {
	for kind, row := range All() {
		for list, grants := range row.grants() {
			for i, grant := range grants {
				for _, action := range grant.Actions {
					at := fmt.Sprintf("%s: %s[%d]: %s", kind, list, i, action)
					assert.Check(t, !strings.HasPrefix(action, "s3:") || !slices.ContainsFunc(grant.Resources, func(on string) bool {
						return on != theBucket && on != theBucket+"/*"
					}), "%s: of which bucket?", at)
				}
			}
		}
	}
}

// TestTableReads: plan roles may only read, and may not read secrets.
func TestTableReads(t *testing.T) {
	reads := regexp.MustCompile(`:(Describe|Get|List|View)[A-Z]`)
	for kind, row := range All() {
		for _, grant := range row.Read {
			for _, action := range grant.Actions {
				assert.Check(t, reads.MatchString(action) && action != "secretsmanager:GetSecretValue", "%s: %s", kind, action)
				if strings.HasPrefix(action, "ssm:GetParameter") {
					assert.DeepEqual(t, grant.Resources, []string{publicParameter})
				}
			}
		}
	}
}

// TestTableRecords: grants limit a record by its name and type only, whichever zone it is in.
func TestTableRecords(t *testing.T) {
	for kind, row := range All() {
		for list, grants := range row.grants() {
			for i, grant := range grants {
				if slices.Contains(grant.Actions, "route53:ChangeResourceRecordSets") {
					assert.Assert(t, contains(grant.Conditions, theRecord), "%s: %s[%d]: of any name", kind, list, i)
				}
			}
		}
	}
	const resources = `{"resource": {
		"aws_acm_certificate": {"c": {"domain_name": "plinth-dev-app.example.com", "validation_method": "DNS"}},
		"aws_route53_record": {
			"alias": {"name": "plinth-dev-app.example.com", "type": "A"},
			"proof": {
				"name": "${tolist(aws_acm_certificate.c.domain_validation_options).0.resource_record_name}",
				"type": "${tolist(aws_acm_certificate.c.domain_validation_options).0.resource_record_type}"}}}}`
	statements, err := All().Deploy(example(resources))
	assert.NilError(t, err)
	var got []string
	for _, s := range statements {
		if slices.Contains(s.Actions, "route53:ChangeResourceRecordSets") {
			got = append(got, fmt.Sprint(s.Conditions))
		}
	}
	condition := func(name, kind string) string {
		return "[{ForAllValues:StringLike route53:ChangeResourceRecordSetsNormalizedRecordNames [" + name + "]}" +
			" {ForAllValues:StringEquals route53:ChangeResourceRecordSetsRecordTypes [" + kind + "]}]"
	}
	assert.DeepEqual(t, got, []string{condition("_*.plinth-dev-app.example.com", "CNAME"), condition("plinth-dev-app.example.com", "A")})
}

func TestRowsWithAttributes(t *testing.T) {
	all := All()
	for key := range all {
		kind, _, bracketed := strings.Cut(key, "[")
		_, known := all[kind]
		assert.Assert(t, !bracketed || known && strings.HasSuffix(key, "]"), key)
	}
	actions := func(attributes map[string]any) []string {
		row, known := all.row(block{"aws_db_instance", attributes})
		assert.Assert(t, known)
		var all []string
		for _, grant := range slices.Concat(row.Create, row.Delete) {
			all = append(all, grant.Actions...)
		}
		return all
	}
	primary := actions(map[string]any{"username": "postgres", "final_snapshot_identifier": "last"})
	assert.Assert(t, slices.Contains(primary, "rds:CreateDBInstance") && slices.Contains(primary, "rds:CreateDBSnapshot"))
	assert.Assert(t, !slices.Contains(primary, "rds:CreateDBInstanceReadReplica") && slices.Contains(primary, "secretsmanager:CreateSecret"))
	replica := actions(map[string]any{"replicate_source_db": "primary"})
	assert.Assert(t, slices.Contains(replica, "rds:CreateDBInstanceReadReplica") && !slices.Contains(replica, "rds:CreateDBInstance") && !slices.Contains(replica, "secretsmanager:CreateSecret"))
	_, known := all.row(block{kind: "aws_not_a_type"})
	assert.Assert(t, !known)
}

func TestManaged(t *testing.T) {
	action := regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`)
	for _, policy := range slices.Sorted(maps.Keys(managed)) {
		var list []string
		for _, grant := range managed[policy] {
			assert.Assert(t, slices.IsSorted(grant.Actions), policy)
			assert.Assert(t, len(grant.Resources) > 0 && (grant.Resources[0] != "*" || grant.Reason != ""), policy)
			list = append(list, grant.Actions...)
		}
		slices.Sort(list)
		assert.Assert(t, len(list) > 0, policy)
		assert.Equal(t, len(slices.Compact(slices.Clone(list))), len(list), policy)
		for _, name := range list {
			assert.Assert(t, action.MatchString(name), "%s: %s", policy, name)
		}
	}
}

// TestComplianceLock: only the role of a stack with a compliance lock may set one, which nobody can
// remove.
func TestComplianceLock(t *testing.T) {
	const vault = `"aws_backup_vault": {"v": {"name": "plinth-dev-database"}}`
	for days, want := range map[string][]string{
		"":                           {"[{Null backup:ChangeableForDays [true]}]"},
		`, "changeable_for_days": 3`: {"[]", "[{Null backup:ChangeableForDays [true]}]"},
	} {
		s := example(`{"resource": {` + vault + `, "aws_backup_vault_lock_configuration": {"l": {"backup_vault_name": "${aws_backup_vault.v.name}"` + days + `}}}}`)
		statements, err := All().Deploy(s)
		assert.NilError(t, err)
		var got []string
		for _, statement := range statements {
			if slices.Contains(statement.Actions, "backup:PutBackupVaultLockConfiguration") {
				got = append(got, fmt.Sprint(statement.Conditions))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		assert.DeepEqual(t, got, want)
	}
}

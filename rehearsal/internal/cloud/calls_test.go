package cloud

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/iam"
)

// byAdministrator are types of the stack that only an administrator deploys.
var byAdministrator = []string{
	"aws_iam_policy", "aws_s3_bucket", "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_logging", "aws_s3_bucket_ownership_controls",
	"aws_s3_bucket_policy", "aws_s3_bucket_public_access_block", "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_versioning",
}

// TestEveryTypeHasCalls holds the calls against the stacks.
func TestEveryTypeHasCalls(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/golden/*.tf.json")
	assert.NilError(t, err)
	assert.Assert(t, len(files) > 0)
	for _, file := range files {
		content, err := os.ReadFile(file)
		assert.NilError(t, err)
		var stack struct {
			Resource, Data, Ephemeral map[string]any
		}
		assert.NilError(t, json.Unmarshal(content, &stack))
		for prefix, types := range map[string]map[string]any{"": stack.Resource, "data.": stack.Data, "ephemeral.": stack.Ephemeral} {
			for name := range types {
				if _, known := callers[prefix+name]; !known && strings.HasPrefix(name, "aws_") && !slices.Contains(byAdministrator, name) {
					t.Errorf("%s: %s%s has no calls", filepath.Base(file), prefix, name)
				}
			}
		}
	}
}

// TestOneCallForAnAttribute: which one would count, if there were two?
func TestOneCallForAnAttribute(t *testing.T) {
	for name, row := range callers {
		var seen []string
		for _, u := range row.update {
			for _, attribute := range strings.Fields(u.attributes) {
				if slices.Contains(seen, attribute) {
					t.Errorf("%s: %s is in its calls twice", name, attribute)
				}
				seen = append(seen, attribute)
			}
		}
	}
}

func world() *World {
	w := &World{Account: "111111111111", Region: "eu-west-2"}
	tags := Attributes{"stack": "dev-network"}
	w.Add("aws_vpc", "vpc-1", &Thing{Attributes: Attributes{"id": "vpc-1", "arn": w.arn("ec2", "vpc/vpc-1"), "tags_all": tags}})
	w.Add("aws_subnet", "subnet-1", &Thing{Attributes: Attributes{"id": "subnet-1", "arn": w.arn("ec2", "subnet/subnet-1"), "vpc_id": "vpc-1", "tags_all": tags}})
	w.Add("aws_kms_key", "k", &Thing{Attributes: Attributes{"id": "k", "arn": w.arn("kms", "key/k"), "tags_all": tags}})
	w.Add("aws_iam_role", "r", &Thing{Attributes: Attributes{
		"id": "r", "name": "r", "arn": "arn:aws:iam::111111111111:role/r", "permissions_boundary": "arn:aws:iam::111111111111:policy/b", "tags_all": tags,
	}})
	return w
}

// short writes requests as action resource, with those condition keys that are asked for.
func short(requests []iam.Request, keys ...string) []string {
	var all []string
	for _, r := range requests {
		line := r.Action + " " + strings.ReplaceAll(r.Resource, ":eu-west-2:111111111111", "")
		for _, key := range keys {
			if values, ok := r.Context[key]; ok {
				line += " " + key + "=" + strings.Join(values, ",")
			}
		}
		all = append(all, line)
	}
	return all
}

func TestCalls(t *testing.T) {
	database := Attributes{
		"id": "db-ABC", "identifier": "app", "arn": "arn:aws:rds:eu-west-2:111111111111:db:app", "engine": "postgres", "engine_version": "17",
		"parameter_group_name": "app17", "db_subnet_group_name": "app", "kms_key_id": "arn:aws:kms:eu-west-2:111111111111:key/k",
		"tags_all": Attributes{"stack": "dev-data"},
	}
	with := func(a Attributes, name string, value any) Attributes {
		changed := Attributes{name: value}
		for key, v := range a {
			setDefault(changed, key, v)
		}
		return changed
	}
	for _, test := range []struct {
		name, kind, operation string
		before, after         Attributes
		keys                  []string
		want                  []string
	}{
		{"a subnet names its network", "aws_subnet", OperationCreate, nil,
			Attributes{"id": "subnet-2", "arn": "arn:x:ec2", "vpc_id": "vpc-1", "map_public_ip_on_launch": true, "tags_all": Attributes{"stack": "dev-network"}},
			[]string{"aws:RequestTag/stack", "aws:ResourceTag/stack", "ec2:CreateAction"},
			[]string{
				"ec2:CreateSubnet arn:aws:ec2:subnet/* aws:RequestTag/stack=dev-network",
				"ec2:CreateSubnet arn:aws:ec2:vpc/vpc-1 aws:ResourceTag/stack=dev-network",
				"ec2:CreateTags arn:aws:ec2:subnet/* aws:RequestTag/stack=dev-network ec2:CreateAction=CreateSubnet",
				"ec2:ModifySubnetAttribute arn:aws:ec2:subnet/subnet-2 aws:ResourceTag/stack=dev-network",
				"ec2:DescribeSubnets *",
			}},
		{"tags of what is there", "aws_subnet", OperationUpdate,
			Attributes{"id": "subnet-1", "arn": "arn:x:ec2", "tags_all": Attributes{"stack": "a", "old": "x"}},
			Attributes{"id": "subnet-1", "arn": "arn:x:ec2", "tags_all": Attributes{"stack": "b"}},
			[]string{"aws:RequestTag/stack", "aws:ResourceTag/stack", "aws:TagKeys"},
			[]string{
				"ec2:DeleteTags arn:aws:ec2:subnet/subnet-1 aws:ResourceTag/stack=a aws:TagKeys=old",
				"ec2:CreateTags arn:aws:ec2:subnet/subnet-1 aws:RequestTag/stack=b aws:ResourceTag/stack=a aws:TagKeys=stack",
				"ec2:DescribeSubnets *",
			}},
		{"a role is asked about with its boundary, and from where IAM is", "aws_iam_role_policy", OperationCreate, nil, Attributes{"id": "r:p", "role": "r", "name": "p"},
			[]string{"iam:PermissionsBoundary", "aws:RequestedRegion"},
			[]string{
				"iam:PutRolePolicy arn:aws:iam::111111111111:role/r iam:PermissionsBoundary=arn:aws:iam::111111111111:policy/b aws:RequestedRegion=us-east-1",
				"iam:GetRolePolicy arn:aws:iam::111111111111:role/r iam:PermissionsBoundary=arn:aws:iam::111111111111:policy/b aws:RequestedRegion=us-east-1",
			}},
		{"a log group has two names", "aws_cloudwatch_log_group", OperationCreate, nil,
			Attributes{"id": "/a", "arn": "arn:aws:logs:eu-west-2:111111111111:log-group:/a", "retention_in_days": 7.0, "tags_all": Attributes{"stack": "s"}}, nil,
			[]string{
				"logs:CreateLogGroup arn:aws:logs:log-group:/a:log-stream:", "logs:TagResource arn:aws:logs:log-group:/a",
				"logs:PutRetentionPolicy arn:aws:logs:log-group:/a:log-stream:", "logs:DescribeLogGroups arn:aws:logs:log-group::log-stream:",
				"logs:ListTagsForResource arn:aws:logs:log-group:/a",
			}},
		{"a database, its groups, its key and RDS' own role", "aws_db_instance", OperationCreate, nil, database, []string{"kms:ViaService", "kms:GrantIsForAWSResource"},
			[]string{
				"rds:CreateDBInstance arn:aws:rds:db:app", "rds:CreateDBInstance arn:aws:rds:subgrp:app",
				"rds:CreateDBInstance arn:aws:rds:pg:app17", "rds:CreateDBInstance arn:aws:rds:og:default:postgres-17", "rds:AddTagsToResource arn:aws:rds:db:app",
				"iam:CreateServiceLinkedRole arn:aws:iam::111111111111:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
				"kms:DescribeKey arn:aws:kms:key/k kms:ViaService=rds.eu-west-2.amazonaws.com",
				"kms:CreateGrant arn:aws:kms:key/k kms:ViaService=rds.eu-west-2.amazonaws.com kms:GrantIsForAWSResource=true",
				"rds:DescribeDBInstances arn:aws:rds:db:*",
			}},
		{"what only the provider knows of", "aws_db_instance", OperationUpdate, database, with(database, "skip_final_snapshot", true), nil, []string{"rds:DescribeDBInstances arn:aws:rds:db:*"}},
		{"another parameter group", "aws_db_instance", OperationUpdate, database, with(with(database, "parameter_group_name", "app18"), "engine_version", "18"), nil,
			[]string{"rds:ModifyDBInstance arn:aws:rds:db:app", "rds:ModifyDBInstance arn:aws:rds:pg:app18", "rds:DescribeDBInstances arn:aws:rds:db:*"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests, err := world().Calls(test.kind, test.operation, test.before, test.after)
			assert.NilError(t, err)
			assert.DeepEqual(t, short(requests, test.keys...), test.want)
		})
	}
	_, err := world().Calls("aws_sqs_queue", OperationCreate, nil, Attributes{})
	assert.ErrorContains(t, err, "does not know which API calls aws_sqs_queue makes")
	_, err = world().Calls("aws_db_instance", OperationUpdate, database, with(database, "colour", "blue"))
	assert.ErrorContains(t, err, "a change of colour of aws_db_instance")
}

// TestManagedPassword: what RDS does for a password that it manages, it does in the caller's name.
func TestManagedPassword(t *testing.T) {
	w := world()
	w.ServiceRoles = []string{"arn:aws:iam::111111111111:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"}
	key, secret := "arn:aws:kms:eu-west-2:111111111111:key/k", "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!db-1-abc123"
	requests, err := w.Calls("aws_db_instance", OperationCreate, nil, Attributes{
		"id": "db-1", "identifier": "app", "arn": "arn:aws:rds:eu-west-2:111111111111:db:app", "engine": "postgres", "engine_version": "17",
		"manage_master_user_password": true, "master_user_secret_kms_key_id": key, "master_user_secret": []any{Attributes{"secret_arn": secret}},
	})
	assert.NilError(t, err)
	assert.DeepEqual(t, short(requests[3:len(requests)-1], "kms:ViaService", "aws:CalledViaFirst", "secretsmanager:Name"), []string{
		"secretsmanager:CreateSecret arn:aws:secretsmanager:secret:rds!db-1-abc123 aws:CalledViaFirst=rds.amazonaws.com secretsmanager:Name=rds!db-1",
		"secretsmanager:TagResource arn:aws:secretsmanager:secret:rds!db-1-abc123 aws:CalledViaFirst=rds.amazonaws.com secretsmanager:Name=rds!db-1",
		"kms:DescribeKey arn:aws:kms:key/k kms:ViaService=rds.eu-west-2.amazonaws.com aws:CalledViaFirst=rds.amazonaws.com",
		"kms:CreateGrant arn:aws:kms:key/k kms:ViaService=rds.eu-west-2.amazonaws.com aws:CalledViaFirst=rds.amazonaws.com",
		"kms:GenerateDataKey arn:aws:kms:key/k kms:ViaService=secretsmanager.eu-west-2.amazonaws.com aws:CalledViaFirst=secretsmanager.amazonaws.com",
		"kms:Decrypt arn:aws:kms:key/k kms:ViaService=secretsmanager.eu-west-2.amazonaws.com aws:CalledViaFirst=secretsmanager.amazonaws.com",
	})
}

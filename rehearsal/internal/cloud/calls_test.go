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

// byAdministrator are types of the only stack that an administrator deploys.
var byAdministrator = []string{"aws_iam_policy"}

// TestEveryTypeHasCalls checks the stacks' types. A type whose behaviour is known must have known
// calls. The rehearsal reports types that it knows by schema alone.
func TestEveryTypeHasCalls(t *testing.T) {
	files, err := filepath.Glob("../../../wholeapp/testdata/golden/*.tf.json")
	assert.NilError(t, err)
	assert.Assert(t, len(files) > 0)
	lacking := map[string][]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		assert.NilError(t, err)
		var stack struct {
			Resource, Data, Ephemeral map[string]any
		}
		assert.NilError(t, json.Unmarshal(content, &stack))
		for prefix, types := range map[string]map[string]any{"": stack.Resource, "data.": stack.Data, "ephemeral.": stack.Ephemeral} {
			for name := range types {
				behaves, calls := Knows(prefix + name)
				if strings.HasPrefix(name, "aws_") && behaves && !calls && !slices.Contains(byAdministrator, name) {
					lacking[prefix+name] = append(lacking[prefix+name], filepath.Base(file))
				}
			}
		}
	}
	for name, files := range lacking {
		t.Errorf("%s has no calls (in %s)", name, strings.Join(files, ", "))
	}
}

// TestOneCallForAnAttribute: an attribute in two entries would be ambiguous.
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

// short formats requests as action and resource, with the given condition keys.
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
	tags := Attributes{"stack": "s"}
	topic := Attributes{"id": "t", "arn": "arn:aws:sns:eu-west-2:111111111111:alarms", "tags_all": tags}
	alarm := Attributes{
		"id": "a", "arn": "arn:aws:cloudwatch:eu-west-2:111111111111:alarm:a", "alarm_actions": []any{"t1"}, "ok_actions": []any{"t2"}, "tags_all": tags,
	}
	workspace := Attributes{
		"id": "ws-1", "arn": "arn:aws:aps:eu-west-2:111111111111:workspace/ws-1", "kms_key_arn": "arn:aws:kms:eu-west-2:111111111111:key/k",
		"logging_configuration": []any{Attributes{"log_group_arn": "g:*"}}, "tags_all": tags,
	}
	slack := Attributes{
		"chat_configuration_arn": "arn:aws:chatbot::111111111111:chat-configuration/slack-channel/c", "iam_role_arn": "arn:aws:iam::111111111111:role/r", "tags_all": tags,
	}
	profile := Attributes{"id": "c:app", "arn": "arn:aws:eks:eu-west-2:111111111111:fargateprofile/c/app/1", "cluster_name": "c", "fargate_profile_name": "app", "tags_all": tags}
	bucket := Attributes{"id": "b", "bucket": "b", "arn": "arn:aws:s3:::b", "force_destroy": true, "tags_all": tags}
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
		{"a topic and its attributes", topicKind, OperationCreate, nil, with(topic, "kms_master_key_id", "alias/k"), []string{"aws:RequestTag/stack", "aws:ResourceTag/stack"},
			[]string{
				"sns:CreateTopic arn:aws:sns:alarms aws:RequestTag/stack=s", "sns:TagResource arn:aws:sns:alarms aws:RequestTag/stack=s",
				"sns:SetTopicAttributes arn:aws:sns:alarms aws:ResourceTag/stack=s",
				"sns:GetTopicAttributes arn:aws:sns:alarms aws:ResourceTag/stack=s", "sns:ListTagsForResource arn:aws:sns:alarms aws:ResourceTag/stack=s",
			}},
		{"a topic of no attributes", topicKind, OperationCreate, nil, Attributes{"id": "t", "arn": "arn:x:sns", "policy": defaultTopicPolicy("arn:x:sns", "111111111111"), "fifo_topic": false}, nil,
			[]string{"sns:CreateTopic arn:x:sns", "sns:GetTopicAttributes arn:x:sns", "sns:ListTagsForResource arn:x:sns"}},
		{"a subscription is of no resource, once it is made", "aws_sns_topic_subscription", OperationCreate, nil,
			Attributes{"id": "s", "topic_arn": topic["arn"], "protocol": "email", "endpoint": "a@example.com"}, []string{"sns:Protocol", "sns:Endpoint"},
			[]string{"sns:Subscribe arn:aws:sns:alarms sns:Protocol=email sns:Endpoint=a@example.com", "sns:GetSubscriptionAttributes *"}},
		{"an alarm and its actions", "aws_cloudwatch_metric_alarm", OperationCreate, nil, alarm, []string{"aws:RequestTag/stack", "cloudwatch:AlarmActions"},
			[]string{
				"cloudwatch:PutMetricAlarm arn:aws:cloudwatch:alarm:a aws:RequestTag/stack=s cloudwatch:AlarmActions=t1,t2",
				"cloudwatch:TagResource arn:aws:cloudwatch:alarm:a aws:RequestTag/stack=s",
				"cloudwatch:DescribeAlarms arn:aws:cloudwatch:alarm:*", "cloudwatch:ListTagsForResource arn:aws:cloudwatch:alarm:a",
			}},
		{"an alarm is always put whole", "aws_cloudwatch_metric_alarm", OperationUpdate, alarm, with(with(alarm, "threshold", 2.0), "period", 60.0), []string{"aws:RequestTag/stack"},
			[]string{
				"cloudwatch:PutMetricAlarm arn:aws:cloudwatch:alarm:a aws:RequestTag/stack=s",
				"cloudwatch:DescribeAlarms arn:aws:cloudwatch:alarm:*", "cloudwatch:ListTagsForResource arn:aws:cloudwatch:alarm:a",
			}},
		{"a dashboard is of no region", "aws_cloudwatch_dashboard", OperationCreate, nil, Attributes{"id": "d", "dashboard_arn": "arn:aws:cloudwatch::111111111111:dashboard/d"}, nil,
			[]string{"cloudwatch:PutDashboard arn:aws:cloudwatch::111111111111:dashboard/d", "cloudwatch:GetDashboard arn:aws:cloudwatch::111111111111:dashboard/d"}},
		{"a filter is of its group", metricFilterKind, OperationDelete, Attributes{"id": "f", "log_group_name": "/g"}, nil, nil, []string{"logs:DeleteMetricFilter arn:aws:logs:log-group:/g:log-stream:"}},
		{"a workspace, its key and its logs", workspaceKind, OperationCreate, nil, workspace, []string{"aws:CalledVia", "kms:ViaService", "kms:EncryptionContext:aws:aps:arn"},
			[]string{
				"aps:CreateWorkspace arn:aws:aps:/workspaces", "aps:TagResource arn:aws:aps:workspace/*",
				"kms:DescribeKey arn:aws:kms:key/k aws:CalledVia=aps.amazonaws.com kms:ViaService=aps.eu-west-2.amazonaws.com",
				"kms:CreateGrant arn:aws:kms:key/k aws:CalledVia=aps.amazonaws.com kms:ViaService=aps.eu-west-2.amazonaws.com kms:EncryptionContext:aws:aps:arn=arn:aws:aps:eu-west-2:111111111111:workspace/ws-1",
				"aps:CreateLoggingConfiguration arn:aws:aps:workspace/ws-1",
				"logs:ListLogDeliveries * aws:CalledVia=aps.amazonaws.com", "logs:GetLogDelivery * aws:CalledVia=aps.amazonaws.com",
				"logs:CreateLogDelivery * aws:CalledVia=aps.amazonaws.com", "logs:DescribeLogGroups arn:aws:logs:log-group::log-stream: aws:CalledVia=aps.amazonaws.com",
				"logs:DescribeResourcePolicies * aws:CalledVia=aps.amazonaws.com", "logs:PutResourcePolicy * aws:CalledVia=aps.amazonaws.com",
				"aps:DescribeWorkspace arn:aws:aps:workspace/ws-1", "aps:DescribeLoggingConfiguration arn:aws:aps:workspace/ws-1", "aps:ListTagsForResource arn:aws:aps:workspace/ws-1",
			}},
		{"a workspace that logs no more", workspaceKind, OperationUpdate, workspace, with(workspace, "logging_configuration", []any{}), nil,
			[]string{
				"aps:DeleteLoggingConfiguration arn:aws:aps:workspace/ws-1", "logs:DeleteLogDelivery *",
				"aps:DescribeWorkspace arn:aws:aps:workspace/ws-1", "aps:DescribeLoggingConfiguration arn:aws:aps:workspace/ws-1", "aps:ListTagsForResource arn:aws:aps:workspace/ws-1",
			}},
		{"rules have an ARN of their own", ruleGroupsKind, OperationUpdate, Attributes{"id": "r", "arn": "arn:x:aps", "data": "a"}, Attributes{"id": "r", "arn": "arn:x:aps", "data": "b"}, nil,
			[]string{"aps:PutRuleGroupsNamespace arn:x:aps", "aps:DescribeRuleGroupsNamespace arn:x:aps", "aps:ListTagsForResource arn:x:aps"}},
		{"an alert manager has its workspace's", definitionKind, OperationDelete, Attributes{"id": "ws-1", "workspace_id": "ws-1"}, nil, nil,
			[]string{"aps:DeleteAlertManagerDefinition arn:aws:aps:workspace/ws-1", "aps:DescribeAlertManagerDefinition arn:aws:aps:workspace/ws-1"}},
		{"a Slack channel, from where Chatbot is", slackKind, OperationCreate, nil, slack, []string{"aws:RequestedRegion", "aws:RequestTag/stack", "iam:PassedToService"},
			[]string{
				"chatbot:CreateSlackChannelConfiguration * aws:RequestedRegion=us-west-2 aws:RequestTag/stack=s",
				"chatbot:TagResource arn:aws:chatbot::111111111111:chat-configuration/slack-channel/c aws:RequestedRegion=us-west-2 aws:RequestTag/stack=s",
				"iam:PassRole arn:aws:iam::111111111111:role/r aws:RequestedRegion=us-east-1 iam:PassedToService=chatbot.amazonaws.com",
				"iam:CreateServiceLinkedRole arn:aws:iam::111111111111:role/aws-service-role/management.chatbot.amazonaws.com/AWSServiceRoleForAWSChatbot aws:RequestedRegion=us-east-1",
				"chatbot:DescribeSlackChannelConfigurations * aws:RequestedRegion=us-west-2",
			}},
		{"tags of a Slack channel", slackKind, OperationUpdate, slack, with(slack, "tags_all", Attributes{"stack": "t"}), []string{"aws:RequestTag/stack", "aws:ResourceTag/stack"},
			[]string{
				"chatbot:TagResource arn:aws:chatbot::111111111111:chat-configuration/slack-channel/c aws:RequestTag/stack=t aws:ResourceTag/stack=s",
				"chatbot:DescribeSlackChannelConfigurations *",
			}},
		{"a bucket has no tags to IAM", "aws_s3_bucket", OperationUpdate, bucket, with(bucket, "tags_all", Attributes{"stack": "t"}), []string{"aws:RequestTag/stack", "aws:ResourceTag/stack"},
			[]string{
				"s3:GetBucketTagging arn:aws:s3:::b", "s3:PutBucketTagging arn:aws:s3:::b", "s3:ListBucket arn:aws:s3:::b", "s3:GetBucketPolicy arn:aws:s3:::b",
				"s3:GetBucketAcl arn:aws:s3:::b", "s3:GetBucketCORS arn:aws:s3:::b", "s3:GetBucketWebsite arn:aws:s3:::b", "s3:GetBucketVersioning arn:aws:s3:::b",
				"s3:GetAccelerateConfiguration arn:aws:s3:::b", "s3:GetBucketRequestPayment arn:aws:s3:::b", "s3:GetBucketLogging arn:aws:s3:::b",
				"s3:GetLifecycleConfiguration arn:aws:s3:::b", "s3:GetReplicationConfiguration arn:aws:s3:::b", "s3:GetEncryptionConfiguration arn:aws:s3:::b",
				"s3:GetBucketObjectLockConfiguration arn:aws:s3:::b", "s3:GetBucketTagging arn:aws:s3:::b",
			}},
		{"a bucket that goes with what is in it", "aws_s3_bucket", OperationDelete, bucket, nil, nil,
			[]string{
				"s3:DeleteBucket arn:aws:s3:::b", "s3:ListBucketVersions arn:aws:s3:::b", "s3:DeleteObject arn:aws:s3:::b/*", "s3:DeleteObjectVersion arn:aws:s3:::b/*",
				"s3:DeleteBucket arn:aws:s3:::b", "s3:ListBucket arn:aws:s3:::b",
			}},
		{"what a bucket is encrypted with is put and put back", encryptionKind, OperationDelete, Attributes{"id": "b", "bucket": "b"}, nil, nil, []string{"s3:PutEncryptionConfiguration arn:aws:s3:::b"}},
		{"a target group is searched by its tags", "data.aws_lb_target_group", OperationRead, Attributes{}, Attributes{}, nil,
			[]string{"elasticloadbalancing:DescribeTargetGroups *", "elasticloadbalancing:DescribeTags *", "elasticloadbalancing:DescribeTargetGroupAttributes *"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests, err := world().Calls(test.kind, test.operation, test.before, test.after)
			assert.NilError(t, err)
			assert.DeepEqual(t, short(requests, test.keys...), test.want)
		})
	}
	requests, err := world().Calls("aws_not_a_type", OperationCreate, nil, Attributes{})
	assert.NilError(t, err)
	assert.Equal(t, len(requests), 0)
	// Timeouts are the provider's own: an update of them alone calls nothing but what reads.
	requests, err = world().Calls("aws_eks_fargate_profile", OperationUpdate, profile, with(profile, "timeouts", Attributes{"delete": "2h"}))
	assert.NilError(t, err)
	assert.DeepEqual(t, short(requests), []string{"eks:DescribeFargateProfile arn:aws:eks:fargateprofile/c/app/1"})
	_, err = world().Calls("aws_db_instance", OperationUpdate, database, with(database, "colour", "blue"))
	assert.ErrorContains(t, err, "a change of colour of aws_db_instance")
}

// TestManagedPassword checks RDS's calls on the caller's behalf for a password that it manages.
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

package permissions

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// example returns a stack of an environment dev, with some resources.
func example(resources string) Stack {
	s := Stack{
		Project: "plinth", Environment: "dev", Name: "data", Account: "111111111111", Region: "eu-west-2",
		Boundary: "arn:aws:iam::111111111111:policy/plinth-dev-roles-data",
		State: State{
			Bucket: "states", Region: "eu-west-2", Key: "dev/data.tfstate", Reads: []string{"dev/network.tfstate"},
			KMSKey: "arn:aws:kms:eu-west-2:111111111111:key/1",
		},
	}
	if err := json.Unmarshal([]byte(resources), &s.Document); err != nil {
		panic(err)
	}
	return s
}

// said returns what a statement allows, in short.
func said(s Statement) string {
	return fmt.Sprint(strings.Join(s.Actions, ","), " on ", strings.Join(s.Resources, ","), " if ", s.Conditions)
}

func TestResources(t *testing.T) {
	const role = `"aws_iam_role": {"r": {"name": "plinth-dev-r"}, "s": {"name": "${var.x}"}}, "aws_version": {"v": {"secret_id": "${aws_secret.s.id}"}}, "aws_secret": {"s": {"name": "plinth/dev/postgres"}}, "aws_s3_bucket": {"b": {"bucket": "plinth-dev-b"}}`
	for name, test := range map[string]struct {
		attributes, on, want string
		when                 []Condition
	}{
		"a name that is known":         {`"name": "logs"`, "logs:log-group:{name}", "arn:aws:logs:eu-west-2:111111111111:log-group:logs", nil},
		"a global service":             {`"name": "r"`, "iam:role/{name}", "arn:aws:iam::111111111111:role/r", nil},
		"a whole ARN":                  {`"a": "b"`, "arn:aws:eks::aws:x/{a}", "arn:aws:eks::aws:x/b", nil},
		"everything":                   {`"a": "b"`, "*", "*", nil},
		"a reference":                  {`"role": "${aws_iam_role.r.arn}"`, "iam:role/{role}", "arn:aws:iam::111111111111:role/plinth-dev-*", nil},
		"a reference to a reference":   {`"secret": "${aws_version.v.secret_id}"`, "secretsmanager:secret:{secret}-??????", "arn:aws:secretsmanager:eu-west-2:111111111111:secret:plinth/dev/postgres-??????", nil},
		"a name within a path":         {`"name": "/aws/rds/instance/plinth-dev-postgres/postgresql"`, "logs:log-group:{name}", "arn:aws:logs:eu-west-2:111111111111:log-group:/aws/rds/instance/plinth-dev-*", nil},
		"another environment's name":   {`"name": "plinth-dev2-x"`, "iam:role/{name}", "arn:aws:iam::111111111111:role/plinth-dev2-x", nil},
		"a reference to what is not":   {`"role": "${aws_iam_role.s.name}"`, "iam:role/{role}", "arn:aws:iam::111111111111:role/*", nil},
		"what nobody knows yet":        {`"name": "${random.x}"`, "iam:role/{name}", "arn:aws:iam::111111111111:role/*", nil},
		"a global service of another":  {`"name": "plinth-dev-r"`, "chatbot:x/{name}", "arn:aws:chatbot::111111111111:x/plinth-dev-*", nil},
		"a whole name":                 {`"bucket": "plinth-dev-loki-111111111111"`, "arn:aws:s3:::{=bucket}/*", "arn:aws:s3:::plinth-dev-loki-111111111111/*", nil},
		"a reference to a whole name":  {`"bucket": "${aws_s3_bucket.b.id}"`, "arn:aws:s3:::{=bucket}", "arn:aws:s3:::plinth-dev-b", nil},
		"a part that nobody knows yet": {`"name": "a-${random.x}-b"`, "iam:role/{name}", "arn:aws:iam::111111111111:role/a-*-b", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := example(`{"resource": {` + role + `, "aws_thing": {"t": {` + test.attributes + `}}}}`)
			table := Table{"aws_iam_role": {}, "aws_version": {}, "aws_secret": {}, "aws_s3_bucket": {}, "aws_thing": {Create: []Grant{{Actions: []string{"a:B"}, Resources: []string{test.on}}}}}
			got, err := table.Deploy(s)
			assert.NilError(t, err)
			assert.DeepEqual(t, got[0].Resources, []string{test.want})
			assert.DeepEqual(t, got[0].RequiredBy, []string{"aws_thing"})
		})
	}
}

func TestConditions(t *testing.T) {
	for name, test := range map[string]struct {
		attributes, want string
		when             []Condition
	}{
		"what is requested":          {``, `[{StringEquals aws:RequestTag/project [plinth]} {StringEquals aws:RequestTag/environment [dev]} {StringEquals aws:RequestTag/stack [data]}]`, requestTagged},
		"the region":                 {``, `[{StringEquals aws:RequestedRegion [eu-west-2]}]`, inRegion},
		"a boundary":                 {``, `[{StringEquals iam:PermissionsBoundary [arn:aws:iam::111111111111:policy/plinth-dev-roles-data]}]`, withRoleBoundary},
		"through a service":          {``, `[{StringEquals kms:ViaService [rds.eu-west-2.amazonaws.com]}]`, kmsViaService("rds")},
		"two":                        {``, `[{StringEquals iam:PassedToService [a]} {StringEquals aws:RequestedRegion [eu-west-2]}]`, all(passedToService("a"), inRegion)},
		"of the stack itself":        {`"group": "${aws_security_group.g.id}"`, `[{StringEquals aws:ResourceTag/project [plinth]} {StringEquals aws:ResourceTag/environment [dev]} {StringEquals aws:ResourceTag/stack [data]}]`, taggedAsOwnerOf("group")},
		"of another stack":           {`"group": "${data.terraform_remote_state.cross-stack-reference-input-dev-network.outputs.x}"`, `[{StringEquals aws:ResourceTag/project [plinth]} {StringEquals aws:ResourceTag/environment [dev]} {StringEquals aws:ResourceTag/stack [network]}]`, taggedAsOwnerOf("group")},
		"of a cluster":               {`"group": "${aws_eks_cluster.c.vpc_config[0].cluster_security_group_id}"`, `[{StringEquals aws:ResourceTag/aws:eks:cluster-name [plinth-dev]}]`, taggedAsOwnerOf("group")},
		"of another stack's cluster": {`"group": "${data.terraform_remote_state.cross-stack-reference-input-dev-cluster.outputs.c-cluster_security_group_id}"`, `[{StringEquals aws:ResourceTag/aws:eks:cluster-name [plinth-dev]}]`, taggedAsOwnerOf("group")},
	} {
		t.Run(name, func(t *testing.T) {
			s := example(`{"resource": {"aws_thing": {"t": {` + test.attributes + `}}}}`)
			table := Table{"aws_thing": {Create: []Grant{{Actions: []string{"a:B"}, Resources: []string{"*"}, Conditions: test.when}}}}
			got, err := table.Deploy(s)
			assert.NilError(t, err)
			assert.Equal(t, fmt.Sprint(got[0].Conditions), test.want)
		})
	}
}

func TestDeployAndPlan(t *testing.T) {
	table := Table{
		"aws_log": {
			Create: []Grant{{Actions: []string{"logs:Create", "logs:Tag"}, Resources: []string{"logs:g:{name}"}}},
			Read:   []Grant{{Actions: []string{"logs:Get"}, Resources: []string{"logs:g:{name}"}}},
			Delete: []Grant{{Actions: []string{"logs:Delete"}, Resources: []string{"logs:g:{name}"}}},
		},
		"aws_vpc":      {Read: []Grant{{Actions: []string{"ec2:Describe"}, Resources: []string{"*"}, Reason: "it supports nothing narrower"}}},
		"data.aws_vpc": {Read: []Grant{{Actions: []string{"ec2:Describe"}, Resources: []string{"*"}, Reason: "it supports nothing narrower"}}},
	}
	s := example(`{"resource": {"aws_log": {"a": {"name": "a"}, "b": {"name": "b"}}, "aws_vpc": {"v": {}}}, "data": {"aws_vpc": {"w": {}}}}`)
	const (
		describe = "ec2:Describe on * if []"
		groups   = " on arn:aws:logs:eu-west-2:111111111111:g:a,arn:aws:logs:eu-west-2:111111111111:g:b if []"
		list     = "s3:ListBucket on arn:aws:s3:::states if [{StringLikeIfExists s3:prefix [env:/ dev/data.tfstate dev/network.tfstate]}]"
		read     = "s3:GetObject on arn:aws:s3:::states/dev/data.tfstate,arn:aws:s3:::states/dev/network.tfstate if []"
		lock     = "s3:DeleteObject,s3:GetObject,s3:PutObject on arn:aws:s3:::states/dev/data.tfstate.tflock if []"
		write    = "s3:PutObject on arn:aws:s3:::states/dev/data.tfstate if []"
		key      = " on arn:aws:kms:eu-west-2:111111111111:key/1 if [{StringEquals kms:ViaService [s3.eu-west-2.amazonaws.com]} {StringLike kms:EncryptionContext:aws:s3:arn [arn:aws:s3:::states arn:aws:s3:::states/*]}]"
	)
	for _, test := range []struct {
		name string
		of   func(Stack) ([]Statement, error)
		want []string
	}{
		{"deploy", table.Deploy, []string{describe, "logs:Create,logs:Delete,logs:Get,logs:Tag" + groups, list, read, lock, write, "kms:Decrypt,kms:GenerateDataKey" + key, "kms:TagResource on arn:aws:kms:eu-west-2:111111111111:key/1 if []"}},
		{"plan", table.Plan, []string{describe, "logs:Get" + groups, list, read, "kms:Decrypt" + key}},
	} {
		t.Run(test.name, func(t *testing.T) {
			statements, err := test.of(s)
			assert.NilError(t, err)
			var got []string
			for _, statement := range statements {
				got = append(got, said(statement))
			}
			assert.DeepEqual(t, got, test.want)
			assert.DeepEqual(t, statements[0].RequiredBy, []string{"aws_vpc", "data.aws_vpc"})
			assert.Equal(t, statements[0].Reason, "it supports nothing narrower")
		})
	}
}

// TestHostedZones: a role reaches only the records of the zones that its stack names.
func TestHostedZones(t *testing.T) {
	for name, test := range map[string]struct {
		document string
		known    map[string]string
		want     []string // the zones whose records the role may list
	}{
		"looked up":  {`{"data": {"aws_route53_zone": {"z": {"name": "example.com"}}}, "resource": {"aws_route53_record": {"r": {"zone_id": "${data.aws_route53_zone.z.zone_id}", "name": "a", "type": "A"}}}}`, map[string]string{"example.com": "Z1", "example.org": "Z2"}, []string{"Z1"}},
		"two":        {`{"data": {"aws_route53_zone": {"y": {"name": "example.org"}, "z": {"name": "example.com"}}}, "resource": {"aws_route53_record": {"r": {"zone_id": "${data.aws_route53_zone.y.zone_id}", "name": "a", "type": "A"}}}}`, map[string]string{"example.com": "Z1", "example.org": "Z2"}, []string{"Z2"}},
		"a literal":  {`{"resource": {"aws_route53_record": {"r": {"zone_id": "Z3", "name": "a", "type": "A"}}}}`, nil, []string{"Z3"}},
		"not known":  {`{"data": {"aws_route53_zone": {"z": {"name": "example.com"}}}, "resource": {"aws_route53_record": {"r": {"zone_id": "${data.aws_route53_zone.z.zone_id}", "name": "a", "type": "A"}}}}`, nil, []string{"*"}},
		"of a token": {`{"data": {"aws_route53_zone": {"z": {"name": "example.com"}}}, "resource": {"aws_route53_record": {"r": {"zone_id": "${data.aws_route53_zone.z.id}", "name": "a", "type": "A"}}}}`, map[string]string{"example.com": "${data.aws_route53_zone.x.zone_id}"}, []string{"${data.aws_route53_zone.x.zone_id}"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := example(test.document)
			s.HostedZones = test.known
			statements, err := All().Plan(s)
			assert.NilError(t, err)
			var got []string
			for _, statement := range statements {
				if strings.Contains(strings.Join(statement.Actions, " "), "route53:ListResourceRecordSets") {
					for _, resource := range statement.Resources {
						got = append(got, strings.TrimPrefix(resource, "arn:aws:route53:::hostedzone/"))
					}
				}
			}
			assert.DeepEqual(t, got, test.want)
		})
	}
}

func TestMistakes(t *testing.T) {
	for name, test := range map[string]struct {
		table     Table
		resources string
		want      string
	}{
		"types without a row": {
			Table{"aws_vpc": {}}, `{"resource": {"aws_vpc": {"v": {}}, "aws_new": {"n": {}, "m": {}}}, "data": {"aws_old": {"o": {}}}}`,
			`permissions: which actions do these types take?
  aws_new (dev-data)
  data.aws_old (dev-data)
No role could deploy them, so nothing is written. Add each to permissions/own.go: make missing shows how`,
		},
		"an attribute that is not there": {
			Table{"aws_a": {Read: []Grant{{Actions: []string{"a:B"}, Resources: []string{"a:{name}"}}}}},
			`{"resource": {"aws_a": {"n": {}}}}`, `permissions: aws_a in stack data has no {name}, which its row "a:{name}" needs`,
		},
		"a whole name that nobody knows yet": {
			Table{"aws_a": {Read: []Grant{{Actions: []string{"a:B"}, Resources: []string{"a:{=name}"}}}}},
			`{"resource": {"aws_a": {"n": {"name": "x-${random.x}"}}}}`, `permissions: aws_a in stack data: only x-* is known before apply, but row "a:{=name}" needs the whole {=name}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.table.Deploy(example(test.resources))
			assert.Error(t, err, test.want)
		})
	}
	_, err := RolesBoundary(example(`{"resource": {"aws_iam_role_policy_attachment": {"a": {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}}}}`))
	assert.Error(t, err, "permissions: stack dev-data attaches AdministratorAccess: add what its role needs of it to permissions/managed.go")
}

func TestPack(t *testing.T) {
	// Two of them fit into one policy, but not with ARNs in place of references.
	long := func(end string) Statement {
		return Statement{Actions: []string{"a:B"}, Resources: []string{strings.Repeat("r", PolicySize/2-100) + end}}
	}
	statement := func(resources int) Statement {
		s := Statement{Actions: []string{"a:B", "a:C"}}
		for i := range resources {
			s.Resources = append(s.Resources, fmt.Sprintf("arn:aws:a:eu-west-2:111111111111:thing/%04d", i))
		}
		return s
	}
	for _, test := range []struct {
		name       string
		statements []Statement
		policies   int
		wrong      string
	}{
		{"few in one", []Statement{statement(1), statement(2)}, 1, ""},
		{"one that is too large", []Statement{statement(300)}, 4, ""},
		{"several that do not fit together", []Statement{statement(80), statement(80), statement(80)}, 3, ""},
		{"references that become longer", []Statement{long("${k}"), long("${l}")}, 2, ""},
		{"one resource that is too long", []Statement{{Actions: []string{"a:B"}, Resources: []string{strings.Repeat("r", PolicySize)}}}, 0, "permissions: the statement of a:B has"},
		{"more than a role can have", []Statement{statement(1500)}, 0, "permissions: a role needs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			policies, err := Pack(test.statements)
			if test.wrong != "" {
				assert.ErrorContains(t, err, test.wrong)
				return
			}
			assert.NilError(t, err)
			granted := 0
			for _, policy := range policies {
				assert.Assert(t, len(Document(policy)) <= PolicySize, "%d characters", len(Document(policy)))
				for _, s := range policy {
					granted += len(s.Resources) * len(s.Actions)
				}
			}
			wanted := 0
			for _, s := range test.statements {
				wanted += len(s.Resources) * len(s.Actions)
			}
			assert.Equal(t, granted, wanted)
			assert.Equal(t, len(policies), test.policies)
		})
	}
}

func TestDocument(t *testing.T) {
	got := Document([]Statement{
		{Actions: []string{"a:B"}, Resources: []string{"r", "s"}, Conditions: []Condition{{"StringEquals", "k", []string{"v"}}, {"StringEquals", "l", []string{"v", "w"}}, {"Bool", "m", []string{"true"}}}},
		{Deny: true, Actions: []string{"a:C", "a:D"}, Resources: []string{"a:role/r"}},
	})
	assert.Equal(t, got, `{"Version":"2012-10-17","Statement":[`+
		`{"Effect":"Allow","Action":"a:B","Resource":["r","s"],"Condition":{"Bool":{"m":"true"},"StringEquals":{"k":"v","l":["v","w"]}}},`+
		`{"Effect":"Deny","Action":["a:C","a:D"],"Resource":"a:role/r"}]}`)
}

func TestCeiling(t *testing.T) {
	attach := func(policy string) Statement {
		return Statement{Actions: []string{"iam:AttachRolePolicy"}, Resources: []string{"a:role/r"}, Conditions: all(withRoleBoundary, when("ArnEquals", "iam:PolicyARN", policy))}
	}
	linked := func(service string) Statement {
		return Statement{Actions: []string{"iam:CreateServiceLinkedRole"}, Resources: []string{"a:role/" + service}, Conditions: when("StringEquals", "iam:AWSServiceName", service)}
	}
	role := Statement{Actions: []string{"iam:CreateRole"}, Resources: []string{"a:role/r"}, Conditions: all(withRoleBoundary, tags("aws:RequestTag/", "stack"))}
	tagOnCreate := role
	tagOnCreate.Conditions = all(withRoleBoundary, requestTagged)
	list := Statement{Actions: []string{"s3:ListBucket"}, Resources: []string{"arn:aws:s3:::states"}, RequiredBy: []string{forState}}
	readAll := list
	readAll.Conditions = when("StringLikeIfExists", "s3:prefix", "a")
	key := Statement{Actions: []string{"kms:GenerateDataKey"}, Resources: []string{"k"}, RequiredBy: []string{forState}, Conditions: when("StringEquals", "kms:ViaService", "s3")}
	keyUsed := key
	keyUsed.Actions = []string{"kms:Decrypt", "kms:GenerateDataKey"}
	keyUsed.Conditions = all(key.Conditions, when("StringLike", "kms:EncryptionContext:aws:s3:arn", "a"))
	state := Statement{Actions: []string{"s3:PutObject"}, Resources: []string{"arn:aws:s3:::states/a"}, RequiredBy: []string{forState}}
	bucket := Statement{Actions: []string{"s3:DeleteBucket"}, Resources: []string{"arn:aws:s3:::b"}}
	got := Boundary([]Statement{
		bucket,
		{Actions: []string{"ec2:CreateVpc"}, Resources: []string{"v"}, Conditions: requestTagged}, attach("b"), tagOnCreate, attach("a"), attach("b"), linked("eks"), linked("rds"),
		{Actions: []string{"ec2:DeleteVpc", "ec2:CreateVpc"}, Resources: []string{"w"}}, state, readAll,
		{Actions: []string{"ec2:CreateVpc"}, Resources: []string{"of the state"}, RequiredBy: []string{forState}},
		{Actions: []string{"kms:Decrypt"}, Resources: []string{"another key"}}, keyUsed,
	}, "arn:aws:iam::1:role/deploy-*")
	assert.Equal(t, len(got), 9)
	assert.Equal(t, said(got[0]), "ec2:CreateVpc,ec2:DeleteVpc,kms:Decrypt on * if []")
	assert.DeepEqual(t, got[1:5], []Statement{bucket, state, list, key})
	got = got[3:]
	assert.Equal(t, said(got[2]), "iam:AttachRolePolicy on a:role/r if "+fmt.Sprint(all(withRoleBoundary, when("ArnEquals", "iam:PolicyARN", "a", "b"))))
	assert.Equal(t, said(got[3]), said(role))
	assert.Equal(t, said(got[4]), "iam:CreateServiceLinkedRole on a:role/eks,a:role/rds if []", "the roles' names name the services")
	assert.Assert(t, got[5].Deny)
	assert.Equal(t, said(got[5]), "iam:* on arn:aws:iam::1:role/deploy-* if []")

	many := Statement{Resources: []string{"*"}}
	for i := range 1000 {
		many.Actions = append(many.Actions, fmt.Sprintf("ec2:Describe%03d", i))
	}
	many.Actions = append(many.Actions, "ec2:DeleteVpc", "rds:DescribeDBClusters")
	got = Boundary([]Statement{many})
	assert.Equal(t, said(got[0]), "ec2:DeleteVpc,ec2:Describe*,rds:Describe* on * if []")
}

// TestRolesBoundary: it is as narrow as the roles' policies, and knows what references lead to.
func TestRolesBoundary(t *testing.T) {
	stack := example(`{
		"resource": {
			"aws_iam_role_policy": {
				"a": {"policy": "${data.aws_iam_policy_document.d.json}"},
				"b": {"policy": "{\"Statement\":[{\"Action\":[\"c:D\"],\"Resource\":[\"arn:c\"],\"Condition\":{\"Bool\":{\"k\":[\"true\"]}}}]}"}},
			"aws_iam_role_policy_attachment": {"m": {"policy_arn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"}},
			"aws_kms_key": {"k": {}},
			"aws_s3_bucket": {"b": {"bucket": "plinth-dev-loki"}},
			"aws_vpc": {"v": {}}},
		"data": {"aws_iam_policy_document": {
			"d": {"statement": [
				{"actions": ["a:B", "a:A"], "resources": ["${aws_s3_bucket.b.arn}/*"]},
				{"actions": ["b:C"], "resources": ["${aws_kms_key.k.arn}"], "condition": [{"test": "StringEquals", "variable": "v", "values": ["w"]}]},
				{"actions": ["d:E"], "resources": ["arn:aws:ec2:r:1:vpc/${aws_vpc.v.id}"]},
				{"effect": "Deny", "actions": ["e:F"], "resources": ["*"]},
				{"actions": ["f:G"], "resources": ["${data.terraform_remote_state.cross-stack-reference-input-dev-network.outputs.topic}",
					"${data.terraform_remote_state.cross-stack-reference-input-dev-network.outputs.password}"]}]},
			"trust": {"statement": [{"actions": ["sts:AssumeRole"], "resources": ["*"]}]}}}}`)
	other := example(`{"output": {
			"topic": {"value": "${aws_secretsmanager_secret.s.arn}"},
			"password": {"value": "${aws_db_instance.d.master_user_secret[0].secret_arn}"}},
		"resource": {"aws_secretsmanager_secret": {"s": {"name": "plinth/dev/s"}}, "aws_db_instance": {"d": {}}}}`)
	stack.Others = map[string]map[string]any{"network": other.Document}
	got, err := RolesBoundary(stack)
	assert.NilError(t, err)
	var all []string
	for _, s := range got {
		all = append(all, said(s))
	}
	tags := "{StringEquals aws:ResourceTag/project [plinth]} {StringEquals aws:ResourceTag/environment [dev]} {StringEquals aws:ResourceTag/stack [data]}"
	assert.DeepEqual(t, all, []string{
		"a:A,a:B on arn:aws:s3:::plinth-dev-loki/* if []",
		"b:C on arn:aws:kms:eu-west-2:111111111111:key/* if [" + tags + " {StringEquals v [w]}]",
		"c:D on arn:c if [{Bool k [true]}]",
		"d:E on arn:aws:ec2:r:1:vpc/* if [" + tags + "]",
		"f:G on arn:aws:secretsmanager:eu-west-2:111111111111:secret:plinth/dev/s-?????? if []",
		"f:G on arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!db-* if [{ArnLike aws:ResourceTag/aws:rds:primaryDBInstanceArn [arn:aws:rds:eu-west-2:111111111111:db:plinth-dev-*]}]",
		"logs:CreateLogGroup,logs:CreateLogStream,logs:DescribeLogStreams,logs:GetLogEvents,logs:PutLogEvents,logs:PutRetentionPolicy on arn:aws:logs:eu-west-2:111111111111:log-group:RDS* if []",
	})

	nothing, err := RolesBoundary(example(`{"resource": {"aws_iam_role": {"r": {"name": "plinth-dev-r"}}}}`))
	assert.NilError(t, err)
	assert.Equal(t, Document(nothing), `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)

	none, err := RolesBoundary(example(`{"resource": {"aws_vpc": {"v": {}}}}`))
	assert.NilError(t, err)
	assert.Equal(t, len(none), 0)

	policy := `"aws_iam_role_policy": {"p": {"policy": "${data.aws_iam_policy_document.d.json}"}}`
	for name, test := range map[string]struct{ resources, statements, want string }{
		"a type without an ARN": {
			`"aws_sqs_queue": {"q": {}}, `, `{"actions": ["a:B"], "resources": ["${aws_sqs_queue.q.arn}"]}`,
			"permissions: a role of stack dev-data refers to aws_sqs_queue: add its ARN to arns in permissions/referent.go",
		},
		"a reference to nothing": {
			"", `{"actions": ["a:B"], "resources": ["${aws_sqs_queue.q.arn}"]}`,
			"permissions: a role of stack dev-data refers to ${aws_sqs_queue.q.arn}, which is not known before apply",
		},
		"a function": {
			"", `{"actions": ["a:B"], "resources": ["${join(\"\", [1])}"]}`,
			`permissions: a role of stack dev-data refers to ${join("", [1])}, which is not known before apply`,
		},
		"no statement": {"", "", "permissions: stack dev-data: policy d allows nothing"},
	} {
		_, err := RolesBoundary(example(`{"resource": {` + test.resources + policy + `}, "data": {"aws_iam_policy_document": {"d": {"statement": [` + test.statements + `]}}}}`))
		assert.Error(t, err, test.want, name)
	}
}

// TestLongRolesBoundary: what is too long for a policy is joined where that allows nothing more.
func TestLongRolesBoundary(t *testing.T) {
	owned, other := when("StringEquals", "aws:ResourceTag/a", "b"), when("StringEquals", "aws:ResourceTag/a", "c")
	long := Statement{Actions: []string{"a:B"}, Resources: []string{strings.Repeat("r", 5450)}}
	statement := func(action, resource string, conditions []Condition) Statement {
		return Statement{Actions: []string{action}, Resources: []string{resource}, Conditions: conditions}
	}
	got, err := fit([]Statement{
		long, statement("ec2:A", "arn:aws:ec2:r:1:group/*", owned), statement("elb:B", "arn:aws:elb:r:1:lb/*", owned),
		statement("elb:C", "arn:aws:elb:r:1:tg/*", owned), statement("waf:D", "arn:aws:elb:r:1:lb/*", other), statement("elb:E", "arn:aws:waf:r:1:acl/*", other),
	})
	assert.NilError(t, err)
	var all []string
	for _, s := range got[1:] {
		all = append(all, fmt.Sprint(s.Actions, s.Resources))
	}
	assert.DeepEqual(t, all, []string{
		"[ec2:A elb:B] [arn:aws:ec2:r:1:group/* arn:aws:elb:r:1:lb/*]", "[elb:C] [arn:aws:elb:r:1:tg/*]",
		"[waf:D] [arn:aws:elb:r:1:lb/*]", "[elb:E] [arn:aws:waf:r:1:acl/*]",
	})

	// Then the Describe actions of load balancers become one, and only then statements without conditions join.
	describes := Statement{Actions: []string{"ec2:DescribeA", "ec2:DescribeB", "elasticloadbalancing:DescribeA", "elasticloadbalancing:DescribeB"}, Resources: []string{"*"}}
	of := func(length int) []Statement {
		return []Statement{
			{Actions: []string{"a:B"}, Resources: []string{strings.Repeat("r", length)}}, describes,
			statement("ec2:A", "arn:aws:ec2:r:1:group/*", nil), statement("elb:B", "arn:aws:elb:r:1:lb/*", nil),
		}
	}
	fits := PolicySize - characters(document(of(0)))
	fitsShort := PolicySize - characters(document(joinDescribes(of(0), "elasticloadbalancing")))
	for length, want := range map[int][]string{
		fits:          {"[ec2:DescribeA ec2:DescribeB elasticloadbalancing:DescribeA elasticloadbalancing:DescribeB] [*]", "[ec2:A] [arn:aws:ec2:r:1:group/*]", "[elb:B] [arn:aws:elb:r:1:lb/*]"},
		fits + 1:      {"[ec2:DescribeA ec2:DescribeB elasticloadbalancing:Describe*] [*]", "[ec2:A] [arn:aws:ec2:r:1:group/*]", "[elb:B] [arn:aws:elb:r:1:lb/*]"},
		fitsShort + 1: {"[ec2:DescribeA ec2:DescribeB elasticloadbalancing:Describe*] [*]", "[ec2:A elb:B] [arn:aws:ec2:r:1:group/* arn:aws:elb:r:1:lb/*]"},
	} {
		got, err := fit(of(length))
		assert.NilError(t, err)
		var all []string
		for _, s := range got[1:] {
			all = append(all, fmt.Sprint(s.Actions, s.Resources))
		}
		assert.DeepEqual(t, all, want)
	}
	_, err = fit([]Statement{long, long})
	assert.ErrorContains(t, err, "IAM allows 6144 in a policy")
}

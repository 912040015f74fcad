package synthesis

import (
	"strings"
	"testing"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsdbinstance"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsiampolicydocument"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dbinstance"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrolepolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrolepolicyattachment"
	awsprovider "github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/rdscluster"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/rdsclusterinstance"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/fs"
)

// awsStack returns a stack that can contain AWS resources.
func awsStack(app constructs.Construct, id string) cdktf.TerraformStack {
	stack := cdktf.NewTerraformStack(app, &id)
	awsprovider.NewAwsProvider(stack, jsii.String("aws"), &awsprovider.AwsProviderConfig{Region: jsii.String("eu-west-2")})
	return stack
}

// allow creates a policy document with one statement.
func allow(scope constructs.Construct, actions, resources []string) {
	dataawsiampolicydocument.NewDataAwsIamPolicyDocument(scope, jsii.String("document"), &dataawsiampolicydocument.DataAwsIamPolicyDocumentConfig{
		Statement: []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatement{{
			Actions: jsii.Strings(actions...), Resources: jsii.Strings(resources...),
		}},
	})
}

// grave are mistakes, made inside a construct "part" of a stack "last". The message must contain
// want and the construct's path.
var grave = map[string]struct {
	make func(part constructs.Construct)
	path string
	want string
}{
	"an unencrypted database": {
		func(part constructs.Construct) {
			dbinstance.NewDbInstance(part, jsii.String("database"), &dbinstance.DbInstanceConfig{InstanceClass: jsii.String("db.t4g.micro")})
		},
		"last/part/database", "aws_db_instance: storage is not encrypted: set storage_encrypted",
	},
	"an Aurora cluster that is told not to encrypt": {
		func(part constructs.Construct) {
			rdscluster.NewRdsCluster(part, jsii.String("aurora"), &rdscluster.RdsClusterConfig{Engine: jsii.String("aurora-postgresql"), StorageEncrypted: jsii.Bool(false)})
		},
		"last/part/aurora", "storage is not encrypted",
	},
	"an encryption that an escape hatch takes away": {
		func(part constructs.Construct) {
			database := dbinstance.NewDbInstance(part, jsii.String("database"), &dbinstance.DbInstanceConfig{InstanceClass: jsii.String("db.t4g.micro"), StorageEncrypted: jsii.Bool(true)})
			database.AddOverride(jsii.String("storage_encrypted"), false)
		},
		"last/part/database", "storage is not encrypted",
	},
	"a public database": {
		func(part constructs.Construct) {
			rdsclusterinstance.NewRdsClusterInstance(part, jsii.String("instance"), &rdsclusterinstance.RdsClusterInstanceConfig{
				ClusterIdentifier: jsii.String("aurora"), InstanceClass: jsii.String("db.t4g.medium"), Engine: jsii.String("aurora-postgresql"), PubliclyAccessible: jsii.Bool(true),
			})
		},
		"last/part/instance", "remove publicly_accessible",
	},
	"every action": {
		func(part constructs.Construct) {
			allow(part, []string{"s3:GetObject", "*"}, []string{"arn:aws:s3:::bucket/*"})
		},
		"last/part/document", `allows every action ("*")`,
	},
	"a whole service on everything": {
		func(part constructs.Construct) { allow(part, []string{"iam:*"}, []string{"*"}) },
		"last/part/document", `allows "iam:*" on every resource`,
	},
	"every action, as JSON": {
		func(part constructs.Construct) {
			iamrolepolicy.NewIamRolePolicy(part, jsii.String("policy"), &iamrolepolicy.IamRolePolicyConfig{
				Role: jsii.String("role"), Policy: jsii.String(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["*"], "Resource": "*"}}`),
			})
		},
		"last/part/policy", `allows every action ("*")`,
	},
	"all but a few actions": {
		func(part constructs.Construct) {
			iamrolepolicy.NewIamRolePolicy(part, jsii.String("policy"), &iamrolepolicy.IamRolePolicyConfig{
				Role: jsii.String("role"), Policy: jsii.String(`{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}`),
			})
		},
		"last/part/policy", "allows all but iam:* on every resource",
	},
	"AWS's administrator": {
		func(part constructs.Construct) {
			iamrolepolicyattachment.NewIamRolePolicyAttachment(part, jsii.String("attachment"), &iamrolepolicyattachment.IamRolePolicyAttachmentConfig{
				Role: jsii.String("role"), PolicyArn: jsii.String("arn:aws:iam::aws:policy/AdministratorAccess"),
			})
		},
		"last/part/attachment", "attaches arn:aws:iam::aws:policy/AdministratorAccess",
	},
}

// TestGraveMistakesStopTheSynthesis makes each mistake beside a valid stack. Run must write neither
// stack and leave the previous output unchanged.
func TestGraveMistakesStopTheSynthesis(t *testing.T) {
	for name, mistake := range grave {
		t.Run(name, func(t *testing.T) {
			last := fs.WithDir("stacks", fs.WithDir("first", fs.WithFile("cdk.tf.json", "the last result")))
			outdir := fs.NewDir(t, "cdktf.out", last)
			t.Setenv("CDKTF_OUTDIR", outdir.Path())

			err := Run(func(app constructs.Construct) {
				allow(awsStack(app, "first"), []string{"s3:GetObject"}, []string{"*"})
				mistake.make(constructs.NewConstruct(awsStack(app, "last"), jsii.String("part")))
			})
			assert.ErrorContains(t, err, mistake.path+": ")
			assert.ErrorContains(t, err, mistake.want)
			assert.Assert(t, !strings.Contains(err.Error(), "    at ") && !strings.Contains(err.Error(), "skipValidation"), "not one clear message:\n%s", err)
			assert.Assert(t, fs.Equal(outdir.Path(), fs.Expected(t, last)))
		})
	}
}

// TestHarmlessIsNotGrave checks resources that look like one of these mistakes but are not.
func TestHarmlessIsNotGrave(t *testing.T) {
	t.Setenv("CDKTF_OUTDIR", t.TempDir())
	assert.NilError(t, Run(func(app constructs.Construct) {
		stack := awsStack(app, "harmless")
		dbinstance.NewDbInstance(stack, jsii.String("replica"), &dbinstance.DbInstanceConfig{InstanceClass: jsii.String("db.t4g.micro"), ReplicateSourceDb: jsii.String("source")})
		dataawsdbinstance.NewDataAwsDbInstance(stack, jsii.String("database"), &dataawsdbinstance.DataAwsDbInstanceConfig{DbInstanceIdentifier: jsii.String("database")})
		allow(constructs.NewConstruct(stack, jsii.String("bucket")), []string{"s3:*"}, []string{"arn:aws:s3:::bucket/*"})
		dataawsiampolicydocument.NewDataAwsIamPolicyDocument(stack, jsii.String("key"), &dataawsiampolicydocument.DataAwsIamPolicyDocumentConfig{
			Statement: []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatement{
				{
					Actions: jsii.Strings("kms:*"), Resources: jsii.Strings("*"),
					Principals: []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatementPrincipals{{
						Type: jsii.String("AWS"), Identifiers: jsii.Strings("arn:aws:iam::111111111111:root"),
					}},
				},
				{Effect: jsii.String("Deny"), Actions: jsii.Strings("*"), Resources: jsii.Strings("*")},
			},
		})
	}))
}

package awscli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
)

// folderVariable makes the test binary act as the aws command of the rehearsal in that folder.
const folderVariable = "AWSCLI_TEST_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(folderVariable); folder != "" {
		os.Exit(Run(cloud.Open(folder), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func account(t *testing.T) *cloud.Cloud {
	t.Helper()
	c := cloud.Open(t.TempDir())
	assert.NilError(t, c.Create("111111111111", "eu-west-2"))
	assert.NilError(t, c.Update(func(w *cloud.World) error {
		add := func(kind, key, madeBy string, a cloud.Attributes) {
			a["arn"] = "arn:aws:rds:eu-west-2:111111111111:db:" + key
			w.Add(kind, key, &cloud.Thing{MadeBy: madeBy, Attributes: a})
		}
		const aurora, autoscaling = "aws_rds_cluster_instance", "application-autoscaling"
		add(aurora, "app-writer", "", cloud.Attributes{"id": "app-writer", "identifier": "app-writer", "cluster_identifier": "app", "engine": "aurora-postgresql"})
		for _, name := range []string{autoscaling + "-1", autoscaling + "-2"} {
			add(aurora, name, autoscaling, cloud.Attributes{"id": name, "identifier": name, "cluster_identifier": "app"})
		}
		add(aurora, autoscaling+"-3", autoscaling, cloud.Attributes{"id": autoscaling + "-3", "identifier": autoscaling + "-3", "cluster_identifier": "other"})
		add("aws_db_instance", "db-1", "", cloud.Attributes{
			"id": "db-1", "identifier": "kept", "deletion_protection": true, "tags_all": cloud.Attributes{"stack": "dev-data", "team": "a"},
		})
		add("aws_db_instance", "db-2", "", cloud.Attributes{"id": "db-2", "identifier": "free", "tags_all": cloud.Attributes{"stack": "dev-other"}})
		return nil
	}))
	return c
}

func TestRun(t *testing.T) {
	const (
		describe = "rds describe-db-instances --region eu-west-2 "
		deletion = "rds delete-db-instance --db-instance-identifier "
		wait     = "rds wait db-instance-deleted --db-instance-identifier "
	)
	for _, test := range []struct {
		name, args string
		code       int
		want       string // the output, or a part of the error output
	}{
		{"replicas", describe + "--filters Name=db-cluster-id,Values=app --query DBInstances[?starts_with(DBInstanceIdentifier,'application-autoscaling-')].DBInstanceIdentifier --output text",
			0, "application-autoscaling-1\tapplication-autoscaling-2\n"},
		{"none", describe + "--filters Name=db-cluster-id,Values=nobody --query DBInstances[].DBInstanceIdentifier --output=text", 0, ""},
		{"several filters", describe + "--filters Name=engine,Values=aurora-postgresql,postgres Name=db-instance-id,Values=app-writer --query DBInstances[].[DBInstanceIdentifier,DBInstanceStatus] --output text",
			0, "app-writer\tavailable\n"},
		{"columns", describe + "--db-instance-identifier kept --query DBInstances[].[DBInstanceIdentifier,DeletionProtection,nothing] --output text", 0, "kept\tTrue\tNone\n"},
		{"objects as text", describe + "--output text", generalError, "writes no objects as text"},
		{"another region", "--region us-east-1 rds describe-db-instances --query DBInstances", 0, "[]\n"},
		{"a filter that is misspelt", describe + "--filters Name=cluster,Values=app", clientError,
			"An error occurred (InvalidParameterValue) when calling the DescribeDBInstances operation: Unrecognized filter name: cluster"},
		{"a filter that is no filter", describe + "--filters db-cluster-id=app", usageError, "Error parsing parameter '--filters'"},
		{"an instance that is not there", describe + "--db-instance-identifier nobody", clientError, "DBInstanceNotFound"},

		{"a deletion", deletion + "application-autoscaling-1 --query DBInstance.DBInstanceStatus --output text", 0, "deleting\n"},
		{"of a protected one", deletion + "kept --skip-final-snapshot", clientError, "(InvalidParameterCombination) when calling the DeleteDBInstance operation: Cannot delete protected"},
		{"without a snapshot", deletion + "free", clientError, "FinalDBSnapshotIdentifier is required"},
		{"with a snapshot", deletion + "free --final-db-snapshot-identifier last --query DBInstance.DBInstanceIdentifier", 0, "\"free\"\n"},
		{"in another region", deletion + "application-autoscaling-1 --region us-east-1", clientError, "DBInstanceNotFound"},

		{"a snapshot", "rds create-db-snapshot --db-instance-identifier free --db-snapshot-identifier plinth-dev-a --query DBSnapshot.DBSnapshotIdentifier", 0, "\"plinth-dev-a\"\n"},
		{"of what is not there", "rds create-db-snapshot --db-instance-identifier nobody --db-snapshot-identifier a", clientError, "(DBInstanceNotFound) when calling the CreateDBSnapshot operation: nobody not found."},
		{"a snapshot with a name that is RDS's", "rds create-db-snapshot --db-instance-identifier free --db-snapshot-identifier rds:free", clientError,
			"(InvalidParameterValue) when calling the CreateDBSnapshot operation"},
		{"a snapshot that is not there", "rds describe-db-snapshots --db-snapshot-identifier nothing", clientError,
			"(DBSnapshotNotFound) when calling the DescribeDBSnapshots operation: nothing not found."},
		{"a type of snapshot that is none", "rds describe-db-snapshots --snapshot-type daily", clientError, `Invalid snapshot type "daily"`},
		{"of no cluster", "rds create-db-cluster-snapshot --db-cluster-identifier free --db-cluster-snapshot-identifier a", clientError, "DBClusterNotFoundFault"},
		{"no snapshots", "rds describe-db-snapshots --query DBSnapshots[].DBSnapshotIdentifier", 0, "[]\n"},
		{"what is gone", wait + "nobody", 0, ""},
		{"what stays", wait + "kept", generalError, "Waiter DBInstanceDeleted failed: Max attempts exceeded"},

		{"who calls", "sts get-caller-identity --query [Account,Arn] --output text", 0, "111111111111\tarn:aws:sts::111111111111:assumed-role/rehearsal/plinth\n"},
		{"what a stack has", "resourcegroupstaggingapi get-resources --tag-filters Key=stack,Values=dev-data Key=team --query ResourceTagMappingList[].[ResourceARN,Tags[].Value] --output text",
			0, "arn:aws:rds:eu-west-2:111111111111:db:db-1\ndev-data\ta\n"},

		{"a registry", "ecr get-login-password", generalError, "a rehearsal has no registry"},
		{"a context of no cluster", "eks update-kubeconfig --name nobody --alias nobody", clientError, "ResourceNotFound"},
		{"a service", "s3 ls --recursive", usageError, "Found invalid choice 's3 ls'"},
		{"a command", "rds reboot-db-instance", usageError, "\n  aws rds delete-db-instance\n"},
		{"an option", describe + "--max-items 1", usageError, "Unknown options: --max-items"},
		{"what is missing", "eks get-token", usageError, "the following arguments are required: --cluster-name"},
		{"a value that is missing", "sts get-caller-identity --query", usageError, "argument --query: expected at least one argument"},
		{"a query", "sts get-caller-identity --query Account[", usageError, "Bad value for --query Account["},
		{"an output", "sts get-caller-identity --output table", usageError, "argument --output: Found invalid choice 'table'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := Run(account(t), strings.Fields(test.args), &stdout, &stderr)
			assert.Equal(t, code, test.code, stderr.String())
			if code == 0 {
				assert.Equal(t, stdout.String(), test.want)
				return
			}
			assert.Assert(t, strings.HasPrefix(stderr.String(), "\naws: [ERROR]: ") && strings.Contains(stderr.String(), test.want), stderr.String())
			assert.Equal(t, stdout.String(), "")
		})
	}
}

// TestSnapshots lists snapshots as the runbook does, and filters them by database, type and name.
func TestSnapshots(t *testing.T) {
	c := account(t)
	assert.NilError(t, c.Update(func(w *cloud.World) error {
		w.Add("aws_rds_cluster", "app", &cloud.Thing{Attributes: cloud.Attributes{"id": "app", "cluster_identifier": "app"}})
		for database, key := range map[string]string{"aws_db_instance": "db-2", "aws_rds_cluster": "app"} {
			for _, name := range []string{"plinth-dev-a", "rds:free-2026-11-25-02-10", "awsbackup:job-1"} {
				if err := w.Snapshot(database, w.Get(database, key), name, "somebody"); err != nil {
					return err
				}
			}
		}
		made := time.Date(2026, 11, 25, 2, 10, 0, 0, time.UTC)
		for _, kind := range []string{"aws_db_snapshot", "aws_db_cluster_snapshot"} {
			for i, name := range []string{"rds:free-2026-11-25-02-10", "plinth-dev-a", "awsbackup:job-1"} {
				w.Get(kind, name).Made = made.Add(time.Duration(i) * time.Hour)
			}
		}
		return w.Snapshot("aws_db_instance", w.Get("aws_db_instance", "db-1"), "plinth-dev-kept", "somebody")
	}))
	runbook, err := os.ReadFile("../../../docs/runbook.md")
	assert.NilError(t, err)
	listing := regexp.MustCompile(`(?m)^ +aws (rds describe-db-snapshots .*)$`).FindSubmatch(runbook)
	assert.Assert(t, listing != nil, "docs/runbook.md lists no snapshots any more")
	assert.Assert(t, strings.Count(string(listing[1]), "'") == 2, "the listing is quoted in another way: %s", listing[1])
	const instances, clusters = "rds describe-db-snapshots ", "rds describe-db-cluster-snapshots "
	const names = " --query DBSnapshots[].DBSnapshotIdentifier --output text"
	for _, test := range []struct{ name, args, want string }{
		{"as the runbook does", strings.ReplaceAll(string(listing[1]), "'", "") + " --db-instance-identifier free",
			"rds:free-2026-11-25-02-10\t2026-11-25T02:10:00Z\nplinth-dev-a\t2026-11-25T03:10:00Z\nawsbackup:job-1\t2026-11-25T04:10:00Z\n"},
		{"all", instances + names, "awsbackup:job-1\tplinth-dev-a\tplinth-dev-kept\trds:free-2026-11-25-02-10\n"},
		{"of one", instances + "--db-instance-identifier kept" + names, "plinth-dev-kept\n"},
		{"of one that never was", instances + "--db-instance-identifier nobody" + names, ""},
		{"of RDS's own", instances + "--snapshot-type automated" + names, "rds:free-2026-11-25-02-10\n"},
		{"of people's", instances + "--snapshot-type manual" + names, "plinth-dev-a\tplinth-dev-kept\n"},
		{"of AWS Backup's", instances + "--snapshot-type awsbackup" + names, "awsbackup:job-1\n"},
		{"by name", instances + "--db-snapshot-identifier plinth-dev-a --query DBSnapshots[].[DBInstanceIdentifier,SnapshotType,Status] --output text", "free\tmanual\tavailable\n"},
		{"Aurora's", clusters + "--db-cluster-identifier app --snapshot-type automated --query DBClusterSnapshots[].[DBClusterSnapshotIdentifier,DBClusterIdentifier] --output text",
			"rds:free-2026-11-25-02-10\tapp\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, Run(c, strings.Fields(test.args), &stdout, &stderr), 0, stderr.String())
			assert.Equal(t, stdout.String(), test.want)
		})
	}
}

func TestToken(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := Run(account(t), strings.Fields("eks get-token --cluster-name dev --region eu-west-2 --output json"), &stdout, &stderr)
	assert.Equal(t, code, 0, stderr.String())
	var credential struct {
		Kind, APIVersion string
		Status           struct {
			ExpirationTimestamp time.Time
			Token               string
		}
	}
	assert.NilError(t, json.Unmarshal(stdout.Bytes(), &credential))
	assert.Equal(t, credential.Kind+" "+credential.APIVersion, "ExecCredential client.authentication.k8s.io/v1beta1")
	assert.Assert(t, strings.HasPrefix(credential.Status.Token, "k8s-aws-v1.") && credential.Status.ExpirationTimestamp.After(time.Now()))
}

// TestSweep runs the command that a data stack runs on destroy.
func TestSweep(t *testing.T) {
	source, err := os.ReadFile("../../../constructs/postgres/aurora.go")
	assert.NilError(t, err)
	command := regexp.MustCompile("(?s)const deleteReplicasCommand = `(.*?)`").FindSubmatch(source)
	assert.Assert(t, command != nil, "constructs/postgres/aurora.go has no deleteReplicasCommand any more")
	self, err := os.Executable()
	assert.NilError(t, err)
	programs := t.TempDir()
	assert.NilError(t, os.Symlink(self, filepath.Join(programs, "aws")))
	c := account(t)
	sweep := func() {
		cmd := exec.Command("sh", "-c", string(command[1]))
		cmd.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), folderVariable+"="+filepath.Dir(c.Path()), "CLUSTER=app", "REGION=eu-west-2")
		output, err := cmd.CombinedOutput()
		assert.NilError(t, err, string(output))
	}
	sweep()
	w, err := c.View()
	assert.NilError(t, err)
	assert.Assert(t, w.Get("aws_rds_cluster_instance", "app-writer") != nil)
	assert.Assert(t, w.Get("aws_rds_cluster_instance", "application-autoscaling-3") != nil, "another cluster's replica is gone")
	assert.Equal(t, len(w.Things["aws_rds_cluster_instance"]), 2)
	sweep() // nothing left to delete
}

// TestRole runs commands under a role.
func TestRole(t *testing.T) {
	c := account(t)
	assert.NilError(t, c.Update(func(w *cloud.World) error {
		w.Get("aws_db_instance", "db-2").Attributes["arn"] = "arn:aws:rds:eu-west-2:111111111111:db:free"
		if err := w.Create("aws_iam_openid_connect_provider", "", cloud.Attributes{"url": "https://gitlab.example.com", "client_id_list": []any{"aws"}}); err != nil {
			return err
		}
		trust := `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
			"Principal": {"Federated": "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com"}}}`
		if err := w.Create("aws_iam_role", "", cloud.Attributes{"name": "deploy", "assume_role_policy": trust}); err != nil {
			return err
		}
		return w.Create("aws_iam_role_policy", "", cloud.Attributes{"name": "p", "role": "deploy", "policy": `{"Statement": [
			{"Effect": "Allow", "Action": "rds:Describe*", "Resource": "*"},
			{"Effect": "Allow", "Action": "rds:DeleteDBInstance", "Resource": "arn:aws:rds:*:*:db:*", "Condition": {"StringEquals": {"aws:ResourceTag/stack": "dev-other"}}}
		]}`})
	}))
	token := filepath.Join(t.TempDir(), "token")
	assert.NilError(t, os.WriteFile(token, []byte(iam.NewToken(iam.Claims{
		Issuer: "https://gitlab.example.com", Subject: "s", Audience: []string{"aws"}, Expires: time.Now().Add(time.Hour),
	})), 0o600))
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/deploy")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
	for _, test := range []struct{ args, want string }{
		{"sts get-caller-identity --query Arn --output text", "arn:aws:sts::111111111111:assumed-role/deploy/plinth"},
		{"rds describe-db-instances --db-instance-identifier free --query DBInstances[].DBInstanceIdentifier --output text", "free"},
		{"resourcegroupstaggingapi get-resources", "An error occurred (AccessDenied) when calling the GetResources operation: User: arn:aws:sts::111111111111:assumed-role/deploy/plinth is not authorized to perform: tag:GetResources on resource: *"},
		{"rds delete-db-instance --db-instance-identifier application-autoscaling-1", "rds:DeleteDBInstance on resource: arn:aws:rds:eu-west-2:111111111111:db:application-autoscaling-1"},
		{"rds delete-db-instance --db-instance-identifier free --skip-final-snapshot --query DBInstance.DBInstanceStatus --output text", "deleting"},
	} {
		var out bytes.Buffer
		Run(c, strings.Fields(test.args), &out, &out)
		assert.Assert(t, strings.Contains(out.String(), test.want), "%s: %s", test.args, out.String())
	}
	world, err := c.View()
	assert.NilError(t, err)
	assert.Assert(t, world.Get("aws_rds_cluster_instance", "application-autoscaling-1") != nil && world.Get("aws_db_instance", "db-2") == nil)
}

package awscli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"plinth/rehearsal/internal/cloud"
)

var commands = map[string]*command{
	"ecr get-login-password": {
		operation: "GetAuthorizationToken", action: "ecr:GetAuthorizationToken",
		run: func(*cloud.World, options) (any, error) {
			return nil, errors.New("a rehearsal has no registry: REPOSITORY=127.0.0.1:5000/app pushes to one on this machine")
		},
	},
	"eks get-token": {
		operation: "GetToken", run: getToken,
		options: map[string]option{"--cluster-name": {true, one}, "--role-arn": {values: one}},
	},
	"eks update-kubeconfig": {
		operation: "DescribeCluster", run: updateKubeconfig,
		action: "eks:DescribeCluster", resource: named("eks", "cluster/", "--name"),
		options: map[string]option{"--name": {true, one}, "--alias": {values: one}, "--user-alias": {values: one}, "--role-arn": {values: one}},
	},
	"rds create-db-snapshot": {
		operation: "CreateDBSnapshot", run: createSnapshot("aws_db_instance", "--db-instance-identifier", "--db-snapshot-identifier", "aws_db_snapshot"), changes: true,
		action: "rds:CreateDBSnapshot", resource: named("rds", "db:", "--db-instance-identifier"),
		options: map[string]option{"--db-instance-identifier": {true, one}, "--db-snapshot-identifier": {true, one}},
	},
	"rds create-db-cluster-snapshot": {
		operation: "CreateDBClusterSnapshot", run: createSnapshot("aws_rds_cluster", "--db-cluster-identifier", "--db-cluster-snapshot-identifier", "aws_db_cluster_snapshot"), changes: true,
		action: "rds:CreateDBClusterSnapshot", resource: named("rds", "cluster:", "--db-cluster-identifier"),
		options: map[string]option{"--db-cluster-identifier": {true, one}, "--db-cluster-snapshot-identifier": {true, one}},
	},
	"rds describe-db-snapshots": {
		operation: "DescribeDBSnapshots", run: describeSnapshots("aws_db_snapshot", "--db-instance-identifier", "--db-snapshot-identifier", "DBSnapshotNotFound"),
		action: "rds:DescribeDBSnapshots", resource: named("rds", "snapshot:", "--db-snapshot-identifier"),
		options: map[string]option{"--db-instance-identifier": {values: one}, "--db-snapshot-identifier": {values: one}, "--snapshot-type": {values: one}},
	},
	"rds describe-db-cluster-snapshots": {
		operation: "DescribeDBClusterSnapshots", run: describeSnapshots("aws_db_cluster_snapshot", "--db-cluster-identifier", "--db-cluster-snapshot-identifier", "DBClusterSnapshotNotFoundFault"),
		action: "rds:DescribeDBClusterSnapshots", resource: named("rds", "cluster-snapshot:", "--db-cluster-snapshot-identifier"),
		options: map[string]option{"--db-cluster-identifier": {values: one}, "--db-cluster-snapshot-identifier": {values: one}, "--snapshot-type": {values: one}},
	},
	"rds delete-db-instance": {
		operation: "DeleteDBInstance", run: deleteInstance, changes: true,
		action: "rds:DeleteDBInstance", resource: named("rds", "db:", "--db-instance-identifier"),
		options: map[string]option{
			"--db-instance-identifier": {true, one}, "--skip-final-snapshot": {}, "--final-db-snapshot-identifier": {values: one},
		},
	},
	"rds describe-db-instances": {
		operation: "DescribeDBInstances", run: describeInstances,
		action: "rds:DescribeDBInstances", resource: named("rds", "db:", "--db-instance-identifier"),
		options: map[string]option{"--db-instance-identifier": {values: one}, "--filters": {values: many}},
	},
	"rds wait db-instance-deleted": {
		operation: "DescribeDBInstances", run: waitInstanceDeleted,
		action: "rds:DescribeDBInstances", resource: named("rds", "db:", "--db-instance-identifier"),
		options: map[string]option{"--db-instance-identifier": {true, one}},
	},
	"resourcegroupstaggingapi get-resources": {
		operation: "GetResources", run: getResources, action: "tag:GetResources",
		options: map[string]option{"--tag-filters": {values: many}},
	},
	"sts get-caller-identity": {operation: "GetCallerIdentity", run: getCallerIdentity},
}

// named returns the ARN of the resource that an option names, with * if the option is missing.
func named(service, prefix, option string) func(*cloud.World, options) string {
	return func(w *cloud.World, given options) string {
		region, name := given.value("--region"), given.value(option)
		if region == "" {
			region = w.Region
		}
		if name == "" {
			name = "*"
		}
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s%s", service, region, w.Account, prefix, name)
	}
}

func getCallerIdentity(w *cloud.World, _ options) (any, error) {
	identity, err := w.ReadData("aws_caller_identity", nil)
	if err != nil {
		return nil, err
	}
	if who, err := w.Identify(os.Getenv, time.Now()); err != nil {
		return nil, err
	} else if who != nil {
		identity["arn"] = who.ARN
	}
	return map[string]any{"UserId": identity["user_id"], "Account": identity["account_id"], "Arn": identity["arn"]}, nil
}

// updateKubeconfig changes nothing. A rehearsal with a real control plane sets KUBECONFIG to a file
// that already has a context with the cluster's name.
func updateKubeconfig(w *cloud.World, given options) (any, error) {
	name := given.value("--name")
	if w.Get("aws_eks_cluster", name) == nil {
		return nil, &cloud.Error{Code: "ResourceNotFoundException", Message: "No cluster found for name: " + name + "."}
	}
	file := os.Getenv("KUBECONFIG")
	if file == "" {
		return nil, errors.New("this rehearsal has no Kubernetes API: ./plinth rehearse --cluster has one")
	}
	return fmt.Sprintf("Context %s is in %s", name, file), nil
}

// getToken signs nothing. The cluster need not exist, as with the real command.
func getToken(w *cloud.World, given options) (any, error) {
	url := fmt.Sprintf("https://sts.%s.amazonaws.com/?Action=GetCallerIdentity&x-k8s-aws-id=%s&X-Amz-Signature=rehearsal", w.Region, given.value("--cluster-name"))
	return map[string]any{
		"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1", "spec": map[string]any{},
		"status": map[string]any{
			"expirationTimestamp": time.Now().UTC().Add(14 * time.Minute).Format(time.RFC3339),
			"token":               "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(url)),
		},
	}, nil
}

// instance is an RDS instance or an Aurora instance.
type instance struct {
	kind  string
	thing *cloud.Thing
}

func (i instance) text(attribute string) string {
	s, _ := i.thing.Attributes[attribute].(string)
	return s
}

// members maps members of the API's DBInstance to attributes.
var members = map[string]string{
	"DBInstanceIdentifier": "identifier", "DBInstanceClass": "instance_class", "Engine": "engine", "EngineVersion": "engine_version",
	"DBInstanceArn": "arn", "DBClusterIdentifier": "cluster_identifier", "DeletionProtection": "deletion_protection",
}

func (i instance) describe(status string) map[string]any {
	description := map[string]any{"DBInstanceStatus": status}
	for member, attribute := range members {
		if value := i.thing.Attributes[attribute]; value != nil {
			description[member] = value
		}
	}
	return description
}

// filterAttributes maps the supported filters to attributes. Values cannot be ARNs.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html
var filterAttributes = map[string]string{
	"db-cluster-id": "cluster_identifier", "db-instance-id": "identifier", "dbi-resource-id": "dbi_resource_id", "engine": "engine",
}

const notFound = "DBInstanceNotFound"

// instances returns the instances that match the identifier and the filters.
func instances(w *cloud.World, given options) ([]instance, error) {
	filters, err := filters(given["--filters"], "--filters", "Name")
	if err != nil {
		return nil, err
	}
	for _, f := range filters {
		if filterAttributes[f.name] == "" {
			return nil, &cloud.Error{Code: "InvalidParameterValue", Message: "Unrecognized filter name: " + f.name}
		}
	}
	var all []instance
	identifier := given.value("--db-instance-identifier")
	w.Each(func(kind, _ string, t *cloud.Thing) bool {
		i := instance{kind, t}
		wanted := identifier == "" || identifier == i.text("identifier")
		for _, f := range filters {
			wanted = wanted && slices.Contains(f.values, i.text(filterAttributes[f.name]))
		}
		if wanted {
			all = append(all, i)
		}
		return true
	}, "aws_db_instance", "aws_rds_cluster_instance")
	if all == nil && identifier != "" {
		return nil, &cloud.Error{Code: notFound, Message: "DBInstance " + identifier + " not found."}
	}
	return all, nil
}

func describeInstances(w *cloud.World, given options) (any, error) {
	found, err := instances(w, given)
	if err != nil {
		return nil, err
	}
	all := []any{}
	for _, i := range found {
		all = append(all, i.describe("available"))
	}
	return map[string]any{"DBInstances": all}, nil
}

// createSnapshot finishes at once. The snapshot belongs to no stack.
func createSnapshot(database, identifier, name, kind string) func(*cloud.World, options) (any, error) {
	return func(w *cloud.World, given options) (any, error) {
		var of *cloud.Thing
		w.Each(func(_, _ string, t *cloud.Thing) bool {
			for _, attribute := range []string{"identifier", "cluster_identifier"} {
				if t.Attributes[attribute] == given.value(identifier) {
					of = t
				}
			}
			return of == nil
		}, database)
		if of == nil {
			return nil, &cloud.Error{Code: notFoundCodes[database], Message: given.value(identifier) + " not found."}
		}
		snapshot := given.value(name)
		if err := w.TakeSnapshot(database, of, snapshot, "aws"); err != nil {
			return nil, err
		}
		return map[string]any{snapshotMembers[kind].snapshot: describeSnapshot(kind, snapshot, w.Get(kind, snapshot))}, nil
	}
}

var notFoundCodes = map[string]string{"aws_db_instance": notFound, "aws_rds_cluster": "DBClusterNotFoundFault"}

// describeSnapshots filters snapshots by database, name and type.
// https://docs.aws.amazon.com/cli/latest/reference/rds/describe-db-snapshots.html
func describeSnapshots(kind, of, identifier, missing string) func(*cloud.World, options) (any, error) {
	types := []string{cloud.SnapshotAutomated, cloud.SnapshotManual, cloud.SnapshotAWSBackup}
	return func(w *cloud.World, given options) (any, error) {
		asked := given.value("--snapshot-type")
		if asked != "" && !slices.Contains(types, asked) {
			return nil, &cloud.Error{Code: "InvalidParameterValue", Message: fmt.Sprintf("Invalid snapshot type %q: the simulator knows %s", asked, strings.Join(types, ", "))}
		}
		all := []any{}
		w.Each(func(_, name string, t *cloud.Thing) bool {
			if (asked == "" || asked == cloud.SnapshotType(name)) &&
				(!given.has(identifier) || name == given.value(identifier)) &&
				(!given.has(of) || t.Attributes["of"] == given.value(of)) {
				all = append(all, describeSnapshot(kind, name, t))
			}
			return true
		}, kind)
		if given.has(identifier) && len(all) == 0 {
			return nil, &cloud.Error{Code: missing, Message: given.value(identifier) + " not found."}
		}
		return map[string]any{snapshotMembers[kind].snapshot + "s": all}, nil
	}
}

// snapshotMembers are the API's names for a snapshot and its database.
var snapshotMembers = map[string]struct{ snapshot, database string }{
	"aws_db_snapshot": {"DBSnapshot", "DBInstance"}, "aws_db_cluster_snapshot": {"DBClusterSnapshot", "DBCluster"},
}

func describeSnapshot(kind, name string, t *cloud.Thing) map[string]any {
	m := snapshotMembers[kind]
	return map[string]any{
		m.snapshot + "Identifier": name, m.database + "Identifier": t.Attributes["of"], m.snapshot + "Arn": t.Attributes["arn"],
		"Engine": t.Attributes["engine"], "SnapshotType": cloud.SnapshotType(name), "Status": "available",
		"SnapshotCreateTime": t.Made.Format(time.RFC3339),
	}
}

// deleteInstance finishes at once.
func deleteInstance(w *cloud.World, given options) (any, error) {
	found, err := instances(w, given)
	if err != nil {
		return nil, err
	}
	i := found[0]
	if i.thing.Attributes["deletion_protection"] == true {
		return nil, &cloud.Error{Code: "InvalidParameterCombination",
			Message: "Cannot delete protected DB Instance, please disable deletion protection and try again."}
	}
	if i.kind == "aws_db_instance" {
		i.thing.Attributes["skip_final_snapshot"] = given.has("--skip-final-snapshot")
		i.thing.Attributes["final_snapshot_identifier"] = given.value("--final-db-snapshot-identifier")
	}
	if err := w.Delete(i.kind, "", i.thing.Attributes); err != nil {
		return nil, err
	}
	return map[string]any{"DBInstance": i.describe("deleting")}, nil
}

// waitInstanceDeleted never waits: an instance that still exists is not being deleted.
func waitInstanceDeleted(w *cloud.World, given options) (any, error) {
	_, err := instances(w, given)
	if err == nil {
		return nil, &failure{generalError, "Waiter DBInstanceDeleted failed: Max attempts exceeded"}
	}
	var refusal *cloud.Error
	if errors.As(err, &refusal) && refusal.Code == notFound {
		return nil, nil
	}
	return nil, err
}

// getResources returns the ARNs and tags of resources in the region and of global ones.
func getResources(w *cloud.World, given options) (any, error) {
	filters, err := filters(given["--tag-filters"], "--tag-filters", "Key")
	if err != nil {
		return nil, err
	}
	all := []any{}
	w.Each(func(_, _ string, t *cloud.Thing) bool {
		arn, _ := t.Attributes["arn"].(string)
		tags, _ := t.Attributes["tags_all"].(map[string]any)
		wanted := arn != "" && len(tags) > 0 && t.Cluster == ""
		for _, f := range filters {
			value, tagged := tags[f.name].(string)
			wanted = wanted && tagged && (len(f.values) == 0 || slices.Contains(f.values, value))
		}
		if !wanted {
			return true
		}
		pairs := []any{}
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			pairs = append(pairs, map[string]any{"Key": key, "Value": tags[key]})
		}
		all = append(all, map[string]any{"ResourceARN": arn, "Tags": pairs})
		return true
	})
	return map[string]any{"ResourceTagMappingList": all}, nil
}

type filter struct {
	name   string
	values []string
}

// filters parses the shorthand Name=…,Values=a,b without quotes.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html
func filters(given []string, option, nameKey string) ([]filter, error) {
	var all []filter
	for _, shorthand := range given {
		var f filter
		key := ""
		for _, part := range strings.Split(shorthand, ",") {
			value := part
			if before, after, assigned := strings.Cut(part, "="); assigned {
				key, value = before, after
			}
			switch {
			case key == nameKey && f.name == "":
				f.name = value
			case key == "Values":
				f.values = append(f.values, value)
			default:
				return nil, misused("Error parsing parameter '%s': expected %s=…,Values=…, got %s", option, nameKey, shorthand)
			}
		}
		all = append(all, f)
	}
	return all, nil
}

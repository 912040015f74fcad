package impact

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type object = map[string]any

// planOf returns a plan with changes of resources, each "type actions" with attributes before and after.
func planOf(t *testing.T, changes ...object) []byte {
	t.Helper()
	content, err := json.Marshal(object{"format_version": "1.2", "resource_changes": changes})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func resource(kind, actions string, before, after object) object {
	return object{"address": kind + ".x", "type": kind, "mode": "managed", "change": object{"actions": strings.Split(actions, "+"), "before": before, "after": after}}
}

func TestOf(t *testing.T) {
	t.Parallel()
	profile := func(name string, namespaces ...string) object {
		var selectors []object
		for _, namespace := range namespaces {
			selectors = append(selectors, object{"namespace": namespace})
		}
		return object{"fargate_profile_name": name, "selector": selectors}
	}
	database := func(name string) object { return object{"identifier": name, "replicate_source_db": nil} }
	for name, test := range map[string]struct {
		changes        []object
		refused, costs string
	}{
		"nothing": {changes: []object{resource("aws_vpc", "no-op", object{}, object{}), resource("aws_db_instance", "update", object{"tags": nil}, object{"tags": object{}})}},
		"a new environment": {changes: []object{
			resource("aws_vpc", "create", nil, object{}), resource("aws_db_instance", "create", nil, object{"engine_version": "17"}), resource("aws_eks_fargate_profile", "create", nil, object{}),
		}},
		"another CIDR":          {changes: []object{resource("aws_vpc", "delete+create", object{"tags": object{"Name": "acme-dev"}}, object{})}, refused: "network.cidr: acme-dev would be replaced"},
		"another database name": {changes: []object{resource("aws_db_instance", "delete+create", database("d"), database("d"))}, refused: "The database d would be deleted with its data."},
		"another engine":        {changes: []object{resource("aws_db_instance", "delete", database("d"), nil), resource("aws_rds_cluster", "create", nil, object{})}, refused: "The database d would be deleted with its data."},
		"an old database goes":  {changes: []object{resource("aws_db_instance", "delete", database("old"), nil), resource("aws_db_instance", "no-op", database("new"), database("new"))}, costs: "Deletes the database old with its data."},
		"a replica goes": {changes: []object{
			resource("aws_db_instance", "delete", object{"identifier": "d-2", "replicate_source_db": "d"}, nil), resource("aws_db_instance", "no-op", database("d"), database("d")),
		}},
		"another major version": {changes: []object{upgraded("17.7", "18", true)}, costs: "Upgrades the database d: it is away for minutes"},
		"that would wait":       {changes: []object{upgraded("17.7", "18", false)}, refused: "Set database.applyImmediately: true"},
		"of Aurora, that would": {changes: []object{resource("aws_rds_cluster", "update", object{"engine_version": "17"}, object{"engine_version": "18.1"})}, refused: "Set database.applyImmediately: true"},
		"another minor version": {changes: []object{upgraded("17.6", "17.10", false)}, costs: "Upgrades the database d in its maintenance window"},
		"the version it has":    {changes: []object{upgraded("17.7", "17.7", true)}},
		"an older version":      {changes: []object{upgraded("17.7", "15", true)}, refused: "add it to database.restoreFromSnapshots in the same change"},
		"an older minor":        {changes: []object{upgraded("17.10", "17.9", true)}, refused: "the database d cannot go back"},
		"before a replica":      {changes: []object{upgraded("17.6", "17.7", true), replicaOf("d", "17.6")}, refused: "deploy again: aws rds modify-db-instance --db-instance-identifier d-1", costs: "Upgrades"},
		"after a replica":       {changes: []object{upgraded("17.6", "17.7", true), replicaOf("d", "17.7")}, costs: "Upgrades the database d"},
		"with a replica":        {changes: []object{upgraded("17.6", "18", true), replicaOf("d", "17.6")}, costs: "Upgrades the database d"},
		"restored, and older": {changes: []object{
			resource("aws_db_instance", "no-op", database("d"), database("d")), resource("aws_db_instance", "create", nil, object{"identifier": "d-2", "engine_version": "16"}),
		}},
		"less storage":         {changes: []object{resource("aws_db_instance", "update", object{"identifier": "d", "allocated_storage": 40}, object{"allocated_storage": 20})}, refused: "the storage of d cannot shrink"},
		"more storage":         {changes: []object{resource("aws_db_instance", "update", object{"allocated_storage": 20}, object{"allocated_storage": 40})}},
		"another class":        {changes: []object{resource("aws_db_instance", "update", object{"identifier": "d", "instance_class": "a"}, object{"instance_class": "b", "apply_immediately": true})}, costs: "Restarts the database d: it is away"},
		"another class, later": {changes: []object{resource("aws_db_instance", "update", object{"identifier": "d", "instance_class": "a"}, object{"instance_class": "b", "apply_immediately": false})}, costs: "Restarts the database d in its maintenance window"},
		"a profile":            {changes: []object{resource("aws_eks_fargate_profile", "create+delete", object{"fargate_profile_name": "app-ab"}, object{"fargate_profile_name": "app-abc"})}, refused: "The Fargate profile app-ab would be replaced, and EKS would stop all its pods at once."},
		"zones at once": {changes: []object{
			resource("aws_eks_fargate_profile", "delete", profile("app-ab", "app"), nil), resource("aws_eks_fargate_profile", "create", nil, profile("app-abc", "other", "app")),
		}, refused: "name the old zones in network.previousZones first: follow docs/operations.md#change-availability-zones."},
		"new zones beside the old": {changes: []object{
			resource("aws_eks_fargate_profile", "no-op", profile("app-ab", "app"), profile("app-ab", "app")), resource("aws_eks_fargate_profile", "create", nil, profile("app-abc", "app")),
		}},
		"an empty profile goes": {changes: []object{
			resource("aws_eks_fargate_profile", "delete", profile("app-ab", "app"), nil), resource("aws_eks_fargate_profile", "no-op", profile("app-abc", "app"), profile("app-abc", "app")),
			resource("aws_eks_fargate_profile", "create", nil, profile("keda-abc", "keda")),
		}, costs: "Deletes the Fargate profile app-ab"},
		"a zone goes at once":   {changes: []object{resource("aws_subnet", "delete", object{"tags": object{"Name": "acme-dev-private-c"}}, nil)}, refused: "network.zones: subnet acme-dev-private-c would be deleted"},
		"a zone goes":           {changes: []object{resource("aws_subnet", "delete", object{"tags": object{"Name": "acme-dev-private-c", "leaving": "true"}}, nil)}, costs: "Deletes the subnet acme-dev-private-c"},
		"a value not yet known": {changes: []object{{"address": "aws_route.x", "type": "aws_route", "mode": "managed", "change": object{"actions": []string{"update"}, "before": object{"nat_gateway_id": "nat-1"}, "after": object{}, "after_unknown": object{"nat_gateway_id": true}}}}, costs: "Moves the route aws_route.x"},
		"the next Kubernetes":   {changes: []object{resource("aws_eks_cluster", "update", object{"name": "c", "version": "1.35"}, object{"version": "1.36"})}, costs: "Upgrades the Kubernetes API of c"},
		"the one after it":      {changes: []object{resource("aws_eks_cluster", "update", object{"name": "c", "version": "1.35"}, object{"version": "1.37"})}, refused: "one minor version at a time"},
		"an older Kubernetes":   {changes: []object{resource("aws_eks_cluster", "update", object{"name": "c", "version": "1.36"}, object{"version": "1.35"})}, refused: "cannot go back to an older version"},
		"other settings of it":  {changes: []object{resource("aws_eks_cluster", "update", object{"version": "1.36"}, object{"version": "1.36"})}},
		"a release after an upgrade": {changes: []object{
			resource("helm_release", "update", noting("app", "1.35"), noting("app", "1.36")), resource("helm_release", "update", noting("web", "1.36"), noting("web", "1.36")),
		}, costs: "Replaces the pods of app, which get the kubelet of the cluster's version."},
		"the first version that pods note": {changes: []object{
			resource("helm_release", "update", object{"name": "app", "values": []any{"{}"}}, noting("app", "1.36")), resource("helm_release", "create", nil, noting("new", "1.36")),
		}, costs: "Replaces the pods of app, which note the cluster's version from now on."},
		"an internal load balancer": {changes: []object{
			resource("helm_release", "update", object{"name": "app", "values": []any{`{"ingress":{"internal":false}}`}}, object{"name": "app", "values": []any{`{"ingress":{"internal":true}}`}}),
		}, costs: "Replaces the load balancer of app: it does not answer for minutes."},
		"fewer days of lines":           {changes: []object{resource("aws_cloudwatch_log_group", "update", object{"name": "l", "retention_in_days": 7}, object{"retention_in_days": 3})}, costs: "Deletes the older lines of the log group l."},
		"lines no longer kept for ever": {changes: []object{resource("aws_cloudwatch_log_group", "update", object{"name": "l", "retention_in_days": 0}, object{"retention_in_days": 3})}, costs: "Deletes the older lines of the log group l."},
		"more days of lines":            {changes: []object{resource("aws_cloudwatch_log_group", "update", object{"retention_in_days": 3}, object{"retention_in_days": 7}), resource("aws_cloudwatch_log_group", "update", object{"retention_in_days": 3}, object{"retention_in_days": 0})}},
		"fewer days of backups":         {changes: []object{resource("aws_db_instance", "update", object{"identifier": "d", "backup_retention_period": 7}, object{"backup_retention_period": 1})}, costs: "Deletes the older automatic backups of d."},
		"the first backups":             {changes: []object{resource("aws_db_instance", "update", object{"backup_retention_period": 0}, object{"backup_retention_period": 7})}},
		"fewer images":                  {changes: []object{resource("aws_ecr_lifecycle_policy", "delete+create", object{"repository": "r"}, object{"repository": "r"})}, costs: "Changes which images the repository keeps"},
		"a database in the cluster": {changes: []object{
			resource("helm_release", "update", object{"name": "postgres", "namespace": "postgres", "values": []any{`{"version":"17"}`}}, object{"name": "postgres", "namespace": "postgres", "values": []any{`{"version":"18"}`}}),
		}, costs: "Replaces the pod of PostgreSQL in the cluster (postgres): it begins empty."},
		"a database in the cluster, after an upgrade": {changes: []object{
			resource("helm_release", "update", noting("postgres", "1.35"), noting("postgres", "1.36")),
		}, costs: "Replaces the pod of PostgreSQL in the cluster (postgres): it begins empty."},
		"a web ACL in use": {changes: []object{
			resource("aws_wafv2_web_acl", "delete", object{"name": "w"}, nil), resource("helm_release", "update", object{}, object{"values": []any{`{"ingress":{"wafAclArn":""}}`}}),
		}, refused: "the load balancer would keep the web ACL w"},
		"a web ACL that is dissociated": {changes: []object{
			resource("aws_wafv2_web_acl", "delete", object{"name": "w"}, nil), resource("helm_release", "update", object{}, object{"values": []any{`{"ingress":{"wafAclArn":"none"}}`}}),
		}},
		"a web ACL that goes with its stack": {changes: []object{
			resource("aws_wafv2_web_acl", "delete", object{"name": "w"}, nil), resource("helm_release", "delete", object{"values": []any{`{"ingress":{"wafAclArn":"arn"}}`}}, nil),
		}, costs: "Uninstalls the release"},
		"an application that the settings no longer have": {changes: []object{
			resource("kubernetes_namespace_v1", "delete", object{"id": "shop"}, nil), resource("kubernetes_namespace_v1", "no-op", object{"id": "app"}, object{"id": "app"}),
		}, costs: "Deletes the namespace shop with all that is in it. To remove an application, destroy its stack before"},
		"namespaces that go with their stack": {changes: []object{resource("kubernetes_namespace_v1", "delete", object{"id": "shop"}, nil)}},
		"data sources are read":               {changes: []object{{"address": "data.aws_vpc.x", "type": "aws_vpc", "mode": "data", "change": object{"actions": []string{"delete"}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := Of(planOf(t, test.changes...))
			if err != nil {
				t.Fatal(err)
			}
			for _, check := range []struct {
				found []string
				want  string
			}{{found.Refused, test.refused}, {found.Costs, test.costs}} {
				if len(check.found) != min(len(check.want), 1) || !strings.Contains(strings.Join(check.found, "\n"), check.want) {
					t.Errorf("found %q, want %q", check.found, check.want)
				}
			}
		})
	}
	if _, err := Of([]byte("{}")); err == nil {
		t.Error("a plan without a format is read")
	}
}

// TestKEDARemoved: KEDA stays while an application's stack reads its security group.
func TestKEDARemoved(t *testing.T) {
	t.Parallel()
	plan := func(actions, output string) []byte {
		content, err := json.Marshal(object{
			"format_version": "1.2", "resource_changes": []object{resource("helm_release", actions, object{"name": "keda"}, nil)},
			"output_changes": object{output: object{"actions": []string{"delete"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	const group = "cross-stack-output-aws_security_grouppod-groups_keda-pods_2DCB191Cid"
	for _, test := range []struct {
		plan    []byte
		refused bool
	}{
		{plan("delete", group), true},
		{plan("delete", "pod_log_group"), false},
		{plan("update", group), false},
	} {
		found, err := Of(test.plan)
		if err != nil || (len(found.Refused) == 1) != test.refused {
			t.Errorf("refused %q, %v, want %v", found.Refused, err, test.refused)
		}
	}
	// The same name as in the stacks.
	content, err := os.ReadFile("../../../wholeapp/testdata/golden/prod-addons.tf.json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), `"`+group+`"`) {
		t.Errorf("prod-addons has no output %s", group)
	}
}

// TestLost: sentences about data are marked as such, whether the plan is refused or not.
func TestLost(t *testing.T) {
	t.Parallel()
	for kind, actions := range map[string]string{
		"aws_db_instance": "delete+create", "aws_rds_cluster": "delete", "aws_s3_bucket": "create+delete", "aws_kms_key": "delete", "aws_secretsmanager_secret": "delete+create",
		"aws_ecr_repository": "delete", "aws_backup_vault": "delete", "aws_prometheus_workspace": "delete+create", "aws_cloudwatch_log_group": "delete+create",
		"aws_ebs_volume": "delete", "kubernetes_persistent_volume_claim_v1": "delete+create",
	} {
		found, err := Of(planOf(t, resource(kind, actions, object{}, object{})))
		if err != nil {
			t.Fatal(err)
		}
		if said := slices.Concat(found.Refused, found.Costs); len(found.Lost) != 1 || !slices.Equal(found.Lost, said) {
			t.Errorf("%s %s: lost %q of %q", kind, actions, found.Lost, said)
		}
	}
	replaced, err := Of(planOf(t, resource("aws_ecr_repository", "delete+create", object{}, object{})))
	if err != nil || len(replaced.Lost) != 1 || len(replaced.Refused) != 1 {
		t.Errorf("%+v, %v", replaced, err)
	}
	found, err := Of(planOf(t, resource("helm_release", "update", noting("postgres", "1.35"), noting("postgres", "1.36"))))
	if err != nil || len(found.Costs) != 1 || len(found.Lost) > 0 {
		t.Errorf("PostgreSQL in the cluster has no durable data: %+v, %v", found, err)
	}
	for kind, actions := range map[string]string{"aws_vpc": "delete", "aws_eks_fargate_profile": "delete+create", "aws_db_instance": "update", "helm_release": "delete", "aws_s3_bucket": "create"} {
		found, err := Of(planOf(t, resource(kind, actions, object{}, object{})))
		if err != nil || len(found.Lost) > 0 {
			t.Errorf("%s %s: lost %q, %v", kind, actions, found.Lost, err)
		}
	}
}

// noting is a release whose pods note a version of Kubernetes.
func noting(name, version string) object {
	return object{"name": name, "namespace": name, "values": []any{`{"podAnnotations":{"kubernetes-version":"` + version + `"}}`}}
}

// upgraded is a database that runs a version, and is to get another.
func upgraded(running, asked string, atOnce bool) object {
	return resource("aws_db_instance", "update", object{"identifier": "d", "engine_version": major(running), "engine_version_actual": running},
		object{"identifier": "d", "engine_version": asked, "apply_immediately": atOnce})
}

func replicaOf(source, running string) object {
	replica := object{"identifier": source + "-1", "replicate_source_db": source, "engine_version_actual": running}
	return resource("aws_db_instance", "no-op", replica, replica)
}

// TestChangedSettings: what the settings call an outage when Terraform replaces something has words here.
func TestChangedSettings(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../../environments/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema object
	if err := json.Unmarshal(content, &schema); err != nil {
		t.Fatal(err)
	}
	outages := 0
	var look func(path string, node object)
	look = func(path string, node object) {
		if change, ok := node["x-change"].(object); ok && change["effect"] == "outage" && change["replaces"] != nil {
			outages++
			told := false
			for _, kind := range change["replaces"].([]any) {
				for _, r := range rules {
					told = told || slices.Contains(r.kinds, kind.(string)) && r.applies(asChange(t, resource(kind.(string), "delete+create", object{}, object{})), nil)
				}
			}
			if !told {
				t.Errorf("%s: nothing is said about replacing any of %v", path, change["replaces"])
			}
		}
		properties, _ := node["properties"].(object)
		for name, inside := range properties {
			look(path+"."+name, inside.(object))
		}
	}
	look("", schema)
	if outages == 0 {
		t.Error("the schema has no outage")
	}
}

func asChange(t *testing.T, of object) (c change) {
	t.Helper()
	content, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTerraform has a script take Terraform's place, which prints its arguments and shows a plan.
func TestTerraform(t *testing.T) {
	t.Parallel()
	class := planOf(t, resource("aws_db_instance", "update", object{"identifier": "d", "instance_class": "a"}, object{"instance_class": "b"}))
	vpc := planOf(t, resource("aws_vpc", "delete+create", object{}, object{}))
	const cost = "What this costs:\n  - Restarts the database d"
	for name, test := range map[string]struct {
		plan     []byte
		args     string
		answer   string
		code     int
		runs     string
		contains []string
	}{
		"a plan":              {class, "plan -input=false -out plan -no-color", "", 0, "plan -input=false -out plan -no-color", []string{cost}},
		"no costs":            {planOf(t), "plan -out=plan", "", 0, "plan -out=plan", nil},
		"a plan to destroy":   {vpc, "plan -destroy -out plan", "", 0, "plan -destroy -out plan", nil},
		"a plan that fails":   {class, "plan -out plan -fail", "", 1, "plan -out plan -fail", nil},
		"a plan is refused":   {vpc, "plan -out plan", "", 0, "plan -out plan", []string{"Refused:\n  - network.cidr"}},
		"approved before":     {class, "apply -auto-approve -no-color -var a=b -parallelism=3", "", 0, "plan -input=false -out=PLAN -no-color -var a=b -parallelism=3|apply -no-color -parallelism=3 PLAN", []string{cost}},
		"approved":            {class, "apply", "yes\n", 0, "plan -input=false -out=PLAN|apply PLAN", []string{cost, "Enter a value:"}},
		"not approved":        {class, "apply", "no\n", 1, "plan -input=false -out=PLAN", []string{cost, "Apply cancelled."}},
		"nobody answers":      {class, "apply", "", 1, "plan -input=false -out=PLAN", []string{"Apply cancelled."}},
		"an apply is refused": {vpc, "apply -auto-approve", "", 1, "plan -input=false -out=PLAN", []string{"Refused:\n  - network.cidr"}},
		"an apply fails":      {class, "apply -auto-approve -fail", "", 1, "plan -input=false -out=PLAN -fail", nil},
		"another command":     {vpc, "destroy -auto-approve", "", 0, "destroy -auto-approve", nil},
	} {
		// Written here: while a parallel test starts a program, another cannot run a file that it has just written.
		folder := t.TempDir()
		script := "#!/bin/sh\nif [ \"$1\" = show ]; then cat '" + folder + "/shown'; exit; fi\necho \"$@\" >> '" + folder + "/ran'\ncase \"$*\" in *-fail*) exit 1;; esac\n"
		for file, content := range map[string]string{"terraform": script, "shown": string(test.plan)} {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, problems bytes.Buffer
			terraform := Terraform{Path: filepath.Join(folder, "terraform"), Note: filepath.Join(folder, "note"), Stdin: strings.NewReader(test.answer), Stdout: &out, Stderr: &problems}
			if code := terraform.Run(t.Context(), strings.Fields(test.args)); code != test.code {
				t.Errorf("exit code %d\n%s%s", code, out.String(), problems.String())
			}
			content, _ := os.ReadFile(filepath.Join(folder, "ran"))
			var ran []string
			for line := range strings.Lines(string(content)) {
				words := strings.Fields(line)
				for i, word := range words {
					if path, joined := strings.CutPrefix(word, "-out="); filepath.IsAbs(word) {
						words[i] = "PLAN"
					} else if joined && filepath.IsAbs(path) {
						words[i] = "-out=PLAN"
					}
				}
				ran = append(ran, strings.Join(words, " "))
			}
			if found := strings.Join(ran, "|"); found != test.runs {
				t.Errorf("it ran %s", found)
			}
			note, _ := os.ReadFile(filepath.Join(folder, "note"))
			out.Write(note)
			for _, want := range test.contains {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, out.String())
				}
			}
			if test.contains == nil && strings.Contains(out.String(), " - ") {
				t.Errorf("it said\n%s", out.String())
			}
		})
	}
}

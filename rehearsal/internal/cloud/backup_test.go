package cloud

import (
	"testing"

	"gotest.tools/v3/assert"
)

// backed is a world with a database, its vault and what AWS Backup works with.
func backed(t *testing.T) *World {
	t.Helper()
	w := newWorld()
	for kind, a := range map[string]Attributes{
		"aws_iam_role": {"name": "backup", "assume_role_policy": `{"Statement":[{"Principal":{"Service":"backup.amazonaws.com"}}]}`},
		vaultKind:      {"name": "dev-database"},
	} {
		assert.NilError(t, w.Create(kind, "", a), kind)
	}
	w.Add("aws_db_instance", "db-1", &Thing{Attributes: Attributes{
		"id": "db-1", "identifier": "dev-postgres", "arn": w.arn("rds", "db:dev-postgres"), "engine": "postgres", "username": "app", "allocated_storage": 20.0, "kms_key_id": "arn:aws:kms:eu-west-2:111111111111:key/a",
	}})
	return w
}

func rule(vault, schedule string, days float64, copies ...string) Attributes {
	r := Attributes{"rule_name": "daily", "target_vault_name": vault, "schedule": schedule, "lifecycle": []any{Attributes{"delete_after": days}}}
	for _, to := range copies {
		r["copy_action"] = []any{Attributes{"destination_vault_arn": to}}
	}
	return Attributes{"name": "plan", "rule": []any{r}}
}

func TestBackup(t *testing.T) {
	const daily, elsewhere = "cron(0 14 * * ? *)", "arn:aws:backup:eu-west-1:111111111111:backup-vault:copies"
	for name, test := range map[string]struct {
		plan Attributes
		err  string
	}{
		"a plan":                  {rule("dev-database", daily, 30), ""},
		"with a copy elsewhere":   {rule("dev-database", daily, 30, elsewhere), ""},
		"a vault that is missing": {rule("nobody", daily, 30), "Backup vault nobody does not exist"},
		"no schedule":             {rule("dev-database", "daily", 30), "Invalid schedule expression"},
		"kept for no day":         {rule("dev-database", daily, 0), "must be at least 1"},
		"a copy that stays here":  {rule("dev-database", daily, 30, "arn:aws:backup:eu-west-2:111111111111:backup-vault:nobody"), "does not exist"},
		"a copy to something":     {rule("dev-database", daily, 30, "arn:aws:s3:::bucket"), "does not exist"},
		"no rules":                {Attributes{"name": "plan"}, "at least one rule"},
	} {
		err := backed(t).Create(backupPlanKind, "", test.plan)
		if test.err == "" {
			assert.NilError(t, err, name)
		} else {
			assert.ErrorContains(t, err, test.err, name)
		}
	}

	w := backed(t)
	plan := rule("dev-database", daily, 30)
	assert.NilError(t, w.Create(backupPlanKind, "", plan))
	selection := func(role, database string) Attributes {
		return Attributes{"name": "database", "plan_id": plan["id"], "iam_role_arn": role, "resources": []any{database}}
	}
	role, database := "arn:aws:iam::111111111111:role/backup", "arn:aws:rds:eu-west-2:111111111111:db:dev-postgres"
	assert.ErrorContains(t, w.Create(selectionKind, "", selection(role, database+"-2")), "does not exist")
	assert.NilError(t, w.Create("aws_iam_role", "", Attributes{"name": "other", "assume_role_policy": `{"Statement":[{"Principal":{"Service":"rds.amazonaws.com"}}]}`}))
	assert.ErrorContains(t, w.Create(selectionKind, "", selection("arn:aws:iam::111111111111:role/other", database)), "cannot be assumed by AWS Backup")
	assert.NilError(t, w.Create(selectionKind, "", selection(role, database)))
	assert.ErrorContains(t, w.Delete(backupPlanKind, "", plan), "dependent object")

	assert.NilError(t, w.Snapshot("aws_db_instance", w.Get("aws_db_instance", "db-1"), "awsbackup:job-1", "AWS Backup"))
	vault := w.Get(vaultKind, "dev-database")
	assert.ErrorContains(t, w.Delete(vaultKind, "", vault.Attributes), "contains recovery points")
	vault.Attributes["force_destroy"] = true
	assert.NilError(t, w.Delete(vaultKind, "", vault.Attributes))
	assert.Assert(t, w.Get("aws_db_snapshot", "awsbackup:job-1") == nil, "a backup outlives its vault")
}

func TestSnapshots(t *testing.T) {
	w := backed(t)
	of := w.Get("aws_db_instance", "db-1")
	assert.NilError(t, w.Snapshot("aws_db_instance", of, "a", "somebody"))
	assert.ErrorContains(t, w.Snapshot("aws_db_instance", of, "a", "somebody"), "already exists")
	for name, test := range map[string]struct {
		asked Attributes
		err   string
	}{
		"as it is":        {Attributes{}, ""},
		"the same again":  {Attributes{"username": "app", "allocated_storage": 20.0}, ""},
		"more storage":    {Attributes{"allocated_storage": 30.0}, ""},
		"less storage":    {Attributes{"allocated_storage": 10.0}, "cannot be 10"},
		"another user":    {Attributes{"username": "other"}, "username"},
		"another key":     {Attributes{"kms_key_id": "arn:aws:kms:eu-west-2:111111111111:key/b"}, "kms_key_id"},
		"of another name": {Attributes{"snapshot_identifier": "b"}, "b not found"},
	} {
		setDefault(test.asked, "snapshot_identifier", "a")
		err := w.checkRestore("aws_db_instance", test.asked)
		if test.err == "" {
			assert.NilError(t, err, name)
		} else {
			assert.ErrorContains(t, err, test.err, name)
		}
	}
}

func TestBudget(t *testing.T) {
	for name, test := range map[string]struct {
		change Attributes
		err    string
	}{
		"a budget":             {Attributes{}, ""},
		"of nothing":           {Attributes{"limit_amount": "0"}, "above 0"},
		"with a colon":         {Attributes{"name": "a:b"}, "without :"},
		"that nobody is told":  {Attributes{"notification": []any{Attributes{"threshold": 80.0}}}, "to one of these at least"},
		"to a topic it cannot": {Attributes{"notification": []any{Attributes{"subscriber_sns_topic_arns": []any{"arn:aws:sns:eu-west-2:111111111111:alarms"}}}}, "may not publish"},
	} {
		w := newWorld()
		assert.NilError(t, w.Create(topicKind, "", Attributes{"name": "alarms"}))
		a := Attributes{"name": "dev-budget", "limit_amount": "100", "notification": []any{Attributes{"subscriber_email_addresses": []any{"a@example.com"}}}}
		for key, value := range test.change {
			a[key] = value
		}
		err := w.Create(budgetKind, "", a)
		if test.err == "" {
			assert.NilError(t, err, name)
		} else {
			assert.ErrorContains(t, err, test.err, name)
		}
	}
}

func TestRotation(t *testing.T) {
	w := newWorld()
	const managed = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!db-1-abcdef"
	w.Add("aws_secretsmanager_secret", managed, &Thing{Attributes: Attributes{"id": managed, "arn": managed}})
	own := Attributes{"name": "own"}
	assert.NilError(t, w.Create("aws_secretsmanager_secret", "", own))
	every := func(secret any, days float64) Attributes {
		return Attributes{"secret_id": secret, "rotation_rules": []any{Attributes{"automatically_after_days": days}}}
	}
	assert.ErrorContains(t, w.Create(rotationKind, "", every(own["arn"], 30)), "Lambda function ARN")
	assert.ErrorContains(t, w.Create(rotationKind, "", every(managed, 0)), "must be 1 to 1000")
	assert.ErrorContains(t, w.Create(rotationKind, "", every(managed+"x", 30)), "does not exist")
	assert.NilError(t, w.Create(rotationKind, "", every(managed, 30)))
}

package cloud

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

const (
	backupRole  = "arn:aws:iam::111111111111:role/backup"
	databaseARN = "arn:aws:rds:eu-west-2:111111111111:db:app"
	copyVault   = "arn:aws:backup:eu-west-1:111111111111:backup-vault:dev-copies"
	dailyRule   = `{"rule_name": "daily", "target_vault_name": "dev", "schedule": "cron(0 14 * * ? *)", "start_window": 60, "lifecycle": [{"delete_after": 365}],
		"copy_action": [{"destination_vault_arn": "` + copyVault + `", "lifecycle": [{"delete_after": 30}]}]}`
)

// backedUp is a world with a database, and a vault, a key, two roles and a plan for its backups.
func backedUp(t *testing.T) (w *World, plan Attributes) {
	t.Helper()
	w = newWorld()
	w.Add("aws_db_instance", "app", &Thing{Attributes: Attributes{"id": "db-1", "arn": databaseARN}})
	w.Add("aws_kms_key", "k", &Thing{Attributes: Attributes{"id": "k", "arn": w.arn("kms", "key/k")}})
	for name, service := range map[string]string{"backup": "backup", "pods": "eks"} {
		assert.NilError(t, w.Create("aws_iam_role", "", Attributes{"name": name, "assume_role_policy": `{"Statement":[{"Principal":{"Service":"` + service + `.amazonaws.com"}}]}`}))
	}
	assert.NilError(t, w.Create(backupVaultKind, "", Attributes{"name": "dev", "kms_key_arn": w.arn("kms", "key/k")}))
	plan = decoded(t, `{"name": "dev", "rule": [`+dailyRule+`]}`)
	assert.NilError(t, w.Create(backupPlanKind, "", plan))
	return w, plan
}

// TestBackupsRefused creates backup resources, and variants that AWS refuses.
func TestBackupsRefused(t *testing.T) {
	w, plan := backedUp(t)
	good := map[string]string{
		backupVaultKind:     `{"name": "more"}`,
		vaultLockKind:       `{"backup_vault_name": "dev", "min_retention_days": 30, "max_retention_days": 365, "changeable_for_days": 3}`,
		backupPlanKind:      `{"name": "more", "rule": [` + dailyRule + `]}`,
		backupSelectionKind: `{"name": "database", "plan_id": "` + text(plan, "id") + `", "iam_role_arn": "` + backupRole + `", "resources": ["` + databaseARN + `"]}`,
	}
	rule := func(old, new string) string { return `{"rule": [` + strings.Replace(dailyRule, old, new, 1) + `]}` }
	for _, test := range []struct{ name, kind, change, want string }{
		{"a vault of a name that is taken", backupVaultKind, `{"name": "dev"}`, "AlreadyExistsException"},
		{"a vault of two words", backupVaultKind, `{"name": "the dev"}`, "Backup vault name the dev is not valid"},
		{"a vault with a key that is not there", backupVaultKind, `{"kms_key_arn": "arn:aws:kms:eu-west-2:111111111111:key/none"}`, "kms_key_arn"},
		{"a vault with the alias of a key", backupVaultKind, `{"kms_key_arn": "alias/data"}`, `kms_key_arn "alias/data" is not the ARN of a key`},
		{"a lock of no vault", vaultLockKind, `{"backup_vault_name": "none"}`, `there is no aws_backup_vault with name "none"`},
		{"a lock with two days of grace", vaultLockKind, `{"changeable_for_days": 2}`, "changeable_for_days must be 3 or more, is 2"},
		{"a lock that keeps nothing", vaultLockKind, `{"min_retention_days": 0}`, "min_retention_days must be 1 or more, is 0"},
		{"a lock of a century", vaultLockKind, `{"max_retention_days": 36501}`, "max_retention_days must be at most 36500, is 36501"},
		{"a lock the wrong way round", vaultLockKind, `{"min_retention_days": 366}`, "min_retention_days 366 is more than max_retention_days 365"},
		{"a plan of no rules", backupPlanKind, `{"rule": []}`, "MissingParameterValueException"},
		{"a rule of two words", backupPlanKind, rule("daily", "each day"), "Error in rule each day : its name"},
		{"backups into no vault", backupPlanKind, rule(`"dev"`, `"none"`), `there is no aws_backup_vault with name "none"`},
		{"a schedule of Unix", backupPlanKind, rule("cron(0 14 * * ? *)", "0 14 * * *"), "no cron expression of six fields"},
		{"a schedule of five fields", backupPlanKind, rule("* * ? *", "* ? *"), "no cron expression of six fields"},
		{"a schedule on both days", backupPlanKind, rule("* * ? *", "* * * *"), "no cron expression of six fields"},
		{"a schedule on no day", backupPlanKind, rule("* * ? *", "? * ? *"), "no cron expression of six fields"},
		{"half an hour to begin", backupPlanKind, rule(`"start_window": 60`, `"start_window": 30`), "a start_window of 30 minutes is less than 60"},
		{"cold for a month", backupPlanKind, rule(`"delete_after": 365`, `"cold_storage_after": 300, "delete_after": 365`), "delete_after 365 must be 90 days or more after cold_storage_after 300"},
		{"a copy that is cold for a month", backupPlanKind, rule(`"delete_after": 30`, `"cold_storage_after": 1, "delete_after": 30`), "delete_after 30 must be"},
		{"continuous backups for a year", backupPlanKind, rule(`"start_window"`, `"enable_continuous_backup": true, "start_window"`), "a continuous backup is kept for 1 to 35 days, not 365"},
		{"copies into a bucket", backupPlanKind, rule(copyVault, "arn:aws:s3:::copies"), "is not the ARN of a backup vault"},
		{"copies into a vault of the region that is not there", backupPlanKind, rule("eu-west-1", "eu-west-2"), "there is no backup vault arn:aws:backup:eu-west-2"},
		{"a selection of no plan", backupSelectionKind, `{"plan_id": "none"}`, `there is no aws_backup_plan with id "none"`},
		{"a selection of two words", backupSelectionKind, `{"name": "the database"}`, `selection name "the database"`},
		{"a role that is not there", backupSelectionKind, `{"iam_role_arn": "` + backupRole + `s"}`, "iam_role_arn"},
		{"a role that does not trust AWS Backup", backupSelectionKind, `{"iam_role_arn": "arn:aws:iam::111111111111:role/pods"}`, "cannot be assumed by AWS Backup"},
		{"a selection of nothing", backupSelectionKind, `{"resources": []}`, "selects nothing"},
		{"a database that is not there", backupSelectionKind, `{"resources": ["` + databaseARN + `s"]}`, "db:apps does not exist in account 111111111111"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.ErrorContains(t, w.Create(test.kind, "", with(t, decoded(t, good[test.kind]), test.change)), test.want)
		})
	}
	for name, a := range good {
		assert.NilError(t, w.Create(name, "", decoded(t, a)), name)
	}
	for _, change := range []string{
		rule(`"start_window"`, `"enable_continuous_backup": true, "start_window"`), rule("eu-west-1", "eu-west-2"),
	} {
		change = strings.NewReplacer("365", "35", "dev-copies", "dev").Replace(change)
		assert.NilError(t, w.Create(backupPlanKind, "", with(t, decoded(t, good[backupPlanKind]), change)))
	}
}

// TestBackups checks ids, ARNs, versions and the order of deletion.
func TestBackups(t *testing.T) {
	w, plan := backedUp(t)
	vault := w.Get(backupVaultKind, "dev").Attributes
	assert.Equal(t, vault["arn"], "arn:aws:backup:eu-west-2:111111111111:backup-vault:dev")
	assert.Equal(t, vault["recovery_points"], 0.0)
	assert.Equal(t, plan["arn"], "arn:aws:backup:eu-west-2:111111111111:backup-plan:"+text(plan, "id"))
	assert.Equal(t, dig(plan, "rule.lifecycle.opt_in_to_archive_for_supported_resources"), false)
	assert.Equal(t, dig(plan, "rule.copy_action.lifecycle.opt_in_to_archive_for_supported_resources"), false)
	later := with(t, plan, `{"version": null, "rule": [`+strings.Replace(dailyRule, "14", "3", 1)+`]}`) // as planned
	assert.NilError(t, w.Change(backupPlanKind, "", later))
	assert.Assert(t, text(later, "version") != "" && later["version"] != plan["version"])
	selection := Attributes{"name": "database", "plan_id": plan["id"], "iam_role_arn": backupRole, "resources": []any{databaseARN}}
	assert.NilError(t, w.Create(backupSelectionKind, "", selection))
	assert.Assert(t, w.Get(backupSelectionKind, text(plan, "id")+"|"+text(selection, "id")) != nil, "it cannot be imported as in AWS")

	assert.ErrorContains(t, w.Delete(backupPlanKind, "", plan), "InvalidRequestException")
	assert.Equal(t, len(w.users("aws_db_instance", "app", w.Get("aws_db_instance", "app"))), 0, "a selection keeps what it selects")
	assert.NilError(t, w.Delete(backupSelectionKind, "", selection))
	for _, name := range []string{"awsbackup:job-1", "awsbackup:job-2", "by-hand"} {
		assert.NilError(t, w.Snapshot("aws_db_instance", w.Get("aws_db_instance", "app"), name, "AWS Backup"))
	}
	assert.ErrorContains(t, w.Delete(backupVaultKind, "", vault), "it contains recovery points: 2 in dev")
	vault["force_destroy"] = true
	requests, err := w.Calls(backupVaultKind, OperationDelete, vault, nil)
	assert.NilError(t, err)
	const first, second = " arn:aws:rds:snapshot:awsbackup:job-1", " arn:aws:rds:snapshot:awsbackup:job-2"
	assert.DeepEqual(t, short(requests)[1:5], []string{
		"backup:DeleteRecoveryPoint" + first, "backup:DescribeRecoveryPoint" + first, "backup:DeleteRecoveryPoint" + second, "backup:DescribeRecoveryPoint" + second,
	})
	assert.NilError(t, w.Delete(backupVaultKind, "", vault))
	assert.Equal(t, len(w.recoveryPoints()), 0, "a backup outlives its vault")
	assert.Assert(t, w.Get("aws_db_snapshot", "by-hand") != nil)
	assert.NilError(t, w.Delete(backupPlanKind, "", plan))
}

// TestVaultLock deletes locks, and vaults that are locked.
func TestVaultLock(t *testing.T) {
	for _, test := range []struct {
		name       string
		grace, age float64 // in days
		want       string
	}{
		{"in governance mode", 0, 4000, ""},
		{"in compliance mode, within the grace time", 3, 2.9, ""},
		{"in compliance mode, after it", 3, 3, "nobody can change or remove it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, _ := backedUp(t)
			lock := Attributes{"backup_vault_name": "dev", "min_retention_days": 30.0}
			if test.grace > 0 {
				lock["changeable_for_days"] = test.grace
			}
			assert.NilError(t, w.Create(vaultLockKind, "", lock))
			assert.Equal(t, lock["backup_vault_arn"], "arn:aws:backup:eu-west-2:111111111111:backup-vault:dev")
			w.Get(vaultLockKind, "dev").Made = time.Now().Add(-time.Duration(test.age * 24 * float64(time.Hour)))
			assert.NilError(t, w.Snapshot("aws_db_instance", w.Get("aws_db_instance", "app"), "awsbackup:job-1", "AWS Backup"))
			vault := with(t, w.Get(backupVaultKind, "dev").Attributes, `{"force_destroy": true}`)
			assert.NilError(t, w.Change(backupVaultKind, "", vault))
			assert.ErrorContains(t, w.Delete(backupVaultKind, "", vault), "awsbackup:job-1 cannot be deleted before its retention is over")
			if test.want != "" {
				assert.ErrorContains(t, w.Delete(vaultLockKind, "", lock), test.want)
				w.Remove("aws_db_snapshot", "awsbackup:job-1") // it has expired
				assert.NilError(t, w.Delete(backupVaultKind, "", vault))
				return
			}
			assert.NilError(t, w.Delete(vaultLockKind, "", lock))
			assert.NilError(t, w.Delete(backupVaultKind, "", vault))
		})
	}
}

// TestBackupCalls checks the provider's calls for backups.
func TestBackupCalls(t *testing.T) {
	w, plan := backedUp(t)
	plan["tags_all"] = Attributes{"stack": "s"}
	w.Get("aws_iam_role", "backup").Attributes["permissions_boundary"] = "b"
	vault := with(t, w.Get(backupVaultKind, "dev").Attributes, `{"tags_all": {"stack": "s"}}`)
	plain := with(t, vault, `{"tags_all": {}, "kms_key_arn": "", "force_destroy": true}`)
	selection := Attributes{"id": "s", "name": "database", "plan_id": plan["id"], "iam_role_arn": backupRole, "resources": []any{databaseARN}}
	const onVault, onKey = " arn:aws:backup:backup-vault:dev", " arn:aws:kms:key/k kms:ViaService=backup.eu-west-2.amazonaws.com"
	onPlan := " arn:aws:backup:backup-plan:" + text(plan, "id")
	for _, test := range []struct {
		name, kind, operation string
		before, after         Attributes
		keys                  []string
		want                  []string
	}{
		{"a vault and its key", backupVaultKind, OperationCreate, nil, vault, []string{"aws:RequestTag/stack", "aws:ResourceTag/stack", "kms:ViaService", "kms:GrantIsForAWSResource"},
			[]string{
				"backup:CreateBackupVault" + onVault + " aws:RequestTag/stack=s", "backup:TagResource" + onVault + " aws:RequestTag/stack=s", "backup-storage:MountCapsule *",
				"kms:DescribeKey" + onKey, "kms:CreateGrant" + onKey + " kms:GrantIsForAWSResource=true", "kms:GenerateDataKey" + onKey, "kms:Decrypt" + onKey,
				"kms:RetireGrant" + onKey + " kms:GrantIsForAWSResource=true",
				"backup:DescribeBackupVault" + onVault + " aws:ResourceTag/stack=s", "backup:ListTags" + onVault + " aws:ResourceTag/stack=s",
			}},
		{"a vault with AWS's own key", backupVaultKind, OperationCreate, nil, plain, nil,
			[]string{"backup:CreateBackupVault" + onVault, "backup-storage:MountCapsule *", "backup:DescribeBackupVault" + onVault, "backup:ListTags" + onVault}},
		{"a vault that may go with what is in it", backupVaultKind, OperationUpdate, vault, with(t, vault, `{"force_destroy": true}`), nil,
			[]string{"backup:DescribeBackupVault" + onVault, "backup:ListTags" + onVault}},
		{"a vault goes", backupVaultKind, OperationDelete, vault, nil, []string{"aws:ResourceTag/stack"}, []string{"backup:DeleteBackupVault" + onVault + " aws:ResourceTag/stack=s"}},
		{"a vault goes, and there is nothing in it", backupVaultKind, OperationDelete, plain, nil, nil,
			[]string{"backup:ListRecoveryPointsByBackupVault" + onVault, "backup:DeleteBackupVault" + onVault}},
		{"a lock that can be removed", vaultLockKind, OperationCreate, nil, Attributes{"backup_vault_name": "dev", "min_retention_days": 30.0}, []string{"backup:ChangeableForDays", "backup:MinRetentionDays"},
			[]string{"backup:PutBackupVaultLockConfiguration" + onVault + " backup:MinRetentionDays=30", "backup:DescribeBackupVault" + onVault}},
		{"a lock that cannot", vaultLockKind, OperationCreate, nil, Attributes{"backup_vault_name": "dev", "changeable_for_days": 3.0}, []string{"backup:ChangeableForDays", "backup:MinRetentionDays"},
			[]string{"backup:PutBackupVaultLockConfiguration" + onVault + " backup:ChangeableForDays=3", "backup:DescribeBackupVault" + onVault}},
		{"a lock goes", vaultLockKind, OperationDelete, Attributes{"backup_vault_name": "dev"}, nil, nil, []string{"backup:DeleteBackupVaultLockConfiguration" + onVault}},
		{"a plan, which has no id yet", backupPlanKind, OperationCreate, nil, plan, []string{"aws:RequestTag/stack", "aws:ResourceTag/stack"},
			[]string{
				"backup:CreateBackupPlan arn:aws:backup:backup-plan:* aws:RequestTag/stack=s", "backup:TagResource arn:aws:backup:backup-plan:* aws:RequestTag/stack=s",
				"backup:GetBackupPlan" + onPlan + " aws:ResourceTag/stack=s", "backup:ListTags" + onPlan + " aws:ResourceTag/stack=s",
			}},
		{"a plan with another rule", backupPlanKind, OperationUpdate, plan, with(t, plan, `{"version": "2", "rule": [{"rule_name": "weekly"}]}`), nil,
			[]string{"backup:UpdateBackupPlan" + onPlan, "backup:GetBackupPlan" + onPlan, "backup:ListTags" + onPlan}},
		{"a plan goes", backupPlanKind, OperationDelete, plan, nil, nil, []string{"backup:DeleteBackupPlan" + onPlan}},
		{"a selection, and who gives away a role", backupSelectionKind, OperationCreate, nil, selection, []string{"iam:PassedToService", "aws:ResourceTag/stack"},
			[]string{
				"backup:CreateBackupSelection" + onPlan + " aws:ResourceTag/stack=s", "iam:PassRole " + backupRole + " iam:PassedToService=backup.amazonaws.com",
				"backup:GetBackupSelection" + onPlan + " aws:ResourceTag/stack=s", "backup:GetBackupSelection" + onPlan + " aws:ResourceTag/stack=s",
			}},
		{"a selection goes", backupSelectionKind, OperationDelete, selection, nil, nil, []string{"backup:DeleteBackupSelection" + onPlan}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests, err := w.Calls(test.kind, test.operation, test.before, test.after)
			assert.NilError(t, err)
			assert.DeepEqual(t, short(requests, test.keys...), test.want)
		})
	}
	for kind, a := range map[string]Attributes{backupVaultKind: vault, backupPlanKind: plan} {
		requests, err := w.Calls(kind, OperationUpdate, with(t, a, `{"tags_all": {"stack": "s", "old": "x"}}`), with(t, a, `{"tags_all": {"stack": "t"}}`))
		assert.NilError(t, err, kind)
		assert.Equal(t, requests[0].Action, "backup:UntagResource")
		assert.DeepEqual(t, requests[0].Context["aws:TagKeys"], []string{"old"})
		assert.DeepEqual(t, requests[1].Context["aws:RequestTag/stack"], []string{"t"})
		assert.DeepEqual(t, requests[1].Context["aws:ResourceTag/stack"], []string{"s"})
	}
}

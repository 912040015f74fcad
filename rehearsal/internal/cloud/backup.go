package cloud

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	backupVaultKind     = "aws_backup_vault"
	vaultLockKind       = "aws_backup_vault_lock_configuration"
	backupPlanKind      = "aws_backup_plan"
	backupSelectionKind = "aws_backup_selection"
)

func init() {
	register(map[string]kind{
		backupVaultKind: {
			id:     func(_ *World, a Attributes) string { return text(a, "name") },
			unique: []string{"name"}, conflict: "AlreadyExistsException",
			replaced: []string{"kms_key_arn", "name"},
			check:    checkBackupVault,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("backup", "backup-vault:"+id), "recovery_points": 0.0,
					// AWS Backup then uses a key of its own, which no stack can name.
					"kms_key_arn": "",
				})
			},
			// A plan may name a deleted vault; its jobs then fail.
			alone: true,
			leave: func(w *World, id string, t *Thing) error {
				points := w.recoveryPoints()
				if lock := w.Get(vaultLockKind, text(t.Attributes, "name")); lock != nil && len(points) > 0 {
					return refuse("InvalidRequestException", "Backup vault %s is locked: %s cannot be deleted before its retention is over", id, points[0])
				}
				if len(points) > 0 && !flag(t.Attributes, "force_destroy") {
					return refuse("InvalidRequestException", "Backup vault cannot be deleted because it contains recovery points: %d in %s", len(points), id)
				}
				for _, arn := range points { // the provider deletes them first
					for _, kind := range snapshotKinds {
						w.removeOf(kind.kind, "arn", arn)
					}
				}
				return nil
			},
		},
		vaultLockKind: {
			id:       func(_ *World, a Attributes) string { return text(a, "backup_vault_name") },
			replaced: []string{"backup_vault_name", "changeable_for_days", "max_retention_days", "min_retention_days"},
			refers:   map[string]string{"backup_vault_name": backupVaultKind + ".name"},
			check:    checkVaultLock,
			fill: func(w *World, _ string, a Attributes) {
				setDefault(a, "backup_vault_arn", w.attribute(backupVaultKind, text(a, "backup_vault_name"), "arn"))
			},
			leave: func(w *World, id string, t *Thing) error {
				grace := time.Duration(number(t.Attributes, "changeable_for_days")) * 24 * time.Hour
				if grace > 0 && w.now().Sub(t.Made) >= grace {
					return refuse("InvalidRequestException", "The lock of backup vault %s is in compliance mode, and its grace time is over: nobody can change or remove it", id)
				}
				return nil
			},
		},
		backupPlanKind: {
			// Plans may have the same name.
			id:       func(*World, Attributes) string { return randomUUID() },
			replaced: []string{"name"},
			// AWS does not check this, and the jobs fail.
			refers: map[string]string{"rule.target_vault_name": backupVaultKind + ".name"},
			// A copy goes to another region or account, which the simulator does not have.
			opaque:     []string{"rule"},
			check:      checkBackupPlan,
			recomputed: []string{"version"}, // even if only tags change, which gives no new version in AWS
			fill:       fillBackupPlan,
			inUse:      "InvalidRequestException", // Related backup plan selections must be deleted prior to backup plan
		},
		backupSelectionKind: {
			id:       func(*World, Attributes) string { return randomUUID() },
			key:      func(a Attributes) string { return text(a, "plan_id") + "|" + text(a, "id") }, // the import id
			replaced: []string{"condition", "iam_role_arn", "name", "not_resources", "plan_id", "resources", "selection_tag"},
			refers:   map[string]string{"plan_id": backupPlanKind + ".id"},
			// A selection does not protect the resources it selects from deletion.
			opaque: []string{"not_resources", "resources"},
			check:  checkBackupSelection,
			fill: func(_ *World, _ string, a Attributes) {
				setDefaults(a, Attributes{"condition": []any{}, "not_resources": []any{}})
			},
		},
	})
}

// recoveryPoints are the ARNs of AWS Backup's snapshots: the simulator has one vault.
func (w *World) recoveryPoints() []string {
	var all []string
	for _, kind := range snapshotKinds {
		w.Each(func(_, name string, t *Thing) bool {
			if strings.HasPrefix(name, "awsbackup:") {
				all = append(all, text(t.Attributes, "arn"))
			}
			return true
		}, kind.kind)
	}
	slices.Sort(all)
	return all
}

func invalidBackup(format string, args ...any) error {
	return refuse("InvalidParameterValueException", format, args...)
}

// vaultName: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupVault.html
var vaultName = regexp.MustCompile(`^[a-zA-Z0-9_-]{2,50}$`)

func checkBackupVault(_ *World, a, _ Attributes) error {
	if name := text(a, "name"); !vaultName.MatchString(name) {
		return invalidBackup("Backup vault name %s is not valid: it must be 2 to 50 letters, digits, - and _", name)
	}
	if key := text(a, "kms_key_arn"); key != "" && !strings.Contains(key, ":key/") {
		return invalidBackup("kms_key_arn %q is not the ARN of a key", key)
	}
	return nil
}

// checkVaultLock: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultLockConfiguration.html
func checkVaultLock(_ *World, a, _ Attributes) error {
	grace, least, most := number(a, "changeable_for_days"), number(a, "min_retention_days"), number(a, "max_retention_days")
	switch {
	case a["changeable_for_days"] != nil && grace < 3:
		return invalidBackup("changeable_for_days must be 3 or more, is %v", grace)
	case a["min_retention_days"] != nil && least < 1:
		return invalidBackup("min_retention_days must be 1 or more, is %v", least)
	case most > 36500:
		return invalidBackup("max_retention_days must be at most 36500, is %v", most)
	case most > 0 && least > most:
		return invalidBackup("min_retention_days %v is more than max_retention_days %v", least, most)
	}
	return nil
}

// backupName is the pattern for names of rules and selections.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRuleInput.html
var backupName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,50}$`)

// vaultARN matches a vault's ARN. Its groups are the region, the account and the name.
var vaultARN = regexp.MustCompile(`^arn:aws:backup:([a-z0-9-]+):(\d{12}):backup-vault:([a-zA-Z0-9_-]{2,50})$`)

func checkBackupPlan(w *World, a, _ Attributes) error {
	rules := nestedBlocks(a, "rule")
	if len(rules) == 0 {
		return refuse("MissingParameterValueException", "backup plan %s has no rules", text(a, "name"))
	}
	for _, rule := range rules {
		if err := w.checkBackupRule(rule); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) checkBackupRule(rule Attributes) error {
	name := text(rule, "rule_name")
	invalid := func(format string, args ...any) error {
		return invalidBackup("Error in rule "+name+" : "+format, args...)
	}
	if !backupName.MatchString(name) {
		return invalid("its name must be 1 to 50 letters, digits, -, _ and .")
	}
	if schedule := text(rule, "schedule"); schedule != "" && !isCron(schedule) {
		return invalid("schedule %q is no cron expression of six fields, one of the days a ?", schedule)
	}
	// The provider's default is an hour.
	if minutes, ok := rule["start_window"].(float64); ok && minutes < 60 {
		return invalid("a start_window of %v minutes is less than 60", minutes)
	}
	if days := number(rule, "lifecycle.delete_after"); flag(rule, "enable_continuous_backup") && (days < 1 || days > 35) {
		return invalid("a continuous backup is kept for 1 to 35 days, not %v", days)
	}
	copies := nestedBlocks(rule, "copy_action")
	for _, kept := range append([]Attributes{rule}, copies...) {
		after, cold := number(kept, "lifecycle.delete_after"), number(kept, "lifecycle.cold_storage_after")
		if cold > 0 && after > 0 && after < cold+90 {
			return invalid("delete_after %v must be 90 days or more after cold_storage_after %v", after, cold)
		}
	}
	for _, c := range copies {
		arn := text(c, "destination_vault_arn")
		parts := vaultARN.FindStringSubmatch(arn)
		if parts == nil {
			return invalid("destination_vault_arn %q is not the ARN of a backup vault", arn)
		}
		if parts[1] == w.Region && parts[2] == w.Account && w.find(backupVaultKind, "arn", arn) == nil {
			return invalid("there is no backup vault %s to copy to", arn)
		}
	}
	return nil
}

// isCron reports whether an expression has AWS's six fields, with ? for one of the two days.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/events/ScheduledEvents.html#CronExpressions
func isCron(expression string) bool {
	inner, begins := strings.CutPrefix(expression, "cron(")
	inner, ends := strings.CutSuffix(inner, ")")
	fields := strings.Fields(inner)
	return begins && ends && len(fields) == 6 && (fields[2] == "?") != (fields[4] == "?")
}

func fillBackupPlan(w *World, id string, a Attributes) {
	setDefaults(a, Attributes{"arn": w.arn("backup", "backup-plan:"+id), "version": randomHex(48)})
	for _, rule := range nestedBlocks(a, "rule") {
		for _, kept := range append([]Attributes{rule}, nestedBlocks(rule, "copy_action")...) {
			for _, lifecycle := range nestedBlocks(kept, "lifecycle") {
				setDefault(lifecycle, "opt_in_to_archive_for_supported_resources", false)
			}
		}
	}
}

// checkBackupSelection: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html
func checkBackupSelection(w *World, a, _ Attributes) error {
	name, role := text(a, "name"), text(a, "iam_role_arn")
	if !backupName.MatchString(name) {
		return invalidBackup("selection name %q must be 1 to 50 letters, digits, -, _ and .", name)
	}
	if w.checkAssumable(role, "backup.amazonaws.com") != nil {
		return invalidBackup("IAM Role %s cannot be assumed by AWS Backup", role)
	}
	resources := texts(any(a), "resources")
	if len(resources)+len(nestedBlocks(a, "selection_tag"))+len(nestedBlocks(a, "condition"))+len(texts(any(a), "not_resources")) == 0 {
		return invalidBackup("selection %s selects nothing", name)
	}
	// AWS does not check this, and would back up nothing.
	handles := w.handles()
	for _, arn := range resources {
		if w.ownARN(arn) && !handles[arn] && !slices.Contains(w.Given, arn) {
			return invalidBackup("resources of %s: %s does not exist in account %s, region %s", name, arn, w.Account, w.Region)
		}
	}
	return nil
}

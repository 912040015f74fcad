package cloud

import (
	"regexp"
	"slices"
	"strings"
)

const (
	vaultKind      = "aws_backup_vault"
	backupPlanKind = "aws_backup_plan"
	selectionKind  = "aws_backup_selection"
)

func init() {
	register(map[string]kind{
		vaultKind: {
			id:     func(_ *World, a Attributes) string { return text(a, "name") },
			unique: []string{"name"}, conflict: "AlreadyExistsException",
			replaced: []string{"name", "kms_key_arn"},
			check: func(w *World, a, _ Attributes) error {
				if !vaultName.MatchString(text(a, "name")) {
					return refuse("InvalidParameterValueException", "Vault name %q must be 2 to 50 letters, digits, - and _", text(a, "name"))
				}
				return w.checkKeys(a, "kms_key_arn")
			},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("backup", "backup-vault:"+id), "recovery_points": 0.0, "force_destroy": false})
			},
			// A plan names its vault, and then fails: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteBackupVault.html
			alone: true,
			leave: func(w *World, id string, t *Thing) error {
				points := w.recoveryPoints()
				if len(points) > 0 && !flag(t.Attributes, "force_destroy") {
					return refuse("InvalidRequestException", "Backup vault cannot be deleted because it contains recovery points: %s", id)
				}
				for _, arn := range points { // which the provider deletes first
					for _, kind := range snapshotKinds {
						w.removeOf(kind.kind, "arn", arn)
					}
				}
				return nil
			},
		},
		backupPlanKind: {
			id:       func(*World, Attributes) string { return randomUUID() },
			unique:   []string{"name"}, // Plinth's own wish: AWS has plans of one name
			conflict: "AlreadyExistsException",
			replaced: []string{"name"},
			opaque:   []string{"rule"}, // a copy's vault is in another region, see checkPlan
			check:    checkPlan,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("backup", "backup-plan:"+id)})
				a["version"] = randomHex(48) // another with each change
			},
			inUse: "InvalidRequestException",
		},
		selectionKind: {
			id:       func(*World, Attributes) string { return randomUUID() },
			replaced: []string{"condition", "iam_role_arn", "name", "not_resources", "plan_id", "resources", "selection_tag"},
			refers:   map[string]string{"plan_id": backupPlanKind + ".id"},
			check: func(w *World, a, _ Attributes) error {
				role := w.find("aws_iam_role", "arn", text(a, "iam_role_arn"))
				if role == nil || !strings.Contains(text(role.Attributes, "assume_role_policy"), backupHost) {
					return refuse("InvalidParameterValueException", "IAM Role %s cannot be assumed by AWS Backup", text(a, "iam_role_arn"))
				}
				return nil
			},
		},
	})
}

// recoveryPoints are the ARNs of the snapshots that AWS Backup has made: an account has one vault here.
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

const backupHost = "backup.amazonaws.com"

var (
	// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupVault.html
	vaultName = regexp.MustCompile(`^[A-Za-z0-9_-]{2,50}$`)
	// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html
	planSchedule = regexp.MustCompile(`^cron\(\S+ \S+ \S+ \S+ \S+ \S+\)$`)
)

func checkPlan(w *World, a, _ Attributes) error {
	rules, _ := a["rule"].([]any)
	if len(rules) == 0 {
		return refuse("InvalidParameterValueException", "a backup plan has at least one rule")
	}
	for _, each := range rules {
		rule, _ := each.(Attributes)
		if vault := text(rule, "target_vault_name"); w.Get(vaultKind, vault) == nil {
			return refuse("InvalidParameterValueException", "Backup vault %s does not exist", vault)
		}
		if schedule := text(rule, "schedule"); !planSchedule.MatchString(schedule) {
			return refuse("InvalidParameterValueException", "Invalid schedule expression: %q", schedule)
		}
		// Cold storage is for ninety days at least; here nothing is moved there.
		if keep := number(rule, "lifecycle.delete_after"); keep < 1 {
			return refuse("InvalidParameterValueException", "DeleteAfterDays %v must be at least 1", keep)
		}
		for _, vault := range texts(rule["copy_action"], "destination_vault_arn") {
			parts := strings.Split(vault, ":")
			if len(parts) != 7 || parts[2] != "backup" || parts[3] == w.Region && w.find(vaultKind, "arn", vault) == nil {
				return refuse("InvalidParameterValueException", "Destination vault %s does not exist", vault)
			}
		}
	}
	return nil
}

package cloud

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

func init() {
	register(map[string]kind{
		"aws_iam_role": {
			id: func(_ *World, a Attributes) string { return orElse(text(a, "name"), "terraform-"+randomHex(26)) }, unique: []string{"name"}, conflict: "EntityAlreadyExists",
			replaced: []string{"name", "name_prefix", "path"}, inUse: "DeleteConflict",
			check: checkRole,
			fill: func(w *World, id string, a Attributes) {
				path := orElse(text(a, "path"), "/")
				setDefaults(a, Attributes{
					"name": id, "path": path, "arn": fmt.Sprintf("arn:aws:iam::%s:role%s%s", w.Account, path, id),
					"unique_id": "AROA" + strings.ToUpper(randomHex(16)), "create_date": w.stamp(), "max_session_duration": 3600.0,
					"force_detach_policies": false, "inline_policy": []any{}, "managed_policy_arns": []any{},
				})
			},
		},
		"aws_iam_role_policy": {
			id:       func(_ *World, a Attributes) string { return text(a, "role") + ":" + text(a, "name") },
			replaced: []string{"name", "name_prefix", "role"},
			refers:   map[string]string{"role": "aws_iam_role.name"},
			check:    func(_ *World, a, _ Attributes) error { return checkPolicy(text(a, "policy"), 10240) },
		},
		"aws_iam_role_policy_attachment": {
			id: func(_ *World, a Attributes) string {
				return text(a, "role") + "-" + text(a, "policy_arn")
			},
			// The import id.
			key:    func(a Attributes) string { return text(a, "role") + "/" + text(a, "policy_arn") },
			unique: []string{"role", "policy_arn"}, conflict: "EntityAlreadyExists",
			replaced: []string{"role", "policy_arn"},
			refers:   map[string]string{"role": "aws_iam_role.name"},
			check:    checkAttachment,
		},
		"aws_iam_policy": {
			id: func(w *World, a Attributes) string {
				name := orElse(text(a, "name"), "terraform-"+randomHex(26))
				return fmt.Sprintf("arn:aws:iam::%s:policy%s%s", w.Account, orElse(text(a, "path"), "/"), name)
			},
			unique: []string{"name"}, conflict: "EntityAlreadyExists",
			replaced: []string{"description", "name", "name_prefix", "path"}, inUse: "DeleteConflict",
			check: func(_ *World, a, _ Attributes) error {
				if name := text(a, "name"); len(name) > 128 {
					return refuse("ValidationError", "policy name %q is longer than 128 characters", name)
				}
				return checkPolicy(text(a, "policy"), 6144)
			},
			fill: func(_ *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": id, "name": id[strings.LastIndex(id, "/")+1:], "path": "/", "attachment_count": 0.0,
					"policy_id": "ANPA" + strings.ToUpper(randomHex(16)),
				})
			},
		},
		"aws_iam_openid_connect_provider": {
			id: func(w *World, a Attributes) string {
				return fmt.Sprintf("arn:aws:iam::%s:oidc-provider/%s", w.Account, strings.TrimPrefix(text(a, "url"), "https://"))
			},
			unique: []string{"url"}, conflict: "EntityAlreadyExists", replaced: []string{"url"},
			fill: func(_ *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": id, "thumbprint_list": []any{randomHex(40)}})
				// The provider keeps the URL without its scheme.
			},
		},
		"aws_kms_key": {
			id:       func(*World, Attributes) string { return randomUUID() },
			replaced: []string{"customer_master_key_spec", "key_usage", "multi_region", "custom_key_store_id", "xks_key_id"},
			check: func(_ *World, a, _ Attributes) error {
				if days := number(a, "deletion_window_in_days"); days != 0 && (days < 7 || days > 30) {
					return refuse("ValidationException", "PendingWindowInDays must be 7 to 30, is %v", days)
				}
				return checkPolicy(text(a, "policy"), 32768)
			},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("kms", "key/"+id), "key_id": id, "key_usage": "ENCRYPT_DECRYPT",
					"customer_master_key_spec": "SYMMETRIC_DEFAULT", "is_enabled": true, "enable_key_rotation": false,
					"rotation_period_in_days": 365.0, "multi_region": false, "bypass_policy_lockout_safety_check": false,
				})
			},
			lingers: func(a Attributes) int { return days(a, "deletion_window_in_days") },
		},
		"aws_kms_alias": {
			id: func(_ *World, a Attributes) string { return text(a, "name") }, unique: []string{"name"}, conflict: "AlreadyExistsException",
			replaced: []string{"name", "name_prefix"},
			refers:   map[string]string{"target_key_id": "aws_kms_key.key_id"},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("kms", id)})
				a["target_key_arn"] = w.arn("kms", "key/"+text(a, "target_key_id"))
			},
		},
		"aws_cloudwatch_log_group": {
			id: func(_ *World, a Attributes) string { return text(a, "name") }, unique: []string{"name"}, conflict: "ResourceAlreadyExistsException",
			replaced: []string{"name", "name_prefix", "log_group_class"},
			check: func(_ *World, a, _ Attributes) error {
				// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
				days := []float64{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
				if !slices.Contains(days, number(a, "retention_in_days")) {
					return refuse("InvalidParameterException", "retention_in_days %v is none that CloudWatch Logs has", a["retention_in_days"])
				}
				return nil
			},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("logs", "log-group:"+id), "log_group_class": "STANDARD", "retention_in_days": 0.0, "skip_destroy": false})
			},
			leave: func(w *World, name string, _ *Thing) error {
				w.removeOf(metricFilterKind, "log_group_name", name)
				w.removeOf(logStreamKind, "log_group_name", name)
				return nil
			},
		},
		"aws_secretsmanager_secret": {
			id: func(w *World, a Attributes) string {
				return w.arn("secretsmanager", "secret:"+text(a, "name")+"-"+randomHex(6))
			},
			unique: []string{"name"}, conflict: "ResourceExistsException",
			replaced: []string{"name", "name_prefix"},
			check:    checkSecret,
			fill: func(_ *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": id, "policy": "", "replica": []any{}, "recovery_window_in_days": 30.0, "force_overwrite_replica_secret": false})
			},
			leave: func(w *World, id string, _ *Thing) error { delete(w.Secrets, id); return nil },
			// The versions are deleted with their secret.
			alone:   true,
			lingers: func(a Attributes) int { return days(a, "recovery_window_in_days") },
		},
		"aws_secretsmanager_secret_version": {
			id: func(w *World, a Attributes) string {
				version := randomUUID()
				w.setSecret(text(a, "secret_id"), orElse(text(a, "secret_string_wo"), text(a, "secret_string")), version)
				return text(a, "secret_id") + "|" + version
			},
			replaced: []string{"secret_id", "secret_string", "secret_binary", "secret_string_wo_version"},
			alone:    true,
			fill: func(_ *World, id string, a Attributes) {
				_, version, _ := strings.Cut(id, "|")
				delete(a, "secret_string_wo")
				setDefaults(a, Attributes{
					"arn": text(a, "secret_id"), "version_id": version,
					"version_stages": []any{"AWSCURRENT"}, "has_secret_string_wo": true,
				})
			},
		},
		"aws_ecr_repository": {
			id: func(_ *World, a Attributes) string { return text(a, "name") }, unique: []string{"name"}, conflict: "RepositoryAlreadyExistsException",
			replaced: []string{"name", "encryption_configuration"},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("ecr", "repository/"+id), "registry_id": w.Account,
					"repository_url": fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s", w.Account, w.Region, id),
				})
			},
		},
		"aws_ecr_lifecycle_policy": {
			id: func(_ *World, a Attributes) string { return text(a, "repository") }, unique: []string{"repository"}, conflict: "LifecyclePolicyAlreadyExists",
			replaced: []string{"repository", "policy"},
			refers:   map[string]string{"repository": "aws_ecr_repository.name"},
			check:    func(_ *World, a, _ Attributes) error { return checkJSON(text(a, "policy")) },
			fill:     func(w *World, _ string, a Attributes) { setDefault(a, "registry_id", w.Account) },
		},
	})
}

// checkRole: the trust policy's principals must exist.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func checkRole(w *World, a, _ Attributes) error {
	if name := text(a, "name"); len(name) > 64 {
		return refuse("ValidationError", "role name %q is longer than 64 characters", name)
	}
	trust := text(a, "assume_role_policy")
	if err := checkPolicy(trust, 2048); err != nil {
		return err
	}
	var document any
	_ = json.Unmarshal([]byte(trust), &document) // checked above
	var err error
	handles := w.handles()
	walk(Attributes{"Statement": dig(document, "Statement")}, func(path, value string) bool {
		if strings.Contains(path, ".Principal.") && w.ownARN(value) && !handles[value] && !slices.Contains(w.Given, value) {
			err = refuse("MalformedPolicyDocument", "Invalid principal in policy: %s does not exist", value)
		}
		return err == nil
	})
	return err
}

// checkAttachment: a role has up to ten managed policies.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func checkAttachment(w *World, a, before Attributes) error {
	const most = 10
	attached := 0
	w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, "role") == text(a, "role") {
			attached++
		}
		return true
	}, "aws_iam_role_policy_attachment")
	if before == nil && attached >= most {
		return refuse("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", most)
	}
	return nil
}

// checkPolicy: a policy is valid JSON of up to most characters. White space does not count.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func checkPolicy(policy string, most int) error {
	if policy == "" {
		return nil
	}
	if err := checkJSON(policy); err != nil {
		return err
	}
	var document struct{ Statement any }
	if err := json.Unmarshal([]byte(policy), &document); err != nil || document.Statement == nil {
		return refuse("MalformedPolicyDocument", "The policy has no statement: %s", policy)
	}
	if size := len(strings.Join(strings.Fields(policy), "")); size > most {
		return refuse("LimitExceeded", "The policy has %d characters, %d are allowed", size, most)
	}
	return nil
}

func checkJSON(document string) error {
	if !json.Valid([]byte(document)) {
		return refuse("MalformedPolicyDocument", "The document is not JSON: %s", document)
	}
	return nil
}

// checkSecret: a deleted secret keeps its name until its recovery window is over.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
func checkSecret(w *World, a, before Attributes) error {
	if days := a["recovery_window_in_days"]; days != nil && days != 0.0 && (number(a, "recovery_window_in_days") < 7 || number(a, "recovery_window_in_days") > 30) {
		return refuse("InvalidParameterException", "The RecoveryWindowInDays value must be 0 or 7 to 30, is %v", days)
	}
	for _, t := range w.Pending["aws_secretsmanager_secret"] {
		if before == nil && text(t.Attributes, "name") == text(a, "name") {
			return refuse("InvalidRequestException", "You can't create this secret because a secret with this name (%s) is already scheduled for deletion.", text(a, "name"))
		}
	}
	return nil
}

func (w *World) setSecret(arn, value, version string) {
	if w.Secrets == nil {
		w.Secrets = map[string]Secret{}
	}
	w.Secrets[arn] = Secret{Value: value, Version: version}
}

func logGroupName(arn string) string {
	_, name, found := strings.Cut(arn, ":log-group:")
	if !found {
		return ""
	}
	return strings.TrimSuffix(name, ":*")
}

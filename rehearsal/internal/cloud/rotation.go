package cloud

import (
	"encoding/json"
	"reflect"
	"strings"
)

const (
	secretKind   = "aws_secretsmanager_secret"
	rotationKind = "aws_secretsmanager_secret_rotation"
)

func init() {
	register(map[string]kind{
		rotationKind: {
			id:       func(_ *World, a Attributes) string { return text(a, "secret_id") },
			replaced: []string{"secret_id"},
			refers:   map[string]string{"secret_id": secretKind + ".arn"},
			// In AWS it is an attribute of the secret: a second rotation would change the first.
			conflict: "RotationAlreadyExists",
			check:    checkRotation,
			fill:     fillRotation,
			// It is deleted with its secret, and the secret with its database.
			after: func(_ *World, id string, t *Thing) error { t.Owner = secretKind + " " + id; return nil },
			// Its id is the secret's, so references do not count. Deleting it is
			// CancelRotateSecret, which also ends RDS's own rotation every seven days.
			// https://github.com/hashicorp/terraform-provider-aws/pull/49659
			alone: true,
		},
	})
}

// managedSecret reports whether a service manages the secret: only those names have a !.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
func managedSecret(arn string) bool {
	_, name, _ := strings.Cut(arn, ":secret:")
	return strings.Contains(name, "!")
}

// checkRotation: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
func checkRotation(_ *World, a, _ Attributes) error {
	secret := text(a, "secret_id")
	switch lambda := text(a, "rotation_lambda_arn"); {
	case lambda == "" && !managedSecret(secret):
		return refuse("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret: %s", secret)
	case lambda != "" && managedSecret(secret):
		return refuse("InvalidRequestException", "%s is rotated by the service that manages it, and not by %s", secret, lambda)
	}
	days, schedule := number(a, "rotation_rules.automatically_after_days"), text(a, "rotation_rules.schedule_expression")
	if (days == 0) == (schedule == "") {
		return refuse("InvalidParameterException", "the rotation of %s needs either automatically_after_days or a schedule_expression", secret)
	}
	if schedule == "" && (days < 1 || days > 1000) {
		return refuse("InvalidParameterException", "automatically_after_days %v of %s is not 1 to 1000", days, secret)
	}
	if schedule != "" && !isCron(schedule) && !strings.HasPrefix(schedule, "rate(") {
		return refuse("InvalidParameterException", "Invalid schedule expression %q of %s", schedule, secret)
	}
	return nil
}

// fillRotation also rotates the password at once and with every change of the rules, unless
// rotate_immediately is false.
func fillRotation(w *World, id string, a Attributes) {
	setDefaults(a, Attributes{"rotation_enabled": true, "rotate_immediately": true})
	before := w.Get(rotationKind, id)
	if flag(a, "rotate_immediately") && (before == nil || !reflect.DeepEqual(before.Attributes["rotation_rules"], a["rotation_rules"])) {
		w.rotate(id)
	}
}

// rotate gives a secret that RDS manages a new password.
func (w *World) rotate(arn string) {
	credentials := map[string]any{}
	if !managedSecret(arn) || json.Unmarshal([]byte(w.Secrets[arn].Value), &credentials) != nil {
		return // the Lambda's effect is unknown
	}
	credentials["password"] = RandomPassword(28, false)
	value, _ := json.Marshal(credentials) // it was JSON before
	w.setSecret(arn, string(value), randomUUID())
}

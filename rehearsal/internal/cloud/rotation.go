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
			// It is an attribute of the secret to AWS, which takes a second one for a change of the first.
			conflict: "RotationAlreadyExists",
			check:    checkRotation,
			fill:     fillRotation,
			// It goes with its secret, as that does with its database.
			after: func(_ *World, id string, t *Thing) error { t.Owner = secretKind + " " + id; return nil },
			// Its id is the secret's. Taking it away is CancelRotateSecret, which AWS does for a secret
			// that RDS manages as well: the password then stays what it is, without RDS's seven days.
			// https://github.com/hashicorp/terraform-provider-aws/pull/49659
			alone: true,
		},
	})
}

// managedSecret tells a secret that another service keeps, by the names which only those have.
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

// fillRotation also makes another password, at once and with every change of the rules, unless
// that is not wanted.
func fillRotation(w *World, id string, a Attributes) {
	setDefaults(a, Attributes{"rotation_enabled": true, "rotate_immediately": true})
	before := w.Get(rotationKind, id)
	if flag(a, "rotate_immediately") && (before == nil || !reflect.DeepEqual(before.Attributes["rotation_rules"], a["rotation_rules"])) {
		w.rotate(id)
	}
}

// rotate gives a secret that RDS keeps another password.
func (w *World) rotate(arn string) {
	credentials := map[string]any{}
	if !managedSecret(arn) || json.Unmarshal([]byte(w.Secrets[arn].Value), &credentials) != nil {
		return // what its Lambda does is not known
	}
	credentials["password"] = RandomPassword(28, false)
	value, _ := json.Marshal(credentials) // it has just been JSON
	w.setSecret(arn, string(value), randomUUID())
}

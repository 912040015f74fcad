package cloud

import "strings"

const rotationKind = "aws_secretsmanager_secret_rotation"

func init() {
	register(map[string]kind{
		rotationKind: {
			id:       func(_ *World, a Attributes) string { return text(a, "secret_id") },
			unique:   []string{"secret_id"},
			conflict: "InvalidRequestException",
			replaced: []string{"secret_id"},
			refers:   map[string]string{"secret_id": "aws_secretsmanager_secret.arn"},
			check: func(_ *World, a, _ Attributes) error {
				secret := text(a, "secret_id")
				if managed := strings.Contains(secret, ":secret:rds!"); !managed && text(a, "rotation_lambda_arn") == "" {
					return refuse("InvalidRequestException", "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured: %s", secret)
				}
				if days := number(a, "rotation_rules.automatically_after_days"); text(a, "rotation_rules.schedule_expression") == "" && (days < 1 || days > 1000) {
					return refuse("InvalidParameterException", "AutomaticallyAfterDays %v must be 1 to 1000", days)
				}
				return nil
			},
			fill: func(_ *World, _ string, a Attributes) {
				setDefaults(a, Attributes{"rotation_enabled": true, "rotate_immediately": true})
			},
			alone: true, // its id is the secret's
		},
	})
}

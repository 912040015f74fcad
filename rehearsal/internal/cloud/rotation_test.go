package cloud

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// kept is a world with a secret that RDS manages for a database, and one of the stacks' own.
func kept(t *testing.T) (w *World, managed, own string) {
	t.Helper()
	w = newWorld()
	database := Attributes{"id": "db-1", "manage_master_user_password": true, "username": "app"}
	w.Add("aws_db_instance", "db-1", &Thing{Attributes: database})
	w.manageMasterPassword(database, "aws_db_instance db-1", "db-1")
	secret := Attributes{"name": "app"}
	assert.NilError(t, w.Create(secretKind, "", secret))
	return w, text(database, "master_user_secret.secret_arn"), text(secret, "arn")
}

// TestRotation: RDS rotates its secrets without a Lambda, and stops when told to.
func TestRotation(t *testing.T) {
	w, managed, own := kept(t)
	const lambda = "arn:aws:lambda:eu-west-2:222222222222:function:rotate"
	good := Attributes{"secret_id": managed, "rotation_rules": []any{Attributes{"automatically_after_days": 30.0}}}
	for _, test := range []struct{ name, change, want string }{
		{"a secret that is not there", `{"secret_id": "` + managed + `x"}`, "does not exist"},
		{"a secret that nobody rotates", `{"secret_id": "` + own + `"}`, "InvalidRequestException: No Lambda rotation function ARN"},
		{"a secret that two rotate", `{"rotation_lambda_arn": "` + lambda + `"}`, "is rotated by the service that manages it"},
		{"no rules", `{"rotation_rules": []}`, "needs either automatically_after_days or a schedule_expression"},
		{"two rules", `{"rotation_rules": [{"automatically_after_days": 30, "schedule_expression": "rate(30 days)"}]}`, "needs either"},
		{"three years", `{"rotation_rules": [{"automatically_after_days": 1001}]}`, "automatically_after_days 1001"},
		{"a schedule in words", `{"rotation_rules": [{"schedule_expression": "monthly"}]}`, `Invalid schedule expression "monthly"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.ErrorContains(t, w.Create(rotationKind, "", with(t, good, test.change)), test.want)
		})
	}

	password := w.Passwords()[0]
	changes := func(why string, want bool) {
		t.Helper()
		now := w.Passwords()[0]
		assert.Equal(t, now != password, want, why)
		password = now
	}
	quiet := with(t, good, `{"rotate_immediately": false}`)
	assert.NilError(t, w.Create(rotationKind, "", quiet))
	assert.Equal(t, quiet["id"], managed)
	assert.Equal(t, quiet["rotation_enabled"], true)
	changes("it is not rotated at once", false)
	assert.NilError(t, w.Delete(rotationKind, "", quiet))
	assert.Assert(t, w.Get(secretKind, managed) != nil, "the secret goes with its rotation")
	made := with(t, good, `{}`)
	assert.NilError(t, w.Create(rotationKind, "", made))
	changes("it is rotated at once", true)
	assert.NilError(t, w.Change(rotationKind, "", with(t, made, `{"rotation_rules": [{"schedule_expression": "cron(0 4 1 * ? *)"}]}`)))
	changes("it is rotated with other rules", true)
	assert.NilError(t, w.Change(rotationKind, "", with(t, made, `{"rotation_rules": [{"schedule_expression": "cron(0 4 1 * ? *)"}], "rotate_immediately": false}`)))
	changes("it is rotated for nothing", false)
	secret, err := w.ReadSecret(managed)
	assert.NilError(t, err)
	assert.Equal(t, dig(decoded(t, text(secret, "secret_string")), "username"), "app")
	assert.NilError(t, w.Create(rotationKind, "", with(t, good, `{"secret_id": "`+own+`", "rotation_lambda_arn": "`+lambda+`"}`)))

	// Deleting the secret deletes the rotation.
	w.Remove("aws_db_instance", "db-1")
	w.removeOwned("aws_db_instance db-1")
	assert.NilError(t, w.Delete(secretKind, "", Attributes{"id": own}))
	assert.Equal(t, len(w.Things[rotationKind]), 0)
}

// TestRotationCalls checks the provider's calls, all on the secret.
func TestRotationCalls(t *testing.T) {
	w, managed, _ := kept(t)
	w.Get(secretKind, managed).Attributes["tags"] = Attributes{"aws:secretsmanager:owningService": "rds"}
	made := Attributes{"id": managed, "secret_id": managed, "rotate_immediately": true, "rotation_rules": []any{Attributes{"automatically_after_days": 30.0}}}
	const rules, now, owner = "secretsmanager:ModifyRotationRules", "secretsmanager:RotateImmediately", "aws:ResourceTag/aws:secretsmanager:owningService"
	on := func(action, more string) string {
		return "secretsmanager:" + action + " " + strings.ReplaceAll(managed, ":eu-west-2:111111111111", "") + " secretsmanager:SecretId=" + managed + more + " " + owner + "=rds"
	}
	rotate, read := on("RotateSecret", " "+rules+"=true "+now+"=true"), on("DescribeSecret", "")
	for _, test := range []struct {
		name, operation string
		before, after   Attributes
		want            []string
	}{
		{"a password changes each month", OperationCreate, nil, made, []string{rotate, read}},
		{"and at once where nothing is said", OperationCreate, nil, with(t, made, `{"rotate_immediately": null}`), []string{rotate, read}},
		{"and not where that is said", OperationCreate, nil, with(t, made, `{"rotate_immediately": false}`), []string{strings.Replace(rotate, now+"=true", now+"=false", 1), read}},
		{"and each week", OperationUpdate, made, with(t, made, `{"rotation_rules": [{"automatically_after_days": 7}]}`), []string{rotate, read}},
		{"and not at once", OperationUpdate, made, with(t, made, `{"rotate_immediately": false}`), []string{read}},
		{"and never", OperationDelete, made, nil, []string{on("CancelRotateSecret", "")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests, err := w.Calls(rotationKind, test.operation, test.before, test.after)
			assert.NilError(t, err)
			assert.DeepEqual(t, short(requests, "secretsmanager:SecretId", rules, now, owner), test.want)
		})
	}
}

package cloud

import (
	"testing"

	"gotest.tools/v3/assert"
)

func TestSnapshots(t *testing.T) {
	w := newWorld()
	of := &Thing{Attributes: Attributes{
		"id": "db-1", "identifier": "dev-postgres", "engine": "postgres", "username": "app", "allocated_storage": 20.0,
		"kms_key_id": "arn:aws:kms:eu-west-2:111111111111:key/a",
	}}
	w.Add("aws_db_instance", "db-1", of)
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

// TestExtendedSupport: RDS enrolls a database unless told otherwise, one from a snapshot too, and a
// replica has what its source has.
func TestExtendedSupport(t *testing.T) {
	const field, disabled = "engine_lifecycle_support", "open-source-rds-extended-support-disabled"
	w := newWorld()
	made := func(a Attributes) any {
		t.Helper()
		setDefaults(a, Attributes{"engine": "postgres", "engine_version": "17"})
		assert.NilError(t, w.Create("aws_db_instance", "", a))
		return a[field]
	}
	primary := Attributes{"identifier": "primary", "password_wo": "p", "backup_retention_period": 1.0, field: disabled}
	assert.Equal(t, made(primary), disabled)
	assert.Equal(t, made(Attributes{"identifier": "replica", "replicate_source_db": "primary"}), disabled)
	assert.NilError(t, w.Snapshot("aws_db_instance", &Thing{Attributes: primary}, "a", "somebody"))
	assert.Equal(t, made(Attributes{"identifier": "restored", "snapshot_identifier": "a"}), "open-source-rds-extended-support")
	assert.Equal(t, made(Attributes{"identifier": "restored-too", "snapshot_identifier": "a", field: disabled}), disabled)
}

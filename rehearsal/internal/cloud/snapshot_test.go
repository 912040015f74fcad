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

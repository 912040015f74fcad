package cloud

// snapshotKinds are what a snapshot of a database is, and what AWS says of one that is not there.
var snapshotKinds = map[string]struct{ kind, arn, missing, exists string }{
	"aws_db_instance": {"aws_db_snapshot", "snapshot:", "DBSnapshotNotFound", "DBSnapshotAlreadyExists"},
	"aws_rds_cluster": {"aws_db_cluster_snapshot", "cluster-snapshot:", "DBClusterSnapshotNotFoundFault", "DBClusterSnapshotAlreadyExistsFault"},
}

// snapshotted is what a snapshot keeps of its database besides the data. Other attributes may be
// asked for anew when it is restored.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
var snapshotted = []string{
	"engine", "username", "master_username", "db_name", "database_name", "allocated_storage", "storage_encrypted", "kms_key_id",
}

// Snapshot makes a snapshot of a database, an aws_db_instance or an aws_rds_cluster. It stays when
// the database goes.
func (w *World) Snapshot(database string, of *Thing, name, madeBy string) error {
	kind := snapshotKinds[database]
	if w.Get(kind.kind, name) != nil {
		return refuse(kind.exists, "Cannot create the snapshot because a snapshot with the identifier %s already exists.", name)
	}
	a := Attributes{"id": name, "arn": w.arn("rds", kind.arn+name), "of": orElse(text(of.Attributes, "identifier"), text(of.Attributes, "cluster_identifier"))}
	for _, attribute := range snapshotted {
		if value := of.Attributes[attribute]; value != nil {
			a[attribute] = value
		}
	}
	w.Add(kind.kind, name, &Thing{MadeBy: madeBy, Attributes: a})
	return nil
}

// checkRestore: what a database is restored from must be there, and its key, users and storage are
// not to be changed on the way. Aurora takes another key.
func (w *World) checkRestore(database string, a Attributes) error {
	name := text(a, "snapshot_identifier")
	if name == "" {
		return nil
	}
	kind := snapshotKinds[database]
	snapshot := w.Get(kind.kind, name)
	if snapshot == nil {
		return refuse(kind.missing, "%s not found.", name)
	}
	for _, attribute := range snapshotted {
		asked, had := a[attribute], snapshot.Attributes[attribute]
		switch {
		case asked == nil || had == nil || same(asked, had):
		case attribute == "kms_key_id" && database == "aws_rds_cluster":
		case attribute == "allocated_storage" && number(a, attribute) > number(snapshot.Attributes, attribute):
		default:
			return refuse("InvalidParameterCombination", "%s of a database that is restored from %s is %v, and cannot be %v", attribute, name, had, asked)
		}
	}
	return nil
}

// fillRestored takes from the snapshot what nobody has asked for.
func (w *World) fillRestored(database string, a Attributes) {
	snapshot := w.Get(snapshotKinds[database].kind, text(a, "snapshot_identifier"))
	if snapshot == nil {
		return
	}
	for _, attribute := range snapshotted {
		if value := snapshot.Attributes[attribute]; value != nil {
			setDefault(a, attribute, value)
		}
	}
}

package cloud

import (
	"regexp"
	"strings"
)

// snapshotKinds are the type and ARN of a database's snapshots, and AWS's errors about them.
var snapshotKinds = map[string]struct{ kind, arn, missing, exists string }{
	"aws_db_instance": {"aws_db_snapshot", "snapshot:", "DBSnapshotNotFound", "DBSnapshotAlreadyExists"},
	"aws_rds_cluster": {"aws_db_cluster_snapshot", "cluster-snapshot:", "DBClusterSnapshotNotFoundFault", "DBClusterSnapshotAlreadyExistsFault"},
}

// snapshotted are the database's attributes that a snapshot keeps. A restore may set any others.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
var snapshotted = []string{
	"engine", "username", "master_username", "db_name", "database_name", "allocated_storage", "storage_encrypted", "kms_key_id",
}

// Snapshot creates a snapshot of a database, an aws_db_instance or an aws_rds_cluster. It outlives
// the database.
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
	a["engine_version"] = orElse(text(of.Attributes, runningVersion), text(of.Attributes, "engine_version"))
	w.Add(kind.kind, name, &Thing{MadeBy: madeBy, Attributes: a})
	return nil
}

// snapshotName is the pattern for manual snapshots. Names of RDS's and AWS Backup's snapshots
// contain a colon, so they never clash.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
var snapshotName = regexp.MustCompile(`^[A-Za-z](-?[A-Za-z0-9])*$`)

// TakeSnapshot creates a manual snapshot.
func (w *World) TakeSnapshot(database string, of *Thing, name, madeBy string) error {
	if len(name) > 255 || !snapshotName.MatchString(name) {
		return refuse("InvalidParameterValue", "The snapshot identifier %q is not valid: it must begin with a letter, have up to 255 letters, "+
			"digits and hyphens, and neither end with a hyphen nor have two in a row", name)
	}
	return w.Snapshot(database, of, name, madeBy)
}

// Types of snapshots by creator.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html
const (
	SnapshotAutomated = "automated"
	SnapshotManual    = "manual"
	SnapshotAWSBackup = "awsbackup"
)

// SnapshotType derives a snapshot's type from its name.
func SnapshotType(name string) string {
	switch {
	case strings.HasPrefix(name, "rds:"):
		return SnapshotAutomated
	case strings.HasPrefix(name, "awsbackup:"):
		return SnapshotAWSBackup
	}
	return SnapshotManual
}

// backsUp takes the automated snapshot of a new database; the next would follow a day later. An
// instance can turn backups off, which deletes the snapshot. A cluster cannot.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
func backsUp(database string) func(w *World, key string, t *Thing) error {
	return func(w *World, key string, t *Thing) error {
		owner := database + " " + key
		if database == "aws_db_instance" && number(t.Attributes, "backup_retention_period") == 0 {
			w.removeOwnedSnapshots(database, owner)
			return nil
		}
		identifier := orElse(text(t.Attributes, "identifier"), text(t.Attributes, "cluster_identifier"))
		name := "rds:" + identifier + w.now().Format("-2006-01-02-15-04")
		if len(w.ownedSnapshots(database, owner)) > 0 || w.Get(snapshotKinds[database].kind, name) != nil {
			return nil // it has one, or a retained one has the name
		}
		if err := w.Snapshot(database, t, name, "RDS"); err != nil {
			return err
		}
		w.Get(snapshotKinds[database].kind, name).Owner = owner
		return nil
	}
}

// ownedSnapshots are the names of the snapshots that are deleted with their database.
func (w *World) ownedSnapshots(database, owner string) (names []string) {
	w.Each(func(_, name string, t *Thing) bool {
		if t.Owner == owner {
			names = append(names, name)
		}
		return true
	}, snapshotKinds[database].kind)
	return names
}

func (w *World) removeOwnedSnapshots(database, owner string) {
	for _, name := range w.ownedSnapshots(database, owner) {
		w.Remove(snapshotKinds[database].kind, name)
	}
}

// retainSnapshots keeps a database's automated snapshots after its deletion.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.Retaining.html
func (w *World) retainSnapshots(database, owner string) {
	for _, name := range w.ownedSnapshots(database, owner) {
		w.Get(snapshotKinds[database].kind, name).Owner = ""
	}
}

// checkRestore: the snapshot must exist, and a restore must not change what it keeps. But storage
// may grow, and Aurora takes another key.
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
	if asked, had := w.actualVersion(text(a, "engine_version")), text(snapshot.Attributes, "engine_version"); asked != "" && older(asked, had) {
		return refuse("InvalidParameterCombination", "Cannot upgrade %s from %s to %s", text(a, "engine"), had, asked)
	}
	return nil
}

// fillRestored sets missing attributes from the snapshot.
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

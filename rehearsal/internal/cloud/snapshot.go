package cloud

import (
	"regexp"
	"strings"
	"time"
)

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

// snapshotName is what whoever takes a snapshot may call it. RDS's own and AWS Backup's have a colon,
// so that nobody takes theirs.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
var snapshotName = regexp.MustCompile(`^[A-Za-z](-?[A-Za-z0-9])*$`)

// TakeSnapshot makes one that somebody asks for by a name of their own.
func (w *World) TakeSnapshot(database string, of *Thing, name, madeBy string) error {
	if len(name) > 255 || !snapshotName.MatchString(name) {
		return refuse("InvalidParameterValue", "The snapshot identifier %q is not valid: it must begin with a letter, have up to 255 letters, "+
			"digits and hyphens, and neither end with a hyphen nor have two in a row", name)
	}
	return w.Snapshot(database, of, name, madeBy)
}

// Types of snapshots, by who makes them.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html
const (
	SnapshotAutomated = "automated"
	SnapshotManual    = "manual"
	SnapshotAWSBackup = "awsbackup"
)

// SnapshotType is the type of a snapshot by its name.
func SnapshotType(name string) string {
	switch {
	case strings.HasPrefix(name, "rds:"):
		return SnapshotAutomated
	case strings.HasPrefix(name, "awsbackup:"):
		return SnapshotAWSBackup
	}
	return SnapshotManual
}

// backsUp takes RDS's own snapshot of a database once it is there. The next would follow a day
// later. With backups off, which an instance may have and a cluster may not, there is none.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
func backsUp(database string) func(w *World, key string, t *Thing) error {
	return func(w *World, key string, t *Thing) error {
		owner := database + " " + key
		if database == "aws_db_instance" && number(t.Attributes, "backup_retention_period") == 0 {
			w.removeOwnedSnapshots(database, owner)
			return nil
		}
		identifier := orElse(text(t.Attributes, "identifier"), text(t.Attributes, "cluster_identifier"))
		name := "rds:" + identifier + time.Now().UTC().Format("-2006-01-02-15-04")
		if len(w.ownedSnapshots(database, owner)) > 0 || w.Get(snapshotKinds[database].kind, name) != nil {
			return nil // the one is of this database, the other kept from one of its name a minute ago
		}
		if err := w.Snapshot(database, t, name, "RDS"); err != nil {
			return err
		}
		w.Get(snapshotKinds[database].kind, name).Owner = owner
		return nil
	}
}

// ownedSnapshots are the names of those that go with their database.
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

// retainSnapshots has RDS's own outlive their database, as they do where they are not to be deleted
// along with it.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.Retaining.html
func (w *World) retainSnapshots(database, owner string) {
	for _, name := range w.ownedSnapshots(database, owner) {
		w.Get(snapshotKinds[database].kind, name).Owner = ""
	}
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

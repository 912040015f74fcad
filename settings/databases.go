package settings

import (
	"cmp"
	"slices"
	"strings"
)

// ownerSuffix and the two slots end the names of an application's roles in PostgreSQL.
const ownerSuffix = "_owner"

// Slots are the two logins of an application. A new password is the other one's, so that the old one works until
// all processes have the new one.
var Slots = []string{"a", "b"}

// Slot returns the login that the application uses.
func (a *App) Slot() string { return Slots[(a.PasswordVersion-1)%len(Slots)] }

// SlotVersion returns how many passwords a login has had. The next password version raises one of the two.
func (a *App) SlotVersion(slot string) int {
	return (a.PasswordVersion-1+slices.Index(Slots, slot))/len(Slots) + 1
}

// Login returns the name of a login's role in PostgreSQL. No application's name has an underscore.
func (a *App) Login(slot string) string { return a.Name + "_" + slot }

// databaseApplications returns the applications with a database.
func (e *Environment) databaseApplications() []*App {
	return slices.DeleteFunc(e.Applications(), func(app *App) bool { return !app.Database })
}

// DatabaseOf returns the name of an application's database. It does not depend on the other applications: one
// that comes or goes must not move others to another database.
func (e *Environment) DatabaseOf(app *App) string { return cmp.Or(app.DatabaseName, app.Name) }

// checkDatabases checks the names of the applications' databases and roles.
func (d *document) checkDatabases() {
	all := d.env.databaseApplications()
	owner := map[string]string{}
	var names []string
	for _, app := range all {
		path := appPath(app.Name, "database")
		if !d.isValid(appPath(app.Name, "databaseName"), "database.name", "apps") {
			return
		}
		names = append(names, app.Name)
		// https://www.postgresql.org/docs/current/sql-createrole.html
		// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
		if app.Name == "pg" || app.Name == "rds" {
			d.report(path, "must be false: PostgreSQL and RDS keep roles that begin with %s_ for themselves; rename the application", app.Name)
		}
		for _, role := range []string{app.Login("a"), app.Login("b"), app.Name + ownerSuffix} {
			if role == d.env.Database.Username {
				d.report(path, "must be false: the application's role %s would be the master user, database.username; rename the application", role)
			}
		}
		database := d.env.DatabaseOf(app)
		if slices.Contains([]string{"postgres", "rdsadmin", "template0", "template1"}, database) {
			d.report(path, "must not be true: PostgreSQL or RDS keeps the name %s for itself; set databaseName", database)
		}
		if other, ok := owner[database]; ok {
			d.report(path, "must not be true: %s is the database of application %s; set databaseName", database, other)
		}
		owner[database] = app.Name
	}
	// Version 0.1 had one application, whose data are in that database, whatever it was called.
	if _, ok := owner[d.env.Database.Name]; !ok && len(all) > 0 {
		d.warn("apps", "have no database %s, which database.name makes: %s have their own; if the environment was deployed by version 0.1, set databaseName: %[1]s for the application whose data are there",
			d.env.Database.Name, strings.Join(names, ", "))
	}
}

package main_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"plinth/app/internal/postgrestest"
	"plinth/app/internal/testrun"
)

// databasesFolder has the statements that make the applications' databases, and the script that runs them.
const databasesFolder = "../charts/databases/files"

// secret is part of all passwords. None may be shown anywhere.
const secret = "never-'shown'-\\-anywhere"

// databases makes the databases of applications in a server whose master user is no superuser, as on RDS.
type databases struct {
	*testing.T
	server *postgrestest.Server
	// psql runs the script of the chart. Otherwise the test runs the same statements, since not every machine has
	// psql, and sets the passwords itself.
	psql bool
	// apps are the applications' databases by name.
	apps      map[string]string
	passwords map[string]string
}

// eachServer runs a test on each major version of PostgreSQL, by the script and without it.
func eachServer(t *testing.T, test func(d *databases)) {
	t.Helper()
	_, missing := exec.LookPath("psql")
	for _, major := range postgrestest.Majors {
		for _, psql := range []bool{false, true} {
			t.Run(fmt.Sprintf("PostgreSQL %s, psql %t", major, psql), func(t *testing.T) {
				t.Parallel()
				if psql && missing != nil {
					t.Skip("there is no psql; the statements are tested without it")
				}
				server := postgrestest.Start(t, postgrestest.Config{Major: major, Settings: map[string]string{
					// What the test compares changes by statements alone.
					"autovacuum": "off",
					// The strictest log: each statement.
					"log_statement": "all",
				}})
				server.Exec("ALTER ROLE " + server.Username + " CREATEDB CREATEROLE")
				// As on RDS, where the master user owns what the version before has made.
				server.Exec("ALTER DATABASE postgres OWNER TO " + server.Username)
				d := &databases{T: t, server: server, psql: psql, apps: map[string]string{"app": "app", "my-shop": "my-shop", "a-name-of-20-letters": "a-name-of-20-letters"}}
				d.renew(1)
				test(d)
			})
		}
	}
}

// renew gives all logins passwords of a version.
func (d *databases) renew(version int) {
	d.passwords = map[string]string{}
	for app := range d.apps {
		for _, slot := range []string{"_a", "_b"} {
			d.passwords[app+slot] = fmt.Sprintf("%s%s-%d", secret, slot, version)
		}
	}
}

// run makes the databases, and returns what went wrong.
func (d *databases) run() error {
	d.Helper()
	if d.psql {
		return d.script()
	}
	for _, app := range slices.Sorted(maps.Keys(d.apps)) {
		if _, err := d.file("postgres", app, "roles.sql"); err != nil {
			return err
		}
		create, err := d.file("postgres", app, "create.sql")
		if err != nil {
			return err
		}
		if create != "" {
			if err := d.as(d.server.Username, d.server.Password, "postgres", create); err != nil {
				return err
			}
		}
		if _, err := d.file(d.apps[app], app, "database.sql"); err != nil {
			return err
		}
		for _, slot := range []string{"_a", "_b"} {
			if d.as(app+slot, d.passwords[app+slot], d.apps[app], "") == nil {
				continue
			}
			quoted := strings.ReplaceAll(d.passwords[app+slot], "'", "''")
			if err := d.as(d.server.Username, d.server.Password, "postgres", fmt.Sprintf(`ALTER ROLE %q PASSWORD '%s'`, app+slot, quoted)); err != nil {
				return err
			}
		}
	}
	_, err := d.file("postgres", "", "removed.sql")
	return err
}

func (d *databases) script() error {
	d.Helper()
	credentials := d.TempDir()
	files := maps.Clone(d.passwords)
	files["username"], files["password"] = d.server.Username, d.server.Password
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(credentials, name), []byte(content), 0o600); err != nil {
			d.Fatal(err)
		}
	}
	var applications []string
	for _, app := range slices.Sorted(maps.Keys(d.apps)) {
		applications = append(applications, app+"="+d.apps[app])
	}
	command := testrun.Command("/bin/sh", filepath.Join(databasesFolder, "databases.sh"))
	// In a pod there is no terminal either, from which psql would read passwords.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "SQL_DIR=" + databasesFolder, "CREDENTIALS_DIR=" + credentials,
		"APPLICATIONS=" + strings.Join(applications, " "),
		"PGHOST=" + d.server.Host, fmt.Sprintf("PGPORT=%d", d.server.Port), "PGSSLMODE=verify-full", "PGSSLROOTCERT=" + d.server.CAFile,
	}
	output, err := command.CombinedOutput()
	if strings.Contains(string(output), "shown") {
		d.Errorf("the script shows a password: %s", output)
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}

// file runs a file of the chart as the script does, and returns the text that it returns.
func (d *databases) file(database, app, name string) (text string, err error) {
	d.Helper()
	content, err := os.ReadFile(filepath.Join(databasesFolder, name))
	if err != nil {
		d.Fatal(err)
	}
	connection, err := d.connect(d.server.Username, d.server.Password, database, map[string]string{
		"search_path": "pg_catalog,pg_temp", "plinth.application": app, "plinth.database": d.apps[app],
		"plinth.applications": strings.Join(slices.Collect(maps.Keys(d.apps)), ","),
	})
	if err != nil {
		return "", err
	}
	defer connection.Close(context.Background())
	results, err := connection.PgConn().Exec(d.Context(), string(content)).ReadAll()
	for _, result := range results {
		for _, row := range result.Rows {
			text += string(row[0])
		}
	}
	return text, err
}

// as runs statements as a role.
func (d *databases) as(username, password, database string, statements ...string) error {
	d.Helper()
	connection, err := d.connect(username, password, database, nil)
	if err != nil {
		return err
	}
	defer connection.Close(context.Background())
	for _, statement := range statements {
		if _, err := connection.PgConn().Exec(d.Context(), statement).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func (d *databases) connect(username, password, database string, settings map[string]string) (*pgx.Conn, error) {
	d.Helper()
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d sslmode=verify-full sslrootcert=%s", d.server.Host, d.server.Port, d.server.CAFile))
	if err != nil {
		d.Fatal(err)
	}
	config.User, config.Password, config.Database = username, password, database
	maps.Copy(config.RuntimeParams, settings)
	ctx, cancel := context.WithTimeout(d.Context(), 20*time.Second)
	defer cancel()
	return pgx.ConnectConfig(ctx, config)
}

// must run statements as the login of an application.
func (d *databases) must(login, database string, statements ...string) {
	d.Helper()
	if err := d.as(login, d.passwords[login], database, statements...); err != nil {
		d.Errorf("%s in %s: %v", login, database, err)
	}
}

// refused returns whether a login is refused, for the reason that is wanted.
func (d *databases) refused(login, database, why string, statements ...string) {
	d.Helper()
	err := d.as(login, d.passwords[login], database, statements...)
	if err == nil || !strings.Contains(err.Error(), why) {
		d.Errorf("%s in %s: %q is %v, want %s", login, database, statements, err, why)
	}
}

// catalogs returns all rows about roles, databases, objects and their owners, with the transactions that wrote them.
func (d *databases) catalogs() map[string]string {
	d.Helper()
	all := map[string]string{}
	for _, database := range append(slices.Collect(maps.Values(d.apps)), "postgres") {
		server := *d.server
		server.Database = database
		connection := server.Connect()
		for _, catalog := range []string{
			"pg_authid", "pg_auth_members", "pg_database", "pg_db_role_setting", "pg_shdescription", "pg_shdepend",
			"pg_class", "pg_namespace", "pg_type", "pg_proc", "pg_default_acl", "pg_extension", "pg_largeobject_metadata",
		} {
			var rows string
			err := connection.QueryRow(d.Context(), "SELECT coalesce(string_agg(c::text, E'\\n' ORDER BY c::text), '') FROM (SELECT xmin, * FROM "+catalog+") c").Scan(&rows)
			if err != nil {
				d.Fatal(err)
			}
			all[database+"."+catalog] = rows
		}
	}
	return all
}

func (d *databases) made() {
	d.Helper()
	if err := d.run(); err != nil {
		d.Fatal(err)
	}
}

// A second run changes nothing, not even a row that it writes as it was.
func TestDatabasesAreMadeOnce(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		d.made()
		before := d.catalogs()
		d.made()
		for name, after := range d.catalogs() {
			if after != before[name] {
				d.Errorf("%s has changed from\n%s\nto\n%s", name, before[name], after)
			}
		}
	})
}

// Each application owns its database, and nobody else gets in.
func TestDatabasesAreTheirApplications(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		d.made()
		for app, database := range d.apps {
			// What migrations do. Trusted extensions need no superuser.
			d.must(app+"_a", database, "CREATE SCHEMA reports", "CREATE TABLE reports.made_by_a (id serial)", "CREATE TABLE in_public (id bigserial)",
				"CREATE EXTENSION pgcrypto", "CREATE EXTENSION pg_trgm SCHEMA reports")
			// The logins take turns.
			d.must(app+"_b", database, "INSERT INTO reports.made_by_a DEFAULT VALUES", "ALTER TABLE in_public ADD COLUMN by_b text", "DROP TABLE reports.made_by_a")
			for other, theirs := range d.apps {
				if other != app {
					d.refused(app+"_a", theirs, "permission denied for database")
					d.refused(app+"_b", theirs, "permission denied for database")
					d.refused(app+"_a", database, "permission denied", fmt.Sprintf("SET ROLE %q", other+"_owner"))
				}
			}
			d.refused(app+"_a", database, "permission denied", "SET ROLE "+d.server.Username)
			d.refused(app+"_a", database, "permission denied", "CREATE ROLE another")
			d.refused(app+"_a", database, "permission denied", "CREATE DATABASE another")
			d.refused(app+"_a", database, "permission denied", fmt.Sprintf("RESET ROLE; ALTER ROLE %q PASSWORD 'another'", app+"_b"))
			if err := d.as(app+"_owner", "", database); err == nil {
				d.Errorf("the owner of %s can sign in", database)
			}
		}
		// Everybody could before.
		d.server.Exec("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
		d.passwords["stranger"] = "stranger"
		for _, database := range d.apps {
			d.refused("stranger", database, "permission denied for database")
		}
	})
}

// What the master user owns in the database of an earlier version is the application's, and nothing else is.
func TestDatabaseOfTheMasterUserIsAdopted(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		master := func(database string, statements ...string) {
			d.Helper()
			if err := d.as(d.server.Username, d.server.Password, database, statements...); err != nil {
				d.Fatal(err)
			}
		}
		objects := []string{
			"CREATE TABLE visits (id serial PRIMARY KEY, at timestamptz, counted int GENERATED ALWAYS AS IDENTITY)", "INSERT INTO visits (at) VALUES (now())",
			`CREATE SCHEMA "Odd ""Schema"`, `CREATE TABLE "Odd ""Schema"."Odd 'table" (id int) PARTITION BY RANGE (id)`,
			`CREATE TABLE part PARTITION OF "Odd ""Schema"."Odd 'table" FOR VALUES FROM (1) TO (9)`,
			"CREATE SEQUENCE alone", "CREATE VIEW seen AS SELECT * FROM visits", "CREATE MATERIALIZED VIEW kept AS SELECT * FROM visits",
			"CREATE TYPE mood AS ENUM ('good')", "CREATE DOMAIN positive AS int CHECK (VALUE > 0)", "CREATE TYPE pair AS (a int, b int)", "CREATE TYPE span AS RANGE (subtype = int4)",
			"CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1'", "CREATE PROCEDURE nothing() LANGUAGE sql AS ''",
			"CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int)", "CREATE STATISTICS both_columns ON id, at FROM visits",
			"CREATE COLLATION plain FROM \"C\"", "CREATE TEXT SEARCH CONFIGURATION search (COPY = simple)", "SELECT lo_create(4711)",
			"CREATE EXTENSION hstore", "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)", "CREATE PUBLICATION everything FOR TABLE visits",
			"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor",
		}
		master("app", objects...)
		master("postgres", "CREATE DATABASE another", "CREATE TABLE elsewhere ()")
		d.made()
		d.must("app_a", "app", "INSERT INTO visits (at) VALUES (now())", "ALTER TABLE visits ADD COLUMN more text", `DROP TABLE "Odd ""Schema"."Odd 'table"`,
			"ALTER TYPE mood ADD VALUE 'bad'", "REFRESH MATERIALIZED VIEW kept", "CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $1'",
			"DROP SEQUENCE alone", "SELECT lo_unlink(4711)", "DROP PUBLICATION everything", "CREATE EXTENSION IF NOT EXISTS hstore", `DROP SCHEMA "Odd ""Schema"`, "DROP AGGREGATE total(int)",
			"DROP STATISTICS both_columns", "DROP TYPE span", "DROP OPERATOR === (int, int)")
		// The application's pods of the version before are still there.
		master("app", "INSERT INTO visits (at) VALUES (now())", "CREATE TABLE late (id int)")
		d.made()
		d.must("app_b", "app", "DROP TABLE late")
		// Not what the master user has elsewhere.
		connection := d.server.Connect()
		var owners string
		err := connection.QueryRow(d.Context(), "SELECT string_agg(datname || ' ' || pg_get_userbyid(datdba), ', ' ORDER BY datname) FROM pg_database WHERE datname IN ('another', 'app', 'postgres')").Scan(&owners)
		if want := fmt.Sprintf("another %[1]s, app app_owner, postgres %[1]s", d.server.Username); err != nil || owners != want {
			d.Errorf("the owners are %s, want %s: %v", owners, want, err)
		}
	})
}

// Roles that are there are adopted, with no more rights than new ones have.
func TestRolesThatAreThereAreAdopted(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		err := d.as(d.server.Username, d.server.Password, "postgres", `CREATE ROLE "my-shop_owner" LOGIN PASSWORD 'known' CREATEDB`,
			`CREATE ROLE "my-shop_a" LOGIN CREATEROLE PASSWORD 'known'`, `CREATE DATABASE "my-shop"`)
		if err != nil {
			d.Fatal(err)
		}
		d.made()
		d.must("my-shop_a", "my-shop", "CREATE SCHEMA reports")
		d.refused("my-shop_a", "my-shop", "permission denied", "RESET ROLE; CREATE ROLE another")
		if err := d.as("my-shop_owner", "known", "my-shop"); err == nil {
			d.Error("the owner can still sign in")
		}
		if err := d.as("my-shop_a", "known", "my-shop"); err == nil {
			d.Error("the old password works")
		}
	})
}

// A role or a database of somebody else is not.
func TestDatabasesOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		d.server.Exec(`CREATE ROLE "my-shop_b" SUPERUSER`)
		if err := d.run(); err == nil || !strings.Contains(err.Error(), "role my-shop_b is a superuser") {
			d.Errorf("a superuser is adopted: %v", err)
		}
		d.server.Exec(`DROP ROLE "my-shop_b"`)
		d.made()
		d.apps["thief"] = "my-shop"
		d.renew(1)
		if err := d.run(); err == nil || !strings.Contains(err.Error(), "database my-shop belongs to my-shop_owner") {
			d.Errorf("another application's database is adopted: %v", err)
		}
		d.apps = map[string]string{strings.TrimSuffix(d.server.Username, "_a"): "x"}
		d.server.Exec(`ALTER ROLE ` + d.server.Username + ` RENAME TO master_a`)
		d.server.Username, d.apps = "master_a", map[string]string{"master": "master"}
		d.server.SetPassword(d.server.Password)
		d.renew(1)
		if err := d.run(); err == nil || !strings.Contains(err.Error(), "is the master user") {
			d.Errorf("the master user is an application's login: %v", err)
		}
	})
}

// A new password in one slot leaves the other slot's sessions and password alone.
func TestPasswordsTakeTurns(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		d.made()
		old := d.passwords["app_b"]
		session, err := d.connect("app_b", old, "app", nil)
		if err != nil {
			d.Fatal(err)
		}
		defer session.Close(context.Background())
		d.passwords["app_b"] = secret + "-the-next"
		d.made()
		d.must("app_a", "app", "CREATE TABLE by_a ()")
		d.must("app_b", "app", "DROP TABLE by_a")
		if d.as("app_b", old, "app") == nil {
			d.Error("the old password of the slot still works")
		}
		if _, err := session.Exec(d.Context(), "CREATE TABLE by_the_session ()"); err != nil {
			d.Errorf("a session was ended: %v", err)
		}
	})
}

// An application that is gone cannot sign in. Its data stay, and are there when it comes back.
func TestApplicationThatIsGone(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		d.made()
		d.must("my-shop_a", "my-shop", "CREATE TABLE orders ()")
		delete(d.apps, "my-shop")
		d.made()
		d.refused("my-shop_a", "my-shop", "is not permitted to log in")
		d.refused("my-shop_b", "my-shop", "is not permitted to log in")
		d.must("app_a", "app", "CREATE TABLE kept ()")
		d.apps["my-shop"] = "my-shop"
		d.made()
		d.must("my-shop_a", "my-shop", "DROP TABLE orders")
		d.apps = map[string]string{}
		d.made()
		d.refused("app_a", "app", "is not permitted to log in")
	})
}

// An application owns its database, and can put there whatever it likes. The master user must not run it.
func TestMasterUserRunsNothingOfAnApplication(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		d.made()
		d.must("app_a", "app", "CREATE SCHEMA trap",
			`CREATE FUNCTION trap.format(text, name) RETURNS text LANGUAGE plpgsql AS 'BEGIN ALTER ROLE app_a CREATEROLE; RETURN ''SELECT 1''; END'`,
			`CREATE FUNCTION trap.format(text, name, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN ALTER ROLE app_a CREATEROLE; RETURN ''SELECT 1''; END'`,
			`CREATE FUNCTION trap.differs(name, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN ALTER ROLE app_a CREATEROLE; RETURN true; END'`,
			`CREATE OPERATOR trap.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = trap.differs)`,
			`ALTER DATABASE app SET search_path = trap, pg_catalog`, `ALTER DATABASE app SET role = app_owner`)
		d.made()
		var created bool
		if err := d.server.Connect().QueryRow(d.Context(), "SELECT rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = 'app_a'").Scan(&created); err != nil || created {
			d.Errorf("the master user ran an application's function: %v", err)
		}
	})
}

// No log of the server contains a password, although it contains every statement.
func TestPasswordsAreInNoLog(t *testing.T) {
	t.Parallel()
	eachServer(t, func(d *databases) {
		if !d.psql {
			d.Skip("the test itself sets the passwords, and not as the script does")
		}
		d.made()
		d.renew(2)
		d.made()
		content, err := os.ReadFile(filepath.Join(filepath.Dir(d.server.Data), "log"))
		if err != nil || !strings.Contains(string(content), "SCRAM-SHA-256") {
			d.Fatalf("the log has no statement about a password: %v", err)
		}
		if strings.Contains(string(content), "shown") {
			d.Error("the log has a password")
		}
	})
}

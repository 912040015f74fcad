package settings

import (
	"fmt"
	"strings"
	"testing"
)

// TestSlots: each password version makes one new password, in the login that is not in use.
func TestSlots(t *testing.T) {
	got := ""
	for version := 1; version <= 5; version++ {
		app := &App{Name: "shop", PasswordVersion: version}
		got += fmt.Sprintf("%s a%d b%d, ", app.Slot(), app.SlotVersion("a"), app.SlotVersion("b"))
	}
	if want := "a a1 b1, b a1 b2, a a2 b2, b a2 b3, a a3 b3, "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestDatabaseOf: an application keeps its database when others come or go.
func TestDatabaseOf(t *testing.T) {
	const apps = "apps:\n  app:\n    web:\n    image:\n      tag: 1.2.3\n"
	for name, test := range map[string]struct{ name, apps, want string }{
		"the sample":                    {"app", apps, "app:app "},
		"the only one":                  {"app", "apps:\n  shop: {image: {tag: 1}, web: {}}\n", "shop:shop "},
		"the only one with a database":  {"app", "apps:\n  shop: {image: {tag: 1}, web: {}}\n  site: {image: {tag: 1}, web: {}, database: false}\n", "shop:shop "},
		"two, and one has the name":     {"app", "apps:\n  app: {image: {tag: 1}, web: {}}\n  my-shop: {image: {tag: 1}, web: {}}\n", "app:app my-shop:my-shop "},
		"two, and one says so":          {"app", "apps:\n  my-shop: {image: {tag: 1}, web: {}}\n  shop: {image: {tag: 1}, web: {}, databaseName: app}\n", "my-shop:my-shop shop:app "},
		"its own, by a dash":            {"app", "apps:\n  shop: {image: {tag: 1}, web: {}, databaseName: my-shop}\n", "shop:my-shop "},
		"another name in version 0.1.0": {"main", apps, "app:app "},
	} {
		environments, err := loadFiles(map[string]string{"dev": all(swap(apps, test.apps), under("database", "name: "+test.name))(base)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := ""
		for _, app := range environments[0].Applications() {
			if app.Database {
				got += app.Name + ":" + environments[0].DatabaseOf(app) + " "
			}
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestDatabasesThatCollide(t *testing.T) {
	const apps = "apps:\n  app:\n    web:\n    image:\n      tag: 1.2.3\n"
	for name, test := range map[string]struct {
		change func(string) string
		want   string
	}{
		"one database of two": {swap(apps, "apps:\n  app: {image: {tag: 1}, web: {}}\n  shop: {image: {tag: 1}, web: {}, databaseName: app}\n"),
			"apps.shop.database: must not be true: app is the database of application app; set databaseName"},
		"PostgreSQL's prefix": {swap(apps, "apps:\n  pg: {image: {tag: 1}, web: {}}\n"),
			"apps.pg.database: must be false: PostgreSQL and RDS keep roles that begin with pg_ for themselves; rename the application"},
		"PostgreSQL's database": {swap(apps, "apps:\n  app: {image: {tag: 1}, web: {}}\n  rdsadmin: {image: {tag: 1}, web: {}}\n"),
			"apps.rdsadmin.database: must not be true: PostgreSQL or RDS keeps the name rdsadmin for itself; set databaseName"},
		"the master user": {under("database", "username: app_owner"),
			"apps.app.database: must be false: the application's role app_owner would be the master user, database.username; rename the application"},
		"password version zero": {swap("      tag: 1.2.3\n", "      tag: 1.2.3\n    passwordVersion: 0\n"),
			"apps.app.passwordVersion: must be 1 to 1000000, is 0"},
		"a name of our own": {swap(apps, "apps:\n  databases: {image: {tag: 1}, web: {}}\n"), "apps.databases"},
	} {
		_, err := loadFiles(map[string]string{"dev": test.change(base)})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}

// TestFirstDatabase: data of version 0.1 in the first database are not passed over in silence.
func TestFirstDatabase(t *testing.T) {
	const want = "dev.yaml:12: apps: have no database app, which database.name makes: shop have their own; if the environment was deployed by version 0.1, set databaseName: app for the application whose data are there"
	environments, err := loadFiles(map[string]string{"dev": swap("\n  app:\n", "\n  shop:\n")(base)})
	if err != nil {
		t.Fatal(err)
	}
	if got := environments[0].Warnings.Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if environments, err := loadFiles(map[string]string{"dev": base}); err != nil || len(environments[0].Warnings) > 0 {
		t.Errorf("%v, %v", environments[0].Warnings, err)
	}
}

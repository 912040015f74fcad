package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plinth/app/internal/config"
	"plinth/app/internal/database"
)

// files makes a folder with credentials, and the path of a file with certificates.
func files(t *testing.T) (credentials, ca string) {
	t.Helper()
	credentials = t.TempDir()
	for name, content := range map[string]string{"username": "plinth", "password": "never-shown"} {
		if err := os.WriteFile(filepath.Join(credentials, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return credentials, "../../rds-global-bundle.pem"
}

func TestDefaults(t *testing.T) {
	credentials, ca := files(t)
	c, err := config.Load(environment(map[string]string{
		"DATABASE_HOST":            "db.example",
		"DATABASE_NAME":            "app",
		"DATABASE_CREDENTIALS_DIR": credentials,
		"DATABASE_CA_FILE":         ca,
	}))
	if err != nil {
		t.Fatal(err)
	}
	if c.Port != 8080 || c.MetricsPort != 9090 || c.Database.Port != 5432 || c.ShutdownDelay != 5*time.Second || c.IdleTimeout != 75*time.Second || c.Database.TLS != database.VerifyFull {
		t.Errorf("defaults are %+v", c)
	}
}

// With channel binding the server's certificate needs no authority.
func TestChannelBindingNeedsNoAuthority(t *testing.T) {
	credentials, _ := files(t)
	c, err := config.Load(environment(map[string]string{
		"DATABASE_HOST":            "db.example",
		"DATABASE_NAME":            "app",
		"DATABASE_CREDENTIALS_DIR": credentials,
		"DATABASE_CA_FILE":         "/nowhere.pem",
		"DATABASE_TLS":             "channel-binding",
	}))
	if err != nil || c.Database.TLS != database.ChannelBinding {
		t.Errorf("TLS is %q: %v", c.Database.TLS, err)
	}
}

func TestReaders(t *testing.T) {
	credentials, ca := files(t)
	for value, want := range map[string][]string{
		"":                     nil,
		"db.example":           nil,
		"a.example":            {"a.example"},
		"a.example,b.example":  {"a.example", "b.example"},
		"a.example,db.example": {"a.example"},
		"ro.db.example":        {"ro.db.example"},
	} {
		c, err := config.Load(environment(map[string]string{
			"DATABASE_HOST":            "db.example",
			"DATABASE_READER_HOST":     value,
			"DATABASE_NAME":            "app",
			"DATABASE_CREDENTIALS_DIR": credentials,
			"DATABASE_CA_FILE":         ca,
		}))
		if err != nil || !slices.Equal(c.Database.Readers, want) {
			t.Errorf("DATABASE_READER_HOST=%s: %q %v, want %q", value, c.Database.Readers, err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	credentials, ca := files(t)
	empty := t.TempDir()
	for _, test := range []struct {
		name     string
		settings map[string]string
		want     string
	}{
		{"port is a word", map[string]string{"PORT": "http"}, `PORT is "http": give a port, 1 to 65535`},
		{"port too large", map[string]string{"METRICS_PORT": "65536"}, `METRICS_PORT is "65536": give a port, 1 to 65535`},
		{"port zero", map[string]string{"DATABASE_PORT": "0"}, `DATABASE_PORT is "0": give a port, 1 to 65535`},
		{"same port twice", map[string]string{"PORT": "9000", "METRICS_PORT": "9000"}, `METRICS_PORT is "9000": give another port than PORT's`},
		{"no host", map[string]string{"DATABASE_HOST": ""}, `DATABASE_HOST is "": give the database's host name, without a port`},
		{"host is a socket", map[string]string{"DATABASE_HOST": "/var/run/postgresql"}, `DATABASE_HOST is "/var/run/postgresql": give the database's host name, without a port`},
		{"several hosts", map[string]string{"DATABASE_HOST": "a,b"}, `DATABASE_HOST is "a,b": give the database's host name, without a port`},
		{"reader is a socket", map[string]string{"DATABASE_READER_HOST": "a.example,/b"}, `DATABASE_READER_HOST is "a.example,/b": give host names with commas between, without ports, or nothing`},
		{"reader after a comma missing", map[string]string{"DATABASE_READER_HOST": "a.example,"}, `DATABASE_READER_HOST is "a.example,": give host names with commas between, without ports, or nothing`},
		{"no name", map[string]string{"DATABASE_NAME": ""}, `DATABASE_NAME is "": give the name of the database`},
		{"no credentials", map[string]string{"DATABASE_CREDENTIALS_DIR": ""}, `DATABASE_CREDENTIALS_DIR is "": give the folder with the files username and password`},
		{"empty credentials", map[string]string{"DATABASE_CREDENTIALS_DIR": empty}, `DATABASE_CREDENTIALS_DIR is "` + empty + `": mount the database's Secret there: open ` + empty + `/username: no such file or directory`},
		{"no CA file", map[string]string{"DATABASE_CA_FILE": "/nowhere.pem"}, `DATABASE_CA_FILE is "/nowhere.pem": give a PEM file with the certificates that the database's is signed by: open /nowhere.pem: no such file or directory`},
		{"CA file without certificates", map[string]string{"DATABASE_CA_FILE": "config.go"}, `DATABASE_CA_FILE is "config.go": give a PEM file with the certificates that the database's is signed by: it holds no certificate`},
		{"no TLS", map[string]string{"DATABASE_TLS": "disable"}, `DATABASE_TLS is "disable": give verify-full or channel-binding; there is no way without TLS`},
		{"delay without unit", map[string]string{"SHUTDOWN_DELAY": "5"}, `SHUTDOWN_DELAY is "5": give a time with its unit, 0s to 9s`},
		{"delay too long", map[string]string{"SHUTDOWN_DELAY": "1m"}, `SHUTDOWN_DELAY is "1m": give a time with its unit, 0s to 9s`},
		{"idle timeout of nothing", map[string]string{"IDLE_TIMEOUT": "0s"}, `IDLE_TIMEOUT is "0s": give a time with its unit, 1s to 4100s`},
		{"level", map[string]string{"LOG_LEVEL": "loud"}, `LOG_LEVEL is "loud": give debug, info, warn or error`},
		{"all at once", map[string]string{"PORT": "x", "DATABASE_HOST": "", "DATABASE_NAME": ""},
			`PORT is "x": give a port, 1 to 65535` + "\n" +
				`DATABASE_HOST is "": give the database's host name, without a port` + "\n" +
				`DATABASE_NAME is "": give the name of the database`},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := map[string]string{
				"DATABASE_HOST":            "db.example",
				"DATABASE_NAME":            "app",
				"DATABASE_CREDENTIALS_DIR": credentials,
				"DATABASE_CA_FILE":         ca,
			}
			for name, value := range test.settings {
				settings[name] = value
			}
			_, err := config.Load(environment(settings))
			if err == nil {
				t.Fatal("no mistake found")
			}
			if err.Error() != test.want {
				t.Errorf("\ngot  %s\nwant %s", err, test.want)
			}
			if strings.Contains(err.Error(), "never-shown") {
				t.Error("the password is shown")
			}
		})
	}
}

func environment(settings map[string]string) func(string) string {
	return func(name string) string { return settings[name] }
}

package postgrestest_test

import (
	"os"
	"testing"

	"plinth/app/internal/postgrestest"
	"plinth/app/internal/testrun"
)

func TestMain(m *testing.M) { os.Exit(testrun.Main(m)) }

func TestDataOutlivesRestartsAndCrashes(t *testing.T) {
	server := postgrestest.Start(t, postgrestest.Config{Settings: map[string]string{"work_mem": "1MB"}})
	if _, err := server.Connect().Exec(t.Context(), "CREATE TABLE kept ()"); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	server.Start()
	server.Kill()
	server.Start()
	var encrypted bool
	var memory string
	err := server.Connect().QueryRow(t.Context(),
		"SELECT ssl, current_setting('work_mem') FROM pg_stat_ssl, kept RIGHT JOIN (VALUES (1)) one ON true WHERE pid = pg_backend_pid()").Scan(&encrypted, &memory)
	if err != nil || !encrypted || memory != "1MB" {
		t.Errorf("ssl %t, work_mem %s: %v", encrypted, memory, err)
	}
}

package postgrestest_test

import (
	"os"
	"runtime"
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

func TestStandbyFollows(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("127.0.0.2 is no address of this machine")
	}
	primary := postgrestest.Start(t, postgrestest.Config{})
	if _, err := primary.Connect().Exec(t.Context(), "CREATE TABLE before ()"); err != nil {
		t.Fatal(err)
	}
	standby := primary.StartStandby("127.0.0.2")
	if _, err := primary.Connect().Exec(t.Context(), "CREATE TABLE streamed ()"); err != nil {
		t.Fatal(err)
	}
	standby.CatchUp(primary)
	recovering := func() (recovering bool) {
		t.Helper()
		if err := standby.Connect().QueryRow(t.Context(), "SELECT pg_is_in_recovery() FROM before RIGHT JOIN streamed ON true RIGHT JOIN (VALUES (1)) one ON true").Scan(&recovering); err != nil {
			t.Fatal(err)
		}
		return recovering
	}
	if !recovering() {
		t.Error("the standby is none")
	}
	standby.Promote()
	if recovering() {
		t.Error("the standby is still one")
	}
}

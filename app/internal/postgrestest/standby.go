package postgrestest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"
)

// StartStandby returns a hot standby that streams from s, like an RDS read replica: with the same
// port, passwords and authority. host must be another address than s's, such as 127.0.0.2, which only
// Linux has by default. It stops s for a moment, since the npm packages have no
// pg_basebackup.
//
// https://www.postgresql.org/docs/17/warm-standby.html
func (s *Server) StartStandby(host string) *Server {
	s.t.Helper()
	standby := *s
	standby.Host = host
	standby.process, standby.ended = nil, nil
	standby.settings = maps.Clone(s.settings)
	if standby.settings == nil {
		standby.settings = map[string]string{}
	}
	// Without sslcertmode it would read the home folder of the tests' user, which it may not.
	standby.settings["primary_conninfo"] = fmt.Sprintf("host=%s port=%d user=%s password=%s sslmode=require sslcertmode=disable",
		s.Host, s.Port, superUser, superPassword)
	standby.settings["wal_retrieve_retry_interval"] = "100ms"
	s.Stop()
	standby.make(s.Data, []string{host})
	if err := os.WriteFile(filepath.Join(standby.Data, "standby.signal"), nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := give(standby.Data); err != nil {
		s.t.Fatal(err)
	}
	s.Start()
	standby.Start()
	return &standby
}

// Promote makes a standby a primary.
func (s *Server) Promote() {
	s.t.Helper()
	s.Exec("SELECT pg_promote()")
}

// CatchUp returns once the standby has replayed everything that primary has written.
func (s *Server) CatchUp(primary *Server) {
	s.t.Helper()
	var position string
	if err := primary.Connect().QueryRow(s.t.Context(), "SELECT pg_current_wal_lsn()::text").Scan(&position); err != nil {
		s.t.Fatal(err)
	}
	connection := s.Connect()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var done bool
		if err := connection.QueryRow(s.t.Context(), "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", position).Scan(&done); err != nil {
			s.t.Fatal(err)
		}
		if done {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the standby does not reach %s", position)
		}
	}
}

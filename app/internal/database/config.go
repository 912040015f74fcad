// Package database connects to PostgreSQL: always over TLS, with credentials that may change at any
// time, and with retries while it is away.
package database

import (
	"crypto/x509"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config configures the connections to PostgreSQL.
type Config struct {
	// Host is one name or address, which the server's certificate must be for.
	Host string
	// Readers are the hosts of read replicas, in the form of Host. Without any, reads go to Host too.
	Readers []string
	// Port is the port of every host.
	Port int
	// Name is the name of the database.
	Name string
	// CredentialsDir holds the files username and password.
	CredentialsDir string
	// TLS is how the server proves its identity.
	TLS TLS
	// CAFile is a PEM file with the certificate authorities that may sign the server's certificate, for
	// VerifyFull.
	CAFile string
}

const (
	// connectTimeout limits one connection attempt. Two fit into a request, in case a failover has just
	// moved the database to another address.
	connectTimeout = 2 * time.Second
	// statementTimeout limits one statement, on the server. It is shorter than an attempt, so that the
	// server stops when nobody waits any more.
	statementTimeout = attemptTimeout - 500*time.Millisecond
	// A transaction whose client has vanished must not keep its row locked.
	idleInTransactionTimeout = 5 * time.Second
)

// A silent server is given up after 25 seconds, not after Linux's two hours.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// Between the change of a password and the new file no new connection is possible: External Secrets
// polls once a minute, and kubelet takes up to a minute more. Existing connections keep working. So
// the pool is full from the start and stays full, whatever the load, and its connections end rarely
// and not together.
const (
	// connections is the number of connections of one process to the primary. Six pods, and two more
	// during a rollout, stay below the 80 or so that RDS' smallest instance allows.
	connections = 8
	// lifetime is a connection's lifetime, lifetimeJitter its random addition. Within two minutes of a
	// password change at most one of the eight ends, mostly none.
	lifetime, lifetimeJitter = 2 * time.Hour, 2 * time.Hour
	// refill is how soon lost connections are replaced before a request has to wait for it.
	refill = 10 * time.Second
	// pingTimeout limits the test of a connection before use, made after a second of idleness. It detects
	// a server that vanished silently. Testing all eight in turn takes less than a request's five
	// seconds.
	pingTimeout = 500 * time.Millisecond
)

// CheckCAFile returns an error if a file has no usable certificate authorities.
func CheckCAFile(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(content) {
		return errors.New("it holds no certificate")
	}
	return nil
}

// primary configures the pool of connections to the writer.
func (c Config) primary() (*pgxpool.Config, error) {
	// After a failover a name may lead to the old writer, now a reader, for a while.
	pooled, err := c.pooled(c.Host, "read-write")
	if err != nil {
		return nil, err
	}
	pooled.MinConns = connections
	pooled.HealthCheckPeriod = refill
	pooled.MaxConnLifetime, pooled.MaxConnLifetimeJitter = lifetime, lifetimeJitter
	return pooled, nil
}

// pooled configures what all connections share, except credentials. Several hosts are separated by
// commas.
func (c Config) pooled(hosts, attributes string) (*pgxpool.Config, error) {
	proof, err := c.proof()
	if err != nil {
		return nil, err
	}
	pooled, err := pgxpool.ParseConfig(keywords(append(proof,
		"host", hosts,
		"port", strconv.Itoa(c.Port),
		"dbname", c.Name,
		"target_session_attrs", attributes,
	)...))
	if err != nil {
		return nil, err
	}
	pooled.MaxConns = connections
	pooled.PingTimeout = pingTimeout
	pooled.BeforeConnect = c.beforeConnect
	pooled.BeforeClose = abandon

	connection := pooled.ConnConfig
	connection.ConnectTimeout = connectTimeout
	connection.DialFunc = (&net.Dialer{Timeout: connectTimeout, KeepAliveConfig: keepAlive}).DialContext
	connection.RuntimeParams["application_name"] = "app"
	connection.RuntimeParams["statement_timeout"] = milliseconds(statementTimeout)
	connection.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(idleInTransactionTimeout)
	return pooled, nil
}

// abandon closes a broken connection at once. By default pgx waits 15 seconds for a silent server's
// answer, and the connection keeps its place in the pool meanwhile.
func abandon(connection *pgx.Conn) {
	if connection.IsClosed() {
		connection.PgConn().Conn().Close()
	}
}

// keywords writes a connection string: host='…' port='…'
func keywords(pairs ...string) string {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var out strings.Builder
	for pair := range slices.Chunk(pairs, 2) {
		out.WriteString(pair[0] + "='" + quote.Replace(pair[1]) + "' ")
	}
	return out.String()
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Package database reaches PostgreSQL: always over TLS, with credentials that may change at any
// time, and with patience while it is away.
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

// Config says where PostgreSQL is.
type Config struct {
	// Host is one name or address: what its certificate must be for.
	Host string
	// Readers are the hosts of read replicas, each as Host is. With none, reads go to Host too.
	Readers []string
	// Port of every host.
	Port int
	// Name of the database.
	Name string
	// CredentialsDir holds the files username and password.
	CredentialsDir string
	// TLS is how the server proves who it is.
	TLS TLS
	// CAFile holds, as PEM, the certificate authorities that may vouch for the server, where TLS is
	// VerifyFull.
	CAFile string
}

const (
	// One connection's set-up. Two fit into a request, for the case that a failover has just
	// moved the database to another address.
	connectTimeout = 2 * time.Second
	// One statement, on the server. Shorter than an attempt, so that the server does not go on
	// with what nobody waits for any more.
	statementTimeout = attemptTimeout - 500*time.Millisecond
	// A transaction whose client has vanished must not keep its row locked.
	idleInTransactionTimeout = 5 * time.Second
)

// A server that fell silent is given up after 25 seconds, not after Linux's two hours.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// Between the change of a password and the new file (External Secrets polls once a minute, and
// kubelet takes up to a minute more) no connection can be made, but those that exist go on
// working. So the pool is full from the start and stays full: it neither grows with the load nor
// shrinks without it, and its connections end rarely and not together.
const (
	// connections of one process to the primary. Six pods, and the two more of a rollout, stay
	// below the 80 or so that RDS' smallest instance allows.
	connections = 8
	// lifetime of a connection, and what is added to it at random: within two minutes of a
	// password change at most one of the eight comes to its end, most often none.
	lifetime, lifetimeJitter = 2 * time.Hour, 2 * time.Hour
	// refill is how soon lost connections are replaced without a request having to wait for it.
	refill = 10 * time.Second
	// pingTimeout: a connection idle for a second is tried before it is used, which notices a
	// server that went without a word. All of them one after the other still take less than a
	// request's five seconds.
	pingTimeout = 500 * time.Millisecond
)

// CheckCAFile says what is wrong with a file of certificate authorities.
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

// primary is how connections to the server that takes writes are made and kept.
func (c Config) primary() (*pgxpool.Config, error) {
	// After a failover a name may for a while lead to the old writer, now a reader.
	pooled, err := c.pooled(c.Host, "read-write")
	if err != nil {
		return nil, err
	}
	pooled.MinConns = connections
	pooled.HealthCheckPeriod = refill
	pooled.MaxConnLifetime, pooled.MaxConnLifetimeJitter = lifetime, lifetimeJitter
	return pooled, nil
}

// pooled is what all connections have in common, but for their credentials. Several hosts have
// commas between them.
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

// abandon closes what has broken without a farewell. Of its own pgx waits 15 seconds for a silent
// server to say goodbye, and until then the connection keeps its place in the pool.
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

package database_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"plinth/app/internal/database"
	"plinth/app/internal/postgrestest"
	"plinth/app/internal/testrun"
)

func TestMain(m *testing.M) { os.Exit(testrun.Main(m)) }

// A server without a trusted certificate is accepted for its password; an impostor is not.
func TestChannelBinding(t *testing.T) {
	t.Parallel()
	// No client trusts its authority, and its certificate is for another host.
	honest := postgrestest.Start(t, postgrestest.Config{Hosts: []string{"other.example"}})
	for _, test := range []struct {
		name string
		// rules, encryption and ssl configure another server that has the role and its password.
		rules, encryption, ssl string
		// between returns the port of an impostor, to which the client connects instead.
		between func(t *testing.T, server *postgrestest.Server) int
		refusal string // empty if it connects
	}{
		{name: "the server"},
		{name: "one that asks for no password", rules: "hostssl all all all trust",
			refusal: "channel binding required but server did not authenticate using channel binding"},
		{name: "one that asks for the password itself", rules: "hostssl all all all password",
			refusal: "channel binding required but server did not authenticate using channel binding"},
		{name: "one that asks for its MD5", rules: "hostssl all all all md5",
			encryption: "md5",
			refusal:    "channel binding required but server did not authenticate using channel binding"},
		{name: "one without TLS", ssl: "off", rules: "host all all all scram-sha-256",
			refusal: "server refused TLS connection"},
		{name: "somebody between, with TLS to the server", between: throughTLS,
			refusal: "SCRAM channel binding check failed"},
		{name: "somebody between, without TLS to the server", between: throughPlain, rules: "host all all all scram-sha-256",
			refusal: "channel binding required but server does not support SCRAM-SHA-256-PLUS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := honest
			if test.rules != "" {
				server = postgrestest.Start(t, postgrestest.Config{Settings: map[string]string{"password_encryption": cmp.Or(test.encryption, "scram-sha-256")}})
				server.SetPassword(server.Password) // stored with that encryption
				server.Reopen(test.rules, cmp.Or(test.ssl, "on"))
			}
			config := clientOf(t, server)
			if test.between != nil {
				config.Port = test.between(t, server)
			}
			err := ping(t, config)
			switch {
			case test.refusal == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.refusal != "" && (err == nil || !strings.Contains(err.Error(), test.refusal)):
				t.Errorf("the error is %v, want %s", err, test.refusal)
			}
		})
	}
	t.Run("one that does not know the password", func(t *testing.T) {
		t.Parallel()
		config := clientOf(t, honest)
		write(t, config.CredentialsDir, "password", "another-password")
		if err := ping(t, config); err == nil || !strings.Contains(err.Error(), "password authentication failed") {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("the same server, where its certificate must be vouched for", func(t *testing.T) {
		t.Parallel()
		config := clientOf(t, honest)
		config.TLS, config.CAFile = database.VerifyFull, honest.CAFile
		if err := ping(t, config); err == nil || !strings.Contains(err.Error(), "x509") {
			t.Errorf("the error is %v", err)
		}
	})
}

// No value of TLS skips verification.
func TestNoOtherTLS(t *testing.T) {
	t.Parallel()
	for _, tls := range []database.TLS{"", "disable", "require"} {
		if db, err := database.Open(database.Config{Host: "127.0.0.1", Port: 5432, TLS: tls}, slog.New(slog.DiscardHandler)); err == nil {
			db.Close()
			t.Errorf("TLS %q is accepted", tls)
		}
	}
}

func clientOf(t *testing.T, server *postgrestest.Server) database.Config {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "username", server.Username)
	write(t, dir, "password", server.Password)
	return database.Config{
		Host: server.Host, Port: server.Port, Name: server.Database, CredentialsDir: dir, TLS: database.ChannelBinding,
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ping returns the error after some time with retries.
func ping(t *testing.T, config database.Config) error {
	t.Helper()
	db, err := database.Open(config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	return db.Ping(ctx)
}

// throughTLS relays to the server over TLS, with its own certificate for clients.
func throughTLS(t *testing.T, server *postgrestest.Server) int {
	return between(t, server, func(connection net.Conn) (net.Conn, error) {
		if err := requestTLS(connection); err != nil {
			return nil, err
		}
		return tls.Client(connection, &tls.Config{InsecureSkipVerify: true}), nil
	})
}

// throughPlain relays to the server without TLS, where SCRAM has nothing to bind to.
func throughPlain(t *testing.T, server *postgrestest.Server) int {
	return between(t, server, func(connection net.Conn) (net.Conn, error) { return connection, nil })
}

func between(t *testing.T, server *postgrestest.Server, onward func(net.Conn) (net.Conn, error)) int {
	t.Helper()
	own, err := tls.X509KeyPair(postgrestest.NewAuthority(t).Pair(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	relay := func(client net.Conn) {
		defer client.Close()
		request := make([]byte, 8)
		if _, err := io.ReadFull(client, request); err != nil {
			return
		}
		if _, err := client.Write([]byte("S")); err != nil {
			return
		}
		client = tls.Server(client, &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12})
		connection, err := net.Dial("tcp", net.JoinHostPort(server.Host, strconv.Itoa(server.Port)))
		if err != nil {
			return
		}
		defer connection.Close()
		if connection, err = onward(connection); err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(connection, client)
			connection.Close()
		}()
		_, _ = io.Copy(client, connection)
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// requestTLS requests TLS like every client.
// https://www.postgresql.org/docs/17/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST
func requestTLS(connection net.Conn) error {
	const length, code = 8, 80877103
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, length), code)
	if _, err := connection.Write(request); err != nil {
		return err
	}
	_, err := io.ReadFull(connection, request[:1])
	return err
}

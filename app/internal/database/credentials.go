package database

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Credentials are a role's username and password in PostgreSQL.
type Credentials struct{ Username, Password string }

// String keeps the password out of logs.
func (c Credentials) String() string { return c.Username + ":(not shown)" }

// ReadCredentials reads the files username and password. While kubelet replaces them, the two can
// belong to different secrets: PostgreSQL refuses such a pair, and the next attempt reads it again.
func ReadCredentials(dir string) (Credentials, error) {
	username, errUsername := readLine(filepath.Join(dir, "username"))
	password, errPassword := readLine(filepath.Join(dir, "password"))
	// The first error is enough: if one file is missing, the other mostly is too.
	if errUsername != nil {
		return Credentials{}, errUsername
	}
	return Credentials{username, password}, errPassword
}

func readLine(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	// A line end from an editor is not part of the password.
	line := strings.TrimRight(string(content), "\r\n")
	if line == "" {
		return "", errors.New(file + " is empty")
	}
	return line, nil
}

// beforeConnect gives each new connection the current credentials. RDS changes the password every
// week, and the process must survive that.
func (c Config) beforeConnect(_ context.Context, connection *pgx.ConnConfig) error {
	credentials, err := ReadCredentials(c.CredentialsDir)
	if err != nil {
		return err
	}
	connection.User, connection.Password = credentials.Username, credentials.Password
	return nil
}

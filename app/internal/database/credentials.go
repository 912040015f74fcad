package database

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Credentials are what PostgreSQL asks for.
type Credentials struct{ Username, Password string }

// String keeps the password out of logs.
func (c Credentials) String() string { return c.Username + ":(not shown)" }

// ReadCredentials reads the files username and password. While kubelet exchanges them the two
// can belong to different secrets; such a pair is refused by PostgreSQL and read again.
func ReadCredentials(dir string) (Credentials, error) {
	username, errUsername := readLine(filepath.Join(dir, "username"))
	password, errPassword := readLine(filepath.Join(dir, "password"))
	// The first is enough: what one lacks, the other most often lacks too.
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
	// An editor's line end is no part of a password.
	line := strings.TrimRight(string(content), "\r\n")
	if line == "" {
		return "", errors.New(file + " is empty")
	}
	return line, nil
}

// beforeConnect gives each new connection the credentials of that moment. RDS changes the
// password every week, and the process must outlive that.
func (c Config) beforeConnect(_ context.Context, connection *pgx.ConnConfig) error {
	credentials, err := ReadCredentials(c.CredentialsDir)
	if err != nil {
		return err
	}
	connection.User, connection.Password = credentials.Username, credentials.Password
	return nil
}

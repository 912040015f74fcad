// Package config reads the service's settings from its environment.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"plinth/app/internal/database"
)

// Config has all settings.
type Config struct {
	// Port serves users; MetricsPort serves Prometheus.
	Port, MetricsPort int
	Database          database.Config
	// ShutdownDelay is how long requests are still served after SIGTERM.
	ShutdownDelay time.Duration
	// IdleTimeout is how long a connection without a request is kept. It must exceed the load balancer's:
	// the side that sends requests must close an idle connection first, otherwise some requests meet a
	// closed connection and fail with 502.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
	IdleTimeout time.Duration
	LogLevel    slog.Level
}

// SIGTERM leaves a pod 30 seconds: this delay, then 20 for requests in flight.
const longestShutdownDelay = 9 * time.Second

// A load balancer waits 4,000 seconds at most.
const longestIdleTimeout = 4100 * time.Second

// Load reads the settings with getenv, which is os.Getenv except in tests. The error joins all
// mistakes, one a line, each with the variable, its value and what to do.
func Load(getenv func(string) string) (Config, error) {
	r := reader{getenv: getenv}
	c := Config{
		Port:          r.port("PORT", 8080),
		MetricsPort:   r.port("METRICS_PORT", 9090),
		ShutdownDelay: r.duration("SHUTDOWN_DELAY", 5*time.Second, 0, longestShutdownDelay),
		IdleTimeout:   r.duration("IDLE_TIMEOUT", 75*time.Second, time.Second, longestIdleTimeout),
		LogLevel:      r.level("LOG_LEVEL", slog.LevelInfo),
		Database: database.Config{
			Host:           r.host("DATABASE_HOST"),
			Port:           r.port("DATABASE_PORT", 5432),
			Name:           r.required("DATABASE_NAME", "the name of the database"),
			CredentialsDir: r.required("DATABASE_CREDENTIALS_DIR", "the folder with the files username and password"),
			TLS:            r.tls("DATABASE_TLS", database.VerifyFull),
			CAFile:         r.text("DATABASE_CA_FILE", "/etc/ssl/certs/rds-global-bundle.pem"),
		},
	}
	c.Database.Readers = r.readers("DATABASE_READER_HOST", c.Database.Host)
	if c.Port == c.MetricsPort && c.Port != 0 {
		r.wrong("METRICS_PORT", strconv.Itoa(c.MetricsPort), "give another port than PORT's")
	}
	if c.Database.CredentialsDir != "" {
		// This error never contains a file's content.
		if _, err := database.ReadCredentials(c.Database.CredentialsDir); err != nil {
			r.wrong("DATABASE_CREDENTIALS_DIR", c.Database.CredentialsDir, "mount the database's Secret there: "+err.Error())
		}
	}
	if c.Database.TLS == database.VerifyFull {
		if err := database.CheckCAFile(c.Database.CAFile); err != nil {
			r.wrong("DATABASE_CA_FILE", c.Database.CAFile, "give a PEM file with the certificates that the database's is signed by: "+err.Error())
		}
	}
	return c, errors.Join(r.mistakes...)
}

// reader collects mistakes, so that all are reported at once.
type reader struct {
	getenv   func(string) string
	mistakes []error
}

func (r *reader) wrong(name, value, remedy string) {
	r.mistakes = append(r.mistakes, fmt.Errorf("%s is %q: %s", name, value, remedy))
}

func (r *reader) text(name, otherwise string) string {
	if value := r.getenv(name); value != "" {
		return value
	}
	return otherwise
}

func (r *reader) required(name, what string) string {
	value := r.getenv(name)
	if value == "" {
		r.wrong(name, value, "give "+what)
	}
	return value
}

func (r *reader) port(name string, otherwise int) int {
	value := r.getenv(name)
	if value == "" {
		return otherwise
	}
	port, err := strconv.Atoi(value)
	if err != nil || port < 1 || port > 65535 {
		r.wrong(name, value, "give a port, 1 to 65535")
		return 0
	}
	return port
}

// hostName matches one name or address. pgx would take a path for a Unix socket, which has no TLS, and
// commas for several hosts.
var hostName = regexp.MustCompile(`^[A-Za-z0-9._:-]+$`)

func (r *reader) host(name string) string {
	value := r.getenv(name)
	if !hostName.MatchString(value) {
		r.wrong(name, value, "give the database's host name, without a port")
	}
	return value
}

// readers are the hosts of read replicas. Without a replica the chart passes the primary's own host,
// which does not count.
func (r *reader) readers(name, primary string) []string {
	value := r.getenv(name)
	if value == "" {
		return nil
	}
	hosts := strings.Split(value, ",")
	for _, host := range hosts {
		if !hostName.MatchString(host) {
			r.wrong(name, value, "give host names with commas between, without ports, or nothing")
			return nil
		}
	}
	return slices.DeleteFunc(hosts, func(host string) bool { return host == primary })
}

func (r *reader) tls(name string, otherwise database.TLS) database.TLS {
	value := r.getenv(name)
	switch tls := database.TLS(value); tls {
	case "":
		return otherwise
	case database.VerifyFull, database.ChannelBinding:
		return tls
	}
	r.wrong(name, value, "give verify-full or channel-binding; there is no way without TLS")
	return otherwise
}

func (r *reader) duration(name string, otherwise, least, most time.Duration) time.Duration {
	value := r.getenv(name)
	if value == "" {
		return otherwise
	}
	duration, err := time.ParseDuration(value)
	if err != nil || duration < least || duration > most {
		r.wrong(name, value, fmt.Sprintf("give a time with its unit, %.0fs to %.0fs", least.Seconds(), most.Seconds()))
		return otherwise
	}
	return duration
}

func (r *reader) level(name string, otherwise slog.Level) slog.Level {
	value := r.getenv(name)
	if value == "" {
		return otherwise
	}
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(value, level.String()) {
			return level
		}
	}
	r.wrong(name, value, "give debug, info, warn or error")
	return otherwise
}

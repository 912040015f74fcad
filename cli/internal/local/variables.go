package local

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"plinth/cli/internal/sentence"
	"plinth/settings"
)

// idleTimeout is the load balancer's idle timeout and ten seconds, as in charts/app.
const idleTimeout = "70s"

// goMemoryLimit returns nine tenths of the memory that the autoscaler aims at, as charts/app does.
func goMemoryLimit(size settings.Size, memoryPercent int) string {
	mebibytes, _ := strconv.Atoi(strings.TrimSuffix(size.MemoryRequest(), "Mi")) // the settings' check has accepted it
	return strconv.Itoa(mebibytes*memoryPercent*9/1000) + "MiB"
}

// variables are those that tell a process about its database.
func (s *server) variables() map[string]string {
	host, port := databaseHost, strconv.Itoa(s.port)
	address := s.url()
	return map[string]string{
		"DATABASE_HOST": host, "DATABASE_READER_HOST": host, "DATABASE_PORT": port, "DATABASE_NAME": s.database,
		"DATABASE_TLS": "verify-full", "DATABASE_CREDENTIALS_DIR": s.credentials,
		"DATABASE_URL": address, "DATABASE_READER_URL": address,
		"PGHOST": host, "PGPORT": port, "PGDATABASE": s.database, "PGUSER": s.user, "PGPASSWORD": s.password,
		"PGSSLMODE": "verify-full", "PGSSLROOTCERT": s.authority,
		// For an image that has the certificates of RDS, as the sample's: they do not vouch for this server.
		"DATABASE_CA_FILE": s.authority,
	}
}

func (s *server) url() string {
	query := url.Values{"sslmode": {"verify-full"}, "sslrootcert": {s.authority}}
	return fmt.Sprintf("postgresql://%s:%s@%s:%d/%s?%s", s.user, s.password, databaseHost, s.port, s.database,
		strings.NewReplacer("%2F", "/", "+", "%20").Replace(query.Encode()))
}

// ofDatabase matches the variables that name a database. Security: the user's own are left out, so that a release
// command changes no database but the local one.
var ofDatabase = regexp.MustCompile(`^(DATABASE_.*|PG[A-Z]+)$`)

// environment returns the variables of a process. Of two with the same name, the last one counts here: the
// user's, the settings', this machine's, Plinth's.
func (r *run) environment(p *process) map[string]string {
	all := map[string]string{}
	for _, variable := range r.Environ {
		if name, value, _ := strings.Cut(variable, "="); !slices.Contains(settings.ProvidedVariables, name) && !ofDatabase.MatchString(name) {
			all[name] = value
		}
	}
	all["PWD"] = r.folder
	maps.Copy(all, r.App.Env)
	maps.Copy(all, r.local)
	if r.server != nil {
		maps.Copy(all, r.server.variables())
	}
	maps.Copy(all, p.variables)
	return all
}

// list returns variables as exec.Cmd takes them.
func list(variables map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		all = append(all, name+"="+variables[name])
	}
	return all
}

// readLocal reads the files .env, and says what of them is not used, and what is missing. The
// one in build/dev/<application> wins over the one in the application's folder.
func (r *run) readLocal() error {
	r.local = map[string]string{}
	own := r.State + "/.env"
	found := false
	for _, file := range []string{r.folder + "/.env", own} {
		variables, exists, err := readDotenv(file, r.short(file))
		if err != nil {
			return err
		}
		found = found || exists
		var unused []string
		for _, name := range slices.Sorted(maps.Keys(variables)) {
			if r.sets(name) {
				unused = append(unused, name)
				delete(variables, name)
			}
		}
		if len(unused) > 0 {
			r.say("%s: %s %s not used, since Plinth sets %s.", r.short(file), sentence.List(unused), one(unused, "is", "are"), one(unused, "it", "them"))
		}
		maps.Copy(r.local, variables)
	}
	if r.App.Parameters.Enabled && !found {
		r.say("%s is on, but parameters are not read from AWS here. Put those that the application needs into %s, one NAME=value a line.", r.setting("parameters.enabled"), r.short(own))
	}
	r.missing()
	return nil
}

// missing says which variables AWS has on the cluster, and nobody here.
func (r *run) missing() {
	all := r.environment(&process{})
	missing := slices.DeleteFunc(slices.Clone(r.Secrets), func(name string) bool { _, set := all[name]; return set })
	if len(missing) > 0 {
		r.say("%s %s not set: on the cluster, Secrets Manager has %s. Put %[3]s into %[4]s, one NAME=value a line.",
			sentence.List(missing), one(missing, "is", "are"), one(missing, "it", "them"), r.short(r.State+"/.env"))
	}
}

// sets reports whether Plinth sets a variable in any process of this application.
func (r *run) sets(name string) bool {
	if r.server != nil {
		if _, is := r.server.variables()[name]; is {
			return true
		}
	}
	return slices.Contains(settings.ProvidedVariables, name)
}

func one(of []string, singular, plural string) string {
	if len(of) == 1 {
		return singular
	}
	return plural
}

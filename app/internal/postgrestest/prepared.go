package postgrestest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"syscall"

	"plinth/app/internal/testrun"
)

// Prepared is a server whose data, settings and certificate a script makes, as in a pod.
type Prepared struct {
	Server
	script      string
	credentials string
	openssl     string // the folder of a stand-in
}

// openssl builds a simulator of openssl, which the script starts and the machine may lack. If the
// machine has its own, the script uses that.
var openssl = sync.OnceValues(func() (folder string, err error) {
	folder, own := filepath.Join(testrun.Dir(), "openssl"), reflect.TypeFor[Server]().PkgPath()
	if output, err := testrun.Command("go", "build", "-o", filepath.Join(folder, "openssl"), own+"/openssl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("openssl: %w\n%s", err, output)
	}
	return folder, nil
})

// NewPrepared returns a server without data, see Prepare, for a database and a role with these names.
// It stops when the test ends.
func NewPrepared(t testrun.TB, script, database, username, password string) *Prepared {
	t.Helper()
	installed, err := installs[Majors[0]]()
	if err != nil {
		t.Fatal(err)
	}
	standin, err := openssl()
	if err != nil {
		t.Fatal(err)
	}
	dir := testrun.SubDir(t)
	p := &Prepared{
		Server: Server{
			Host: "127.0.0.1", Port: testrun.FreePort(t), Database: database, Username: username, Password: password,
			Data: filepath.Join(dir, "data"), t: t, programs: installed.programs,
		},
		script: filepath.Join(dir, "prepare.sh"), credentials: filepath.Join(dir, "credentials"), openssl: standin,
	}
	content, err := os.ReadFile(script)
	if err == nil {
		err = errors.Join(
			os.WriteFile(p.script, content, 0o600),
			os.Mkdir(p.credentials, 0o700),
			os.WriteFile(filepath.Join(p.credentials, "username"), []byte(username), 0o600),
			os.WriteFile(filepath.Join(p.credentials, "password"), []byte(password), 0o600),
			give(dir))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("log of PostgreSQL at port %d:\n%s", p.Port, p.tail())
		}
		os.RemoveAll(dir)
	})
	return p
}

// Prepare runs the script and returns its output.
func (p *Prepared) Prepare() (output string, err error) {
	p.t.Helper()
	command := testrun.Command("/bin/sh", p.script)
	command.Dir = "/"
	command.Env = []string{
		"PATH=" + filepath.Join(p.programs, "bin") + ":" + os.Getenv("PATH") + ":" + p.openssl, "LANG=C.UTF-8",
		"PGDATA=" + p.Data, "DATABASE=" + p.Database, "CREDENTIALS_DIR=" + p.credentials,
	}
	command.SysProcAttr.Credential = identity()
	said, err := command.CombinedOutput()
	return string(said), err
}

// Run starts the server with the script's files; only the port and the address are added. Clients
// wait for it.
func (p *Prepared) Run() {
	p.t.Helper()
	p.launch("-c", "port="+strconv.Itoa(p.Port), "-c", "listen_addresses="+p.Host)
}

// Forget stops the server and deletes the data, as the end of a pod does.
func (p *Prepared) Forget() {
	p.t.Helper()
	p.end(syscall.SIGQUIT)
	if err := os.RemoveAll(p.Data); err != nil {
		p.t.Fatal(err)
	}
}

package delivery

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// act runs a fake until it is ended. It holds a lock as long as it lives, by which tests notice a
// process that is left behind.
func act(how, folder string) int {
	alive, err := os.OpenFile(filepath.Join(folder, "alive"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(alive.Fd()), syscall.LOCK_SH)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	defer alive.Close()
	switch how {
	case "cli": // ignores Ctrl-C, and prints the arguments of a plugin that fails
		signal.Ignore(os.Interrupt)
		parameters := os.Args[len(os.Args)-3] // before the region
		plugin := exec.Command(filepath.Join(folder, "bin", "session-manager-plugin"), parameters, `{"TokenValue": "secret"}`)
		plugin.Stdout, plugin.Stderr = os.Stdout, os.Stderr
		if err := plugin.Run(); err != nil {
			fmt.Fprintf(os.Stderr, "Command '%v' returned non-zero exit status\n", plugin.Args)
			return 255
		}
		return 0
	case "deaf":
		for { // not select{}: without cgo, Go would report a deadlock
			time.Sleep(time.Hour)
		}
	}
	return plug(how, folder, os.Args[1])
}

var localPort = regexp.MustCompile(`localPortNumber=(\d+)`)

// plug acts as the AWS CLI's plugin, with the messages of the real one. A test connects and writes a
// word to make it fail in a certain way.
func plug(how, folder, parameters string) int {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	port := localPort.FindStringSubmatch(parameters)[1]
	listener, err := net.Listen("tcp", "localhost:"+port)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Printf("\nStarting session with SessionId: me-01\nPort %s opened for sessionId me-01.\nWaiting for connections...\n", port)
	words := make(chan string)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				if word, _ := io.ReadAll(connection); len(word) > 0 {
					words <- string(word)
				}
			}()
		}
	}()
	for {
		select {
		case <-interrupts:
			if how == "stubborn" {
				continue
			}
			fmt.Println("Terminate signal received, exiting.")
			if os.WriteFile(filepath.Join(folder, "terminated-"+port), nil, 0o600) != nil {
				return 99
			}
			return 0
		case word := <-words:
			switch word {
			case "unreachable":
				fmt.Print("\nConnection to destination port failed, check SSM Agent logs.\n")
			case "idle":
				fmt.Println("SessionId: me-01 : Your session timed out due to inactivity")
				return 0
			default:
				fmt.Println("the data channel broke")
				return 1
			}
		}
	}
}

const (
	apiHost      = "0A1B.gr7.eu-west-2.eks.amazonaws.com"
	databaseHost = "plinth-dev-postgres.c1.eu-west-2.rds.amazonaws.com"
	ownSecret    = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!db-1-a"
	findBastion  = "ec2 describe-instances --filters Name=tag:Name,Values=plinth-dev-bastion Name=instance-state-name,Values=running --query Reservations[].Instances[].InstanceId --output text --region eu-west-2"
	findAPI      = "eks describe-cluster --name plinth-dev --query cluster.endpoint --output text --region eu-west-2"
	findDatabase = "rds describe-db-instances --db-instance-identifier plinth-dev-postgres --query DBInstances[0].[Endpoint.Address,Endpoint.Port,MasterUserSecret.SecretArn] --output text --region eu-west-2"
	startSession = "ssm start-session --target i-0a1b --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters host="
)

// bastion adds a bastion to the synthesized environment.
func (d *desk) bastion() {
	d.t.Helper()
	d.write("cdktf.out/stacks/dev-network/cdk.tf.json", `{"resource": {"aws_instance": {"bastion": {"tags": {"Name": "plinth-dev-bastion"}}}}}`)
}

// newTunnel returns a desk that can open a tunnel. answers take precedence over the ordinary ones.
func newTunnel(t *testing.T, answers ...answer) *desk {
	t.Helper()
	d := newDesk(t)
	d.synthesize("dev")
	d.bastion()
	d.write("app/rds-global-bundle.pem", "")
	d.can("session-manager-plugin", answer{Act: "orderly"})
	d.can("aws", append(answers, signedIn("arn:aws:iam::111111111111:user/someone"),
		answer{Args: findBastion, Stdout: "i-0a1b\n"},
		answer{Args: findAPI, Stdout: "https://" + apiHost + "\n"},
		answer{Args: findDatabase, Stdout: databaseHost + "\t5432\t" + ownSecret + "\n"},
		answer{Args: startSession, Act: "cli"})...)
	return d
}

// screen is a stderr that is read while it is written.
type screen struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

// opened is a tunnel that is open.
type opened struct {
	*desk
	screen *screen
	ctrlC  func()
	ended  chan error
}

func (d *desk) open() *opened {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	o := &opened{desk: d, screen: &screen{}, ctrlC: cancel, ended: make(chan error, 1)}
	d.Stderr = o.screen
	var running sync.WaitGroup
	running.Go(func() { o.ended <- d.run(ctx, "tunnel -env dev") })
	d.t.Cleanup(func() { // also after a failed test
		cancel()
		running.Wait()
	})
	o.await("until Ctrl-C")
	return o
}

// await waits for a text on the screen.
func (o *opened) await(text string) {
	o.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(o.screen.String(), text); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-o.ended:
			o.t.Fatalf("ended before it said %q: %v\n%s", text, err, o.screen)
		default:
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("does not say %q:\n%s", text, o.screen)
		}
	}
}

// end returns the tunnel's error once it has ended, and checks that no process is left.
func (o *opened) end() error {
	o.t.Helper()
	select {
	case err := <-o.ended:
		o.nothingLeft()
		return err
	case <-time.After(20 * time.Second):
		o.t.Fatal("does not end")
		return nil
	}
}

// nothingLeft checks that every fake has ended.
func (d *desk) nothingLeft() {
	d.t.Helper()
	alive, err := os.Open(filepath.Join(d.folder, "alive"))
	if os.IsNotExist(err) {
		return // none has started
	}
	assert.NilError(d.t, err)
	defer alive.Close()
	// The kernel may still be cleaning up a killed process.
	for deadline := time.Now().Add(time.Second); ; time.Sleep(5 * time.Millisecond) {
		err = syscall.Flock(int(alive.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || time.Now().After(deadline) {
			break
		}
	}
	assert.NilError(d.t, err, "a process is left behind")
}

// terminated returns how many plugins have ended in order, as after Ctrl-C.
func (d *desk) terminated() int {
	files, _ := filepath.Glob(filepath.Join(d.folder, "terminated-*"))
	return len(files)
}

// TestTunnelWithoutSample: without the sample's bundle, the message says where to get the certificates.
func TestTunnelWithoutSample(t *testing.T) {
	t.Parallel()
	d := newTunnel(t)
	assert.NilError(t, os.RemoveAll(filepath.Join(d.Dir, "app")))
	o := d.open()
	contains(t, o.screen.String(), "psql, with AWS's certificates in this file ("+certificatesURL+"), and", "sslrootcert=global-bundle.pem'")
	o.ctrlC()
	assert.NilError(t, o.end())
}

// TestTunnelInCluster: PostgreSQL in the cluster is reached through the API's session.
func TestTunnelInCluster(t *testing.T) {
	t.Parallel()
	d := newTunnel(t)
	d.write("cdktf.out/stacks/dev-data/cdk.tf.json", `{"provider": {"aws": [{"region": "eu-west-2", "allowed_account_ids": ["111111111111"]}]},
		"resource": {"aws_ecr_repository": {"images": {"name": "plinth-dev-app"}}, "aws_secretsmanager_secret": {"a": {"name": "plinth/dev/postgres"}}},
		"output": {"database_name": {"value": "orders"}, "database_username": {"value": "plinth"}}}`)
	d.write("cdktf.out/stacks/dev-app/cdk.tf.json", `{"resource": {"helm_release": {
		"database": {"name": "postgres", "namespace": "postgres"}, "release": {"name": "app", "namespace": "shop"}}}, "output": {`+anApplication("app")+`}}`)
	o := d.open()
	api, _ := d.ports()
	said := o.screen.String()
	local := regexp.MustCompile(`service/postgres ([0-9]+):5432`).FindStringSubmatch(said)
	assert.Assert(t, len(local) == 2, said)
	kubectl := "kubectl --context plinth-dev --server https://127.0.0.1:" + api + " --tls-server-name " + apiHost
	contains(t, said,
		"  "+kubectl+" --namespace shop get pods\n",
		"  "+kubectl+" --namespace postgres port-forward service/postgres "+local[1]+":5432\n",
		"  psql 'host=127.0.0.1 port="+local[1]+" user=plinth dbname=orders sslmode=require channel_binding=require'\n",
		"  aws secretsmanager get-secret-value --secret-id 'plinth/dev/postgres' ")
	o.ctrlC()
	assert.NilError(t, o.end())
	assert.Equal(t, d.terminated(), 1)
	typed, _ := d.calls()
	for _, command := range typed {
		assert.Assert(t, !strings.Contains(command, "rds "), "asks for a database that there is not: %s", command)
	}
}

// ports returns the tunnel's local ports.
func (d *desk) ports() (api, database string) {
	d.t.Helper()
	typed, _ := d.calls()
	for _, command := range typed {
		if strings.HasPrefix(command, "aws "+startSession+apiHost) {
			api = localPort.FindStringSubmatch(command)[1]
		} else if strings.HasPrefix(command, "aws "+startSession) {
			database = localPort.FindStringSubmatch(command)[1]
		}
	}
	return api, database
}

// send writes a word to the plugin at a port.
func (d *desk) send(port, word string) {
	d.t.Helper()
	connection, err := net.Dial("tcp", "127.0.0.1:"+port)
	assert.NilError(d.t, err)
	_, err = io.WriteString(connection, word)
	assert.NilError(d.t, err)
	assert.NilError(d.t, connection.Close())
}

func TestTunnel(t *testing.T) {
	t.Parallel()
	const aurora = "plinth-dev-postgres.cluster-c1.eu-west-2.rds.amazonaws.com"
	const clusters = "rds describe-db-clusters --db-cluster-identifier plinth-dev-postgres --query DBClusters[0].[Endpoint,Port,MasterUserSecret.SecretArn] --output text --region eu-west-2"
	for _, test := range []struct {
		name, resources     string // the database's
		find, answer        string
		host, wantSecretArg string
	}{
		{"RDS with a secret of its own", `"aws_db_instance": {"a": {"identifier": "plinth-dev-postgres", "db_name": "app", "username": "plinth"}}`,
			findDatabase, databaseHost + "\t5432\t" + ownSecret, databaseHost, "'" + ownSecret + "'"},
		{"RDS with Terraform's secret", `"aws_db_instance": {
				"a": {"identifier": "plinth-dev-postgres", "db_name": "app", "username": "plinth"},
				"b": {"identifier": "plinth-dev-postgres-replica-1", "replicate_source_db": "a"}},
			"aws_secretsmanager_secret": {"a": {"name": "plinth/dev/postgres"}}`,
			findDatabase, databaseHost + "\t5432\tNone", databaseHost, "'plinth/dev/postgres'"},
		{"RDS, restored from a snapshot, beside others", `"aws_db_instance": {
				"a": {"identifier": "plinth-dev-postgres-00000000", "db_name": "app", "username": "plinth"},
				"b": {"identifier": "plinth-dev-postgres", "db_name": "app", "username": "plinth"},
				"c": {"identifier": "plinth-dev-postgres-11111111", "db_name": "app", "username": "plinth"}}`,
			findDatabase, databaseHost + "\t5432\t" + ownSecret, databaseHost, "'" + ownSecret + "'"},
		{"Aurora", `"aws_rds_cluster": {"a": {"cluster_identifier": "plinth-dev-postgres", "database_name": "app", "master_username": "plinth"}}`,
			clusters, aurora + "\t5432\t" + ownSecret, aurora, "'" + ownSecret + "'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newTunnel(t, answer{Args: test.find, Stdout: test.answer})
			d.write("cdktf.out/stacks/dev-data/cdk.tf.json", `{"provider": {"aws": [{"region": "eu-west-2", "allowed_account_ids": ["111111111111"]}]},
				"output": {"database_identifier": {"value": "plinth-dev-postgres"}},
				"resource": {"aws_ecr_repository": {"images": {"name": "plinth-dev-app"}}, `+test.resources+`}}`)
			o := d.open()
			api, database := d.ports()
			assert.Equal(t, o.screen.String(), `The tunnel to dev is open, through plinth-dev-bastion, until Ctrl-C.

kubectl, once ./plinth kubeconfig dev has made its context:
  kubectl --context plinth-dev --server https://127.0.0.1:`+api+` --tls-server-name `+apiHost+` --namespace shop get pods

psql, in the repository's folder, and where the password is that it asks for:
  psql 'host=`+test.host+` hostaddr=127.0.0.1 port=`+database+` user=plinth dbname=app sslmode=verify-full sslrootcert=app/rds-global-bundle.pem'
  aws secretsmanager get-secret-value --secret-id `+test.wantSecretArg+` --query SecretString --output text --region eu-west-2

A shell on the bastion, which is logged:
  aws ssm start-session --target i-0a1b --document-name plinth-dev-bastion --region eu-west-2

`)
			o.ctrlC()
			assert.NilError(t, o.end())
			assert.Equal(t, d.terminated(), 2)
			typed, _ := d.calls()
			var asked, started []string
			for _, command := range typed {
				if strings.Contains(command, "start-session") {
					started = append(started, command)
				} else if strings.HasPrefix(command, "aws") {
					asked = append(asked, command)
				}
			}
			assert.DeepEqual(t, asked, []string{"aws " + identity, "aws " + findBastion, "aws " + findAPI, "aws " + test.find})
			assert.Equal(t, len(started), 2)
			for _, want := range []string{
				"aws " + startSession + apiHost + ",portNumber=443,localPortNumber=" + api + " --region eu-west-2",
				"aws " + startSession + test.host + ",portNumber=5432,localPortNumber=" + database + " --region eu-west-2",
			} {
				assert.Assert(t, started[0] == want || started[1] == want, "%q: not among %q", want, started)
			}
		})
	}
}

func TestTunnelEnds(t *testing.T) {
	t.Parallel()
	t.Run("a session that is idle too long", func(t *testing.T) {
		t.Parallel()
		o := newTunnel(t).open()
		_, database := o.ports()
		o.send(database, "idle")
		assert.Error(t, o.end(), "database: the session has ended; open it again: ./plinth tunnel dev\n  SessionId: me-01 : Your session timed out due to inactivity")
		assert.Equal(t, o.terminated(), 1, "the other session has not ended in order")
	})
	t.Run("a plugin that fails", func(t *testing.T) {
		t.Parallel()
		o := newTunnel(t).open()
		api, _ := o.ports()
		o.send(api, "break")
		assert.Error(t, o.end(), "Kubernetes API: the session has ended; open it again: ./plinth tunnel dev\n  the data channel broke")
		assert.Equal(t, o.terminated(), 1)
	})
	for name, now := range map[string]string{"a bastion that is replaced": "i-2c3d\n", "a bastion that is being replaced": "\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newTunnel(t).open()
			o.can("aws", answer{Args: findBastion, Stdout: now})
			api, _ := o.ports()
			o.send(api, "break")
			assert.Error(t, o.end(), "plinth-dev-bastion: the instance i-0a1b is gone. A deployment of dev-network replaces it when AWS has a newer image; open the tunnel again in some minutes: ./plinth tunnel dev")
		})
	}
	t.Run("an AWS CLI that is killed", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS != "linux" {
			t.Skip("only Linux tells the programs in files")
		}
		o := newTunnel(t).open()
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		assert.NilError(t, err)
		for _, file := range files {
			arguments, _ := os.ReadFile(file) // empty for a process that has ended
			if bytes.HasPrefix(arguments, []byte(filepath.Join(o.folder, "bin", "aws")+"\x00")) {
				pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
				assert.NilError(t, err)
				assert.NilError(t, syscall.Kill(pid, syscall.SIGKILL)) // this orphans its plugin
				break
			}
		}
		assert.ErrorContains(t, o.end(), "the session has ended; open it again")
	})
	t.Run("plugins that do not heed Ctrl-C", func(t *testing.T) {
		t.Parallel()
		d := newTunnel(t)
		d.can("session-manager-plugin", answer{Act: "stubborn"})
		o := d.open()
		o.ctrlC()
		assert.NilError(t, o.end())
		assert.Equal(t, o.terminated(), 0)
	})
	t.Run("a session that is refused, after one that is not", func(t *testing.T) {
		t.Parallel()
		const denied = "An error occurred (AccessDeniedException) when calling the StartSession operation: not authorized"
		d := newTunnel(t, answer{Args: startSession + databaseHost, Code: 254, Stderr: "\n" + denied + "\n"})
		assert.Equal(t, d.fails("tunnel -env dev"), "database: access is denied; your IAM role needs the policy in the output tunnel_policy of dev-network\n  "+denied)
		assert.Equal(t, d.stderr.String(), "")
		d.nothingLeft()
	})
}

// TestTunnelTells has a local port that accepts connections, but a target that does not.
func TestTunnelTells(t *testing.T) {
	t.Parallel()
	o := newTunnel(t).open()
	_, database := o.ports()
	o.send(database, "unreachable")
	o.await("database: the bastion cannot reach " + databaseHost + ", port 5432\n")
	o.ctrlC()
	assert.NilError(t, o.end())
}

// TestTunnelNeverOpens changes openingPatience, so it must not run in parallel.
func TestTunnelNeverOpens(t *testing.T) {
	patience := openingPatience
	t.Cleanup(func() { openingPatience = patience })
	openingPatience = 500 * time.Millisecond
	d := newTunnel(t)
	d.can("session-manager-plugin", answer{Args: "host=" + apiHost, Act: "orderly"}, answer{Act: "deaf"})
	assert.Equal(t, d.fails("tunnel -env dev"), "tunnel: not open after 500ms; check the network")
	d.nothingLeft()
}

// TestTunnelSignals runs the program itself, with its default ports, so it must not run in parallel.
func TestTunnelSignals(t *testing.T) {
	for name, sent := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "terminated": syscall.SIGTERM, "the terminal is closed": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			d := newTunnel(t)
			d.can("delivery")
			o := &opened{desk: d, screen: &screen{}, ended: make(chan error, 1)}
			program := exec.Command(filepath.Join(d.folder, "bin", "delivery"), "tunnel", "dev")
			program.Dir, program.Env, program.Stderr = d.Dir, d.Environ, o.screen
			assert.NilError(t, program.Start())
			go func() { o.ended <- program.Wait() }()
			o.await("until Ctrl-C")
			assert.NilError(t, program.Process.Signal(sent))
			assert.NilError(t, o.end())
			assert.Equal(t, d.terminated(), 2)
		})
	}
}

func TestTunnelRefuses(t *testing.T) {
	t.Parallel()
	says := func(args, stdout string) func(*testing.T) *desk {
		return func(t *testing.T) *desk { return newTunnel(t, answer{Args: args, Stdout: stdout}) }
	}
	fails := func(args, words string) func(*testing.T) *desk {
		return func(t *testing.T) *desk { return newTunnel(t, answer{Args: args, Code: 254, Stderr: words}) }
	}
	but := func(change func(*desk)) func(*testing.T) *desk {
		return func(t *testing.T) *desk {
			d := newTunnel(t)
			change(d)
			return d
		}
	}
	for _, test := range []struct {
		name string
		desk func(*testing.T) *desk
		want string
	}{
		{"no bastion", but(func(d *desk) { d.synthesize("dev") }), "dev: has no bastion; set network.bastion.enabled in environments/dev.yaml, and deploy dev-network, dev-data and dev-cluster$"},
		{"no plugin", but(func(d *desk) { d.remove("session-manager-plugin") }), "session-manager-plugin: not found on PATH; install the AWS CLI's plugin: https://docs.aws.amazon.com/"},
		{"no aws", but(func(d *desk) { d.remove("aws") }), "aws: not found on PATH; install the AWS CLI 2: https://"},
		{"old credentials", fails(identity, "ExpiredToken"), "aws: the AWS credentials have expired; sign in again"},
		{"not running", says(findBastion, "\n"), "plinth-dev-bastion: is not running; start it, or deploy it: ./plinth deploy dev-network$"},
		{"two of a name", says(findBastion, "i-0a1b\ti-2c3d\n"), "plinth-dev-bastion: several instances have this name: i-0a1b and i-2c3d; the bastion is the output bastion_instance_id of dev-network$"},
		{"no instance's ID", says(findBastion, "--help"), `aws: answered "--help" when asked for the bastion$`},
		{"must not look", fails(findBastion, "An error occurred (UnauthorizedOperation) when calling the DescribeInstances operation"),
			"aws: access is denied; your IAM role needs the policy in the output tunnel_policy of dev-network\n  An error occurred (UnauthorizedOperation)"},
		{"no cluster", fails(findAPI, "An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation"), "aws: there is no cluster plinth-dev; deploy it first: ./plinth deploy dev-cluster\n"},
		{"a cluster that is being made", says(findAPI, "None"), `aws: answered "None" when asked for the cluster's endpoint$`},
		{"no database", fails(findDatabase, "An error occurred (DBInstanceNotFound) when calling the DescribeDBInstances operation"), "aws: there is no database plinth-dev-postgres; deploy it first: ./plinth deploy dev-data\n"},
		{"a database that is being made", says(findDatabase, "None\tNone\tNone"), `aws: answered "None None None" when asked for the database's endpoint$`},
		{"a host that is more", says(findDatabase, "a.example';x 5432 a"), "when asked for the database's endpoint$"},
		{"no password", says(findDatabase, databaseHost+" 5432 None"), "when asked for the database's endpoint$"},
		{"a bastion that is not connected", fails(startSession, "An error occurred (TargetNotConnected) when calling the StartSession operation: i-0a1b is not connected."),
			": Session Manager does not know the bastion yet. A new bastion takes a minute, and needs NAT or the interface endpoints ssm and ssmmessages\n  An error occurred (TargetNotConnected)"},
		{"a plugin that the CLI does not find", fails(startSession, "SessionManagerPlugin is not found. Please refer to"), "session-manager-plugin: not found; install the AWS CLI's plugin: https://"},
		{"a plugin that fails at once", but(func(d *desk) { d.can("session-manager-plugin", answer{Code: 1}) }), "the session has ended; open it again: ./plinth tunnel dev$"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := test.desk(t)
			message := d.fails("tunnel -env dev")
			contains(t, message+"$", test.want)
			assert.Assert(t, !strings.Contains(message, "TokenValue"), message)
			assert.Equal(t, d.stderr.String(), "")
			d.nothingLeft()
		})
	}
}

// remove removes a program.
func (d *desk) remove(program string) {
	d.t.Helper()
	assert.NilError(d.t, os.Remove(filepath.Join(d.folder, "bin", program)))
}

func TestFreePorts(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	defer listener.Close()
	taken := listener.Addr().(*net.TCPAddr).Port
	ports, err := freePorts(taken, taken)
	assert.NilError(t, err)
	assert.Assert(t, ports[0] != taken && ports[1] != taken && ports[0] != ports[1], "%d: %v", taken, ports)
	wished, err := freePorts(ports[0])
	assert.NilError(t, err)
	assert.Equal(t, wished[0], ports[0])
}

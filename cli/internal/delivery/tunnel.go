package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"plinth/cli/internal/sentence"
)

// openingPatience is how long a tunnel may take to open.
var openingPatience = 2 * time.Minute

// errClosed is returned when the user ends a command with Ctrl-C, which is not a failure.
var errClosed = errors.New("closed")

// tunnel is the command ./plinth tunnel. It opens ways to the Kubernetes API and the database, prints
// how to use them, and keeps them open until Ctrl-C or until a session ends.
func (s *Session) tunnel(ctx context.Context) error {
	e, err := s.environment()
	if err != nil {
		return err
	}
	if e.bastion == "" {
		return fmt.Errorf("%s: has no bastion; set network.bastion.enabled in environments/%[1]s.yaml, and deploy %[1]s-network, %[1]s-data and %[1]s-cluster", e.name)
	}
	for _, program := range []string{"aws", "session-manager-plugin"} {
		if _, err := s.find(program); err != nil {
			return err
		}
	}
	opening, cancel := context.WithTimeout(ctx, openingPatience)
	defer cancel()
	t := &tunnel{Session: s, environment: e, notes: make(chan string, 10)}
	defer t.close()
	if err := t.open(opening); err != nil {
		if ctx.Err() == nil && opening.Err() != nil {
			return fmt.Errorf("tunnel: not open after %s; check the network", openingPatience)
		}
		return err
	}
	t.explain()
	return t.hold(ctx)
}

// tunnel is the sessions through one bastion.
type tunnel struct {
	*Session
	*environment
	instance string // the bastion's ID
	secret   string // the name or ARN of the secret with the database's password
	local    int    // the local port for the database
	sessions []*forward
	// ended gets each session that ends, notes the messages of the others.
	ended chan *forward
	notes chan string
}

// open starts the sessions and waits until all ways accept a connection.
func (t *tunnel) open(ctx context.Context) error {
	if _, err := t.caller(ctx, t.environment); err != nil {
		return err
	}
	if err := t.findBastion(ctx); err != nil {
		return err
	}
	api, err := t.findAPI(ctx)
	if err != nil {
		return err
	}
	ways := []way{api}
	if t.database.inCluster { // reached through the API
		t.secret = t.database.secret
	} else {
		postgres, err := t.findDatabase(ctx)
		if err != nil {
			return err
		}
		ways = append(ways, postgres)
	}
	ports, err := freePorts(t.APIPort, t.DatabasePort)
	if err != nil {
		return err
	}
	t.local = ports[1]
	t.ended = make(chan *forward, len(ways))
	for i, w := range ways {
		w.local = ports[i]
		f, err := t.forward(t.environment, t.instance, w, t.notes)
		if err != nil {
			return err
		}
		t.sessions = append(t.sessions, f)
		go func() {
			<-f.ended
			t.ended <- f
		}()
	}
	for _, f := range t.sessions {
		for !f.accepts() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case f := <-t.ended:
				return t.failure(f)
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	select {
	case f := <-t.ended: // another program may have taken its port
		return t.failure(f)
	default:
		return nil
	}
}

// hold returns at Ctrl-C, or when a session has ended.
func (t *tunnel) hold(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return errClosed
		case f := <-t.ended:
			return cmp.Or(t.replaced(ctx), t.failure(f))
		case note := <-t.notes:
			t.say("%s", note)
		}
	}
}

// replaced returns an error if the sessions' bastion is gone: a deployment of the network replaces it when
// AWS has a newer image.
func (t *tunnel) replaced(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openingPatience)
	defer cancel()
	was := t.instance
	err := t.findBastion(ctx)
	if err == nil && t.instance == was || err != nil && !errors.Is(err, errNotRunning) {
		return nil
	}
	return fmt.Errorf("%s: the instance %s is gone. A deployment of %s-network replaces it when AWS has a newer image; open the tunnel again in some minutes: ./plinth tunnel %[3]s",
		t.bastion, was, t.name)
}

// errNotRunning is the part of an error that says that no bastion runs.
var errNotRunning = errors.New("is not running")

// close ends all sessions.
func (t *tunnel) close() {
	var at sync.WaitGroup
	for _, f := range t.sessions {
		at.Go(f.end)
	}
	at.Wait()
}

// explain prints how to use the ways. Security: TLS is verified as without the tunnel, against the
// name of the host at its end. The password is not printed, only the command that shows it.
//   - https://kubernetes.io/docs/reference/kubectl/kubectl/
//   - https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOSTADDR
func (t *tunnel) explain() {
	api := t.sessions[0]
	kubectl := fmt.Sprintf("kubectl --context %s --server https://127.0.0.1:%d --tls-server-name %s", t.cluster, api.local, api.host)
	t.say(`The tunnel to %s is open, through %s, until Ctrl-C.

kubectl, once ./plinth kubeconfig %s has made its context:
  %s --namespace %s get pods
%s
%s
  aws secretsmanager get-secret-value --secret-id '%s' --query SecretString --output text --region %s

A shell on the bastion, which is logged:
  aws ssm start-session --target %s --document-name %s --region %s
`,
		t.name, t.bastion, t.name,
		kubectl, t.namespace(), t.others(),
		t.psql(kubectl), t.secret, t.region,
		t.instance, t.bastion, t.region)
}

// others returns a line about the namespaces of the other applications, empty if there are none.
func (t *tunnel) others() string {
	if len(t.applications) < 2 {
		return ""
	}
	var namespaces []string
	for _, a := range t.applications[1:] {
		namespaces = append(namespaces, "--namespace "+a.Namespace)
	}
	return "  Another application's: " + strings.Join(namespaces, ", ") + "\n"
}

// certificatesURL is the URL of RDS's certificate authorities.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
const certificatesURL = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"

// psql returns how to connect to the database. Security: PostgreSQL in the cluster has a self-signed
// certificate, but with channel binding psql rejects a server that does not know the password.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-CHANNEL-BINDING
func (t *tunnel) psql(kubectl string) string {
	if t.database.inCluster {
		return fmt.Sprintf(`psql, while the first of these runs, and where the password is that it asks for:
  %s --namespace %[2]s port-forward service/%[2]s %d:5432
  psql 'host=127.0.0.1 port=%[3]d user=%s dbname=%s sslmode=require channel_binding=require'`,
			kubectl, inClusterDatabase, t.local, t.database.user, t.database.name)
	}
	where, bundle := "with AWS's certificates in this file ("+certificatesURL+")", "global-bundle.pem"
	for _, a := range t.applications {
		if file := bundleOf(a); file != "" && t.holds(file) {
			where, bundle = "in the repository's folder", file
			break
		}
	}
	return fmt.Sprintf(`psql, %s, and where the password is that it asks for:
  psql 'host=%s hostaddr=127.0.0.1 port=%d user=%s dbname=%s sslmode=verify-full sslrootcert=%s'`,
		where, t.sessions[1].host, t.local, t.database.user, t.database.name, bundle)
}

// look runs the AWS CLI and returns the fields of its answer.
func (t *tunnel) look(ctx context.Context, args ...string) ([]string, error) {
	answer, err := t.aws(ctx, t.environment, append(args, "--output", "text")...)
	var f *failed
	if errors.As(err, &f) {
		f.remedy = t.remedy(f.words, f.remedy)
	}
	return strings.Fields(answer), err
}

var (
	instanceID = regexp.MustCompile(`^i-[0-9a-f]+$`)
	hostname   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+$`)
	secretID   = regexp.MustCompile(`^[\w/+=.@:!-]+$`)
)

// errAnswer returns an error about an unexpected answer, which must not get into a command.
func errAnswer(asked string, answer []string) error {
	return fmt.Errorf("aws: answered %q when asked for %s", strings.Join(answer, " "), asked)
}

func (t *tunnel) findBastion(ctx context.Context) error {
	ids, err := t.look(ctx, "ec2", "describe-instances", "--filters", "Name=tag:Name,Values="+t.bastion, "Name=instance-state-name,Values=running",
		"--query", "Reservations[].Instances[].InstanceId")
	switch {
	case err != nil:
		return err
	case len(ids) == 0:
		return fmt.Errorf("%s: %w; start it, or deploy it: ./plinth deploy %s-network", t.bastion, errNotRunning, t.name)
	case len(ids) > 1:
		return fmt.Errorf("%s: several instances have this name: %s; the bastion is the output bastion_instance_id of %s-network", t.bastion, sentence.List(ids), t.name)
	case !instanceID.MatchString(ids[0]):
		return errAnswer("the bastion", ids)
	}
	t.instance = ids[0]
	return nil
}

func (t *tunnel) findAPI(ctx context.Context) (way, error) {
	answer, err := t.look(ctx, "eks", "describe-cluster", "--name", t.cluster, "--query", "cluster.endpoint")
	if err != nil {
		return way{}, err
	}
	host := strings.TrimPrefix(strings.Join(answer, " "), "https://")
	if !hostname.MatchString(host) {
		return way{}, errAnswer("the cluster's endpoint", answer)
	}
	return way{what: "Kubernetes API", host: host, port: 443}, nil
}

func (t *tunnel) findDatabase(ctx context.Context) (way, error) {
	args := []string{"rds", "describe-db-instances", "--db-instance-identifier", t.database.identifier,
		"--query", "DBInstances[0].[Endpoint.Address,Endpoint.Port,MasterUserSecret.SecretArn]"}
	if t.database.aurora {
		args = []string{"rds", "describe-db-clusters", "--db-cluster-identifier", t.database.identifier,
			"--query", "DBClusters[0].[Endpoint,Port,MasterUserSecret.SecretArn]"}
	}
	answer, err := t.look(ctx, args...)
	if err != nil {
		return way{}, err
	}
	if len(answer) != 3 {
		return way{}, errAnswer("the database's endpoint", answer)
	}
	t.secret = answer[2]
	if t.database.secret != "" { // Terraform's secret, if RDS does not manage the password
		t.secret = t.database.secret
	}
	port, err := strconv.ParseUint(answer[1], 10, 16)
	if err != nil || !hostname.MatchString(answer[0]) || t.secret == "None" || !secretID.MatchString(t.secret) {
		return way{}, errAnswer("the database's endpoint", answer)
	}
	return way{what: "database", host: answer[0], port: int(port)}, nil
}

// failure returns why a session has ended.
func (t *tunnel) failure(f *forward) error {
	remedy := t.remedy(f.words, "the session has ended; open it again: ./plinth tunnel "+t.name)
	if f.words == "" {
		return fmt.Errorf("%s: %s", f.what, remedy)
	}
	return fmt.Errorf("%s: %s\n%s", f.what, remedy, indent(f.words))
}

var tunnelCauses = []struct {
	sign   *regexp.Regexp
	remedy func(*environment) string
}{
	{regexp.MustCompile(`AccessDenied|UnauthorizedOperation|not authorized`), func(e *environment) string {
		return "access is denied; your IAM role needs the policy in the output tunnel_policy of " + e.name + "-network"
	}},
	{regexp.MustCompile(`TargetNotConnected`), func(*environment) string {
		return "Session Manager does not know the bastion yet. A new bastion takes a minute, and needs NAT or the interface endpoints ssm and ssmmessages"
	}},
	{regexp.MustCompile(`SessionManagerPlugin is not found`), func(*environment) string {
		return "session-manager-plugin: not found; " + install["session-manager-plugin"]
	}},
	{regexp.MustCompile(`ResourceNotFoundException`), func(e *environment) string {
		return "there is no cluster " + e.cluster + "; deploy it first: ./plinth deploy " + e.name + "-cluster"
	}},
	{regexp.MustCompile(`DBInstanceNotFound|DBClusterNotFound`), func(e *environment) string {
		return "there is no database " + e.database.identifier + "; deploy it first: ./plinth deploy " + e.name + "-data"
	}},
}

// remedy returns what to do about the output of the CLI or its plugin, or otherwise if it is unknown.
func (t *tunnel) remedy(words, otherwise string) string {
	for _, cause := range tunnelCauses {
		if cause.sign.MatchString(words) {
			return cause.remedy(t.environment)
		}
	}
	for _, cause := range awsCauses {
		if cause.sign.MatchString(words) {
			return cause.remedy
		}
	}
	return otherwise
}

// Package controlplane runs a real Kubernetes control plane on this machine: etcd, the API
// server, the controllers and the scheduler. kwok simulates nodes and pods: no container runs,
// and every pod is ready at once.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"plinth/rehearsal/internal/guard"
)

// ControlPlane is a running control plane. All its files are in one folder and useless after it
// has stopped.
type ControlPlane struct {
	Client

	processes []*process
}

type process struct {
	*guard.Process
	name  string
	log   *os.File
	ended chan struct{} // closed when it has ended
	err   error         // its exit error
}

// patience is how long each part may take to be ready. On two busy cores the whole start takes
// about ten seconds.
const patience = 2 * time.Minute

// Start starts a control plane and returns when its nodes are ready. programs is the folder with
// its programs, which make kubernetes fills. folder gets its files and must not exist yet. name
// is the name of kubectl's context.
func Start(ctx context.Context, programs, folder, name string) (*ControlPlane, error) {
	if err := check(programs); err != nil {
		return nil, err
	}
	c := &ControlPlane{Client: Client{Programs: programs, Folder: folder}}
	if err := c.start(ctx, name); err != nil {
		return nil, errors.Join(fmt.Errorf("the Kubernetes control plane: %w; its logs are in %s", err, folder), c.Stop())
	}
	return c, nil
}

// check checks for the programs, and for the stages by which kwok simulates pods.
func check(programs string) error {
	for _, name := range append([]string{etcd, apiserver, controllers, scheduler, kwok, kubectl, helm}, stages...) {
		if _, err := os.Stat(filepath.Join(programs, name)); err != nil {
			return fmt.Errorf("the Kubernetes control plane lacks %s: make kubernetes builds it", filepath.Join(programs, name))
		}
	}
	return nil
}

// The programs, by the names of their packages.
const (
	etcd        = "etcd"
	apiserver   = "kube-apiserver"
	controllers = "kube-controller-manager"
	scheduler   = "kube-scheduler"
	kwok        = "kwok"
	kubectl     = "kubectl"
	helm        = "helm"
)

// stages are files of kwok's own.
var stages = []string{"stages/node-initialize.yaml", "stages/node-heartbeat-with-lease.yaml",
	"stages/pod-ready.yaml", "stages/pod-complete.yaml", "stages/pod-delete.yaml"}

func (c *ControlPlane) start(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	store, peer, api := loopback(ports[0]), loopback(ports[1]), loopback(ports[2])
	if err := c.writeCredentials("https://"+api, name); err != nil {
		return err
	}
	// Nothing here outlives the process, so nothing needs to reach the disk.
	if err := c.run(etcd, "--data-dir", c.path("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", "http://"+store, "--advertise-client-urls", "http://"+store,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer,
		"--initial-cluster", "default=http://"+peer); err != nil {
		return err
	}
	if err := c.run(apiserver, "--etcd-servers", "http://"+store, "--bind-address", address, "--secure-port", strconv.Itoa(ports[2]),
		"--tls-cert-file", c.path(certificate), "--tls-private-key-file", c.path(certificateKey),
		"--token-auth-file", c.path(tokens), "--authorization-mode", "Node,RBAC",
		"--service-account-issuer", "https://kubernetes.default.svc",
		"--service-account-key-file", c.path(accountKey), "--service-account-signing-key-file", c.path(accountKey),
		"--service-cluster-ip-range", "172.20.0.0/16", // EKS's own
		// No node could reach the API server at its Service's address.
		"--endpoint-reconciler-type", "none"); err != nil {
		return err
	}
	if err := c.await(ctx, "get", "--raw", "/readyz"); err != nil {
		return err
	}
	if err := c.run(controllers, "--kubeconfig", c.Kubeconfig(), "--leader-elect=false", "--secure-port", "0",
		"--use-service-account-credentials", "--service-account-private-key-file", c.path(accountKey), "--root-ca-file", c.path(certificate),
		"--horizontal-pod-autoscaler-sync-period", "1s",
		// On a busy machine a heartbeat may be late, and no pod of a node without one is ready.
		"--node-monitor-grace-period", "5m"); err != nil {
		return err
	}
	if err := c.run(scheduler, "--kubeconfig", c.Kubeconfig(), "--leader-elect=false", "--secure-port", "0"); err != nil {
		return err
	}
	if err := os.WriteFile(c.path("stages.yaml"), []byte(ownStages), 0o600); err != nil {
		return err
	}
	arguments := []string{"--kubeconfig", c.Kubeconfig(), "--manage-nodes-with-annotation-selector", "kwok.x-k8s.io/node=fake", "--node-lease-duration-seconds", "40", "--config", c.path("stages.yaml")}
	for _, stage := range stages {
		arguments = append(arguments, "--config", filepath.Join(c.Programs, stage))
	}
	if err := c.run(kwok, arguments...); err != nil {
		return err
	}
	for _, objects := range []string{nodes, definitions} {
		if _, err := c.Kubectl(ctx, objects, "create", "-f", "-"); err != nil {
			return err
		}
	}
	if err := c.await(ctx, "wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout", "1s"); err != nil {
		return err
	}
	return c.await(ctx, "wait", "--for=condition=Ready", "node", "--all", "--timeout", "1s")
}

// run starts a program that keeps running.
func (c *ControlPlane) run(name string, arguments ...string) error {
	log, err := os.Create(c.path(name + ".log"))
	if err != nil {
		return err
	}
	started, err := guard.Start(guard.Program{
		Path: filepath.Join(c.Programs, name), Args: arguments, Folder: c.Folder, Env: os.Environ(), Output: log,
	})
	if err != nil {
		return errors.Join(err, log.Close())
	}
	p := &process{Process: started, name: name, log: log, ended: make(chan struct{})}
	go func() {
		p.err = p.Wait()
		close(p.ended)
	}()
	c.processes = append(c.processes, p)
	return nil
}

// await retries a kubectl command until it succeeds, or a program has ended.
func (c *ControlPlane) await(ctx context.Context, arguments ...string) error {
	for {
		_, err := c.Kubectl(ctx, "", arguments...)
		if err == nil {
			return nil
		}
		for _, p := range c.processes {
			select {
			case <-p.ended:
				return fmt.Errorf("%s has ended: %w", p.name, errors.Join(p.err, err))
			default:
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop kills everything at once: on SIGTERM the API server would wait for etcd.
func (c *ControlPlane) Stop() error {
	var err error
	for _, p := range c.processes {
		p.Kill()
	}
	for _, p := range c.processes {
		<-p.ended // killed, which is no error
		err = errors.Join(err, p.log.Close())
	}
	c.processes = nil
	return err
}

func (c *ControlPlane) path(name string) string { return filepath.Join(c.Folder, name) }

// address is where everything listens.
const address = "127.0.0.1"

func loopback(port int) string { return net.JoinHostPort(address, strconv.Itoa(port)) }

// freePorts finds ports that nobody listens on.
func freePorts(count int) ([]int, error) {
	ports := make([]int, count)
	for i := range ports {
		listener, err := net.Listen("tcp", loopback(0))
		if err != nil {
			return nil, err
		}
		defer listener.Close() // only when all are found, so that they differ
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

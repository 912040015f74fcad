package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Client runs the real kubectl and the real Helm against one control plane.
type Client struct {
	// Programs is the folder with the programs, Folder the control plane's.
	Programs, Folder string
	// Driver is where Helm stores releases: secret, which is the default, or configmap.
	Driver string
}

// Kubeconfig is the path of the kubeconfig of an administrator.
func (c Client) Kubeconfig() string { return filepath.Join(c.Folder, "kubeconfig") }

// Running reports whether there is a control plane in the folder, running or not.
func (c Client) Running() bool {
	_, err := os.Stat(c.Kubeconfig())
	return err == nil
}

// Variables make kubectl and Helm use this control plane, and store nothing elsewhere.
func (c Client) Variables() []string {
	variables := []string{
		"KUBECONFIG=" + c.Kubeconfig(),
		"KUBECACHEDIR=" + filepath.Join(c.Folder, "cache"),
		"HELM_CACHE_HOME=" + filepath.Join(c.Folder, "helm", "cache"),
		"HELM_CONFIG_HOME=" + filepath.Join(c.Folder, "helm", "config"),
		"HELM_DATA_HOME=" + filepath.Join(c.Folder, "helm", "data"),
	}
	if c.Driver != "" {
		variables = append(variables, "HELM_DRIVER="+c.Driver)
	}
	return variables
}

// Kubectl runs kubectl and returns its output. The error contains kubectl's message.
func (c Client) Kubectl(ctx context.Context, input string, arguments ...string) (string, error) {
	return c.run(ctx, kubectl, input, arguments)
}

// Helm runs Helm and returns its output. The error contains Helm's message.
func (c Client) Helm(ctx context.Context, input string, arguments ...string) (string, error) {
	return c.run(ctx, helm, input, arguments)
}

func (c Client) run(ctx context.Context, program, input string, arguments []string) (string, error) {
	command := exec.CommandContext(ctx, filepath.Join(c.Programs, program), arguments...)
	command.Env = append(os.Environ(), c.Variables()...)
	command.Stdin = strings.NewReader(input)
	var output, complaint bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("%s %s: %w: %s", program, strings.Join(arguments, " "), err, strings.TrimSpace(complaint.String()))
	}
	return output.String(), nil
}

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

// Client is the real kubectl and the real Helm, for one control plane.
type Client struct {
	// Programs is the folder with the programs, Folder that of the control plane.
	Programs, Folder string
	// Driver is where Helm keeps releases: secret, which is the default, or configmap.
	Driver string
}

// Kubeconfig is the file with an administrator's access.
func (c Client) Kubeconfig() string { return filepath.Join(c.Folder, "kubeconfig") }

// Running tells whether there is a control plane in the folder, running or not.
func (c Client) Running() bool {
	_, err := os.Stat(c.Kubeconfig())
	return err == nil
}

// Variables have kubectl and Helm use this control plane, and keep nothing elsewhere.
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

// Kubectl runs kubectl and returns what it prints. The error holds what it says of one.
func (c Client) Kubectl(ctx context.Context, input string, arguments ...string) (string, error) {
	return c.run(ctx, kubectl, input, arguments)
}

// Helm runs Helm likewise.
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

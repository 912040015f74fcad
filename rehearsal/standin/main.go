// Command standin replaces the providers for AWS, Kubernetes and Helm in a rehearsal, and the AWS
// CLI that the stacks' destroy-time provisioners run. The name of its file selects which one it
// is: terraform-provider-aws_v5.99.1, or aws.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	tfaddr "github.com/hashicorp/terraform-registry-address"

	"plinth/rehearsal/internal/awscli"
	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/provider"
)

var providerName = regexp.MustCompile(`^terraform-provider-([a-z]+)`)

func main() {
	name := filepath.Base(os.Args[0])
	if match := providerName.FindStringSubmatch(name); match != nil {
		name = match[1]
		if err := serve(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if name == "aws" {
		os.Exit(awscli.Run(cloud.Open(os.Getenv(cloud.FolderVariable)), os.Args[1:], os.Stdout, os.Stderr))
	}
	fmt.Fprintf(os.Stderr, "%s: a rehearsal's simulator must be called aws, or terraform-provider- and what it stands in for\n", name)
	os.Exit(1)
}

func serve(name string) error {
	server, err := provider.New(name)
	if err != nil {
		return err
	}
	address := tfaddr.NewProvider(tfaddr.DefaultProviderRegistryHost, "hashicorp", name).String()
	return tf6server.Serve(address, func() tfprotov6.ProviderServer { return server })
}

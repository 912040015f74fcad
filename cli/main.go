// Command plinth is the one command for users: it rehearses, deploys and operates environments. The
// launcher ./plinth, in the repository's root, builds it.
package main

import (
	"os"

	"plinth/cli/internal/command"
	"plinth/cli/internal/impact"
)

func main() {
	if path := os.Getenv(impact.Variable); path != "" { // cdktf runs it, as Terraform
		os.Exit(impact.Main(path, os.Args[1:]))
	}
	os.Exit(command.Main(os.Args[1:]))
}

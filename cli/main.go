// Command plinth is the one command for users: it rehearses, deploys and operates environments. The
// launcher ./plinth, in the repository's root, builds it.
package main

import (
	"os"

	"plinth/cli/internal/command"
)

func main() { os.Exit(command.Main(os.Args[1:])) }

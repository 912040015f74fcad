// Command rename gives the project, its application and its Go module other names:
//
//	rename -project acme -app shop -module example.com/acme/platform
//
// It edits environments/*.yaml, every go.mod and every import.
package main

import (
	"flag"
	"fmt"
	"os"

	"plinth/tools/rename"
)

func main() {
	o := rename.Options{Out: os.Stdout}
	root := flag.String("root", "..", "the repository")
	flag.StringVar(&o.Project, "project", "", "the project's new name")
	flag.StringVar(&o.App, "app", "", "the application's")
	flag.StringVar(&o.Module, "module", "", "the Go module's")
	flag.BoolVar(&o.Dirty, "dirty", false, "also where Git knows of changes")
	flag.Parse()
	if err := rename.Rename(*root, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

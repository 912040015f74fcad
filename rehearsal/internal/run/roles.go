package run

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"plinth/rehearsal/internal/shell"
	"plinth/rehearsal/internal/synthesized"
)

// nobody is the role for a stack without one: no such role exists.
const nobody = "none"

// Under makes one cdktf command work on several stacks, each under its own role, like jobs of a
// pipeline for a branch or tag. roles is by stack. cdktf runs a script instead of Terraform, which
// takes the role of the stack whose folder it runs in.
func (r *Rehearsal) Under(c Command, roles map[string]string, ref synthesized.Ref) (Command, error) {
	token, err := r.Token(ref, synthesized.Deploy, tokenLife)
	if err != nil {
		return c, err
	}
	var cases strings.Builder
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		fmt.Fprintf(&cases, "  %s) AWS_ROLE_ARN=%s ;;\n", shell.Quote(name), shell.Quote(roles[name]))
	}
	script := "#!/bin/sh\ncase \"${PWD##*/}\" in\n" + cases.String() + "  *) AWS_ROLE_ARN=" + nobody + " ;;\nesac\n" +
		"unset " + keyVariable + " " + secretVariable + "\n" +
		"export AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE=" + shell.Quote(token) + " AWS_ROLE_SESSION_NAME=" + sessionName + "\n" +
		"exec " + shell.Quote(terraform()) + " \"$@\"\n"
	file := r.Path("bin", "terraform-under-roles")
	if err := os.WriteFile(file, []byte(script), 0o700); err != nil {
		return c, err
	}
	return r.With(c, "TERRAFORM_BINARY_NAME="+file), nil
}

package command

import (
	"strings"

	"github.com/spf13/cobra"

	"plinth/cli/internal/project"
)

func newNote(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "note <env> <stack>...",
		Short: "Comment the plans' summaries on the pipeline's merge request",
		Long:  "Also writes the text to build/plan/<env>.md. Stacks may be one argument separated by spaces, as in a pipeline's variable.",
		Example: `  ./plinth note dev dev-network dev-app
  ./plinth note "$ENV" "$STACK"
  ./plinth note dev --upgrade   # the report of ./plinth rehearse dev --from`,
	}
	upgrade := c.Flags().Bool("upgrade", false, "the report of a rehearsal from another version, in build/upgrade/<env>.md")
	c.Args = func(c *cobra.Command, args []string) error {
		switch {
		case *upgrade && len(args) != 1:
			return errUsage(c, "--upgrade goes with an environment alone.")
		case !*upgrade && len(args) < 2:
			return errUsage(c, "Which environment, and which stacks?")
		}
		return nil
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		planner := newPlanner(p, false)
		if *upgrade {
			return planner.NoteUpgrade(c.Context(), args[0])
		}
		return planner.Note(c.Context(), args[0], strings.Fields(strings.Join(args[1:], " ")))
	}
	return c
}

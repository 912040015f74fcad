package command

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"plinth/cli/internal/project"
	"plinth/cli/internal/providers"
	"plinth/cli/internal/terraform"
)

func newLock(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "lock",
		Short: "Record the checksums of the Terraform providers",
		Long: `It writes .terraform.lock.hcl, to be committed. From then on every command refuses a provider's package with
another checksum. Run it again when a provider's version has changed.`,
		Example: `  ./plinth lock
  ./plinth lock --platform linux_amd64,windows_amd64
  ./plinth lock --net-mirror https://terraform.example.com/providers/`,
		Args: exactly(),
	}
	skip := skipSynth(c)
	var o providers.Options
	c.Flags().StringSliceVar(&o.Platforms, "platform", providers.Platforms, "the platforms that Terraform runs on")
	c.Flags().StringVar(&o.NetMirror, "net-mirror", "", "the URL of a mirror of the registry")
	c.Flags().StringVar(&o.FSMirror, "fs-mirror", "", "the folder of a mirror of the registry")
	c.MarkFlagsMutuallyExclusive("net-mirror", "fs-mirror")
	_ = c.RegisterFlagCompletionFunc("platform", cobra.FixedCompletions(providers.Platforms, cobra.ShellCompDirectiveNoFileComp))
	_ = c.MarkFlagDirname("fs-mirror")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		if o.FSMirror != "" && !filepath.IsAbs(o.FSMirror) {
			o.FSMirror = p.Path(o.FSMirror)
		}
		file, err := providers.Record(c.Context(), p.Root, o, func(folder string, args ...string) error {
			program, err := terraform.Find()
			if err != nil {
				return err
			}
			return p.Run(c.Context(), project.Program{Path: program, Args: args, Folder: folder, Environ: terraform.Environment(p.Environ), Stdout: p.Stderr})
		})
		if err != nil {
			return err
		}
		p.Say("The checksums are in %s. Commit it.", p.Short(file))
		return nil
	}
	return c
}

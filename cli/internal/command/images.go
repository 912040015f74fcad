package command

import (
	"github.com/spf13/cobra"

	"plinth/cli/internal/inventory"
	"plinth/cli/internal/project"
	"plinth/images"
)

func newImages(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "images",
		Short: "List third-party images and charts, or record the images' digests",
		Long: `It lists the images of every release of every environment, as their charts name them, and where each version
is pinned. With --record it asks the registries for the images' digests and writes images.lock.yaml, to be
committed. From then on the stacks name every image by its digest. Record again when a version has changed.`,
		Example: `  ./plinth images
  ./plinth images --output json
  ./plinth images --record`,
		Args: exactly(),
	}
	skip := c.Flags().Bool("skip-synth", false, "use the last rendered charts")
	format := output(c)
	record := c.Flags().Bool("record", false, "write the digests to images.lock.yaml")
	c.RunE = func(c *cobra.Command, _ []string) error {
		asJSON, err := asJSON(*format)
		if err != nil {
			return err
		}
		rendered := p.Path("build", "images.json")
		if !*skip {
			if err := p.Images(c.Context(), rendered); err != nil {
				return err
			}
		}
		list, err := inventory.Read(p.Root, rendered)
		if err != nil {
			return err
		}
		for _, unknown := range list.Unknown {
			p.Say("%s", unknown)
		}
		file := images.File(p.Root)
		if *record {
			lock, err := list.Record(c.Context())
			if err == nil {
				err = lock.Write(file)
			}
			if err != nil {
				return err
			}
			p.Say("The digests are in %s. Commit it.", p.Short(file))
			return nil
		}
		lock, err := images.Load(file)
		if err != nil {
			return err
		}
		list.Compare(lock)
		if !asJSON {
			return list.Text(p.Stdout)
		}
		return writeJSON(p.Stdout, list)
	}
	return c
}

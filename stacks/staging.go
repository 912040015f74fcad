package stacks

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// A staging is a folder that an app is synthesized into, inside the one for the result. CDKTF
// writes one stack after another; so a mistake in a later one leaves the last result whole.
type staging struct{ folder, result string }

// stage makes the folder, and what tells an app to use it.
func stage(config *cdktf.AppConfig) (*staging, *cdktf.AppConfig, error) {
	var staged cdktf.AppConfig
	if config != nil {
		staged = *config
	}
	if staged.Outdir == nil {
		// As CDKTF itself does it.
		result := cmp.Or(os.Getenv("CDKTF_OUTDIR"), "cdktf.out")
		staged.Outdir = &result
	}
	s := staging{result: *staged.Outdir}
	if err := os.MkdirAll(s.result, 0o755); err != nil {
		return nil, nil, err
	}
	folder, err := os.MkdirTemp(s.result, ".staging-")
	if err != nil {
		return nil, nil, err
	}
	s.folder, staged.Outdir = folder, &folder
	return &s, &staged, nil
}

// publish moves every file over the result's, and leaves alone what else is there: Terraform
// keeps its providers beside a stack's file.
func (s *staging) publish() error {
	return filepath.WalkDir(s.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(s.folder, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(s.result, name), 0o755)
		}
		return os.Rename(path, filepath.Join(s.result, name))
	})
}

// discard removes what is left of the folder.
func (s *staging) discard() { _ = os.RemoveAll(s.folder) }

package run

import (
	"fmt"
	"os/exec"
	"path/filepath"

	"plinth/rehearsal/internal/mirror"
)

// Build builds a rehearsal's own programs for tests. The tests find them in a folder, which also keeps
// synthesized stacks. root is the repository: Go reuses up-to-date programs in its build folder.
func Build(root, folder string) (Tools, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return Tools{}, err
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	tools := Tools{Standin: in("standin"), Synth: in("synth"), Command: in("plinth"), Kept: Keep(in("synthesized"))}
	for _, program := range []struct{ module, name, built, file string }{
		{"rehearsal", "./standin", "programs/standin", tools.Standin}, {".", ".", "synth", tools.Synth}, {"cli", ".", "plinth", tools.Command},
	} {
		built := filepath.Join(root, "build", program.built)
		output, err := exec.Command("go", "build", "-C", filepath.Join(root, program.module), "-o", built, program.name).CombinedOutput()
		if err != nil {
			return Tools{}, fmt.Errorf("building %s: %w\n%s", program.name, err, output)
		}
		if err := mirror.Link(built, program.file); err != nil {
			return Tools{}, err
		}
	}
	return tools, nil
}

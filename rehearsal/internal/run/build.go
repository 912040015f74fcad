package run

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// Build builds a rehearsal's own programs into a folder, for tests, which keep there what they
// synthesize too. root is the repository.
func Build(root, folder string) (Tools, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return Tools{}, err
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	tools := Tools{Standin: in("standin"), Plinth: in("plinth"), Bootstrap: in("bootstrap"), Kept: Keep(in("synthesized"))}
	for _, program := range []struct{ module, name, file string }{
		{"rehearsal", "./standin", tools.Standin}, {".", ".", tools.Plinth}, {"tools", "./bootstrap", tools.Bootstrap},
	} {
		output, err := exec.Command("go", "build", "-C", filepath.Join(root, program.module), "-o", program.file, program.name).CombinedOutput()
		if err != nil {
			return Tools{}, fmt.Errorf("building %s: %w\n%s", program.name, err, output)
		}
	}
	return tools, nil
}

package wholeapp

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// references parses every expression as Terraform will and follows what it refers to: a
// resource, data source or ephemeral resource of the same stack, or another stack's output.
func references(p platform) (broken []string) {
	exists := map[string]bool{}
	for _, e := range p.elements() {
		exists[e.stack+" "+e.mode+" "+e.kind+" "+e.name] = true
	}
	for stack, document := range p.stacks {
		walk(document, stack, func(path string, scalar any) {
			text, _ := scalar.(string)
			if !strings.Contains(text, "${") {
				return
			}
			expression, diagnostics := hclsyntax.ParseTemplate([]byte(text), path, hcl.InitialPos)
			if diagnostics.HasErrors() {
				broken = append(broken, path+": "+diagnostics.Error())
				return
			}
			for _, traversal := range expression.Variables() {
				if problem := resolve(p, exists, stack, steps(traversal)); problem != "" {
					broken = append(broken, path+": "+problem)
				}
			}
		})
	}
	for _, e := range p.elements() {
		for _, target := range strs(e.body["depends_on"]) {
			if problem := resolve(p, exists, e.stack, strings.Split(target, ".")); problem != "" {
				broken = append(broken, e.String()+".depends_on: "+problem)
			}
		}
	}
	return broken
}

// steps returns the names along a reference, without indices.
func steps(traversal hcl.Traversal) []string {
	var names []string
	for _, step := range traversal {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			names = append(names, s.Name)
		case hcl.TraverseAttr:
			names = append(names, s.Name)
		}
	}
	return names
}

func resolve(p platform, exists map[string]bool, stack string, names []string) string {
	mode := "resource"
	switch names[0] {
	case "terraform", "self":
		return ""
	case "var":
		if dig(p.stacks[stack], "variable", names[1]) == nil {
			return fmt.Sprintf("variable %s does not exist", names[1])
		}
		return ""
	case "local":
		if dig(p.stacks[stack], "locals", names[1]) == nil {
			return fmt.Sprintf("local %s does not exist", names[1])
		}
		return ""
	case "data", "ephemeral":
		mode, names = names[0], names[1:]
	}
	if len(names) < 2 || !exists[stack+" "+mode+" "+names[0]+" "+names[1]] {
		return fmt.Sprintf("%s %s does not exist", mode, strings.Join(names, "."))
	}
	if names[0] != "terraform_remote_state" {
		return ""
	}
	producer := strings.TrimPrefix(names[1], "cross-stack-reference-input-")
	outputs, _ := p.stacks[producer]["output"].(object)
	if len(names) < 4 || outputs[names[3]] == nil {
		return fmt.Sprintf("%s has no output %s", producer, strings.Join(names[2:], "."))
	}
	return ""
}

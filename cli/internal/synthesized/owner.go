package synthesized

import "strings"

// Owner returns the environment of a stack, or "" if none of the environments has it: dev-eu for
// dev-eu-app, even if there is also dev.
func Owner(environments []string, stack string) string {
	longest := ""
	for _, name := range environments {
		if strings.HasPrefix(stack, name+"-") && len(name) > len(longest) {
			longest = name
		}
	}
	return longest
}

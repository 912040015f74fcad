package schema

import (
	_ "embed"
	"strings"
)

// The facts that facts.txt can state about an attribute. A third, open, cancels isSensitive.
const (
	isSensitive = "sensitive"
	isObject    = "object"
)

//go:embed facts.txt
var factLines string

var facts = readFacts()

// readFacts returns the fact for each name and address.
func readFacts() map[string]string {
	told := map[string]string{}
	for line := range strings.Lines(factLines) {
		if fact, where, ok := strings.Cut(strings.TrimSpace(line), " "); ok && fact != "#" {
			told[where] = fact
		}
	}
	return told
}

// fact returns the fact for an address, such as data.aws_ssm_parameter.value. Without one, an
// address of AWS's gets the fact for the name at its end.
func fact(address string) string {
	if told := facts[address]; told != "" {
		return told
	}
	if strings.HasPrefix(strings.TrimPrefix(address, "data."), "aws_") {
		return facts[address[strings.LastIndex(address, ".")+1:]]
	}
	return ""
}

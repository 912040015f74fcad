package schema

import (
	_ "embed"
	"strings"
)

// What facts.txt may tell of an attribute. A third, open, takes isSensitive back.
const (
	isSensitive = "sensitive"
	isObject    = "object"
)

//go:embed facts.txt
var factLines string

var facts = readFacts()

// readFacts returns what is told of each name and address.
func readFacts() map[string]string {
	told := map[string]string{}
	for line := range strings.Lines(factLines) {
		if fact, where, ok := strings.Cut(strings.TrimSpace(line), " "); ok && fact != "#" {
			told[where] = fact
		}
	}
	return told
}

// fact is what is told of an address, such as data.aws_ssm_parameter.value, or else of the
// name at its end, if the address is of AWS's.
func fact(address string) string {
	if told := facts[address]; told != "" {
		return told
	}
	if strings.HasPrefix(strings.TrimPrefix(address, "data."), "aws_") {
		return facts[address[strings.LastIndex(address, ".")+1:]]
	}
	return ""
}

package main

import (
	"fmt"
	"strings"
)

// mistakes are all problems found in one pass, so that a user can fix them all
// before the next run.
type mistakes []string

func (m *mistakes) addf(format string, args ...any) {
	*m = append(*m, fmt.Sprintf(format, args...))
}

func (m mistakes) Error() string {
	if len(m) == 1 {
		return m[0]
	}
	return fmt.Sprintf("%d mistakes:\n  %s", len(m), strings.Join(m, "\n  "))
}

// err returns m as an error, nil when it is empty.
func (m mistakes) err() error {
	if len(m) == 0 {
		return nil
	}
	return m
}

// Package shell writes for shells.
package shell

import "strings"

// Quote quotes for a shell.
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

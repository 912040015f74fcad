// Package shell writes text for shells.
package shell

import "strings"

// Quote quotes a text for a shell.
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

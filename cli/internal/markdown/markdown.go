// Package markdown writes text that others chose into reports.
package markdown

import "strings"

// Plain returns text on one line, without characters that mean something to Markdown or to GitLab's
// quick actions. The rehearsal, another module, has the same in internal/report.
func Plain(text string) string {
	return strings.NewReplacer("`", "'", "|", "¦", "<", "‹", ">", "›", "@", "@\u200b").Replace(strings.Join(strings.Fields(text), " "))
}

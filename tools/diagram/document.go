package main

import (
	"bytes"
	"fmt"
)

const (
	beginMarker = "<!-- architecture:begin -->"
	endMarker   = "<!-- architecture:end -->"
)

// replaceBlock returns document with a fenced Mermaid block in place of the text between its two
// markers. GitHub and GitLab render Mermaid only inside a document, so it cannot be a linked
// file. Each marker must be there exactly once: guessing would overwrite what somebody wrote by
// hand.
func replaceBlock(document, mermaid []byte) ([]byte, error) {
	for _, marker := range []string{beginMarker, endMarker} {
		if n := bytes.Count(document, []byte(marker)); n != 1 {
			return nil, fmt.Errorf("must contain %s once, has it %d times", marker, n)
		}
	}
	before, rest, _ := bytes.Cut(document, []byte(beginMarker))
	_, after, found := bytes.Cut(rest, []byte(endMarker))
	if !found {
		return nil, fmt.Errorf("%s must come before %s", beginMarker, endMarker)
	}
	var b bytes.Buffer
	b.Write(before)
	fmt.Fprintf(&b, "%s\n```mermaid\n%s```\n%s", beginMarker, mermaid, endMarker)
	b.Write(after)
	return b.Bytes(), nil
}

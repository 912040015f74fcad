package main

import (
	"strings"
	"unicode/utf8"
)

// wrap joins items with commas into lines of at most width characters. It breaks a line only
// after a comma, also after one inside an item. A longer item stays on one line.
func wrap(items []string, width int) []string {
	if len(items) == 0 {
		return nil
	}
	var lines []string
	items = strings.Split(strings.Join(items, ", "), ", ")
	for i, item := range items {
		if i < len(items)-1 {
			item += ","
		}
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(item) <= width {
			lines[last] += " " + item
			continue
		}
		lines = append(lines, item)
	}
	return lines
}

package main

import "testing"

func TestReplaceBlock(t *testing.T) {
	const block = beginMarker + "\n```mermaid\nflowchart TB\n```\n" + endMarker
	tests := []struct {
		name, document, want, wrong string
	}{
		{name: "empty", document: "a\n" + beginMarker + endMarker + "\nz\n", want: "a\n" + block + "\nz\n"},
		{name: "old", document: "a\n" + beginMarker + "\nold\n" + endMarker + "\nz", want: "a\n" + block + "\nz"},
		{name: "current", document: block, want: block},
		{name: "no begin", document: endMarker, wrong: "must contain " + beginMarker + " once, has it 0 times"},
		{name: "two ends", document: beginMarker + endMarker + endMarker, wrong: "must contain " + endMarker + " once, has it 2 times"},
		{name: "backwards", document: endMarker + beginMarker, wrong: beginMarker + " must come before " + endMarker},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := replaceBlock([]byte(test.document), []byte("flowchart TB\n"))
			if test.wrong != "" {
				if err == nil || err.Error() != test.wrong {
					t.Fatalf("error %v, want %q", err, test.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

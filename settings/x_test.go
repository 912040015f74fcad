package settings

import (
	"os"
	"testing"
)

func TestX(t *testing.T) {
	es, err := Load("../environments", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		t.Logf("%+v", e)
	}
}

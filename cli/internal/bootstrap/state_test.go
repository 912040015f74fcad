package bootstrap

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const written = `{"version":4,"resources":[
	{"mode":"managed","type":"t","name":"n","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"id":"i","secret":"s"}}]},
	{"mode":"managed","module":"module.m","type":"t","name":"n","provider":"module.m.provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"index_key":"k","attributes":{"id":1}},{"index_key":2,"attributes":{}}]},
	{"mode":"data","type":"d","name":"n","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"id":"x"}}]}]}`

func TestReadState(t *testing.T) {
	s, err := readState([]byte(written))
	if err != nil || len(s) != 3 || s["t.n"] != "i" || s[`module.m.t.n["k"]`] != "1" {
		t.Error(s, err)
	}
	if s, err := readState([]byte(" \n")); s != nil || err != nil {
		t.Error(s, err)
	}
	for _, broken := range []string{`{"version":4,"resources":[{"mode":`, `{"version":5}`, `{"version":4,"resources":"secret"}`} {
		if _, err := readState([]byte(broken)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", broken, err)
		}
	}
	other := state{"t.n": "i", `module.m.t.n["k"]`: "2", "t.more": "m"}
	if missing := s.without(other); !slices.Equal(missing, []string{`module.m.t.n["k"]`, "module.m.t.n[2]"}) {
		t.Error(missing)
	}
}

// TestLocal covers the files that a killed Terraform can leave.
func TestLocal(t *testing.T) {
	half := written[:len(written)/2]
	for name, test := range map[string]struct {
		files map[string]string
		want  int // resources
	}{
		"nothing":                      {nil, 0},
		"whole":                        {map[string]string{localName: written, copyName: `{"version":4}`}, 3},
		"emptied, with a copy":         {map[string]string{localName: "", copyName: written, backupName: `{"version":4}`}, 3},
		"half of it, with a backup":    {map[string]string{localName: half, backupName: written}, 3},
		"half of each":                 {map[string]string{localName: half, copyName: half}, 0},
		"emptied before anything else": {map[string]string{localName: ""}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := &run{folder: t.TempDir(), env: golden(t)}
			for file, content := range test.files {
				if err := os.WriteFile(r.path(file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, err := r.local()
			if err != nil || len(s) != test.want {
				t.Fatal(s, err)
			}
			if test.want > 0 {
				if content, err := os.ReadFile(r.path(localName)); err != nil || string(content) != written {
					t.Errorf("the file has not become what counts: %s %v", content, err)
				}
			}
			r.copyLocal()
			if err := r.forgetLocal(); err != nil {
				t.Fatal(err)
			}
			if left, _ := filepath.Glob(r.path("*")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

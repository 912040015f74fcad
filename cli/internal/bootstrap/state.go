package bootstrap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"plinth/cli/internal/providers"
)

// state is the content of a Terraform state: the id of each managed resource, by address.
type state map[string]string

// readState decodes a state. It returns nil for an empty file, which was never written.
//
// Security: ids are the only values that are decoded. A decoder's error, which may quote others, is
// not passed on.
func readState(content []byte) (state, error) {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, nil
	}
	var document struct {
		Version   int `json:"version"`
		Resources []struct {
			Module    string `json:"module"`
			Mode      string `json:"mode"`
			Type      string `json:"type"`
			Name      string `json:"name"`
			Instances []struct {
				Key        json.RawMessage `json:"index_key"`
				Attributes struct {
					ID any `json:"id"`
				} `json:"attributes"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if json.Unmarshal(content, &document) != nil || document.Version != 4 {
		return nil, errors.New("it is not Terraform's JSON")
	}
	listed := state{}
	for _, resource := range document.Resources {
		address := resource.Type + "." + resource.Name
		if resource.Module != "" {
			address = resource.Module + "." + address
		}
		for _, instance := range resource.Instances {
			if resource.Mode != "managed" {
				continue
			}
			at := address
			if len(instance.Key) > 0 {
				at += "[" + string(instance.Key) + "]"
			}
			listed[at] = fmt.Sprint(instance.Attributes.ID)
		}
	}
	return listed, nil
}

// without returns the addresses that the other state does not list, or lists with another id.
func (s state) without(other state) []string {
	var missing []string
	for _, address := range slices.Sorted(maps.Keys(s)) {
		if id, listed := other[address]; !listed || id != s[address] {
			missing = append(missing, address)
		}
	}
	return missing
}

// The names of the local state file, and of the files that this program and Terraform keep beside it.
const (
	localName  = "terraform.tfstate"
	copyName   = localName + ".copy"
	backupName = localName + ".backup"
	lockName   = "." + localName + ".lock.info"
)

// local reads the state in the local file, if there is one.
//
// Terraform empties and rewrites the file for each resource, which takes a good part of its time: when
// it is killed the file is often empty. Then local reads the copy, or Terraform's backup from the
// start of that run. Resources that are in neither are adopted.
func (r *run) local() (state, error) {
	for _, name := range []string{localName, copyName, backupName} {
		content, err := os.ReadFile(r.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		s, err := readState(content)
		if err != nil || s == nil {
			continue
		}
		if err := providers.CheckState(r.env.synthesized, r.path(name), content); err != nil {
			return nil, err
		}
		if name != localName {
			err = write(r.path(localName), content)
		}
		return s, err
	}
	return nil, nil
}

// copyLocal copies the local file, if it is complete.
func (r *run) copyLocal() {
	content, err := os.ReadFile(r.path(localName))
	if err != nil {
		return
	}
	if s, err := readState(content); err == nil && len(s) > 0 {
		_ = write(r.path(copyName), content) // on failure the previous copy remains
	}
}

// forgetLocal removes the local state and the files beside it.
func (r *run) forgetLocal() error {
	return remove(r.path(localName), r.path(copyName), r.path(backupName), r.path(lockName))
}

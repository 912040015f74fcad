package rehearse

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/report"
)

// shortest is the minimum length of a password to search for: shorter ones match by chance.
const shortest = 8

// collectSecrets records all current passwords.
func (p *play) collectSecrets() error {
	if _, err := os.Stat(p.Cloud().Path()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	world, err := p.Cloud().View()
	if err != nil {
		return err
	}
	for _, password := range world.Passwords() {
		if len(password) >= shortest {
			p.secrets[password] = true
		}
	}
	return nil
}

// noPassword searches for passwords wherever Terraform and cdktf have written: in every version
// of every state, in plans and in logs.
func (p *play) noPassword(context.Context) error {
	if len(p.secrets) == 0 {
		return nil
	}
	var found []string
	read := 0
	look := func(place string, content []byte) {
		read++
		for password := range p.secrets {
			for _, form := range cloud.Written(password) {
				if bytes.Contains(content, []byte(form)) {
					found = append(found, place)
					return
				}
			}
		}
	}
	if err := errors.Join(p.lookInStates(look), p.lookInFiles(look)); err != nil {
		return err
	}
	e := report.Expectation{
		Title: "No passwords in states, plans and logs", Met: len(found) == 0,
		Found: fmt.Sprintf("looked for %d in %d files and states", len(p.secrets), read),
	}
	if !e.Met {
		e.Found = "there is one in " + strings.Join(found, ", ")
	}
	return p.expect(e)
}

func (p *play) lookInStates(look func(string, []byte)) error {
	for _, s := range p.App.Stacks {
		versions, err := p.State().Versions(s.Key)
		if err != nil {
			return err
		}
		for _, version := range versions {
			content, err := p.State().ReadVersion(s.Key, version.ID)
			if err != nil {
				return err
			}
			look("a state of "+s.Name, content)
		}
	}
	return nil
}

func (p *play) lookInFiles(look func(string, []byte)) error {
	for _, folder := range []string{p.Path("logs"), p.App.Folder} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.Name() == "providers" && entry.IsDir() {
				return filepath.SkipDir
			}
			if !entry.Type().IsRegular() {
				return nil
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return open(path, content, look)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// open looks at a file, or at the files in an archive, such as Terraform's plans.
func open(path string, content []byte, look func(string, []byte)) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		look(path, content)
		return nil
	}
	for _, file := range archive.File {
		from, err := file.Open()
		if err != nil {
			return err
		}
		content, err := io.ReadAll(from)
		if err := errors.Join(err, from.Close()); err != nil {
			return err
		}
		look(path+" ("+file.Name+")", content)
	}
	return nil
}

package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// commit is the commit that an image is built from.
type commit struct {
	// version is the image's tag, and the version that the program reports.
	version  string
	revision string
	date     time.Time
	// source is the URL of the code, empty if the remote origin has none.
	source string
	// changed are the files that differ from the commit, including untracked ones: Go would compile
	// them too.
	changed []string
}

// commit returns the current commit.
func (s *Session) commit(ctx context.Context) (*commit, error) {
	git := func(args ...string) (string, error) { return s.output(ctx, s.Dir, nil, "git", args...) }
	head, err := git("log", "-1", "--no-show-signature", "--format=%H %ct")
	if err != nil {
		if words(err) != "" {
			err = fmt.Errorf("git: cannot find the commit for the image's tag:\n%s", indent(words(err)))
		}
		return nil, err
	}
	revision, seconds, _ := strings.Cut(head, " ")
	date, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("git: answered %q instead of a commit and its date", head)
	}
	// 12 digits in every clone: Git's default depends on the number of objects.
	described, err := git("describe", "--tags", "--always", "--abbrev=12")
	if err != nil {
		return nil, err
	}
	status, err := git("status", "--porcelain", "--untracked-files=normal")
	if err != nil {
		return nil, err
	}
	c := &commit{version: imageTag(described), revision: revision, date: time.Unix(date, 0).UTC()}
	if status != "" {
		c.changed = strings.Split(status, "\n")
		c.version, c.revision = imageTag(described+"-dirty"), revision+"-dirty"
	}
	if origin, err := git("remote", "get-url", "origin"); err == nil {
		c.source = sourceURL(origin)
	} else if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return c, nil
}

// clean returns an error if the work tree differs from the commit.
func (c *commit) clean() error {
	if len(c.changed) == 0 {
		return nil
	}
	const most = 5
	shown := c.changed
	if more := len(shown) - most; more > 0 {
		shown = append(shown[:most:most], fmt.Sprintf("and %d more", more))
	}
	return errors.New("work tree: has changes that are not in the commit of the image's tag; commit, stash or remove these first\n" +
		indent(strings.Join(shown, "\n")))
}

var notInTag = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// imageTag turns the output of git describe into a valid image tag: Git allows tags such as
// release/1.2+linux, registries do not. Two tags can become the same; the image's revision label
// tells them apart. Of a long tag, imageTag keeps the end, which names the commit.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
func imageTag(described string) string {
	const most = 128
	tag := notInTag.ReplaceAllString(described, "-")
	if len(tag) > most {
		tag = tag[len(tag)-most:]
	}
	tag = strings.TrimLeft(tag, ".-")
	if tag == "" || tag == "latest" { // The setting image.tag must not be latest
		return "commit-" + tag
	}
	return tag
}

var scpLike = regexp.MustCompile(`^(?:[^@/:]+@)?([^@/:]+):([^/].*)$`)

// sourceURL returns a remote's address as an https URL, the same for clones by SSH and by HTTPS. It
// leaves out credentials. It returns "" for a folder.
func sourceURL(remote string) string {
	if parts := scpLike.FindStringSubmatch(remote); parts != nil {
		remote = "ssh://" + parts[1] + "/" + parts[2]
	}
	address, err := url.Parse(remote)
	if err != nil || address.Host == "" || address.Scheme == "file" {
		return ""
	}
	return "https://" + address.Hostname() + strings.TrimSuffix(strings.TrimSuffix(address.Path, "/"), ".git")
}

package delivery

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"plinth/cli/internal/synthesized"
)

// Release is one revision of an application's Helm release.
type Release struct {
	Revision int       `json:"revision"`
	Deployed time.Time `json:"deployed"`
	// Status is Helm's: deployed, superseded, failed, pending-upgrade.
	Status string       `json:"status"`
	Image  ReleaseImage `json:"image"`
	// Description is Helm's, such as the reason of a failure.
	Description string `json:"description"`
	hooks       []hook
}

// ReleaseImage is an image by tag or by digest.
type ReleaseImage struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag,omitempty"`
	Digest     string `json:"digest,omitempty"`
}

func (i ReleaseImage) String() string { return cmp.Or(i.Digest, i.Tag, "unknown") }

// hook is an object that Helm makes before a release, and waits for if it is a Job.
type hook struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Last struct {
		Completed time.Time `json:"completed_at"`
		Phase     string    `json:"phase"`
	} `json:"last_run"`
}

// decode reads a release as Helm's drivers store it: JSON, compressed, in base64.
// https://github.com/helm/helm/blob/v3.18.4/pkg/storage/driver/util.go
func decode(stored string) (Release, error) {
	compressed, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		return Release{}, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return Release{}, err
	}
	var record struct {
		Version int `json:"version"`
		Info    struct {
			Deployed    time.Time `json:"last_deployed"`
			Status      string    `json:"status"`
			Description string    `json:"description"`
		} `json:"info"`
		Config struct {
			Image ReleaseImage `json:"image"`
		} `json:"config"`
		Hooks []hook `json:"hooks"`
	}
	if err := json.NewDecoder(reader).Decode(&record); err != nil {
		return Release{}, err
	}
	return Release{record.Version, record.Info.Deployed, record.Info.Status, record.Config.Image, record.Info.Description, record.Hooks}, nil
}

// history returns the application's revisions, the last one first. Helm keeps the ten that
// constructs/release tells it to.
func (s *Session) history(ctx context.Context, a *application) ([]Release, error) {
	var answer struct {
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
			Data struct {
				Release string `json:"release"`
			} `json:"data"`
		} `json:"items"`
	}
	if err := s.get(ctx, a, &answer, "configmaps", "--selector", "owner=helm,name="+a.Release); err != nil {
		return nil, err
	}
	var all []Release
	for _, item := range answer.Items {
		r, err := decode(item.Data.Release)
		if err != nil {
			return nil, fmt.Errorf("%s: the ConfigMap %s is no release of Helm: %w", a.Stack, item.Metadata.Name, err)
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: the application is not deployed; deploy it first: ./plinth deploy %s", a.name, a.Stack)
	}
	slices.SortFunc(all, func(a, b Release) int { return b.Revision - a.Revision })
	return all, nil
}

// releases is the command ./plinth releases.
func (s *Session) releases(ctx context.Context) error {
	a, err := s.application()
	if err != nil {
		return err
	}
	all, err := s.history(ctx, a)
	if err != nil {
		return err
	}
	if s.JSON {
		encoder := json.NewEncoder(s.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(all)
	}
	table := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REVISION\tDEPLOYED\tSTATUS\tIMAGE\t")
	for _, r := range all {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t\n", r.Revision, r.Deployed.UTC().Format(time.RFC3339), r.Status, r.Image)
	}
	return table.Flush()
}

// releaseCommand returns the last run of the release command, whose Job Helm deletes when it has succeeded.
func (s *Session) releaseCommand(ctx context.Context, a *application, configMap string) []finding {
	out, err := s.kubectl(ctx, a.environment, a.Namespace, "get", "configmap", configMap, "--output", "jsonpath={.data.release}")
	if err != nil {
		return unread("release", err)
	}
	last, err := decode(out)
	if err != nil {
		return unread("release", err)
	}
	for _, h := range last.hooks {
		if h.Kind == "Job" && h.Last.Phase != "" {
			return []finding{fine("release", "%s: %s at %s", h.Name, strings.ToLower(h.Last.Phase), moment(&h.Last.Completed))}
		}
	}
	return nil
}

// Earlier returns the release to roll back to: the one of that revision or, with 0, the last that worked
// with another image than the one that runs. Both are of the session's application.
func (s *Session) Earlier(ctx context.Context, revision int) (of synthesized.Application, now, before Release, err error) {
	a, err := s.application()
	if err != nil {
		return of, now, before, err
	}
	all, err := s.history(ctx, a)
	if err != nil {
		return of, now, before, err
	}
	at := slices.IndexFunc(all, func(r Release) bool { return r.Status == "deployed" })
	if at < 0 {
		return of, now, before, fmt.Errorf("%s: no release is deployed, the last is %s; see docs/runbook.md", a.Stack, all[0].Status)
	}
	now = all[at]
	found := slices.IndexFunc(all, func(r Release) bool {
		if revision != 0 {
			return r.Revision == revision
		}
		return r.Revision < now.Revision && r.Status == "superseded" && r.Image != now.Image && r.Image.String() != ReleaseImage{}.String()
	})
	switch {
	case found < 0 && revision != 0:
		return of, now, before, fmt.Errorf("%s: there is no revision %d; see ./plinth releases %s %s", a.Stack, revision, s.Env, a.Name)
	case found < 0:
		return of, now, before, fmt.Errorf("%s: Helm knows of no earlier release with another image; see ./plinth releases %s %s", a.Stack, s.Env, a.Name)
	}
	switch before = all[found]; {
	case before.Image == now.Image:
		return of, now, before, fmt.Errorf("%s: revision %d has the image that runs, %s", a.Stack, before.Revision, now.Image)
	case before.Status == "failed" || strings.HasPrefix(before.Status, "pending"):
		return of, now, before, fmt.Errorf("%s: revision %d is %s; choose one that worked: ./plinth releases %s %s", a.Stack, before.Revision, before.Status, s.Env, a.Name)
	case before.Image.String() == ReleaseImage{}.String():
		return of, now, before, fmt.Errorf("%s: revision %d does not say which image it had", a.Stack, before.Revision)
	case before.Image.Repository != now.Image.Repository:
		return of, now, before, errors.New(a.Stack + ": the image of then is in another repository, " + before.Image.Repository + "; deploy the settings of then instead")
	}
	return a.Application, now, before, nil
}

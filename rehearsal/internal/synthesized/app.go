// Package synthesized reads the output of cdktf synth: which stacks there are, the order of their
// deployment, and what they need from Terraform.
package synthesized

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// App is all that was synthesized into one folder.
type App struct {
	Folder string
	// Stacks are in the order of deployment: each comes after all that it needs.
	Stacks []*Stack
	// Bootstrap is not among them: it makes their bucket and their roles, once. Pipeline is its
	// output for CI. Both are nil without a bootstrap stack.
	Bootstrap *Stack
	Pipeline  *Pipeline
}

// bootstrap is the prefix of the bootstrap stack's name.
const bootstrap = "bootstrap-"

// Provider is a provider that stacks require, with the types that they use.
type Provider struct {
	Namespace, Name, Version string
	Resources, DataSources   []string
}

// Read reads a folder such as cdktf.out.
func Read(folder string) (*App, error) {
	file := filepath.Join(folder, "manifest.json")
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Stacks map[string]struct {
			Dependencies     []string `json:"dependencies"`
			WorkingDirectory string   `json:"workingDirectory"`
			Path             string   `json:"synthesizedStackPath"`
		} `json:"stacks"`
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	app := &App{Folder: folder}
	for name, entry := range manifest.Stacks {
		s := &Stack{Name: name, Needs: entry.Dependencies, Folder: filepath.Join(folder, filepath.FromSlash(entry.WorkingDirectory))}
		file := filepath.Join(folder, filepath.FromSlash(entry.Path))
		content, err := os.ReadFile(file)
		if err == nil {
			err = s.read(content)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if strings.HasPrefix(name, bootstrap) {
			if app.Bootstrap != nil {
				return nil, fmt.Errorf("%s: there are %s and %s; a rehearsal is of one environment", folder, app.Bootstrap.Name, name)
			}
			if app.Pipeline, err = s.pipeline(); err != nil {
				return nil, err
			}
			app.Bootstrap = s
			continue
		}
		app.Stacks = append(app.Stacks, s)
	}
	return app, app.sort()
}

// sort sorts the stacks into the order of deployment, and by name within a storey.
func (a *App) sort() error {
	storeys := map[string]int{}
	for range a.Stacks {
		for _, s := range a.Stacks {
			for _, need := range s.Needs {
				storeys[s.Name] = max(storeys[s.Name], storeys[need]+1)
			}
		}
	}
	for _, s := range a.Stacks {
		if storeys[s.Name] >= len(a.Stacks) {
			return fmt.Errorf("%s: the stacks need each other in a circle; %s is in it", a.Folder, s.Name)
		}
	}
	slices.SortFunc(a.Stacks, func(s, t *Stack) int {
		return cmp.Or(storeys[s.Name]-storeys[t.Name], strings.Compare(s.Name, t.Name))
	})
	return nil
}

// Stack returns the stack with a name, also the bootstrap stack, or nil.
func (a *App) Stack(name string) *Stack {
	i := slices.IndexFunc(a.all(), func(s *Stack) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return a.all()[i]
}

// all are the stacks and, last, the bootstrap stack.
func (a *App) all() []*Stack {
	if a.Bootstrap == nil {
		return a.Stacks
	}
	return append(slices.Clone(a.Stacks), a.Bootstrap)
}

// Names are the stacks' names in the order of deployment.
func (a *App) Names() []string {
	names := make([]string, len(a.Stacks))
	for i, s := range a.Stacks {
		names[i] = s.Name
	}
	return names
}

// Needs are the stacks that a stack needs directly.
func (a *App) Needs(name string) []string { return a.Stack(name).Needs }

// NeededBy are the stacks that need a stack directly.
func (a *App) NeededBy(name string) []string {
	var all []string
	for _, s := range a.Stacks {
		if slices.Contains(s.Needs, name) {
			all = append(all, s.Name)
		}
	}
	return all
}

// Providers are the required providers, by name. Two versions of one provider, and versions that
// are not pinned, are errors.
func (a *App) Providers() ([]Provider, error) {
	found := map[string]*Provider{}
	for _, s := range a.all() {
		for _, asked := range s.file.Terraform.Providers {
			namespace, name, ok := strings.Cut(asked.Source, "/")
			if !ok {
				namespace, name = "hashicorp", asked.Source
			}
			known := found[name]
			if known == nil {
				known = &Provider{Namespace: namespace, Name: name, Version: asked.Version}
				found[name] = known
			}
			if known.Namespace != namespace || known.Version != asked.Version {
				return nil, fmt.Errorf("%s: needs %s %q, another stack %s %q: one environment must have one version",
					s.Name, asked.Source, asked.Version, known.Name, known.Version)
			}
			if strings.ContainsAny(asked.Version, " <>=~,") || asked.Version == "" {
				return nil, fmt.Errorf("%s: %s is not pinned to one version but %q: use the bindings of a package that pins it",
					s.Name, asked.Source, asked.Version)
			}
			known.Resources = append(known.Resources, of(name, s.file.Resource)...)
			known.DataSources = append(known.DataSources, of(name, s.file.Data)...)
		}
	}
	var all []Provider
	for _, name := range slices.Sorted(maps.Keys(found)) {
		p := found[name]
		slices.Sort(p.Resources)
		slices.Sort(p.DataSources)
		p.Resources, p.DataSources = slices.Compact(p.Resources), slices.Compact(p.DataSources)
		all = append(all, *p)
	}
	return all, nil
}

// Types are all types in the stacks, without the bootstrap stack. Data sources have the prefix
// data., ephemeral resources the prefix ephemeral.
func (a *App) Types() []string {
	found := map[string]bool{}
	for _, s := range a.Stacks {
		for kind := range s.file.Resource {
			found[kind] = true
		}
		for kind := range s.file.Data {
			found["data."+kind] = true
		}
		for kind := range s.file.Ephemeral {
			found["ephemeral."+kind] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// of are the types of a provider, which Terraform knows by the first word.
func of[V any](provider string, types map[string]V) []string {
	var found []string
	for name := range types {
		if strings.HasPrefix(name, provider+"_") {
			found = append(found, name)
		}
	}
	return found
}

// Account returns the AWS account of the stacks, and its region.
func (a *App) Account() (account, region string, err error) {
	for _, s := range a.all() {
		for _, provider := range s.file.Provider["aws"] {
			if len(provider.Accounts) != 1 || provider.Region == "" {
				return "", "", fmt.Errorf("%s: the AWS provider must have one of allowed_account_ids and a region", s.Name)
			}
			if account != "" && (account != provider.Accounts[0] || region != provider.Region) {
				return "", "", fmt.Errorf("%s: is for account %s in %s, another stack for %s in %s; a rehearsal is of one account and region",
					s.Name, provider.Accounts[0], provider.Region, account, region)
			}
			account, region = provider.Accounts[0], provider.Region
		}
	}
	if account == "" {
		return "", "", errors.New("no stack has an AWS provider")
	}
	return account, region, nil
}

// Given are the ARNs that the stacks name and that no stack creates, not even the bootstrap stack:
// IAM principals, the key of the states.
func (a *App) Given() []string {
	return slices.DeleteFunc(a.named(), a.bootstraps)
}

// Applications are the names of the applications, in the order of their stacks.
func (a *App) Applications() (names []string) {
	for _, s := range a.Stacks {
		var name string
		if output, has := s.file.Output["application"]; has && json.Unmarshal(output.Value, &name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// FromBootstrap are the ARNs of bootstrap resources that the other stacks name.
func (a *App) FromBootstrap() []string {
	return slices.DeleteFunc(a.named(), func(arn string) bool { return !a.bootstraps(arn) })
}

func (a *App) named() []string {
	var all []string
	for _, s := range a.Stacks {
		all = append(all, s.given()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// bootstraps reports whether the bootstrap stack creates the resource of an ARN.
func (a *App) bootstraps(arn string) bool {
	if a.Bootstrap == nil {
		return false
	}
	for kind, of := range map[string]string{"aws_iam_role": ":role/", "aws_kms_alias": ":", "aws_iam_policy": ":policy/"} {
		for _, r := range a.Bootstrap.file.Resource[kind] {
			if r.Name != "" && strings.HasSuffix(arn, of+r.Name) {
				return true
			}
		}
	}
	return false
}

// Certificates are the ARNs of ACM certificates that the stacks name.
func (a *App) Certificates() []string {
	var all []string
	for _, s := range a.Stacks {
		all = append(all, s.certificates...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Zones are the names of the public Route 53 zones that the stacks look up: no stack creates them.
func (a *App) Zones() []string {
	var all []string
	for _, s := range a.Stacks {
		all = append(all, s.zones()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Chart is a chart that a release gets from a repository.
type Chart struct{ Repository, Name, Version string }

// Charts are the charts that the stacks get from repositories.
func (a *App) Charts() []Chart {
	var all []Chart
	for _, s := range a.Stacks {
		all = append(all, s.charts()...)
	}
	return all
}

// Cluster is the name of the Kubernetes cluster.
func (a *App) Cluster() (string, error) {
	for _, s := range a.Stacks {
		for _, cluster := range s.file.Resource["aws_eks_cluster"] {
			return cluster.Name, nil
		}
	}
	return "", errors.New("no stack makes a cluster (aws_eks_cluster)")
}

// HelmDriver is where Helm stores the stacks' releases; empty means its default.
func (a *App) HelmDriver() string {
	for _, s := range a.Stacks {
		for _, provider := range s.file.Provider["helm"] {
			if provider.HelmDriver != "" {
				return provider.HelmDriver
			}
		}
	}
	return ""
}

// Bucket is the bucket of all stacks' states.
func (a *App) Bucket() (string, error) {
	bucket := ""
	for _, s := range a.all() {
		if s.Bucket == "" || bucket != "" && s.Bucket != bucket {
			return "", fmt.Errorf("%s: keeps its state in bucket %q, another stack in %q; a rehearsal has one bucket", s.Name, s.Bucket, bucket)
		}
		bucket = s.Bucket
	}
	return bucket, nil
}

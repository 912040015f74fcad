package run

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/controlplane"
	"plinth/rehearsal/internal/mirror"
	"plinth/rehearsal/internal/provider"
	"plinth/rehearsal/internal/schema"
	"plinth/rehearsal/internal/synthesized"
	"plinth/tools/charts/published"
)

// setUp prepares the first deployment: an empty account, and simulators of the providers at the
// versions that the stacks pin.
func (r *Rehearsal) setUp(ctx context.Context) error {
	bucket, err := r.App.Bucket()
	if err != nil {
		return err
	}
	r.state.Use(bucket)
	account, region, err := r.App.Account()
	if err != nil {
		return err
	}
	if err := r.CreateAccount(account, region); err != nil {
		return err
	}
	providers, err := r.App.Providers()
	if err != nil {
		return err
	}
	if err := r.installProviders(providers, nil); err != nil || !r.RealCluster() {
		return err
	}
	return r.startCluster(ctx)
}

// upgrade adapts the account and the providers to the stacks of another version. The states still have
// resources of the old stacks, whose types the providers must know.
func (r *Rehearsal) upgrade(old *synthesized.App, from Source) error {
	account, region, err := r.App.Account()
	if err != nil {
		return err
	}
	if a, in, err := old.Account(); err != nil {
		return err
	} else if a != account || in != region {
		return fmt.Errorf("%s moves from account %s in %s to %s in %s, where all of it is created anew: there is no upgrade to rehearse", r.Env, a, in, account, region)
	}
	bucket, err := r.App.Bucket()
	if err != nil {
		return err
	}
	if before, err := old.Bucket(); err != nil {
		return err
	} else if bucket != before {
		return fmt.Errorf("the states move from bucket %s to %s, which no rehearsal can follow", before, bucket)
	}
	if err := r.Cloud().Update(func(w *cloud.World) error { return r.give(w, old.Zones()) }); err != nil {
		return err
	}
	providers, err := r.App.Providers()
	if err != nil {
		return err
	}
	before, err := old.Providers()
	if err != nil {
		return err
	}
	for _, folder := range []string{"mirror", filepath.Join("bin", "aws")} { // links are not overwritten
		if err := os.RemoveAll(r.Path(folder)); err != nil {
			return err
		}
	}
	gone := map[string]string{}
	for _, p := range before {
		i := slices.IndexFunc(providers, func(other synthesized.Provider) bool { return other.Name == p.Name })
		if i < 0 {
			providers, gone[p.Name] = append(providers, p), from.Root
			continue
		}
		providers[i].Resources = union(providers[i].Resources, p.Resources)
		providers[i].DataSources = union(providers[i].DataSources, p.DataSources)
	}
	return r.installProviders(providers, gone)
}

// learn adds to the account what stacks of other settings name, and to the schemas the types that they have.
// Those of before stay.
func (r *Rehearsal) learn(old *synthesized.App) error {
	if err := r.Cloud().Update(func(w *cloud.World) error { return r.give(w, old.Zones()) }); err != nil {
		return err
	}
	providers, err := r.App.Providers()
	if err != nil {
		return err
	}
	before, err := old.Providers()
	if err != nil || reflect.DeepEqual(providers, before) {
		return err
	}
	content, err := os.ReadFile(r.Path(schema.FileName))
	if err != nil {
		return err
	}
	var schemas map[string]*schema.Provider
	if err := json.Unmarshal(content, &schemas); err != nil {
		return err
	}
	for _, p := range providers {
		more, err := schema.Extract(filepath.Join(r.source.Root, "node_modules", "@cdktf"), p.Name, p.Resources, p.DataSources)
		if err != nil {
			return err
		}
		if known := schemas[p.Name]; known != nil {
			maps.Copy(more.Resources, known.Resources)
			maps.Copy(more.DataSources, known.DataSources)
		}
		schemas[p.Name] = more
	}
	if content, err = json.Marshal(schemas); err != nil {
		return err
	}
	return os.WriteFile(r.Path(schema.FileName), content, 0o600)
}

func union(a, b []string) []string {
	both := slices.Concat(a, b)
	slices.Sort(both)
	return slices.Compact(both)
}

// CreateAccount creates an account with what the stacks name but do not create: principals, keys and
// zones. Without the bootstrap stack, [Rehearsal.GiveBootstrap] creates the rest.
func (r *Rehearsal) CreateAccount(account, region string) error {
	if err := r.Cloud().Create(account, region); err != nil {
		return err
	}
	return r.Cloud().Update(func(w *cloud.World) error { return r.give(w, nil) })
}

// give adds to an account what the stacks name and do not create. zones are those that it has.
func (r *Rehearsal) give(w *cloud.World, zones []string) error {
	w.Administrator = r.App.Administrator()
	w.Given = union(w.Given, r.App.Given())
	for _, zone := range r.App.Zones() {
		if slices.Contains(zones, zone) {
			continue
		}
		if err := w.GiveZone(zone); err != nil {
			return err
		}
	}
	return nil
}

// startCluster packages the published charts and starts a control plane.
func (r *Rehearsal) startCluster(ctx context.Context) error {
	for _, program := range []string{"kubectl", "helm"} {
		if err := os.Symlink(filepath.Join(r.tools.Kubernetes, program), r.Path("bin", program)); err != nil {
			return err
		}
	}
	for _, chart := range r.App.Charts() {
		source, ok := published.Find(chart.Repository, chart.Name, chart.Version)
		if !ok {
			continue
		}
		if err := source.Package(ctx, provider.ChartFolder(r.Folder, chart.Name, chart.Version)); err != nil {
			return err
		}
	}
	name, err := r.App.Cluster()
	if err != nil {
		return err
	}
	if r.cluster, err = controlplane.Start(ctx, r.tools.Kubernetes, r.Path(provider.ClusterFolder), name); err != nil {
		return err
	}
	r.cluster.Driver = r.App.HelmDriver()
	return nil
}

// installProviders writes the schemas, a mirror of the registry with the simulator for each
// provider, and a configuration that points Terraform at the mirror. The schemas are from the packages of
// the stacks' version, or of another one's folder that is given by the provider's name.
func (r *Rehearsal) installProviders(providers []synthesized.Provider, others map[string]string) error {
	schemas := map[string]*schema.Provider{}
	var mirrored []mirror.Provider
	for _, p := range providers {
		packages := filepath.Join(cmp.Or(others[p.Name], r.source.Root), "node_modules", "@cdktf")
		var err error
		if schemas[p.Name], err = schema.Extract(packages, p.Name, p.Resources, p.DataSources); err != nil {
			return err
		}
		mirrored = append(mirrored, mirror.Provider{Namespace: p.Namespace, Name: p.Name, Version: p.Version})
	}
	content, err := json.Marshal(schemas)
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.Path(schema.FileName), content, 0o600); err != nil {
		return err
	}
	if err := mirror.Write(r.Path("mirror"), r.tools.Standin, mirrored); err != nil {
		return err
	}
	// The stacks' destroy-time provisioners run the AWS CLI.
	if err := mirror.Link(r.tools.Standin, r.Path("bin", "aws")); err != nil {
		return err
	}
	return os.WriteFile(r.Path("terraform.rc"), []byte(mirror.Configuration(r.Path("mirror"))), 0o600)
}

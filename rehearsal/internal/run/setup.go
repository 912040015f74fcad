package run

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/controlplane"
	"plinth/rehearsal/internal/mirror"
	"plinth/rehearsal/internal/provider"
	"plinth/rehearsal/internal/schema"
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
	if err := r.installProviders(); err != nil || !r.RealCluster() {
		return err
	}
	return r.startCluster(ctx)
}

// CreateAccount creates an account with what the stacks name but do not create: principals, keys and
// zones. Without the bootstrap stack, [Rehearsal.GiveBootstrap] creates the rest.
func (r *Rehearsal) CreateAccount(account, region string) error {
	if err := r.Cloud().Create(account, region, r.App.Given()...); err != nil {
		return err
	}
	return r.Cloud().Update(func(w *cloud.World) error {
		w.Administrator = r.App.Administrator()
		for _, zone := range r.App.Zones() {
			if err := w.GiveZone(zone); err != nil {
				return err
			}
		}
		return nil
	})
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
// provider, and a configuration that points Terraform at the mirror.
func (r *Rehearsal) installProviders() error {
	providers, err := r.App.Providers()
	if err != nil {
		return err
	}
	schemas := map[string]*schema.Provider{}
	var mirrored []mirror.Provider
	for _, p := range providers {
		packages := filepath.Join(r.root, "node_modules", "@cdktf")
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

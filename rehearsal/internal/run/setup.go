package run

import (
	"encoding/json"
	"os"
	"path/filepath"

	"plinth/rehearsal/internal/mirror"
	"plinth/rehearsal/internal/schema"
)

// setUp makes what the first deployment needs: a bucket, an empty account, and stand-ins for
// the providers at the versions that the stacks pin.
func (r *Rehearsal) setUp() error {
	bucket, err := r.App.Bucket()
	if err != nil {
		return err
	}
	if err := r.state.CreateBucket(bucket); err != nil {
		return err
	}
	account, region, err := r.App.Account()
	if err != nil {
		return err
	}
	if err := r.Cloud().Create(account, region, r.App.Given()...); err != nil {
		return err
	}
	return r.installProviders()
}

// installProviders writes the schemas, a mirror of the registry with the one stand-in for
// each provider, and a configuration that points Terraform at it.
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
	// The stacks' own destroy-time steps run the AWS CLI.
	if err := mirror.Link(r.tools.Standin, r.Path("bin", "aws")); err != nil {
		return err
	}
	return os.WriteFile(r.Path("terraform.rc"), []byte(mirror.Configuration(r.Path("mirror"))), 0o600)
}

package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Extract reads the schemas of a provider, such as "aws", and of the requested types from
// packages, the folder node_modules/@cdktf. It always adds the ephemeral resources.
//
// It returns an error that says what to do for unknown types, missing packages and generated code
// that it does not understand.
func Extract(packages, name string, resources, dataSources []string) (*Provider, error) {
	p := &npmPackage{provider: name, folder: filepath.Join(packages, "provider-"+name)}
	if _, err := os.Stat(p.folder); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: the package @cdktf/provider-%s is not installed: run make setup", p.folder, name)
	}
	config, version, err := p.block(configuration, name)
	if err != nil {
		return nil, err
	}
	delete(config.Attributes, "alias") // Terraform's own, not the provider's
	provider := &Provider{
		Name: name, Version: version, Config: config,
		Resources: map[string]*Block{}, DataSources: map[string]*Block{}, Ephemeral: ephemeral[name],
	}
	for _, t := range resources {
		if provider.Resources[t], _, err = p.block(resource, t); err != nil {
			return nil, err
		}
	}
	for _, t := range dataSources {
		if provider.DataSources[t], _, err = p.block(dataSource, t); err != nil {
			return nil, err
		}
	}
	return provider, nil
}

package order

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// Cluster is how to reach the Kubernetes API of an environment.
type Cluster struct {
	Name, Endpoint string
	// CA is the API server's certificate authority, in base64.
	CA string
}

// ReadCluster returns the cluster in the state of a stack. A pipeline's role that deploys an application may read that
// state, and may not ask EKS.
//
// Security: only these three values of the state are decoded.
func ReadCluster(ctx context.Context, dir, name string) (c Cluster, err error) {
	all, err := load(dir)
	if err != nil {
		return c, err
	}
	s, err := all.find(name)
	if err != nil {
		return c, err
	}
	terraform, err := findTerraform()
	if err != nil {
		return c, err
	}
	temp, err := os.MkdirTemp("", "stackorder-")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	state, _, err := pullState(ctx, terraform, filepath.Join(temp, s.Name), s)
	if err != nil {
		return c, err
	}
	var document struct {
		Resources []struct {
			Mode      string `json:"mode"`
			Type      string `json:"type"`
			Instances []struct {
				Attributes json.RawMessage `json:"attributes"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if json.Unmarshal(state, &document) != nil {
		return c, errors.New("it is not Terraform's JSON")
	}
	for _, resource := range document.Resources {
		if resource.Mode != "managed" || resource.Type != "aws_eks_cluster" {
			continue
		}
		for _, instance := range resource.Instances {
			var cluster struct {
				Name      string `json:"name"`
				Endpoint  string `json:"endpoint"`
				Authority []struct {
					Data string `json:"data"`
				} `json:"certificate_authority"`
			}
			if json.Unmarshal(instance.Attributes, &cluster) == nil && len(cluster.Authority) > 0 {
				return Cluster{cluster.Name, cluster.Endpoint, cluster.Authority[0].Data}, nil
			}
		}
	}
	return c, errors.New(name + ": its state has no cluster")
}

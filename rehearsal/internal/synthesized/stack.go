package synthesized

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Stack is one of the stacks, from cdktf's manifest and its own file.
type Stack struct {
	Name  string
	Needs []string // the stacks that it needs directly
	// Folder is where Terraform runs.
	Folder string
	// Bucket and Key locate its state, KMSKey is the ARN of the key that encrypts it.
	Bucket, Key, KMSKey string
	// Resources are the addresses of its resources, in order.
	Resources []string
	// Guarded are the resources with prevent_destroy.
	Guarded []string
	// Secret reports whether it stores the value of a secret. The provider reads the value to
	// refresh, which a plan role may not do.
	Secret bool

	file         document
	certificates []string
}

// document is the part of a stack's cdk.tf.json that a rehearsal needs.
type document struct {
	Terraform struct {
		Backend struct {
			S3 *struct {
				Bucket string `json:"bucket"`
				Key    string `json:"key"`
				KMSKey string `json:"kms_key_id"`
			} `json:"s3"`
		} `json:"backend"`
		Providers map[string]struct {
			Source  string `json:"source"`
			Version string `json:"version"`
		} `json:"required_providers"`
	} `json:"terraform"`
	Provider map[string][]struct {
		Region     string   `json:"region"`
		Accounts   []string `json:"allowed_account_ids"`
		HelmDriver string   `json:"helm_driver"`
	} `json:"provider"`
	Resource  map[string]map[string]resource        `json:"resource"`
	Data      map[string]map[string]json.RawMessage `json:"data"`
	Ephemeral map[string]json.RawMessage            `json:"ephemeral"`
	Output    map[string]struct {
		Value json.RawMessage `json:"value"`
	} `json:"output"`
}

// certificate matches the ARN of an ACM certificate, which no stack creates.
var certificate = regexp.MustCompile(`arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+`)

// resource is one resource, with the few arguments that a rehearsal reads.
type resource struct {
	Lifecycle struct {
		PreventDestroy bool `json:"prevent_destroy"`
	} `json:"lifecycle"`
	Principal  string `json:"principal_arn"`
	Boundary   string `json:"permissions_boundary"`
	Name       string `json:"name"`
	Repository string `json:"repository"`
	Chart      string `json:"chart"`
	Version    string `json:"version"`
}

// read fills in the stack from its file.
func (s *Stack) read(content []byte) error {
	if err := json.Unmarshal(content, &s.file); err != nil {
		return err
	}
	s.certificates = certificate.FindAllString(string(content), -1)
	if s3 := s.file.Terraform.Backend.S3; s3 != nil {
		s.Bucket, s.Key, s.KMSKey = s3.Bucket, s3.Key, s3.KMSKey
	}
	s.Secret = len(s.file.Resource["aws_secretsmanager_secret_version"]) > 0
	for _, kind := range slices.Sorted(maps.Keys(s.file.Resource)) {
		for _, name := range slices.Sorted(maps.Keys(s.file.Resource[kind])) {
			address := kind + "." + name
			s.Resources = append(s.Resources, address)
			if s.file.Resource[kind][name].Lifecycle.PreventDestroy {
				s.Guarded = append(s.Guarded, address)
			}
		}
	}
	return nil
}

// charts are the charts that the stack gets from repositories.
func (s *Stack) charts() []Chart {
	var found []Chart
	for _, release := range s.file.Resource["helm_release"] {
		if release.Repository != "" {
			found = append(found, Chart{release.Repository, release.Chart, release.Version})
		}
	}
	return found
}

// zones are the names of the public Route 53 zones that the stack looks up.
func (s *Stack) zones() []string {
	var found []string
	for _, data := range s.file.Data["aws_route53_zone"] {
		var zone struct {
			Name    string `json:"name"`
			Private bool   `json:"private_zone"`
		}
		if err := json.Unmarshal(data, &zone); err == nil && zone.Name != "" && !zone.Private {
			found = append(found, zone.Name)
		}
	}
	return found
}

// given are the ARNs that the stack names without creating their resources: IAM principals, the
// permissions boundaries of roles, and the key of its state.
func (s *Stack) given() []string {
	var found []string
	for _, entry := range s.file.Resource["aws_eks_access_entry"] {
		found = append(found, entry.Principal)
	}
	for _, role := range s.file.Resource["aws_iam_role"] {
		found = append(found, role.Boundary)
	}
	found = append(found, s.KMSKey)
	return slices.DeleteFunc(found, func(arn string) bool { return !strings.HasPrefix(arn, "arn:") })
}

// Package provider simulates a Terraform provider. It has the schema of the real one, but changes
// the rehearsal's cloud instead of AWS or Kubernetes.
package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/schema"
)

// DelayVariable is the environment variable with the duration of a change, such as 200ms. The
// default is none.
const DelayVariable = "REHEARSAL_DELAY"

// New returns the simulator of a provider, such as "aws", configured by the environment.
func New(name string) (tfprotov6.ProviderServer, error) {
	folder := os.Getenv(cloud.FolderVariable)
	if folder == "" {
		return nil, fmt.Errorf("this is a rehearsal's simulator of the %s provider, and %s does not say where the rehearsal is: start it with ./plinth rehearse", name, cloud.FolderVariable)
	}
	content, err := os.ReadFile(filepath.Join(folder, schema.FileName))
	if err != nil {
		return nil, fmt.Errorf("the rehearsal has no schemas: %w", err)
	}
	var all map[string]*schema.Provider
	if err := json.Unmarshal(content, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", schema.FileName, err)
	}
	if all[name] == nil {
		return nil, fmt.Errorf("%s has no provider %s", schema.FileName, name)
	}
	var delay time.Duration
	if text := os.Getenv(DelayVariable); text != "" {
		if delay, err = time.ParseDuration(text); err != nil {
			return nil, fmt.Errorf("%s: %w", DelayVariable, err)
		}
	}
	return &server{name: name, schemas: all[name], cloud: cloud.Open(folder), cluster: newCluster(folder), delay: delay}, nil
}

type server struct {
	name    string
	schemas *schema.Provider
	cloud   *cloud.Cloud
	cluster cluster
	delay   time.Duration

	// defaultTags are the AWS provider's. host and certificate are the Kubernetes and Helm
	// providers', helmDriver is Helm's.
	defaultTags       map[string]string
	host, certificate string
	helmDriver        string

	// who is the caller's session, once identified.
	who         *iam.Session
	identified  bool
	identifying sync.Mutex
}

type diagnostics = []*tfprotov6.Diagnostic

// failed returns an error for Terraform, if there is one, and records it.
func (s *server) failed(what string, err error) diagnostics {
	if err == nil {
		return nil
	}
	_ = s.cloud.Refused(what + ": " + err.Error()) // Terraform prints it too
	var refusal *cloud.Error
	if errors.As(err, &refusal) {
		return diagnostics{{
			Severity: tfprotov6.DiagnosticSeverityError, Summary: fmt.Sprintf("%s: %s", what, refusal.Code),
			Detail: refusal.Message + "\n\n(from the rehearsal's simulator, not from AWS)",
		}}
	}
	return diagnostics{{Severity: tfprotov6.DiagnosticSeverityError, Summary: what, Detail: err.Error()}}
}

func (s *server) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	response := &tfprotov6.GetMetadataResponse{ServerCapabilities: capabilities}
	for name := range s.schemas.Resources {
		response.Resources = append(response.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	for name := range s.schemas.DataSources {
		response.DataSources = append(response.DataSources, tfprotov6.DataSourceMetadata{TypeName: name})
	}
	for name := range s.schemas.Ephemeral {
		response.EphemeralResources = append(response.EphemeralResources, tfprotov6.EphemeralResourceMetadata{TypeName: name})
	}
	return response, nil
}

var capabilities = &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true}

func (s *server) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	var wrong error
	all := func(blocks map[string]*schema.Block) map[string]*tfprotov6.Schema {
		result := map[string]*tfprotov6.Schema{}
		for name, b := range blocks {
			proto, err := b.Proto()
			if err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("%s: %w", name, err))
			}
			result[name] = proto
		}
		return result
	}
	config, err := s.schemas.Config.Proto()
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities:       capabilities,
		Provider:                 config,
		ResourceSchemas:          all(s.schemas.Resources),
		DataSourceSchemas:        all(s.schemas.DataSources),
		EphemeralResourceSchemas: all(s.schemas.Ephemeral),
		Functions:                map[string]*tfprotov6.Function{},
		Diagnostics:              s.failed("reading the schemas", errors.Join(err, wrong)),
	}, nil
}

// ConfigureProvider checks the account, or notes how to reach the cluster.
func (s *server) ConfigureProvider(_ context.Context, r *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	config, err := decode(s.schemas.Config, r.Config)
	if err != nil {
		return nil, err
	}
	response := &tfprotov6.ConfigureProviderResponse{}
	if s.name == "aws" {
		response.Diagnostics = s.failed("configuring the AWS provider", s.configureAWS(config))
		return response, nil
	}
	kubernetes, _ := object(config)
	if nested := at(config, "kubernetes"); nested != nil {
		kubernetes, _ = object(*nested)
	}
	s.host, _ = plain(kubernetes["host"]).(string)
	s.certificate, _ = plain(kubernetes["cluster_ca_certificate"]).(string)
	if driver := at(config, "helm_driver"); driver != nil {
		s.helmDriver, _ = plain(*driver).(string)
		s.cluster.Driver = s.helmDriver
	}
	return response, nil
}

// configureAWS refuses an account or region other than the rehearsal's, as the AWS provider refuses
// accounts that are not allowed.
func (s *server) configureAWS(config tftypes.Value) error {
	world, err := s.cloud.Look()
	if err != nil {
		return err
	}
	if _, err := s.session(world); err != nil {
		return err
	}
	members, _ := object(config)
	if allowed, ok := plain(members["allowed_account_ids"]).([]any); ok && !slices.Contains(allowed, any(world.Account)) {
		return fmt.Errorf("AWS account ID not allowed: %s", world.Account)
	}
	if region := plain(members["region"]); region != nil && region != world.Region {
		return fmt.Errorf("the rehearsal's account has one region, %s, and %v is asked for", world.Region, region)
	}
	s.defaultTags = map[string]string{}
	if tags := at(config, "default_tags"); tags != nil {
		if of := at(*tags, "tags"); of != nil {
			values, _ := plain(*of).(map[string]any)
			for key, value := range values {
				s.defaultTags[key] = fmt.Sprint(value)
			}
		}
	}
	return nil
}

// where returns the cluster of a type's resources, empty for AWS.
func (s *server) where(world *cloud.World, name string) (cluster string, err error) {
	if s.name == "aws" {
		return "", nil
	}
	if s.host == "" {
		return "", fmt.Errorf("%s: the provider has no host: is the cluster's stack deployed?", name)
	}
	who, err := s.session(world)
	if err != nil {
		return "", err
	}
	if cluster, err = world.ClusterOf(s.host, s.certificate); err != nil {
		return "", err
	}
	if who == nil {
		return cluster, world.Administered(cluster)
	}
	return cluster, world.AuthorizeKubernetes(who, cluster)
}

// valueType is the type of a block's value.
func valueType(b *schema.Block) (tftypes.Type, error) {
	proto, err := b.Proto()
	if err != nil {
		return nil, err
	}
	return proto.ValueType(), nil
}

func decode(b *schema.Block, v *tfprotov6.DynamicValue) (tftypes.Value, error) {
	t, err := valueType(b)
	if err != nil {
		return tftypes.Value{}, err
	}
	return v.Unmarshal(t)
}

func encode(v tftypes.Value) (*tfprotov6.DynamicValue, error) {
	encoded, err := tfprotov6.NewDynamicValue(v.Type(), v)
	return &encoded, err
}

// encodePlain encodes a block's value from its JSON form.
func encodePlain(b *schema.Block, attributes map[string]any) (*tfprotov6.DynamicValue, error) {
	t, err := valueType(b)
	if err != nil {
		return nil, err
	}
	v, err := typed(t, withBlocks(b, attributes))
	if err != nil {
		return nil, err
	}
	return encode(v)
}

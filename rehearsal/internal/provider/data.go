package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"plinth/rehearsal/internal/cloud"
)

func (s *server) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (s *server) ReadDataSource(_ context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	b := s.schemas.DataSources[r.TypeName]
	config, err := decode(b, r.Config)
	if err != nil {
		return nil, err
	}
	attributes, _ := plain(config).(map[string]any)
	answer, err := s.answer(r.TypeName, attributes)
	if err != nil {
		return &tfprotov6.ReadDataSourceResponse{Diagnostics: s.failed("reading data source "+r.TypeName, err)}, nil
	}
	maps.Copy(attributes, answer)
	state, err := encodePlain(b, attributes)
	return &tfprotov6.ReadDataSourceResponse{State: state, Diagnostics: s.failed("answering data source "+r.TypeName, err)}, nil
}

func (s *server) answer(name string, config map[string]any) (map[string]any, error) {
	world, err := s.cloud.Look()
	if err != nil {
		return nil, err
	}
	if s.name == "kubernetes" {
		return s.answerInCluster(world, name, config)
	}
	answer, err := world.ReadData(name, config)
	if err != nil {
		return nil, err
	}
	if name == "aws_caller_identity" {
		if answer, err = s.callerIdentity(world, answer); err != nil {
			return nil, err
		}
	}
	of := maps.Clone(config)
	if of == nil {
		of = map[string]any{}
	}
	maps.Copy(of, answer)
	return answer, s.allow(world, "data."+name, cloud.OperationRead, of, of)
}

// answerInCluster answers the Kubernetes provider's data sources.
func (s *server) answerInCluster(world *cloud.World, name string, config map[string]any) (map[string]any, error) {
	verb, read := "get", world.ReadIngress
	switch name {
	case "kubernetes_ingress_v1":
	case "kubernetes_all_namespaces":
		verb, read = "list", world.ReadNamespaces
	default:
		return nil, fmt.Errorf("the rehearsal does not answer data source %s: add it to answerInCluster in rehearsal/internal/provider/data.go", name)
	}
	cluster, err := s.where(world, name)
	if err != nil {
		return nil, err
	}
	if err := s.allowInCluster(world, cluster, verb, name, config, nil); err != nil {
		return nil, err
	}
	return read(cluster, config), nil
}

// callerIdentity is the identity of the session, if there is one.
func (s *server) callerIdentity(world *cloud.World, answer map[string]any) (map[string]any, error) {
	who, err := s.session(world)
	if who == nil || err != nil {
		return answer, err
	}
	answer = maps.Clone(answer)
	answer["arn"] = who.ARN
	return answer, nil
}

func (s *server) ValidateEphemeralResourceConfig(context.Context, *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return &tfprotov6.ValidateEphemeralResourceConfigResponse{}, nil
}

// OpenEphemeralResource returns values that are in no plan and no state.
func (s *server) OpenEphemeralResource(_ context.Context, r *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	b := s.schemas.Ephemeral[r.TypeName]
	config, err := decode(b, r.Config)
	if err != nil {
		return nil, err
	}
	attributes, _ := plain(config).(map[string]any)
	answer, err := s.open(r.TypeName, attributes)
	if err != nil {
		return &tfprotov6.OpenEphemeralResourceResponse{Diagnostics: s.failed("opening "+r.TypeName, err)}, nil
	}
	maps.Copy(attributes, answer)
	result, err := encodePlain(b, attributes)
	return &tfprotov6.OpenEphemeralResourceResponse{Result: result, RenewAt: time.Time{}, Diagnostics: s.failed("opening "+r.TypeName, err)}, nil
}

func (s *server) open(name string, config map[string]any) (map[string]any, error) {
	world, err := s.cloud.Look()
	if err != nil {
		return nil, err
	}
	if err := s.allow(world, "ephemeral."+name, cloud.OperationRead, config, config); err != nil {
		return nil, err
	}
	switch name {
	case "aws_secretsmanager_random_password":
		length, ok := config["password_length"].(float64)
		if !ok {
			length = 32
		}
		plain, _ := config["exclude_punctuation"].(bool)
		return map[string]any{"random_password": cloud.RandomPassword(int(length), plain)}, nil
	case "aws_secretsmanager_secret_version":
		id, _ := config["secret_id"].(string)
		return world.ReadSecret(id)
	}
	return nil, fmt.Errorf("the rehearsal does not answer %s", name)
}

func (s *server) RenewEphemeralResource(context.Context, *tfprotov6.RenewEphemeralResourceRequest) (*tfprotov6.RenewEphemeralResourceResponse, error) {
	return &tfprotov6.RenewEphemeralResourceResponse{}, nil
}

func (s *server) CloseEphemeralResource(context.Context, *tfprotov6.CloseEphemeralResourceRequest) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return &tfprotov6.CloseEphemeralResourceResponse{}, nil
}

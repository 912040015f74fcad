package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"plinth/rehearsal/internal/cloud"
)

func (s *server) UpgradeResourceState(_ context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	t, err := valueType(s.schemas.Resources[r.TypeName])
	if err != nil {
		return nil, err
	}
	// A state of another provider version may have more attributes.
	state, err := r.RawState.UnmarshalWithOpts(t, tfprotov6.UnmarshalOpts{
		ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true},
	})
	if err != nil {
		return &tfprotov6.UpgradeResourceStateResponse{Diagnostics: s.failed("reading the state of "+r.TypeName, err)}, nil
	}
	encoded, err := encode(state)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: encoded}, err
}

// ReadResource returns the cloud's resource, null if it was deleted there.
func (s *server) ReadResource(ctx context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	b := s.schemas.Resources[r.TypeName]
	state, err := decode(b, r.CurrentState)
	if err != nil {
		return nil, err
	}
	response := &tfprotov6.ReadResourceResponse{Private: r.Private}
	world, err := s.cloud.Look()
	if err == nil {
		response.NewState, err = s.read(ctx, world, r.TypeName, state)
	}
	response.Diagnostics = s.failed("reading "+r.TypeName, err)
	return response, nil
}

func (s *server) read(ctx context.Context, world *cloud.World, name string, state tftypes.Value) (*tfprotov6.DynamicValue, error) {
	cluster, err := s.where(world, name)
	if err != nil {
		return nil, err
	}
	attributes, _ := plain(state).(map[string]any)
	key := cloud.Key(name, cluster, attributes)
	thing := world.Get(name, key)
	if thing != nil {
		attributes = thing.Attributes
	}
	err = s.allow(world, name, cloud.OperationRead, attributes, attributes)
	if err == nil {
		err = s.allowInCluster(world, cluster, "get", name, attributes, nil)
	}
	if err != nil {
		return nil, err
	}
	if thing == nil {
		return encode(tftypes.NewValue(state.Type(), nil))
	}
	if there, err := s.cluster.has(ctx, name, attributes); err != nil {
		return nil, err
	} else if !there {
		return encode(tftypes.NewValue(state.Type(), nil))
	}
	encoded, err := encodePlain(s.schemas.Resources[name], thing.Attributes)
	if err != nil {
		return nil, fmt.Errorf("%s: %s %s: %w", s.cloud.Path(), name, key, err)
	}
	return encoded, nil
}

func (s *server) PlanResourceChange(_ context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	b := s.schemas.Resources[r.TypeName]
	prior, err := decode(b, r.PriorState)
	if err != nil {
		return nil, err
	}
	proposed, err := decode(b, r.ProposedNewState)
	if err != nil {
		return nil, err
	}
	planned, replaced := proposed, []*tftypes.AttributePath(nil)
	if !proposed.IsNull() {
		planned, replaced = s.plan(r.TypeName, b, prior, proposed)
	}
	encoded, err := encode(planned)
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: encoded, RequiresReplace: replaced, PlannedPrivate: r.PriorPrivate}, err
}

func (s *server) ApplyResourceChange(ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	b := s.schemas.Resources[r.TypeName]
	prior, err := decode(b, r.PriorState)
	if err != nil {
		return nil, err
	}
	planned, err := decode(b, r.PlannedState)
	if err != nil {
		return nil, err
	}
	config, err := decode(b, r.Config)
	if err != nil {
		return nil, err
	}
	time.Sleep(s.delay)
	var final tftypes.Value
	err = s.cloud.Update(func(world *cloud.World) error {
		if err := s.forget(ctx, world, r.TypeName, planned); err != nil {
			return err
		}
		if final, err = s.apply(world, r.TypeName, prior, planned, config); err != nil {
			return err
		}
		before, _ := plain(prior).(map[string]any)
		after, _ := plain(final).(map[string]any)
		in, err := s.where(world, r.TypeName)
		if err != nil {
			return err
		}
		return s.cluster.apply(ctx, world, in, r.TypeName, before, after)
	})
	response := &tfprotov6.ApplyResourceChangeResponse{Private: r.PlannedPrivate, Diagnostics: s.failed(doing(prior, planned)+" "+r.TypeName, err)}
	if err != nil {
		final = prior
	}
	response.NewState, err = encode(final)
	// As the real provider, whose resources are of the old SDK: AWS may answer otherwise than planned.
	response.UnsafeToUseLegacyTypeSystem = len(cloud.Independent(r.TypeName)) > 0 //nolint:staticcheck // deprecated for new providers, which this is not
	return response, err
}

// independently sets the attributes that AWS may set otherwise than planned.
func independently(name string, planned tftypes.Value, answers map[string]any) (tftypes.Value, error) {
	members, ok := object(planned)
	if !ok {
		return planned, nil
	}
	for _, attribute := range cloud.Independent(name) {
		v, err := typed(members[attribute].Type(), answers[attribute])
		if err != nil {
			return planned, err
		}
		members[attribute] = v
	}
	return tftypes.NewValue(planned.Type(), members), nil
}

// forget deletes from the rehearsal's cloud what somebody deleted in the real control plane.
func (s *server) forget(ctx context.Context, world *cloud.World, name string, planned tftypes.Value) error {
	attributes, ok := plain(planned).(map[string]any)
	if !ok || !s.cluster.Running() {
		return nil
	}
	in, err := s.where(world, name)
	if err != nil {
		return err
	}
	thing := world.Named(name, in, attributes)
	if thing == nil {
		return nil
	}
	if there, err := s.cluster.has(ctx, name, thing.Attributes); err != nil || there {
		return err
	}
	return world.Delete(name, in, thing.Attributes)
}

func doing(prior, planned tftypes.Value) string {
	switch {
	case prior.IsNull():
		return "creating"
	case planned.IsNull():
		return "deleting"
	}
	return "updating"
}

// apply changes the world and returns the resource's new value.
func (s *server) apply(world *cloud.World, name string, prior, planned, config tftypes.Value) (tftypes.Value, error) {
	b := s.schemas.Resources[name]
	cluster, err := s.where(world, name)
	if err != nil {
		return prior, err
	}
	if planned.IsNull() {
		attributes, _ := plain(prior).(map[string]any)
		return planned, s.remove(world, name, cluster, attributes)
	}
	attributes, _ := plain(planned).(map[string]any)
	given, _ := plain(config).(map[string]any)
	for argument, a := range b.Attributes {
		if a.WriteOnly {
			attributes[argument] = given[argument]
		}
	}
	behaves, _ := cloud.Knows(name)
	switch {
	case !prior.IsNull():
		err = world.Change(name, cluster, attributes)
	case behaves:
		err = world.Create(name, cluster, attributes)
	default:
		err = world.CreateBySchema(name, cluster, b, attributes)
	}
	if err != nil {
		return prior, err
	}
	final, err := resolve(planned, withBlocks(b, attributes))
	if err != nil {
		return prior, fmt.Errorf("what the rehearsal's cloud answers does not fit the schema of %s: %w", name, err)
	}
	if final, err = independently(name, final, attributes); err != nil {
		return prior, err
	}
	// The world keeps what Terraform has seen, so that the next read shows no change.
	kept, _ := plain(final).(map[string]any)
	thing := world.Get(name, cloud.Key(name, cluster, kept))
	maps.Copy(thing.Attributes, kept)
	for argument, a := range b.Attributes {
		if a.WriteOnly {
			delete(thing.Attributes, argument)
		}
	}
	// A denial discards every change made here to the world.
	if prior.IsNull() {
		err = s.allow(world, name, cloud.OperationCreate, nil, thing.Attributes)
	} else {
		before, _ := plain(prior).(map[string]any)
		err = s.allow(world, name, cloud.OperationUpdate, before, kept)
	}
	if err != nil {
		return prior, err
	}
	return final, s.allowInCluster(world, cluster, verb(prior), name, kept, thing.Objects)
}

func verb(prior tftypes.Value) string {
	if prior.IsNull() {
		return "create"
	}
	return "patch"
}

// remove deletes a resource if the role may.
func (s *server) remove(world *cloud.World, name, cluster string, a map[string]any) error {
	thing := world.Get(name, cloud.Key(name, cluster, a))
	if thing == nil {
		return nil
	}
	if err := s.allow(world, name, cloud.OperationDelete, thing.Attributes, nil); err != nil {
		return err
	}
	if err := s.allowInCluster(world, cluster, "delete", name, thing.Attributes, thing.Objects); err != nil {
		return err
	}
	return world.Delete(name, cluster, a)
}

// ImportResourceState finds a resource by its id.
func (s *server) ImportResourceState(_ context.Context, r *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	b := s.schemas.Resources[r.TypeName]
	world, err := s.cloud.Look()
	if err != nil {
		return nil, err
	}
	response := &tfprotov6.ImportResourceStateResponse{}
	cluster, err := s.where(world, r.TypeName)
	if err != nil {
		response.Diagnostics = s.failed("importing "+r.TypeName, err)
		return response, nil
	}
	key := r.ID
	if cluster != "" {
		key = cluster + ":" + r.ID
	}
	thing := world.Get(r.TypeName, key)
	if thing == nil {
		response.Diagnostics = s.failed("importing "+r.TypeName, fmt.Errorf("Cannot import non-existent remote object: there is no %s %s", r.TypeName, r.ID)) //nolint:staticcheck // Terraform's own words
		return response, nil
	}
	state, err := encodePlain(b, thing.Attributes)
	if err != nil {
		return nil, err
	}
	response.ImportedResources = []*tfprotov6.ImportedResource{{TypeName: r.TypeName, State: state}}
	return response, nil
}

// The rest of the protocol needs nothing here.

func (s *server) ValidateProviderConfig(_ context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (s *server) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (s *server) MoveResourceState(context.Context, *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return nil, unsupported("moving a state to another type")
}

func (s *server) UpgradeResourceIdentity(context.Context, *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return nil, unsupported("resource identity")
}

func (s *server) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{}}, nil
}

func (s *server) GenerateResourceConfig(context.Context, *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	return nil, unsupported("generating configuration")
}

func (s *server) GetFunctions(context.Context, *tfprotov6.GetFunctionsRequest) (*tfprotov6.GetFunctionsResponse, error) {
	return &tfprotov6.GetFunctionsResponse{Functions: map[string]*tfprotov6.Function{}}, nil
}

func (s *server) CallFunction(context.Context, *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return nil, unsupported("calling the provider's functions")
}

func (s *server) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func unsupported(what string) error {
	return fmt.Errorf("%s is not rehearsed", what)
}

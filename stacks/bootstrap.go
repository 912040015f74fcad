package stacks

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawscalleridentity"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsiamsessioncontext"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsroute53zone"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamopenidconnectprovider"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iampolicy"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/baseline"
	"plinth/constructs/bucket"
	"plinth/constructs/childids"
	"plinth/constructs/encryptionkey"
	"plinth/constructs/pipelinerole"
	"plinth/permissions"
	"plinth/settings"
)

// Bootstrap is the stack bootstrap-<environment>: state bucket, OIDC provider, pipeline roles and, if the
// settings say so, the account's baseline. An administrator deploys it; no role that it creates can change it.
type Bootstrap struct{ cdktf.TerraformStack }

// NewBootstrap creates the state bucket, and for each target stack one role that deploys it and one
// that plans it. Pipelines assume these roles. Their policies follow from the stack's Terraform JSON,
// so call it in a later pass of plinth/synthesis. It panics on errors, like jsii.
func NewBootstrap(scope constructs.Construct, env *settings.Environment, targets ...cdktf.TerraformStack) *Bootstrap {
	stack := cdktf.NewTerraformStack(scope, jsii.String("bootstrap-"+env.Name)) // 'dev-*' must not match it
	configureStack(stack, env, "bootstrap", env.State.Region)
	provider := newOIDCProvider(stack, env)
	table := permissions.All()
	folder := *cdktf.App_Of(stack).Outdir()
	zones := hostedZones{stack, map[string]string{}, childids.Taken{}}
	roles := map[string]map[string]string{"deploy": {}, "plan": {}}
	documents := map[string]map[string]any{}
	var names []string
	for _, target := range targets {
		name := strings.TrimPrefix(*target.Node().Id(), env.Name+"-")
		document, err := readSynthesized(folder, env.Name+"-"+name, target)
		fail(err)
		missing := permissions.Missing{}
		if missing.Add(table, env.Name+"-"+name, document); len(missing) > 0 {
			fail(missingAnywhere(table, folder, missing))
		}
		names, documents[name] = append(names, name), document
	}
	stateKey := newStateBucket(stack, env, names)
	for _, name := range names {
		subject := Permissions(env, name, documents, stateKey)
		subject.HostedZones = zones.of(documents[name])
		newRoleBoundary(stack, env, subject)
		newRole := func(verb, name, description string, trust settings.Trust, may func(permissions.Stack) ([]permissions.Statement, error)) {
			statements, err := may(subject)
			fail(err)
			newPipelineRole(stack, env, provider, verb+"-"+subject.Name, name, description, trust, statements)
			roles[verb][env.Name+"-"+subject.Name] = env.RoleARN(name)
		}
		newRole("deploy", env.DeployRole(subject.Name), "Deploys and destroys "+env.Name+"-"+subject.Name, env.DeployTrust(), table.Deploy)
		newRole("plan", env.PlanRole(subject.Name), "Plans "+env.Name+"-"+subject.Name, env.PlanTrust(), table.Plan)
	}
	newPipelineRole(stack, env, provider, "push", env.PushRole(), "Pushes images of "+env.Name, env.PushTrust(),
		permissions.Push(env.Region, env.Account, pushed(env)...))

	if env.Baseline {
		baseline.New(stack, "baseline", baseline.Config{
			Name:            env.ResourceName("account"),
			BucketName:      env.ResourceName("trail", env.Account),
			Account:         env.Account,
			Region:          env.State.Region,
			RetentionDays:   max(leastAuditDays, env.LogRetentionDays),
			AccessLogBucket: env.State.AccessLogBucket,
		})
	}
	output(stack, "state_bucket", "Where Terraform's states are", env.State.Bucket)
	output(stack, "pipeline", "What pipelines need to know of the environment", map[string]any{
		"environment": env.Name, "account": env.Account, "region": env.Region, "protected": env.Protected,
		"provider": string(env.CI.Provider), "issuer": env.CI.Issuer, "project": env.CI.Project,
		"audiences": map[string]any{"plan": env.PlanTrust().Audience, "deploy": env.DeployTrust().Audience, "push": env.PushTrust().Audience},
		"branches":  append([]string{}, env.CI.Branches...), "tags": append([]string{}, env.CI.Tags...),
		"plan_branches": append([]string{}, env.CI.PlanBranches...),
		"runner_tags":   append([]string{}, env.CI.RunnerTags...), "plan_runner_tags": append([]string{}, env.CI.PlanRunnerTags...),
		"push_role": env.RoleARN(env.PushRole()), "deploy_roles": roles["deploy"], "plan_roles": roles["plan"],
	})
	output(stack, "oidc_provider", "The OIDC provider of the pipelines' tokens, and the audiences that it must list", map[string]any{
		"arn": provider, "created": !env.CI.UseExistingOIDCProvider, "audiences": env.CI.ProviderAudiences,
	})
	return &Bootstrap{TerraformStack: stack}
}

// pushed returns the names of the repositories that the environment's images are pushed to.
func pushed(env *settings.Environment) []string {
	var names []string
	for _, app := range env.Applications() {
		if app.Image.Repository == "" {
			names = append(names, env.ResourceName(app.Name))
		}
	}
	return names
}

// leastAuditDays is how long the account's audit log is kept at least: what has happened is often found
// out months later.
const leastAuditDays = 365

// newStateBucket creates the bucket and its key, unless the settings name existing ones, and returns
// the key's ARN.
//
// Security: both are closed to everybody but the stacks' roles and administrators, whatever IAM allows:
// a role that a stack makes, an application's role, a developer with wide rights. Each stack's role
// still reads and writes only the states that its own policy names.
func newStateBucket(stack cdktf.TerraformStack, env *settings.Environment, names []string) string {
	key := env.State.KMSKey
	if !env.State.CreatesBucket && !env.State.CreatesKey {
		return key
	}
	principals := newAdministrators(stack, env)
	for _, name := range names {
		principals = append(principals, env.RoleARN(env.DeployRole(name)), env.RoleARN(env.PlanRole(name)))
	}
	var keyNames []string
	if env.State.CreatesKey {
		made := encryptionkey.New(stack, "state-key", encryptionkey.Config{
			Alias:       env.ResourceName("state"),
			Description: "Encrypts Terraform's states",
			Account:     env.Account,
			Region:      env.State.Region,
			Principals:  principals,
			// Without it no state can be read.
			PreventDestroy: true,
		})
		key, keyNames = *made.Arn, []string{env.State.KMSKey}
	}
	if env.State.CreatesBucket {
		bucket.New(stack, "state", bucket.Config{
			Name:                           env.State.Bucket,
			KeyArn:                         &key,
			KeyNames:                       keyNames,
			Principals:                     principals,
			NoncurrentVersionRetentionDays: env.State.NoncurrentVersionRetentionDays,
			AccessLogBucket:                env.State.AccessLogBucket,
			// Without the states no stack can be changed or destroyed.
			PreventDestroy: true,
		})
	}
	return key
}

// newAdministrators returns the ARNs of the administrators: those of the settings, or else whoever
// deploys the bootstrap stack, who would otherwise be locked out of the state that Terraform is about
// to write.
func newAdministrators(stack cdktf.TerraformStack, env *settings.Environment) []string {
	caller := dataawscalleridentity.NewDataAwsCallerIdentity(stack, jsii.String("caller"), &dataawscalleridentity.DataAwsCallerIdentityConfig{})
	// Of an assumed role's session, the role with its path, as in aws:PrincipalArn.
	session := &dataawsiamsessioncontext.DataAwsIamSessionContextConfig{Arn: caller.Arn()}
	if len(env.State.Administrators) == 0 {
		return []string{*dataawsiamsessioncontext.NewDataAwsIamSessionContext(stack, jsii.String("administrator"), session).IssuerArn()}
	}
	var patterns []string
	for _, arn := range env.State.Administrators {
		patterns = append(patterns, "^"+strings.ReplaceAll(regexp.QuoteMeta(arn), `\*`, ".*")+"$")
	}
	list, err := json.Marshal(patterns)
	fail(err)
	// https://developer.hashicorp.com/terraform/language/expressions/custom-conditions
	session.Lifecycle = &cdktf.TerraformResourceLifecycle{Postcondition: &[]*cdktf.Postcondition{{
		Condition: jsii.String("${anytrue([for administrator in " + string(list) + " : can(regex(administrator, self.issuer_arn))])}"),
		ErrorMessage: jsii.String("environments/" + env.Name + ".yaml: state.administrators: must have ${self.issuer_arn}, which deploys " +
			"bootstrap-" + env.Name + " and could not read its state any more. Add it, or sign in as one of those that are named."),
	}}}
	dataawsiamsessioncontext.NewDataAwsIamSessionContext(stack, jsii.String("administrator"), session)
	return slices.Clone(env.State.Administrators)
}

// newOIDCProvider lets IAM check the CI's tokens, and returns the provider's ARN. IAM gets the
// issuer's certificate by itself.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
func newOIDCProvider(stack cdktf.TerraformStack, env *settings.Environment) string {
	if env.CI.UseExistingOIDCProvider {
		return env.AccountARN("oidc-provider/" + issuerHost(env.CI))
	}
	return *iamopenidconnectprovider.NewIamOpenidConnectProvider(stack, jsii.String("ci"), &iamopenidconnectprovider.IamOpenidConnectProviderConfig{
		Url:          jsii.String(env.CI.Issuer),
		ClientIdList: jsii.Strings(env.CI.ProviderAudiences...),
	}).Arn()
}

func issuerHost(ci settings.CI) string { return strings.TrimPrefix(ci.Issuer, "https://") }

// Permissions describes a stack to package permissions: by its name, such as network, the Terraform
// JSON of all stacks of the environment by name, and the ARN of the states' key. Its roles may read
// all states of the environment, to look up dependencies and dependants.
func Permissions(env *settings.Environment, name string, documents map[string]map[string]any, stateKey string) permissions.Stack {
	stack := permissions.Stack{
		Project: env.Project, Environment: env.Name, Name: name,
		Account: env.Account, Region: env.Region,
		Document: documents[name], Others: documents,
		Boundary: env.PolicyARN(env.RoleBoundary(name)),
		State: permissions.State{
			Bucket: env.State.Bucket, Region: env.State.Region, KMSKey: stateKey,
			Key: stateObject(env, name),
		},
	}
	for _, other := range slices.Sorted(maps.Keys(documents)) {
		if other != name {
			stack.State.Reads = append(stack.State.Reads, stateObject(env, other))
		}
	}
	return stack
}

// hostedZones looks up the ids of hosted zones when the bootstrap stack is deployed.
type hostedZones struct {
	stack cdktf.TerraformStack
	ids   map[string]string
	taken childids.Taken
}

// of returns the ids of the public zones that a stack looks up, by the zones' names.
func (z hostedZones) of(document map[string]any) map[string]string {
	data, _ := document["data"].(map[string]any)
	zones, _ := data["aws_route53_zone"].(map[string]any)
	found := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(zones)) {
		zone, _ := zones[id].(map[string]any)
		name, _ := zone["name"].(string)
		if private, _ := zone["private_zone"].(bool); name == "" || private {
			continue
		}
		if z.ids[name] == "" {
			z.ids[name] = *dataawsroute53zone.NewDataAwsRoute53Zone(z.stack, jsii.String(z.taken.Take("zone-"+strings.ReplaceAll(name, ".", "-"), name)), &dataawsroute53zone.DataAwsRoute53ZoneConfig{
				Name: jsii.String(name), PrivateZone: jsii.Bool(false),
			}).ZoneId()
		}
		found[name] = z.ids[name]
	}
	return found
}

// readSynthesized reads the Terraform JSON that an earlier pass wrote for a stack.
func readSynthesized(folder, id string, stack cdktf.TerraformStack) (document map[string]any, _ error) {
	content, err := os.ReadFile(filepath.Join(folder, "stacks", id, "cdk.tf.json"))
	if errors.Is(err, fs.ErrNotExist) {
		// cdktf wrote HCL, as the user chose.
		content, err = json.Marshal(stack.ToTerraform())
	}
	if err != nil {
		return nil, err
	}
	return document, json.Unmarshal(content, &document)
}

// missingAnywhere adds the types without a row of all stacks that an earlier pass wrote. The message
// is the same, whichever stack and environment comes first.
func missingAnywhere(table permissions.Table, folder string, missing permissions.Missing) error {
	files, err := filepath.Glob(filepath.Join(folder, "stacks", "*", "cdk.tf.json"))
	for _, file := range files {
		var document map[string]any
		content, readErr := os.ReadFile(file)
		if err = errors.Join(err, readErr, json.Unmarshal(content, &document)); err != nil {
			return err
		}
		missing.Add(table, filepath.Base(filepath.Dir(file)), document)
	}
	if err != nil {
		return err
	}
	return missing
}

// newRoleBoundary creates the permissions boundary of a stack's roles, if the stack creates any.
func newRoleBoundary(stack cdktf.TerraformStack, env *settings.Environment, subject permissions.Stack) {
	statements, err := permissions.RolesBoundary(subject)
	fail(err)
	if len(statements) == 0 {
		return
	}
	iampolicy.NewIamPolicy(stack, jsii.String("roles-"+subject.Name), &iampolicy.IamPolicyConfig{
		Name:        jsii.String(env.RoleBoundary(subject.Name)),
		Description: jsii.String("The most that a role made by " + env.Name + "-" + subject.Name + " may ever do"),
		Policy:      jsii.String(permissions.Document(statements)),
	})
}

func newPipelineRole(stack cdktf.TerraformStack, env *settings.Environment, provider, id, name, description string, trust settings.Trust, statements []permissions.Statement) {
	packed, err := permissions.Pack(statements)
	fail(err)
	config := pipelinerole.Config{
		Name: name, Description: description,
		ProviderArn: provider, Issuer: issuerHost(env.CI), Audience: trust.Audience, Subjects: trust.Subjects, Refs: trust.Refs,
		MaxSessionMinutes: env.CI.MaxSessionMinutes,
		// Security: no role may change what the bootstrap stack creates.
		Boundary: permissions.Document(permissions.Boundary(statements,
			env.RoleARN(env.DeployRole("*")), env.RoleARN(env.PlanRole("*")), env.RoleARN(env.PushRole()),
			env.PolicyARN(env.ResourceName("*")), env.AccountARN("oidc-provider/"+issuerHost(env.CI)))),
	}
	for _, policy := range packed {
		config.Policies = append(config.Policies, permissions.Document(policy))
	}
	pipelinerole.New(stack, id, config)
}

// fail panics, as jsii does with its own errors.
func fail(err error) {
	if err != nil {
		panic(err)
	}
}

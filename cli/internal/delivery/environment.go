package delivery

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"plinth/cli/internal/sentence"
	"plinth/cli/internal/synthesized"
)

// environment is what the synthesized stacks say about one environment.
type environment struct {
	name            string
	account, region string
	// repositories are the names of the applications' ECR repositories, without the registry, by application.
	repositories map[string]string
	database     database
	// cluster is the name of the EKS cluster, and of kubectl's context for it.
	cluster string
	// private is set if the Kubernetes API can be reached from the VPC only.
	private bool
	// principals are the ARNs of the IAM principals with access to the cluster; admins are those with
	// the cluster admin policy, except the bootstrap stack's roles.
	principals, admins []string
	applications       []synthesized.Application
	// bastion is the name of the bastion's instance and of the SSM document for its shells, empty if
	// there is none.
	bastion string
}

// inClusterDatabase is the Helm release and namespace of PostgreSQL in the cluster.
const inClusterDatabase = "postgres"

// database is the primary RDS instance, the Aurora cluster, or PostgreSQL in the cluster.
type database struct {
	identifier, name, user string
	aurora, inCluster      bool
	// secret is the name of the secret with the password, empty if RDS manages it.
	secret string
}

// document is the part of a stack's cdk.tf.json that this package needs.
type document struct {
	Output struct {
		Database struct {
			Value string `json:"value"`
		} `json:"database_identifier"`
		DatabaseName struct {
			Value string `json:"value"`
		} `json:"database_name"`
		DatabaseUser struct {
			Value string `json:"value"`
		} `json:"database_username"`
		Repositories struct {
			Value map[string]string `json:"value"`
		} `json:"repository_urls"`
	} `json:"output"`
	Provider struct {
		AWS []struct {
			Region   string   `json:"region"`
			Accounts []string `json:"allowed_account_ids"`
		} `json:"aws"`
	} `json:"provider"`
	Resource struct {
		Repositories map[string]struct {
			Name string `json:"name"`
		} `json:"aws_ecr_repository"`
		Databases map[string]struct {
			Identifier string `json:"identifier"`
			Name       string `json:"db_name"`
			User       string `json:"username"`
		} `json:"aws_db_instance"`
		Auroras map[string]struct {
			Identifier string `json:"cluster_identifier"`
			Name       string `json:"database_name"`
			User       string `json:"master_username"`
		} `json:"aws_rds_cluster"`
		Secrets map[string]struct {
			Name string `json:"name"`
		} `json:"aws_secretsmanager_secret"`
		Clusters map[string]struct {
			Name string `json:"name"`
			VPC  struct {
				Public bool `json:"endpoint_public_access"`
			} `json:"vpc_config"`
		} `json:"aws_eks_cluster"`
		Entries map[string]struct {
			Principal string `json:"principal_arn"`
		} `json:"aws_eks_access_entry"`
		Policies map[string]struct {
			Policy    string `json:"policy_arn"`
			Principal string `json:"principal_arn"`
		} `json:"aws_eks_access_policy_association"`
		Instances map[string]struct {
			Tags struct {
				Name string
			} `json:"tags"`
		} `json:"aws_instance"`
	} `json:"resource"`
}

// environment reads the stacks of the session's environment.
func (s *Session) environment() (*environment, error) {
	stacks, err := synthesized.Read(s.Dir)
	if err != nil {
		return nil, err
	}
	e := &environment{name: s.Env}
	for _, part := range []struct {
		stack string
		take  func(document) bool
	}{{"data", e.takeData}, {"cluster", e.takeCluster}, {"network", e.takeNetwork}} {
		stack, known := stacks[s.Env+"-"+part.stack]
		if !known {
			return nil, s.unknownEnvironment(stacks)
		}
		var file document
		if err := stack.Decode(&file); err != nil {
			return nil, err
		}
		if !part.take(file) {
			return nil, lacking(stack)
		}
	}
	if e.applications, err = synthesized.Applications(stacks, s.Env); err != nil {
		return nil, err
	}
	for _, a := range e.applications {
		if !known(a.Release, a.Namespace) {
			return nil, lacking(stacks[a.Stack])
		}
	}
	return e, nil
}

func lacking(stack synthesized.Stack) error {
	return fmt.Errorf("%s: lacks a value that is needed; synthesize again: ./plinth synth", stack.File)
}

func (s *Session) unknownEnvironment(stacks map[string]synthesized.Stack) error {
	return fmt.Errorf("%s: there is no such environment; there are %s", s.Env, sentence.List(synthesized.Environments(stacks)))
}

// application is an application with its environment.
type application struct {
	*environment
	synthesized.Application
}

// application returns the session's application, or the only one of the environment.
func (s *Session) application() (*application, error) {
	e, err := s.environment()
	if err != nil {
		return nil, err
	}
	a, err := synthesized.Choose(e.applications, s.App)
	return &application{e, a}, err
}

// namespace returns a namespace for examples of kubectl: that of the first application.
func (e *environment) namespace() string {
	if len(e.applications) == 0 {
		return "default"
	}
	return e.applications[0].Namespace
}

// repositoryID finds the resource in an expression such as ${aws_ecr_repository.images.repository_url}.
var repositoryID = regexp.MustCompile(`^\$\{aws_ecr_repository\.([^.}]+)\.repository_url\}$`)

func (e *environment) takeData(file document) bool {
	for _, aws := range file.Provider.AWS {
		if len(aws.Accounts) == 1 {
			e.account, e.region = aws.Accounts[0], aws.Region
		}
	}
	e.repositories = map[string]string{}
	for application, url := range file.Output.Repositories.Value {
		if id := repositoryID.FindStringSubmatch(url); id != nil {
			e.repositories[application] = file.Resource.Repositories[id[1]].Name
		}
	}
	// There are several databases if one was restored from a snapshot.
	current := file.Output.Database.Value
	for _, d := range file.Resource.Databases {
		if d.Identifier == current {
			e.database = database{identifier: d.Identifier, name: d.Name, user: d.User}
		}
	}
	for _, d := range file.Resource.Auroras {
		if d.Identifier == current {
			e.database = database{identifier: d.Identifier, name: d.Name, user: d.User, aurora: true}
		}
	}
	if user := file.Output.DatabaseUser.Value; user != "" {
		e.database = database{identifier: inClusterDatabase, name: file.Output.DatabaseName.Value, user: user, inCluster: true}
	}
	for _, secret := range file.Resource.Secrets {
		e.database.secret = secret.Name
	}
	return known(e.account, e.region, e.database.identifier, e.database.name, e.database.user)
}

func (e *environment) takeCluster(file document) bool {
	for _, cluster := range file.Resource.Clusters {
		e.cluster, e.private = cluster.Name, !cluster.VPC.Public
	}
	for _, id := range slices.Sorted(maps.Keys(file.Resource.Entries)) {
		principal := file.Resource.Entries[id].Principal
		e.principals = append(e.principals, principal)
		for _, policy := range file.Resource.Policies {
			// Only a pipeline can assume a role of the bootstrap stack.
			own := strings.Contains(principal, ":role/"+e.cluster+"-deploy-")
			if !own && strings.HasSuffix(policy.Policy, "/AmazonEKSClusterAdminPolicy") && policy.Principal == "${aws_eks_access_entry."+id+".principal_arn}" {
				e.admins = append(e.admins, principal)
			}
		}
	}
	return known(e.cluster)
}

func (e *environment) takeNetwork(file document) bool {
	for _, instance := range file.Resource.Instances {
		e.bastion = instance.Tags.Name
	}
	return len(file.Resource.Instances) == 0 || known(e.bastion)
}

// known reports whether each value is set, and is not a Terraform expression.
func known(values ...string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return v == "" || strings.Contains(v, "${") })
}

// registry returns the host of the account's ECR registry.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
func (e *environment) registry() string {
	return e.account + ".dkr.ecr." + e.region + ".amazonaws.com"
}

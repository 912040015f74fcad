package permissions

import (
	"fmt"
	"regexp"
	"strings"
)

// A referent is what a reference in a stack's policy leads to: an attribute of a resource, which may
// be another stack's.
type referent struct {
	owner     Stack
	resource  block
	attribute string
}

var (
	crossStackOutput = regexp.MustCompile(`^\$\{data\.terraform_remote_state\.cross-stack-reference-input-([a-z0-9-]+)\.outputs\.([A-Za-z0-9_-]+)\}$`)
	localReference   = regexp.MustCompile(`^\$\{local\.([A-Za-z0-9_-]+)\}$`)
	// triedFirst matches try(a, …), and captures a.
	triedFirst        = regexp.MustCompile(`^\$\{try\(([^(),]+),`)
	resourceReference = regexp.MustCompile(`^\$\{(aws_[a-z0-9_]+)\.([A-Za-z0-9_-]+)\.([a-z0-9_.\[\]]+)\}$`)
)

// referent follows a reference, through locals and another stack's output too.
func (s Stack) referent(reference string) (referent, bool) {
	if found := localReference.FindStringSubmatch(reference); found != nil {
		locals, _ := s.Document["locals"].(map[string]any)
		value, _ := locals[found[1]].(string)
		if first := triedFirst.FindStringSubmatch(value); first != nil {
			value = "${" + first[1] + "}"
		}
		reference = value
	}
	if found := crossStackOutput.FindStringSubmatch(reference); found != nil {
		owner := s
		owner.Name = strings.TrimPrefix(found[1], s.Environment+"-")
		owner.Document = s.Others[owner.Name]
		outputs, _ := owner.Document["output"].(map[string]any)
		output, _ := outputs[found[2]].(map[string]any)
		value, _ := output["value"].(string)
		if crossStackOutput.MatchString(value) {
			return referent{}, false
		}
		return owner.referent(value)
	}
	found := resourceReference.FindStringSubmatch(reference)
	if found == nil {
		return referent{}, false
	}
	resources, _ := s.Document["resource"].(map[string]any)
	kind, _ := resources[found[1]].(map[string]any)
	attributes, known := kind[found[2]].(map[string]any)
	return referent{s, block{found[1], attributes}, found[3]}, known
}

// arns are the ARNs of the types that a role's policy refers to, in short form. tagged says that AWS
// makes up a part, so that the tags tell one stack's resources from another's.
var arns = map[string]struct {
	arn    string
	tagged bool
}{
	"aws_backup_vault":          {"backup:backup-vault:{name}", false},
	"aws_cloudwatch_log_group":  {"logs:log-group:{name}", false},
	"aws_db_instance":           {"rds:db:{identifier}", false},
	"aws_kms_key":               {"kms:key/*", true},
	"aws_prometheus_workspace":  {promWorkspace, true},
	"aws_rds_cluster":           {"rds:cluster:{cluster_identifier}", false},
	"aws_s3_bucket":             {theBucket, false},
	"aws_secretsmanager_secret": {secret, false},
	"aws_vpc":                   {"ec2:vpc/*", true},
}

// pattern returns what the referent may be, as in an ARN, and the conditions that limit it where the
// pattern alone does not.
func (r referent) pattern() (string, []Condition, error) {
	if strings.HasPrefix(r.attribute, "master_user_secret") {
		grant := managedSecret(r.resource.kind)
		arn, err := r.owner.arn(r.resource, grant.Resources[0])
		if err != nil {
			return "", nil, err
		}
		conditions, err := r.owner.conditions(r.resource, grant.Conditions)
		return arn, conditions, err
	}
	known, listed := arns[r.resource.kind]
	if !listed {
		return "", nil, fmt.Errorf("permissions: a role of stack %s-%s refers to %s: add its ARN to arns in permissions/referent.go",
			r.owner.Environment, r.owner.Name, r.resource.kind)
	}
	var conditions []Condition
	if known.tagged {
		conditions, _ = r.owner.conditions(r.resource, resourceTagged) // names no attribute
	}
	if r.attribute != "arn" {
		if value, is := r.resource.attributes[r.attribute].(string); is {
			return value, nil, nil
		}
		return "*", conditions, nil
	}
	arn, err := r.owner.arn(r.resource, known.arn)
	return arn, conditions, err
}

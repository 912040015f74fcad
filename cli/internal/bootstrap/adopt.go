package bootstrap

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"plinth/cli/internal/terraform"
)

// adoption imports resources that exist but are in no state, because a killed run created them and
// could not record them. It finds them by their names, which are unique to this environment.
// https://developer.hashicorp.com/terraform/language/import
type adoption struct {
	*run
	known   state
	imports []toImport
	// absent are the addresses of resources that turned out not to exist.
	absent []string
}

// toImport is an import block: the address of a resource in the configuration, and its id in AWS.
type toImport struct {
	To string `json:"to"`
	ID string `json:"id"`
}

// exists matches AWS's error codes for a resource that already exists, and its messages where an account
// can have only one.
var exists = regexp.MustCompile(`\w*Already(Exists|OwnedByYou)\w*|detector already exists|(Conflict|ServiceQuotaExceeded)Exception`)

// notThere is Terraform's error about importing a resource that does not exist or is being deleted.
const notThere = "Cannot import non-existent remote object"

// adopt adds imports of the resources that could not be created because they exist. It returns false
// when there is no more to adopt.
func (a *adoption) adopt(problems []problem) (bool, error) {
	more := false
	for _, p := range problems {
		code := exists.FindString(p.Summary + " " + p.Detail)
		kind, _, _ := strings.Cut(p.Address, ".")
		absent := slices.Contains(a.absent, p.Address)
		if code != "" && absent && kind == analyzerKind {
			return false, fmt.Errorf("The account already has an IAM Access Analyzer in %s that is not this stack's. %s", a.env.region, a.withoutBaseline()) //nolint:staticcheck // a person reads it as sentences
		}
		if code == "" || absent || a.covers(p.Address) {
			continue
		}
		id, err := a.idOf(kind, p.Address)
		if err != nil {
			return false, err
		}
		if code == "BucketAlreadyExists" && !a.ownsBucket(id) {
			setting := "project"
			if id == a.env.bucket {
				setting = "state.bucket"
			}
			return false, fmt.Errorf("The bucket %[1]s exists, but may belong to another account: bucket names are unique in all of AWS. Set %[4]s to another name in environments/%[2]s.yaml and try again.\n"+ //nolint:staticcheck // a person reads it as sentences
				"If it is yours, this must succeed here: aws s3api head-bucket --bucket %[1]s --expected-bucket-owner %[3]s", id, a.env.name, a.env.account, setting)
		}
		if id != "" {
			a.imports = append(a.imports, toImport{p.Address, id})
			more = true
		}
	}
	return more, nil
}

func (a *adoption) covers(address string) bool {
	return slices.ContainsFunc(a.imports, func(i toImport) bool { return i.To == address })
}

// ownsBucket asks S3 whether the account owns the bucket. S3's own error does not tell in us-east-1.
// Elsewhere it is BucketAlreadyOwnedByYou.
func (a *adoption) ownsBucket(name string) bool {
	aws, err := exec.LookPath("aws")
	return err == nil && exec.Command(aws, "s3api", "head-bucket", "--bucket", name, "--expected-bucket-owner", a.env.account).Run() == nil
}

const (
	analyzerKind = "aws_accessanalyzer_analyzer"
	detectorKind = "aws_guardduty_detector"
)

// idOf returns the id to import an existing resource by. A detector has no name: it is this stack's if it
// has the stack's tags.
func (a *adoption) idOf(kind, address string) (string, error) {
	if kind != detectorKind {
		return a.env.importID(address)
	}
	ids, err := a.tagged("guardduty", "detector/")
	switch {
	case err != nil:
		return "", fmt.Errorf("The account already has a GuardDuty detector in %s. Whether it is this stack's is unknown: %w. If it is not: %s", a.env.region, err, a.withoutBaseline()) //nolint:staticcheck // a person reads it as sentences
	case len(ids) == 0:
		return "", fmt.Errorf("The account already has a GuardDuty detector in %s without this stack's tags. %s", a.env.region, a.withoutBaseline()) //nolint:staticcheck // a person reads it as sentences
	}
	return ids[0], nil
}

// withoutBaseline is the remedy where somebody else, such as a landing zone, has made a part of the
// account's baseline.
func (a *adoption) withoutBaseline() string {
	return "Remove baseline from environments/" + a.env.name + ".yaml, or delete the other one, and try again."
}

// plan plans with the imports. It leaves out imports of resources that no longer exist.
func (a *adoption) plan(options ...string) (*plan, error) {
	for {
		content, err := json.MarshalIndent(map[string]any{"import": a.imports}, "", "  ")
		if err != nil {
			return nil, err
		}
		if len(a.imports) == 0 {
			err = remove(a.inStack(importsName))
		} else {
			err = write(a.inStack(importsName), content)
		}
		if err != nil {
			return nil, err
		}
		p, err := a.makePlan(options...)
		var failure *terraform.Failure
		if !errors.As(err, &failure) || !strings.Contains(strings.Join(strings.Fields(failure.Words), " "), notThere) || !a.leaveOut(failure.Words) {
			return p, err
		}
		if len(options) > 0 { // the plan was only to check whether it exists
			return &plan{}, nil
		}
	}
}

// leaveOut removes the imports that a message names. It returns false if there are none.
func (a *adoption) leaveOut(words string) bool {
	before := len(a.imports)
	a.imports = slices.DeleteFunc(a.imports, func(i toImport) bool {
		named := strings.Contains(words, i.To) || strings.Contains(words, i.ID)
		if named {
			a.absent = append(a.absent, i.To)
		}
		return named
	})
	return len(a.imports) < before
}

// check refuses to adopt an OIDC provider without this environment's tags. Its only name is its URL,
// so it may be somebody else's. Other resources have the project and the environment in their names.
func (a *adoption) check(p *plan) error {
	for _, c := range p.Resources {
		if c.Change.Importing == nil || c.Type != "aws_iam_openid_connect_provider" {
			continue
		}
		for _, name := range ownTags {
			if c.Change.Before.Tags[name] != a.env.tags[name] {
				return fmt.Errorf("The account already has an OIDC provider for this issuer, without this environment's tag %s=%s. Nothing was adopted. To use it, set ci.useExistingOIDCProvider: true in environments/%s.yaml.", //nolint:staticcheck // a person reads it as sentences
					name, a.env.tags[name], a.env.name)
			}
		}
	}
	return nil
}

// ownTags are the tags that identify this stack's resources.
var ownTags = []string{"project", "environment", "stack"}

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

// adoption has Terraform take over what exists and is in no state: what a killed run has made
// and could not write down any more. It is known by its name, which is this environment's own.
// https://developer.hashicorp.com/terraform/language/import
type adoption struct {
	*run
	known   state
	imports []toImport
	// absent are addresses of what turned out not to exist.
	absent []string
}

// toImport is one block: the address of a resource in the configuration, and its id in AWS.
type toImport struct {
	To string `json:"to"`
	ID string `json:"id"`
}

// exists is how AWS refuses what is there already.
var exists = regexp.MustCompile(`\w*Already(Exists|OwnedByYou)\w*`)

// notThere is how Terraform refuses to import what is not there, or is being deleted.
const notThere = "Cannot import non-existent remote object"

// adopt adds what could not be made because it exists. It returns false when nothing is left
// that could be adopted.
func (a *adoption) adopt(problems []problem) (bool, error) {
	more := false
	for _, p := range problems {
		code := exists.FindString(p.Summary + " " + p.Detail)
		if code == "" || a.covers(p.Address) || slices.Contains(a.absent, p.Address) {
			continue
		}
		if code == "BucketAlreadyExists" && !a.ownsBucket() {
			return false, fmt.Errorf("The bucket %[1]s exists, but may belong to another account: bucket names are unique in all of AWS. Set state.bucket to another name in environments/%[2]s.yaml and try again.\n"+ //nolint:staticcheck // a person reads it as sentences
				"If it is yours, this must succeed here: aws s3api head-bucket --bucket %[1]s --expected-bucket-owner %[3]s", a.env.bucket, a.env.name, a.env.account)
		}
		id, err := a.env.importID(p.Address)
		if err != nil {
			return false, err
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

// ownsBucket asks S3 where its refusal leaves it open, as in us-east-1. Elsewhere it says
// BucketAlreadyOwnedByYou.
func (a *adoption) ownsBucket() bool {
	aws, err := exec.LookPath("aws")
	return err == nil && exec.Command(aws, "s3api", "head-bucket", "--bucket", a.env.bucket, "--expected-bucket-owner", a.env.account).Run() == nil
}

// plan plans with what is adopted. Of that, what does not exist any more it leaves out.
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
		if len(options) > 0 { // it was only asked whether it is there
			return &plan{}, nil
		}
	}
}

// leaveOut leaves out the imports that a message names.
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

// check refuses to adopt what may be somebody else's. Names that begin with the project's and
// the environment's are this environment's; an OIDC provider has no name but its URL.
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

// ownTags are those by which what is this stack's is known.
var ownTags = []string{"project", "environment", "stack"}

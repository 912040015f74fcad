package run

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/synthesized"
)

// tokenLife is how long a job's token is valid.
const tokenLife = time.Hour

// sessionName is the name of the sessions under a role in AWS.
const sessionName = "rehearsal"

// Token writes the token of a pipeline's job for a branch or tag and a verb into a file and returns its
// path. The token is unsigned: a rehearsal's STS accepts that.
func (r *Rehearsal) Token(ref synthesized.Ref, verb synthesized.Verb, life time.Duration) (file string, err error) {
	p := r.App.Pipeline
	if p == nil {
		return "", errors.New("there is no bootstrap stack, which has the roles' trust policies")
	}
	file = r.Path("tokens", fmt.Sprintf("%02d.jwt", r.tokens.Add(1)))
	token := iam.NewToken(iam.Claims{Issuer: p.Issuer, Subject: p.Subject(ref, verb), Audience: []string{p.Audiences[verb]}, Ref: p.Claim(ref), Expires: time.Now().Add(life)})
	return file, os.WriteFile(file, []byte(token), 0o600)
}

// Planning returns the variables for planning a stack under a role that may read no secret.
func Planning(stack *synthesized.Stack) []string {
	if !stack.Secret {
		return []string{"TF_CLI_ARGS_plan=-lock=false"}
	}
	return []string{"TF_VAR_plan_only=true", "TF_CLI_ARGS_plan=-lock=false -refresh=false"}
}

// assume turns an environment into that of a pipeline's job under a role.
func (r *Rehearsal) assume(environment []string, role string, ref synthesized.Ref) ([]string, error) {
	verb := synthesized.Deploy
	if r.App.Pipeline != nil {
		verb = r.App.Pipeline.Verb(role)
	}
	file, err := r.Token(ref, verb, tokenLife)
	if err != nil {
		return nil, err
	}
	environment = slices.DeleteFunc(slices.Clone(environment), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return name == keyVariable || name == secretVariable
	})
	return append(environment, "AWS_ROLE_ARN="+role, "AWS_WEB_IDENTITY_TOKEN_FILE="+file, "AWS_ROLE_SESSION_NAME="+sessionName), nil
}

package delivery

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// awsCauses are failures of the AWS CLI with a known remedy. The first match counts.
var awsCauses = []struct {
	sign   *regexp.Regexp
	remedy string
}{
	{regexp.MustCompile(`Unable to locate credentials|NoCredentials`), "there are no AWS credentials; sign in, or choose them with AWS_PROFILE"},
	{regexp.MustCompile(`config profile .* could not be found`), "the profile does not exist; choose another with AWS_PROFILE"},
	{regexp.MustCompile(`ExpiredToken|[Tt]oken has expired|SSO session|InvalidClientTokenId|UnrecognizedClient`), "the AWS credentials have expired; sign in again"},
	{regexp.MustCompile(`AccessDenied|not authorized`), "access is denied; the role of the AWS credentials may not do this"},
	{regexp.MustCompile(`Could not connect|Connect timeout|EndpointConnection`), "AWS cannot be reached; check the network"},
	{regexp.MustCompile(`Unknown options|[Ii]nvalid choice`), "is too old; " + install["aws"]},
}

// aws runs the AWS CLI in the environment's region.
func (s *Session) aws(ctx context.Context, e *environment, args ...string) (string, error) {
	out, err := s.output(ctx, s.Dir, nil, "aws", append(args, "--region", e.region)...)
	var f *failed
	if errors.As(err, &f) {
		for _, cause := range awsCauses {
			if cause.sign.MatchString(f.words) {
				f.remedy = cause.remedy
				break
			}
		}
	}
	return out, err
}

// caller returns the ARN of the credentials' identity. Another account than the environment's is an
// error: there, ECR and EKS would only say that a resource does not exist.
func (s *Session) caller(ctx context.Context, e *environment) (string, error) {
	answer, err := s.aws(ctx, e, "sts", "get-caller-identity", "--query", "[Account,Arn]", "--output", "text")
	if err != nil {
		return "", err
	}
	fields := strings.Fields(answer)
	if len(fields) != 2 {
		return "", fmt.Errorf("aws: answered %q when asked for account and ARN", answer)
	}
	if fields[0] != e.account {
		return "", fmt.Errorf("aws: the credentials are for account %s, but %s is in %s; choose another profile with AWS_PROFILE", fields[0], e.name, e.account)
	}
	return fields[1], nil
}

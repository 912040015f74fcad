package terraform

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Cause is why Terraform failed, if known.
type Cause int

// The causes that have a remedy of their own.
const (
	Unknown Cause = iota
	NoBucket
	WrongAccount
	NotTrusted
	NoCredentials
	OldCredentials
	AccessDenied
	Unreachable
	OtherChecksum
)

// causes lists the sign of each, and what to do. The first match counts.
var causes = []struct {
	cause  Cause
	sign   *regexp.Regexp
	remedy string
}{
	{
		NoBucket, regexp.MustCompile(`S3 bucket "[^"]*" does not exist|NoSuchBucket`),
		"its bucket does not exist. Create it first with ./plinth bootstrap, see docs/deploy.md",
	},
	{
		WrongAccount, regexp.MustCompile(`AWS account ID not allowed`),
		"the AWS credentials are for another account. Sign in to the environment's account, or choose it with AWS_PROFILE.",
	},
	{
		NotTrusted, regexp.MustCompile(`AssumeRoleWithWebIdentity`),
		"the role in AWS_ROLE_ARN does not trust this job's token. It trusts the project, branches and tags under ci in the environment's file; deploy a change of them with ./plinth bootstrap.",
	},
	{
		NoCredentials, regexp.MustCompile(`No valid credential sources|NoCredentialProviders`),
		"there are no AWS credentials. Sign in, or choose them with AWS_PROFILE.",
	},
	{
		OldCredentials, regexp.MustCompile(`ExpiredToken|InvalidClientTokenId|SSO session has expired|token has expired`),
		"the AWS credentials are no longer valid. Sign in again.",
	},
	{
		AccessDenied, regexp.MustCompile(`AccessDenied|StatusCode: 403`),
		"access is denied. The AWS credentials are for another account, or for a role that may not read this state.",
	},
	{
		Unreachable, regexp.MustCompile(`request send failed|dial tcp|no such host|i/o timeout`),
		"the server cannot be reached. Check the network, and the address if the server is your own.",
	},
	{
		OtherChecksum, regexp.MustCompile(`checksums (previously )?recorded in the dependency lock file`),
		"the checksum of a provider's package is not in .terraform.lock.hcl. If you deploy from another platform, record it too: ./plinth lock --platform. Otherwise do not trust the package.",
	},
}

// Failure is an error of Terraform's: what to do when the cause is known, with Terraform's own
// message below.
type Failure struct {
	Cause  Cause
	Remedy string
	// Words is Terraform's own message, without empty lines.
	Words string
}

func (f *Failure) Error() string {
	return f.Remedy + "\n  " + strings.ReplaceAll(f.Words, "\n", "\n  ")
}

// Explain returns a *Failure made from Terraform's stderr. When stderr has no error message, it
// returns an error with exit alone and does not show stderr.
func Explain(stderr string, exit error) error {
	said := errorsIn(stderr)
	if said == "" {
		// Not an error message but perhaps a panic, which might show values.
		return fmt.Errorf("Terraform failed without an error message: %w", exit) //nolint:staticcheck // a name
	}
	failure := &Failure{Remedy: "Terraform has failed.", Words: said}
	oneLine := strings.Join(strings.Fields(said), " ") // Terraform wraps where it likes
	for _, cause := range causes {
		if cause.sign.MatchString(oneLine) {
			failure.Cause, failure.Remedy = cause.cause, cause.remedy
			break
		}
	}
	return failure
}

// InBrief is err's message without Terraform's own words, for a table.
func InBrief(err error) string {
	var failure *Failure
	if errors.As(err, &failure) && failure.Cause != Unknown {
		return strings.Replace(err.Error(), failure.Error(), failure.Remedy, 1)
	}
	return err.Error()
}

// FirstError returns the remedy for Terraform's first error in cdktf's output if its cause is known,
// or else the error's first line; "" without an error. The first error usually causes the others.
func FirstError(written string) string {
	line := strings.TrimSpace(firstError.FindString(colours.ReplaceAllString(written, "")))
	for _, cause := range causes {
		if cause.sign.MatchString(line) {
			return cause.remedy
		}
	}
	return line
}

var (
	firstError = regexp.MustCompile(`Error: [^\n]+`)
	colours    = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// errorsIn returns Terraform's errors without warnings, empty lines, colours and the lines that
// Terraform draws around a message. It draws them despite -no-color when its own configuration is
// wrong.
func errorsIn(stderr string) string {
	var kept []string
	inError := false
	for line := range strings.Lines(colours.ReplaceAllString(stderr, "")) {
		line = strings.Trim(line, "╷│╵ \t\r\n")
		switch {
		case strings.HasPrefix(line, "Error: "):
			inError = true
		case strings.HasPrefix(line, "Warning: "):
			inError = false
		}
		if inError && line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

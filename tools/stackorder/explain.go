package main

import (
	"fmt"
	"regexp"
	"strings"
)

// causes are failures that have a remedy of their own. The first that matches is told.
var causes = []struct {
	sign   *regexp.Regexp
	remedy string
}{
	{
		regexp.MustCompile(`S3 bucket "[^"]*" does not exist|NoSuchBucket`),
		`its bucket does not exist. Make it first: see README.md, "To a real AWS account"`,
	},
	{
		regexp.MustCompile(`AWS account ID not allowed`),
		"the AWS credentials are those of another account. Sign in to the environment's own, or choose it with AWS_PROFILE.",
	},
	{
		regexp.MustCompile(`No valid credential sources|NoCredentialProviders`),
		"there are no AWS credentials. Sign in, or choose them with AWS_PROFILE.",
	},
	{
		regexp.MustCompile(`ExpiredToken|InvalidClientTokenId|SSO session has expired|token has expired`),
		"the AWS credentials are no longer valid. Sign in again.",
	},
	{
		regexp.MustCompile(`AccessDenied|StatusCode: 403`),
		"access is denied. The AWS credentials are of the wrong account, or of a role that must not read this state.",
	},
	{
		regexp.MustCompile(`request send failed|dial tcp|no such host|i/o timeout`),
		"the server cannot be reached. Check the network and, for a server of your own, its address.",
	},
}

// explain makes one message of what Terraform has written to stderr: what to do, when the
// cause is known, and Terraform's own words below.
func explain(stderr string, exit error) error {
	said := errorsIn(stderr)
	if said == "" {
		// Not its errors but something else, a panic perhaps, which might show values.
		return fmt.Errorf("without an error message Terraform ended with %w", exit)
	}
	remedy := "Terraform has failed."
	oneLine := strings.Join(strings.Fields(said), " ") // Terraform wraps where it likes
	for _, cause := range causes {
		if cause.sign.MatchString(oneLine) {
			remedy = cause.remedy
			break
		}
	}
	return refusal(remedy + "\n  " + strings.ReplaceAll(said, "\n", "\n  "))
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// errorsIn returns Terraform's errors without warnings, empty lines, colours and the lines
// that it draws around a message, which are there even with -no-color when its own
// configuration is at fault.
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

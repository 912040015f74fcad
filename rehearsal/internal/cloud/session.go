package cloud

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"plinth/rehearsal/internal/iam"
)

// github is GitHub's own issuer, as IAM names it.
const github = "token.actions.githubusercontent.com"

// AssumeRoleWithWebIdentity is STS's: a token that a role trusts gives a session of the role.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (w *World) AssumeRoleWithWebIdentity(roleARN, token, sessionName string, now time.Time) (*iam.Session, error) {
	claims, err := iam.ParseToken(token)
	if err != nil {
		return nil, err
	}
	provider := w.oidcProvider(claims.Provider())
	if provider == nil {
		return nil, refuse("InvalidIdentityToken", "No OpenIDConnect provider found in your account for %s", claims.Issuer)
	}
	allowed := texts(any(provider.Attributes), "client_id_list")
	audience := slices.IndexFunc(claims.Audience, func(a string) bool { return slices.Contains(allowed, a) })
	if audience < 0 {
		return nil, refuse("InvalidIdentityToken", "Incorrect token audience")
	}
	if err := claims.Current(now); err != nil {
		return nil, err
	}
	denied := refuse("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	role := w.find("aws_iam_role", "arn", roleARN)
	if role == nil {
		return nil, denied
	}
	trust, err := iam.Parse(text(role.Attributes, "assume_role_policy"))
	if err != nil {
		return nil, fmt.Errorf("the trust policy of %s: %w", roleARN, err)
	}
	known := map[string][]string{
		claims.Provider() + ":sub": {claims.Subject}, claims.Provider() + ":aud": {claims.Audience[audience]},
		"sts:RoleSessionName": {sessionName}, "aws:SecureTransport": {"true"},
	}
	// STS has a condition key for the branch or tag only in tokens of GitHub's own issuer.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
	if claims.Provider() == github && claims.Ref != "" {
		known[github+":ref"] = []string{claims.Ref}
	}
	decision := iam.EvaluateTrust(trust, iam.Principal{Kind: "Federated", Name: text(provider.Attributes, "arn")}, "sts:AssumeRoleWithWebIdentity", known)
	if !decision.Allowed {
		return nil, denied
	}
	return w.session(role, sessionName)
}

func (w *World) oidcProvider(issuer string) (found *Thing) {
	w.Each(func(_, _ string, t *Thing) bool {
		if strings.TrimPrefix(text(t.Attributes, "url"), "https://") == issuer {
			found = t
		}
		return found == nil
	}, "aws_iam_openid_connect_provider")
	return found
}

// session collects a role's policies.
func (w *World) session(role *Thing, name string) (*iam.Session, error) {
	arn, roleName := text(role.Attributes, "arn"), text(role.Attributes, "name")
	s := &iam.Session{
		RoleARN: arn, Account: w.Account, Tags: tagsOf(role.Attributes),
		// The ARN has no path.
		ARN: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", w.Account, roleName, name),
	}
	documents := texts(any(role.Attributes), "inline_policy.policy")
	attached := texts(any(role.Attributes), "managed_policy_arns")
	w.Each(func(kind, _ string, t *Thing) bool {
		if given := text(t.Attributes, "role"); given != roleName && given != arn {
			return true
		}
		if kind == "aws_iam_role_policy" {
			documents = append(documents, text(t.Attributes, "policy"))
		} else if managed := text(t.Attributes, "policy_arn"); !slices.Contains(attached, managed) {
			attached = append(attached, managed)
		}
		return true
	}, "aws_iam_role_policy", "aws_iam_role_policy_attachment")
	for _, managed := range attached {
		document, err := w.managedPolicy(managed)
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", roleName, err)
		}
		documents = append(documents, document)
	}
	for _, document := range documents {
		parsed, err := iam.Parse(document)
		if err != nil {
			return nil, fmt.Errorf("a policy of role %s: %w", roleName, err)
		}
		s.Identity = append(s.Identity, parsed)
	}
	boundary := text(role.Attributes, "permissions_boundary")
	if boundary == "" {
		return s, nil
	}
	document, err := w.managedPolicy(boundary)
	if err != nil {
		return nil, fmt.Errorf("the permissions boundary of role %s: %w", roleName, err)
	}
	if s.Boundary, err = iam.Parse(document); err != nil {
		return nil, fmt.Errorf("the permissions boundary of role %s: %w", roleName, err)
	}
	return s, nil
}

// managedPolicy is the document of a policy of the account. AWS's managed policies are unknown.
func (w *World) managedPolicy(arn string) (string, error) {
	if policy := w.find("aws_iam_policy", "arn", arn); policy != nil {
		return text(policy.Attributes, "policy"), nil
	}
	if strings.HasPrefix(arn, "arn:aws:iam::aws:policy/") {
		return "", fmt.Errorf("the rehearsal does not know what %s allows: a role that calls AWS in a rehearsal has policies of its own", arn)
	}
	return "", refuse("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
}

// tagsOf are a resource's effective tags.
func tagsOf(a Attributes) map[string]string {
	tags := map[string]string{}
	for _, name := range []string{"tags_all", "tags"} {
		given, _ := a[name].(Attributes)
		for key, value := range given {
			tags[key] = fmt.Sprint(value)
		}
		if given != nil {
			break
		}
	}
	return tags
}

// Identify returns the caller's session from the process environment, as the AWS SDKs do. An access
// key, or no credentials, is the account's administrator: nil. Otherwise it assumes the role with a
// token from a file.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
func (w *World) Identify(getenv func(string) string, now time.Time) (*iam.Session, error) {
	role, file := getenv("AWS_ROLE_ARN"), getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	if getenv("AWS_ACCESS_KEY_ID") != "" || role == "" && file == "" {
		return nil, nil
	}
	if role == "" || file == "" {
		return nil, fmt.Errorf("AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE need each other")
	}
	token, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("AWS_WEB_IDENTITY_TOKEN_FILE: %w", err)
	}
	return w.AssumeRoleWithWebIdentity(role, string(token), orElse(getenv("AWS_ROLE_SESSION_NAME"), "plinth"), now)
}

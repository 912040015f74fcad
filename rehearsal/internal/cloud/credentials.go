package cloud

import (
	"strings"

	"plinth/rehearsal/internal/iam"
)

// Renew returns the session with its role's current policies: changes apply to existing sessions too.
func (w *World) Renew(s *iam.Session) (*iam.Session, error) {
	role := w.find("aws_iam_role", "arn", s.RoleARN)
	if role == nil {
		return nil, refuse("InvalidClientTokenId", "The security token included in the request is invalid")
	}
	return w.session(role, s.ARN[strings.LastIndex(s.ARN, "/")+1:])
}

// Longest is the longest duration of a role's session in seconds.
func (w *World) Longest(roleARN string) int {
	const byDefault = 3600
	if role := w.find("aws_iam_role", "arn", roleARN); role != nil {
		return max(byDefault, int(number(role.Attributes, "max_session_duration")))
	}
	return byDefault
}

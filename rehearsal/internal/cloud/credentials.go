package cloud

import (
	"strings"

	"plinth/rehearsal/internal/iam"
)

// Renew gives a session the policies that its role has now: they count for sessions that are
// older, too.
func (w *World) Renew(s *iam.Session) (*iam.Session, error) {
	role := w.find("aws_iam_role", "arn", s.RoleARN)
	if role == nil {
		return nil, refuse("InvalidClientTokenId", "The security token included in the request is invalid")
	}
	return w.session(role, s.ARN[strings.LastIndex(s.ARN, "/")+1:])
}

// Longest is how many seconds a session of a role may last.
func (w *World) Longest(roleARN string) int {
	const byDefault = 3600
	if role := w.find("aws_iam_role", "arn", roleARN); role != nil {
		return max(byDefault, int(number(role.Attributes, "max_session_duration")))
	}
	return byDefault
}

package delivery

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// kubeconfig is the command ./plinth kubeconfig.
func (s *Session) kubeconfig(ctx context.Context) error {
	e, err := s.environment()
	if err != nil {
		return err
	}
	caller, err := s.caller(ctx, e)
	if err != nil {
		return err
	}
	role, err := s.assumed(e, caller)
	if err != nil {
		return err
	}
	args := []string{"eks", "update-kubeconfig", "--name", e.cluster, "--alias", e.cluster, "--user-alias", e.cluster}
	as := caller
	if role != "" {
		args, as = append(args, "--role-arn", role), role
	}
	if _, err := s.aws(ctx, e, args...); err != nil {
		if said := words(err); strings.Contains(said, "ResourceNotFoundException") {
			err = fmt.Errorf("%s: there is no cluster; deploy it first: ./plinth deploy %s-cluster\n%s", e.cluster, e.name, indent(said))
		}
		return err
	}
	s.say("kubectl now has the context %s, as %s:\n  kubectl --context %s --namespace %s get pods", e.cluster, as, e.cluster, e.namespace())
	if role == "" && s.Role == "" && !e.knows(caller) {
		s.say("The cluster does not know you: add an IAM role to cluster.accessEntries, and deploy %s-cluster.", e.name)
	}
	switch {
	case e.private && e.bastion != "":
		s.say("The Kubernetes API is private: kubectl reaches it from inside the VPC, or through ./plinth tunnel %s.", e.name)
	case e.private:
		s.say("The Kubernetes API is private: kubectl reaches it from inside the VPC only.")
	}
	if _, err := s.find("kubectl"); err != nil {
		s.say("%v", err)
	}
	return nil
}

var roleARN = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$`)

// assumed returns the role that kubectl assumes, empty for none. By default it is the cluster's first
// admin role, unless the caller has access already: few roles may assume themselves.
func (s *Session) assumed(e *environment, caller string) (string, error) {
	switch {
	case s.Role == "none":
		return "", nil
	case s.Role != "":
		if !roleARN.MatchString(s.Role) {
			return "", fmt.Errorf("--role %s: must be a role's ARN, such as arn:aws:iam::%s:role/deploy; --role none assumes none", s.Role, e.account)
		}
		return s.Role, nil
	}
	if e.knows(caller) {
		return "", nil
	}
	for _, admin := range e.admins {
		if roleARN.MatchString(admin) {
			return admin, nil
		}
	}
	return "", nil
}

// knows reports whether a caller may use the cluster.
func (e *environment) knows(caller string) bool {
	return slices.ContainsFunc(e.principals, func(principal string) bool { return same(principal, caller) })
}

var roleSession = regexp.MustCompile(`^arn:aws:sts::(\d{12}):assumed-role/([^/]+)/`)

// same reports whether a caller is an IAM principal. The ARN of a role's session lacks the role's path.
func same(principal, caller string) bool {
	if session := roleSession.FindStringSubmatch(caller); session != nil {
		prefix := "arn:aws:iam::" + session[1] + ":role/"
		return strings.HasPrefix(principal, prefix) && principal[strings.LastIndex(principal, "/")+1:] == session[2]
	}
	return principal == caller
}

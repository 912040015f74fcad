package wholeapp

import (
	"regexp"
	"strings"
)

var (
	secretKey   = regexp.MustCompile(`(?i)(password|secret_string|token|private_key|access_key|secret_key)(_wo)?$`)
	secretValue = regexp.MustCompile(`AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|(?i)password\s*[:=]\s*[^\s$"{]`)
)

func noSecrets(p platform) (broken []string) {
	for stack, document := range p.stacks {
		walk(document, stack, func(path string, scalar any) {
			text, ok := scalar.(string)
			if !ok {
				return
			}
			// A write-only argument may use an ephemeral value: Terraform stores neither.
			ephemeral := strings.HasSuffix(path, "_wo") && strings.Contains(text, "ephemeral.")
			if secretKey.MatchString(path) && !ephemeral || secretValue.MatchString(text) {
				broken = append(broken, path+": a secret is written down")
			}
		})
	}
	for _, e := range p.resources("aws_db_instance", "aws_rds_cluster") {
		managed := e.body["manage_master_user_password"] == true
		_, writeOnly := e.body["password_wo"]
		_, replica := e.body["replicate_source_db"]
		if !managed && !writeOnly && !replica {
			broken = append(broken, e.String()+": who keeps its password?")
		}
	}
	return broken
}

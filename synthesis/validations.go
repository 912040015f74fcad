package synthesis

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// securityChecks reject what no environment may have. Synthesis then writes nothing. Less severe
// rules are in policy/.
type securityChecks struct {
	// folder holds the synthesized stacks. Reading the files takes a tenth of the time of asking
	// jsii for every stack again.
	folder string
	// checked are the files that an earlier app's validation checked.
	checked map[string]bool
}

// Validate is the app's validation, which CDKTF calls. Each message begins with the path of its
// construct. Validate does not check HCL, which cdktf writes on request.
func (g *securityChecks) Validate() *[]*string {
	messages := []*string{}
	files, _ := filepath.Glob(filepath.Join(g.folder, "stacks", "*", "cdk.tf.json")) // fails only for a wrong pattern
	for _, file := range files {
		if g.checked[file] {
			continue
		}
		g.checked[file] = true
		for _, message := range securityErrors(file) {
			messages = append(messages, &message)
		}
	}
	return &messages
}

// A resource is one resource or data source of a stack.
type resource struct {
	kind, path string
	body       map[string]any
	data       bool
}

// securityErrors returns the messages for a stack's file.
func securityErrors(file string) (messages []string) {
	content, err := os.ReadFile(file)
	if err != nil {
		return []string{err.Error()}
	}
	var stack struct {
		Resource, Data map[string]map[string]map[string]any
	}
	if err := json.Unmarshal(content, &stack); err != nil {
		return []string{fmt.Sprintf("%s: %v", file, err)}
	}
	for i, mode := range []map[string]map[string]map[string]any{stack.Resource, stack.Data} {
		for _, kind := range slices.Sorted(maps.Keys(mode)) {
			for _, name := range slices.Sorted(maps.Keys(mode[kind])) {
				m := resource{kind, filepath.Base(filepath.Dir(file)) + "/" + name, mode[kind][name], i == 1}
				if path, ok := metadataPath(m.body); ok {
					m.path = path
				}
				for _, check := range []func(resource) []string{unencrypted, publicDatabase, adminPermissions} {
					for _, message := range check(m) {
						messages = append(messages, m.path+": "+m.kind+": "+message)
					}
				}
			}
		}
	}
	return messages
}

// metadataPath returns the construct's path, which CDKTF adds to each resource.
func metadataPath(body map[string]any) (string, bool) {
	comment, _ := body["//"].(map[string]any)
	metadata, _ := comment["metadata"].(map[string]any)
	path, ok := metadata["path"].(string)
	return path, ok
}

// encryptionArguments name the argument that encrypts a resource's storage. By default it is off.
var encryptionArguments = map[string]string{
	"aws_db_instance":                   "storage_encrypted",
	"aws_docdb_cluster":                 "storage_encrypted",
	"aws_ebs_volume":                    "encrypted",
	"aws_efs_file_system":               "encrypted",
	"aws_elasticache_replication_group": "at_rest_encryption_enabled",
	"aws_neptune_cluster":               "storage_encrypted",
	"aws_rds_cluster":                   "storage_encrypted",
	"aws_redshift_cluster":              "encrypted",
}

func unencrypted(m resource) []string {
	argument, ok := encryptionArguments[m.kind]
	// AWS encrypts a replica like its source.
	if !ok || m.data || isTrue(m.body[argument]) || m.body[argument] == nil && m.body["replicate_source_db"] != nil {
		return nil
	}
	return []string{"storage is not encrypted: set " + argument}
}

func publicDatabase(m resource) []string {
	if !isTrue(m.body["publicly_accessible"]) {
		return nil
	}
	return []string{"the database has a public address: remove publicly_accessible, and allow ingress from a security group"}
}

// adminPolicies are AWS managed policies that allow everything, or granting oneself everything.
var adminPolicies = []string{"AdministratorAccess", "IAMFullAccess", "PowerUserAccess"}

// adminPermissions returns a message for each policy, in any form, that allows everything, or all
// actions of a service on every resource.
func adminPermissions(m resource) (messages []string) {
	if m.kind == "aws_iam_policy_document" {
		for _, statement := range list(m.body["statement"]) {
			s, _ := statement.(map[string]any)
			messages = append(messages, wildcards(s, "effect", "actions", "not_actions", "resources", "principals")...)
		}
		return messages
	}
	if !strings.HasPrefix(m.kind, "aws_iam_") {
		return nil
	}
	for _, argument := range []string{"policy_arn", "policy_arns", "managed_policy_arns"} {
		for _, arn := range texts(m.body[argument]) {
			if slices.Contains(adminPolicies, arn[strings.LastIndex(arn, "/")+1:]) {
				messages = append(messages, "attaches "+arn+narrowRemedy)
			}
		}
	}
	policies := texts(m.body["policy"])
	for _, inline := range list(m.body["inline_policy"]) {
		i, _ := inline.(map[string]any)
		policies = append(policies, texts(i["policy"])...)
	}
	for _, text := range policies {
		var document struct{ Statement any }
		// A reference to a document is not JSON. The document itself is checked.
		if json.Unmarshal([]byte(text), &document) != nil {
			continue
		}
		for _, statement := range list(document.Statement) {
			s, _ := statement.(map[string]any)
			messages = append(messages, wildcards(s, "Effect", "Action", "NotAction", "Resource", "Principal")...)
		}
	}
	return messages
}

const narrowRemedy = ": name the actions and resources that are needed"

// wildcards returns messages for the wildcards of a statement, whose fields have the given names. A
// statement with principals belongs to a resource such as a key, where "*" is that resource.
func wildcards(statement map[string]any, effect, actions, notActions, resources, principals string) (messages []string) {
	if statement[effect] == "Deny" || statement[principals] != nil {
		return nil
	}
	everything := slices.Contains(texts(statement[resources]), "*")
	if everything && statement[notActions] != nil {
		messages = append(messages, fmt.Sprintf("allows all but %v on every resource%s", statement[notActions], narrowRemedy))
	}
	for _, action := range texts(statement[actions]) {
		switch _, of, _ := strings.Cut(action, ":"); {
		case action == "*" || action == "*:*":
			messages = append(messages, fmt.Sprintf("allows every action (%q)%s", action, narrowRemedy))
		case of == "*" && everything:
			messages = append(messages, fmt.Sprintf("allows %q on every resource%s", action, narrowRemedy))
		}
	}
	return messages
}

// isTrue reports whether an argument is true, in either of Terraform's spellings.
func isTrue(value any) bool { return value == true || value == "true" }

// list returns the values of a list, or any other value as a list of one.
func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// texts returns the strings of a list, or a single string as a list of one.
func texts(value any) (found []string) {
	for _, item := range list(value) {
		if text, ok := item.(string); ok {
			found = append(found, text)
		}
	}
	return found
}

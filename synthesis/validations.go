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

// gravest are the mistakes that no environment may make. They stop the synthesis, and nothing
// is written. What is less grave, or a matter of taste, is policy/'s.
type gravest struct {
	// folder is where the stacks have been synthesized to: one Go walk over the files costs a
	// tenth of what asking jsii for every stack once more would.
	folder string
	// checked are the files that an earlier app's validation has looked at.
	checked map[string]bool
}

// Validate is called by CDKTF as the app's own validation. Each message begins with the path
// of the construct that it is about. HCL, which cdktf writes when it is told to, is not looked
// at.
func (g *gravest) Validate() *[]*string {
	messages := []*string{}
	files, _ := filepath.Glob(filepath.Join(g.folder, "stacks", "*", "cdk.tf.json")) // fails only for a wrong pattern
	for _, file := range files {
		if g.checked[file] {
			continue
		}
		g.checked[file] = true
		for _, message := range graveMistakes(file) {
			messages = append(messages, &message)
		}
	}
	return &messages
}

// A made is one resource or data source of a stack.
type made struct {
	kind, path string
	body       map[string]any
}

// graveMistakes reads a stack's file.
func graveMistakes(file string) (messages []string) {
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
	for _, mode := range []map[string]map[string]map[string]any{stack.Resource, stack.Data} {
		for _, kind := range slices.Sorted(maps.Keys(mode)) {
			for _, name := range slices.Sorted(maps.Keys(mode[kind])) {
				m := made{kind, filepath.Base(filepath.Dir(file)) + "/" + name, mode[kind][name]}
				if path, ok := metadataPath(m.body); ok {
					m.path = path
				}
				for _, check := range []func(made) []string{unencrypted, publicDatabase, administrator} {
					for _, message := range check(m) {
						messages = append(messages, m.path+": "+m.kind+": "+message)
					}
				}
			}
		}
	}
	return messages
}

// metadataPath is the construct's path, which CDKTF writes beside what the construct made.
func metadataPath(body map[string]any) (string, bool) {
	comment, _ := body["//"].(map[string]any)
	metadata, _ := comment["metadata"].(map[string]any)
	path, ok := metadata["path"].(string)
	return path, ok
}

// encrypts names the argument that encrypts a resource's storage where the default does not.
var encrypts = map[string]string{
	"aws_db_instance":                   "storage_encrypted",
	"aws_docdb_cluster":                 "storage_encrypted",
	"aws_ebs_volume":                    "encrypted",
	"aws_efs_file_system":               "encrypted",
	"aws_elasticache_replication_group": "at_rest_encryption_enabled",
	"aws_neptune_cluster":               "storage_encrypted",
	"aws_rds_cluster":                   "storage_encrypted",
	"aws_redshift_cluster":              "encrypted",
}

func unencrypted(m made) []string {
	argument, ok := encrypts[m.kind]
	// A replica is encrypted as its source is, which AWS takes from there.
	if !ok || yes(m.body[argument]) || m.body[argument] == nil && m.body["replicate_source_db"] != nil {
		return nil
	}
	return []string{"its storage is not encrypted: set " + argument}
}

func publicDatabase(m made) []string {
	if !yes(m.body["publicly_accessible"]) {
		return nil
	}
	return []string{"a database with a public address: unset publicly_accessible, and reach it through a security group's rule"}
}

// administrators are AWS's policies that let their holder do everything, or give themselves
// the right to.
var administrators = []string{"AdministratorAccess", "IAMFullAccess", "PowerUserAccess"}

// administrator finds permissions for everything, or for all of a service on everything, in
// whatever form a policy comes.
func administrator(m made) (messages []string) {
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
			if slices.Contains(administrators, arn[strings.LastIndex(arn, "/")+1:]) {
				messages = append(messages, "attaches "+arn+narrower)
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
		// A reference to a document is no JSON; the document itself is looked at.
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

const narrower = ": name the actions and resources that are needed"

// wildcards are those of a statement, whose fields go by the given names. One with principals
// belongs to a resource, such as a key, and "*" there is that resource.
func wildcards(statement map[string]any, effect, actions, notActions, resources, principals string) (messages []string) {
	if statement[effect] == "Deny" || statement[principals] != nil {
		return nil
	}
	everything := slices.Contains(texts(statement[resources]), "*")
	if everything && statement[notActions] != nil {
		messages = append(messages, fmt.Sprintf("allows all but %v on every resource%s", statement[notActions], narrower))
	}
	for _, action := range texts(statement[actions]) {
		switch _, of, _ := strings.Cut(action, ":"); {
		case action == "*" || action == "*:*":
			messages = append(messages, fmt.Sprintf("allows every action (%q)%s", action, narrower))
		case of == "*" && everything:
			messages = append(messages, fmt.Sprintf("allows %q on every resource%s", action, narrower))
		}
	}
	return messages
}

// yes tells whether an argument is switched on, in either of Terraform's spellings.
func yes(value any) bool { return value == true || value == "true" }

// list is a value, or the values of a list.
func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// texts are a value's texts.
func texts(value any) (found []string) {
	for _, item := range list(value) {
		if text, ok := item.(string); ok {
			found = append(found, text)
		}
	}
	return found
}

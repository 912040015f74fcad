package cloud

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const documentKind = "aws_ssm_document"

func init() {
	register(map[string]kind{documentKind: {
		id:       func(_ *World, a Attributes) string { return text(a, "name") },
		unique:   []string{"name"},
		conflict: "DocumentAlreadyExists",
		replaced: []string{"name"},
		check:    checkDocument,
		fill: func(w *World, id string, a Attributes) {
			var content struct{ SchemaVersion, Description string }
			_ = json.Unmarshal([]byte(text(a, "content")), &content) // checked by checkDocument
			hash := sha256.Sum256([]byte(text(a, "content")))
			setDefaults(a, Attributes{
				"arn": w.arn("ssm", "document/"+id), "created_date": w.stamp(), "owner": w.Account, "status": "Active",
				"description": content.Description, "schema_version": content.SchemaVersion, "platform_types": []any{"Windows", "Linux", "MacOS"},
				"default_version": "1", "document_version": "1", "latest_version": "1", "parameter": []any{},
				"hash": hex.EncodeToString(hash[:]), "hash_type": "Sha256",
			})
		},
		recomputed: []string{"default_version", "document_version", "latest_version", "hash", "parameter"},
		renew: func(_ *World, a, before Attributes) {
			version := text(before, "latest_version")
			if text(a, "content") != text(before, "content") {
				number, _ := strconv.Atoi(version) // AWS's own version number
				version = strconv.Itoa(number + 1)
			}
			a["default_version"], a["document_version"], a["latest_version"] = version, version, version
		},
	}})
}

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
var documentName = regexp.MustCompile(`^[a-zA-Z0-9_\-.]{3,128}$`)

// https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
var sessionTypes = []string{"Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port"}

// checkDocument checks documents of type Session. For others it checks only that they are JSON.
func checkDocument(_ *World, a, _ Attributes) error {
	name := text(a, "name")
	invalid := func(format string, args ...any) error {
		return refuse("InvalidDocumentContent", "document %s: "+format, append([]any{name}, args...)...)
	}
	if !documentName.MatchString(name) {
		return refuse("ValidationException", "document name %q must be 3 to 128 letters, digits, dots, dashes and underscores", name)
	}
	for _, theirs := range []string{"aws", "amazon", "amzn"} {
		if strings.HasPrefix(strings.ToLower(name), theirs) {
			return refuse("ValidationException", "document name %q begins with %s, which is AWS's own", name, theirs)
		}
	}
	if orElse(text(a, "document_format"), "JSON") != "JSON" {
		return nil
	}
	var content struct {
		SchemaVersion, SessionType string
		Inputs                     map[string]any
	}
	if err := json.Unmarshal([]byte(text(a, "content")), &content); err != nil {
		return invalid("the content is no JSON object: %v", err)
	}
	if text(a, "document_type") != "Session" {
		return nil
	}
	if content.SchemaVersion != "1.0" {
		return invalid("schemaVersion of a session is 1.0, not %q", content.SchemaVersion)
	}
	if !slices.Contains(sessionTypes, content.SessionType) {
		return invalid("sessionType %q is none of %s", content.SessionType, strings.Join(sessionTypes, ", "))
	}
	for input, most := range map[string]int{"idleSessionTimeout": 60, "maxSessionDuration": 1440} {
		said, ok := content.Inputs[input]
		if !ok || said == "" {
			continue
		}
		minutes, isText := said.(string)
		if n, err := strconv.Atoi(minutes); !isText || err != nil || n < 1 || n > most {
			return invalid("%s is a text with a number of minutes from 1 to %d, not %v", input, most, said)
		}
	}
	return nil
}

// amazon is the account that owns Amazon Linux's images.
const amazon = "137112412989"

// publicImage matches AWS's parameters for the newest image of Amazon Linux 2023.
// https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
var publicImage = regexp.MustCompile(`^/aws/service/ami-amazon-linux-latest/al2023-ami-(minimal-)?kernel-(default|6\.1|6\.12)-(arm64|x86_64)$`)

// images maps image ids to processors.
func (w *World) images() map[string]string {
	all := map[string]string{}
	for _, size := range []string{"", "minimal-"} {
		for _, kernel := range []string{"default", "6.1", "6.12"} {
			for _, processor := range []string{"arm64", "x86_64"} {
				for release := range w.NewerImages + 1 { // older ones stay
					all[w.image(fmt.Sprintf("/aws/service/ami-amazon-linux-latest/al2023-ami-%skernel-%s-%s", size, kernel, processor), release)] = processor
				}
			}
		}
	}
	return all
}

// image is the made-up id of an image. It differs by region and release.
func (w *World) image(parameter string, release int) string {
	if release > 0 {
		parameter += fmt.Sprint(release)
	}
	hash := sha256.Sum256([]byte(w.Region + parameter))
	return "ami-0" + hex.EncodeToString(hash[:8])
}

// parameter returns AWS's public parameters: the stacks have none of their own.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
func (w *World) parameter(config Attributes) (Attributes, error) {
	name := text(config, "name")
	if !publicImage.MatchString(name) {
		return nil, refuse("ParameterNotFound", "there is no parameter %q, or the rehearsal does not know it: see rehearsal/internal/cloud/ssm.go", name)
	}
	image := w.image(name, w.NewerImages)
	return Attributes{
		"id": name, "arn": "arn:aws:ssm:" + w.Region + "::parameter" + name, "type": "String", "version": float64(w.NewerImages + 1), "value": image, "insecure_value": image,
	}, nil
}

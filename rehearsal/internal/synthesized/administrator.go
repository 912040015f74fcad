package synthesized

import (
	"encoding/json"
	"strings"
)

// Administrator returns the ARN of an administrator that the bootstrap stack names: the first principal
// that the policy of the states' bucket does not exclude. It is empty when that is whoever deploys the
// stack. A * stands for what nobody knows before.
func (a *App) Administrator() string {
	if a.Bootstrap == nil {
		return ""
	}
	for _, raw := range a.Bootstrap.file.Data["aws_iam_policy_document"] {
		var document struct {
			Statement []struct {
				Sid       string `json:"sid"`
				Condition []struct {
					Values []string `json:"values"`
				} `json:"condition"`
			} `json:"statement"`
		}
		if json.Unmarshal(raw, &document) != nil {
			continue
		}
		for _, statement := range document.Statement {
			if statement.Sid == "OnlyPrincipals" && !strings.HasPrefix(statement.Condition[0].Values[0], "${") {
				return strings.ReplaceAll(statement.Condition[0].Values[0], "*", "x")
			}
		}
	}
	return ""
}

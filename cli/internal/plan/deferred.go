package plan

import (
	"bytes"
	"encoding/json"
	"slices"
)

// deferrable are the attributes of a database that RDS changes in the maintenance window, unless
// apply_immediately is set. Until then Terraform plans the change again and again.
//   - https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
//   - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance
var deferrable = []string{"allocated_storage", "engine_version", "instance_class", "multi_az"}

// valued is a planned change with its values.
type valued struct {
	Address string `json:"address"`
	Type    string `json:"type"`
	Change  struct {
		Actions []string                   `json:"actions"`
		Before  map[string]json.RawMessage `json:"before"`
		After   map[string]json.RawMessage `json:"after"`
	} `json:"change"`
}

// deferred returns the addresses of databases whose changes wait for the maintenance window: the output
// database_requested says that the last deployment asked for the same, and nobody has changed these attributes
// since. Security: values are compared, and not returned.
func deferred(text []byte) (addresses []string, err error) {
	var plan struct {
		Changes []valued `json:"resource_changes"`
		Drift   []valued `json:"resource_drift"`
		Outputs struct {
			Requested struct {
				Actions []string `json:"actions"`
			} `json:"database_requested"`
		} `json:"output_changes"`
	}
	if err := json.Unmarshal(text, &plan); err != nil || !slices.Equal(plan.Outputs.Requested.Actions, []string{"no-op"}) {
		return nil, err
	}
	others := map[string]bool{}
	for _, d := range plan.Drift {
		for _, name := range deferrable {
			others[d.Address] = others[d.Address] || !bytes.Equal(d.Change.Before[name], d.Change.After[name])
		}
	}
	for _, c := range plan.Changes {
		database := slices.Contains([]string{"aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance"}, c.Type)
		if !database || !slices.Equal(c.Change.Actions, []string{"update"}) || string(c.Change.After["apply_immediately"]) != "false" {
			continue
		}
		waits := !others[c.Address]
		for name, after := range c.Change.After {
			waits = waits && (slices.Contains(deferrable, name) || bytes.Equal(after, c.Change.Before[name]))
		}
		if waits {
			addresses = append(addresses, c.Address)
		}
	}
	return addresses, nil
}

package impact

import (
	"reflect"
	"slices"
)

// deferrable are the attributes of a database that RDS changes in the maintenance window, unless
// apply_immediately is set. Until then Terraform plans the change again and again.
//   - https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
//   - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance
var deferrable = []string{"allocated_storage", "engine_version", "instance_class", "multi_az"}

// deferred reports whether RDS keeps a change that was deployed for the maintenance window. drift is what
// was changed outside Terraform: somebody else's change of the same attributes does not wait.
func (c change) deferred(drift []change) bool {
	if !slices.Contains(databases, c.Type) && c.Type != "aws_rds_cluster_instance" || !c.updated() || c.Change.After["apply_immediately"] != false {
		return false
	}
	for name, after := range c.Change.After {
		if !slices.Contains(deferrable, name) && !reflect.DeepEqual(after, c.Change.Before[name]) {
			return false
		}
	}
	return !slices.ContainsFunc(drift, func(d change) bool {
		return d.Address == c.Address && slices.ContainsFunc(deferrable, func(name string) bool {
			return !reflect.DeepEqual(d.Change.Before[name], d.Change.After[name])
		})
	})
}

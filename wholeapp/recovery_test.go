package wholeapp

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// ofData returns the resources of one type in the data stack of prod, by their names in the stack.
func ofData(p platform, kind string) object {
	resources, _ := p.stacks["prod-data"]["resource"].(object)
	all, _ := resources[kind].(object)
	return all
}

// TestRestores: restoring a snapshot creates another database and leaves the existing ones unchanged.
// All endpoints lead to the last one.
func TestRestores(t *testing.T) {
	t.Parallel()
	const replicas, only = "PLINTH_PROD_DATABASE_REPLICAS=1", "PLINTH_ENVIRONMENTS=prod"
	before := newPlatform(t, samples, replicas, only)
	once := newPlatform(t, samples, replicas, only, "PLINTH_PROD_DATABASE_RESTORE_FROM_SNAPSHOTS=[plinth-prod-a]")
	twice := newPlatform(t, samples, replicas, only, "PLINTH_PROD_DATABASE_RESTORE_FROM_SNAPSHOTS=[plinth-prod-a, plinth-prod-b]")
	last := newPlatform(t, samples, replicas, only, "PLINTH_PROD_DATABASE_RESTORE_FROM_SNAPSHOTS=[plinth-prod-a, plinth-prod-b]", "PLINTH_PROD_DATABASE_DELETED_DATABASES=[original, plinth-prod-a]")

	const stack, kind = "prod-data", "aws_db_instance"
	for _, step := range []struct {
		was, is  platform
		snapshot string
	}{{before, once, "plinth-prod-a"}, {once, twice, "plinth-prod-b"}} {
		was, is := ofData(step.was, kind), ofData(step.is, kind)
		for name, instance := range was {
			assert.DeepEqual(t, is[name], instance)
		}
		added := newNames(was, is)
		assert.Equal(t, len(added), 2, "a primary and its replica: %v", added)
		primary := is[added[0]].(object)
		assert.Equal(t, primary["snapshot_identifier"], step.snapshot)
		assert.Equal(t, primary["lifecycle"].(object)["prevent_destroy"], true)
		assert.Equal(t, dig(step.is.stacks[stack], "output", "database_identifier", "value"), primary["identifier"])
		assert.Equal(t, dig(step.is.stacks[stack], "output", "database_endpoint", "value"), fmt.Sprintf("${aws_db_instance.%s.address}", added[0]))
		assert.Equal(t, dig(step.is.stacks[stack], "output", "database_reader_endpoint", "value"),
			fmt.Sprintf(`${join(",", [aws_db_instance.%s.address])}`, added[1]))
		for _, reader := range []string{"prod-app", "prod-observability"} {
			document := fmt.Sprint(step.is.stacks[reader])
			for name := range was {
				assert.Assert(t, !strings.Contains(document, name), "%s still knows %s", reader, name)
			}
		}
		assert.Assert(t, strings.Contains(fmt.Sprint(step.is.stacks["prod-app"]), added[0]))
		assert.Assert(t, strings.Contains(fmt.Sprint(step.is.stacks["prod-observability"]), fmt.Sprint(primary["identifier"])))
	}

	kept, all := ofData(last, kind), ofData(twice, kind)
	assert.DeepEqual(t, slices.Sorted(maps.Keys(kept)), newNames(ofData(once, kind), all))
	for name, instance := range kept {
		assert.DeepEqual(t, instance, all[name])
	}
	assert.DeepEqual(t, ofData(last, "aws_secretsmanager_secret"), ofData(before, "aws_secretsmanager_secret"))
}

func newNames(was, is object) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(is)), func(name string) bool { return was[name] != nil })
}

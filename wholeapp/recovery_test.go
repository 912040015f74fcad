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

// keepingVersion returns a database that is not in use any more: it keeps the version that it has.
func keepingVersion(instance object) object {
	lifecycle, primary := instance["lifecycle"].(object)
	if !primary {
		return instance
	}
	instance, lifecycle = maps.Clone(instance), maps.Clone(lifecycle)
	lifecycle["ignore_changes"] = []any{"engine_lifecycle_support", "engine_version"}
	instance["lifecycle"] = lifecycle
	return instance
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
			assert.DeepEqual(t, is[name], keepingVersion(instance.(object)))
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

// TestVaultLock: the settings' lock is the vault's, and none is set unasked.
func TestVaultLock(t *testing.T) {
	t.Parallel()
	const kind, lock = "aws_backup_vault_lock_configuration", "PLINTH_PROD_DATABASE_AWS_BACKUP_LOCK_"
	only := []string{"PLINTH_PROD_DATABASE_AWS_BACKUP_ENABLED=true", "PLINTH_ENVIRONMENTS=prod"}
	for _, test := range []struct {
		settings []string
		want     object // nil: no lock
	}{
		{nil, nil},
		{[]string{lock + "MODE=governance"}, object{"changeable_for_days": nil, "min_retention_days": nil, "max_retention_days": nil}},
		{
			[]string{lock + "MODE=compliance", lock + "CHANGEABLE_FOR_DAYS=7", lock + "MIN_RETENTION_DAYS=30", lock + "MAX_RETENTION_DAYS=365"},
			object{"changeable_for_days": 7.0, "min_retention_days": 30.0, "max_retention_days": 365.0},
		},
	} {
		p := newPlatform(t, samples, append(test.settings, only...)...)
		locks := ofData(p, kind)
		if test.want == nil {
			assert.Equal(t, len(locks), 0)
			continue
		}
		assert.Equal(t, len(locks), 1)
		vault := slices.Collect(maps.Keys(ofData(p, "aws_backup_vault")))[0]
		for _, lock := range locks {
			assert.Equal(t, lock.(object)["backup_vault_name"], fmt.Sprintf("${aws_backup_vault.%s.name}", vault))
			for argument, days := range test.want {
				assert.Equal(t, lock.(object)[argument], days, argument)
			}
		}
	}
}

func newNames(was, is object) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(is)), func(name string) bool { return was[name] != nil })
}

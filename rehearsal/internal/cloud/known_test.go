package cloud

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"plinth/rehearsal/internal/schema"
)

// TestKnownTypesAreDocumented checks the list of known types, and writes it with -update. make
// missing reads the list. Removing a type fails here.
func TestKnownTypesAreDocumented(t *testing.T) {
	all := map[string]bool{}
	for name := range kinds {
		all[name] = true
	}
	for name := range callers {
		all[name] = true
	}
	for name := range dataSources {
		all["data."+name] = true
	}
	for _, name := range notOfAWS {
		all[name] = true
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		line := name
		behaves, calls := Knows(name)
		if behaves {
			line += " behaviour"
		}
		if calls {
			line += " calls"
		}
		fmt.Fprintln(&lines, line)
	}
	golden.Assert(t, lines.String(), "types.txt")
}

func TestKnows(t *testing.T) {
	for name, want := range map[string][2]bool{
		"aws_vpc":                     {true, true},
		"aws_iam_policy":              {true, false},
		"aws_not_a_type":              {false, false},
		"data.aws_not_a_type":         {false, false},
		"data.aws_lb":                 {true, true},
		"kubernetes_namespace_v1":     {true, true},
		"kubernetes_not_a_type":       {false, false},
		"helm_release":                {true, true},
		"terraform_data":              {true, true},
		"data.terraform_remote_state": {true, true},
		"data.kubernetes_ingress_v1":  {true, true},
		"ephemeral.aws_secretsmanager_random_password": {true, true},
	} {
		behaves, calls := Knows(name)
		assert.Equal(t, [2]bool{behaves, calls}, want, name)
	}
}

// TestCreateBySchema: computed attributes of a type known by its schema alone are made up, and
// other resources can refer to them.
func TestCreateBySchema(t *testing.T) {
	written := func(text string) json.RawMessage { return json.RawMessage(text) }
	block := &schema.Block{Attributes: map[string]*schema.Attribute{
		"id":           {Type: written(`"string"`), Optional: true, Computed: true},
		"name":         {Type: written(`"string"`), Optional: true, Computed: true},
		"arn":          {Type: written(`"string"`), Computed: true},
		"stream_arn":   {Type: written(`"string"`), Computed: true},
		"url":          {Type: written(`"string"`), Computed: true},
		"size":         {Type: written(`"number"`), Computed: true},
		"ready":        {Type: written(`"bool"`), Computed: true},
		"hosts":        {Type: written(`["list","string"]`), Computed: true},
		"labels":       {Type: written(`["map","string"]`), Computed: true},
		"policy":       {Type: written(`"string"`), Optional: true, Computed: true},
		"message_size": {Type: written(`"number"`), Optional: true},
	}}
	w := &World{Account: "111111111111", Region: "eu-west-2"}
	a := Attributes{"message_size": 5.0}
	assert.NilError(t, w.CreateBySchema("aws_not_a_type", "", block, a))
	id := text(a, "id")
	assert.Assert(t, strings.HasPrefix(id, "aws-not-a-type-0"), id)
	arn := "arn:aws:not:eu-west-2:111111111111:a-type/" + id
	assert.DeepEqual(t, a, Attributes{
		"id": id, "name": id, "arn": arn, "stream_arn": id + "-stream-arn", "url": id + "-url", "size": 0.0, "ready": false,
		"hosts": []any{}, "labels": Attributes{}, "message_size": 5.0,
	})
	assert.NilError(t, w.Create("aws_another", "", Attributes{"target_arn": arn}), "what is made up can be referred to")
	assert.ErrorContains(t, w.Delete("aws_not_a_type", "", a), "has a dependent object")
	assert.ErrorContains(t, w.CreateBySchema("aws_not_a_type", "", block, Attributes{"role": "arn:aws:iam::111111111111:role/nobody"}), "does not exist")

	named := Attributes{"name": "q"}
	assert.NilError(t, w.CreateBySchema("aws_not_a_type", "", block, named))
	assert.Equal(t, text(named, "name"), "q")
	assert.Equal(t, text(named, "arn"), "arn:aws:not:eu-west-2:111111111111:a-type/q")

	// Some types have no id.
	delete(block.Attributes, "id")
	delete(block.Attributes, "arn")
	for _, group := range []string{"sg-1", "sg-2"} {
		between := Attributes{"group_id": group, "network_id": "n"}
		assert.NilError(t, w.CreateBySchema("aws_not_a_type", "", block, between))
		assert.Equal(t, w.Get("aws_not_a_type", Key("aws_not_a_type", "", between)).Attributes["group_id"], group)
		assert.Equal(t, text(between, "id"), "")
	}
}

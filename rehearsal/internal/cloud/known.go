package cloud

import (
	"maps"
	"slices"
	"strings"

	"plinth/rehearsal/internal/schema"
)

// Knows tells what is known of a type besides its schema: how AWS treats it, and which calls it
// makes, so that roles can be asked for them. Data sources begin with data., ephemeral resources
// with ephemeral.
func Knows(name string) (behaviour, calls bool) {
	k, behaviour := kinds[name]
	_, calls = callers[name]
	mode, bare, referred := strings.Cut(name, ".")
	switch {
	case !referred:
		bare = name
	case mode == "data":
		_, behaviour = dataSources[bare]
	case mode == "ephemeral":
		behaviour = calls // both are in package provider and in calls
	}
	// What is in a cluster its access entries decide about; what is Terraform's own, nobody.
	if k.inCluster || slices.Contains(notOfAWS, name) || strings.HasPrefix(bare, "terraform_") {
		return true, true
	}
	return behaviour, calls
}

// notOfAWS are data sources that package provider answers from a cluster.
var notOfAWS = []string{"data.kubernetes_ingress_v1"}

// CreateBySchema is Create of a type that is known by its schema alone. What AWS would compute is
// made up: an id, a name and an ARN in AWS's form, and of the rest something of the right type. What
// may also be set, and is not, stays empty.
func (w *World) CreateBySchema(name, cluster string, block *schema.Block, a Attributes) error {
	if err := w.checkAll(name, kind{}, cluster, a, nil); err != nil {
		return err
	}
	id := randomID(strings.ReplaceAll(name, "_", "-"))
	for _, attribute := range []string{"id", "name"} {
		if block.Attributes[attribute] != nil {
			setDefault(a, attribute, id)
		}
	}
	for attribute, of := range block.Attributes {
		if of.Computed && !of.Optional {
			setDefault(a, attribute, madeUp(string(of.Type), id+"-"+strings.ReplaceAll(attribute, "_", "-")))
		}
	}
	if block.Attributes["arn"] != nil {
		a["arn"] = w.madeUpARN(name, orElse(text(a, "name"), id))
	}
	w.Add(name, Key(name, cluster, a), &Thing{Attributes: a, Cluster: cluster})
	return w.settle(name, Key(name, cluster, a))
}

// names tell a thing from others where its type has no id, as an association of two things.
func names(a Attributes) string {
	var all []string
	for _, attribute := range slices.Sorted(maps.Keys(a)) {
		for _, end := range []string{"arn", "id", "name"} {
			if strings.HasSuffix(attribute, end) && text(a, attribute) != "" {
				all = append(all, text(a, attribute))
			}
		}
	}
	return strings.Join(all, " ")
}

// madeUp is a value of one of Terraform's types, nil of those that hold others.
func madeUp(written, text string) any {
	switch {
	case written == `"string"`:
		return text
	case written == `"number"`:
		return 0.0
	case written == `"bool"`:
		return false
	case strings.HasPrefix(written, `["list"`), strings.HasPrefix(written, `["set"`):
		return []any{}
	case strings.HasPrefix(written, `["map"`):
		return Attributes{}
	}
	return nil
}

// madeUpARN has the service and the rest of a type's name: of aws_sqs_queue it is queue/… of sqs.
func (w *World) madeUpARN(name, of string) string {
	_, name, _ = strings.Cut(name, "_")
	service, thing, _ := strings.Cut(name, "_")
	return w.arn(service, strings.ReplaceAll(thing, "_", "-")+"/"+of)
}

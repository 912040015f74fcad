package cloud

import (
	"maps"
	"slices"
	"strings"

	"plinth/rehearsal/internal/schema"
)

// Knows reports what is known of a type beyond its schema: its behaviour in AWS, and its calls,
// which roles are authorized for. Data sources begin with data., ephemeral resources with
// ephemeral.
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
		behaviour = calls // package provider reads those that have calls
	}
	// Access entries authorize resources in a cluster; nothing authorizes Terraform's own.
	if k.inCluster || slices.Contains(notOfAWS, name) || strings.HasPrefix(bare, "terraform_") {
		return true, true
	}
	return behaviour, calls
}

// notOfAWS are data sources that package provider reads from a cluster.
var notOfAWS = []string{"data.kubernetes_all_namespaces", "data.kubernetes_ingress_v1"}

// CreateBySchema is Create for a type that is known by its schema alone. It makes up what AWS would
// compute: an id, a name and an ARN in AWS's form, and other values of the right type. An unset
// optional attribute stays empty.
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

// names identify a resource whose type has no id, such as an association.
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

// madeUp is a value of one of Terraform's types, nil for objects and tuples.
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

// madeUpARN derives service and resource from the type: aws_sqs_queue has queue/… of sqs.
func (w *World) madeUpARN(name, of string) string {
	_, name, _ = strings.Cut(name, "_")
	service, thing, _ := strings.Cut(name, "_")
	return w.arn(service, strings.ReplaceAll(thing, "_", "-")+"/"+of)
}

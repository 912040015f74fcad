package cloud

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plinth/rehearsal/internal/iam"
)

// Attributes are a resource's as JSON has them: strings, numbers as float64, booleans, lists
// and objects. What is not set is missing or nil; a nested block is a list of objects.
type Attributes = map[string]any

// kind is how AWS treats one type of resource where a deployment's shape depends on it. The
// zero kind is a resource of which the rehearsal knows nothing but its schema.
type kind struct {
	// prefix begins the id where AWS makes it up: vpc in vpc-0123456789abcdef0.
	prefix string
	// id makes the id where it follows from the attributes.
	id func(w *World, a Attributes) string
	// unique are attributes in which no two things may agree, conflict is AWS's error for it.
	unique   []string
	conflict string
	// overwrites tells of a thing that it takes the place of one that is there.
	overwrites func(a Attributes) bool
	// refers names things by something else than their id or ARN, which are always
	// recognized: the path of an attribute, and the type and attribute it must be found in.
	refers map[string]string
	// replaced are attributes which AWS cannot change in place. A path covers all below it.
	replaced []string
	// check refuses what AWS refuses, before anything is made or changed. before is nil for
	// a new thing.
	check func(w *World, a, before Attributes) error
	// fill answers what AWS computes. It also makes what AWS makes along with the thing.
	fill func(w *World, id string, a Attributes)
	// renew carries over what an update changes in step with what was before.
	renew func(a, before Attributes)
	// after is what follows from the thing once it is made or changed.
	after func(w *World, key string, t *Thing) error
	// inUse is AWS's error when something still refers to a thing that is to go.
	inUse string
	// leave refuses a deletion, or does what else goes along with it.
	leave func(w *World, key string, t *Thing) error
	// alone says that a deletion is refused by leave only: references to it do not count.
	alone bool
	// lingers says that AWS keeps the thing for some days after its deletion.
	lingers func(a Attributes) bool
	// opaque are attributes whose text may name things that need not exist.
	opaque []string
	// recomputed are computed attributes that change with every update.
	recomputed []string
	// inCluster says that it is in a Kubernetes cluster, not in AWS.
	inCluster bool
	// key is under what a thing is kept where its id could be another's as well.
	key func(a Attributes) string
}

// kinds are all that the rehearsal knows more of than their schema. See the files beside this one.
var kinds = map[string]kind{}

func register(more map[string]kind) {
	for name, k := range more {
		if _, twice := kinds[name]; twice {
			panic("cloud: " + name + " is registered twice")
		}
		kinds[name] = k
	}
}

// Replaced are the attributes of a type in which a change makes a new thing of it.
func Replaced(kind string) []string { return kinds[kind].replaced }

// Recomputed are the computed attributes of a type that every update changes.
func Recomputed(kind string) []string { return kinds[kind].recomputed }

// Error is a refusal, in AWS's words.
type Error = iam.Error

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Create makes a thing of some attributes and completes them. cluster is the name of the
// Kubernetes cluster it is made in, empty for AWS itself.
func (w *World) Create(name, cluster string, a Attributes) error {
	k := kinds[name]
	if err := w.checkAll(name, k, cluster, a, nil); err != nil {
		return err
	}
	id := ""
	switch {
	case k.id != nil:
		id = k.id(w, a)
	case k.prefix != "":
		id = randomID(k.prefix)
	default:
		id = randomID(strings.ReplaceAll(name, "_", "-"))
	}
	setDefault(a, "id", id)
	key := Key(name, cluster, a)
	if w.Get(name, key) != nil && (k.overwrites == nil || !k.overwrites(a)) {
		return refuse(orElse(k.conflict, "AlreadyExists"), "%s %s exists already", name, id)
	}
	if k.fill != nil {
		k.fill(w, id, a)
	}
	w.Add(name, key, &Thing{Attributes: a, Cluster: cluster})
	return w.settle(name, key)
}

// Change gives a thing other attributes.
func (w *World) Change(name, cluster string, a Attributes) error {
	k := kinds[name]
	key := Key(name, cluster, a)
	t := w.Get(name, key)
	if t == nil {
		return refuse("NotFound", "%s %s does not exist", name, key)
	}
	if err := w.checkAll(name, k, cluster, a, t.Attributes); err != nil {
		return err
	}
	if k.fill != nil {
		k.fill(w, text(a, "id"), a)
	}
	if k.renew != nil {
		k.renew(a, t.Attributes)
	}
	t.Attributes = a
	return w.settle(name, key)
}

// settle lets what goes on by itself in a cluster happen after a change of a thing.
func (w *World) settle(name, key string) error {
	if after := kinds[name].after; after != nil {
		if err := after(w, key, w.Get(name, key)); err != nil {
			return err
		}
	}
	w.reconcileLoadBalancers()
	return nil
}

// Delete takes a thing, told by its attributes, out of the world. What is gone already is no error.
func (w *World) Delete(name, cluster string, a Attributes) error {
	k := kinds[name]
	key := Key(name, cluster, a)
	t := w.Get(name, key)
	if t == nil {
		return nil
	}
	if !k.alone {
		if users := w.users(name, key, t); len(users) > 0 {
			return refuse(orElse(k.inUse, "DependencyViolation"), "%s %s has a dependent object and cannot be deleted: %s",
				name, key, strings.Join(users, ", "))
		}
	}
	if k.leave != nil {
		if err := k.leave(w, key, t); err != nil {
			return err
		}
	}
	w.Remove(name, key)
	if k.lingers != nil && k.lingers(t.Attributes) {
		put(&w.Pending, name, key, t)
	}
	w.removeOwned(name + " " + key)
	w.reconcileLoadBalancers()
	return nil
}

// Key is under what a thing with some attributes is kept: objects of two clusters may have
// the same id.
func Key(name, cluster string, a Attributes) string {
	key := text(a, "id")
	if _, known := kinds[name]; !known && key == "" {
		key = names(a)
	}
	if k := kinds[name].key; k != nil {
		key = k(a)
	}
	if cluster != "" {
		return cluster + ":" + key
	}
	return key
}

// Named is the thing whose name, in the attributes of another, would be in the way of that one;
// nil when there is none, or when names of the type do not matter.
func (w *World) Named(name, cluster string, a Attributes) *Thing {
	k := kinds[name]
	if k.id == nil {
		return nil
	}
	a = maps.Clone(a)
	setDefault(a, "id", k.id(w, a))
	return w.Get(name, Key(name, cluster, a))
}

// removeOwned takes away what came with a thing.
func (w *World) removeOwned(owner string) {
	var owned [][2]string
	w.Each(func(name, key string, t *Thing) bool {
		if t.Owner == owner {
			owned = append(owned, [2]string{name, key})
		}
		return true
	})
	for _, o := range owned {
		w.Remove(o[0], o[1])
		w.removeOwned(o[0] + " " + o[1])
	}
}

func (w *World) checkAll(name string, k kind, cluster string, a, before Attributes) error {
	if k.inCluster && (cluster == "" || w.cluster(cluster) == nil) {
		return refuse("Kubernetes cluster unreachable", "there is no cluster %q", cluster)
	}
	if err := w.checkUnique(name, k, cluster, a); err != nil {
		return err
	}
	if err := w.checkReferences(name, k, a); err != nil {
		return err
	}
	if k.check != nil {
		return k.check(w, a, before)
	}
	return nil
}

func (w *World) checkUnique(name string, k kind, cluster string, a Attributes) (err error) {
	if len(k.unique) == 0 {
		return nil
	}
	w.Each(func(_, key string, t *Thing) bool {
		if t.Cluster != cluster || text(t.Attributes, "id") == text(a, "id") && text(a, "id") != "" {
			return true
		}
		for _, attribute := range k.unique {
			if fmt.Sprint(t.Attributes[attribute]) != fmt.Sprint(a[attribute]) {
				return true
			}
		}
		var same []string
		for _, attribute := range k.unique {
			if value := a[attribute]; value != nil {
				same = append(same, fmt.Sprintf("%s %v", attribute, value))
			}
		}
		err = refuse(k.conflict, "%s with %s exists already (%s)", name, strings.Join(same, ", "), key)
		return false
	}, name)
	return err
}

func randomID(prefix string) string { return prefix + "-0" + randomHex(16) }

// randomHex is an even number of hexadecimal digits.
func randomHex(digits int) string {
	raw := make([]byte, digits/2)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// randomUUID has the form that AWS gives to the ids of keys.
func randomUUID() string {
	h := randomHex(32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// text is an attribute that is a string, or empty. Through a list of one, a path leads into
// a nested block: "vpc_config.endpoint".
func text(a Attributes, path string) string {
	s, _ := dig(a, path).(string)
	return s
}

func flag(a Attributes, path string) bool { b, _ := dig(a, path).(bool); return b }

func number(a Attributes, path string) float64 { n, _ := dig(a, path).(float64); return n }

// dig is the value at a path, nil where the way ends.
func dig(value any, path string) any {
	for _, step := range strings.Split(path, ".") {
		if list, ok := value.([]any); ok {
			if len(list) == 0 {
				return nil
			}
			value = list[0]
		}
		object, _ := value.(Attributes)
		value = object[step]
	}
	return value
}

// texts are all strings at a path, through every element of lists on the way.
func texts(value any, path string) []string {
	if list, ok := value.([]any); ok {
		var all []string
		for _, item := range list {
			all = append(all, texts(item, path)...)
		}
		return all
	}
	if s, ok := value.(string); ok && path == "" && s != "" {
		return []string{s}
	}
	object, ok := value.(Attributes)
	if !ok || path == "" {
		return nil
	}
	step, rest, _ := strings.Cut(path, ".")
	return texts(object[step], rest)
}

// block is the first of an attribute's nested blocks, made when there is none.
func block(a Attributes, name string) Attributes {
	if list, ok := a[name].([]any); ok && len(list) > 0 {
		if b, ok := list[0].(Attributes); ok {
			return b
		}
	}
	b := Attributes{}
	a[name] = []any{b}
	return b
}

// setDefault sets an attribute that has no value yet.
func setDefault(a Attributes, name string, value any) {
	if a[name] == nil {
		a[name] = value
	}
}

// setDefaults sets attributes that have no value yet.
func setDefaults(a, values Attributes) {
	for name, value := range values {
		setDefault(a, name, value)
	}
}

// walk visits every string below a value with the attribute it is in.
func walk(a Attributes, visit func(attribute, value string) bool) bool {
	var below func(attribute string, value any) bool
	below = func(attribute string, value any) bool {
		switch v := value.(type) {
		case string:
			return visit(attribute, v)
		case []any:
			for _, item := range v {
				if !below(attribute, item) {
					return false
				}
			}
		case Attributes:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if !below(attribute+"."+name, v[name]) {
					return false
				}
			}
		}
		return true
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !below(name, a[name]) {
			return false
		}
	}
	return true
}

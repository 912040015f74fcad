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

// Attributes are a resource's attributes as JSON has them: strings, numbers as float64, booleans,
// lists and objects. Unset attributes are missing or nil. A nested block is a list of objects.
type Attributes = map[string]any

// kind is how AWS treats one type of resource, as far as a deployment depends on it. The zero kind
// is a type that the rehearsal knows by its schema alone.
type kind struct {
	// prefix begins an id that AWS makes up: vpc in vpc-0123456789abcdef0.
	prefix string
	// id derives the id from the attributes.
	id func(w *World, a Attributes) string
	// unique are attributes that together no two resources may share; conflict is AWS's error for it.
	unique   []string
	conflict string
	// overwrites reports whether creating the resource replaces an existing one with the same id.
	overwrites func(a Attributes) bool
	// refers maps the path of an attribute to the type and attribute that it must match. References
	// by id or ARN are always recognized and need no entry.
	refers map[string]string
	// replaced are attributes that AWS cannot change in place. A path includes everything below it.
	replaced []string
	// check refuses what AWS refuses, before a create or update. before is nil for a create.
	check func(w *World, a, before Attributes) error
	// fill sets what AWS computes. It also creates what AWS creates along with the resource.
	fill func(w *World, id string, a Attributes)
	// renew updates computed attributes from their values before the update.
	renew func(w *World, a, before Attributes)
	// after runs after the resource is created or updated.
	after func(w *World, key string, t *Thing) error
	// inUse is AWS's error for deleting a resource that another refers to.
	inUse string
	// leave refuses a deletion, or does what else belongs to it.
	leave func(w *World, key string, t *Thing) error
	// alone says that references do not block a deletion; only leave does.
	alone bool
	// lingers is for how many days AWS keeps the deleted resource.
	lingers func(a Attributes) int
	// opaque are attributes whose text may refer to resources that do not exist.
	opaque []string
	// recomputed are computed attributes that change with every update.
	recomputed []string
	// deferred are attributes that change in the maintenance window, unless apply_immediately is set.
	deferred []string
	// window is the attribute with that window, in which upgrade upgrades the resource.
	window  string
	upgrade func(w *World, t *Thing)
	// independent are attributes that AWS may change otherwise than Terraform has planned.
	independent []string
	// inCluster says that the resource is in a Kubernetes cluster, not in AWS.
	inCluster bool
	// key is the key in the world if the id is not unique.
	key func(a Attributes) string
}

// kinds are the types that the rehearsal knows beyond their schema. The other files register them.
var kinds = map[string]kind{}

func register(more map[string]kind) {
	for name, k := range more {
		if _, twice := kinds[name]; twice {
			panic("cloud: " + name + " is registered twice")
		}
		kinds[name] = k
	}
}

// Replaced are the attributes of a type whose change replaces the resource.
func Replaced(kind string) []string { return kinds[kind].replaced }

// Recomputed are the computed attributes of a type that every update changes.
func Recomputed(kind string) []string { return kinds[kind].recomputed }

// Independent are the attributes of a type that AWS may change otherwise than Terraform has planned. The
// next refresh shows them.
func Independent(kind string) []string {
	return slices.Concat(kinds[kind].independent, kinds[kind].deferred)
}

// Error is a refusal in AWS's words.
type Error = iam.Error

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Create creates a resource and completes its attributes. cluster is the name of its Kubernetes
// cluster, empty for AWS resources.
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

// Change updates a resource to other attributes.
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
		k.renew(w, a, t.Attributes)
	}
	k.deferChanges(t, a)
	t.Attributes = a
	return w.settle(name, key)
}

// settle does what follows a change: after, and the reconciliation of load balancers.
func (w *World) settle(name, key string) error {
	if after := kinds[name].after; after != nil {
		if err := after(w, key, w.Get(name, key)); err != nil {
			return err
		}
	}
	w.reconcileLoadBalancers()
	return nil
}

// Delete removes the resource with those attributes. A missing one is no error.
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
	if k.lingers != nil && k.lingers(t.Attributes) > 0 {
		t.Deleted = w.now()
		put(&w.Pending, name, key, t)
	}
	w.removeOwned(name + " " + key)
	w.reconcileLoadBalancers()
	return nil
}

// Key is the key of a resource in the world. It includes the cluster, as ids are unique only within one.
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

// Named is the resource whose name a new one with those attributes would conflict with. It is nil
// if there is none, or if the type's names may be shared.
func (w *World) Named(name, cluster string, a Attributes) *Thing {
	k := kinds[name]
	if k.id == nil {
		return nil
	}
	a = maps.Clone(a)
	setDefault(a, "id", k.id(w, a))
	return w.Get(name, Key(name, cluster, a))
}

// removeOwned removes the resources that an owner owns, and theirs.
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

// randomHex returns hexadecimal digits; their number must be even.
func randomHex(digits int) string {
	raw := make([]byte, digits/2)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// randomUUID returns a UUID, AWS's form for ids of keys.
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

// text is a string attribute, or empty. A path such as "vpc_config.endpoint" leads into the first
// nested block.
func text(a Attributes, path string) string {
	s, _ := dig(a, path).(string)
	return s
}

func flag(a Attributes, path string) bool { b, _ := dig(a, path).(bool); return b }

func number(a Attributes, path string) float64 { n, _ := dig(a, path).(float64); return n }

// dig is the value at a path, nil if there is none.
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

// texts are all strings at a path, through every element of the lists on it.
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

// block is the first nested block of that name. It is created if there is none.
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

// setDefault sets an attribute unless it has a value.
func setDefault(a Attributes, name string, value any) {
	if a[name] == nil {
		a[name] = value
	}
}

// setDefaults sets attributes unless they have a value.
func setDefaults(a, values Attributes) {
	for name, value := range values {
		setDefault(a, name, value)
	}
}

// walk visits every string below a value with its attribute's path, until visit returns false.
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

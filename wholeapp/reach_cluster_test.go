package wholeapp

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"
)

// What somebody may do with the pods of a namespace: run them, or change what runs in them, and see them. Not
// AWS's actions.
const (
	runPods = "kubernetes:Run"
	seePods = "kubernetes:View"
)

// clusterRight is one of these in the namespaces that match a pattern.
type clusterRight struct{ action, namespaces string }

// readOnly are the access policies that let nobody run a pod.
var readOnly = regexp.MustCompile(`/AmazonEKS(View|AdminView|SecretReader)Policy$`)

// addAccess reads what access entries let roles do in the cluster: by EKS's policies, and by the Roles of their
// groups.
func (a *awsAccount) addAccess() error {
	a.access = map[string][]clusterRight{}
	stack := a.env.Name + "-cluster"
	associations, _ := dig(a.documents[stack], "resource", "aws_eks_access_policy_association").(object)
	for _, value := range associations {
		body := value.(object)
		namespaces := strs(dig(body, "access_scope", "namespaces"))
		if len(namespaces) == 0 {
			namespaces = []string{"*"}
		}
		who := a.resolve(stack, fmt.Sprint(body["principal_arn"]))
		for _, namespace := range namespaces {
			a.access[who] = append(a.access[who], clusterRight{seePods, namespace})
			if !readOnly.MatchString(fmt.Sprint(body["policy_arn"])) {
				a.access[who] = append(a.access[who], clusterRight{runPods, namespace})
			}
		}
	}
	bound, err := a.groupRights()
	if err != nil {
		return err
	}
	entries, _ := dig(a.documents[stack], "resource", "aws_eks_access_entry").(object)
	for _, value := range entries {
		body := value.(object)
		who := a.resolve(stack, fmt.Sprint(body["principal_arn"]))
		for _, group := range strs(body["kubernetes_groups"]) {
			a.access[who] = append(a.access[who], bound[group]...)
		}
	}
	return nil
}

// rbacObject is a Role, a RoleBinding or one of a whole cluster.
type rbacObject struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Rules    []struct{ Resources, Verbs []string }
	RoleRef  struct{ Kind, Name string } `yaml:"roleRef"`
	Subjects []struct{ Kind, Name string }
}

// changes reports whether a Role allows anything but seeing what is no secret.
func (o rbacObject) changes() bool {
	for _, rule := range o.Rules {
		if slices.Contains(rule.Resources, "secrets") || slices.Contains(rule.Resources, "*") ||
			slices.ContainsFunc(rule.Verbs, func(verb string) bool { return !slices.Contains([]string{"get", "list", "watch"}, verb) }) {
			return true
		}
	}
	return false
}

// groupRights are the rights of the groups that charts/deploy-roles binds.
func (a *awsAccount) groupRights() (map[string][]clusterRight, error) {
	rights := map[string][]clusterRight{}
	stack := a.env.Name + "-addons"
	installed, _ := dig(a.documents[stack], "resource", "helm_release").(object)
	for _, value := range installed {
		body := value.(object)
		if body["name"] != deployRoles {
			continue
		}
		objects, err := renderDeployRoles(fmt.Sprint(body["values"]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", stack, err)
		}
		roles := map[[2]string]rbacObject{}
		for _, o := range objects {
			if o.Kind == "Role" {
				roles[[2]string{o.Metadata.Namespace, o.Metadata.Name}] = o
			}
		}
		for _, o := range objects {
			namespaces := o.Metadata.Namespace
			if o.Kind == "ClusterRoleBinding" {
				namespaces = "*"
			}
			role, known := roles[[2]string{o.Metadata.Namespace, o.RoleRef.Name}]
			for _, subject := range o.Subjects {
				rights[subject.Name] = append(rights[subject.Name], clusterRight{seePods, namespaces})
				if !known || o.RoleRef.Kind != "Role" || role.changes() {
					rights[subject.Name] = append(rights[subject.Name], clusterRight{runPods, namespaces})
				}
			}
		}
	}
	return rights, nil
}

var valuePair = regexp.MustCompile(`"([a-z0-9-]+)" = "([^"]+)"`)

// renderDeployRoles renders charts/deploy-roles with a release's values in Terraform's syntax. Helm is in no module
// of this package, and the chart needs three of its functions.
func renderDeployRoles(values string) (all []rbacObject, err error) {
	applications := map[string]any{}
	for _, pair := range valuePair.FindAllStringSubmatch(values, -1) {
		applications[pair[1]] = pair[2]
	}
	t := template.New("")
	t.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var text bytes.Buffer
			err := t.ExecuteTemplate(&text, name, data)
			return text.String(), err
		},
		"nindent": func(spaces int, text string) string {
			indent := "\n" + strings.Repeat(" ", spaces)
			return indent + strings.ReplaceAll(text, "\n", indent)
		},
		"quote": strconv.Quote,
	})
	files, err := filepath.Glob(filepath.Join(root, "charts", deployRoles, "templates", "*"))
	if err != nil {
		return nil, err
	}
	if t, err = t.ParseFiles(files...); err != nil {
		return nil, err
	}
	for _, file := range files {
		if !strings.HasSuffix(file, ".yaml") {
			continue
		}
		var text bytes.Buffer
		if err := t.ExecuteTemplate(&text, filepath.Base(file), map[string]any{
			"Values":  map[string]any{"applications": applications},
			"Chart":   map[string]string{"Name": deployRoles, "Version": "0.1.0"},
			"Release": map[string]string{"Name": deployRoles, "Service": "Helm"},
		}); err != nil {
			return nil, err
		}
		for document := range strings.SplitSeq(text.String(), "\n---\n") {
			var o rbacObject
			if err := yaml.Unmarshal([]byte(document), &o); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			if o.Kind != "" {
				all = append(all, o)
			}
		}
	}
	if len(all) != 2*len(applications) {
		return nil, fmt.Errorf("charts/%s: %d objects for %d applications, want a Role and a RoleBinding for each", deployRoles, len(all), len(applications))
	}
	return all, nil
}

// namespaces are those of the cluster with the stacks whose pods they hold.
func (a *awsAccount) namespaces() map[string]string {
	owners := map[string]string{"kube-system": a.env.Name + "-cluster"}
	for stack, document := range a.documents {
		made, _ := dig(document, "resource", "kubernetes_namespace_v1").(object)
		for _, body := range made {
			owners[fmt.Sprint(dig(body, "metadata", "name"))] = stack
		}
	}
	for app := range a.env.Apps {
		owners[app] = a.env.Name + "-" + app
	}
	return owners
}

// inCluster are the roles of the pods that a principal's access entry lets it run.
func (a *awsAccount) inCluster(p *principal) (all []*principal) {
	for _, right := range a.access[p.arn] {
		if right.action == runPods {
			all = append(all, a.pods(right.namespaces)...)
		}
	}
	return all
}

// podsOfOthers are the findings of a principal on the pods of other stacks than the one that it starts from.
func (a *awsAccount) podsOfOthers(p, start *principal, way string) (all []found) {
	owners := a.namespaces()
	for _, right := range a.access[p.arn] {
		for _, namespace := range slices.Sorted(maps.Keys(owners)) {
			if owner := owners[namespace]; wild(right.namespaces, namespace) && owner != a.env.Name+"-"+start.stack {
				all = append(all, found{a.reviewed(start), right.action, a.whose(thing{kind: "pods", owner: owner}, start), a.via(way, start)})
			}
		}
	}
	return all
}

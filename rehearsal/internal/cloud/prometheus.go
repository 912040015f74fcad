package cloud

import (
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

const (
	workspaceKind  = "aws_prometheus_workspace"
	ruleGroupsKind = "aws_prometheus_rule_group_namespace"
	definitionKind = "aws_prometheus_alert_manager_definition"
)

func init() {
	inWorkspace := map[string]string{"workspace_id": workspaceKind + ".id"}
	register(map[string]kind{
		workspaceKind: {
			id: func(*World, Attributes) string { return "ws-" + randomUUID() },
			// Removing alias replaces too: see checkWorkspace.
			replaced: []string{"kms_key_arn"},
			check:    checkWorkspace,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn":                 w.arn("aps", "workspace/"+id),
					"prometheus_endpoint": fmt.Sprintf("https://aps-workspaces.%s.amazonaws.com/workspaces/%s/", w.Region, id),
				})
			},
			// AWS deletes its content too: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-delete-workspace.html
			alone: true,
			leave: func(w *World, id string, _ *Thing) error {
				w.removeOf(ruleGroupsKind, "workspace_id", id)
				w.removeOf(definitionKind, "workspace_id", id)
				return nil
			},
		},
		ruleGroupsKind: {
			id: func(w *World, a Attributes) string {
				return w.arn("aps", "rulegroupsnamespace/"+text(a, "workspace_id")+"/"+text(a, "name"))
			},
			conflict: "ConflictException",
			replaced: []string{"name", "workspace_id"},
			refers:   inWorkspace,
			opaque:   []string{"data"},
			check:    func(_ *World, a, _ Attributes) error { return checkRuleGroups(text(a, "name"), text(a, "data")) },
			fill:     func(_ *World, id string, a Attributes) { setDefaults(a, Attributes{"arn": id}) },
		},
		definitionKind: {
			// A workspace has one.
			id:       func(_ *World, a Attributes) string { return text(a, "workspace_id") },
			conflict: "ConflictException",
			replaced: []string{"workspace_id"},
			refers:   inWorkspace,
			opaque:   []string{"definition"},
			check: func(w *World, a, _ Attributes) error {
				return w.checkAlertManager(text(a, "definition"))
			},
		},
	})
}

func invalidPrometheus(format string, args ...any) error {
	return refuse("ValidationException", format, args...)
}

// checkWorkspace: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateWorkspace.html
func checkWorkspace(w *World, a, before Attributes) error {
	alias := text(a, "alias")
	if len(alias) > 100 {
		return invalidPrometheus("alias %q is longer than 100 characters", alias)
	}
	if before != nil && alias == "" && text(before, "alias") != "" {
		return refuse("not rehearsed", "workspace %s: the provider makes another workspace, without the data, once its alias is removed", text(before, "alias"))
	}
	if key := text(a, "kms_key_arn"); key != "" && !strings.Contains(key, ":key/") {
		return invalidPrometheus("kms_key_arn %q is not the ARN of a key", key)
	}
	// https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateLoggingConfiguration.html
	if group := text(a, "logging_configuration.log_group_arn"); group != "" {
		if !strings.HasSuffix(group, ":*") {
			return invalidPrometheus("log_group_arn %q must end with :*", group)
		}
		if w.find("aws_cloudwatch_log_group", "name", logGroupName(group)) == nil {
			return refuse("ResourceNotFoundException", "log group %s does not exist", group)
		}
	}
	return nil
}

// ruleGroups is a rule file of Prometheus, which refuses other fields.
// https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
type ruleGroups struct {
	Groups []struct {
		Name     string         `json:"name"`
		Interval string         `json:"interval"`
		Limit    int            `json:"limit"`
		Offset   string         `json:"query_offset"`
		Labels   map[string]any `json:"labels"`
		Rules    []struct {
			Record        string         `json:"record"`
			Alert         string         `json:"alert"`
			Expr          string         `json:"expr"`
			For           string         `json:"for"`
			KeepFiringFor string         `json:"keep_firing_for"`
			Labels        map[string]any `json:"labels"`
			Annotations   map[string]any `json:"annotations"`
		} `json:"rules"`
	} `json:"groups"`
}

// ruleGroupsName: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateRuleGroupsNamespace.html
var ruleGroupsName = regexp.MustCompile(`^[0-9A-Za-z][-.0-9A-Z_a-z]{0,63}$`)

// checkRuleGroups checks rules, but not their PromQL.
func checkRuleGroups(name, data string) error {
	if !ruleGroupsName.MatchString(name) {
		return invalidPrometheus("name %q of a rule groups namespace must be up to 64 letters, digits, -, . and _, the first a letter or digit", name)
	}
	var file ruleGroups
	if err := yaml.UnmarshalStrict([]byte(data), &file); err != nil {
		return invalidPrometheus("rules of %s: %v", name, err)
	}
	if len(file.Groups) == 0 {
		return invalidPrometheus("rules of %s: there are no groups", name)
	}
	seen := map[string]bool{}
	for _, group := range file.Groups {
		if group.Name == "" || seen[group.Name] {
			return invalidPrometheus("rules of %s: group %q has no name, or that of another", name, group.Name)
		}
		seen[group.Name] = true
		for i, rule := range group.Rules {
			if (rule.Record == "") == (rule.Alert == "") || rule.Expr == "" {
				return invalidPrometheus("rules of %s: rule %d of group %s needs an expr, and one of record and alert", name, i+1, group.Name)
			}
		}
	}
	return nil
}

// alertManager is the part of Alertmanager's configuration that affects routing.
type alertManager struct {
	Route     alertRoute `json:"route"`
	Receivers []struct {
		Name string `json:"name"`
		SNS  []struct {
			Topic string `json:"topic_arn"`
		} `json:"sns_configs"`
	} `json:"receivers"`
}

type alertRoute struct {
	Receiver string       `json:"receiver"`
	Routes   []alertRoute `json:"routes"`
}

// checkAlertManager: the configuration is a string in the definition. Its topics must exist, which
// AWS would notice only when it sends an alert.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-config.html
func (w *World) checkAlertManager(definition string) error {
	var document struct {
		Config    string            `json:"alertmanager_config"`
		Templates map[string]string `json:"template_files"`
	}
	if err := yaml.UnmarshalStrict([]byte(definition), &document); err != nil {
		return invalidPrometheus("alert manager definition: %v", err)
	}
	var config alertManager
	if err := yaml.Unmarshal([]byte(document.Config), &config); err != nil {
		return invalidPrometheus("alertmanager_config: %v", err)
	}
	names := map[string]bool{}
	for _, receiver := range config.Receivers {
		names[receiver.Name] = true
		for _, sns := range receiver.SNS {
			if w.ownARN(sns.Topic) && w.find(topicKind, "arn", sns.Topic) == nil {
				return invalidPrometheus("receiver %s: topic %s does not exist in account %s, region %s", receiver.Name, sns.Topic, w.Account, w.Region)
			}
		}
	}
	if config.Route.Receiver == "" {
		return invalidPrometheus("alertmanager_config: root route must specify a default receiver")
	}
	return config.Route.check(names)
}

func (r alertRoute) check(receivers map[string]bool) error {
	if r.Receiver != "" && !receivers[r.Receiver] {
		return invalidPrometheus("alertmanager_config: undefined receiver %q used in route", r.Receiver)
	}
	for _, below := range r.Routes {
		if err := below.check(receivers); err != nil {
			return err
		}
	}
	return nil
}

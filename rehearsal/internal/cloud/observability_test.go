package cloud

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

const (
	topicARN   = "arn:aws:sns:eu-west-2:111111111111:dev-alarms"
	slackRole  = "arn:aws:iam::111111111111:role/slack"
	alarmRules = "groups:\n- name: app\n  rules:\n  - alert: Errors\n    expr: rate(errors[5m]) > 1\n    for: 5m\n"
)

func alerts(topic, receiver string) string {
	return "alertmanager_config: |\n  route:\n    receiver: " + receiver + "\n  receivers:\n  - name: sns\n    sns_configs:\n    - topic_arn: " + topic + "\n"
}

// observed is a world with a topic, a log group and a workspace.
func observed(t *testing.T) (w *World, workspace string) {
	t.Helper()
	w = newWorld()
	w.Given = []string{slackRole}
	made := Attributes{"alias": "dev"}
	assert.NilError(t, w.Create(topicKind, "", Attributes{"name": "dev-alarms"}))
	assert.NilError(t, w.Create("aws_cloudwatch_log_group", "", Attributes{"name": "/pods"}))
	assert.NilError(t, w.Create(workspaceKind, "", made))
	return w, text(made, "id")
}

// with is a copy of attributes, with others merged from JSON.
func with(t *testing.T, a Attributes, more string) Attributes {
	t.Helper()
	copied, err := json.Marshal(a)
	assert.NilError(t, err)
	merged := decoded(t, string(copied))
	assert.NilError(t, json.Unmarshal([]byte(more), &merged))
	return merged
}

// TestRefused creates resources of the observability stack, and variants that AWS refuses.
func TestRefused(t *testing.T) {
	w, workspace := observed(t)
	good := map[string]Attributes{
		"aws_sns_topic_subscription": {"topic_arn": topicARN, "protocol": "email", "endpoint": "ops@example.com"},
		"aws_sns_topic_policy":       {"arn": topicARN, "policy": allowAll},
		"aws_cloudwatch_metric_alarm": decoded(t, `{"alarm_name": "dev-5xx", "comparison_operator": "GreaterThanThreshold", "evaluation_periods": 5,
			"threshold": 1, "namespace": "AWS/ApplicationELB", "metric_name": "5XX", "statistic": "Sum", "period": 60, "alarm_actions": ["`+topicARN+`"]}`),
		"aws_cloudwatch_dashboard": {"dashboard_name": "dev", "dashboard_body": `{"widgets":[{"type":"text","width":24,"properties":{"markdown":"#"}}]}`},
		metricFilterKind: decoded(t, `{"name": "dev-errors", "log_group_name": "/pods", "pattern": "{ $.level = \"error\" }",
			"metric_transformation": [{"name": "errors", "namespace": "dev", "value": "1"}]}`),
		workspaceKind:  decoded(t, `{"alias": "more", "logging_configuration": [{"log_group_arn": "arn:aws:logs:eu-west-2:111111111111:log-group:/pods:*"}]}`),
		ruleGroupsKind: {"workspace_id": workspace, "name": "app", "data": alarmRules},
		definitionKind: {"workspace_id": workspace, "definition": alerts(topicARN, "sns")},
		slackKind: decoded(t, `{"configuration_name": "dev-alarms", "iam_role_arn": "`+slackRole+`", "slack_team_id": "T1", "slack_channel_id": "C1",
			"sns_topic_arns": ["`+topicARN+`"]}`),
	}
	const query = `{"metric_name": null, "namespace": null, "statistic": null, "period": null, "metric_query": [`
	for _, test := range []struct{ name, kind, change, want string }{
		{"a name that no topic has", topicKind, `{"name": "dev.alarms"}`, "InvalidParameter: Invalid parameter: Topic Name"},
		{"a topic of a name that is taken", topicKind, `{"name": "dev-alarms"}`, "InvalidParameter"},
		{"a topic with a key that is not there", topicKind, `{"name": "x", "kms_master_key_id": "arn:aws:kms:eu-west-2:111111111111:key/none"}`, "kms_master_key_id"},
		{"a policy of no topic", "aws_sns_topic_policy", `{"arn": "` + topicARN + `s"}`, "does not exist"},
		{"a policy that is no document", "aws_sns_topic_policy", `{"policy": "allow"}`, "MalformedPolicyDocument"},
		{"no mail address", "aws_sns_topic_subscription", `{"endpoint": "ops"}`, `"ops" is no endpoint of protocol email`},
		{"an unknown protocol", "aws_sns_topic_subscription", `{"protocol": "slack"}`, "Does not support this protocol string: slack"},
		{"an alarm with a long name", "aws_cloudwatch_metric_alarm", `{"alarm_name": "` + strings.Repeat("a", 256) + `"}`, "1 to 255 characters"},
		{"an alarm to a topic that is not there", "aws_cloudwatch_metric_alarm", `{"alarm_actions": ["` + topicARN + `s"]}`, "alarm_actions of aws_cloudwatch_metric_alarm"},
		{"an alarm with two statistics", "aws_cloudwatch_metric_alarm", `{"extended_statistic": "p99"}`, "One of `statistic` or `extended_statistic`"},
		{"an alarm of a strange period", "aws_cloudwatch_metric_alarm", `{"period": 90}`, "a period of 90 seconds"},
		{"an alarm that looks back too far", "aws_cloudwatch_metric_alarm", `{"period": 300, "evaluation_periods": 300}`, "more than 86400 seconds"},
		{"an alarm with more breaches than periods", "aws_cloudwatch_metric_alarm", `{"datapoints_to_alarm": 6}`, "6 datapoints of 5 periods"},
		{"an alarm with no threshold", "aws_cloudwatch_metric_alarm", `{"threshold": null}`, "has no threshold"},
		{"an alarm that compares otherwise", "aws_cloudwatch_metric_alarm", `{"comparison_operator": ">"}`, `comparison operator ">"`},
		{"an alarm that ignores otherwise", "aws_cloudwatch_metric_alarm", `{"treat_missing_data": "not_breaching"}`, "missing data is treated as"},
		{"an alarm on a metric and queries", "aws_cloudwatch_metric_alarm", `{"metric_query": [{"id": "e"}]}`, "can have no metric_name"},
		{"an alarm on no query", "aws_cloudwatch_metric_alarm", query + `{"id": "e", "expression": "m/2"}]}`, "0 queries return data"},
		{"an alarm on a query of a strange id", "aws_cloudwatch_metric_alarm", query + `{"id": "E", "expression": "m/2"}]}`, `the id "E" of a query`},
		{"an alarm on a query for nothing", "aws_cloudwatch_metric_alarm", query + `{"id": "e", "return_data": true}]}`, "needs either an expression or a metric"},
		{"a dashboard of no JSON", "aws_cloudwatch_dashboard", `{"dashboard_body": "widgets: []"}`, "it is no JSON object"},
		{"a dashboard of no widgets", "aws_cloudwatch_dashboard", `{"dashboard_body": "{\"widget\": []}"}`, "it should have a list of widgets"},
		{"a widget of an unknown type", "aws_cloudwatch_dashboard", `{"dashboard_body": "{\"widgets\": [{\"type\": \"graph\"}]}"}`, `/widgets/0/type: there is no "graph"`},
		{"a widget of no region", "aws_cloudwatch_dashboard", `{"dashboard_body": "{\"widgets\": [{\"type\": \"metric\", \"properties\": {}}]}"}`, `should have required property "region"`},
		{"a dashboard with a name of two words", "aws_cloudwatch_dashboard", `{"dashboard_name": "the dev"}`, "dashboard name"},
		{"a filter of a group that is not there", metricFilterKind, `{"log_group_name": "/none"}`, "The specified log group does not exist: /none"},
		{"a filter that does not close", metricFilterKind, `{"pattern": "{ $.level = 1"}`, "Invalid metric filter pattern"},
		{"a filter with a dimension and a default", metricFilterKind, `{"metric_transformation": [{"default_value": "0", "dimensions": {"a": "$.a"}}]}`, "none beside a default value"},
		{"a log group's ARN without its end", workspaceKind, `{"logging_configuration": [{"log_group_arn": "arn:aws:logs:eu-west-2:111111111111:log-group:/pods"}]}`, "must end with :*"},
		{"a log group that is not there", workspaceKind, `{"logging_configuration": [{"log_group_arn": "arn:aws:logs:eu-west-2:111111111111:log-group:/none:*"}]}`, "does not exist"},
		{"rules of no workspace", ruleGroupsKind, `{"workspace_id": "ws-none"}`, `there is no aws_prometheus_workspace with id "ws-none"`},
		{"rules that are no YAML", ruleGroupsKind, `{"data": "groups: ["}`, "rules of app"},
		{"rules of no group", ruleGroupsKind, `{"data": "rules: []"}`, `unknown field "rules"`},
		{"no rules", ruleGroupsKind, `{"data": "groups: []"}`, "there are no groups"},
		{"a rule of nothing", ruleGroupsKind, `{"data": "groups: [{name: a, rules: [{alert: A}]}]"}`, "rule 1 of group a needs an expr"},
		{"two groups of a name", ruleGroupsKind, `{"data": "groups: [{name: a}, {name: a}]"}`, `group "a" has no name, or that of another`},
		{"alerts to a topic that is not there", definitionKind, `{"definition": ` + quoted(alerts(topicARN+"s", "sns")) + `}`, "does not exist"},
		{"alerts to nobody", definitionKind, `{"definition": ` + quoted(alerts(topicARN, "ops")) + `}`, `undefined receiver "ops"`},
		{"alerts that are not told how", definitionKind, `{"definition": "route: {}"}`, `unknown field "route"`},
		{"a channel with a role that is not there", slackKind, `{"iam_role_arn": "` + slackRole + `s"}`, "iam_role_arn"},
		{"a channel by its name", slackKind, `{"slack_channel_id": "#alarms"}`, `slack_channel_id "#alarms"`},
		{"a level of another logger", slackKind, `{"logging_level": "WARN"}`, "none of ERROR, INFO and NONE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.ErrorContains(t, w.Create(test.kind, "", with(t, good[test.kind], test.change)), test.want)
		})
	}
	for name, a := range good {
		assert.NilError(t, w.Create(name, "", with(t, a, `{}`)), name)
		if name != workspaceKind {
			assert.Assert(t, w.Create(name, "", with(t, a, `{}`)) != nil, "two of %s", name)
		}
	}
	assert.ErrorContains(t, w.Create(slackKind, "", with(t, good[slackKind], `{"configuration_name": "other"}`)), "has already been configured")
}

func quoted(s string) string {
	written, _ := json.Marshal(s) // strings always marshal
	return string(written)
}

// TestComputed checks ids and ARNs.
func TestComputed(t *testing.T) {
	w, workspace := observed(t)
	create := func(kind string, a Attributes) Attributes {
		assert.NilError(t, w.Create(kind, "", a))
		return a
	}
	topic := w.Get(topicKind, topicARN).Attributes
	assert.Equal(t, topic["owner"], "111111111111")
	assert.Assert(t, strings.Contains(text(topic, "policy"), topicARN))
	subscription := create("aws_sns_topic_subscription", Attributes{"topic_arn": topicARN, "protocol": "email", "endpoint": "ops@example.com"})
	assert.Assert(t, strings.HasPrefix(text(subscription, "arn"), topicARN+":") && flag(subscription, "pending_confirmation"))
	dashboard := create("aws_cloudwatch_dashboard", Attributes{"dashboard_name": "dev", "dashboard_body": `{"widgets":[]}`})
	assert.Equal(t, dashboard["dashboard_arn"], "arn:aws:cloudwatch::111111111111:dashboard/dev")
	dashboard = with(t, dashboard, `{"dashboard_body": "{\"widgets\": [], \"start\": \"-PT3H\"}"}`)
	assert.NilError(t, w.Change("aws_cloudwatch_dashboard", "", dashboard))
	made := w.Get(workspaceKind, workspace).Attributes
	assert.Equal(t, made["arn"], "arn:aws:aps:eu-west-2:111111111111:workspace/"+workspace)
	assert.Equal(t, made["prometheus_endpoint"], "https://aps-workspaces.eu-west-2.amazonaws.com/workspaces/"+workspace+"/")
	rules := create(ruleGroupsKind, Attributes{"workspace_id": workspace, "name": "app", "data": alarmRules})
	assert.Equal(t, rules["id"], "arn:aws:aps:eu-west-2:111111111111:rulegroupsnamespace/"+workspace+"/app")
	assert.ErrorContains(t, w.Change(workspaceKind, "", with(t, made, `{"alias": ""}`)), "makes another workspace")

	slack := create(slackKind, Attributes{"configuration_name": "dev", "iam_role_arn": slackRole, "slack_team_id": "T1", "slack_channel_id": "C1"})
	slack = with(t, slack, `{"id": null}`) // the type has no id attribute
	for _, level := range []string{"ERROR", "INFO"} {
		assert.NilError(t, w.Change(slackKind, "", with(t, slack, `{"logging_level": "`+level+`"}`)))
	}
	assert.ErrorContains(t, w.Change(slackKind, "", with(t, slack, `{"configuration_name": "prod"}`)), "inconsistent result")
	const arn = "arn:aws:chatbot::111111111111:chat-configuration/slack-channel/dev"
	changed := w.Get(slackKind, arn)
	assert.Assert(t, changed != nil, "it cannot be imported as in AWS")
	assert.Equal(t, changed.Attributes["id"], arn)
}

// TestGoesAlong checks what is deleted with a topic, a workspace and a log group.
func TestGoesAlong(t *testing.T) {
	w, workspace := observed(t)
	for name, a := range map[string]Attributes{
		"aws_sns_topic_subscription": {"topic_arn": topicARN, "protocol": "email", "endpoint": "ops@example.com"},
		"aws_sns_topic_policy":       {"arn": topicARN, "policy": allowAll},
		ruleGroupsKind:               {"workspace_id": workspace, "name": "app", "data": alarmRules},
		definitionKind:               {"workspace_id": workspace, "definition": alerts(topicARN, "sns")},
		metricFilterKind:             {"name": "errors", "log_group_name": "/pods", "pattern": "ERROR"},
	} {
		assert.NilError(t, w.Create(name, "", a), name)
	}
	assert.Assert(t, w.Get(metricFilterKind, "/pods:errors") != nil, "it cannot be imported as in AWS")
	// A policy has its topic's ARN, but references to the ARN are to the topic.
	assert.NilError(t, w.Delete("aws_sns_topic_policy", "", Attributes{"id": topicARN}))
	assert.NilError(t, w.Create("aws_sns_topic_policy", "", Attributes{"arn": topicARN, "policy": allowAll}))
	for name, id := range map[string]string{topicKind: topicARN, workspaceKind: workspace, "aws_cloudwatch_log_group": "/pods"} {
		assert.NilError(t, w.Delete(name, "", Attributes{"id": id}), name)
	}
	assert.Equal(t, len(w.Things), 0, "%v", w.Things)
}

func TestLifecycleRules(t *testing.T) {
	w := newWorld()
	assert.NilError(t, w.Create("aws_s3_bucket", "", Attributes{"bucket": "loki"}))
	const rule = `{"id": "old", "expiration": [{"days": 30}]}`
	for _, test := range []struct{ rules, want string }{
		{``, "there must be 1 to 1000 rules"},
		{rule + `,` + rule, "Rule ID must be unique"},
		{`{"id": "old", "status": "Enabled"}`, "At least one action"},
		{`{"id": "old", "transition": [{"days": 7, "storage_class": "STANDARD_IA"}]}`, "greater than or equal to 30"},
		{`{"id": "old", "expiration": [{"days": 60}], "transition": [{"days": 90, "storage_class": "GLACIER"}]}`, "in the Expiration action"},
		{rule, ""},
	} {
		err := w.Create("aws_s3_bucket_lifecycle_configuration", "", decoded(t, `{"bucket": "loki", "rule": [`+test.rules+`]}`))
		if test.want == "" {
			assert.NilError(t, err)
		} else {
			assert.ErrorContains(t, err, test.want)
		}
	}
}

// TestTargetGroups: the controller creates one for each service port, and deletes it again.
func TestTargetGroups(t *testing.T) {
	w := newWorld()
	w.Add("aws_eks_cluster", "dev", &Thing{Attributes: Attributes{"id": "dev", "name": "dev", "vpc_config": []any{Attributes{"vpc_id": "vpc-1"}}}})
	w.Add("helm_release", "controller", &Thing{Cluster: "dev", Attributes: Attributes{"chart": controllerChart}})
	ingress := func(backends ...string) {
		w.Add(ingressKind, "dev:app/app", &Thing{Cluster: "dev", Attributes: decoded(t, `{
			"metadata": {"namespace": "app", "name": "app", "annotations": {
				"alb.ingress.kubernetes.io/load-balancer-name": "dev-app", "alb.ingress.kubernetes.io/target-type": "ip"}},
			"spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": [`+strings.Join(backends, ", ")+`]}}]}}`)})
		w.reconcileLoadBalancers()
	}
	backend := func(name, port string) string {
		return fmt.Sprintf(`{"backend": {"service": {"name": %q, "port": %s}}}`, name, port)
	}
	resources := func() (all []string) {
		w.Each(func(_, _ string, group *Thing) bool {
			all = append(all, tagsOf(group.Attributes)["ingress.k8s.aws/resource"])
			return true
		}, targetGroupKind)
		slices.Sort(all)
		return all
	}
	app := backend("app", `{"number": 80}`)
	ingress(backend("redirect", `{"name": "use-annotation"}`), app, app)
	assert.DeepEqual(t, resources(), []string{"app/app-app:80"})

	group, err := w.ReadData(targetGroupKind, decoded(t, `{"tags": {"elbv2.k8s.aws/cluster": "dev", "ingress.k8s.aws/stack": "app/app"}}`))
	assert.NilError(t, err)
	balancer, err := w.ReadData("aws_lb", Attributes{"name": "dev-app"})
	assert.NilError(t, err)
	assert.DeepEqual(t, group["load_balancer_arns"], []any{balancer["arn"]})
	assert.Equal(t, group["target_type"], "ip")
	assert.Assert(t, strings.HasPrefix(text(group, "arn_suffix"), "targetgroup/k8s-app-app-"))
	for _, a := range []Attributes{group, balancer} {
		assert.Assert(t, strings.HasSuffix(text(a, "arn"), "/"+text(a, "arn_suffix")) || strings.HasSuffix(text(a, "arn"), ":"+text(a, "arn_suffix")))
	}

	ingress(app, backend("metrics", `{"name": "http"}`))
	assert.DeepEqual(t, resources(), []string{"app/app-app:80", "app/app-metrics:http"})
	_, err = w.ReadData(targetGroupKind, decoded(t, `{"tags": {"elbv2.k8s.aws/cluster": "dev"}}`))
	assert.ErrorContains(t, err, "Search returned 2 results")
	ingress(app)
	assert.DeepEqual(t, resources(), []string{"app/app-app:80"})
	w.Remove(ingressKind, "dev:app/app")
	w.reconcileLoadBalancers()
	assert.Equal(t, len(w.Things["aws_lb"])+len(w.Things[targetGroupKind])+len(w.Things["aws_security_group"]), 0)
}

// TestChangedScheme: for another scheme the controller creates another load balancer of the same name. Helm
// waits for it only if the release rolls pods.
func TestChangedScheme(t *testing.T) {
	w := newWorld()
	w.Add("aws_eks_cluster", "dev", &Thing{Attributes: Attributes{"id": "dev", "name": "dev", "vpc_config": []any{Attributes{"vpc_id": "vpc-1"}}}})
	w.Add("helm_release", "controller", &Thing{Cluster: "dev", Attributes: Attributes{"chart": controllerChart}})
	w.Add("kubernetes_namespace_v1", "dev:app", &Thing{Cluster: "dev", Attributes: decoded(t, `{
		"metadata": [{"name": "app", "labels": {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}}]}`)})
	install := func(scheme string, rolled bool) (balancer, group Attributes) {
		w.Add(ingressKind, "dev:app/app", &Thing{Cluster: "dev", Attributes: decoded(t, fmt.Sprintf(`{%q: %t,
			"metadata": {"namespace": "app", "name": "app", "annotations": {
				"alb.ingress.kubernetes.io/load-balancer-name": "dev-app", "alb.ingress.kubernetes.io/scheme": %q}},
			"spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": [{"backend": {"service": {"name": "app", "port": {"number": 80}}}}]}}]}}`,
			rolledOf, rolled, scheme))})
		w.reconcileLoadBalancers()
		balancer, err := w.ReadData("aws_lb", Attributes{"name": "dev-app"})
		assert.NilError(t, err)
		group, err = w.ReadData(targetGroupKind, decoded(t, `{"tags": {"elbv2.k8s.aws/cluster": "dev"}}`))
		assert.NilError(t, err)
		assert.DeepEqual(t, group["load_balancer_arns"], []any{balancer["arn"]})
		assert.Equal(t, len(w.Things["aws_security_group"]), 1)
		assert.DeepEqual(t, balancer["security_groups"], []any{slices.Collect(maps.Keys(w.Things["aws_security_group"]))[0]})
		return balancer, group
	}
	public, group := install(schemePublic, true)
	same, _ := install("internal", false)
	assert.Equal(t, same["arn"], public["arn"], "Helm has not waited")
	private, reused := install("internal", false)
	assert.Assert(t, private["arn"] != public["arn"])
	assert.Equal(t, private["internal"], true)
	assert.Equal(t, reused["arn"], group["arn"])
	again, _ := install(schemePublic, true)
	assert.Equal(t, again["internal"], false, "Helm has waited for the pods")
	assert.Equal(t, w.LoadBalancerOf("dev", "app/app"), again["dns_name"])
}

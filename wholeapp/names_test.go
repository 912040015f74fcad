package wholeapp

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func tagged(p platform) (broken []string) {
	for stack, document := range p.stacks {
		tags, _ := dig(document, "provider", "aws", "default_tags", "tags").(object)
		for _, key := range []string{"project", "environment", "stack", "repository"} {
			if value, _ := tags[key].(string); value == "" {
				broken = append(broken, stack+": no default tag "+key)
			}
		}
	}
	for _, e := range p.resources("helm_release") {
		// No Terraform provider tags what the load balancer controller creates.
		values := fmt.Sprint(e.body["values"])
		if ownChart(e) && p.application(e.stack).Web != nil && !strings.Contains(values, `"tags" = {"environment"`) {
			broken = append(broken, e.String()+": its load balancer is not tagged")
		}
	}
	return broken
}

// limits are the greatest length and the pattern of names, by kind and field, from each service's
// documentation of quotas.
var limits = map[string]struct {
	length  int
	pattern string
}{
	"aws_accessanalyzer_analyzer.analyzer_name":    {255, `[A-Za-z][\w.-]*`},
	"aws_backup_plan.name":                         {50, `[\w.-]+`},
	"aws_backup_selection.name":                    {50, `[\w.-]+`},
	"aws_backup_vault.name":                        {50, `[\w-]{2,}`},
	"aws_budgets_budget.name":                      {100, `[^:\\]+`},
	"aws_appautoscaling_policy.name":               {256, `[\x20-\x7E]+`},
	"aws_cloudtrail.name":                          {128, `[0-9A-Za-z]([._-]?[0-9A-Za-z])+`},
	"aws_cloudwatch_log_group.name":                {512, `[\w./#-]+`},
	"aws_cloudwatch_log_metric_filter.name":        {512, `[^:*]+`},
	"aws_db_instance.identifier":                   {63, `[a-z](-?[a-z0-9])*`},
	"aws_db_parameter_group.name":                  {255, `[a-z](-?[a-z0-9])*`},
	"aws_db_subnet_group.name":                     {255, `[a-z0-9 ._-]+`},
	"aws_ecr_repository.name":                      {256, `[a-z0-9]+([._/-][a-z0-9]+)*`},
	"aws_eks_cluster.name":                         {100, `[0-9A-Za-z][\w-]*`},
	"aws_eks_fargate_profile.fargate_profile_name": {100, `[0-9A-Za-z][\w-]*`},
	"aws_cloudwatch_log_stream.name":               {512, `[^:*]+`},
	"aws_iam_instance_profile.name":                {128, `[\w+=,.@-]+`},
	"aws_iam_policy.name":                          {128, `[\w+=,.@-]+`},
	"aws_iam_role.name":                            {64, `[\w+=,.@-]+`},
	"aws_iam_role.description":                     {1000, `[\w+=,.@'’ /;-]+`},
	"aws_iam_role_policy.name":                     {128, `[\w+=,.@-]+`},
	"aws_kms_alias.name":                           {256, `alias/[\w/-]+`},
	"aws_prometheus_rule_group_namespace.name":     {128, `[0-9A-Za-z][\w.-]*`},
	"aws_rds_cluster.cluster_identifier":           {63, `[a-z](-?[a-z0-9])*`},
	"aws_rds_cluster_instance.identifier":          {63, `[a-z](-?[a-z0-9])*`},
	"aws_rds_cluster_parameter_group.name":         {255, `[a-z](-?[a-z0-9])*`},
	"aws_route53_record.name":                      {255, `[a-z0-9_.-]+`},
	"aws_secretsmanager_secret.name":               {512, `[\w/+=.@-]+`},
	"aws_security_group.name":                      {255, `[\w ./:()#,@+=&;{}!$*\[\]-]+`},
	"aws_sns_topic.name":                           {256, `[\w-]+`},
	"aws_ssm_document.name":                        {128, `[\w.-]{3,}`},
	"aws_wafv2_web_acl.name":                       {128, `[\w-]+`},
	"helm_release.name":                            {53, `[a-z0-9]([a-z0-9-]*[a-z0-9])?`},
}

// nameFields are the fields that name a resource. A description is checked only if limits has it.
var nameFields = []string{"name", "analyzer_name", "identifier", "cluster_identifier", "fargate_profile_name"}

// anywhereAllowed matches names that every AWS service allows, up to a target group's 32 characters.
var anywhereAllowed = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)

// limited reports whether a name has a limit here, or needs none.
func limited(e element, field string) bool {
	name, ok := e.body[field].(string)
	_, known := limits[e.kind+"."+field]
	return known || !ok || strings.HasPrefix(name, "${") || len(name) <= 32 && anywhereAllowed.MatchString(name)
}

func nameLimits(p platform) (broken []string) {
	for _, e := range p.resources() {
		for _, field := range append(slices.Clone(nameFields), "description") {
			name, ok := e.body[field].(string)
			limit, known := limits[e.kind+"."+field]
			switch {
			case !ok || strings.HasPrefix(name, "${"):
			case field != "description" && !limited(e, field):
				broken = append(broken, e.String()+"."+field+": add its limit to limits")
			case known && (len(name) > limit.length || !regexp.MustCompile("^"+limit.pattern+"$").MatchString(name)):
				broken = append(broken, fmt.Sprintf("%s.%s: %q is longer than %d or not %s", e, field, name, limit.length, limit.pattern))
			}
		}
	}
	for _, e := range p.resources("helm_release") {
		for _, match := range regexp.MustCompile(`"loadBalancerName" = "([^"]*)"`).FindAllStringSubmatch(fmt.Sprint(e.body["values"]), -1) {
			if len(match[1]) > 32 {
				broken = append(broken, e.String()+": load balancer name longer than 32: "+match[1])
			}
		}
	}
	return broken
}

// TestNamesOfApplications: no two resources of an environment have one name, whatever accepted names its
// applications have, such as a and what could be taken for a part of it.
func TestNamesOfApplications(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	content, err := os.ReadFile(filepath.Join(samples, "dev.yaml"))
	assert.NilError(t, err)
	var apps strings.Builder
	for _, name := range []string{
		"a", "a-a", "a-1", "a-ab", "a-access", "a-boundary", "a-database", "a-errors", "a-key", "a-latency", "a-logs", "a-pods", "a-release", "a-secrets", "a-web",
		"access", "database-primary", "dev", "errors", "images", "logs", "plinth", "pods", "vault", "web",
	} {
		assert.Assert(t, accepts(name), name)
		fmt.Fprintf(&apps, "  %s: {image: {tag: '1'}, parameters: {enabled: true}, web: {metrics: {port: 9090}, waf: {enabled: true}, accessLogs: {enabled: true}}}\n", name)
	}
	text := strings.Replace(string(content), "\n  app:\n", "\n"+apps.String()+"  app:\n", 1) + "observability: {prometheus: {enabled: true}, loki: {enabled: true}}\n"
	assert.NilError(t, os.WriteFile(filepath.Join(folder, "dev.yaml"), []byte(text), 0o600))
	p := newPlatform(t, folder)
	owners := map[string]element{}
	for _, e := range p.elements() {
		for _, field := range append([]string{"bucket"}, nameFields...) {
			name, ok := e.body[field].(string)
			if !ok || strings.HasPrefix(name, "${") || !strings.HasPrefix(e.kind, "aws_") {
				continue
			}
			key := e.kind + " " + name
			if other, taken := owners[key]; taken && e.kind != "aws_iam_role_policy" {
				t.Errorf("%s and %s are both called %s", other, e, name)
			}
			owners[key] = e
		}
	}
	assert.Assert(t, len(owners) > 400, "%d names", len(owners))
}

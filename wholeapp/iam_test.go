package wholeapp

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"plinth/settings"
)

// statements returns all statements of IAM policy documents, except those that deny.
func statements(p platform) []element {
	var all []element
	for _, e := range p.elements() {
		if e.kind != "aws_iam_policy_document" || isEndpointPolicy(e) { // see endpointsLimited
			continue
		}
		for _, statement := range e.body["statement"].([]any) {
			s := e
			s.body = statement.(object)
			s.name += " " + fmt.Sprint(s.body["sid"])
			if s.body["effect"] != "Deny" {
				all = append(all, s)
			}
		}
	}
	return all
}

// unscopable are the actions in use that support no narrower resource than "*", from the
// service authorization reference.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var unscopable = []*regexp.Regexp{
	regexp.MustCompile(`^ec2:Describe\w+$`),
	regexp.MustCompile(`^elasticloadbalancing:Describe\w+$`),
	regexp.MustCompile(`^acm:(ListCertificates|RequestCertificate)$`),
	regexp.MustCompile(`^application-autoscaling:Describe\w+$`),
	regexp.MustCompile(`^aps:CreateWorkspace$`),
	regexp.MustCompile(`^backup-storage:MountCapsule$`),
	regexp.MustCompile(`^chatbot:(CreateSlackChannelConfiguration|DescribeSlackChannelConfigurations)$`),
	regexp.MustCompile(`^cloudwatch:(GetMetricData|ListMetrics)$`),
	regexp.MustCompile(`^ecr:GetAuthorizationToken$`),
	regexp.MustCompile(`^eks:(CreateCluster|DescribeAddonVersions)$`),
	regexp.MustCompile(`^kms:(CreateKey|ListAliases)$`),
	regexp.MustCompile(`^logs:(DescribeLogGroups|DescribeResourcePolicies|PutResourcePolicy|(Create|Delete|Get|Update)LogDelivery|ListLogDeliveries)$`),
	regexp.MustCompile(`^route53:ListHostedZones$`),
	regexp.MustCompile(`^secretsmanager:GetRandomPassword$`),
	regexp.MustCompile(`^ssmmessages:(Create|Open)(Control|Data)Channel$`),
	regexp.MustCompile(`^sns:(GetSubscriptionAttributes|Unsubscribe)$`),
}

func narrowPermissions(p platform) (broken []string) {
	for _, s := range statements(p) {
		for _, action := range strs(s.body["actions"]) {
			if strings.Contains(action, "*") {
				broken = append(broken, s.String()+": allows "+action)
			}
			wide := slices.Contains(strs(s.body["resources"]), "*")
			scopable := !slices.ContainsFunc(unscopable, func(r *regexp.Regexp) bool { return r.MatchString(action) })
			// In a key's policy "*" is that key.
			if wide && scopable && s.body["principals"] == nil {
				broken = append(broken, s.String()+": allows "+action+` on "*"`)
			}
		}
		if s.body["principals"] == nil && len(strs(s.body["resources"])) == 0 {
			broken = append(broken, s.String()+": names no resource")
		}
		for _, identifier := range strs(dig(s.body, "principals", "identifiers")) {
			if identifier == "*" {
				broken = append(broken, s.String()+": trusts everybody")
			}
		}
	}
	for _, s := range policyStatements(p) {
		for _, action := range words(s.body["Action"]) {
			scopable := !slices.ContainsFunc(unscopable, func(r *regexp.Regexp) bool { return r.MatchString(action) })
			// A boundary that would be too long has the Describe actions of a service in a word. The policies list them.
			if isBoundary(s.element) && strings.HasSuffix(action, ":Describe*") {
				continue
			}
			if strings.Contains(action, "*") || scopable && !isBoundary(s.element) && slices.Contains(words(s.body["Resource"]), "*") {
				broken = append(broken, fmt.Sprintf("%s: allows %s on %v", s, action, s.body["Resource"]))
			}
		}
	}
	for _, e := range p.resources("aws_iam_role_policy_attachment") {
		if strings.Contains(fmt.Sprint(e.body["policy_arn"]), "Administrator") {
			broken = append(broken, e.String()+": administrator")
		}
	}
	return broken
}

func pinnedTrust(p platform) (broken []string) {
	for _, s := range statements(p) {
		variables := map[string]bool{}
		conditions, _ := s.body["condition"].([]any)
		for _, condition := range conditions {
			variable := fmt.Sprint(condition.(object)["variable"])
			variables[variable[strings.LastIndex(variable, ":")+1:]] = true
		}
		switch dig(s.body, "principals", "type") {
		case "Federated":
			if !variables["sub"] || !variables["aud"] {
				broken = append(broken, s.String()+": trusts any token of the cluster")
			}
		case "Service":
			service := strs(dig(s.body, "principals", "identifiers"))[0]
			// Only instances and backup plans of its own account can use such a role.
			if !variables["SourceArn"] && !variables["arn"] && service != "ec2.amazonaws.com" && service != "backup.amazonaws.com" {
				broken = append(broken, s.String()+": "+service+" may be used by other accounts to assume it")
			}
		}
	}
	return broken
}

// rolesFree: settings reject an application with the name of one of the environment's roles or keys.
func rolesFree(p platform) (broken []string) {
	for _, e := range p.resources("aws_iam_role", "aws_kms_alias") {
		env := p.settings[environment(e.stack)]
		name, ours := strings.CutPrefix(strings.TrimPrefix(fmt.Sprint(e.body["name"]), "alias/"), env.ResourceName("")) // with a dash
		if !ours || env.Apps[name] != nil {
			continue
		}
		if accepts(name) {
			broken = append(broken, fmt.Sprintf("%s: an application may be called %s, and has one of the same name", e, name))
		}
	}
	return broken
}

// accepts reports whether settings accept an application of that name.
func accepts(name string) bool {
	folder, err := os.MkdirTemp(work, "settings-")
	if err != nil {
		panic(err)
	}
	content, err := os.ReadFile(filepath.Join(samples, "dev.yaml"))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "dev.yaml"), bytes.Replace(content, []byte("\n  app:\n"), []byte("\n  "+name+":\n"), 1), 0o600)
	}
	if err != nil {
		panic(err)
	}
	_, err = settings.Load(folder, []string{date})
	return err == nil
}

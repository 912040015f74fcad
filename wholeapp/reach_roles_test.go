package wholeapp

import (
	"fmt"
	"strings"
)

// documentRules are the rules of an aws_iam_policy_document, or of JSON, in an attribute of a stack, with
// their references resolved.
func (a *awsAccount) documentRules(stack, text string) []rule {
	var rules []rule
	if name, isData := strings.CutPrefix(text, "${data.aws_iam_policy_document."); isData {
		body, _ := dig(a.documents[stack], "data", "aws_iam_policy_document", strings.TrimSuffix(name, ".json}")).(object)
		rules = blockRules(body)
	} else {
		var err error
		if rules, err = jsonRules(text); err != nil {
			panic(fmt.Sprintf("%s: %v", stack, err))
		}
	}
	resolve := func(values []string) {
		for i, value := range values {
			values[i] = a.resolve(stack, value)
		}
	}
	for _, r := range rules {
		resolve(r.resources)
		for _, c := range r.conditions {
			resolve(c.values)
		}
	}
	return rules
}

// addPolicies reads who may do what, from the roles of a stack and the policies of its buckets and keys.
func (a *awsAccount) addPolicies(stack string) {
	resources, _ := a.documents[stack]["resource"].(object)
	of := func(kind string) map[string]object {
		found := map[string]object{}
		names, _ := resources[kind].(object)
		for name, body := range names {
			found[name] = body.(object)
		}
		return found
	}
	for name, body := range of("aws_kms_key") {
		a.resources[a.arnOf(stack, "aws_kms_key", name)] = a.documentRules(stack, fmt.Sprint(body["policy"]))
	}
	for _, body := range of("aws_s3_bucket_policy") {
		a.resources["arn:aws:s3:::"+a.resolve(stack, fmt.Sprint(body["bucket"]))] = a.documentRules(stack, fmt.Sprint(body["policy"]))
	}
	for name, body := range of("aws_iam_role") {
		p := &principal{arn: a.arnOf(stack, "aws_iam_role", name), stack: strings.TrimPrefix(stack, a.env.Name+"-")}
		p.name = "role " + strings.TrimPrefix(fmt.Sprint(body["name"]), a.env.ResourceName(""))
		if layer(stack) == bootstrap {
			p.stack = bootstrap
		}
		for _, verb := range []string{"deploy", "plan"} {
			if of, is := strings.CutPrefix(p.name, "role "+verb+"-"); is && layer(stack) == bootstrap {
				p.name, p.stack = verb+"-"+of, of
			}
		}
		if p.name == "role push" {
			p.name, p.stack = "push", "push"
		}
		if layer(stack) != bootstrap {
			p.name += " of " + p.stack
		}
		boundary, _ := body["permissions_boundary"].(string)
		p.boundary = a.policyRules(a.resolve(stack, boundary))
		trust := fmt.Sprint(body["assume_role_policy"])
		p.services, p.accounts = a.trusted(stack, strings.TrimSuffix(strings.TrimPrefix(trust, "${data.aws_iam_policy_document."), ".json}"))
		reference := "${aws_iam_role." + name + ".name}"
		for _, inline := range of("aws_iam_role_policy") {
			if inline["role"] == reference {
				p.rules = append(p.rules, a.documentRules(stack, fmt.Sprint(inline["policy"]))...)
			}
		}
		for _, attached := range of("aws_iam_role_policy_attachment") {
			policy := a.resolve(stack, fmt.Sprint(attached["policy_arn"]))
			if attached["role"] != reference {
				continue
			}
			if strings.HasPrefix(policy, "arn:aws:iam::aws:") {
				p.rules = append(p.rules, p.boundary...) // AWS's allow more than the boundary
			} else {
				p.rules = append(p.rules, a.policyRules(policy)...)
			}
		}
		a.roles[p.arn] = p
	}
}

// policyRules are the rules of a managed policy of the bootstrap stack; nil for none.
func (a *awsAccount) policyRules(arn string) []rule {
	stack := bootstrap + "-" + a.env.Name
	policies, _ := dig(a.documents[stack], "resource", "aws_iam_policy").(object)
	for name, body := range policies {
		if a.arnOf(stack, "aws_iam_policy", name) == arn {
			return a.documentRules(stack, fmt.Sprint(body.(object)["policy"]))
		}
	}
	return nil
}

// trusted are the services and the service accounts that a trust policy names.
func (a *awsAccount) trusted(stack, document string) (services, accounts []string) {
	statements, _ := dig(a.documents[stack], "data", "aws_iam_policy_document", document, "statement").([]any)
	for _, value := range statements {
		principals, _ := value.(object)["principals"].([]any)
		for _, of := range principals {
			if of.(object)["type"] == "Service" {
				services = append(services, strs(of.(object)["identifiers"])...)
			}
		}
		conditions, _ := value.(object)["condition"].([]any)
		for _, c := range conditions {
			for _, value := range strs(c.(object)["values"]) {
				if account, is := strings.CutPrefix(value, "system:serviceaccount:"); is {
					accounts = append(accounts, account)
				}
			}
		}
	}
	return services, accounts
}

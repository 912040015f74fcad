package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// rule is one of Plinth's own rules about the synthesized stacks. Add new ones to rules.
type rule struct {
	name   string
	remedy string
	// check reports each violation: the element and the problem.
	check func(p *platform, report func(e element, problem string))
}

var rules = []rule{
	{"region", "Deploy to an allowed region, or allow it in " + rulesFile, regions},
	{"tags", "Create the stack with newStack, which sets the provider's default_tags", tags},
	{"size", "Use a smaller size, protect the environment, or allow the size in " + rulesFile, sizes},
	{"open-security-group", "Allow ingress from a security group or your own networks. Only the application's load balancer may be public", openSecurityGroups},
	{"public-address", "Put it into a private subnet. Only the application's load balancer may be public", publicAddresses},
	{"public-bucket", "Add an aws_s3_bucket_public_access_block for the bucket, with all four switches true", publicBuckets},
	{"public-api", "Limit cluster.publicAccessCIDRs to your own networks", publicAPI},
	{"public-permission", `Name the principals, or add a condition that limits "*"`, publicPermissions},
	{"public-load-balancer", "Use the application's Ingress, or make the load balancer internal", publicLoadBalancers},
}

// platformFindings runs rules.
func platformFindings(p *platform) (findings []Finding) {
	for _, r := range rules {
		r.check(p, func(e element, problem string) {
			in := e.stack.id + "/" + e.address()
			if path, ok := dig(e.body, "//", "metadata", "path").(string); ok {
				problem = path + ": " + problem
			}
			findings = append(findings, Finding{Rule: "plinth/" + r.name, File: e.stack.shown, In: in, Problem: problem, Remedy: r.remedy})
		})
	}
	return findings
}

func regions(p *platform, report func(element, string)) {
	allowed := func(region any) bool { return slices.Contains(p.limits.Regions, fmt.Sprint(region)) }
	for _, s := range p.stacks {
		for _, e := range s.elements("provider") {
			if e.kind == "aws" && !allowed(e.body["region"]) {
				report(e, fmt.Sprintf("region is %v, allowed are %s", e.body["region"], strings.Join(p.limits.Regions, ", ")))
			}
		}
		// The region of an S3-compatible server outside AWS is only a name.
		backend := asObject(dig(s.document, "terraform", "backend", "s3"))
		if backend != nil && backend["endpoints"] == nil && !allowed(backend["region"]) {
			report(element{stack: s, mode: "provider", kind: "backend", body: backend},
				fmt.Sprintf("state is in region %v, allowed are %s", backend["region"], strings.Join(p.limits.Regions, ", ")))
		}
	}
	for _, e := range p.resources() {
		zone, _ := e.body["availability_zone"].(string)
		if zone != "" && !strings.HasPrefix(zone, "${") && !allowed(strings.TrimRight(zone, "abcdefghijklmnopqrstuvwxyz")) {
			report(e, "zone is "+zone+", allowed regions are "+strings.Join(p.limits.Regions, ", "))
		}
	}
}

func tags(p *platform, report func(element, string)) {
	for _, s := range p.stacks {
		for _, e := range s.elements("provider") {
			if e.kind != "aws" {
				continue
			}
			given := asObject(dig(e.body, "default_tags", "tags"))
			for _, tag := range p.limits.Tags {
				if text, _ := given[tag].(string); text == "" {
					report(e, "default_tags lack "+tag)
				}
			}
		}
	}
	for _, e := range p.resources() {
		for tag, value := range asObject(e.body["tags"]) {
			if slices.Contains(p.limits.Tags, tag) && value == "" {
				report(e, "tag "+tag+" is emptied")
			}
		}
	}
}

func sizes(p *platform, report func(element, string)) {
	protected := map[string]bool{}
	for _, s := range p.stacks {
		protected[s.environment()] = p.protected(s.environment())
	}
	for _, e := range p.resources() {
		if protected[e.stack.environment()] {
			continue
		}
		for argument, allowed := range p.limits.Sizes {
			kind, name, _ := strings.Cut(argument, ".")
			if kind != e.kind {
				continue
			}
			for _, size := range texts(e.body[name]) {
				if !slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, size) }) {
					report(e, fmt.Sprintf("%s is %s in %s, which is not protected; allowed are %s",
						name, size, e.stack.environment(), strings.Join(allowed, ", ")))
				}
			}
		}
	}
}

// anywhere matches the CIDR of the whole internet.
var anywhere = regexp.MustCompile(`^(0\.0\.0\.0|::)/0$`)

func isOpenToInternet(value any) bool { return slices.ContainsFunc(texts(value), anywhere.MatchString) }

func openSecurityGroups(p *platform, report func(element, string)) {
	for _, e := range p.resources("aws_security_group", "aws_default_security_group") {
		for _, block := range list(e.body["ingress"]) {
			if isOpenToInternet(dig(block, "cidr_blocks")) || isOpenToInternet(dig(block, "ipv6_cidr_blocks")) {
				report(e, "is open to the internet")
			}
		}
	}
	for _, e := range p.resources("aws_security_group_rule", "aws_vpc_security_group_ingress_rule") {
		if e.body["type"] == "egress" {
			continue
		}
		for _, argument := range []string{"cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks"} {
			if isOpenToInternet(e.body[argument]) {
				report(e, "is open to the internet")
			}
		}
	}
}

// publicSwitches are arguments that assign a public address.
var publicSwitches = []string{
	"associate_public_ip_address", "assign_ipv6_address_on_creation", "assign_public_ip", "map_public_ip_on_launch", "publicly_accessible",
}

func publicAddresses(p *platform, report func(element, string)) {
	for _, e := range p.resources() {
		for _, name := range publicSwitches {
			for _, body := range []any{e.body, e.body["network_configuration"], e.body["network_interfaces"]} {
				if isTrue(dig(body, name)) {
					report(e, name+" is true")
				}
			}
		}
	}
}

// publicAccessBlockSettings are the settings of a bucket's public access block.
var publicAccessBlockSettings = []string{"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"}

func publicBuckets(p *platform, report func(element, string)) {
	for _, bucket := range p.resources("aws_s3_bucket") {
		blocked := slices.ContainsFunc(p.resources("aws_s3_bucket_public_access_block"), func(e element) bool {
			of, _ := e.body["bucket"].(string)
			this := of != "" && of == bucket.body["bucket"] || strings.Contains(of, bucket.address()+".")
			return this && e.stack == bucket.stack && !slices.ContainsFunc(publicAccessBlockSettings, func(name string) bool { return !isTrue(e.body[name]) })
		})
		if !blocked {
			report(bucket, "has no public access block")
		}
	}
	for _, e := range p.resources("aws_s3_bucket", "aws_s3_bucket_acl") {
		if acl, _ := e.body["acl"].(string); strings.HasPrefix(acl, "public") {
			report(e, "acl is "+acl)
		}
	}
}

func publicAPI(p *platform, report func(element, string)) {
	for _, e := range p.resources("aws_eks_cluster") {
		// Terraform's default is public, and open to the whole internet.
		public, said := dig(e.body, "vpc_config", "endpoint_public_access").(bool)
		cidrs := dig(e.body, "vpc_config", "public_access_cidrs")
		if (public || !said) && (isOpenToInternet(cidrs) || len(list(cidrs)) == 0) {
			report(e, "the Kubernetes API is open to the internet")
		}
	}
}

func publicPermissions(p *platform, report func(element, string)) {
	for _, s := range p.stacks {
		for _, e := range s.elements("data") {
			if e.kind != "aws_iam_policy_document" {
				continue
			}
			for _, statement := range list(e.body["statement"]) {
				for _, principals := range list(dig(statement, "principals")) {
					everybody := slices.Contains(texts(dig(principals, "identifiers")), "*")
					if everybody && dig(statement, "effect") != "Deny" && dig(statement, "condition") == nil {
						report(e, fmt.Sprintf("allows %v to everybody", dig(statement, "actions")))
					}
				}
			}
		}
	}
}

func publicLoadBalancers(p *platform, report func(element, string)) {
	for _, e := range p.resources("aws_lb", "aws_alb", "aws_elb") {
		if !isTrue(e.body["internal"]) {
			report(e, "is internet-facing")
		}
	}
}

// isTrue reports whether an argument is true, as a boolean or as a string.
func isTrue(value any) bool { return value == true || value == "true" }

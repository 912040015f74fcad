package cloud

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// dataSources return what AWS computes. The provider adds the configuration.
var dataSources = map[string]func(w *World, config Attributes) (Attributes, error){
	"aws_iam_policy_document": func(_ *World, config Attributes) (Attributes, error) { return policyDocument(config) },
	"aws_caller_identity":     (*World).callerIdentity,
	"aws_iam_session_context": (*World).sessionContext,
	"aws_partition":           (*World).partition,
	"aws_region":              (*World).region,
	"aws_availability_zones":  (*World).availabilityZones,
	"aws_eks_addon_version":   (*World).addonVersion,
	"aws_subnets":             (*World).subnets,
	"aws_ssm_parameter":       (*World).parameter,
	"aws_route53_zone":        (*World).hostedZone,
	"aws_db_instance":         database,
	"aws_eks_cluster":         lookUp("aws_eks_cluster", "name"),
	"aws_iam_role":            lookUp("aws_iam_role", "name"),
	"aws_security_group":      lookUp("aws_security_group", "id"),
	"aws_subnet":              lookUp("aws_subnet", "id"),
	"aws_vpc":                 lookUp("aws_vpc", "id"),
	"aws_lb":                  elasticLoadBalancing("aws_lb", "LoadBalancerNotFound"),
	"aws_lb_target_group":     elasticLoadBalancing(targetGroupKind, "TargetGroupNotFound"),
}

// ReadData reads an AWS data source. The answer lacks the attributes of its configuration.
func (w *World) ReadData(kind string, config map[string]any) (map[string]any, error) {
	read, ok := dataSources[kind]
	if !ok {
		return nil, fmt.Errorf("the rehearsal does not answer data source %s: add it to dataSources in rehearsal/internal/cloud/data.go", kind)
	}
	return read(w, config)
}

// lookUp finds a resource of the type by one attribute. It supports no other search, such as filters.
func lookUp(kind, attribute string) func(*World, Attributes) (Attributes, error) {
	return func(w *World, config Attributes) (Attributes, error) {
		value := text(config, attribute)
		if value == "" {
			return nil, fmt.Errorf("the rehearsal finds %s by its %s only", kind, attribute)
		}
		found := w.find(kind, attribute, value)
		if found == nil {
			return nil, refuse("NotFound", "there is no %s with %s %q in account %s, region %s", kind, attribute, value, w.Account, w.Region)
		}
		return found.Attributes, nil
	}
}

// database finds a database by its identifier, which the data source calls otherwise than the resource.
func database(w *World, config Attributes) (Attributes, error) {
	found, err := lookUp("aws_db_instance", "identifier")(w, Attributes{"identifier": config["db_instance_identifier"]})
	if err != nil {
		return nil, err
	}
	answer := Attributes{"id": config["db_instance_identifier"], "db_instance_arn": found["arn"]}
	for _, attribute := range []string{"address", "endpoint", "engine", "engine_version", "master_user_secret", "port", "resource_id"} {
		answer[attribute] = found[attribute]
	}
	return answer, nil
}

// AdministratorARN is the ARN of the administrator's role or user.
func (w *World) AdministratorARN() string {
	return orElse(w.Administrator, "arn:aws:iam::"+w.Account+":role/rehearsal")
}

// sessionContext returns the role of an assumed role's session. A role's path is not in the session's
// ARN: IAM is asked for it, and the administrator's role is in no stack.
// https://registry.terraform.io/providers/hashicorp/aws/5.99.1/docs/data-sources/iam_session_context
func (w *World) sessionContext(config Attributes) (Attributes, error) {
	arn := text(config, "arn")
	answer := Attributes{"id": arn, "issuer_arn": arn, "issuer_id": "", "issuer_name": "", "session_name": ""}
	_, session, assumed := strings.Cut(arn, ":assumed-role/")
	if !assumed {
		return answer, nil
	}
	role, name, _ := strings.Cut(session, "/")
	answer["issuer_arn"], answer["issuer_id"] = "arn:aws:iam::"+w.Account+":role/"+role, "AROAREHEARSAL00000000"
	if administrator := w.AdministratorARN(); role == "rehearsal" || strings.HasSuffix(administrator, "/"+role) {
		answer["issuer_arn"] = administrator
	}
	answer["issuer_name"], answer["session_name"] = role, name
	return answer, nil
}

// callerIdentity is a role that the rehearsal makes up.
func (w *World) callerIdentity(Attributes) (Attributes, error) {
	return Attributes{
		"id": w.Account, "account_id": w.Account, "user_id": "AROAREHEARSAL00000000:plinth",
		"arn": fmt.Sprintf("arn:aws:sts::%s:assumed-role/rehearsal/plinth", w.Account),
	}, nil
}

func (w *World) partition(Attributes) (Attributes, error) {
	return Attributes{"id": "aws", "partition": "aws", "dns_suffix": "amazonaws.com", "reverse_dns_prefix": "com.amazonaws"}, nil
}

// region is the provider's own, or a commercial region by name or endpoint.
func (w *World) region(config Attributes) (Attributes, error) {
	name := w.Region
	if endpoint := text(config, "endpoint"); endpoint != "" {
		name = strings.TrimSuffix(strings.TrimPrefix(endpoint, "ec2."), ".amazonaws.com")
	}
	name = orElse(text(config, "name"), name)
	description, ok := regions[name]
	if !ok {
		return nil, fmt.Errorf("region not found for name %q: a new one is added to regions in rehearsal/internal/cloud/data.go", name)
	}
	return Attributes{"id": name, "name": name, "endpoint": "ec2." + name + ".amazonaws.com", "description": description}, nil
}

// regions are from the AWS SDKs' endpoints.json, with their descriptions.
var regions = map[string]string{
	"af-south-1": "Africa (Cape Town)", "ap-east-1": "Asia Pacific (Hong Kong)", "ap-east-2": "Asia Pacific (Taipei)",
	"ap-northeast-1": "Asia Pacific (Tokyo)", "ap-northeast-2": "Asia Pacific (Seoul)", "ap-northeast-3": "Asia Pacific (Osaka)",
	"ap-south-1": "Asia Pacific (Mumbai)", "ap-south-2": "Asia Pacific (Hyderabad)",
	"ap-southeast-1": "Asia Pacific (Singapore)", "ap-southeast-2": "Asia Pacific (Sydney)", "ap-southeast-3": "Asia Pacific (Jakarta)",
	"ap-southeast-4": "Asia Pacific (Melbourne)", "ap-southeast-5": "Asia Pacific (Malaysia)",
	"ap-southeast-6": "Asia Pacific (New Zealand)", "ap-southeast-7": "Asia Pacific (Thailand)",
	"ca-central-1": "Canada (Central)", "ca-west-1": "Canada West (Calgary)",
	"eu-central-1": "Europe (Frankfurt)", "eu-central-2": "Europe (Zurich)", "eu-north-1": "Europe (Stockholm)",
	"eu-south-1": "Europe (Milan)", "eu-south-2": "Europe (Spain)",
	"eu-west-1": "Europe (Ireland)", "eu-west-2": "Europe (London)", "eu-west-3": "Europe (Paris)",
	"il-central-1": "Israel (Tel Aviv)", "me-central-1": "Middle East (UAE)", "me-south-1": "Middle East (Bahrain)",
	"mx-central-1": "Mexico (Central)", "sa-east-1": "South America (Sao Paulo)",
	"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-1": "US West (N. California)", "us-west-2": "US West (Oregon)",
}

// elasticLoadBalancing finds the resources of the type by ARN or name and by tags. Only a missing
// ARN or name is AWS's error; the rest the provider judges.
func elasticLoadBalancing(kind, nowhere string) func(*World, Attributes) (Attributes, error) {
	return func(w *World, config Attributes) (Attributes, error) {
		asked, _ := config["tags"].(Attributes)
		named, found := 0, []Attributes{}
		w.Each(func(_, _ string, t *Thing) bool {
			for _, attribute := range []string{"arn", "name"} {
				if value := text(config, attribute); value != "" && value != text(t.Attributes, attribute) {
					return true
				}
			}
			named++
			tags, _ := t.Attributes["tags"].(Attributes)
			for name, value := range asked {
				if tags[name] != value {
					return true
				}
			}
			found = append(found, t.Attributes)
			return true
		}, kind)
		if name := orElse(text(config, "arn"), text(config, "name")); name != "" && named == 0 {
			return nil, refuse(nowhere, "there is no %s %q in account %s, region %s", kind, name, w.Account, w.Region)
		}
		if len(found) != 1 {
			return nil, fmt.Errorf("%s: Search returned %d results, please revise so only one is returned", kind, len(found))
		}
		return found[0], nil
	}
}

// availabilityZones are three in every region, as in most real ones.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
func (w *World) availabilityZones(config Attributes) (Attributes, error) {
	names, ids, groups := []any{}, []any{}, []any{}
	for _, letter := range []string{"a", "b", "c"} {
		zone := map[string]string{
			"zone-name": w.Region + letter, "zone-id": w.zoneID(w.Region + letter), "group-name": w.Region + "-zg-1", "region-name": w.Region,
			"zone-type": "availability-zone", "state": "available", "opt-in-status": "opt-in-not-required",
		}
		wanted, err := filtered(config, zone)
		if err != nil {
			return nil, err
		}
		if state := text(config, "state"); !wanted || state != "" && state != zone["state"] ||
			slices.Contains(elements(config["exclude_names"]), zone["zone-name"]) ||
			slices.Contains(elements(config["exclude_zone_ids"]), zone["zone-id"]) {
			continue
		}
		names, ids, groups = append(names, zone["zone-name"]), append(ids, zone["zone-id"]), []any{zone["group-name"]}
	}
	return Attributes{"id": w.Region, "names": names, "zone_ids": ids, "group_names": groups}, nil
}

// subnets are those that match the filters and tags, all by default.
func (w *World) subnets(config Attributes) (Attributes, error) {
	ids := []any{}
	var failed error
	w.Each(func(_, id string, t *Thing) bool {
		subnet := map[string]string{
			"subnet-id": id, "vpc-id": text(t.Attributes, "vpc_id"), "availability-zone": text(t.Attributes, "availability_zone"),
		}
		tags, _ := t.Attributes["tags_all"].(Attributes)
		for name, value := range tags {
			subnet["tag:"+name] = fmt.Sprint(value)
		}
		wanted, err := filtered(config, subnet)
		asked, _ := config["tags"].(Attributes)
		for name, value := range asked {
			wanted = wanted && tags[name] == value
		}
		if wanted {
			ids = append(ids, id)
		}
		failed = err
		return err == nil
	}, "aws_subnet")
	return Attributes{"id": w.Region, "ids": ids}, failed
}

// filtered reports whether a resource passes all filter blocks. properties are by EC2's names.
func filtered(config Attributes, properties map[string]string) (bool, error) {
	for _, filter := range nestedBlocks(config, "filter") {
		name := text(filter, "name")
		value, known := properties[name]
		if !known && !strings.HasPrefix(name, "tag:") {
			return false, refuse("InvalidParameterValue", "The filter '%s' is invalid, or the rehearsal does not know it: it knows %s",
				name, strings.Join(slices.Sorted(maps.Keys(properties)), ", "))
		}
		if !slices.ContainsFunc(elements(filter["values"]), func(pattern string) bool { return known && matches(pattern, value) }) {
			return false, nil
		}
	}
	return true, nil
}

// The supported minor versions of Kubernetes 1 in EKS.
// https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
const oldestEKS, newestEKS = 31, 36

// addonVersions are those of one day in 2026. Rehearsals do not depend on the exact versions.
// https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
var addonVersions = map[string]string{
	"adot": "v0.131.0", "amazon-cloudwatch-observability": "v4.8.0", "aws-ebs-csi-driver": "v1.56.0", "aws-efs-csi-driver": "v2.1.15",
	"aws-guardduty-agent": "v1.12.1", "aws-mountpoint-s3-csi-driver": "v2.2.2", "cert-manager": "v1.19.2", "coredns": "v1.13.2",
	"eks-node-monitoring-agent": "v1.4.3", "eks-pod-identity-agent": "v1.3.10", "external-dns": "v0.20.0",
	"kube-proxy": "", "kube-state-metrics": "v2.17.0", "metrics-server": "v0.8.0", "prometheus-node-exporter": "v1.10.2",
	"snapshot-controller": "v8.3.0", "vpc-cni": "v1.21.1",
}

// addonVersion returns the default version, or the most recent one, which is one build later. For
// an add-on that EKS does not have, AWS returns nothing and the provider this error.
func (w *World) addonVersion(config Attributes) (Attributes, error) {
	name, kubernetes := text(config, "addon_name"), text(config, "kubernetes_version")
	nothing := func(format string, args ...any) error {
		return fmt.Errorf("reading EKS Add-On version info (%s, %s): empty result: "+format, append([]any{name, kubernetes}, args...)...)
	}
	version, ok := addonVersions[name]
	if !ok {
		return nil, nothing("EKS has no such add-on, or the rehearsal does not know it: it knows %s, see rehearsal/internal/cloud/data.go",
			strings.Join(slices.Sorted(maps.Keys(addonVersions)), ", "))
	}
	minor := oldestEKS
	for minor <= newestEKS && kubernetes != fmt.Sprintf("1.%d", minor) {
		minor++
	}
	if minor > newestEKS {
		return nil, nothing("EKS has Kubernetes 1.%d to 1.%d; a newer one is added in rehearsal/internal/cloud/data.go", oldestEKS, newestEKS)
	}
	if name == "kube-proxy" { // its version is the cluster's
		version = "v" + kubernetes + ".0"
	}
	build := 1 + w.NewerAddons
	if flag(config, "most_recent") {
		build++
	}
	return Attributes{"id": name, "version": fmt.Sprintf("%s-eksbuild.%d", version, build)}, nil
}

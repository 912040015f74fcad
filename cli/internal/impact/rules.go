package impact

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// rule says what some changes of resources cost.
type rule struct {
	// kinds are their types.
	kinds []string
	// applies decides on a change. all are all changes of the plan.
	applies func(c change, all []change) bool
	// says is the sentence, %s the resource's name.
	says    string
	refused bool
	// loses says that the resource holds durable data, which goes with it.
	loses bool
}

func replaced(c change, _ []change) bool { return c.replaced() }

func deleted(c change, _ []change) bool { return c.deleted() }

func destroyed(c change, _ []change) bool { return c.deleted() && !c.replaced() }

func changes(attributes ...string) func(change, []change) bool {
	return func(c change, _ []change) bool { return c.changes(attributes...) }
}

// volumes are types that hold data. Plinth's own stacks have none of them; a stack that you add may.
var volumes = []string{
	"aws_dynamodb_table", "aws_ebs_volume", "aws_efs_file_system",
	"kubernetes_persistent_volume", "kubernetes_persistent_volume_claim", "kubernetes_persistent_volume_claim_v1", "kubernetes_persistent_volume_v1",
}

// databases are the types that hold the database's data.
var databases = []string{"aws_db_instance", "aws_rds_cluster"}

func (c change) primary() bool {
	source, _ := c.Change.Before["replicate_source_db"].(string)
	return slices.Contains(databases, c.Type) && source == ""
}

// lost reports whether a plan deletes the database and leaves none of those that are there: after a
// restore, one of them is in use, and database.deletedDatabases names the others.
func lost(c change, all []change) bool {
	return c.deleted() && c.primary() && !slices.ContainsFunc(all, func(other change) bool {
		return other.primary() && len(other.Change.Before) > 0 && !other.deleted()
	})
}

func gone(c change, all []change) bool { return c.deleted() && c.primary() && !lost(c, all) }

// smaller reports whether the storage shrinks. RDS can only add some.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html
func smaller(c change, _ []change) bool {
	before, after, ok := c.number("allocated_storage")
	return ok && c.updated() && after < before
}

// shorter reports whether something is kept for fewer days than before. 0 is for ever.
func shorter(attribute string) func(change, []change) bool {
	return func(c change, _ []change) bool {
		before, after, ok := c.number(attribute)
		return ok && c.updated() && after > 0 && (after < before || before == 0 && attribute == "retention_in_days")
	}
}

func classAtOnce(c change, _ []change) bool { return c.changes("instance_class") && c.atOnce() }

func classInWindow(c change, _ []change) bool { return c.changes("instance_class") && !c.atOnce() }

// scheme finds whether a release's load balancer is internal.
var scheme = regexp.MustCompile(`"internal":(true|false)`)

// otherScheme reports whether a release's load balancer becomes internal or public: the controller replaces it.
func otherScheme(c change, _ []change) bool {
	before := scheme.FindString(fmt.Sprint(c.Change.Before["values"]))
	after := scheme.FindString(fmt.Sprint(c.Change.After["values"]))
	return c.updated() && before != "" && after != "" && before != after
}

// abrupt reports whether a profile goes while another takes its place: its pods would stop all at once. A
// profile that goes alone has no pods, if the steps of a change of zones were followed.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
func abrupt(c change, all []change) bool {
	return c.deleted() && (c.replaced() || slices.ContainsFunc(all, func(other change) bool {
		return other.Type == c.Type && other.is("create") && slices.ContainsFunc(namespaces(other.Change.After), func(namespace string) bool {
			return slices.Contains(namespaces(c.Change.Before), namespace)
		})
	}))
}

// removed reports whether a resource goes while others of its type stay, as when the settings no longer name it.
func removed(c change, all []change) bool {
	return c.deleted() && !c.replaced() && slices.ContainsFunc(all, func(other change) bool { return other.Type == c.Type && !other.deleted() })
}

func emptied(c change, all []change) bool { return c.deleted() && !abrupt(c, all) }

// namespaces returns the namespaces that a profile selects.
func namespaces(attributes map[string]any) (names []string) {
	selectors, _ := attributes["selector"].([]any)
	for _, s := range selectors {
		selector, _ := s.(map[string]any)
		if name, ok := selector["namespace"].(string); ok {
			names = append(names, name)
		}
	}
	return names
}

// leaving reports whether a subnet goes whose zone network.previousZones named alone: see package vpc.
func leaving(c change, _ []change) bool {
	tags, _ := c.Change.Before["tags"].(map[string]any)
	return c.deleted() && !c.replaced() && tags["leaving"] == "true"
}

func inUse(c change, all []change) bool {
	return c.deleted() && !c.replaced() && !leaving(c, all)
}

// zoneSteps is where the steps are.
const zoneSteps = "follow docs/operations.md#change-availability-zones."

// associated reports whether a web ACL goes for good while its load balancer keeps it. The load balancer controller
// dissociates it only for none.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#wafv2-acl-arn
func associated(c change, all []change) bool {
	return c.deleted() && !c.replaced() && slices.ContainsFunc(all, func(release change) bool {
		values, known := release.Change.After["values"].([]any)
		return release.Type == "helm_release" && known && strings.Contains(fmt.Sprint(values), `"wafAclArn":""`)
	})
}

const atCreation = " It is decided when the environment is created: put the old value back, or make another environment."

// rules are by type.
var rules = []rule{
	{kinds: []string{"aws_vpc"}, applies: deleted, refused: true, says: "network.cidr: %s would be replaced, with everything in it." + atCreation},
	{kinds: []string{"aws_subnet"}, applies: replaced, refused: true, says: "network.zones: subnet %s would be replaced while it is in use. Add zones at the end, and keep their order."},
	{kinds: []string{"aws_subnet"}, applies: inUse, refused: true, says: "network.zones: subnet %s would be deleted while pods, load balancers or the database can be in it. Name the old zones in network.previousZones first: " + zoneSteps},
	{kinds: []string{"aws_eks_fargate_profile"}, applies: abrupt, refused: true, says: "The Fargate profile %s would be replaced, and EKS would stop all its pods at once. If network.zones changes, name the old zones in network.previousZones first: " + zoneSteps},
	{kinds: []string{"aws_eks_cluster"}, applies: deleted, refused: true, loses: true, says: "The cluster %s would be replaced, with all that runs in it. The first two of network.zones and the project's name are its own." + atCreation},
	{kinds: databases, applies: lost, refused: true, loses: true, says: "The database %s would be deleted with its data. database.name, username and engine are decided when it is created: put the old value back. To start again with an empty one, destroy the application's and the data stack first."},
	{kinds: []string{"aws_db_instance"}, applies: smaller, refused: true, says: "database.storageGiB: the storage of %s cannot shrink. Put the larger value back."},
	{kinds: databases, applies: downgrade, refused: true, says: "database.version: the database %s cannot go back to an older version. Put the version back that it has. To go back, restore a snapshot from before the upgrade: add it to database.restoreFromSnapshots in the same change."},
	{kinds: databases, applies: waitingUpgrade, refused: true, says: "database.version: the database %s cannot wait for the maintenance window to get another major version: every deployment would fail until then. Set database.applyImmediately: true, and deploy at a quiet time."},
	{kinds: []string{"aws_db_instance"}, applies: behind, refused: true, says: "database.version: the read replica %[1]s needs the new version before its primary. Upgrade it, wait until it is available, and deploy again: aws rds modify-db-instance --db-instance-identifier %[1]s --apply-immediately --engine-version <version>"},
	{kinds: []string{"aws_ecr_repository"}, applies: replaced, refused: true, loses: true, says: "project: the image repository %s would be replaced, and its images deleted." + atCreation},
	{kinds: []string{"aws_wafv2_web_acl"}, applies: associated, refused: true, says: "web.waf.enabled: the load balancer would keep the web ACL %s, which AWS then does not delete. Set web.webACLARN to none as well."},

	{kinds: []string{"aws_eks_fargate_profile"}, applies: emptied, says: "Deletes the Fargate profile %s: EKS stops the pods that are left in it, all at once."},
	{kinds: []string{"aws_subnet"}, applies: leaving, says: "Deletes the subnet %s, which must be empty: deploy the other stacks first."},
	{kinds: databases, applies: gone, loses: true, says: "Deletes the database %s with its data."},
	{kinds: []string{"aws_db_instance"}, applies: classAtOnce, says: "Restarts the database %s: it is away for a minute with a standby, otherwise for several."},
	{kinds: []string{"aws_db_instance"}, applies: classInWindow, says: "Restarts the database %s in its maintenance window: it is away then, for a minute with a standby, otherwise for several. database.applyImmediately: true restarts it at once."},
	{kinds: databases, applies: shorter("backup_retention_period"), says: "Deletes the older automatic backups of %s."},
	{kinds: []string{"aws_cloudwatch_log_group"}, applies: shorter("retention_in_days"), says: "Deletes the older lines of the log group %s."},
	{kinds: []string{"aws_ecr_lifecycle_policy"}, applies: replaced, says: "Changes which images the repository keeps (%s): ECR deletes the others within a day."},
	{kinds: databases, applies: upgradeAtOnce, says: "Upgrades the database %s: it is away for minutes, with standbys and replicas too. Take a snapshot before: it cannot go back."},
	{kinds: databases, applies: upgradeInWindow, says: "Upgrades the database %s in its maintenance window: it is away for minutes then. Take a snapshot before: it cannot go back."},
	{kinds: []string{"aws_db_parameter_group", "aws_rds_cluster_parameter_group"}, applies: replaced, says: "Replaces the parameter group %s by the one of another major version."},
	{kinds: []string{"aws_rds_cluster_instance"}, applies: changes("instance_class"), says: "Restarts the database instance %s: it is away for minutes."},
	{kinds: []string{"aws_secretsmanager_secret"}, applies: deleted, loses: true, says: "Deletes the secret %s."},
	{kinds: []string{"aws_kms_key"}, applies: deleted, loses: true, says: "Deletes the key %s after its waiting period: what it encrypts cannot be read then."},
	{kinds: []string{"aws_nat_gateway"}, applies: deleted, says: "Deletes the NAT gateway %s: connections through it are cut, new ones take another."},
	{kinds: []string{"aws_route"}, applies: changes("nat_gateway_id"), says: "Moves the route %s to another NAT gateway: open connections to the internet are cut."},
	{kinds: []string{"aws_instance"}, applies: deleted, says: "Deletes the bastion %s: tunnels and sessions end."},
	{kinds: []string{"aws_instance"}, applies: changes("instance_type"), says: "Stops and starts the bastion %s: tunnels and sessions end."},
	{kinds: []string{"aws_ec2_client_vpn_endpoint"}, applies: deleted, says: "Deletes the VPN endpoint %s: connections end, and a new endpoint needs a new configuration on people's machines."},
	{kinds: []string{"aws_route53_record"}, applies: deleted, says: "Deletes the DNS record %s: a name that nothing replaces stops answering."},
	{kinds: []string{"aws_prometheus_workspace"}, applies: deleted, loses: true, says: "Deletes the workspace %s with all its metrics."},
	{kinds: []string{"aws_s3_bucket"}, applies: deleted, loses: true, says: "Deletes the bucket %s with its objects."},
	{kinds: []string{"aws_backup_vault"}, applies: deleted, loses: true, says: "Deletes the backup vault %s with its backups."},
	{kinds: []string{"aws_cloudwatch_log_group"}, applies: deleted, loses: true, says: "Deletes the log group %s with its lines."},
	{kinds: []string{"aws_ecr_repository"}, applies: destroyed, loses: true, says: "Deletes the image repository %s with its images."},
	{kinds: volumes, applies: deleted, loses: true, says: "Deletes %s with its data."},
	{kinds: []string{"aws_eks_cluster"}, applies: kubernetesBack, refused: true, says: "cluster.version: the cluster %s cannot go back to an older version. Put the version back that it has."},
	{kinds: []string{"aws_eks_cluster"}, applies: kubernetesTooFar, refused: true, says: "cluster.version: the cluster %s goes up by one minor version at a time. Set the next one, deploy all stacks, then go on."},
	{kinds: []string{"aws_eks_cluster"}, applies: kubernetesNext, says: "Upgrades the Kubernetes API of %s, which answers meanwhile. It cannot go back. Pods keep the old kubelet until the other stacks are deployed, and until then EKS refuses the next upgrade."},
	{kinds: []string{"helm_release"}, applies: kubelets, says: "Replaces the pods of %s, which get the kubelet of the cluster's version."},
	{kinds: []string{"helm_release"}, applies: notedFirst, says: "Replaces the pods of %s, which note the cluster's version from now on."},
	{kinds: []string{"helm_release"}, applies: otherScheme, says: "Replaces the load balancer of %s: it does not answer for minutes."},
	// loses is not set: this database is for data that may be lost, and with it every upgrade of Kubernetes
	// would fail CI. See docs/environments.md#ephemeral-environments.
	{kinds: []string{"helm_release"}, applies: emptiesDatabase, says: "Replaces the pod of PostgreSQL in the cluster (%s): it begins empty."},
	{kinds: []string{"kubernetes_namespace_v1"}, applies: removed, says: "Deletes the namespace %s with all that is in it. To remove an application, destroy its stack before you take it out of apps."},
	{kinds: []string{"helm_release"}, applies: deleted, says: "Uninstalls the release %s."},
}

package wholeapp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// retentionDays are the values that CloudWatch accepts.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []float64{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

func logRetention(p platform) (broken []string) {
	for _, e := range p.resources("aws_cloudwatch_log_group") {
		days, _ := e.body["retention_in_days"].(float64)
		if !slices.Contains(retentionDays, days) {
			broken = append(broken, fmt.Sprintf("%s: keeps its events for %v days, which is for ever or refused", e, days))
		}
	}
	return broken
}

func logGroupsExist(p platform) (broken []string) {
	groups := map[string]bool{}
	for _, e := range p.resources("aws_cloudwatch_log_group") {
		groups[environment(e.stack)+" "+fmt.Sprint(e.body["name"])] = true
	}
	need := func(e element, name string) {
		if !groups[environment(e.stack)+" "+name] {
			broken = append(broken, e.String()+": writes to log group "+name+", which is nobody's")
		}
	}
	for _, e := range p.resources() {
		for _, log := range strs(e.body["enabled_cloudwatch_logs_exports"]) {
			switch e.kind {
			case "aws_db_instance":
				need(e, fmt.Sprintf("/aws/rds/instance/%s/%s", e.body["identifier"], log))
			case "aws_rds_cluster":
				need(e, fmt.Sprintf("/aws/rds/cluster/%s/%s", e.body["cluster_identifier"], log))
			default:
				broken = append(broken, e.String()+": exports logs to a group this test does not know")
			}
		}
		if e.kind == "aws_eks_cluster" && len(strs(e.body["enabled_cluster_log_types"])) > 0 {
			need(e, fmt.Sprintf("/aws/eks/%s/cluster", e.body["name"]))
		}
		if e.kind == "kubernetes_config_map_v1" && dig(e.body, "data", "output.conf") != nil {
			config := fmt.Sprint(dig(e.body, "data", "output.conf"))
			name := regexp.MustCompile(`log_group_name (\S+)`).FindStringSubmatch(config)
			if name == nil || !strings.Contains(config, "auto_create_group false") {
				broken = append(broken, e.String()+": lets the log router make a log group")
			} else if !strings.HasPrefix(name[1], "${") {
				need(e, name[1])
			}
		}
	}
	return broken
}

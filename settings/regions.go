package settings

import (
	"maps"
	"slices"
	"strings"
)

// zoneLetters are the letters of the availability zones in each commercial region. In two regions an
// account does not see all of them: it has two in us-west-1, and only old accounts have ap-northeast-1b.
//
// They are the regions that the pinned AWS provider (5.99.1) and the S3 backends of Terraform 1.11 and
// OpenTofu 1.10 know: all three refuse others as invalid. Their list is endpoints/endpoints_gen.go of
// github.com/hashicorp/aws-sdk-go-base/v2, here of v2.0.0-beta.62, which both tools' go.mod have.
//
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
var zoneLetters = map[string]string{
	"af-south-1":     "abc",
	"ap-east-1":      "abc",
	"ap-northeast-1": "abcd",
	"ap-northeast-2": "abcd",
	"ap-northeast-3": "abc",
	"ap-south-1":     "abc",
	"ap-south-2":     "abc",
	"ap-southeast-1": "abc",
	"ap-southeast-2": "abc",
	"ap-southeast-3": "abc",
	"ap-southeast-4": "abc",
	"ap-southeast-5": "abc",
	"ap-southeast-7": "abc",
	"ca-central-1":   "abd",
	"ca-west-1":      "abc",
	"eu-central-1":   "abc",
	"eu-central-2":   "abc",
	"eu-north-1":     "abc",
	"eu-south-1":     "abc",
	"eu-south-2":     "abc",
	"eu-west-1":      "abc",
	"eu-west-2":      "abc",
	"eu-west-3":      "abc",
	"il-central-1":   "abc",
	"me-central-1":   "abc",
	"me-south-1":     "abc",
	"mx-central-1":   "abc",
	"sa-east-1":      "abc",
	"us-east-1":      "abcdef",
	"us-east-2":      "abc",
	"us-west-1":      "abc",
	"us-west-2":      "abcd",
}

// newRegions are regions that AWS has, and that the tools do not know. Passing over their check would not
// be enough: ap-southeast-6 has no Managed Prometheus, and neither has every instance class.
//
// https://github.com/hashicorp/terraform/issues/37771
// https://docs.aws.amazon.com/general/latest/gr/prometheus-service.html
var newRegions = []string{"ap-east-2", "ap-southeast-6"}

func regionNames() []string {
	return slices.Sorted(maps.Keys(zoneLetters))
}

func regionRemedy(s string) string {
	for _, partition := range []string{"cn-", "us-gov-", "us-iso"} {
		if strings.HasPrefix(s, partition) {
			return "Plinth does not support regions of China and GovCloud"
		}
	}
	if slices.Contains(newRegions, s) {
		return "the pinned AWS provider and Terraform 1.11 do not know it: use another, or newer ones of both and settings/regions.go"
	}
	if remedy := didYouMean(s, regionNames()); remedy != "" {
		return remedy
	}
	return "add it to settings/regions.go if it is new"
}

// ZoneNames returns the full names of the availability zones in which the network has subnets, in the
// order of [Network.AllZones]: eu-west-2a, eu-west-2b.
func (e *Environment) ZoneNames() []string {
	letters := e.Network.AllZones()
	names := make([]string, len(letters))
	for i, letter := range letters {
		names[i] = e.Region + letter
	}
	return names
}

// checkZones checks the zones, and those of before.
func (d *document) checkZones() {
	const path, previous = "network.zones", "network.previousZones"
	network := d.env.Network
	if d.isValid(path) {
		d.checkZoneList(path, network.Zones)
	}
	if !d.isSet(previous) || !d.isValid(previous) || len(network.PreviousZones) == 0 {
		return
	}
	d.checkZoneList(previous, network.PreviousZones)
	if !d.isValid(path, previous) {
		return
	}
	switch {
	case slices.Equal(network.Zones, network.PreviousZones):
		d.report(previous, "must be what network.zones were before a change, is the same; remove it")
	case !slices.Equal(network.Zones[:2], network.PreviousZones[:2]):
		d.report(previous, "must begin as network.zones does (%s): these two are the control plane's, and cannot be changed", list(network.Zones[:2], "and"))
	case d.isValid("database.engine") && d.env.Database.Engine == EngineInCluster:
		d.report(previous, "must not be set with engine %s: its data is lost when its pod moves; destroy the environment, and create it in the other zones", EngineInCluster)
	}
}

// checkZoneList checks the number of zones, and that the region has them.
func (d *document) checkZoneList(path string, zones []string) {
	if len(zones) < 2 || len(zones) > 3 {
		d.report(path, "must name 2 or 3 zones, names %d", len(zones))
	}
	if !d.isValid("region") {
		return
	}
	letters := zoneLetters[d.env.Region]
	seen := map[string]bool{}
	for i, zone := range zones {
		path := element(path, i)
		letter, full := strings.CutPrefix(zone, d.env.Region)
		switch {
		case len(zone) == 1 && strings.Contains(letters, zone):
			if seen[zone] {
				d.report(path, "must name each zone once, repeats %s", zone)
			}
			seen[zone] = true
		case full && len(letter) == 1 && strings.Contains(letters, letter):
			d.report(path, "must be a zone's letter, is %s; write %s", quote(zone), letter)
		default:
			d.report(path, "must be the letter of one of %s's zones (%s), is %s",
				d.env.Region, list(strings.Split(letters, ""), "or"), quote(zone))
		}
	}
}

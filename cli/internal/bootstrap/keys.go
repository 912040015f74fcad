package bootstrap

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

const keyKind = "aws_kms_key"

// findKey looks for a KMS key that a killed run created and could not record. A key has a random id,
// so AWS would create another one without an error. Look first, by alias and by tags.
func (a *adoption) findKey() error {
	key, alias := "", ""
	for _, name := range slices.Sorted(maps.Keys(a.env.resources[keyKind])) {
		if _, known := a.known[keyKind+"."+name]; !known {
			key = keyKind + "." + name
		}
	}
	if key == "" {
		return nil
	}
	for name, arguments := range a.env.resources["aws_kms_alias"] {
		if target, _ := arguments["target_key_id"].(string); strings.HasPrefix(target, "${"+key+".") {
			alias = "aws_kms_alias." + name
		}
	}
	if alias != "" {
		if found, err := a.byAlias(key, alias); found || err != nil {
			return err
		}
	}
	return a.byTags(key)
}

// byAlias adopts the key that the alias points to. It returns false if there is none.
func (a *adoption) byAlias(key, alias string) (bool, error) {
	id, err := a.env.importID(alias)
	if err != nil {
		return false, err
	}
	a.imports = append(a.imports, toImport{alias, id})
	p, err := a.plan("-target=" + alias)
	if err != nil {
		return false, err
	}
	a.absent = nil // the alias may be created later
	for _, c := range p.Resources {
		if c.Address == alias && c.Change.Importing != nil && c.Change.Before.Target != "" {
			a.imports = append(a.imports, toImport{key, c.Change.Before.Target})
			a.say("Adopting the key %s, which has %s", c.Change.Before.Target, id)
			return true, nil
		}
	}
	return false, nil
}

// byTags adopts the key that has the stack's tags. Several such keys are an error.
func (a *adoption) byTags(key string) error {
	ids, err := a.tagged("kms", "key/")
	switch {
	case err != nil && a.earlier > 0:
		a.say("An earlier run may have left an unused KMS key. Looking for it failed: %v", err)
		return nil
	case err != nil || len(ids) == 0:
		return nil
	case len(ids) > 1:
		return fmt.Errorf("Several KMS keys have this stack's tags, but no state has one of them: %s. Nothing was changed. Schedule the deletion of all but one, or remove its tag stack=%s.", //nolint:staticcheck // a person reads it as sentences
			strings.Join(ids, ", "), a.env.tags["stack"])
	}
	a.imports = append(a.imports, toImport{key, ids[0]})
	if _, err := a.plan("-target=" + key); err != nil { // leaves out a key that is being deleted
		return err
	}
	if a.covers(key) {
		a.say("Adopting the key %s, which has this stack's tags", ids[0])
	}
	return nil
}

// tagged returns the ids of a service's resources with the stack's tags, from the AWS CLI. prefix is what
// comes before the id in their ARN.
func (a *adoption) tagged(service, prefix string) ([]string, error) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		return nil, errors.New("the AWS CLI is not installed")
	}
	args := []string{"resourcegroupstaggingapi", "get-resources", "--region", a.env.region, "--output", "json", "--tag-filters"}
	for _, name := range ownTags {
		args = append(args, "Key="+name+",Values="+a.env.tags[name])
	}
	output, err := exec.Command(aws, args...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, fmt.Errorf("aws %s: %s", args[0], strings.TrimSpace(string(exit.Stderr)))
	} else if err != nil {
		return nil, err
	}
	var found struct {
		Resources []struct {
			ARN string `json:"ResourceARN"`
		} `json:"ResourceTagMappingList"`
	}
	if err := json.Unmarshal(output, &found); err != nil {
		return nil, fmt.Errorf("aws %s: %w", args[0], err)
	}
	var ids []string
	for _, resource := range found.Resources {
		if parts := strings.SplitN(resource.ARN, ":", 6); len(parts) == 6 && parts[2] == service {
			if id, is := strings.CutPrefix(parts[5], prefix); is {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

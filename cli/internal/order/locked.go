package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"plinth/cli/internal/sentence"
)

// vaultLock is the type of AWS Backup's vault locks.
const vaultLock = "aws_backup_vault_lock_configuration"

// checkUnlocked returns nil when no target has a backup vault with a compliance lock. Terraform would
// destroy what needs the vault, and only then be refused. The state does not say whether the grace time
// is over: deploying the removal of the lock shows that, and destroys nothing.
func checkUnlocked(targets stacks, held map[string]contents) error {
	var refusals []string
	for _, s := range targets {
		if vaults := held[s.Name].locked; len(vaults) > 0 {
			environment, _, _ := strings.Cut(s.Name, "-")
			refusals = append(refusals, fmt.Sprintf("%s has a compliance lock on backup vault %s. "+
				"Before its grace time is over: set database.awsBackup.lock.mode: none in environments/%s.yaml, deploy the change (./plinth deploy %[1]s), then destroy. "+
				"After it, nobody can remove the lock, and the vault stays until its last backup has expired.",
				s.Name, sentence.List(vaults), environment))
		}
	}
	if len(refusals) == 0 {
		return nil
	}
	return refusal(strings.Join(append(refusals, `Nothing was destroyed. To destroy everything but the vault: see docs/environments.md, "Destroy an environment with a locked vault".`), "\n"))
}

// complianceLocked returns the names of the vaults that a state has with a compliance lock.
//
// Security: of all values in the state, only a lock's are decoded, and none of them is secret.
func complianceLocked(state []byte) (vaults []string, err error) {
	var document struct {
		Resources []struct {
			Mode      string          `json:"mode"`
			Type      string          `json:"type"`
			Instances json.RawMessage `json:"instances"`
		} `json:"resources"`
	}
	if json.Unmarshal(state, &document) != nil {
		return nil, errors.New("it is not Terraform's JSON")
	}
	for _, resource := range document.Resources {
		if resource.Mode != "managed" || resource.Type != vaultLock {
			continue
		}
		var instances []struct {
			Attributes struct {
				Vault string   `json:"backup_vault_name"`
				Grace *float64 `json:"changeable_for_days"`
			} `json:"attributes"`
		}
		if json.Unmarshal(resource.Instances, &instances) != nil {
			return nil, errors.New("its vault lock is not as the provider writes it")
		}
		for _, lock := range instances {
			if lock.Attributes.Grace != nil {
				vaults = append(vaults, lock.Attributes.Vault)
			}
		}
	}
	return vaults, nil
}

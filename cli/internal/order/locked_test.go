package order

import "testing"

// TestLockedVault destroys stacks whose states have locks of backup vaults.
func TestLockedVault(t *testing.T) {
	const (
		want = "dev-data has a compliance lock on backup vault plinth-dev-database. " +
			"Before its grace time is over: set database.awsBackup.lock.mode: none in environments/dev.yaml, deploy the change (./plinth deploy dev-data), then destroy. " +
			"After it, nobody can remove the lock, and the vault stays until its last backup has expired.\n" +
			"Nothing was destroyed. To destroy everything but the vault: see docs/environments.md, \"Destroy an environment with a locked vault\"."
	)
	compliance := object{"backup_vault_name": "plinth-dev-database", "changeable_for_days": 7, "min_retention_days": 30}
	governance := object{"backup_vault_name": "plinth-dev-database", "changeable_for_days": nil, "min_retention_days": 30}
	for _, test := range []struct {
		name, command, want string
		kind, mode          string
		attributes          object
	}{
		{"a compliance lock", "destroy dev-data", want, vaultLock, "managed", compliance},
		{"by a pattern", "destroy dev-*", want, vaultLock, "managed", compliance},
		{"another stack", "destroy dev-app", "", vaultLock, "managed", compliance},
		{"a governance lock", "destroy dev-*", "", vaultLock, "managed", governance},
		{"a resource of another type", "destroy dev-*", "", "aws_thing", "managed", compliance},
		{"a data source", "destroy dev-*", "", vaultLock, "data", compliance},
		{"a lock of another provider", "destroy dev-*", "Cannot read the state of dev-data: its vault lock is not as the provider writes it", vaultLock, "managed",
			object{"changeable_for_days": secret}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s3 := newStorage(t)
			dir := project(t, s3.url, nil)
			s3.putJSON(t, "dev-data", object{
				"version": 4, "terraform_version": "1.10.0", "serial": 1, "lineage": "0b1a7c5e-6b2f-4f57-9f57-0d4f2a1f9f10", "outputs": object{},
				"resources": []object{{
					"mode": test.mode, "type": test.kind, "name": "lock", "provider": uninstallable,
					"instances": []object{{"schema_version": 0, "attributes": test.attributes}},
				}},
			})
			mustBe(t, answer(t, t.Context(), dir, test.command), test.want)
		})
	}
}

package settings

import "strings"

// derive fills what follows from other settings. It runs after validation, so that a value
// nobody wrote is never reported.
func (e *Environment) derive() {
	e.State.CreatesBucket = e.State.Endpoint == ""
	e.State.CreatesKey = e.State.CreatesBucket && e.State.KMSKey == ""
	if e.State.Bucket == "" {
		e.State.Bucket = e.ResourceName("state", e.Account)
	}
	if e.State.Region == "" {
		e.State.Region = e.Region
	}
	switch {
	case e.State.Endpoint != "":
		// Another S3-compatible server has no KMS. A file's key does not stand in the way of
		// an endpoint that comes from the process environment.
		e.State.KMSKey = ""
	case e.State.KMSKey == "":
		// The key is in the bucket's region: S3 encrypts with no other.
		e.State.KMSKey = "arn:aws:kms:" + e.State.Region + ":" + e.Account + ":alias/" + e.ResourceName("state")
	}
	if e.CI.Issuer == "" {
		e.CI.Issuer = issuers[e.CI.Provider]
	}
	if e.Database.DeletionProtection == nil {
		e.Database.DeletionProtection = new(e.Protected)
	}
	if e.Database.FinalSnapshot == nil {
		e.Database.FinalSnapshot = new(e.Protected)
	}
	e.deriveAlarms()
	for i := range e.Cluster.AccessEntries {
		access := &e.Cluster.AccessEntries[i]
		access.Principal = e.principalARN(access.Principal)
		if access.Policy == AccessDeveloper {
			access.Namespaces = []string{e.App.Name}
		}
	}
}

// principalARN makes role/<name> or user/<name> an ARN in the environment's account.
func (e *Environment) principalARN(principal string) string {
	if strings.HasPrefix(principal, "arn:") {
		return principal
	}
	return e.AccountARN(principal)
}

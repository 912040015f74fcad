package settings

import "strings"

// derive sets the defaults that depend on other settings. It runs after validation, so that no error is
// about a value that nobody wrote.
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
		// Another S3-compatible server has no KMS. Ignore the file's key, since the endpoint may come from
		// a variable.
		e.State.KMSKey = ""
	case e.State.KMSKey == "":
		// S3 only encrypts with keys of the bucket's region.
		e.State.KMSKey = "arn:aws:kms:" + e.State.Region + ":" + e.Account + ":alias/" + e.ResourceName("state")
	}
	e.deriveCI()
	if e.Database.ApplyImmediately == nil {
		e.Database.ApplyImmediately = new(!e.Protected)
	}
	if e.Database.DeletionProtection == nil {
		e.Database.DeletionProtection = new(e.Protected)
	}
	if e.Database.FinalSnapshot == nil {
		e.Database.FinalSnapshot = new(e.Protected)
	}
	for i, principal := range e.State.Administrators {
		e.State.Administrators[i] = e.principalARN(principal)
	}
	e.deriveAlarms()
	for i := range e.Cluster.AccessEntries {
		access := &e.Cluster.AccessEntries[i]
		access.Principal = e.principalARN(access.Principal)
		if access.Policy == AccessDeveloper {
			access.Namespaces = e.ApplicationNames()
		}
	}
}

func (e *Environment) deriveCI() {
	e.CI.Issuer = e.issuer()
	e.CI.Branches, e.CI.Tags, e.CI.PlanBranches = e.refs()
	if e.CI.PlanRunnerTags == nil {
		e.CI.PlanRunnerTags = e.CI.RunnerTags
	}
}

// principalARN returns a principal's ARN: role/<name> and user/<name> are in the environment's account.
func (e *Environment) principalARN(principal string) string {
	if strings.HasPrefix(principal, "arn:") {
		return principal
	}
	return e.AccountARN(principal)
}

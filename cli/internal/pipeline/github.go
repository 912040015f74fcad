package pipeline

// githubPlan is an element of a GitHub workflow's matrix.
type githubPlan struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Role        string `json:"role"`
	Region      string `json:"region"`
	Audience    string `json:"audience"`
}

// githubPlans returns a plan for each stack of the environments whose roles trust GitHub.
func githubPlans(all []*environment) []githubPlan {
	plans := []githubPlan{}
	for _, e := range all {
		if e.Provider != githubProvider {
			continue
		}
		for _, stack := range e.stacks {
			plans = append(plans, githubPlan{e.Name, stack, e.PlanRoles[stack], e.Region, e.Audience})
		}
	}
	return plans
}

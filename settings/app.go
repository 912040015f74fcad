package settings

import (
	"maps"
	"slices"
	"strings"
)

// appPath returns the path of an application's setting, or of the application.
func appPath(name, setting string) string {
	path := "apps." + name
	if setting != "" {
		path += "." + setting
	}
	return path
}

// nameApps gives each application the name that is its key.
func (d *document) nameApps() {
	for name, app := range d.env.Apps {
		app.Name = name
	}
}

// checkVariables checks that no two settings have the same variable, as apps shop-workers and shop could.
func (d *document) checkVariables() {
	owner := map[string]string{}
	for _, leaf := range d.env.leaves() {
		variable := Variable(d.env.Name, leaf.path)
		if other, ok := owner[variable]; ok {
			d.report(leaf.path, "must not have the variable of %s, %s; rename one of the two", other, variable)
			return
		}
		owner[variable] = leaf.path
	}
}

// profiles returns the number of Fargate profiles that a cluster has: add-ons, observability and KEDA have four,
// PostgreSQL in the cluster one, and each application one. While zones change, there are twice as many. What
// makes the applications' databases has one, in the first two zones.
func (e *Environment) profiles() int {
	count := 4 + len(e.Apps)
	if e.Database.Engine == EngineInCluster {
		count++
	}
	if len(e.Network.PreviousZones) > 0 {
		count *= 2
	}
	return count + 1
}

// mostProfiles is EKS's default quota of Fargate profiles in a cluster.
//
// https://docs.aws.amazon.com/general/latest/gr/eks.html#limits_eks
const mostProfiles = 10

func (d *document) checkProfiles() {
	if count := d.env.profiles(); count > mostProfiles {
		d.warn("apps", "need %d Fargate profiles in the cluster; AWS allows %d unless the account's quota for EKS, Fargate profiles per cluster, is raised", count, mostProfiles)
	}
}

// longestProcess is the longest name of an application and a process together, with a dash between. It is
// what Kubernetes allows a CronJob, which adds eleven characters to the names of its Jobs.
//
// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
const longestProcess = 52

// ProvidedVariables are the environment variables that processes get from Plinth. Those that begin with
// DATABASE_ or PG are the database's.
//
// https://www.postgresql.org/docs/current/libpq-envars.html
var ProvidedVariables = []string{"GOMEMLIMIT", "IDLE_TIMEOUT", "METRICS_PORT", "PORT"}

func (a *App) isProvided(variable string) bool {
	return slices.Contains(ProvidedVariables, variable) || a.Database && (strings.HasPrefix(variable, "DATABASE_") || strings.HasPrefix(variable, "PG"))
}

// checkApp checks an application's settings against each other, but for those of the load balancer.
func (d *document) checkApp(app *App) {
	at := func(setting string) string { return appPath(app.Name, setting) }
	if app.Web == nil && len(app.Workers) == 0 && len(app.Jobs) == 0 && d.isValid(at("")) {
		d.report(at(""), "must have a process, has none; add web, workers or jobs")
		d.invalid = d.invalid[:len(d.invalid)-1] // what the application has is checked all the same
	}
	d.checkImage(app)
	for _, variable := range slices.Sorted(maps.Keys(app.Env)) {
		if path := at("env." + variable); d.isValid(path) && app.isProvided(variable) {
			d.report(path, "must not be set: the application gets this variable from Plinth; see docs/applications.md")
		}
	}
	d.checkWritable(at("writable"), app.Writable)
	for _, name := range slices.Sorted(maps.Keys(app.Workers)) {
		path := at("workers." + name)
		worker := app.Workers[name]
		d.checkProcess(path, app, name)
		d.checkSize(path, worker.Size())
		d.checkReplicas(path+".replicas", worker.Replicas.Min, worker.Replicas.Max)
	}
	for _, name := range slices.Sorted(maps.Keys(app.Jobs)) {
		path := at("jobs." + name)
		d.checkProcess(path, app, name)
		d.checkSize(path, app.Jobs[name].Size())
		if _, both := app.Workers[name]; both && d.isValid(path) {
			d.report(path, "must not have the name of a worker; rename one of the two")
		}
	}
	if app.Release != nil {
		d.checkSize(at("release"), app.Release.Size())
		d.checkReleaseDeadline(at("release.deadlineMinutes"), app.Release.DeadlineMinutes)
	}
	d.checkParameters(app)
	d.checkWatched(app)
}

// checkWatched warns of processes that nothing watches: CloudWatch has no metrics of jobs and Deployments, so their
// alerts are Prometheus'.
//
// https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html
func (d *document) checkWatched(app *App) {
	path := appPath(app.Name, "")
	if len(app.Workers)+len(app.Jobs) > 0 && !d.env.Observability.Prometheus.Enabled && d.isValid(path, "observability.prometheus") {
		d.warn(path, "has workers or jobs without alarms when one fails, restarts or does not start; set observability.prometheus.enabled to true for them")
	}
}

func (d *document) checkImage(app *App) {
	path := appPath(app.Name, "image")
	if d.isValid(path) {
		switch {
		case app.Image.Tag == "" && app.Image.Digest == "":
			d.report(path, "must have a tag or a digest, has neither")
		case app.Image.Tag != "" && app.Image.Digest != "":
			d.report(path, "must have a tag or a digest, has both (%s and %s); remove one", app.Image.Tag, app.Image.Digest)
		}
	}
	if file := appPath(app.Name, "build.dockerfile"); app.Build.Dockerfile != "" && app.Build.Context == "" && d.isValid(appPath(app.Name, "build")) {
		d.report(file, "must come with build.context, the folder that it copies from")
	}
	if repository := path + ".repository"; app.Image.Repository != "" && d.env.Network.NAT == NATNone && d.isValid(repository, "network.nat") &&
		!strings.HasSuffix(app.Image.Repository[:strings.Index(app.Image.Repository, "/")], ".dkr.ecr."+d.env.Region+".amazonaws.com") {
		d.report(repository, "must be in ECR in %s with network.nat none, is %s: pods reach no other registry", d.env.Region, app.Image.Repository)
	}
	if build := appPath(app.Name, "build.context"); app.Build.Context != "" && app.Image.Repository != "" && d.isValid(build, path) {
		d.report(build, "must not be set with image.repository, which names an image that is not built here; remove one")
	}
}

// besidesRelease is how many minutes of a pipeline's session a deployment takes besides the release command: the
// new pods, and Terraform itself.
const besidesRelease = 20

// checkReleaseDeadline checks that a deployment ends before the credentials of its pipeline do. Otherwise Terraform
// could not write the state, nor unlock it.
func (d *document) checkReleaseDeadline(path string, minutes int) {
	if most := d.env.CI.MaxSessionMinutes - besidesRelease; d.isValid(path, "ci.maxSessionMinutes") && minutes > most {
		d.report(path, "must be at most %d, is %d: the session of a pipeline's role ends after ci.maxSessionMinutes (%d), and the deployment takes up to %d more; raise that",
			most, minutes, d.env.CI.MaxSessionMinutes, besidesRelease)
	}
}

// checkProcess checks the name of a worker or a job.
func (d *document) checkProcess(path string, app *App, process string) {
	if name := app.Name + "-" + process; len(name) > longestProcess && d.isValid(path) {
		d.report(path, "is too long: %s has %d characters, Kubernetes allows %d; shorten the name of the process or of the application", name, len(name), longestProcess)
	}
}

func (d *document) checkReplicas(path string, least, most int) {
	if d.isValid(path) && least > most {
		d.report(path+".min", "must be at most max (%d), is %d", most, least)
	}
}

// checkWritable checks that no folder is in another one, which would hide it.
func (d *document) checkWritable(path string, folders []string) {
	if !d.isValid(path) {
		return
	}
	for _, folder := range folders {
		for _, other := range folders {
			if strings.HasPrefix(folder, other+"/") {
				d.report(path, "must not have %s, which is in %s; remove one", folder, other)
				return
			}
		}
		if i := slices.Index(folders, folder); slices.Contains(folders[i+1:], folder) {
			d.report(path, "must have each folder once, has %s twice", folder)
			return
		}
	}
}

// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
func (d *document) checkParameters(app *App) {
	path := appPath(app.Name, "parameters")
	if !app.Parameters.Enabled || !d.isValid(path) {
		return
	}
	if d.isValid("project") && strings.HasPrefix(d.env.Project, "ssm") {
		d.report("project", "must not begin with ssm while %s is enabled, is %s: AWS reserves such parameter paths", path, quote(d.env.Project))
	}
	d.checkEndpoints(path, "ssm")
}

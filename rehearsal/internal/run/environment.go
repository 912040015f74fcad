package run

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/state"
)

const (
	keyVariable    = "AWS_ACCESS_KEY_ID"
	secretVariable = "AWS_SECRET_ACCESS_KEY"
)

// theirs are prefixes of variables that would point AWS, Terraform or cdktf at the user's own
// files and accounts.
var theirs = []string{"AWS_", "TF_", "CDKTF_", "KUBE", "HELM_", cloud.FolderVariable}

// Variables are what plain cdktf and Terraform need to work on the rehearsal, as in AWS_REGION=x.
// With them they touch nothing of the user's.
func (r *Rehearsal) Variables() []string {
	variables := append(r.quiet(),
		"TF_CLI_CONFIG_FILE="+r.Path("terraform.rc"),
		// Otherwise cdktf would put the simulators into the cache of the user's real providers.
		"CDKTF_DISABLE_PLUGIN_CACHE_ENV=1",
		// cdktf's provider lock asks the registry even if there is a mirror.
		"CDKTF_SKIP_PROVIDER_LOCK=true",
		"CDKTF_OUTPUT="+r.output(),
		// The project's lock file has the checksums of real providers. Here is none at first.
		"TERRAFORM_LOCK_FILE="+r.Path("terraform.lock.hcl"),
		// Between Terraform and a simulator: a certificate for each takes longer than the rest of its start.
		"TF_DISABLE_PLUGIN_TLS=1",
		// Terraform and the simulators run for a second. Collecting garbage takes a fifth of it; collecting
		// less takes 20 MB more.
		"GOGC="+cmp.Or(os.Getenv("GOGC"), "400"),
		// Otherwise a stack that fails would end cdktf, and interrupt the stacks beside it.
		"NODE_OPTIONS="+strings.TrimSpace(os.Getenv("NODE_OPTIONS")+" --unhandled-rejections=none --max-old-space-size=4096"),
		// Terraform's S3 backend finds all of AWS here. It would put a bucket's name before the host of
		// AWS_ENDPOINT_URL_S3. It sends a token only to AWS_ENDPOINT_URL_STS.
		"AWS_ENDPOINT_URL="+r.state.Endpoint(),
		"AWS_ENDPOINT_URL_STS="+r.state.Endpoint(),
		// The administrator's: a command under a role has a token instead.
		keyVariable+"="+state.AdministratorKey,
		secretVariable+"="+state.AdministratorKey,
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
		// A destroy-time provisioner of the cluster waits for EKS's last logs; here none arrive.
		"EKS_LAST_LOGS_SECONDS=0",
		cloud.FolderVariable+"="+r.Folder,
		r.path(r.Path("bin")),
	)
	if r.cluster != nil {
		variables = append(variables, r.cluster.Variables()...)
	}
	return variables
}

// quiet turns off version checks, terminal prompts and repeated compilation of Node.js programs.
func (r *Rehearsal) quiet() []string {
	return []string{
		"CHECKPOINT_DISABLE=1", "DISABLE_VERSION_CHECK=1", "CI=1",
		"NODE_COMPILE_CACHE=" + filepath.Join(r.root, "build", "node-compile-cache"),
	}
}

// path is the variable with the folders of programs, as npx sets it: cdktf and jsii run on the
// pinned Node.js.
func (r *Rehearsal) path(first ...string) string {
	folders := append(first, filepath.Join(r.root, "node_modules", ".bin"), os.Getenv("PATH"))
	return "PATH=" + strings.Join(folders, string(os.PathListSeparator))
}

// environment is the user's, without interfering variables, plus the rehearsal's variables.
func (r *Rehearsal) environment() []string { return append(clean(os.Environ()), r.Variables()...) }

// settings is the environment for synthesis of one environment's stacks. The user's own overrides
// of settings count as in any synth.
func (r *Rehearsal) settings() []string {
	return append(append(append(clean(os.Environ()), r.quiet()...), r.path()), r.Overrides()...)
}

// Overrides select the environment. They reset the user's own state endpoint: rehearsals keep
// states in the simulated AWS.
func (r *Rehearsal) Overrides() []string {
	return []string{"PLINTH_ENVIRONMENTS=" + r.Env, r.Variable("STATE_ENDPOINT") + "="}
}

// Variable is the name of the variable that overrides a setting of this environment, such as
// PLINTH_DEV_APPS_APP_IMAGE_TAG for APP_IMAGE_TAG.
func (r *Rehearsal) Variable(setting string) string {
	return "PLINTH_" + strings.ToUpper(r.Env) + "_" + setting
}

// Interfering are the names of the user's variables that a rehearsal must not see.
func (r *Rehearsal) Interfering() []string {
	var names []string
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); interferes(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// clean removes interfering variables.
func clean(environ []string) []string { return slices.DeleteFunc(environ, interferes) }

func interferes(variable string) bool {
	return slices.ContainsFunc(theirs, func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
}

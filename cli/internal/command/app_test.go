package command

import (
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestApplication checks that each command runs, with the environment that it is given. Package
// delivery tests what the commands do.
func TestApplication(t *testing.T) {
	const nothing = "/cdktf.out has no stacks. Synthesize first: ./plinth synth\n"
	for line, want := range map[string]string{
		"verify dev":                "build/outputs/dev-app.json: does not exist; deploy the application first: ./plinth deploy dev-app\n",
		"verify dev app":            "build/outputs/dev-app.json: does not exist; deploy the application first: ./plinth deploy dev-app\n",
		"verify dev apq":            "There is no application apq. Did you mean app?\nThe applications are: app\n",
		"image apq --skip-synth":    "There is no application apq. Did you mean app?\n",
		"scan apq":                  "There is no application apq. Did you mean app?\n",
		"push dev apq --skip-synth": "There is no application apq. Did you mean app?\n",
		"push apq --repository 127.0.0.1:1/app --skip-synth": "There is no application apq. Did you mean app?\n",
		"push dev app --repository 127.0.0.1:1/app":          "app: one argument too many. For example: ./plinth push dev\n",
		"logs dev app web shop":                              "shop: one argument too many. For example: ./plinth logs dev\n",
		"restart dev app web shop":                           "shop: one argument too many. For example: ./plinth restart dev\n",
		"releases dev app shop":                              "shop: one argument too many. For example: ./plinth releases dev\n",
		"rollback dev app shop":                              "shop: one argument too many. For example: ./plinth rollback dev\n",
		"new":                                                "Which kind? For example: ./plinth new app shop\n",
		"new app":                                            "Which name? For example: ./plinth new app shop\n",
		"new job shop":                                       "job: it makes an app only. For example: ./plinth new app shop\n",
		"new app shop":                                       "the settings have mistakes; mend these first\n",
		"run":                                                "Which environment? For example: ./plinth run dev shop -- npm run task\n",
		"run -- ls":                                          "Which environment? For example: ./plinth run dev shop -- npm run task\n",
		"run dev":                                            "Which command? Write it after --. For example: ./plinth run dev shop -- npm run task\n",
		"run dev app ls":                                     "Which command? Write it after --. For example: ./plinth run dev shop -- npm run task\n",
		"run dev app --":                                     "Which command? Write it after --. For example: ./plinth run dev shop -- npm run task\n",
		"run dev app web x -- ls":                            "x: one argument too many. For example: ./plinth run dev shop -- npm run task\n",
		"run prod -- ls -l":                                  "prod: there is no such environment; there are dev\n",
		"restart prod":                                       "prod: there is no such environment; there are dev\n",
		"releases prod":                                      "prod: there is no such environment; there are dev\n",
		"rollback prod --auto-approve":                       "prod: there is no such environment; there are dev\n",
		"rollback dev":                                       "There is no terminal to approve the plan. --auto-approve approves it unseen.\n",
		"status":                                             "Which environment? For example: ./plinth status dev\n",
		"image app shop":                                     "shop: one argument too many. For example: ./plinth image --builder buildah\n",
		"status prod":                                        "prod: there is no such environment; there are dev\n",
		"status prod --output json":                          "prod: there is no such environment; there are dev\n",
		"logs prod --follow --since 1h":                      "prod: there is no such environment; there are dev\n",
		"tunnel prod":                                        "prod: there is no such environment; there are dev\n",
		"scan":                                               "scan: there is no image; build it first: ./plinth image app\n",
		"image --builder x --skip-synth":                     "git: ",
		"push --repository 127.0.0.1:1/app --dotenv x --skip-synth": "git: ",
	} {
		f := newFake(t)
		code, said := f.run(strings.Fields(line)...)
		assert.Equal(t, code, failed, line)
		assert.Assert(t, strings.HasPrefix(said, want), "%s: says %s", line, said)
	}
	f := newFake(t)
	assert.NilError(t, os.RemoveAll(f.Path("cdktf.out")))
	for _, line := range []string{"status dev", "tunnel dev", "logs dev", "order --skip-synth", "plan dev-app --skip-synth"} {
		code, said := f.run(strings.Fields(line)...)
		assert.Equal(t, code, failed, line)
		assert.Equal(t, said, f.Root+nothing, line)
	}
}

// TestApplications: a name is needed only among several applications that the command can be about.
func TestApplications(t *testing.T) {
	f := newFake(t)
	f.addShop()
	for line, want := range map[string]string{
		"verify dev":              "build/outputs/dev-app.json: does not exist", // shop answers no requests
		"verify dev shop":         "dev-shop: answers no requests; see its pods instead: ./plinth status dev shop\n",
		"push dev --skip-synth":   "git: ", // only app is built here
		"image --skip-synth":      "git: ",
		"image shpo --skip-synth": "There is no application shpo. Did you mean shop?\nThe applications are: app, shop\n",
	} {
		code, said := f.run(strings.Fields(line)...)
		assert.Equal(t, code, failed, line)
		assert.Assert(t, strings.HasPrefix(said, want), "%s: says %s", line, said)
	}
	code, said := f.run("push", "dev", "shop", "--skip-synth")
	assert.Equal(t, code, done)
	assert.Equal(t, said, "shop: the settings name no folder to build, so there is no image here: apps.shop.image, in environments/, names one that other tools have pushed.\n")
}

# Plinth's habits. `make help` lists them; each does its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CDKTF := node_modules/.bin/cdktf

# As npx does it: cdktf runs on the Node.js that package-lock.json pins. The one that is installed
# only has to run npm.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# npm runs on the Node.js that is installed with it, and may refuse another.
requirements test-bare node_modules/.package-lock.json ci/node_modules/.package-lock.json: export PATH := $(subst $(CURDIR)/node_modules/.bin:,,$(PATH))

# What V8 has compiled of cdktf, by the paths of its files: 13 MB that do not grow.
# https://nodejs.org/docs/latest-v22.x/api/module.html#module-compile-cache
export NODE_COMPILE_CACHE := $(CURDIR)/build/node-compile-cache

# Left to itself, cdktf ends with a stack trace when one stack fails, and breaks off in the
# middle what it is doing to the stacks beside it. With the first of these it lets them finish;
# without the second it warns of the first.
patiently = NODE_OPTIONS="$${NODE_OPTIONS-} --unhandled-rejections=none --max-old-space-size=4096"

# No look-ups of newer versions, no animation where nobody watches.
export CHECKPOINT_DISABLE := 1
export DISABLE_VERSION_CHECK := 1
ifndef MAKE_TERMOUT
export CI ?= 1
endif

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: requirements node_modules/.package-lock.json ## Check the machine and install what package-lock.json pins

.PHONY: requirements
requirements:
	@tools/requirements.sh

# Written last by npm, so that an interrupted installation is repeated.
node_modules/.package-lock.json: package.json package-lock.json | requirements
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# What runs GitLab's pipeline here, for its test.
ci/node_modules/.package-lock.json: ci/package.json ci/package-lock.json | requirements
	cd ci && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error # not --prefix: npm would forget the machine's settings
	@touch $@

.PHONY: bindings
bindings: setup ## Generate the Go bindings of the provider packages in use
	@go run -C tools ./bindings

# What cdktf synth does, without having the same program built and watched once more.
.PHONY: synth
synth: bindings ## Write the Terraform JSON of every stack to cdktf.out
	@go build -o build/plinth .
	@CDKTF_OUTDIR="$${CDKTF_OUTPUT:-cdktf.out}" build/plinth

# The environment that is rehearsed.
ENV ?= dev

# What a user, or CI, may set. Of one in lower case make would take no notice.
options := ENV KEEP CLUSTER STACK AUTO_APPROVE BUILDER REPOSITORY ROLE MODULE TARGET DOTENV RATE DURATION
lower = $(shell echo $(1) | tr A-Z a-z)
$(foreach name,$(call lower,$(options)),$(if $(filter command,$(firstword $(origin $(name)))),$(error $(name)=$($(name)): write it in capitals)))

# Security: a value is looked at as it was given, before make or a shell reads it. What is left
# can do nothing between single quotes, where all of them are.
harmless := a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z \
	0 1 2 3 4 5 6 7 8 9 - _ . / : @ + = , * ? [ ] { }
empty :=
strange = $(if $(2),$(call strange,$(subst $(firstword $(2)),,$(1)),$(wordlist 2,$(words $(2)),$(2))),$(subst $(empty) $(empty),,$(1)))
$(foreach name,$(options),$(if $(call strange,$(value $(name)),$(harmless)),$(error $(name): may hold only letters, digits, spaces and -_./:@+=,*?[]{})))

.PHONY: rehearse
rehearse: bindings ## Deploy, diff and destroy ENV=dev on this machine, without AWS (KEEP=1: stop after the deploy; CLUSTER=1: with a real Kubernetes control plane)
	@go build -o build/plinth .
	@go build -C rehearsal -o ../build/programs/ . ./standin
	@go build -C tools -o ../build/bootstrap ./bootstrap
	@$(if $(CLUSTER),$(MAKE) --no-print-directory kubernetes)
	@build/programs/rehearsal -env '$(ENV)' $(if $(KEEP),-keep) $(if $(CLUSTER),-kubernetes '$(CURDIR)/$(KUBERNETES)')

# One stack alone is checked here, since cdktf would refuse it without looking; several
# stacks, or a glob, are checked and put in order by cdktf.
one_stack = $(if $(findstring *,$(STACK))$(word 2,$(STACK)),,yes)
alone = $(if $(one_stack),CDKTF_IGNORE_MISSING_STACK_DEPENDENCIES=true)
check_order = go build -C tools -o ../build/stackorder ./stackorder && build/stackorder $(1) $(stacks)
approve = $(if $(AUTO_APPROVE),--auto-approve)

asked = $(firstword $(filter deploy destroy diff plan,$(MAKECMDGOALS)) diff)

.PHONY: stack
stack:
	@test -n '$(STACK)' || { echo "Which stack? For example: make $(asked) STACK=dev-network" >&2; exit 1; }

.PHONY: one
one:
	@test -n '$(one_stack)' || { echo "One stack at a time, by its name. For example: make $(asked) STACK=dev-app" >&2; exit 1; }

.PHONY: approval
approval:
	@test -t 0 || test -n '$(AUTO_APPROVE)' || { echo "Nobody is at a terminal to approve the plan. AUTO_APPROVE=1 approves it unseen." >&2; exit 1; }

.PHONY: environment
environment:
	@test -f 'environments/$(ENV).yaml' || { echo "ENV=$(ENV): there is no environments/$(ENV).yaml" >&2; exit 1; }

.PHONY: bootstrap
bootstrap: environment approval synth ## Make the bucket for states and the pipelines' roles of ENV=dev, as an administrator (AUTO_APPROVE=1: do not ask)
	@go build -C tools -o ../build/bootstrap ./bootstrap
	@build/bootstrap -env '$(ENV)' $(if $(AUTO_APPROVE),-auto-approve)

.PHONY: deploy destroy
deploy: ## Deploy STACK=dev-data, or several: STACK='dev-*' (AUTO_APPROVE=1: do not ask)
destroy: ## Destroy STACK=dev-app, or several in reverse order: STACK='dev-*'
deploy destroy: stack approval synth
	@$(if $(filter destroy,$@),$(check_protection),$(check_administrator))
	@$(if $(one_stack),$(call check_order,$@))
	@mkdir -p build/outputs
	@$(alone) $(patiently) $(CDKTF) $@ --skip-synth $(approve) $(if $(filter deploy,$@),$(outputs)) $(stacks) || { status=$$?; echo "$(own_words)" >&2; exit $$status; }

# For make verify. What is sensitive cdktf leaves out of it.
outputs = $(if $(one_stack),--outputs-file 'build/outputs/$(strip $(STACK)).json')

# In quotes, lest the shell takes a glob for one of files.
stacks = $(foreach s,$(STACK),'$(s)')

# Of several stacks the protected one comes late, when the application is gone already.
check_protection = go build -C tools -o ../build/stackorder ./stackorder && build/stackorder unprotected $(stacks)

# One bootstrap stack alone is refused by check_order.
check_administrator = go build -C tools -o ../build/stackorder ./stackorder && build/stackorder ordinary $(stacks)

own_words = cdktf can lose the end of a long message. Terraform's own words: cd cdktf.out/stacks/$(if $(one_stack),$(strip $(STACK)),<stack>) && terraform plan$(if $(filter destroy,$@), -destroy)

.PHONY: diff
diff: stack one synth ## Show what deploying STACK=dev-app would change
	@$(call check_order,deploy)
	@$(CDKTF) diff --skip-synth $(stacks)

.PHONY: plan
plan: stack one synth ## Plan STACK=dev-app for review: build/plan/dev-app has the plan, and a summary without values
	@go build -C tools -o ../build/stackorder ./stackorder
	@go build -C tools -o ../build/planner ./plan
	@$(patiently) build/planner stack $(stacks)

.PHONY: drift
drift: environment synth ## Compare every stack of ENV=dev, or STACK='dev-*', with what is deployed, reading only; fails when one differs, and build/drift tells which
	@go build -C tools -o ../build/stackorder ./stackorder
	@go build -C tools -o ../build/planner ./plan
	@$(patiently) build/planner drift '$(ENV)' $(stacks)

# What each of these takes is on the command line, if it is set.
delivery = go build -C tools -o ../build/delivery ./delivery && build/delivery $@ \
	$(foreach option,$(1),$(if $($(option)),-$(call lower,$(option)) '$($(option))'))

.PHONY: image
image: ## Build the application's image (BUILDER=docker or buildah)
	@$(call delivery,BUILDER)

.PHONY: scan
scan: ## Look for known vulnerabilities in the image that was built last
	@$(call delivery)

.PHONY: push
push: $(if $(REPOSITORY),,synth) ## Push this commit's image to the registry of ENV=dev, or to REPOSITORY=127.0.0.1:5000/app
	@$(call delivery,ENV BUILDER REPOSITORY DOTENV)

.PHONY: kubeconfig
kubeconfig: synth ## Give kubectl a context for the cluster of ENV=dev (ROLE=<ARN>, ROLE=none)
	@$(call delivery,ENV ROLE)

# Of what is synthesized already: a mistake in a settings file is no reason not to look.
.PHONY: status
status: ## Tell how the application of ENV=dev is; fails when it is not healthy
	@$(call delivery,ENV)

.PHONY: tunnel
tunnel: ## Reach the Kubernetes API and the database of ENV=dev through its bastion, until Ctrl-C
	@$(call delivery,ENV)

.PHONY: verify
verify: environment ## Wait until the load balancer says that the application of ENV=dev is UP
	@$(call delivery,ENV)

# What CI runs besides: see .gitlab-ci.yml.
.PHONY: settings
settings: bindings ## Check the settings of all environments
	@go build -o build/plinth .
	@build/plinth -check

.PHONY: pipeline
pipeline: synth ## Write GitLab's child pipelines, of what is synthesized, to build/pipeline
	@go run -C tools ./pipeline

.PHONY: note
note: stack ## Put the plans' summaries into the merge request that CI runs for
	@go build -C tools -o ../build/planner ./plan
	@build/planner note '$(ENV)' $(stacks)

# Every Go module, or the one that is asked for; the one that takes longest first.
MODULES := $(or $(MODULE),rehearsal app app/load . tools policy tools/charts tools/observability tools/diagram permissions)

# Two modules at a time: what one waits for, the other has a core for. What one has printed comes
# when it is done.
.PHONY: test
test: bindings ## Run all tests (MODULE=app: those of one module)
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target $(MODULES:%=test-in/%)

# Not from Go's cache, which does not see that a golden file or node_modules has changed. And
# once all is compiled, one package at a time: a rehearsal keeps two cores busy by itself. Nobody
# debugs the programs of the tests, and half of linking them is what a debugger reads.
test-in/%:
	@echo "== $*"
	@go -C '$*' list -export -test -deps ./... > /dev/null
	@go -C '$*' test -p 1 -count=1 -timeout 60m -ldflags=-w ./... | { grep -v 'no test files' || true; }

# What changes in a stack shows in the tests that synthesize; of the others Go repeats those whose
# files have changed. Rehearsals, and what needs more programs, are make test's and make policy's.
.PHONY: check
check: settings ## What to wait for between two edits: format, vet, settings, golden files, properties, unit tests of what changed
	@$(formatted)
	@go test -count=1 . -skip CLI
	@failed=0; for module in $(filter-out . app/load policy,$(MODULES)); do \
		go -C "$$module" vet ./... && go -C "$$module" test -short ./... | { grep -v '(cached)\|no test files' || true; } || failed=1; \
	done; exit $$failed

formatted = test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt -w these:" >&2; gofmt -l $$(git ls-files '*.go') >&2; exit 1; }

TARGET ?= test

.PHONY: test-bare
test-bare: requirements ## Run all tests, or TARGET=rehearse, with nothing on PATH but what README.md asks for, and an empty HOME
	@tools/bare.sh $(MAKE) --no-print-directory '$(TARGET)'

# The real Kubernetes control plane, kubectl and Helm, and what kwok has happen to pods. The
# version is what the API server answers when it is asked for its own.
KUBERNETES := build/kubernetes
kubernetes_version = $(shell go -C rehearsal/kubernetes list -m -f '{{.Version}}' k8s.io/kubernetes)
kubernetes_flags = $(foreach package,k8s.io/component-base/version k8s.io/client-go/pkg/version,-X $(package).gitVersion=$(1) \
	-X $(package).gitMajor=$(subst v,,$(word 1,$(subst ., ,$(1)))) -X $(package).gitMinor=$(word 2,$(subst ., ,$(1)))) \
	$(foreach package,chartutil lint/rules,-X helm.sh/helm/v3/pkg/$(package).k8sVersionMajor=$(subst v,,$(word 1,$(subst ., ,$(1)))) \
	-X helm.sh/helm/v3/pkg/$(package).k8sVersionMinor=$(word 2,$(subst ., ,$(1))))

.PHONY: kubernetes
kubernetes: requirements ## Build a Kubernetes control plane for tests (six minutes the first time)
	@mkdir -p $(KUBERNETES)/stages
	@echo "Kubernetes $(kubernetes_version), etcd, kwok, kubectl and Helm to $(KUBERNETES)"
	@CGO_ENABLED=0 go -C rehearsal/kubernetes build -trimpath -ldflags '-s -w $(call kubernetes_flags,$(kubernetes_version))' -o ../../$(KUBERNETES)/ tool
	@ln -f $(KUBERNETES)/server $(KUBERNETES)/etcd # its package is called so
	@cd "$$(go -C rehearsal/kubernetes list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage" && \
		install -m 644 node/fast/node-*.yaml node/heartbeat-with-lease/node-*.yaml pod/fast/pod-*.yaml '$(CURDIR)/$(KUBERNETES)/stages'

# Not part of make test: it needs docker or buildah, and the openssl that the database's image has,
# which a stand-in plays in make test.
.PHONY: test-image
test-image: ## With docker or buildah, and openssl: build the image, push it to a registry on this machine and look at what is in it
	@command -v openssl > /dev/null || { echo "openssl is not on PATH" >&2; exit 1; }
	go -C app test -count=1 . -run InCluster
	go -C tools test -count=1 -v ./delivery -run RealImage -image

.PHONY: test-cluster
test-cluster: bindings kubernetes ## Test the charts, and a rehearsal, on a real Kubernetes control plane
	go -C rehearsal test -count=1 -timeout 30m ./cluster -kubernetes '$(CURDIR)/$(KUBERNETES)'

.PHONY: test-opentofu
test-opentofu: bindings ## Rehearse dev with OpenTofu, which is built first (four minutes the first time)
	go build -C rehearsal/opentofu -o ../../build/tofu github.com/opentofu/opentofu/cmd/tofu
	go -C rehearsal test -count=1 ./integration -run OpenTofu -opentofu '$(CURDIR)/build/tofu'

.PHONY: lint
lint: bindings ## Check format, vet and lint every Go module
	@$(formatted)
	@failed=0; for module in $(MODULES); do \
		(cd "$$module" && go vet ./... && go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI) run ./...) || failed=1; \
	done; exit $$failed
	@go run github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT) -shellcheck= -pyflakes=
GOLANGCI := v2.15.0
ACTIONLINT := v1.7.12

# tfsec, kube-score and gitleaks, at the versions and with the checksums of their go.mod.
.PHONY: scanners
scanners: requirements
	@test -x build/scanners/tfsec || echo "Building tfsec, kube-score and gitleaks, which takes two minutes the first time"
	@go -C policy/scanners build -trimpath -ldflags '-s -w' -o ../../build/scanners/ tool

.PHONY: policy
policy: synth scanners ## Hold what is synthesized, the charts and Git's history against policy/
	@go -C policy build -o ../build/policy .
	@build/policy

.PHONY: golden
golden: bindings ## Accept what is synthesized now: golden files, schema and diagram
	go -C tools/charts test . -run Readme -update # first, for it is part of the chart
	go -C app test . -run Metrics -update
	go test . ./settings -run 'Golden|Permissions|Schema' -update
	go -C tools/charts test . -run Golden -update
	go -C rehearsal test ./internal/cloud -run Documented -update
	@$(MAKE) --no-print-directory diagram

.PHONY: diagram
diagram: ## Draw docs/architecture.svg and the README's Mermaid diagram from the golden files
	go run -C tools/diagram .

.PHONY: bench
bench: bindings ## Compare with the published bindings and with JavaScript, and check that the output is the same
	go run -C tools ./bench

.PHONY: load
load: setup ## Measure what the service bears on this machine (RATE=500: requests per second; DURATION=10s: of each)
	@CGO_ENABLED=0 go build -C app -tags nethttpomithttp2 -o ../build/load/app .
	@go build -C app/load -o ../../build/load/ . ./nodatabase
	@build/load/load -rate '$(RATE)' -duration '$(DURATION)'

.PHONY: clean
clean: ## Remove everything that can be made again
	rm -rf .gen build cdktf.out node_modules ci/node_modules

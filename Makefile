# The targets for contributors. The command for users is ./plinth: see ./plinth --help. Works with any
# GNU make, including macOS's 3.81.
.DEFAULT_GOAL := help

# V8's compiled code of cdktf, by the paths of its files. It does not grow beyond 13 MB.
export NODE_COMPILE_CACHE := $(CURDIR)/build/node-compile-cache
export CHECKPOINT_DISABLE := 1

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Check the machine, install pinned versions, generate the bindings
	@./plinth setup

.PHONY: bindings
bindings: setup ## The same as setup, which generates the bindings

.PHONY: synth
synth: ## Write the Terraform JSON of every stack to cdktf.out
	@./plinth synth

.PHONY: rehearse
rehearse: ## Deploy, diff and destroy dev on this machine, without AWS
	@./plinth rehearse

.PHONY: check
check: ## Run the quick checks between two edits: format, vet, settings, golden files, properties, unit tests
	@./plinth check
	@go run -C tools ./modules check $(MODULE)

.PHONY: missing
missing: setup ## List what is not described yet of each resource type in the stacks, and in which file to describe it
	@go -C wholeapp test -missing

.PHONY: test
test: setup tools/iam/node_modules/.package-lock.json ## Run all tests (MODULE=app: those of one module)
	@go run -C tools ./modules test $(MODULE)

.PHONY: lint
lint: setup ## Check format, vet for Linux and macOS, and lint every Go module, workflow and shell script
	@go run -C tools ./modules lint $(MODULE)

.PHONY: test-bare
test-bare: ## Run all tests, or TARGET=rehearse, with only the README's requirements on PATH and an empty HOME
	@tools/bare.sh $(MAKE) --no-print-directory '$(or $(TARGET),test)'

.PHONY: test-renamed
test-renamed: setup ## Synthesize and rehearse dev with another project, application, account and region
	go -C cli test -count=1 ./internal/rename -run Renamed -renamed

.PHONY: golden
golden: setup ## Accept the current output: golden files, schema, documents and diagram
	go -C tools/charts test . -run Readme -update # first, since the README is part of the chart
	$(if $(wildcard app/metrics_test.go),go -C app test . -run Metrics -update)
	go test ./wholeapp ./settings -run 'Golden|Permissions|Schema' -update
	go -C tools/charts test . -run Golden -update
	go -C rehearsal test ./internal/cloud -run Documented -update
	go -C cli test ./internal/command -run Help -update
	@$(MAKE) --no-print-directory diagram

.PHONY: diagram
diagram: ## Draw docs/architecture.svg, and the Mermaid diagram in docs/architecture.md, from the golden files
	go run -C tools/diagram .

.PHONY: policy
policy: synth scanners ## Check the synthesized stacks, the charts and Git's history against policy/
	@go -C policy build -o ../build/policy .
	@build/policy

.PHONY: images
images: ## List third-party images and charts, with their versions and where they are pinned
	@./plinth images

.PHONY: scanners
scanners: # tfsec, kube-score and gitleaks, at the versions and with the checksums of their go.mod
	@test -x build/scanners/tfsec || echo "Building tfsec, kube-score and gitleaks, which takes two minutes the first time"
	@go -C policy/scanners build -trimpath -ldflags '-s -w' -o ../../build/scanners/ tool

.PHONY: bench
bench: setup ## Compare with the published bindings and with JavaScript (some minutes, 1 GB of memory)
	go run -C tools ./bench

.PHONY: load
load: setup ## Load-test the application on this machine (RATE=500: requests per second; DURATION=10s: of each test)
ifneq ($(wildcard app/load),)
	@CGO_ENABLED=0 go build -C app -tags nethttpomithttp2 -o ../build/load/app .
	@go build -C app/load -o ../../build/load/ . ./nodatabase
	@build/load/load -rate '$(RATE)' -duration '$(DURATION)'
else
	@echo "There is no app/load, which knows how to measure the sample."
endif

.PHONY: kubernetes
kubernetes: ## Build a Kubernetes control plane for tests (six minutes the first time)
	@tools/kubernetes.sh

.PHONY: test-cluster
test-cluster: setup kubernetes ## Test the charts, and a rehearsal, on a real Kubernetes control plane
	go -C rehearsal test -count=1 -timeout 30m ./cluster -kubernetes '$(CURDIR)/build/kubernetes'

.PHONY: test-changes
test-changes: setup ## Change the settings of deployed environments one by one, and rehearse upgrades (40 minutes; make test changes them together)
	go -C rehearsal test -count=1 -timeout 80m ./integration -run 'Changes|Cycle|KubernetesUpgrade|MaintenanceWindow|MergeRequest|Switched|AddonsBefore|Unchanged|Upgraded|Zones' -one-by-one

# Each is pinned in the go.mod of its folder below rehearsal.
TERRAFORMS = terraform/oldest terraform/newest opentofu/newest

.PHONY: test-terraform
test-terraform: setup $(TERRAFORMS:%=build/%) ## Rehearse with the oldest and newest Terraform and the newest OpenTofu (TERRAFORMS=opentofu/newest: with one; building each takes minutes)
	go -C cli test -count=1 ./internal/providers -run Locked
	go -C rehearsal test -count=1 -timeout 30m ./integration -run Terraforms -terraforms '$(TERRAFORMS)'

.PHONY: $(TERRAFORMS:%=build/%)
$(TERRAFORMS:%=build/%): build/%:
	go build -C 'rehearsal/$*' -o '$(CURDIR)/$@' tool

.PHONY: test-cdktn
test-cdktn: setup rehearsal/cdktn/node_modules/.package-lock.json ## Synthesize and rehearse dev with cdktn, the successor of cdktf
	go -C rehearsal test -count=1 ./integration -run CDKTN -cdktn '$(CURDIR)/rehearsal/cdktn/node_modules/.bin/cdktn'

# Not part of make test: it needs docker or buildah, and openssl, which is in the database's image.
# make test uses a fake openssl.
.PHONY: test-image
test-image: ## Build the image, push it to a registry on this machine and check its content (needs docker or buildah, and openssl)
	@command -v openssl > /dev/null || { echo "openssl is not on PATH" >&2; exit 1; }
	$(if $(wildcard app/incluster_test.go),go -C app test -count=1 . -run InCluster)
	go -C cli test -count=1 -v ./internal/delivery -run RealImage -image

# gitlab-ci-local for the tests of the pipeline, the judges of IAM policies, and cdktn. Not npm --prefix, which
# ignores the machine's settings.
NODE_MODULES = ci/node_modules tools/iam/node_modules rehearsal/cdktn/node_modules
$(NODE_MODULES:%=%/.package-lock.json): %/node_modules/.package-lock.json: %/package.json %/package-lock.json
	cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: clean
clean: ## Remove everything that can be generated again
	rm -rf .gen build cdktf.out node_modules $(NODE_MODULES)

# `make` or `make help` lists what can be done. Everything it needs besides Python 3.11, git and make is fetched into .venv
# and .tools by the first target that wants it, pinned by hash.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# What a build is for: ARCH=arm64 (default) or x86_64.
ARCH ?= arm64
# What `make deploy` deploys to.
STACK ?= number-inventory

# No interpreters are downloaded, no telemetry is sent, and the user's own Python settings stay out of it.
export UV_PYTHON_DOWNLOADS := never
export SAM_CLI_TELEMETRY := 0
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

tools := local_stack/tools
find_python := $(tools)/find-python
UV ?= $(CURDIR)/.tools/uv/bin/uv
export UV
sam := .tools/aws-sam-cli/bin/sam
python := .venv/bin/python

##@ Use it

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

demo: setup ## Show the whole story on this machine: devices, cooling, release, lookups
	@$(python) -m local_stack demo

up: setup ## Start the local AWS and a played device, deploy to it (NUMBER_INVENTORY_PORT=4566)
	@$(python) -m local_stack up

down: ## Stop what `make up` started
	@if [ -x $(python) ]; then $(python) -m local_stack down; else echo "Nothing was running."; fi

sam-local: setup ## Run functions in Docker on the local stack: RUN=start-api, start-lambda or "invoke Audit"
	@$(python) -m local_stack sam-local $(RUN)

simulator: setup ## Play a device by itself until Ctrl-C
	@$(python) -m simulator

##@ Work on it

setup: .venv/.ready .tools/aws-sam-cli/.ready .tools/ministack/.ready ## Fetch everything (the others do it by themselves)

dynamodb-local: ## Fetch DynamoDB Local for the tests on a real engine (needs Maven and a JDK, else says so)
	@[ -e .tools/dynamodb-local/.ready ] || $(tools)/dynamodb-local/fetch .tools/dynamodb-local

test: setup ## Run every test but for the long forms; those of `sam local` where Docker is
	@$(python) -m pytest -n 2 --dist loadgroup -m "not long"

test-long: setup ## Run the tests with more seeds and larger sizes
	@rm -rf .trust
	@$(python) -m pytest -n 2 --dist loadgroup -m "long"

trust-figures: .venv/.ready ## Show what the last `make test-long` has tried, for docs/trust.md
	@$(python) -m tests.trust_figures

bench: setup .venv/.bench-ready ## Measure speed and cost against their bounds and against what users would write (some 26 minutes)
	-@$(MAKE) dynamodb-local
	@$(python) -m benchmarks

bench-quick: setup .venv/.bench-ready ## The same with small sizes, in some minutes
	-@$(MAKE) dynamodb-local
	@$(python) -m benchmarks --quick

cost: setup .venv/.bench-ready ## Measure units, compute the bill, and write both into docs/cost.md
	-@$(MAKE) dynamodb-local
	@$(python) -m benchmarks --only P11
	@$(python) -m benchmarks.cost_page

report: setup ## Write the last figures of `make bench` into docs/benchmarks.md, with plots of growth
	@$(python) -m benchmarks.report_page

check: setup ## Verify format, lint, types, import contracts, template, pins, API document, drawings, security
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-eu-central-1} $(sam) validate --lint
	@$(UV) lock --check --quiet || { echo "uv.lock does not fit pyproject.toml: run 'uv lock' and 'make requirements'." >&2; exit 1; }
	@$(export_requirements) | cmp -s - layers/common/requirements.txt || \
		{ echo "layers/common/requirements.txt does not fit uv.lock: run 'make requirements'." >&2; exit 1; }
	@$(python) -m local_stack.api_document --check
	@$(python) -m local_stack.architecture --check
	@$(MAKE) security
	@echo "All checks passed."

security: .venv/.ready ## What checkov says of the template, pip-audit of packages, detect-secrets of all files
	-@$(MAKE) -s .tools/security/.ready
	@$(python) -m local_stack.security

secrets-baseline: .tools/security/.ready ## Note what looks like a secret and is none
	@$(python) -m local_stack.security --write-baseline

.PHONY: security secrets-baseline

openapi: setup ## Write docs/openapi.json, the API's document, from the routes
	@$(python) -m local_stack.api_document

architecture: setup ## Draw the diagrams of docs/architecture.md from the template and the imports
	@$(python) -m local_stack.architecture

format: .venv/.ready ## Format the code and fix what can be fixed
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

requirements: .tools/uv/.ready ## Pin the layer's packages by what uv.lock says
	@$(export_requirements) > layers/common/requirements.txt

##@ Deploy it

build: setup ## Build for AWS (ARCH=arm64 or x86_64); `sam deploy --guided` comes next
	@TARGET_ARCH=$(ARCH) TARGET_PYTHON=$${TARGET_PYTHON:-$$($(find_python) 3.13 2>/dev/null)} \
		$(sam) build --parameter-overrides Architecture=$(ARCH)
	@# A stack with another architecture than its layer would not start: the built template takes this one only.
	@sed -i.bak -e '/^  Architecture:/,/^  [A-Z]/{s/Default: .*/Default: $(ARCH)/;/^    - $(other_$(ARCH))$$/d;}' .aws-sam/build/template.yaml
	@rm .aws-sam/build/template.yaml.bak
	@du -sh .aws-sam/build/CommonLayer | awk '{print "The layer is " $$1 " on disk (AWS allows 250 MB)."}'

deploy: setup ## Deploy what was built without asking, for pipelines (STACK=..., PARAMETERS="AuditMode=report ...")
	@$(sam) deploy --no-confirm-changeset --stack-name "$(STACK)" $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))

adopt: setup ## Write the files by which CloudFormation adopts tables: TABLES="..." (RESTORED=1 for those of backups)
	@$(python) -m local_stack.adoption $(if $(RESTORED),--restored) $(TABLES)

##@ Clean up

clean: down ## Remove what was built and what ran, keep the tools
	rm -rf .aws-sam .adopt .local .bench .trust .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist

distclean: clean ## Remove the tools, too
	rm -rf .venv .tools

.PHONY: adopt help demo up down sam-local simulator setup test test-long trust-figures bench bench-quick cost report check openapi architecture format requirements build deploy clean distclean dynamodb-local

# ------------------------------------------------------------------------------------------------------------ tools

other_arm64 := x86_64
other_x86_64 := arm64

export_requirements = $(UV) export --quiet --frozen --no-dev --no-emit-project --no-header --no-annotate

.tools/uv/.ready: $(tools)/uv.txt
	@if [ "$(UV)" = "$(CURDIR)/.tools/uv/bin/uv" ]; then \
		echo "Fetching uv ..."; \
		python=$$($(find_python)) || exit 1; \
		"$$python" -m venv --clear .tools/uv || { echo "$$python cannot make virtual environments: install its venv module (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }; \
		.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<; \
	fi
	@mkdir -p $(@D) && touch $@

.venv/.ready: .tools/uv/.ready pyproject.toml uv.lock
	@echo "Fetching the project's packages ..."
	@[ -x $(python) ] || { python=$$($(find_python)) && $(UV) venv --quiet --python "$$python" .venv; }
	@$(UV) sync --quiet --frozen --all-extras
	@touch $@

# What the product is measured against: beside the project's packages, until these change.
.venv/.bench-ready: .venv/.ready
	@$(UV) sync --quiet --frozen --all-extras --group bench
	@touch $@

# The SAM command line and MiniStack pin packages that the project has in other versions: each in an environment of its own.
.tools/aws-sam-cli/.ready: $(tools)/aws-sam-cli.txt .tools/uv/.ready
	@echo "Fetching the AWS SAM command line ..."
	@python=$$($(find_python)) && $(UV) venv --quiet --clear --python "$$python" $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes --no-deps -r $<
	@touch $@

# checkov, pip-audit and detect-secrets. Where they cannot be had, the check says so and goes on without.
.tools/security/.ready: $(tools)/security.txt .tools/uv/.ready
	@echo "Fetching checkov, pip-audit and detect-secrets ..."
	@python=$$($(find_python)) && $(UV) venv --quiet --clear --python "$$python" $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes --no-deps -r $<
	@touch $@

# MiniStack runs the functions with its own interpreter: Lambda's version if this machine has it.
.tools/ministack/.ready: $(tools)/ministack.txt .tools/uv/.ready
	@echo "Fetching MiniStack, the local AWS ..."
	@python=$$($(find_python) 3.13 2>/dev/null || $(find_python)) && $(UV) venv --quiet --clear --python "$$python" $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes --no-deps -r $<
	@touch $@

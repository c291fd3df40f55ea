# The ways in. Everything below works from a fresh clone; what is missing is installed and announced.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
INSTALL := --install
WORLD := host
WORLDS ?= cgroup-v1 cgroup-v2
ARGS :=
PYTEST := $(BIN)/pytest -q --durations 10 --durations-min 1
SOME := -m "not test_all"
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help conformance test test-all test-unit test-pages test-cluster faults bench bench-cold bench-nodes soak mutants selfcheck worlds matrix \
	quantities together samples check act up down clean doctor lock distclean

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s '	'

$(BIN)/.installed: requirements.lock pyproject.toml hack/venv.sh
	@bash hack/venv.sh $(VENV) $(INSTALL)

conformance: up ## make the cluster if needed, run every core property, write reports/latest; ARGS="..." goes to `conformance run`, WORLD=cgroup-v1|cgroup-v2 is a kernel of its own
	@$(BIN)/conformance run $(if $(findstring --context,$(ARGS)),,--world $(WORLD)) $(ARGS)

up: $(BIN)/.installed ## make the kind cluster from nothing; WORLD=cgroup-v1|cgroup-v2: on a kernel of its own with that version
	@$(BIN)/conformance up $(INSTALL) --world $(WORLD)

down: $(BIN)/.installed ## delete the cluster and every world, and the Docker Engine if `up` started it
	@$(BIN)/conformance down

clean: $(BIN)/.installed ## remove every object any run ever made on the cluster
	@$(BIN)/conformance clean

doctor: $(BIN)/.installed ## check each thing a run needs
	@$(BIN)/conformance doctor

test: check test-unit test-pages test-cluster ## all checks and tests; makes the cluster if needed

test-all: ## make test, also the tests that a change does not wait for: every fault at every stage, all of the article in one process
	@$(MAKE) --no-print-directory test SOME=

test-unit: $(BIN)/.installed ## tests that need no cluster
	@$(PYTEST) -n 2 tests --ignore tests/cluster --ignore tests/pages

test-pages: $(BIN)/.installed ## tests of the report's pages in a real browser (Debian's chromium)
	@$(BIN)/python -m hack.chromium $(INSTALL)
	@$(PYTEST) tests/pages

test-cluster: up ## tests that need the cluster
	@$(PYTEST) tests/cluster $(SOME)

faults: up ## strike runs with every fault at every stage; print fault x stage -> outcome, residue
	@$(BIN)/pytest -q tests/cluster/test_faults.py

bench: up ## time the warm run against a plain kubectl script, in five pairs; what commands, a long report and a page take
	@$(BIN)/python -m hack.chromium $(INSTALL)
	@$(BIN)/python -m hack.bench.bench

bench-cold: $(BIN)/.installed ## time `make conformance` from nothing, here and at the goals' base; ARGS="HEAD", ARGS="--memory 4 HEAD"
	@$(BIN)/python -m hack.bench.cold $(ARGS)

bench-nodes: $(BIN)/.installed ## what the runner takes of 1, 10, 100 and 1000 nodes, which kwok simulates; ARGS="10 50"
	@$(BIN)/python -m hack.bench.nodes $(ARGS)

soak: up ## run level article 20 times in a row; print what was not always the same, and what was left; ARGS="2 --level core"
	@$(BIN)/python -m hack.soak $(ARGS)

mutants: $(BIN)/.installed ## weaken probes, judges and what decides, each in a copy; print which recorded observation tells it; ARGS="-k nonce"
	@$(BIN)/python -m hack.mutants $(ARGS)

selfcheck: up ## show that the suite can fail: deploy every control, and hold what it says against what is so; ARGS=--fast, ARGS=--strict
	@$(BIN)/conformance selfcheck $(if $(findstring --context,$(ARGS)),,--world $(WORLD)) $(ARGS)

worlds: $(BIN)/.installed ## core properties and mends on cgroup v1 and on v2 (one is a kernel of its own), side by side in reports/worlds.html
	@bash hack/worlds.sh $(BIN)/conformance $(INSTALL) reports "--level article -k core" $(WORLDS)

matrix: $(BIN)/.installed ## every approach in both worlds, in what decides between them: reports/matrix/worlds.html; keep its records, write docs/choosing.md
	@bash hack/worlds.sh $(BIN)/conformance $(INSTALL) reports/matrix "--level matrix" $(WORLDS); code=$$?; \
		$(BIN)/python -m hack.choosing keep && exit $$code

quantities: $(BIN)/.installed ## what every approach costs in both worlds, in numbers, ten times each: reports/quantities; keep its records, write docs/choosing.md
	@bash hack/worlds.sh $(BIN)/conformance $(INSTALL) reports/quantities "--level quantities" $(WORLDS); code=$$?; \
		$(BIN)/python -m hack.choosing keep quantities && exit $$code

together: $(BIN)/.installed ## put the last run of each world in WORLDS into one report: reports/worlds.html
	@$(BIN)/conformance report $(WORLDS:%=reports/%/latest)

samples: worlds ## make worlds, and keep its records and reports under reports/samples, unless they tell of this machine; write docs/beliefs.md
	@$(BIN)/python -m hack.samples

check: $(BIN)/.installed ## ruff, mypy --strict, shellcheck, yamllint, actionlint, zizmor
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@bash hack/check-shell.sh $(INSTALL)
	@$(BIN)/yamllint --strict .
	@bash hack/go-tool.sh $(BIN)/python actionlint
	@$(BIN)/zizmor --offline --quiet .

act: $(BIN)/.installed ## run the GitHub workflow's job once on this machine, as CI would
	@bash hack/act.sh $(BIN)/python

lock: $(BIN)/.installed ## resolve requirements.lock again (hashes, no index address)
	@$(BIN)/pip install -q uv
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
		--extra dev --custom-compile-command "make lock" pyproject.toml -o requirements.lock

distclean: down ## also drop the caches: built programs, logs, the virtual environment
	rm -rf "$${CONFORMANCE_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/conformance}" $(VENV)

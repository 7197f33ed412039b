# Two commands do everything: `make run` and `make test`. The rest serves those who change the code.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= monitor.yaml

BENCH_ENV := build/bench
BENCH_ARGS ?=

.PHONY: help install dev run test test-cluster lint bench bench-matching bench-polling bench-alerts bench-names bench-stories bench-loading bench-cluster bench-scale format lock clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

# The stamp files remember which lock file the environment was made from.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "monitor needs Python 3.11 or newer; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.locked: requirements.lock pyproject.toml setup.py $(wildcard monitor/matching/*.p[yx][xd]) $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.locked
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@touch $@

install: $(VENV)/.locked  ## make .venv with the locked dependencies and the monitor command

dev: $(VENV)/.dev  ## the same, with what tests and linters need

run: $(VENV)/.locked  ## run the daemon on the shipped configuration (stop it with Ctrl-C)
	@exec $(BIN)/monitor --config $(CONFIG) run

PURE := monitor/matching/*,monitor/stories/*,monitor/alerting/*,monitor/text/*,monitor/schedule/*,monitor/feed_health.py,monitor/keys.py,monitor/settings.py,monitor/model/*,monitor/errors.py

# One more than there are processors: many tests wait for daemons and servers.
WORKERS = $(shell echo $$(($$(nproc) + 1)))

test: $(VENV)/.dev  ## run every test; branches covered: all on the pure floors, nine in ten elsewhere
	$(BIN)/coverage erase
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal --cov --cov-report=
	$(BIN)/coverage report --include='$(PURE)' --fail-under=100
	$(BIN)/coverage report --omit='$(PURE)' --fail-under=90

test-cluster: $(VENV)/.dev  ## three workers on PostgreSQL through every fault, judged by what the servers saw; ten minutes
	PYTHONPATH=.:tests $(BIN)/python tests/cluster/chaos.py $(CHAOS_ARGS)

lint: $(VENV)/.dev  ## ruff, mypy --strict, the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.locked  ## measure matching, recording and delivering; writes docs/benchmarks.md
	$(BIN)/python bench/flow.py

bench-alerts: $(VENV)/.dev  ## alerts decided, rendered, and delivered to a mail server and a webhook
	$(BIN)/python bench/alerts.py

bench-names: $(VENV)/.locked  ## how well names are found, by language and tier, with the worst misses and false alarms
	$(BIN)/python -m bench.names

bench-stories: $(VENV)/.locked  ## how well and how fast articles are grouped into stories
	$(BIN)/python -m bench.stories

bench-cluster: $(VENV)/.dev  ## many workers on PostgreSQL: feeds a second, cost of the state, fail-over (BENCH_ARGS=--quick)
	$(BIN)/python bench/cluster.py $(BENCH_ARGS)

bench-scale:  ## what a million feeds would take, simulated from what bench-cluster measured
	@$(PYTHON) bench/scale.py

bench-loading: $(VENV)/.locked  ## measure reading 100,000 rules from YAML
	$(BIN)/python bench/loading.py

# Rivals are installed beside the product's own dependencies, in an environment that `make clean` removes.
$(BENCH_ENV)/.made: bench/requirements.txt requirements.lock $(VENV)/.locked
	$(PYTHON) -m venv $(BENCH_ENV)
	$(BENCH_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BENCH_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	@touch $@

bench-matching: $(BENCH_ENV)/.made  ## matching beside its rivals (BENCH_ARGS=--quick: under two minutes; --only ours)
	$(BENCH_ENV)/bin/python -m bench.matching $(BENCH_ARGS)

bench-polling: $(BENCH_ENV)/.made  ## polling beside its rivals, on a farm of loopback feeds (BENCH_ARGS=--feeds 200: quicker)
	$(BENCH_ENV)/bin/python -m bench.polling $(BENCH_ARGS)

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:  ## renew the lock files (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra build --extra cluster --output-file requirements.lock pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra build --extra cluster --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean:  ## remove what can be made again
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.* .import_linter_cache

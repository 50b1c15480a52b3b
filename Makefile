# One door for every chore.  `make` alone lists them.
# Needs python3 (3.11 or later) with pip, and make; everything else goes into .venv from hash-pinned locks.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# pip from outside the environment: Debian's python3 has no ensurepip, so the environment is made without its own pip.
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check --quiet
# A lock names versions and hashes, never where they came from.
COMPILE := $(BIN)/pip-compile --generate-hashes --allow-unsafe --strip-extras --quiet --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help run test demo format check pytest lock crash bench quality fuzz clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp  ## start the daemon in the foreground (config/, state/)
	$(BIN)/monitor run $(ARGS)

demo: $(VENV)/run.stamp  ## a local newsroom, mailbox and webhook: see alerts arrive in under a minute
	$(BIN)/monitor demo $(ARGS)

test: check pytest  ## everything that must hold: format, lint, types, layers, tests, clean install

check: $(VENV)/dev.stamp  ## format, lint, types and layers only
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

pytest: $(VENV)/dev.stamp  ## the tests only; ARGS="tests/collect -x" picks some
	$(BIN)/pytest -n 2 $(ARGS)

format: $(VENV)/dev.stamp  ## format the code and apply the safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/dev.stamp  ## pin the newest versions that pyproject.toml allows
	$(COMPILE) --upgrade --all-build-deps --output-file requirements.lock pyproject.toml
	$(BIN)/python .ci/dev_requirements.py | \
		$(COMPILE) --upgrade --constraint requirements.lock --output-file .ci/dev.lock -

crash: $(VENV)/dev.stamp  ## kill a real process between any two steps, then 500 times under load; look for lost alerts
	$(BIN)/pytest tests/crash/test_kill_between_steps.py
	$(BIN)/python tests/crash/storm.py $(ARGS)

# What trains, fits or rewrites figures is run by name: these only measure.
BENCHES := $(filter-out %/train_reader.py %/quality.py $(wildcard tests/bench/reader_*.py tests/bench/fit_*.py),$(wildcard tests/bench/*.py))

bench: $(VENV)/dev.stamp  ## the measurements behind the decision records; NAME=pages picks one
	@for file in $(if $(NAME),tests/bench/$(NAME).py,$(BENCHES)); do echo "== $$file"; PYTHONPATH=. $(BIN)/python $$file $(ARGS) || exit 1; done

quality: $(VENV)/dev.stamp  ## score the reader on the labelled sets; writes docs/quality.md
	$(BIN)/python -m tests.bench.quality

fuzz: $(VENV)/dev.stamp  ## ten minutes each of hostile feeds, addresses, dates; ARGS="url --seconds 60" picks
	nice -n 10 $(BIN)/python -m tests.fuzz $(ARGS)

clean:  ## remove the environment and every cache, never state/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info

# --- the environment: installed again only when a lock or pyproject.toml changes ------------------------------------

$(BIN)/python:
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/locked.stamp: requirements.lock | $(BIN)/python
	$(PIP) install --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/run.stamp: pyproject.toml $(VENV)/locked.stamp
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: .ci/dev.lock $(VENV)/run.stamp
	$(PIP) install --require-hashes --requirement .ci/dev.lock
	@touch $@

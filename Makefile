# Everything runs from .venv, made on first use; no environment has to be activated.
# `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach version,3.11 3.12 3.13,$(shell command -v python$(version) 2>/dev/null)) python3)
BENCH := $(BIN)/orderloom bench
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
DEPENDENCIES := $(VENV)/.dependencies-installed
INSTALLED := $(VENV)/.orderloom-installed

BENCH_FOLDER ?= var/bench
BENCH_STEP ?= 20
BENCH_SECONDS ?= 60
BENCH_RATE ?= 600
BENCH_HOSTS ?= 2
BENCH_LIVE ?= 200000
BENCH_RECOVER ?= 100000
BENCH_ORDERS ?= 1000000
PYTEST_ARGS ?=

.PHONY: help install run test test-slow test-all check format bench lock clean

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Orderloom needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11")'
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(DEPENDENCIES): requirements.lock | $(BIN)/python
	@echo "installing the locked dependencies (once, a minute or two)"
	@$(PIP) install --requirement requirements.lock
	@touch $@

$(INSTALLED): pyproject.toml $(DEPENDENCIES)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

install: $(INSTALLED) ## make .venv and install everything into it

run: $(INSTALLED) ## start a whole system, stream orders through it, stay up until Ctrl-C
	@$(BIN)/orderloom demo

test: $(INSTALLED) ## the tests that a change must pass
	@$(BIN)/python -m pytest -m "not slow and not chaos" $(PYTEST_ARGS)

test-slow: $(INSTALLED) ## only what `make test` leaves out: long simulations and kill tests
	@$(BIN)/python -m pytest -m "slow or chaos" $(PYTEST_ARGS)

test-all: test test-slow ## both

check: $(INSTALLED) ## lint, format, types, floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(INSTALLED) ## rewrite the sources in the house format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: $(INSTALLED) ## measure all figures (some 90 minutes) and make BENCH_FOLDER/report.html of them
	@mkdir -p $(BENCH_FOLDER)
	@$(BENCH) decompose --json $(BENCH_FOLDER)/decompose.json
	@$(BENCH) run b6 --hosts $(BENCH_HOSTS) --seconds $(BENCH_SECONDS) --json $(BENCH_FOLDER)/b6.json
	@$(BENCH) run triple-play --hosts $(BENCH_HOSTS) --seconds $(BENCH_SECONDS) --json $(BENCH_FOLDER)/triple-play.json
	@$(BENCH) run mega-5000 --hosts $(BENCH_HOSTS) --seconds $(BENCH_SECONDS) --unanswered 2 --json $(BENCH_FOLDER)/mega-5000.json
	@$(BENCH) saturate b6 --hosts $(BENCH_HOSTS) --step $(BENCH_STEP) --json $(BENCH_FOLDER)/saturation-b6.json
	@$(BENCH) saturate mobile --hosts $(BENCH_HOSTS) --step $(BENCH_STEP) --json $(BENCH_FOLDER)/saturation-mobile.json
	@$(BENCH) saturate office --hosts $(BENCH_HOSTS) --step $(BENCH_STEP) --json $(BENCH_FOLDER)/saturation-office.json
	@$(BENCH) saturate b6 --by post --step $(BENCH_STEP) --json $(BENCH_FOLDER)/saturation-post.json
	@$(BENCH) elastic --rate $(BENCH_RATE) --json $(BENCH_FOLDER)/elastic.json
	@$(BENCH) calls --json $(BENCH_FOLDER)/calls.json
	@$(BENCH) journals --hosts $(BENCH_HOSTS) --seconds $(BENCH_STEP) --json $(BENCH_FOLDER)/journals.json
	@$(BENCH) peers --hosts $(BENCH_HOSTS) --seconds $(BENCH_STEP) --json $(BENCH_FOLDER)/peers.json
	@$(BENCH) memory --hosts $(BENCH_HOSTS) --orders $(BENCH_LIVE) --json $(BENCH_FOLDER)/memory.json
	@$(BENCH) recovery --hosts $(BENCH_HOSTS) --orders $(BENCH_RECOVER) --json $(BENCH_FOLDER)/recovery.json
	@$(BENCH) restart --hosts $(BENCH_HOSTS) --orders $(BENCH_ORDERS) --live $(BENCH_RECOVER) --json $(BENCH_FOLDER)/restart.json
	@$(BENCH) report $(BENCH_FOLDER)/*.json --html $(BENCH_FOLDER)/report.html

lock: $(BIN)/python ## pin what pyproject.toml asks for in requirements.lock
	@$(BIN)/pip-compile --version >/dev/null 2>&1 || $(PIP) install pip-tools
	@$(BIN)/pip-compile --quiet --extra dev --strip-extras --allow-unsafe \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate \
		--output-file requirements.lock pyproject.toml
	@sed -i '/^#/d; /^$$/d; /^pip==/d' requirements.lock

clean: ## remove what the tools left, keep .venv and var/
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

# Everything runs from .venv, made on first use; no environment has to be activated.
# `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach version,3.11 3.12 3.13,$(shell command -v python$(version) 2>/dev/null)) python3)
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
DEPENDENCIES := $(VENV)/.dependencies-installed
INSTALLED := $(VENV)/.orderloom-installed

BENCH_SHAPE ?= b6
BENCH_SECONDS ?= 30
BENCH_JSON ?= var/bench/$(BENCH_SHAPE).json
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

bench: $(INSTALLED) ## measure one load shape; BENCH_SHAPE, BENCH_SECONDS, BENCH_JSON
	@mkdir -p $(dir $(BENCH_JSON))
	@$(BIN)/orderloom bench run $(BENCH_SHAPE) --seconds $(BENCH_SECONDS) --json $(BENCH_JSON)

lock: $(BIN)/python ## pin what pyproject.toml asks for in requirements.lock
	@$(BIN)/pip-compile --version >/dev/null 2>&1 || $(PIP) install pip-tools
	@$(BIN)/pip-compile --quiet --extra dev --strip-extras --allow-unsafe \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate \
		--output-file requirements.lock pyproject.toml
	@sed -i '/^#/d; /^$$/d; /^pip==/d' requirements.lock

clean: ## remove what the tools left, keep .venv and var/
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

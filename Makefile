# `make run` and `make test` are all that a newcomer needs; both set everything up by themselves,
# in this folder only. Another Python than python3: make clean test PYTHON=python3.14

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --no-input --disable-pip-version-check
CONFIG ?= config.example.yaml
ARGS ?=
# One more than cores: tests wait for servers about as often as they compute. Files are taken in their order, which
# ends with short ones; xdist would keep those of few tests for the end, and these are the longest.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test lint check format lock upgrade clean same-python

help:
	@echo "make run      start the proxy on the example configuration; Ctrl-C stops it"
	@echo "make test     run all tests                        (ARGS='-k money' picks some)"
	@echo "make lint     ruff, mypy and the rules about imports"
	@echo "make check    lint, then test"
	@echo "make format   let ruff put right what it can"
	@echo "make lock     pin requirements/*.in anew, changing as little as possible"
	@echo "make upgrade  pin the newest releases that are at least a week old"
	@echo "make clean    remove $(VENV) and the caches"

# ---------------------------------------------------------------------------- what one does

# exec, so that Ctrl-C reaches the proxy itself, which then ends in good order.
run: $(VENV)/.ready-run
	@exec $(BIN)/farthing serve --config $(CONFIG) --hello

test: $(VENV)/.ready-test
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy router tests benchmarks
	$(BIN)/lint-imports --no-logo

check: lint test

format: $(VENV)/.ready-dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

# A week's wait: the poisoned releases of the past were all found within days.
LOCK := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --exclude-newer '7 days' \
	--custom-compile-command 'make lock'

lock: $(VENV)/.ready-dev
	@for name in run test dev; do \
	  echo "Pinning requirements/$$name.txt"; \
	  $(LOCK) $(UPGRADE) requirements/$$name.in --output-file requirements/$$name.txt || exit; \
	done

upgrade: UPGRADE := --upgrade
upgrade: lock

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find router tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ------------------------------------------------------------------------ how it is set up

# .ready-NAME says that requirements/NAME.txt and the project itself are installed as they stand.
$(VENV)/.ready-%: requirements/%.txt pyproject.toml | $(BIN)/pip
	@echo "Installing $$(grep -c == $<) packages from $< (the first time takes about a minute)"
	@$(PIP) install --require-hashes --requirement $<
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# ensurepip writes pip last, so a half-made environment is not taken for a whole one.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Farthing needs Python 3.11 or newer, and '$(PYTHON)' is not that." >&2; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# Whoever names a Python must not get the results of another one.
same-python:
	@test ! -x $(BIN)/python || test "$$($(PYTHON) --version)" = "$$($(BIN)/python --version)" || { \
	  echo "$(VENV) was made with $$($(BIN)/python --version), not $$($(PYTHON) --version)." >&2; \
	  echo "Make it anew: make clean $(filter-out clean,$(MAKECMDGOALS)) PYTHON=$(PYTHON)" >&2; exit 1; }

ifneq ($(filter command environment,$(firstword $(origin PYTHON))),)
$(BIN)/pip: | same-python
endif

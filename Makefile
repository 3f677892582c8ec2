# Everything a developer runs. Needs Python >= 3.11 with its venv module; nothing else.
#   make demo    redraws the pictures that ship with the package (no torch, no download of weights)
#   make test    what continuous integration runs: format, lint, types, layers, tests
#   make test-all  also the long ends: minutes more
#   make check   the same without the tests
#   make bench   measures the figures in benchmarks/
#   make docs    builds the site of the documents into site/
#   make dist    builds wheel, source distribution and npm package into dist/

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
IS_FIT := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$p -c '$(IS_FIT)' >/dev/null 2>&1 && { echo $$p; break; }; done)

.PHONY: demo test test-all check bench docs dist clean
.DELETE_ON_ERROR:

demo: $(VENV)/.runtime
	$(BIN)/python -m sketch_pix2seq.demo

# Byte code is kept, or each of the many processes that the tests start compiles the package.
test test-all: export PYTHONDONTWRITEBYTECODE =

test: check $(VENV)/.system
	$(BIN)/pytest -n auto --dist loadgroup

test-all: check $(VENV)/.system
	$(BIN)/pytest -n auto --dist loadgroup -m ""

check: $(VENV)/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.run

docs: $(VENV)/.docs
	$(BIN)/python -m website.build

dist: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m hatchling build --directory dist
	@if command -v npm >/dev/null; then \
		npm pack --silent --pack-destination dist ./src/sketch_pix2seq/web/static/sketch; \
	else echo "npm is not here: its package was left out" >&2; fi

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with its venv module was found." \
		"Install one, or name it: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.docs: $(VENV)/.runtime
	$(PIP) --editable '.[docs]'
	@touch $@

# What tests need besides Python: Chromium for the pages, without windows if there is such a package
# (it takes a third of the time), and PostgreSQL for the votes. Where this is not Debian, or not ours
# to change, their tests say that they are left out.
$(VENV)/.system: $(VENV)/.made
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
		! { command -v chromium-headless-shell && ls /usr/lib/postgresql/*/bin/postgres; } >/dev/null 2>&1; then \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && for browser in chromium-headless-shell chromium; do \
			apt-get install -y -qq --no-install-recommends $$browser postgresql >/dev/null && break; \
		done; \
	fi
	@touch $@

clean:
	rm -rf demo site build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

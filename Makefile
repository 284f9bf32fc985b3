# Every target does its own set-up, and is quick when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)

.PHONY: run test lint format bench build clean

run: $(VENV)/.installed web/dist/index.html ## serve on http://127.0.0.1:8000
	@$(BIN)/collab serve

test: $(VENV)/.tested web/dist/index.html ## run every test
	$(BIN)/pytest

lint: $(VENV)/.tested web/node_modules/.installed ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run --silent lint

format: $(VENV)/.tested ## rewrite the Python files in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

build: $(VENV)/.tested web/dist/index.html ## build the wheel into dist/
	$(BIN)/python -m build --wheel

clean: ## remove what was made here, except ./data
	rm -rf $(VENV) build dist web/dist web/node_modules tests/clients/node_modules benchmarks/peers/node_modules

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/pip install --quiet --constraint constraints.txt --group dev
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	cd web && npm run --silent build

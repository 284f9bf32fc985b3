# Every target does its own set-up, and is quick when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print)

FUZZ_SECONDS ?= 60

.PHONY: run test soak fuzz lint format bench bench-quick build clean
.DELETE_ON_ERROR:

run: $(VENV)/.installed web/dist/index.html ## serve on http://127.0.0.1:8000
	@$(BIN)/collab serve

test: $(VENV)/.tested web/dist/index.html $(VENV)/.browser ## run every test
	cd web && npm test --silent
	$(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile

soak: $(VENV)/.tested web/dist/index.html $(VENV)/.browser ## run the tests that take minutes each
	$(BIN)/pytest -m soak -o timeout=3600

fuzz: $(VENV)/.tested ## let a fuzzer look for bytes that break what reads them, FUZZ_SECONDS for each target
	$(PIP) --group fuzz
	@for target in $$($(BIN)/python -c 'from fuzz.targets import TARGETS; print(*TARGETS)'); do \
	  $(BIN)/python -m fuzz $$target $(FUZZ_SECONDS) || exit 1; done

lint: $(VENV)/.tested web/node_modules/.installed ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.known_holes
	cd web && npm run --silent lint

format: $(VENV)/.tested web/node_modules/.installed ## write every source in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd web && npm run --silent format

bench: $(VENV)/.tested web/dist/index.html benchmarks/peers/node_modules/.installed ## beside other servers, and how cost grows; rewrites docs/benchmarks.md and docs/scaling.md; POSTGRES=URL measures on PostgreSQL too
	@for name in $$($(BIN)/python -c 'from benchmarks.comparisons import ON_PAGE; print(*ON_PAGE)'); do \
	  $(BIN)/python -m benchmarks $$name || exit 1; done
	$(BIN)/python -m benchmarks store
	$(BIN)/python -m benchmarks lag
	$(BIN)/python -m benchmarks revocation
	$(BIN)/python -m benchmarks signins
	$(BIN)/python -m benchmarks durability $(if $(POSTGRES),--postgres $(POSTGRES))
	$(BIN)/python -m benchmarks growth

bench-quick: $(VENV)/.tested web/dist/index.html ## one room, ours beside a bare relay, in a minute; prints only
	$(BIN)/python -m benchmarks quick

build: $(VENV)/.tested web/dist/index.html ## build the wheel into dist/
	$(BIN)/python -m build --wheel

clean: ## remove what was made here, but never ./data
	rm -rf $(VENV) dist web/dist web/node_modules tests/clients/node_modules tests/oidc/node_modules benchmarks/peers/node_modules

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; $(PYTHON) is " + sys.version.split()[0])'
	@echo "Setting up Python in $(VENV) …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) --group dev
	@touch $@

$(VENV)/.browser: | $(BIN)/python
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "Installing Chromium for the browser tests …"; \
	  as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$as_root apt-get update -qq && $$as_root apt-get install -y -qq --no-install-recommends chromium; }
	@touch $@

%/node_modules/.installed: %/package.json %/package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); if (major < 20) { console.error("Node 20 or newer is needed; this is " + process.version); process.exit(1) }'
	cd $* && $(NPM_CI)
	@touch $@

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	@echo "Building the editor …"
	cd web && npm run --silent build
	@touch $@

# Two commands are the whole set-up: `make demo` and `make test`. Both install what they need into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# The lock is complete, so nothing is resolved and nothing is built: what anybody publishes tomorrow changes no install of today.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps --only-binary :all:
TRANSLATIONS := $(wildcard */translations/*/LC_MESSAGES/messages.po clients/*/translations/*/LC_MESSAGES/messages.po)

.PHONY: demo demo-reset serve-for-tests settings-page checks-page test coverage check lint types bench lock dist translations clean

$(VENV)/runtime.stamp: requirements/runtime.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m deploy.progress requirements/runtime.txt $(INSTALL) -r requirements/runtime.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/runtime.stamp
	@$(BIN)/python -m deploy.progress requirements/dev.txt $(INSTALL) -r requirements/dev.txt
	@touch $@

translations: $(VENV)/runtime.stamp
	@for po in $(TRANSLATIONS); do $(BIN)/pybabel -q compile -i $$po -o $${po%.po}.mo 2>/dev/null || exit 1; done

demo: $(VENV)/runtime.stamp translations
	@exec $(BIN)/python -m deploy.demo --port $(PORT)

demo-reset: $(VENV)/runtime.stamp
	@$(BIN)/python -m deploy.demo --reset

# For test suites of others (docs/testing.md): PORT=, ISSUER=https://… behind a proxy.
serve-for-tests: $(VENV)/runtime.stamp translations
	@exec $(BIN)/python -m deploy.for_tests --port $(PORT) $(if $(ISSUER),--issuer $(ISSUER))

settings-page: $(VENV)/runtime.stamp
	@$(BIN)/python -m deploy.settings_page

checks-page: $(VENV)/runtime.stamp
	@$(BIN)/python -m deploy.checks_page

test: $(VENV)/dev.stamp translations check
	$(BIN)/python -m pytest -n 3 --dist loadgroup

# The same tests with branch coverage, which takes half as long again.
coverage: $(VENV)/dev.stamp translations
	$(BIN)/python -m pytest -n 3 --dist loadgroup --cov --cov-report=term:skip-covered

check: lint types

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/dev.stamp
	$(BIN)/mypy
	MYPYPATH=stubs $(BIN)/stubtest authlib.oauth2 --ignore-missing-stub --allowlist stubs/allowed.txt --concise

bench: $(VENV)/dev.stamp translations
	$(BIN)/python -m bench

# Pins for every platform Python 3.11+ runs on, of what the two pyproject.toml ask for and of dev.in; no registry host is written into
# the files. `make lock UPGRADE=` leaves what is pinned where it is.
UPGRADE ?= --upgrade
COMPILE := $(BIN)/uv pip compile -q $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url
lock: $(VENV)/dev.stamp
	@$(COMPILE) -o requirements/runtime.txt pyproject.toml clients/kit/pyproject.toml
	@$(COMPILE) -o requirements/dev.txt pyproject.toml clients/kit/pyproject.toml requirements/dev.in

# The product's and the kit's wheel and source archive, in dist/, by the pinned build backend and without the network.
dist: $(VENV)/dev.stamp
	@for source in . clients/kit; do $(BIN)/uv build -q --python $(BIN)/python --no-build-isolation --offline --out-dir dist $$source; done

clean:
	rm -rf $(VENV) var dist build *.egg-info clients/kit/build clients/kit/*.egg-info .mypy_cache .ruff_cache .pytest_cache

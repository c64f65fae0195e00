# Two commands on a fresh machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# One thread each, as the command line sets it: more of them only fight for the cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.PHONY: demo test lint setup setup-test test-tools clean
setup: $(VENV)/.ready
setup-test: $(VENV)/.ready-test

$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	$(BIN)/twinbrush models fetch
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	$(PIP) -e ".[test]"
	@touch $@

demo: setup
	$(BIN)/twinbrush demo -o demo-out

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/pyright

test: lint
	$(BIN)/python -m pytest -n 2

# Khronos' glTF validator and Chromium, for the tests that skip without them.
test-tools:
	tests/tools/install.sh

clean:
	rm -rf $(VENV) demo-out

# Two commands on a fresh machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint setup clean
setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	$(BIN)/twinbrush models fetch
	@touch $@

demo: setup
	$(BIN)/twinbrush demo -o demo-out

lint: setup
	$(BIN)/ruff check .
	$(BIN)/pyright

test: setup lint
	$(BIN)/python -m pytest -n 2

clean:
	rm -rf $(VENV) demo-out

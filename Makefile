# Two commands on a fresh machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# One thread each, as the command line sets it: more of them only fight for the cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.PHONY: demo test lint setup setup-test test-tools dist site site-demo blender-addon clean
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

# Wheel and sdist -> dist/.
dist: setup-test
	$(BIN)/python -c "import setuptools.build_meta as b; print(b.build_sdist('dist'), b.build_wheel('dist'))"

# docs/ as a site -> site/; site-demo: with the bundled example's figure, that turns.
site: setup-test
	$(BIN)/python -m mkdocs build --strict

site-demo: site demo
	mkdir -p site/demo
	cp demo-out/oil/viewer.html site/demo/index.html

# The Blender add-on -> dist/twinbrush_blender.zip.
blender-addon: setup-test
	$(BIN)/python integrations/blender/pack.py dist/twinbrush_blender.zip

clean:
	rm -rf $(VENV) demo-out build dist site

# make run    makes an environment, installs the library and runs the main job on a made-up county
# make test   installs what the tests need and passes them all
PYTHON ?= python3
VENV ?= .venv
OUT ?= out/demo
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run report test lint types suite wheel site bundle bundle-check benchmarks docs clean

run: $(VENV)/run.stamp
	$(BIN)/deqing-geo demo --out $(OUT)
	@echo "Open $(OUT)/map.html in a browser."

# make report RECIPE=my.toml OUT=out/mine
report: $(VENV)/run.stamp
	$(BIN)/deqing-geo report $(RECIPE) --out $(OUT)

test: lint types suite wheel site

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.stamp
	$(BIN)/mypy

suite: $(VENV)/test.stamp
	@# Neighbouring tests share a county; stealing work keeps them on one worker.
	@# Executed notebooks are kept for the site.
	DEQING_GEO_NOTEBOOKS=out/notebooks $(BIN)/python -m pytest -n auto --dist worksteal

wheel: $(VENV)/test.stamp
	$(BIN)/python scripts/check_wheel.py

# The documentation, from out/site/index.html; opens from a disk, without a network.
site: $(VENV)/test.stamp
	$(BIN)/python scripts/build_site.py

# make bundle OUT=/media/stick/deqing_geo
bundle: $(VENV)/test.stamp
	$(BIN)/python scripts/offline_bundle.py $(OUT)

bundle-check: $(VENV)/test.stamp
	$(BIN)/python scripts/check_batch.py
	$(BIN)/python scripts/check_bundle.py

benchmarks: $(VENV)/test.stamp
	$(BIN)/python benchmarks/race_roads.py
	$(BIN)/python benchmarks/race_coverage.py
	$(BIN)/python benchmarks/race_siting.py
	$(BIN)/python benchmarks/race_network.py
	$(BIN)/python benchmarks/race_reading.py
	$(BIN)/python benchmarks/race_villages.py
	$(BIN)/python benchmarks/race_faults.py
	$(BIN)/python benchmarks/race_maps.py --small
	$(BIN)/python benchmarks/race_atlas.py --small
	$(BIN)/python benchmarks/race_province.py --small
	$(BIN)/python benchmarks/race_press.py --small
	$(BIN)/python benchmarks/race_startup.py

docs: $(VENV)/run.stamp
	$(BIN)/python scripts/write_definitions.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "deqing_geo needs Python 3.11 or newer: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/bin/python setup.cfg pyproject.toml
	$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/bin/python setup.cfg pyproject.toml
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/run.stamp

clean:
	rm -rf $(VENV) out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache

# Each target sets up .venv by itself when it is missing or older than pyproject.toml.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
NOW := 2026-11-22T12:00:00Z
EXAMPLES := --segments examples/segments.json --attributes examples/attributes.json --locations examples/locations.json --now $(NOW)

.PHONY: demo test check docs bench mutants clean

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

# Every example customer against every example segment.
demo: $(READY)
	@$(BIN)/python examples/demo.py

# Everything, on both cores. HYPOTHESIS_PROFILE=dev is quicker, deep looks harder.
test: $(READY)
	rm -f .coverage .coverage.*
	HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-ci} $(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term $(PYTEST_ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The page that is made from the operator table.
docs: $(READY)
	$(BIN)/python docs/make_operators.py

bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[bench]"
	$(BIN)/python -m benchmarks.bench_engine --write docs/benchmarks.md

# A quarter of an hour of one core, on all of them. MUTANTS_ARGS="--count 50 --seed 7" tries a few others, "--only matching/" one package.
mutants: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[mutants]"
	$(BIN)/python tests/mutants/run.py $(or $(MUTANTS_ARGS),--write)

clean:
	rm -rf .venv build dist .coverage .coverage.* .hypothesis .mypy_cache .ruff_cache .pytest_cache

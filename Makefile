# Everything a person types. Written for GNU make 3.81 and newer; the work is done by scripts/ and strandsweb/run.
.PHONY: run run-production-shape test lint bench kill-matrix fuzz vendor clean
export PYTHON

run: ## the whole of strandsweb on this machine, on http://127.0.0.1:8000 (PORT=..., DATA_DIR=...)
	@scripts/environment embedded
	@exec .venv/bin/python -m strandsweb.run

run-production-shape: ## the same processes with PostgreSQL and production settings, without the demo
	@scripts/environment embedded
	@exec .venv/bin/python -m strandsweb.run --production-shape

test: ## every check and every test; ends with what failed
	@scripts/environment dev
	@exec scripts/test

lint: ## the checks alone
	@scripts/environment dev
	@exec scripts/lint

bench: ## deployments beside their floor; writes benchmarks/results/
	@scripts/environment dev
	@exec .venv/bin/python -m benchmarks

vendor: ## fetch the pinned browser libraries again into static/vendor/
	@exec scripts/vendor

clean: ## remove what can be made again; var/ (your data) stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* htmlcov staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

kill-matrix: ## kill a worker at every point of a run, and compare what another one makes of it; writes docs/kill-matrix.md
	@scripts/environment dev
	@exec .venv/bin/python -m tests.proof.kill_matrix

fuzz: ## random lives of an environment until STEPS (10000) are done; writes var/fuzz-reproducer.py when one breaks
	@scripts/environment dev
	@exec .venv/bin/python -m tests.proof.fuzz --steps $(or $(STEPS),10000)

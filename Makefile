# Every goal prints the command it runs. `make help` lists them.
#   PYTHON=python3.12   the interpreter that makes .venv (3.10 to 3.13)
#   MODEL=... DATA=...  for the boards: a model file or zoo:NAME, and a data set such as data:digits
#   ARGS=...            handed on to the command, e.g. make test ARGS="-k conv -x"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PRODUCT := $(VENV)/.product
DEVELOPMENT := $(VENV)/.development
TOOL := $(BIN)/tinyml-compress
OUT ?= build
SKIPPED := $(OUT)/skipped.txt
BOARDS := $(sort $(basename $(notdir $(wildcard targets/*.toml))))
C_SOURCES := $(BIN)/python -c "import pathlib; print(*sorted(p for top in ('tinyml_compress', 'tests') for e in 'ch' for p in pathlib.Path(top).rglob('*.' + e) if 'golden' not in p.parts))"

# An interpreter named by the caller wins over the one an earlier .venv was made with.
ifneq ($(origin PYTHON),file)
PREFIX_OF := -c 'import sys; print(sys.base_prefix)'
ifneq ($(shell $(PYTHON) $(PREFIX_OF)),$(shell test -x $(BIN)/python && $(BIN)/python $(PREFIX_OF)))
CLEAR := --clear
$(PRODUCT): FORCE
endif
endif

.DEFAULT_GOAL := help
.PHONY: help demo demo-torch demo-transformer install install-dev pins test test-skipped test-full coverage check format docs bench golden producers targets all-targets $(BOARDS) FORCE

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-17s %s\n", $$1, $$2}'
	@echo "  make BOARD MODEL=...  from a model to a verdict for that board, BOARD being one of:"
	@echo "                    $(BOARDS)" | fold -s -w 110

install: $(PRODUCT) ## make .venv and install the tool, at the versions of requirements/tested.txt

install-dev: $(DEVELOPMENT) ## besides, the tools of the tests, the checks and the documentation

$(PRODUCT): setup.cfg setup.py pyproject.toml requirements/tested.txt
	$(PYTHON) requirements/install.py product $(CLEAR)

$(DEVELOPMENT): $(PRODUCT)
	$(PYTHON) requirements/install.py development

pins: $(DEVELOPMENT) ## requirements/tested.txt anew: the newest releases that setup.cfg allows
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/python -m uv pip compile setup.py --extra dev --universal --python-version 3.10 --no-python-downloads --upgrade \
		--constraint requirements/known.txt --unsafe-package pip --no-emit-package pip \
		--no-annotate --custom-compile-command "make pins" --output-file requirements/tested.txt --quiet

demo: $(PRODUCT) ## train a digits network, make it int8, compare, and judge it for every board
	$(TOOL) demo -o $(OUT)/demo $(ARGS)

demo-torch: $(PRODUCT) ## a PyTorch net, trained, made int8, judged on test digits and run on an emulated board
	$(TOOL) convert torch:examples.pytorch_digits:trained --calibration data:digits:train -o $(OUT)/demo-torch --name digits
	$(TOOL) evaluate $(OUT)/demo-torch/digits.tflite --data data:digits:test
	$(TOOL) benchmark $(OUT)/demo-torch/digits.tflite --target nucleo-l4r5zi

demo-transformer: $(PRODUCT) ## a two-layer DeBERTa, trained, made smaller, compared, and converted
	$(BIN)/python examples/transformer_intents.py $(OUT)/demo-transformer/deberta
	$(TOOL) optimize hf:$(OUT)/demo-transformer/deberta@32 --data data:intents:test -o $(OUT)/demo-transformer/smaller
	$(TOOL) convert hf:$(OUT)/demo-transformer/deberta@32 --calibration data:intents:train --mode float16 -o $(OUT)/demo-transformer/tflite --name deberta
	$(TOOL) compare hf:$(OUT)/demo-transformer/deberta@32 hf:$(OUT)/demo-transformer/smaller@32 $(OUT)/demo-transformer/tflite/deberta.tflite --data data:intents:test --rounds 5

test: $(DEVELOPMENT) ## the tests, on two processes
	$(BIN)/python -m pytest -q -n 2 --dist loadscope -m "not full" -p tests.lib.rooms -p tests.lib.skips --skipped-to $(SKIPPED) $(ARGS)

test-skipped: $(DEVELOPMENT) ## the tests that the last `make test` skipped, once what they want is installed
	$(if $(shell test -s $(SKIPPED) && echo some),$(BIN)/python -m pytest -q -n 2 --dist loadscope @$(SKIPPED) $(ARGS),@echo "no list of skipped tests in $(SKIPPED), or nothing in it: run make test first")

test-full: $(DEVELOPMENT) ## PART=name runs a part of the long proofs (missing: all that did not pass yet); alone: what passed when
	$(BIN)/python -m tests.lib.full $(PART) $(ARGS)

coverage: $(DEVELOPMENT) ## the tests, with the line coverage of the package
	$(BIN)/python -m pytest -q -n 2 --dist loadscope -m "not full" --cov --cov-report=term:skip-covered $(ARGS)

check: $(DEVELOPMENT) ## ruff, mypy --strict, clang-format: changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror $$($(C_SOURCES))

format: $(DEVELOPMENT) ## put Python and C into their form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $$($(C_SOURCES))

docs: $(DEVELOPMENT) ## the documentation as a site in build/site; a warning is an error
	$(BIN)/python docs/tables.py --check
	$(BIN)/python docs/schema.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: $(DEVELOPMENT) ## run the performance programs of benchmarks/ (an hour and a half)
	for program in $$(ls benchmarks/*.py 2>/dev/null); do echo "$(BIN)/python $$program"; $(BIN)/python $$program || exit 1; done
	$(BIN)/python docs/tables.py

golden: $(DEVELOPMENT) ## write the golden files of tests/golden anew; read the diff before you commit it
	TINYML_COMPRESS_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests/golden $(ARGS)

producers: $(DEVELOPMENT) ## which number of support/producers.py a change of sources raises; SAME=name where results stay the same
	$(BIN)/python -m tests.lib.producers $(SAME)

targets: $(PRODUCT) ## the boards, with flash, RAM and clock
	$(TOOL) targets $(ARGS)

all-targets: $(PRODUCT) ## MODEL=... judged for every board, one table
	$(TOOL) benchmark $(MODEL_GIVEN) --target all $(if $(DATA),--data $(DATA)) $(ARGS)

$(BOARDS): $(PRODUCT)
	$(TOOL) benchmark $(MODEL_GIVEN) --target $@ $(if $(DATA),--data $(DATA)) $(ARGS)

MODEL_GIVEN = $(or $(MODEL),$(error say which model, e.g. make $@ MODEL=zoo:ds_cnn or MODEL=path/to/model.tflite))

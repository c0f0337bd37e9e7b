# Two commands matter: `make serve` and `make test`. Set-up is part of both and is skipped when nothing changed.
PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
MODEL ?= nano
# An extra package index for another build of PyTorch (pytorch.org's install page names the one for CPUs)
TORCH_INDEX ?=

BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup serve test lint format lock acceptance

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
		{ echo "error: joyflash needs Python 3.11 or 3.12; name one with PYTHON=python3.12" >&2; exit 2; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

serve: setup
	@exec $(BIN)/joyflash serve --model "$(MODEL)" --host "$(HOST)" --port "$(PORT)"

test: setup
	$(BIN)/python -m pytest -q -n auto

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	@{ sed -n '/^#/p' requirements.lock; $(BIN)/python -m pip freeze --all --exclude pip --exclude joyflash | \
		sed -E 's/^(torch==[0-9.]+)\+.*/\1/'; } > requirements.lock.new && mv requirements.lock.new requirements.lock

# Suites that others wrote, against `joyflash serve`. The first run fetches them; SUITES= names some of them.
acceptance: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/acceptance/run.py $(SUITES)

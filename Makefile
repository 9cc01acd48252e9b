# Everything a person does with this project. Python 3.11 or newer and make are all it needs to start; `make` lists the targets.
#
# Set-up happens once per target group: an environment in .venv, made by uv where uv is installed and by venv and pip
# where it is not. A stamp in it remembers which extra of pyproject.toml is installed, so only a change there repeats it.

VENV := .venv
BIN  := $(VENV)/bin
# More options for `make demo` (jupyter lab's), `make unit` (pytest's) and `make bench`, for example ARGS=--no-browser.
ARGS :=

# The first of these that is new enough makes the environment: the newest tested one, then any other. `make PYTHON=name`
# takes that one. Each is asked, because a name may lead nowhere.
PYTHON     := python3.13 python3.12 python3.11 python3 python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

NOTEBOOKS := $(wildcard notebooks/*.ipynb)
DEMO      := 01_departures.ipynb
# The modules that widgets begin with; the others are imported by these.
PAGE      := $(addprefix reactive_nb/notebook/static/,grid.js content.js job.js form.js button.js)

.PHONY: help demo test check check-js check-lab lab fix unit notebooks bench
.DELETE_ON_ERROR:

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The notebooks are copied, so that trying them out changes nothing that git watches. A copy is replaced when its
# original is newer. --allow-root means nothing to anyone but root.
demo: $(VENV)/.ready-demo $(NOTEBOOKS:notebooks/%=demo/%)  ## open JupyterLab on the departures notebook (ARGS=--no-browser prints the URL)
	$(BIN)/jupyter lab --allow-root --ServerApp.root_dir=demo --LabApp.default_url=/lab/tree/$(DEMO) $(ARGS)

demo/%: notebooks/%
	@mkdir -p $(@D)
	cp $< $@

test: check  ## check, then run every test: units, properties, notebooks, browser
	$(BIN)/pytest

check: $(VENV)/.ready-dev  ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Nothing needs it in order to work, so it is not part of `check`: types are in comments, and browsers read the files as
# they are.
check-js:  ## types of the page's code (asks npx for the TypeScript compiler; without Node it is skipped, and says so)
	@if command -v npx >/dev/null; then \
	  npx --yes --package typescript@5.9 tsc --noEmit --allowJs --checkJs --strict --noUnusedLocals --target es2022 \
	    --module es2022 --moduleResolution bundler --lib es2023,dom,dom.iterable $(PAGE); \
	else echo "skipped: there is no npx, which comes with Node"; fi

# The panel that is built is part of the repository: without it neither users nor tests need Node. Whoever changes its
# sources builds it again; tests/lab/test_stamp.py says so.
lab: labextension/node_modules/.ready  ## build the JupyterLab panel from its sources (needs Node 20 and npm)
	@cd labextension && node build.mjs

check-lab:  ## types of the panel's code (needs Node and an npm registry; without them it is skipped, and says so)
	@if command -v npm >/dev/null && $(MAKE) --silent labextension/node_modules/.ready; then \
	  cd labextension && node build.mjs --types; \
	else echo "skipped: the types of the panel's code need Node 20 and the npm registry"; fi

labextension/node_modules/.ready: labextension/package-lock.json
	@cd labextension && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

fix: $(VENV)/.ready-dev  ## mend what lint and format can mend by themselves
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: $(VENV)/.ready-dev  ## the quick tests only (ARGS=tests/values)
	$(BIN)/pytest -m "not slow and not browser" $(ARGS)

notebooks: $(VENV)/.ready-dev  ## execute every notebook from a clean kernel
	$(BIN)/pytest tests/test_notebooks.py

bench: $(VENV)/.ready-dev  ## print the measurements that the README quotes (ARGS="reads --quick" some of them, in small)
	@$(BIN)/python -m benchmarks $(ARGS)

# An environment that does not run (its Python was removed, or is too old) is made anew.
$(VENV)/.ready-%: pyproject.toml
	@if ! $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null; then \
	  for python in $(PYTHON) ""; do \
	    if "$$python" -c '$(NEW_ENOUGH)' 2>/dev/null; then break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "reactive_nb needs Python 3.11 or newer, and none of these is: $(PYTHON)." >&2; \
	    echo "Install one, or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$("$$python" --version) (once)"; \
	  if command -v uv >/dev/null; then uv venv --quiet --clear --seed --python "$$python" $(VENV); \
	  elif ! "$$python" -m venv --clear $(VENV); then \
	    echo "$$python cannot make environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	  fi; \
	fi
	@echo "Installing what '$*' needs into $(VENV) (once; a minute or two)"
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python --editable '.[$*]'; \
	else $(BIN)/python -m pip install --quiet --editable '.[$*]'; fi
	@touch $@

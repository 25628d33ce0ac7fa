# Every target sets up what it needs by itself, in .venv, and only again when the pins change.
# The service is configured by IMPASTO_* variables: IMPASTO_PORT=9000 make serve

# The first Python that is new enough; name another with `make PYTHON=/usr/bin/python3.12 serve`.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
# Installs from the same registry as pip, in a fraction of the time.
UV_VERSION := 0.13.8
UV := .venv/bin/uv
INSTALL := $(UV) pip install --quiet --python .venv/bin/python
# UPGRADE=--upgrade raises every pin; without it `make pins` changes only what pyproject.toml demands.
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--custom-compile-command 'make pins' $(UPGRADE)

.DEFAULT_GOAL := all
# What finds faults of accessibility in the page; fetched, not kept here. From npm, and only this file of it.
AXE_VERSION := 4.14.1
AXE_SHA256 := 29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c

# What the page paints with on a visitor's own device; built and fetched, not kept here.
KERNELS := app/web/engine/kernels.wasm
KERNEL_SOURCES := $(wildcard model/native/*.h model/network/*.cpp model/pictures/*.cpp model/browser/*.*)

# From npm, and only these files of it.
ORT_VERSION := 1.30.0
ORT := app/web/onnxruntime-web/$(ORT_VERSION)
# For WebGPU and WebAssembly, and half as large for WebAssembly alone.
ORT_SHA256 := \
	0730816731ce2cdfb06f273da065d4a1c7091eb9d1756a83b2916c8a89d015e2 ort.webgpu.bundle.min.mjs \
	39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da ort-wasm-simd-threaded.asyncify.wasm \
	11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90 ort.wasm.bundle.min.mjs \
	3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2 ort-wasm-simd-threaded.wasm
ORT_FILES := $(filter ort%,$(ORT_SHA256))
ORT_PACKED := $(addprefix $(ORT)/,$(addsuffix .gz,$(filter %.wasm,$(ORT_FILES))))

.PHONY: all help serve test cluster fuzz check load soak ship format pins axe device runtime

all: .venv/.requirements help  ## set everything up, with the command impasto in .venv/bin, and list the targets

help:  ## list the targets
	@sed -nE 's/^([a-z]+):.*  ## (.*)/make \1\t\2/p' $(MAKEFILE_LIST)

serve: .venv/.requirements  ## start the service on 127.0.0.1:8000
	@exec .venv/bin/impasto serve

# One process more than there are cores, since tests wait a lot. A file of tests stays with one of them; those of the
# browser, which need a service of their own, come last.
PARALLEL := --numprocesses $(shell expr $$(nproc) + 1) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: .venv/.requirements-dev  ## run the tests; ARGS="-k blend" passes arguments on
	.venv/bin/python -m pytest $(PARALLEL) $(ARGS)

cluster: .venv/.requirements-dev  ## run the tests on a Ray of their own: of HTTP against replicas, of painting in bulk; some minutes
	.venv/bin/python -m pytest -m cluster $(ARGS)

RUNS := 20000

fuzz: .venv/.requirements-dev  ## send the service what it may never be at a loss with; RUNS=100000 mutated files, packs and forms
	.venv/bin/python -m pytest --hypothesis-profile fuzz --timeout 0 tests/app/test_openapi.py
	.venv/bin/python -m tests.hostile.fuzz $(RUNS)

check: .venv/.requirements-dev  ## lint, types, who imports whom, whose figures, known vulnerabilities; writes dist/sbom.cdx.json
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/python -m mypy
	.venv/bin/lint-imports
	.venv/bin/hadolint Dockerfile
	.venv/bin/python -m impasto.scripts.studies.figures
	@mkdir -p dist
	.venv/bin/python -W ignore -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml \
		--output-reproducible --output-file dist/sbom.cdx.json
	.venv/bin/python .ci/audit.py .venv/bin/pip-audit

load: .venv/.requirements-dev  ## more than the service can do, on a machine with nothing else: some minutes
	.venv/bin/python -m impasto.scripts.studies.load $(ARGS)

soak: .venv/.requirements-dev  ## ten minutes of much work; ARGS="--soak-seconds 3600" for more
	.venv/bin/python -m impasto.scripts.studies.load --only soak $(ARGS)

ship: .venv/.requirements-dev  ## train on, and replace what is shipped if it is better: many hours; ARGS="--styles … --content … --large …"
	.venv/bin/python -m impasto.scripts.studies.ship $(ARGS)

format: .venv/.requirements-dev  ## lay the code out and fix what can be fixed by itself
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

device: $(KERNELS) runtime  ## build and fetch what the page paints with on a visitor's own device; needs npm

runtime: $(ORT_PACKED)

axe: .venv/axe-core/axe.min.js  ## fetch axe-core, with which the tests of the page look for barriers; needs npm

pins: $(UV)  ## write requirements*.txt anew from pyproject.toml; UPGRADE=--upgrade raises every pin
	$(COMPILE) pyproject.toml --extra audio --extra traces --extra video --output-file requirements.txt
	$(COMPILE) pyproject.toml --group dev --constraints requirements.txt --output-file requirements-dev.txt
	$(COMPILE) --group device --output-file requirements-device.txt

.venv/.%: %.txt pyproject.toml | $(UV)
	@echo "Installing $< into .venv"
	@$(INSTALL) --require-hashes --requirements $<
	@$(INSTALL) --no-deps --editable .
	@touch $@

.venv/axe-core/axe.min.js: | $(UV)
	@mkdir -p $(@D)
	@cd $(@D) && npm pack --silent axe-core@$(AXE_VERSION) >/dev/null \
		&& tar -xzf axe-core-$(AXE_VERSION).tgz --strip-components=1 package/axe.min.js
	@echo "$(AXE_SHA256)  $@" | sha256sum --check --quiet || { rm $@; exit 1; }

$(KERNELS): $(KERNEL_SOURCES) .venv/.requirements .venv/.requirements-device
	@.venv/bin/impasto kernels --browser

$(ORT_PACKED) &:
	@rm -rf $(dir $(ORT)) && mkdir -p $(ORT)
	@cd $(ORT) && npm pack --silent onnxruntime-web@$(ORT_VERSION) >/dev/null \
		&& tar -xzf onnxruntime-web-$(ORT_VERSION).tgz --strip-components=2 $(addprefix package/dist/,$(ORT_FILES)) \
		&& rm onnxruntime-web-$(ORT_VERSION).tgz
	@(cd $(ORT) && printf '%s  %s\n' $(ORT_SHA256) | sha256sum --check --quiet) || { rm -r $(dir $(ORT)); exit 1; }
	@gzip -9 --no-name $(ORT_PACKED:.gz=)

$(UV):
	@test -n "$(PYTHON)" \
		|| { echo "Impasto needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.12 ..."; exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is no Python 3.11 or newer. Name another: make PYTHON=/path/to/python3.12 ..."; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) has no venv module (Debian, Ubuntu: apt install python3-venv)."; exit 1; } >&2
	@echo "Creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

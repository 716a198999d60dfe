# Two commands for users: `make demo` and `make test`. Both prepare everything by themselves.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .setup
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PYTHON ?= python3

DEB_CACHE ?= /var/cache/uketsuke-deb
VM_CACHE ?= /var/cache/uketsuke-vm

.PHONY: help setup demo fleet-demo test deb deb-test vm-test check bench bench-demo bench-station fuzz faults pages format lock voice clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(STAMPS)/assets $(STAMPS)/voice ## Install what is needed: packages, weights, pictures, the voice's recordings.

demo: setup ## Six visits with a real broker, real card protocol and a real face match. PCSC=1 goes through pcscd.
	@$(BIN)/uketsuke demo $(if $(PCSC),--pcsc) $(ARGS)

fleet-demo: $(STAMPS)/python ## Twenty simulated units and their page: claimed, set, updated, quarantined, revoked. ARGS="--keep", "--json".
	@$(BIN)/uketsuke fleet-demo $(ARGS)

test: setup ## All tests, on all cores. ARGS="-n 0 tests/card" for some, one after the other.
	$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

vm-test: setup ## Visits on a kernel's simulated GPIO chip, camera, watchdog and reader, in QEMU; VM_ONLY=service: under systemd. Installs 260 MB of packages; Debian 12.
	@$(SUDO) vm/prepare $(VM_CACHE)
	@vm/run $(VM_CACHE)

deb: setup ## The Debian package, into dist/. ARGS="--arch arm64 --release trixie" for another system than Debian 12 on amd64.
	@$(BIN)/python -m deb $(ARGS)

deb-test: setup ## Install, upgrade, remove and purge the package in fresh Debians, arm64 in emulation. Root; see docs/package.md.
	@$(SUDO) deb/test $(DEB_CACHE) $(ARGS)

check: $(STAMPS)/python ## Format, lint, types, import rules, systemd's view of our unit files.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	systemd/check

bench: $(STAMPS)/python ## What card part, clinic side, line and panel cost. ARGS="--only line" for one; --picture FILE draws the card.
	@$(BIN)/python -m bench $(ARGS)

bench-demo: $(STAMPS)/assets ## The bench for hardware testers: a simulated unit goes through the whole functional plan, and its report is written.
	@$(BIN)/python -m hw demo --folder .cache/bench-station $(ARGS)

bench-station: $(STAMPS)/assets ## The bench's page in the browser, with a simulated unit. ARGS="--unit FILE --rig board:/dev/ttyACM0" for a real one.
	@$(BIN)/python -m hw station --folder .cache/bench-station $(ARGS)

fuzz: $(STAMPS)/python ## Hostile input for a minute per harness. ARGS="--seconds 600 conversation" for longer.
	@$(BIN)/python -m fuzz $(ARGS)

faults: $(STAMPS)/python ## The fault campaign of the line: 10,000 histories, kills at every write, a real site. Takes ten minutes.
	@$(BIN)/python -m faults $(ARGS)

format: $(STAMPS)/python ## Put the source into shape.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pages: $(STAMPS)/python ## Write the pages that are made from the source: reasons, wire, broker, doctor, operation.
	$(BIN)/python -m device.wire.reasons_page docs/reasons.md
	$(BIN)/python -m device.wire.messages_page docs/wire.md tests/wire/golden/v1
	$(BIN)/python -m provisioning.page docs/broker.md
	$(BIN)/python -m device.app.doctor.page docs/doctor.md
	$(BIN)/python -m device.app.care_page docs/operation.md

lock: $(STAMPS)/python ## Write requirements.lock anew from pyproject.toml.
	$(PYTHON) -m venv $(STAMPS)/uv && $(STAMPS)/uv/bin/pip install --quiet uv
	printf '%s\n' '# Exact versions with digests for Python 3.11 to 3.13, Linux, x86_64 and aarch64. Made by `make lock` from pyproject.toml.' > requirements.lock.new
	$(STAMPS)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --group dev --generate-hashes --no-header pyproject.toml >> requirements.lock.new
	mv requirements.lock.new requirements.lock

voice: $(STAMPS)/python ## Record what the unit says, with free engines and voices; only what is missing.
	@$(BIN)/uketsuke voice build

clean: ## Remove what setup made, but not the Debian packages.
	rm -rf $(VENV) $(STAMPS) models/weights models/photos voice/wav voice/voices

$(STAMPS)/system: packages.debian
	@mkdir -p $(STAMPS)
	@missing=$$(for name in $$(sed -n 's/^\([^#? ].*\)/\1/p' packages.debian); do \
	    dpkg-query -W -f='$${Status}' "$$name" 2>/dev/null | grep -q 'ok installed' || echo "$$name"; done); \
	if [ -n "$$missing" ]; then \
	    echo "Installing Debian packages:" $$missing; \
	    $(SUDO) apt-get update -q && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
	        -o DPkg::Lock::Timeout=400 $$missing || \
	    { echo "Debian packages could not be installed; install them by hand and try again:" $$missing; exit 1; }; \
	fi
	@for name in $$(sed -n 's/^?//p' packages.debian); do \
	    dpkg-query -W -f='$${Status}' "$$name" 2>/dev/null | grep -q 'ok installed' || \
	    { $(SUDO) apt-get update -q && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
	        --no-install-recommends -o DPkg::Lock::Timeout=400 "$$name"; } >/dev/null 2>&1 || \
	    echo "Not to be had here, its tests will be skipped: $$name"; \
	done
	@touch $@

$(STAMPS)/python: requirements.lock pyproject.toml $(STAMPS)/system
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	    { echo "Python 3.11 to 3.13 is needed; $$($(PYTHON) --version) is what '$(PYTHON)' is. Try: make PYTHON=python3.12 …"; exit 1; }
	@echo "Installing Python packages into $(VENV) (exact versions, digests checked)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/assets: models/manifest.toml models/photos.toml $(STAMPS)/python
	@$(BIN)/uketsuke models fetch $(if $(MIRROR),--mirror $(MIRROR))
	@touch $@

$(STAMPS)/voice: voice/voice.toml device/wire/phrases.toml device/wire/reasons.toml $(STAMPS)/python
	@$(BIN)/uketsuke voice build
	@touch $@

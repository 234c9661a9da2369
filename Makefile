# SPDX-License-Identifier: Apache-2.0
# Short front for Meson and Ninja. `make help` lists the targets.
BUILD ?= build
DESTDIR ?=
prefix ?= /usr/local
SAN := address,undefined

.PHONY: all help deps demo test check unit system guest fuzz faults soak golden bench install clean clang format
.DEFAULT_GOAL := all

all: $(BUILD)/build.ninja ## build tare, tared and their helpers into build/
	@tools/check-layers
	@ninja -C $(BUILD)
	@tools/settle $(BUILD)

deps: ## install what is missing of Debian's packages
	@tools/install-deps build test

demo: ## install what is missing, build, and show isolation and limits working
	@tools/demo

test: ## every check and test; ends with 'N passed, N failed, N skipped'
	@tests/run-all

check: ## layers, format, static analysis, documents, and the tests of these checks
	@tools/check

unit: clang ## unit tests, under sanitizers
	@meson test -C build-clang --suite unit --print-errorlogs

system: all ## system tests of this host (as root); ONLY=file.bats for one file
	@tests/run-all system

guest: all ## the same in a guest with pure cgroup v2
	@tests/run-all guest

fuzz: ## a minute of fuzzing for each parser; SECONDS_EACH=N for another time
	@tests/run-all --soak fuzz

faults: ## every operation with its 1st, 2nd, 3rd … call failing, and with each process killed there (an hour)
	@tests/run-all --soak faults

soak: ## the slow tests in full: starts by the thousand, long fuzzing, every fault
	@tests/run-all --soak

golden: all ## write the golden files anew; look at the difference
	@TARE_GOLDEN=write meson test -C $(BUILD) --suite golden --print-errorlogs
	@git diff --stat -- tests/golden

clang: build-clang/build.ninja ## clang with both sanitizers and the fuzzers, in build-clang/
	@ninja -C build-clang

format: ## clang-format for every C file
	@tools/format

install: all ## into $(DESTDIR)$(prefix), /usr/local by default
	@meson configure $(BUILD) -Dprefix="$(prefix)" >/dev/null
	@meson install -C $(BUILD) --quiet --strip --destdir "$(abspath $(DESTDIR))"

clean: ## remove every build folder
	rm -rf build build-clang build-faults

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BUILD)/build.ninja:
	@meson setup $(BUILD) >/dev/null

build-clang/build.ninja:
	@CC=clang meson setup build-clang -Doptimization=0 -Db_sanitize=$(SAN) -Db_lundef=false -Dstatic_programs=false -Dfuzz=true -Dsuites=unit,golden,fuzz >/dev/null

build-faults/build.ninja:
	@meson setup build-faults -Doptimization=0 -Dfaults=true -Dsuites=[] >/dev/null

-include bench/*.mk

# SPDX-License-Identifier: Apache-2.0
# Verbs in front of CMake, which alone describes the build: `make`, `make check`, `make install PREFIX=/usr`.
# CC, CFLAGS and LDFLAGS count when a build folder is first configured; `make clean` forgets it.

PREFIX  ?= /usr/local
DESTDIR ?=
FILTER  ?=
SEED    ?=
# one that has numpy, for the tests in Python
PYTHON  ?= $(firstword $(shell for p in python3 /usr/bin/python3; do $$p -c 'import numpy' 2>/dev/null && echo $$p; done) python3)
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)

ifneq ($(shell command -v ninja 2>/dev/null),)
export CMAKE_GENERATOR ?= Ninja
endif
ifneq ($(origin CC),default)
export CC
endif
export FILTER SEED

# preset[, target]
build_it = { test -e build/$(1)/CMakeCache.txt || cmake --preset $(1) >build/$(1).log || { cat build/$(1).log; false; }; } \
           && cmake --build build/$(1) -j $(JOBS) $(if $(2),--target $(2))

.PHONY: all help build check test torture bench fuzz asan tsan fmt lint layers abi size docs man install dist demo clean

all: build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

build: ## the library and the command into build/release
	@mkdir -p build && $(call build_it,release,product)

check: ## every test, plain
	@mkdir -p build && $(call build_it,release)
	@$(PYTHON) tests/run.py build/release

asan: ## every test under the address and undefined-behaviour sanitizers
	@mkdir -p build && $(call build_it,asan)
	@$(PYTHON) tests/run.py build/asan

tsan: ## the tests that use threads under the thread sanitizer
	@mkdir -p build && $(call build_it,tsan)
	@$(PYTHON) tests/run.py --only unit/pool --only runtime build/tsan

test: ## check and asan, counted together
	@mkdir -p build && $(call build_it,release)
	@$(call build_it,asan)
	@$(PYTHON) tests/run.py build/release build/asan

torture: ## faults, threads and fuzzing, for longer
	@mkdir -p build && $(call build_it,asan) && $(call build_it,tsan)
	@TENON_TEST_LONG=1 $(PYTHON) tests/run.py build/asan build/tsan
	@$(MAKE) --no-print-directory fuzz SECONDS_EACH=300

fuzz: ## each target for SECONDS_EACH (20) seconds; needs clang
	@mkdir -p build && $(call build_it,fuzz)
	@tools/fuzz build/fuzz $(or $(SECONDS_EACH),20)

bench: ## beside onnxruntime (from PyPI, into build/bench-env) in one run, and the benchmark programs
	@mkdir -p build && $(call build_it,release)
	@$(PYTHON) tools/bench
	@m=$${TENON_TEST_DATA:-../shared/data}/models/llm-stories260k/model_op17.onnx; test ! -e $$m || build/release/bench/bind $$m

fmt: ## formats every C file in place
	@tools/c-files | xargs clang-format -i

lint: layers ## clang-format, clang-tidy and the layer rules, changing nothing
	@tools/check-format
	@mkdir -p build && $(call build_it,dev)
	@tools/c-files | grep '^src/.*\.c$$\|^apps/.*\.c$$' | xargs clang-tidy --quiet -p build/dev

layers: ## who may include whom (src/LAYERS)
	@tools/check-layers

abi: build ## exported names, each public header alone as C99 and C++11, the installed packages
	@tools/check-symbols build/release/libtenon.so
	@tools/check-headers
	@tools/check-install build/release

size: ## the longest files and functions, the sizes of the libraries
	@tools/size

docs: build ## links in the documents lead somewhere, snippets in C compile
	@$(PYTHON) tools/check-docs build/release

man: build ## the manual page, as the command prints it
	@echo build/release/tenon.1

install: build ## to PREFIX (/usr/local), below DESTDIR
	@cmake --install build/release --prefix $(PREFIX)

dist: ## a source archive of the last commit
	@version=$$(awk '/define TENON_VERSION_(MAJOR|MINOR|PATCH)/ {v = v s $$3; s = "."} END {print v}' \
	    include/tenon/version.h); mkdir -p build && \
	    git archive --format=tar.gz --prefix=tenon-$$version/ -o build/tenon-$$version.tar.gz HEAD && \
	    echo build/tenon-$$version.tar.gz

demo: build ## trains nothing, fetches nothing: runs a small model on its test set
	@tools/demo

clean: ## forgets all builds
	rm -rf build

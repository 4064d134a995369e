# `make` alone lists what there is. Everything works in a fresh clone: what needs the set-up runs it first.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PORT ?= 8080
WORKER_PORT ?= 8081
DATA_DIR ?= .data

# The library that infra/setup fetches, unless the caller brings one.
ORT_DYLIB_PATH ?= $(CURDIR)/.runtime/onnxruntime/libonnxruntime.so

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: PORT=$(PORT) WORKER_PORT=$(WORKER_PORT) DATA_DIR=$(DATA_DIR), for instance: make run PORT=9000"

# Only these targets hand the settings on: tests choose ports and folders themselves.
.PHONY: run run-api run-worker
run run-api run-worker: export PORT := $(PORT)
run run-api run-worker: export WORKER_PORT := $(WORKER_PORT)
run run-api run-worker: export DATA_DIR := $(DATA_DIR)
run: ## build and start the API and the worker, print the URL; Ctrl-C stops both
	@infra/run-local
run-api: ## only the API, in the foreground
	@infra/run-local api
run-worker: ## only the worker, in the foreground
	@infra/run-local worker

.PHONY: setup
setup: ## install missing system packages and the pinned ONNX Runtime
	@infra/setup
.PHONY: setup-tests
setup-tests: # the same, and a browser
	@infra/setup --test

# Built for release on purpose: the system tests start the real binaries, and one build serves users and tests alike.
.PHONY: test fuzz-api fuzz-decoders soak bench
test soak bench: export ORT_DYLIB_PATH := $(ORT_DYLIB_PATH)
test: setup-tests ## every test, over the release binaries
	cargo build --locked --release --workspace --bins
	cargo test --release --workspace
fuzz-api: setup ## what its own description says and forbids, sent to the API: schemathesis
	@infra/fuzz-api

fuzz-decoders: setup ## two minutes of fuzzing for each decoder and the inspector, where there is a nightly Rust
	@infra/fuzz-decoders
soak: setup ## a minute of photos with kill -9 of API and worker at random; infra/soak for longer
	@infra/soak --seconds 60
bench: setup ## measure: rendering, the API under load, the local backend
	infra/bench-render
	infra/bench-api --worker
	cargo bench -p headshot-backend

.PHONY: check fmt clippy deny imports doc shellcheck
check: fmt clippy deny imports doc shellcheck ## everything .ci/run checks besides the tests
fmt: ## is everything formatted?
	cargo fmt --all --check
clippy: setup ## lints, with warnings as errors
	cargo clippy --release --workspace --all-targets -- -D warnings
deny: setup ## licences, sources, known defects and who may depend on whom
	@infra/check-dependencies
imports: ## no circles between files, and no imports against the layers
	@infra/check-imports
doc: setup ## the documentation builds without a warning
	RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps
shellcheck: ## lint the scripts
	@if command -v shellcheck >/dev/null; then \
	  shellcheck .ci/run $$(grep -lE '^#!.*\b(ba)?sh$$' $$(git ls-files infra training)); \
	else \
	  echo "shellcheck: SKIPPED, it is not installed (infra/setup --ci installs it)"; \
	fi

# Images and running them on Google Cloud: docs/images.md, docs/deploy.md. PHOTO is a photo of a dog or a cat.
.PHONY: hadolint doc-links test-scripts images deploy rollback smoke load-test
check: hadolint doc-links
hadolint: ## lint the Dockerfiles
	@infra/check-images
doc-links: ## do the links between the documents lead somewhere?
	@infra/check-doc-links
test-scripts: ## the scripts that deploy, roll back and replay, over fakes and Google's emulator
	python3 -m unittest discover --verbose --start-directory infra/tests
images: ## build both images without a registry and send PHOTO through them
	infra/try-images "$(PHOTO)"
deploy: ## build in the cloud, apply, send PHOTO through it
	infra/deploy "$(PHOTO)"
rollback: ## put the images of the release before back
	infra/rollback $(if $(PHOTO),--photo="$(PHOTO)")
smoke: ## send PHOTO through the service at URL and take apart what comes out
	@infra/smoke "$(URL)" "$(PHOTO)"
load-test: ## send 100 times PHOTO to the service at URL
	@infra/load-test "$(URL)" "$(PHOTO)"

# The checker carries the provider's schema, so that nothing is asked of Google or of a registry. Without it the provider itself
# comes from Terraform's registry; Google is not asked then either. Where there is no network either, most of it is
# skipped, except on GitHub, which has one.
.PHONY: terraform
check: terraform
terraform: ## format, schema and tests of terraform/
	@if [ -x ../shared/terraform-check/check ] && command -v terraform >/dev/null; then \
	  ../shared/terraform-check/check terraform; \
	elif command -v terraform >/dev/null; then \
	  terraform -chdir=terraform fmt -check -recursive || exit; \
	  if terraform -chdir=terraform init -backend=false -input=false; then \
	    terraform -chdir=terraform validate && terraform -chdir=terraform test; \
	  elif [ "$$GITHUB_ACTIONS" ]; then exit 1; \
	  else echo "terraform: SKIPPED all but the format, the provider could not be fetched"; \
	  fi; \
	else \
	  echo "terraform: SKIPPED, it is not installed"; \
	fi

.PHONY: clean
clean: ## remove what was built and fetched; photos and results in DATA_DIR stay
	cargo clean
	rm -rf .runtime

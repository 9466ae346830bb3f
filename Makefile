# Everything a person or CI does with this repository. `make help` lists it.

GO      ?= go
BIN     := bin
TOOLS   := $(CURDIR)/$(BIN)/tools
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# make run ONCE=1 ends when the play is over: exit code 0 if all came out as expected.
ONCE    ?=
PLAY    ?= examples/payroll
DIR     ?= .provodka
# Address of the API of make run; port 0 is any free one.
LISTEN  ?= 127.0.0.1:8080
# Time, or with an x the number of inputs, per fuzz target.
FUZZTIME ?= 30s

.DEFAULT_GOAL := help
.PHONY: laws help generate build check verify lint test race fuzz e2e e2e-kafka bench bench-tasks bench-long bench-guard run model clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

generate: $(TOOLS)/.buf $(TOOLS)/.others ## make the Go code of the .proto files again
	cd proto && PATH="$(TOOLS):$$PATH" buf lint && PATH="$(TOOLS):$$PATH" buf generate

build: ## make bin/provodka
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-X main.version=$(VERSION)" -o $(BIN)/provodka ./cmd/provodka

check: ## formatting and vet; nothing may differ from what is committed
	@unformatted="$$(gofmt -l $$(git ls-files '*.go'))"; \
	if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	git diff --exit-code

verify: generate check ## generate, then check: what is committed is what would be generated
	@new="$$(git ls-files --others --exclude-standard proto api/rest)"; \
	if [ -n "$$new" ]; then echo "generated and not committed:"; echo "$$new"; exit 1; fi

lint: $(TOOLS)/.others ## vet, staticcheck and the house's own rules
	$(GO) vet ./...
	$(GO) test -count=1 ./lint
	$(TOOLS)/staticcheck ./...

test: ## all tests, on an embedded database and broker
	$(GO) test ./...

race: ## all tests with the race detector
	$(GO) test -race ./...

laws: ## a million random operations on the ledger and on a naive model, every sum compared, all audited
	$(GO) test ./ledger -run TestTheLedgerAgreesWithTheModel -rapid.checks=48000 -count=1 -timeout 60m -v

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for file in $$(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
			echo "$$target in $$(dirname $$file)"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x ./$$(dirname $$file); \
		done; \
	done

e2e: ## the whole program: plays, kills, faults
	$(GO) test -count=1 ./cmd/provodka/...

e2e-kafka: ## the same and the broker's own suite on Apache Kafka (Java 17; maven the first time)
	$(GO) run ./deploy/kafka $(GO) test -count=1 ./adapters/kafka ./cmd/provodka/...

bench: ## throughput as ratios to bare SQL on the same database; draws bin/bench.svg
	mkdir -p $(BIN)
	$(GO) run ./bench -case '^(rpc|single|paced|writer|ready)' -svg $(BIN)/bench.svg

bench-tasks: ## a register of 100,000 lines, and a payroll of 10,000 tasks from register to receipts
	$(GO) run ./bench -quick -case '^(register|payroll)'

bench-long: ## figures of grown books: a million accounts, ten million legs (half an hour)
	$(GO) run ./bench -long

bench-guard: ## a short run; fails when a ratio to bare SQL is far below what it was
	$(GO) run ./bench -quick -guard

run: build ## play the payroll on an embedded stack and keep serving; ONCE=1 ends after it
	$(BIN)/provodka dev --dir $(DIR) --listen $(LISTEN) --play $(PLAY) $(if $(ONCE),--once)

model: ## the full model check of gathering (minutes; the short one is in test)
	PROVODKA_MODEL=full $(GO) test -count=1 -timeout 2h ./ledger/stripe

clean: ## remove what was built; the books in .provodka stay
	rm -rf $(BIN)

# The tools' versions are pinned in modules of their own, so that the program's does not carry them.
$(TOOLS)/.buf: tools/buf/go.mod tools/buf/go.sum
	cd tools/buf && GOBIN="$(TOOLS)" $(GO) install tool && touch "$@"

$(TOOLS)/.others: tools/go.mod tools/go.sum
	cd tools && GOBIN="$(TOOLS)" $(GO) install tool && touch "$@"

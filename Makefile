.DEFAULT_GOAL := check-all
.PHONY: help check-all run test e2e golden fuzz bench soak load figures properties ports check cover ci fmt
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'
check-all: ## format, vet, lint and test: before every commit
	LINT=all .ci/parts format build lint race
run: ## the demonstration, on loopback
	go run ./cmd/redsteward demo
test: ## everything, on a fresh machine too: installs what it needs, then runs all parts
	.ci/parts
ci: ## the same as test; .ci/run calls it
	.ci/parts
e2e: ## browser tests in headless Chromium
	.ci/parts install browser
golden: ## rewrite the golden files after a wanted change
	go test ./rating -update && go test ./cmd/redsteward -run ScoreCommand -update
fuzz: ## a second for every fuzz target
	FUZZ=all .ci/parts fuzz
bench: ## every benchmark
	go test -run '^$$' -bench . ./...
# How long soak and load go on, and how many clients load has: make soak FOR=30m, make load FOR=5m CLIENTS=64.
FOR ?= 5m
CLIENTS ?= 64,256
soak: ## what runs is killed, starved and cut off under load, on each engine for FOR (FOR=short: each turn once)
	REDSTEWARD_SOAK=$(FOR) go test -count=1 -v -timeout 0 -run '^TestSoak' ./cmd/redsteward
load: ## CLIENTS at a demonstration county, for FOR each
	REDSTEWARD_LOAD=$(FOR) REDSTEWARD_CLIENTS=$(CLIENTS) go test -timeout 0 -run '^$$' -bench '^BenchmarkLoad$$' -benchtime 1x ./cmd/redsteward
figures: ## the figures of the design with bar and verdict; ONLY=pattern measures some
	go run ./cmd/figures -only '$(ONLY)'
properties: ## property tests, and how many draws each of their properties passed
	go test -vet=off -v -run "^($$(git grep -hp 'rapid.Check(' -- '*_test.go' | sed -n 's/^func \(Test[A-Za-z0-9]*\).*/\1/p' | paste -sd'|'))\$$" $$(git grep -l 'rapid.Check(' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|') | grep -e '\[rapid\]' -e '^FAIL' -e '^ok'
ports: ## build for every machine that bureaus have
	PORTS=all .ci/parts ports
check: ## check every shipped scheme and table
	go run ./cmd/redsteward check configs/schemes/*.yaml configs/checklists/*.yaml configs/handover.yaml configs/deadlines.yaml configs/redsteward.yaml configs/roles.csv configs/calendar/*.csv
cover: ## coverage of all packages
	go test -coverprofile coverage.out ./... && go tool cover -func coverage.out | tail -1
fmt: ## format
	gofmt -w $$(git ls-files '*.go')

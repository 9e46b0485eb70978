.DEFAULT_GOAL := check-all
.PHONY: help check-all run test e2e golden fuzz bench ports check cover ci fmt
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
bench: ## the figures of the design
	go test -run '^$$' -bench . ./...
ports: ## build for every machine that bureaus have
	PORTS=all .ci/parts ports
check: ## check every shipped scheme and table
	go run ./cmd/redsteward check configs/schemes/*.yaml configs/checklists/*.yaml configs/handover.yaml configs/deadlines.yaml configs/redsteward.yaml configs/roles.csv configs/calendar/*.csv
cover: ## coverage of all packages
	go test -coverprofile coverage.out ./... && go tool cover -func coverage.out | tail -1
fmt: ## format
	gofmt -w $$(git ls-files '*.go')

# One command for each thing a person wants of this repository.
SERVICES := deploy/testing/with-services

.PHONY: run demo test check bench soak

run: ## Start everything on this machine: http://127.0.0.1:8080
	go run .

demo: ## The same, with a small project to look at
	go run . --demo

test: check ## Every test, with the race detector, against real servers
	$(SERVICES) go test -race -timeout 10m ./...

check: ## What needs no server: formatting and vet
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	go vet ./...

bench: ## The figures of docs/performance.md
	$(SERVICES) go test -run '^$$' -bench . -benchmem -count 1 -timeout 60m ./...

soak: ## The long rigs, an hour and more of them
	DOCKET_SOAK=1h $(SERVICES) go test -race -run 'Soak|Availability' -timeout 120m ./...

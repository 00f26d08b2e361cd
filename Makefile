# Development and maintenance tasks.
SERVICES := deploy/testing/with-services
TOOL := deploy/testing/tool

# Generates Go from templates, at the version in go.mod; and the folders with templates.
TEMPL = go run github.com/a-h/templ/cmd/templ@$$(go list -m -f '{{.Version}}' github.com/a-h/templ)
TEMPLATES = gateway/web notifier

# Bundles scripts and style sheets from their sources.
ASSETS = gateway/web/assets
BUNDLE = go -C $(ASSETS)/generate run .

.PHONY: run demo test generate pictures check lint vulnerabilities figures bench soak monitoring containers delivery release

run: ## Start everything on this machine: http://127.0.0.1:8080
	go run .

demo: ## The same, with a small sample project
	go run . --demo

test: check ## Run all tests against real servers, those of the packages with the race detector
	$(SERVICES) deploy/testing/tests

generate: ## Generate the Go code of pages and mails from their templates, and the browser assets from their sources
	for folder in $(TEMPLATES); do (cd $$folder && $(TEMPL) generate) || exit 1; done
	$(BUNDLE) .. ../dist

pictures: ## Take the screenshots of the README with the browser of the tests
	mkdir -p docs/pictures
	DOCKET_PICTURES=$(CURDIR)/docs/pictures $(SERVICES) go test -count=1 -run '^TestPictures$$' ./gateway/web/webtest

check: ## Check everything that needs no server: formatting, generated code, vet, Kubernetes manifests, workflows
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT; for folder in $(TEMPLATES); do \
		mkdir -p "$$made/$$folder" && cp $$folder/*.templ "$$made/$$folder" && $(TEMPL) generate -path "$$made/$$folder" >"$$made/said" 2>&1 || { cat "$$made/said"; exit 1; }; \
		for file in $$folder/*_templ.go "$$made/$$folder"/*_templ.go; do \
			cmp -s "$$made/$$folder/$${file##*/}" "$$folder/$${file##*/}" || { echo "differs from its template: $$folder/$${file##*/}; run make generate"; exit 1; }; \
		done; \
	done
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT; $(BUNDLE) .. "$$made/dist" && diff -rq "$$made/dist" $(ASSETS)/dist || \
		{ echo "differs from its sources: $(ASSETS)/dist; run make generate"; exit 1; }
	go vet ./...
	cd $(ASSETS)/generate && go vet ./...
	cd deploy/testing/kubernetes && go vet ./... && go test -count=1 ./...
	cd deploy/testing/containers && go vet ./... && go test -count=1 ./...
	$(TOOL) actionlint

lint: ## Run golangci-lint, kube-score, eslint and TypeScript (npm), and look for secrets in all commits
	$(TOOL) golangci-lint run
	deploy/testing/score-manifests
	deploy/testing/scripts/check
	$(TOOL) gitleaks git --redact --no-banner .

vulnerabilities: ## Find known vulnerabilities in reachable code; queries the Go vulnerability database
	$(TOOL) govulncheck ./...

figures: ## Print figures about the source code: size, length, coupling, comments
	go test -count=1 -v -run "^TestFigures$$" ./internal/housetest

bench: ## Run the benchmarks of docs/performance.md
	$(SERVICES) go test -run '^$$' -bench . -benchmem -count 1 -timeout 60m ./...

monitoring: ## Test alerts, dashboards and metrics with a real Prometheus and Alertmanager
	deploy/monitoring/check

soak: ## Run the long fault tests, for an hour and more, and the tests of whole program and browser with the race detector
	DOCKET_SOAK=1h $(SERVICES) go test -race -run 'Soak|Availability|PowerCut|Fsync|Wires|Partition' -timeout 120m ./e2e/faults
	$(SERVICES) go test -race -timeout 60m ./e2e/... ./gateway/web/webtest
	$(SERVICES) go test -race -timeout 60m ./projections -rapid.checks 100

containers: ## Run docker-compose.yml on a separate engine and kill its parts one by one (Debian, root, about ten minutes)
	deploy/containers

delivery: ## Test deploy/over-ssh, including a version that does not become healthy (Debian, root, about ten minutes)
	deploy/testing/over-ssh

release: ## Build a release twice and check that both are identical, without dead code, and fit in an image of 60 MB
	deploy/testing/release

# One command for each thing a person wants of this repository.
SERVICES := deploy/testing/with-services
TOOL := deploy/testing/tool

# What makes Go of templates, at the version go.mod has, and where there are some.
TEMPL = go run github.com/a-h/templ/cmd/templ@$$(go list -m -f '{{.Version}}' github.com/a-h/templ)
TEMPLATES = gateway/web notifier

# What makes one small script and style sheet of the sources beside it.
ASSETS = gateway/web/assets
BUNDLE = go -C $(ASSETS)/generate run .

.PHONY: run demo test generate pictures check lint vulnerabilities figures bench soak monitoring containers delivery release

run: ## Start everything on this machine: http://127.0.0.1:8080
	go run .

demo: ## The same, with a small project to look at
	go run . --demo

test: check ## Every test, against real servers; the rooms with the race detector
	$(SERVICES) deploy/testing/tests

generate: ## The Go of pages and mails from their templates, and what browsers load from its sources
	for folder in $(TEMPLATES); do (cd $$folder && $(TEMPL) generate) || exit 1; done
	$(BUNDLE) .. ../dist

pictures: ## The pictures of the README, by the browser of the tests
	mkdir -p docs/pictures
	DOCKET_PICTURES=$(CURDIR)/docs/pictures $(SERVICES) go test -count=1 -run '^TestPictures$$' ./gateway/web/webtest

check: ## What needs no server: formatting, generated Go, vet, the manifests of Kubernetes, the workflows
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT; for folder in $(TEMPLATES); do \
		mkdir -p "$$made/$$folder" && cp $$folder/*.templ "$$made/$$folder" && $(TEMPL) generate -path "$$made/$$folder" >"$$made/said" 2>&1 || { cat "$$made/said"; exit 1; }; \
		for file in $$folder/*_templ.go "$$made/$$folder"/*_templ.go; do \
			cmp -s "$$made/$$folder/$${file##*/}" "$$folder/$${file##*/}" || { echo "not as its template says: $$folder/$${file##*/}; run make generate"; exit 1; }; \
		done; \
	done
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT; $(BUNDLE) .. "$$made/dist" && diff -rq "$$made/dist" $(ASSETS)/dist || \
		{ echo "not as its sources say: $(ASSETS)/dist; run make generate"; exit 1; }
	go vet ./...
	cd $(ASSETS)/generate && go vet ./...
	cd deploy/testing/kubernetes && go vet ./... && go test -count=1 ./...
	cd deploy/testing/containers && go vet ./... && go test -count=1 ./...
	$(TOOL) actionlint

lint: ## What takes longer to build than to run: golangci-lint, kube-score, eslint and TypeScript (npm), and secrets in what was ever committed
	$(TOOL) golangci-lint run
	deploy/testing/score-manifests
	deploy/testing/scripts/check
	$(TOOL) gitleaks git --redact --no-banner .

vulnerabilities: ## Known ones, in what the program can reach; asks the Go vulnerability database
	$(TOOL) govulncheck ./...

figures: ## Of the house itself: how large, how long, how connected, how explained
	go test -count=1 -v -run "^TestFigures$$" ./internal/housetest

bench: ## The figures of docs/performance.md
	$(SERVICES) go test -run '^$$' -bench . -benchmem -count 1 -timeout 60m ./...

monitoring: ## Alerts, dashboards and metrics against a real Prometheus and Alertmanager
	deploy/monitoring/check

soak: ## The fault tests in their long form, then all tests of the whole program and in a browser with the race detector
	DOCKET_SOAK=1h $(SERVICES) go test -race -run 'Soak|Availability|PowerCut|Fsync|Wires|Partition' -timeout 120m ./e2e/faults
	$(SERVICES) go test -race -timeout 60m ./e2e/... ./gateway/web/webtest

containers: ## docker-compose.yml for real, on an engine of its own; its parts killed one by one (Debian, root, about ten minutes)
	deploy/containers

delivery: ## deploy/over-ssh for real, with a version that does not become healthy (Debian, root, about ten minutes)
	deploy/testing/over-ssh

release: ## What a release would consist of, built twice, with the same bytes; dead code left out, an image within 60 MB
	deploy/testing/release

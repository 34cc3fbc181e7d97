# What a developer of Kassa runs. `make` alone lists it. Tools come from the module (`tool` lines of go.mod) or at the versions below.

GO           ?= go
GOLANGCI     := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
SCHEMATHESIS := 4.32.5
CACHE        ?= $(HOME)/.cache/kassa
FUZZRUNS     ?= 300000
FUZZLIMIT    ?= 10m
EXAMPLES     ?= 50

.DEFAULT_GOAL := help
.PHONY: help build run-demo test race browser ci format formatted vet staticcheck lint generate generated bench bench-mongodb bench-mongodb-three bench-history bench-history-mongodb microbench fuzz schemathesis clean

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## Build bin/kassa, one binary without C
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -o bin/kassa ./cmd/kassa

run-demo: ## Serve the demo shop on http://127.0.0.1:8080
	$(GO) run ./cmd/kassa demo

test: ## Run all tests
	$(GO) test ./...

# The tests of cmd/kassa drive processes of a program that is built without the detector, and what it consists of is tested under it in its packages.
# The package that takes longest begins first, so that it does not end alone.
race: ## Run the tests with the race detector, but those of processes (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 20m ./containers $$($(GO) list ./... | grep -vx kassa/cmd/kassa)

browser: ## Test the pages in Chromium, which must be on the PATH
	$(GO) test -tags browser -count 1 -run InABrowser ./adapters/rest

# What must hold before a change is merged; .ci/run goes through the same list, after it has installed what is missing. lint is not in it: its
# findings are for a person to weigh.
CHECKED := formatted vet staticcheck generated test browser race fuzz

ci: $(CHECKED) ## Check all that must hold before a change is merged

.PHONY: checked
checked:
	@echo $(CHECKED)

format: ## Format all Go files
	gofmt -w .

formatted: ## Check that all Go files are formatted
	@files=$$(gofmt -l .) || exit 1; test -z "$$files" || { echo "not formatted, run make format:"; echo "$$files"; exit 1; }

vet: ## Run go vet
	$(GO) vet ./...

staticcheck: ## Run staticcheck
	$(GO) tool staticcheck ./...

# golangci-lint needs two hundred modules of its own; run by version it leaves go.mod alone. The first run builds it, about a minute.
lint: ## Run golangci-lint with .golangci.yml
	$(GO) run $(GOLANGCI) run ./...

generate: ## Write all generated files
	$(GO) generate ./...

# The sums of all files that git knows or would take, so that new files count and changes not yet committed do not.
sums = git ls-files -co --exclude-standard -z | sort -z | xargs -0 cksum

generated: ## Check that the generated files are what make generate writes
	@before=$$($(sums)) || exit 1; $(MAKE) --no-print-directory generate || exit 1; after=$$($(sums)) || exit 1; \
	test "$$before" = "$$after" || { git --no-pager diff --stat; git status --short; \
		echo "generated files are not clean: run make generate and commit what it writes"; exit 1; }

bench: ## Measure every scenario on SQLite, about 8 minutes; flags in ARGS, such as ARGS="--help"
	$(GO) run ./cmd/kassa bench $(ARGS)

# What is measured on a database with a history and on a new one. The history is made when it is asked for first and stays in CACHE.
HISTORY ?= 1000000
aged    := --history $(HISTORY) --kept "$(CACHE)/bench" --clients 1,8,64 \
	--scenario spread,hot,basket,one-register,idem,storm,reports,search,barcode,mixed,month,balance

bench-history: ## Measure SQLite with HISTORY (1000000) bills of the last year beside a new one; they are made once
	$(GO) run ./cmd/kassa bench $(aged) $(ARGS)

# The set lives as long as its input is open, so it ends with this shell, however that ends. The bench must not hold the input too.
bench_mongodb = set -eu; dir=$$(mktemp -d); mkfifo "$$dir/in" "$$dir/out"; \
	$(GO) run ./adapters/mongodb/mongotest/replicaset $(1) <"$$dir/in" >"$$dir/out" & set=$$!; \
	exec 3>"$$dir/in"; trap 'exec 3>&-; wait "$$set" || true; rm -rf "$$dir"' EXIT; trap 'exit 1' INT TERM; \
	read -r uri <"$$dir/out"; $(GO) run ./cmd/kassa bench --sqlite=false --mongodb "$$uri" $(2) $(ARGS) 3>&-

bench-mongodb: ## Measure every scenario on MongoDB, a throw-away replica set of one node, about 12 minutes; ARGS=--sqlite: SQLite beside it
	@$(call bench_mongodb,--nodes 1)

bench-mongodb-three: ## The same on three nodes, all on this machine
	@$(call bench_mongodb,--nodes 3)

bench-history-mongodb: ## bench-history on MongoDB, on a replica set of one node that is kept too
	@$(call bench_mongodb,--nodes 1 --data "$(CACHE)/bench/mongodb",$(aged))

microbench: ## Run the benchmarks beside the code
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Two at a time, with one worker each. What a target has to say is shown once it ends; an input that it fails on stays in its testdata/fuzz.
# The runs are counted, not timed: with a time, Go now and then takes its own deadline for a failure of the target (golang/go#75804),
# under load once in forty runs. A target that hangs is stopped after FUZZLIMIT.
fuzz: ## Run every fuzz test FUZZRUNS (300000) times, about 2 minutes
	@found=$$(grep -rHE '^func Fuzz' --include='*_test.go' . | sed -n 's/^\(.*\)\/[^/]*:func \(Fuzz[A-Za-z0-9_]*\)(.*/\1 \2/p'); \
	test -n "$$found" || { echo "no fuzz tests found"; exit 1; }; \
	echo "$$found" | xargs -P 2 -L 1 sh -c 'out=$$(timeout $(FUZZLIMIT) $(GO) test -run "^$$" -parallel 1 -fuzz "^$$2\$$" \
		-fuzztime $(FUZZRUNS)x "$$1" 2>&1); code=$$?; test $$code = 0 || echo "$$out"; \
		echo "$$1 $$2: $$(echo "$$out" | tail -n 1)"; exit $$code' fuzz

# Logs in as soon as the server answers, and prints the access token and the user's id. With a token it says whether that is still good.
define SESSION
import json, sys, time, urllib.error, urllib.request
url, role, token = (sys.argv[1:] + [""])[:3]
if token:
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + token})
else:
    login = {"email": role + "@demo.kassa", "password": role + "-demo"}
    request = urllib.request.Request(url, json.dumps(login).encode(), {"Content-Type": "application/json"}, method="PUT")
for attempt in range(120):
    try:
        answer = json.load(urllib.request.urlopen(request, timeout=10))
        print(answer.get("access_token"), answer["user"]["id"])
        sys.exit()
    except urllib.error.HTTPError as refused:
        sys.exit(f"{role}: {refused.code} {refused.read().decode()}")
    except OSError:
        time.sleep(0.25)
sys.exit("the server did not start")
endef
export SESSION

# Sells something, so that there is a bill to ask for.
define SALE
import json, sys, urllib.request
url, token = sys.argv[1:]
headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json", "Idempotency-Key": "first"}
def ask(path, body=None):
    return json.load(urllib.request.urlopen(urllib.request.Request(url + path, body, headers), timeout=60))
register, product = (ask(path)["items"][0]["id"] for path in ("/registers", "/products?limit=1"))
lines = [{"product_id": product, "quantity": 1}]
ask("/cashier/payments", json.dumps({"register_id": register, "lines": lines}).encode())
endef
export SALE

# Keeps the run from deleting or changing the user who runs it: its ids come from the server's own lists.
define HOOKS
import os
import schemathesis

@schemathesis.hook
def before_call(context, case, kwargs):
    if case.path_parameters.get("id") == os.environ["SELF"]:
        case.path_parameters["id"] = "somebody-else"
endef
export HOOKS

# Two free ports.
define PORTS
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))
endef
export PORTS

CHECKS := not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth,unsupported_method

# kassa demo makes the shop; kassa serve, which has a log, is tested. Left out: the logout, which would end the session that all other
# requests use. An access token lives 15 minutes; a run is shorter, and is worth nothing when
# its token did not last. A 503 is no failure when the machine was too slow for a deadline; the log may hold no other error.
schemathesis: ## Test the demo shop against its own /openapi.json, as cashier and as manager (needs python3 with venv)
	@set -eu; venv="$(CACHE)/schemathesis-$(SCHEMATHESIS)"; \
	test -x "$$venv/bin/st" || { python3 -m venv "$$venv"; "$$venv/bin/pip" install --quiet "schemathesis==$(SCHEMATHESIS)"; }; \
	dir=$$(mktemp -d); pid=; \
	trap 'test -z "$$pid" || { kill "$$pid" 2>/dev/null || true; wait "$$pid" || true; }; rm -rf "$$dir"' EXIT; trap 'exit 1' INT TERM; \
	$(GO) build -o "$$dir/kassa" ./cmd/kassa; printf '%s\n' "$$HOOKS" >"$$dir/hooks.py"; \
	printf '[checks]\nnot_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]\n' >"$$dir/schemathesis.toml"; \
	set -- $$(python3 -c "$$PORTS"); url="http://127.0.0.1:$$1"; export KASSA_ADDR="127.0.0.1:$$1" KASSA_METRICS_ADDR="127.0.0.1:$$2"; \
	KASSA_DATA="$$dir/data" "$$dir/kassa" demo >"$$dir/log" 2>&1 & pid=$$!; \
	until grep -q 'Ctrl+C' "$$dir/log"; do kill -0 "$$pid" 2>/dev/null || { cat "$$dir/log"; exit 1; }; sleep 0.1; done; \
	kill "$$pid"; wait "$$pid"; \
	KASSA_DATA="$$dir/data/demo" "$$dir/kassa" serve >"$$dir/log" 2>&1 & pid=$$!; \
	cd "$$dir"; export PYTHONPATH="$$dir" SCHEMATHESIS_HOOKS=hooks SELF; \
	for role in cashier manager; do \
		echo "=== as $$role"; session=$$(python3 -c "$$SESSION" "$$url/api/v1/users/session" "$$role"); SELF="$${session#* }"; \
		python3 -c "$$SALE" "$$url/api/v1" "$${session% *}"; \
		"$$venv/bin/st" run "$$url/openapi.json" --header "Authorization: Bearer $${session% *}" --checks $(CHECKS) \
			--phases examples,coverage,fuzzing --max-examples $(EXAMPLES) --request-timeout 60 --generation-database none \
			--exclude-name-regex '^DELETE .*/users/session$$' || \
			{ echo "what the server's log says:"; grep -v '"level":"INFO"' "$$dir/log" | tail -n 50; exit 1; }; \
		python3 -c "$$SESSION" "$$url/api/v1/users/session" "$$role" "$${session% *}" >/dev/null; \
		if grep '"level":"ERROR"' "$$dir/log" | grep -v 'context deadline exceeded'; then exit 1; fi; \
	done

clean: ## Remove what was built and measured; the demo's data stays
	rm -rf bin kassa coverage.out coverage.html

# What people and CI run. Go is enough; the tests against a real Apache Kafka also
# need Java 17 and Maven. Where those are missing the tests say so and are skipped,
# but with CI=true they fail: there it must not go unnoticed.

GO ?= go

# Run by version, so that neither is a dependency of the module.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# Packages that drive the built binary and read the tree. They run without the race
# detector: what they start is built without it.
WHOLE := ./cmd/portdelta ./internal/e2e ./internal/house

# Packages without a goroutine, whose laws run over thousands of random histories:
# the race detector has nothing to find there and takes minutes.
PURE := ./diff/... ./internal/detect

# The race detector needs a C compiler; without one Go turns cgo off.
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

.PHONY: help build demo test check bench

help:
	@echo 'make build   ./portdelta, a static binary'
	@echo 'make demo    see it work: simulator, broker and events in one process'
	@echo 'make test    format, vet and every test, with a real Apache Kafka'
	@echo 'make check   staticcheck and govulncheck'
	@echo 'make bench   every benchmark'

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o portdelta ./cmd/portdelta

demo:
	$(GO) run ./cmd/portdelta demo

test:
	@wrong=$$(gofmt -l .) && [ -z "$$wrong" ] || { echo "run gofmt -w on:"; echo "$$wrong"; exit 1; }
	$(GO) vet ./...
	@[ -n "$(RACE)" ] || echo "no C compiler: the tests run without the race detector"
	$(GO) test $(RACE) -timeout 10m $$($(GO) list ./... | grep -vxF "$$($(GO) list $(WHOLE) $(PURE))")
	$(GO) test -timeout 10m $(PURE) $(WHOLE)

check:
	$(GO) run $(STATICCHECK) ./...
	GO=$(GO) sh .ci/vulnerabilities $(GOVULNCHECK)

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

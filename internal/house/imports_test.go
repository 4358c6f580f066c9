package house

import (
	"slices"
	"strings"
	"testing"
)

// row is what one package may import of ours, beside internal/limits and
// internal/crashpoint, which are open to all: a bound is enforced where it bites
// and stands in one table, and a test may end the process at any point.
type row struct {
	may []string
	why string
}

// everything is the right of the composition root.
const everything = "*"

// imports is the table of docs/architecture.md. Data flows one way, from the
// source to Kafka, and no part knows the next but through the nouns.
var imports = map[string]row{
	"cmd/portdelta":            {[]string{"internal/app"}, "main is signals, streams and an exit code; what is in it cannot be tested without a process"},
	"internal/app":             {[]string{everything}, "the composition root, and the only one"},
	"internal/hostport":        {nil, "the nouns: whoever imports them must not get a part of the pipe with them"},
	"internal/limits":          {nil, "the table of bounds, open to all, so it depends on none"},
	"internal/crashpoint":      {nil, "open to all, so it depends on none"},
	"internal/config":          {nil, "it checks words and numbers; what they mean to a part is that part's matter"},
	"internal/httpserve":       {nil, "how a server ends, whatever it serves"},
	"internal/control":         {[]string{"internal/httpserve"}, "it carries questions and answers; what they are about is the composition root's matter"},
	"internal/telemetry":       {[]string{"internal/httpserve"}, "log, metrics and health know no part: the parts come to them"},
	"internal/version":         {nil, "what the binary was built from"},
	"poller":                   {[]string{"internal/hostport"}, "when to look; how is its Source's matter, what it means its Handler's"},
	"poller/schedule":          {[]string{"internal/hostport"}, "which host is next, in a time that is handed in"},
	"poller/graph":             {[]string{"internal/hostport", "poller/graph/graphjson"}, "how to look: it judges nothing, remembers nothing and does not know who asks"},
	"poller/graph/graphsim":    {[]string{"internal/hostport"}, "an independent witness: with code of the client or the engine in it, it would share their errors"},
	"poller/graph/graphjson":   {[]string{"internal/hostport"}, "Graph's JSON, from a response or a file; it knows neither"},
	"poller/snapshotfile":      {[]string{"internal/hostport", "poller/graph/graphjson"}, "snapshots from and to files; of Graph it takes the reading of its JSON, not its client"},
	"poller/nmapxml":           {[]string{"internal/hostport"}, "nmap's files; it judges nothing and does not know who reads them"},
	"diff":                     {[]string{"internal/hostport", "diff/banner"}, "the rules of evidence are pure: nothing of storage, encoding or transport"},
	"diff/banner":              {[]string{"diff/banner/fingerprint"}, "text in, canonical form out"},
	"diff/banner/fingerprint":  {nil, "a table: a field in, a product out"},
	"diff/banner/pairgen":      {nil, "labelled pairs to try the rules with: with code of diff/banner in it, it would share their errors"},
	"schemas":                  {nil, "the wire contract: a consumer imports it alone"},
	"schemas/schematest":       {[]string{"schemas"}, "keeps the validator out of the binary"},
	"internal/detect":          {[]string{"internal/hostport", "diff", "diff/banner", "schemas", "internal/store"}, "one step of a host; of the store it takes types and errors, the calls go through its own StateStore"},
	"internal/recog":           {[]string{"diff/banner/fingerprint"}, "fingerprints of the user's: it knows fields and matches, no banner"},
	"internal/recording":       {[]string{"internal/hostport", "diff", "internal/detect", "poller/snapshotfile"}, "what steps were decided from, in files; deciding again is the composition root's"},
	"internal/store":           {[]string{"schemas"}, "keys and bytes: what a facet means is detect's matter"},
	"publisher":                {[]string{"schemas"}, "it drains an Outbox into a Producer and knows neither Pebble nor Kafka"},
	"publisher/kafka":          {[]string{"schemas"}, "speaks to Kafka; retrying is publisher's matter"},
	"publisher/kafka/embedded": {nil, "a broker like any other: whoever uses it goes through the network"},
	"internal/compare":         {[]string{"internal/hostport", "internal/spool", "diff", "internal/detect", "poller/nmapxml", "poller/snapshotfile", "schemas"}, "two files side by side; it keeps and sends nothing"},
	"internal/spool":           {nil, "records by key, on disk: what they are is their owner's matter"},
	"bench/schedule":           {[]string{"internal/hostport", "poller/schedule"}, "the schedule beside others in virtual time"},
	"bench/noise":              {[]string{"internal/hostport", "diff"}, "the rules under noise: what lies around them is internal/e2e's matter"},
	"bench/nmapscan":           {nil, "writes files to compare; no binary of ours contains it"},
	"internal/kafkatest":       {nil, "runs a real broker for tests; no binary contains it"},
	"internal/e2e":             {nil, "tests of the built binary from outside"},
	"internal/house":           {nil, "tests of the tree"},
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		row, ok := imports[p.name()]
		if !ok {
			t.Errorf("%s has no row in the table of imports: say what it may import of ours, and why no more", p.name())
			continue
		}
		for _, path := range p.Imports {
			of, ours := strings.CutPrefix(path, module+"/")
			switch {
			case !ours, of == "internal/limits", of == "internal/crashpoint", slices.Contains(row.may, everything):
			case slices.Contains(row.may, of):
			case of == "internal/version":
				t.Errorf("%s imports internal/version: only internal/app does; others are given the version as text", p.name())
			default:
				t.Errorf("%s imports %s, but may import of ours only %v: %s", p.name(), of, row.may, row.why)
			}
		}
		for _, may := range row.may {
			if may != everything && !slices.Contains(p.Imports, module+"/"+may) {
				t.Errorf("%s may import %s and does not: take it out of the table, so that it comes back with a reason", p.name(), may)
			}
		}
	}
}

// A package that is gone must not keep its rights.
func TestImportsTableIsTheTree(t *testing.T) {
	all := packages(t)
	for name := range imports {
		if !slices.ContainsFunc(all, func(p pkg) bool { return p.name() == name }) {
			t.Errorf("the table of imports has a row for %s, which does not exist", name)
		}
	}
}

// libraries says who may use what of others. A library is used in one place, so
// that its ways and its faults are known in one place.
var libraries = []struct {
	path string
	may  []string
	why  string
}{
	{"github.com/Azure/", []string{"poller/graph"}, "tokens and the HTTP pipeline are the Graph client's"},
	{"github.com/segmentio/kafka-go", []string{"publisher/kafka", "internal/kafkatest"}, "one package speaks to Kafka"},
	{"github.com/twmb/franz-go/pkg/kfake", []string{"publisher/kafka/embedded"}, "the embedded broker is one package"},
	{"github.com/twmb/franz-go/pkg/kgo", nil, "the second Kafka client is the independent reader of tests"},
	{"github.com/cockroachdb/pebble", []string{"internal/store", "publisher/kafka/embedded"}, "one database, behind the store; the broker takes its file lock alone"},
	{"github.com/goccy/go-yaml", []string{"internal/config"}, "YAML is read in one strict way"},
	{"github.com/spf13/cobra", []string{"internal/app"}, "commands are the composition root's"},
	{"github.com/santhosh-tekuri/jsonschema", []string{"schemas/schematest"}, "records are validated in tests; the encoder is what keeps them valid"},
	{"github.com/prometheus/", []string{"internal/app", "internal/telemetry", "internal/detect", "internal/recording", "poller", "publisher"}, "a metric is made where something happens, never in pure code or an adapter"},
	{"go.uber.org/zap", []string{"internal/app", "internal/telemetry", "internal/store", "poller", "publisher", "publisher/kafka", "publisher/kafka/embedded"}, "an error is returned or logged, never both: who returns needs no log"},
	{"github.com/google/go-cmp", nil, "for tests"},
	{"pgregory.net/rapid", nil, "for tests"},
	{"github.com/hashicorp/go-version", nil, "for tests: an order of versions that diff does not decide by"},
	{"go.uber.org/goleak", nil, "for tests"},
	{"testing", []string{"internal/kafkatest", "schemas/schematest"}, "helpers of tests are packages of their own"},
}

func TestLibraries(t *testing.T) {
	for _, p := range packages(t) {
		for _, path := range p.Imports {
			for _, l := range libraries {
				if (path == l.path || strings.HasPrefix(path, strings.TrimSuffix(l.path, "/")+"/")) && !slices.Contains(l.may, p.name()) {
					t.Errorf("%s imports %s, which is for %v: %s", p.name(), path, l.may, l.why)
				}
			}
		}
	}
}

// bare are packages that import the standard library and nothing else of others.
var bare = map[string]string{
	"internal/hostport":       "everything imports it: what it brings along, everything has",
	"internal/limits":         "everything imports it: what it brings along, everything has",
	"diff":                    "a library that changes its mind would change what was decided (P7)",
	"diff/banner/fingerprint": "a library that changes its mind would change every canonical form (P7)",
	"diff/banner":             "a library that changes its mind would change every canonical form (P7)",
	"schemas":                 "a consumer that imports the contract gets nothing else with it",
}

func TestStandardLibraryOnly(t *testing.T) {
	for _, p := range packages(t) {
		why, ok := bare[p.name()]
		if !ok {
			continue
		}
		for _, path := range p.Imports {
			first, _, _ := strings.Cut(path, "/")
			if strings.Contains(first, ".") && !strings.HasPrefix(path, module+"/") {
				t.Errorf("%s imports %s, but keeps to the standard library: %s", p.name(), path, why)
			}
		}
	}
}

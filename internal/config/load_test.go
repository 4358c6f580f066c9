package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/limits"
)

// noHost stands for the parser of the watch list, which is not ours.
func noHost(s string) error {
	if strings.HasSuffix(s, ".999") {
		return fmt.Errorf("%q looks like an address but is none", s)
	}
	return nil
}

func noEnv(string) (string, bool) { return "", false }

func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

func TestGoodFiles(t *testing.T) {
	want := map[string]func(*Config){
		"minimal": func(c *Config) { c.Kafka.BootstrapServers = []string{"127.0.0.1:9092"} },
		"embedded": func(c *Config) {
			c.Kafka.Embedded = &Embedded{Path: "kafka-data", Listen: "127.0.0.1:9092"}
		},
		"full": func(c *Config) {
			*c = Config{
				Source: Source{Kind: "graph", Tenant: "contoso.example", Graph: Graph{BaseURL: "http://127.0.0.1:8080/v1.0", Auth: Auth{Kind: "none"}}},
				Watch: Watch{
					Hosts: []string{"203.0.113.7", "2001:db8::7", "www.example.com", "198.51.100.0/28"},
					Files: []string{"hosts.txt"},
					Tiers: Tiers{Default: Tier{MaxAge: 36 * time.Hour, MaxAgeSet: true}},
				},
				Schedule: Schedule{BudgetPerSecond: 0.5},
				Detect:   Detect{VanishAfter: 90 * time.Second, RetainGone: 720 * time.Hour},
				Store:    Store{Path: "/var/lib/portdelta"},
				Kafka: Kafka{
					BootstrapServers: []string{"kafka-1.example:9092", "[2001:db8::1]:9093"},
					SecurityProtocol: "PLAINTEXT", Delivery: "at_least_once", CreateTopics: true,
				},
				Topics:    Topics{Prefix: "sec.portdelta", Partitions: 48},
				Telemetry: Telemetry{Listen: ":0", LogLevel: "debug", LogFormat: "console"},
			}
		},
	}
	for _, name := range corpus(t, ".good.yml") {
		t.Run(name, func(t *testing.T) {
			change, ok := want[name]
			if !ok {
				t.Fatalf("%s has no row in this test", name)
			}
			cfg := Default()
			change(&cfg)
			got, err := Load("testdata/"+name+".good.yml", noEnv, noHost)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&cfg, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBadFiles compares whole errors: each file tells all that is wrong with it.
func TestBadFiles(t *testing.T) {
	want := map[string]string{
		"everything": `
:2:9: source.kind: "nmap" is not taken, this version takes graph alone
:3:11: source.tenant: must be 1 to 64 letters, digits or any of . _ - ~
:5:5: source.graph.base_url: is plain http, which is taken for loopback addresses only: use https
:6:12: source.graph.auth.kind: none is taken for loopback addresses only, and source.graph.base_url is none: use default
:8:24: watch.hosts[1]: "203.0.113.999" looks like an address but is none
:8:39: watch.hosts[2]: must be a text, is a number: put it in quotes, "10"
:9:3: watch.hosts: stands here a second time, first in line 8
:10:30: watch.tiers.default.max_age: must be a duration, is a number: add a unit, as in 24h or 90d
:10:35: watch.tiers.fast: unknown key: this version has the tier default alone
:12:3: schedule.budget: unknown key: did you mean schedule.budget_per_second?
:13:1: storage: unknown key: did you mean store?
:14:1: partitions: unknown key: did you mean topics.partitions, a key of its own section?
:16:23: kafka.bootstrap_servers[0]: "127.0.0.1" is not host:port (an IPv6 address stands in brackets)
:17:3: kafka.embedded: stands beside kafka.bootstrap_servers (line 16): keep one of them
:17:22: kafka.embedded.listen: "127.0.0.1:99999" must end with a port from 0 to 65535
:18:13: kafka.delivery: "exactly-once" is not taken, this version takes exactly_once or at_least_once: did you mean exactly_once?
:19:18: kafka.create_topics: must be true or false, is a text: leave the quotes off
:20:18: topics.prefix: must be 1 to 200 letters, digits or any of . _ -
:20:44: topics.partitions: must be a whole number from 1 to 1024
:21:24: telemetry.log_level: "warning" is not taken, this version takes debug, info, warn or error: did you mean warn?
:21:33: telemetry.log_format: has no value: leave the key out for its default`,
		"types": `
:1:9: source: must be a section with keys (kind, tenant, graph), is a list
:3:10: watch.hosts: must be a list such as [a, b], is a text
:4:10: watch.files: must be a list such as [a, b], is a section
:7:16: watch.tiers.default.max_age: must be a duration, is a list
:9:22: schedule.budget_per_second: must be a number, is a text: leave the quotes off
:11:3: detect.vanish_after: has no value: leave the key out for its default
:12:16: detect.retain_gone: must be longer than 0
:13:8: store: must be a section with keys (path), is a text
:15:3: kafka.bootstrap_servers: is missing: name the brokers of a cluster, such as ["127.0.0.1:9092"], or use the broker within the process, kafka.embedded: {}
:16:18: kafka.create_topics: must be true or false
:18:11: topics.prefix: must be a text, is a number: put it in quotes, "12"
:19:15: topics.partitions: must be a whole number from 1 to 1024
:21:11: telemetry.listen: anchors, aliases, tags and merges are not taken: write the value out
:22:14: telemetry.log_level: anchors, aliases, tags and merges are not taken: write the value out
:23:15: telemetry.log_format: anchors, aliases, tags and merges are not taken: write the value out
:24:3: telemetry: "7" is no key: a key is a plain word (no anchors, aliases, tags or merges)
:25:3: telemetry: "<<" is no key: a key is a plain word (no anchors, aliases, tags or merges)`,
		"syntax": `
:3:1: is not YAML: ',' or ']' must be specified`,
		"list": `
:1:1: must be a section with keys (source, watch, schedule, detect, store, kafka, topics, telemetry), is a list
:1:1: kafka.bootstrap_servers: is missing: name the brokers of a cluster, such as ["127.0.0.1:9092"], or use the broker within the process, kafka.embedded: {}`,
		"colons": `
:2:29: kafka.bootstrap_servers[0]: must be a text, is a section: put a value with a colon in quotes
:5:7: watch.hosts[0]: must be a text, is a section: put a value with a colon in quotes`,
		"empty": `
:1:1: kafka.bootstrap_servers: is missing: name the brokers of a cluster, such as ["127.0.0.1:9092"], or use the broker within the process, kafka.embedded: {}`,
		"documents": `
:3:1: a second document in one file is not taken`,
		"embedded": `
:2:3: kafka.embedded: has no value: write {} for the embedded broker with its defaults, or leave the key out
:3:3: kafka.store.path: unknown key: did you mean store.path, a key of its own section?`,
		"latin1": `
:2:19: is not UTF-8`,
	}
	for _, name := range corpus(t, ".bad.yml") {
		t.Run(name, func(t *testing.T) {
			lines, ok := want[name]
			if !ok {
				t.Fatalf("%s has no row in this test", name)
			}
			file := "testdata/" + name + ".bad.yml"
			cfg, err := Load(file, noEnv, noHost)
			if cfg != nil || err == nil {
				t.Fatalf("got %+v, %v; want no configuration and an error", cfg, err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(strings.ReplaceAll(lines, "\n:", "\n"+file+":"), "\n"), err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// corpus lists a kind of test file, and fails where there is none.
func corpus(t testing.TB, suffix string) []string {
	files, err := filepath.Glob("testdata/*" + suffix)
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata/*%s: %v", suffix, err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), suffix))
	}
	return names
}

func TestMissingFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"), noEnv, noHost)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "portdelta config defaults") {
		t.Errorf("got %v, want the system's error with a hint", err)
	}
}

func TestLargeFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(file, make([]byte, limits.ConfigBytes.Max+1), 0o600); err != nil {
		t.Fatal(err)
	}
	before := limits.ConfigBytes.Hits()
	if _, err := Load(file, noEnv, noHost); err == nil || !strings.Contains(err.Error(), "watch.files") {
		t.Errorf("got %v, want a refusal that names watch.files", err)
	}
	if limits.ConfigBytes.Hits() != before+1 {
		t.Error("the limit was not counted")
	}
}

func TestManyProblems(t *testing.T) {
	_, err := parse("f", []byte("kafka: {embedded: {}}\n"+strings.Repeat("zzzzzz: 1\n", 150)), noEnv, noHost)
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != limits.ConfigProblems.Max+1 || lines[len(lines)-1] != "and 50 more" {
		t.Errorf("got %d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestEnvironmentWins(t *testing.T) {
	vars := map[string]string{
		"PORTDELTA_KAFKA_BOOTSTRAP_SERVERS":     "a.example:9092, b.example:9092",
		"PORTDELTA_WATCH_HOSTS":                 "203.0.113.1,203.0.113.2",
		"PORTDELTA_SCHEDULE_BUDGET_PER_SECOND":  "2.5",
		"PORTDELTA_WATCH_TIERS_DEFAULT_MAX_AGE": "7d",
		"PORTDELTA_KAFKA_CREATE_TOPICS":         "true",
		"PORTDELTA_TOPICS_PARTITIONS":           "", // as a composition file leaves it
		"PORTDELTA_ORACLES":                     "/not/ours",
	}
	file := "kafka: {bootstrap_servers: [\"c.example:9092\"], create_topics: false}\nwatch: {hosts: [a, b, c]}\ntopics: {partitions: 3}\n"
	cfg, err := parse("f", []byte(file), environment(vars), noHost)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Kafka.BootstrapServers = []string{"a.example:9092", "b.example:9092"}
	want.Kafka.CreateTopics = true
	want.Watch.Hosts = []string{"203.0.113.1", "203.0.113.2"}
	want.Watch.Tiers.Default = Tier{MaxAge: 7 * 24 * time.Hour, MaxAgeSet: true}
	want.Schedule.BudgetPerSecond = 2.5
	want.Topics.Partitions = 3
	if diff := cmp.Diff(&want, cfg); diff != "" {
		t.Error(diff)
	}
}

func TestEnvironmentAlone(t *testing.T) {
	cfg, err := Load("", environment(map[string]string{"PORTDELTA_KAFKA_EMBEDDED_LISTEN": "127.0.0.1:0"}), noHost)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Embedded{Path: "kafka-data", Listen: "127.0.0.1:0"}, cfg.Kafka.Embedded); diff != "" {
		t.Error(diff)
	}
}

func TestEnvironmentErrors(t *testing.T) {
	vars := map[string]string{
		"PORTDELTA_TOPICS_PARTITIONS":          "many",
		"PORTDELTA_WATCH_HOSTS":                "203.0.113.1,203.0.113.999",
		"PORTDELTA_SOURCE_GRAPH_BASE_URL":      "https://user:secret@graph.example/v1.0",
		"PORTDELTA_KAFKA_EMBEDDED_PATH":        "kafka-data",
		"PORTDELTA_SCHEDULE_BUDGET_PER_SECOND": "Inf",
		"PORTDELTA_KAFKA_CREATE_TOPICS":        "1",
	}
	_, err := parse("f", []byte("kafka: {bootstrap_servers: [\"c.example:9092\"]}\n"), environment(vars), noHost)
	want := `PORTDELTA_KAFKA_CREATE_TOPICS: kafka.create_topics: must be true or false
PORTDELTA_KAFKA_EMBEDDED_PATH: kafka.embedded: stands beside kafka.bootstrap_servers (line 1): keep one of them
PORTDELTA_SCHEDULE_BUDGET_PER_SECOND: schedule.budget_per_second: must be a number above 0
PORTDELTA_SOURCE_GRAPH_BASE_URL: source.graph.base_url: must not hold a user or password
PORTDELTA_TOPICS_PARTITIONS: topics.partitions: must be a whole number from 1 to 1024
PORTDELTA_WATCH_HOSTS: watch.hosts[1]: "203.0.113.999" looks like an address but is none`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

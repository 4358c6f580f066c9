package config

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestChecks(t *testing.T) {
	for _, tt := range []struct {
		name      string
		check     func(string) error
		good, bad []string
	}{
		{"tenant", tenant,
			[]string{"default", "contoso.onmicrosoft.com", "4f1c-9~_", strings.Repeat("a", 64)},
			[]string{"", "a/b", "a b", "é", "a\n", strings.Repeat("a", 65)}},
		{"topicPrefix", topicPrefix,
			[]string{"portdelta", "sec.port-delta_1", "a."},
			[]string{"", ".", "..", "a/b", "a~b", strings.Repeat("a", 201)}},
		{"filePath", filePath,
			[]string{"data", "/var/lib/portdelta", "with space"},
			[]string{"", "a\x00b"}},
		{"dialAddress", dialAddress,
			[]string{"127.0.0.1:9092", "kafka:9092", "[2001:db8::1]:65535", "[fe80::1%eth0]:1"},
			[]string{"", "127.0.0.1", ":9092", "a:0", "a:65536", "a:http", "2001:db8::1:9092", "a b:1", "a:+1", "\x1b[31m:1"}},
		{"listenAddress", listenAddress,
			[]string{":9464", "127.0.0.1:0", "[::1]:9464"},
			[]string{"", "9464", "127.0.0.1:", "a:-1"}},
		{"baseURL", baseURL,
			[]string{"https://graph.microsoft.com/v1.0", "https://graph.microsoft.com/v1.0/", "http://[::1]:8080/v1.0", "HTTPS://a"},
			[]string{"", "graph.microsoft.com", "ftp://a/", "https://", "https:a", "https://u:p@a/", "https://a/?q", "https://a/?", "https://a/#", "https://a:b/", "https://a/%zz"}},
	} {
		for _, value := range tt.good {
			if err := tt.check(value); err != nil {
				t.Errorf("%s refuses %q: %v", tt.name, value, err)
			}
		}
		for _, value := range tt.bad {
			if tt.check(value) == nil {
				t.Errorf("%s takes %q", tt.name, value)
			}
		}
	}
}

func TestLoopback(t *testing.T) {
	for base, want := range map[string]bool{
		"http://127.0.0.1:1/v1.0":         true,
		"http://127.8.9.1":                true,
		"http://[::1]:1":                  true,
		"http://[::ffff:127.0.0.1]":       true,
		"http://LOCALHOST:8080":           true,
		"http://localhost.example":        false,
		"http://127.0.0.1.example":        false,
		"http://10.0.0.1":                 false,
		"http://0.0.0.0":                  false,
		"https://graph.microsoft.com":     false,
		"http://127.0.0.1@graph.example/": false,
	} {
		if got := loopback(base); got != want {
			t.Errorf("loopback(%q) = %v, want %v", base, got, want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"72h": 72 * time.Hour, "90d": 90 * day, "0d": 0, "1d12h": 36 * time.Hour, "1d1m1s": day + time.Minute + time.Second,
		"1.5h": 90 * time.Minute, "500ms": 500 * time.Millisecond, "106751d": 106751 * day,
	} {
		if got, err := ParseDuration(s); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "d", "1", "24", "1.5d", "-1d", "+1d", "1h1d", "1dd", "1d-1h", "1d+1h", "106752d", "106751d23h59m", "1d ", "4294967296d", "1w", "99999999999h"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", s, got)
		}
	}
}

// Whatever is written is read again as the same.
func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "d"))
		if unit := rapid.SampledFrom([]time.Duration{1, time.Second, time.Minute, time.Hour, day}).Draw(t, "unit"); d > unit {
			d = d.Truncate(unit)
		}
		s := FormatDuration(d)
		if got, err := ParseDuration(s); err != nil || got != d {
			t.Fatalf("%v is written %q and read as %v, %v", d, s, got, err)
		}
	})
}

func TestNearest(t *testing.T) {
	words := []string{"bootstrap_servers", "security_protocol", "delivery", "create_topics", "embedded", "path"}
	for typed, want := range map[string]string{
		"bootstrap_server": "bootstrap_servers", "bootstrap-servers": "bootstrap_servers", "Delivery": "delivery",
		"bootstrap": "bootstrap_servers", "paths": "path", "create_topic": "create_topics", "embeded": "embedded",
		"": "", "x": "", "tls": "", "sasl_mechanism": "", strings.Repeat("path", 100): "path",
	} {
		if got := nearest(typed, words); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", typed, got, want)
		}
	}
}

// The distance is a metric: it is what every explanation of it promises.
func TestDistanceIsAMetric(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c")
		if (distance(a, b) == 0) != (a == b) || distance(a, b) != distance(b, a) || distance(a, c) > distance(a, b)+distance(b, c) {
			t.Fatalf("%d %d %d", distance(a, b), distance(b, c), distance(a, c))
		}
	})
}

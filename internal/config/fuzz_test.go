package config

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode"
)

// FuzzLoad holds the loader to what it promises of any file: a valid
// configuration or an error whose every line has its place and can be printed.
func FuzzLoad(f *testing.F) {
	for _, suffix := range []string{".good.yml", ".bad.yml"} {
		for _, name := range corpus(f, suffix) {
			data, err := os.ReadFile("testdata/" + name + suffix)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data, "")
		}
	}
	f.Add(Defaults(), "PORTDELTA_TOPICS_PARTITIONS=7")
	f.Add([]byte("kafka: {}"), "PORTDELTA_KAFKA_EMBEDDED_PATH=x")
	f.Add([]byte("a: *b\n\"\\e[31m\": 1"), "PORTDELTA_WATCH_HOSTS=,,")
	f.Fuzz(func(t *testing.T, data []byte, variable string) {
		if len(data) > 4096 { // the library's time grows with the square of the nesting
			t.Skip()
		}
		name, value, _ := strings.Cut(variable, "=")
		cfg, err := parse("f", data, environment(map[string]string{name: value}), noHost)
		if err == nil {
			if (len(cfg.Kafka.BootstrapServers) > 0) == (cfg.Kafka.Embedded != nil) {
				t.Fatalf("taken with neither or both places to publish to: %+v", cfg.Kafka)
			}
			for _, k := range keys(noHost) {
				if strings.HasPrefix(k.path, "kafka.embedded") || k.kind == list {
					continue
				}
				if err := k.put(cfg, 0, k.show(cfg)); err != nil {
					t.Fatalf("%s was taken and is wrong: %v", k.path, err)
				}
			}
			return
		}
		var all *Error
		if cfg != nil || !errors.As(err, &all) || len(all.Problems) == 0 {
			t.Fatalf("got %+v, %v", cfg, err)
		}
		// A lone carriage return breaks a line too (YAML 1.2.2 section 5.4).
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1
		for _, p := range all.Problems {
			if p.Variable == "" && (p.Line < 1 || p.Line > lines || p.Column < 1) {
				t.Fatalf("%+v lies outside a file of %d lines", p, lines)
			}
			if s := p.String(); strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q cannot be printed", s)
			}
		}
	})
}

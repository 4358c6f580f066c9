package hostport

import (
	"errors"
	"strings"
	"testing"
)

func TestParseHost(t *testing.T) {
	for in, want := range map[string]Host{
		"203.0.113.7":           "203.0.113.7",
		"2001:DB8:0:0:0:0:0:7":  "2001:db8::7",
		"[2001:db8::7]":         "2001:db8::7",
		"::ffff:203.0.113.7":    "203.0.113.7",
		"WWW.Example.COM.":      "www.example.com",
		"xn--bcher-kva.example": "xn--bcher-kva.example",
		"_sip._tcp.example.com": "_sip._tcp.example.com",
		"2001:db8:0:0:1:0:0:1":  "2001:db8::1:0:0:1",
		strings.Repeat("a", 63): Host(strings.Repeat("a", 63)),
		"1.example":             "1.example",
		"host-1":                "host-1",
	} {
		got, err := ParseHost(in)
		if err != nil || got != want {
			t.Errorf("ParseHost(%q) = %q, %v; want %q", in, got, err, want)
		}
		if again, err := ParseHost(string(got)); err != nil || again != got {
			t.Errorf("ParseHost(%q) is not a fixed point: %q, %v", got, again, err)
		}
	}
	for _, in := range []string{
		"", ".", "fe80::1%eth0", "203.0.113", "203.0.113.256", "203.0.113.007", "a..b", "-a.example", "a-.example",
		"bücher.example", "a b", "http://example.com", "example.com:443", "example.com/x", strings.Repeat("a", 64),
		strings.Repeat("a.", 127) + "ab", "1", "a.1",
	} {
		if got, err := ParseHost(in); !errors.Is(err, ErrHost) {
			t.Errorf("ParseHost(%q) = %q, %v; want an error", in, got, err)
		}
	}
}

func TestParsePortKey(t *testing.T) {
	for in, want := range map[string]PortKey{"tcp/443": {"tcp", 443}, "53/UDP": {"udp", 53}, "tcp/0": {"tcp", 0}} {
		if got, err := ParsePortKey(in); err != nil || got != want {
			t.Errorf("ParsePortKey(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "443", "tcp/", "/443", "tcp/65536", "tcp/-1", "tcp/x"} {
		if got, err := ParsePortKey(in); !errors.Is(err, ErrPortKey) {
			t.Errorf("ParsePortKey(%q) = %v, %v; want an error", in, got, err)
		}
	}
}

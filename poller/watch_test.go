package poller

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

func TestParseTarget(t *testing.T) {
	for in, want := range map[string][]hostport.Host{
		"203.0.113.7":              {"203.0.113.7"},
		"  203.0.113.7\t":          {"203.0.113.7"},
		"[2001:DB8::0:7]":          {"2001:db8::7"},
		"::ffff:203.0.113.7":       {"203.0.113.7"},
		"WWW.Example.com.":         {"www.example.com"},
		"bücher.example":           {"xn--bcher-kva.example"},
		"BÜCHER.example":           {"xn--bcher-kva.example"},
		"bu\u0308cher.example":     {"xn--bcher-kva.example"},
		"例え。テスト":                   {"xn--r8jz45g.xn--zckzah"},
		"straße.example":           {"xn--strae-oqa.example"},
		"_dmarc.example.com":       {"_dmarc.example.com"},
		"198.51.100.8/30":          {"198.51.100.8", "198.51.100.9", "198.51.100.10", "198.51.100.11"},
		"203.0.113.7/32":           {"203.0.113.7"},
		"255.255.255.254/31":       {"255.255.255.254", "255.255.255.255"},
		"2001:db8::fffe/127":       {"2001:db8::fffe", "2001:db8::ffff"},
		"::ffff:198.51.100.8/127":  {"198.51.100.8", "198.51.100.9"},
		"2001:db8::/128":           {"2001:db8::"},
		"ffff:ffff:ffff::ffff/128": {"ffff:ffff:ffff::ffff"},
	} {
		got, err := ParseTarget(in)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseTarget(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for in, hint := range map[string]string{
		"":                        "is empty",
		"https://example.com/":    "is a URL, give its host alone",
		"198.51.100.7/28":         "did you mean the prefix 198.51.100.0/28 or the host 198.51.100.7?",
		"2001:db8::1/64":          "did you mean the prefix 2001:db8::/64",
		"10.0.0.0/15":             "holds more than 65536 addresses",
		"::/0":                    "holds more than 65536 addresses",
		"198.51.100.0/33":         "is not a CIDR prefix",
		"example.com/24":          "is not a CIDR prefix",
		"fe80::1%eth0":            "zone",
		"a.example b.example":     "give one host an entry",
		"a.example,b.example":     "give one host an entry",
		"b\u00fc\u0000cher.de":    "is not an internationalised domain name",
		"\xff\xfe.example":        "is not UTF-8",
		"203.0.113.300":           "looks like an address but is none",
		strings.Repeat("ü", 5000): "too long",
	} {
		got, err := ParseTarget(in)
		if !errors.Is(err, hostport.ErrHost) || !strings.Contains(err.Error(), hint) || got != nil {
			t.Errorf("ParseTarget(%.40q) = %q, %v; want an error with %q", in, got, err, hint)
		} else if len(err.Error()) > 400 {
			t.Errorf("ParseTarget(%.40q): error of %d bytes", in, len(err.Error()))
		}
	}
}

func TestParseTargetLargestPrefix(t *testing.T) {
	got, err := ParseTarget("10.1.0.0/16")
	if err != nil || len(got) != limits.CIDRAddresses.Max || got[0] != "10.1.0.0" || got[len(got)-1] != "10.1.255.255" {
		t.Fatalf("%d hosts, %v", len(got), err)
	}
}

func TestReadWatchList(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.txt", "\ufeff# the office\r\n203.0.113.7\r\n\r\n  WWW.example.com.  # the shop\n#\n::ffff:203.0.113.7\n198.51.100.0/31")
	long := file("long.txt", "a.example # "+strings.Repeat("x", 3*limits.WatchLineBytes.Max)+"\nb.example\n")
	bad := file("bad.txt", "a.example\n\n203.0.113.256\n"+strings.Repeat("x", 3*limits.WatchLineBytes.Max)+"\n-\n")
	var many bytes.Buffer
	for i := range limits.WatchErrors.Max + 7 {
		fmt.Fprintf(&many, "bad host %d\n", i)
	}
	for _, test := range []struct {
		name         string
		hosts, files []string
		want         List
		errors       []string // one a line of the error
	}{
		{"nothing", nil, nil, List{}, nil},
		{"empty file", nil, []string{file("empty.txt", "")}, List{}, nil},
		{"folded", []string{"www.EXAMPLE.com", "198.51.100.1"}, []string{good}, List{
			Hosts:      []hostport.Host{"198.51.100.0", "198.51.100.1", "203.0.113.7", "www.example.com"},
			Duplicates: 3,
		}, nil},
		{"long comment", nil, []string{long}, List{Hosts: []hostport.Host{"a.example", "b.example"}}, nil},
		{"all errors at once", []string{"ok.example", "a/b"}, []string{bad, filepath.Join(dir, "absent.txt"), dir}, List{}, []string{
			`watch.hosts[1]: not a host: "a/b" is not a CIDR prefix`,
			bad + `:3: not a host: "203.0.113.256" looks like an address`,
			bad + ":4: line is longer than 4096 bytes",
			bad + `:5: not a host: "-" has a label`,
			"host file: open " + filepath.Join(dir, "absent.txt") + ": no such file",
			dir + ":1: read " + dir + ": is a directory",
		}},
		{"UTF-16", nil, []string{file("wide.txt", "\xff\xfea\x00\n\x00")}, List{}, []string{"is UTF-16, save it as UTF-8"}},
		{"bounded", nil, []string{file("many.txt", many.String())}, List{}, append(slices.Repeat([]string{"give one host an entry"}, limits.WatchErrors.Max), "and 7 more bad entries")},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ReadWatchList(test.hosts, test.files)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if len(test.errors) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.errors) {
				t.Fatalf("%d errors, want %d:\n%v", len(lines), len(test.errors), err)
			}
			for i, want := range test.errors {
				if !strings.Contains(lines[i], want) {
					t.Errorf("error %d is %q, want it to hold %q", i, lines[i], want)
				}
			}
		})
	}
}

// Whatever is accepted is canonical: it parses to itself.
func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{
		"203.0.113.7", "[::1]", "::ffff:1.2.3.4/127", "www.example.com.", "bücher.example", "198.51.100.0/28",
		"198.51.100.7/28", "xn--bcher-kva.example", "fe80::1%1", "1.2.3", "．．", "a_b.example", "::/120", "٣.example", "１.2.3.4",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		hosts, err := ParseTarget(s)
		if (err == nil) != (len(hosts) > 0) {
			t.Fatalf("%d hosts, %v", len(hosts), err)
		}
		if err != nil && !errors.Is(err, hostport.ErrHost) {
			t.Fatalf("error of another kind: %v", err)
		}
		if len(hosts) > limits.CIDRAddresses.Max {
			t.Fatalf("%d hosts", len(hosts))
		}
		for _, host := range hosts[:min(len(hosts), 64)] {
			if again, err := ParseTarget(string(host)); err != nil || len(again) != 1 || again[0] != host {
				t.Fatalf("%q is not canonical: %q, %v", host, again, err)
			}
		}
	})
}

// A host file gives either sorted distinct hosts or errors with their lines, and
// the same with line ends of Windows and a byte order mark.
func FuzzHostFile(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "203.0.113.7\n203.0.113.7", "a.example # x\r\n#\n\nb.example", "\ufeffa.example", "bad host\n-\n",
		strings.Repeat("a", 5000) + "\nb.example", "198.51.100.0/30\n", "\xff\xfe", "a\rb\n", "a.example\x00",
	} {
		f.Add(seed)
	}
	read := func(text string) (List, error) {
		var b listBuilder
		b.addLines("hosts.txt", strings.NewReader(text))
		return b.list()
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := read(text)
		if err != nil {
			if list.Hosts != nil || list.Duplicates != 0 {
				t.Fatalf("a list beside an error: %v", list)
			}
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "hosts.txt:") && !strings.HasPrefix(line, "and ") {
					t.Fatalf("error without its place: %q", line)
				}
			}
			return
		}
		for i := 1; i < len(list.Hosts); i++ {
			if list.Hosts[i-1] >= list.Hosts[i] {
				t.Fatalf("%q before %q", list.Hosts[i-1], list.Hosts[i])
			}
		}
		if len(text) < 2000 && !strings.HasPrefix(text, "\ufeff") {
			windows, err := read("\ufeff" + strings.ReplaceAll(text, "\n", "\r\n"))
			if diff := cmp.Diff(list, windows); err != nil || diff != "" {
				t.Fatalf("with other line ends: %v %s", err, diff)
			}
		}
	})
}

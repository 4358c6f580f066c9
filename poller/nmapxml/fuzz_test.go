package nmapxml

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/portdelta/portdelta/internal/hostport"
)

// whole is the plain way to read a scan, of which memory grows with the file: the
// witness against the fast one.
type whole struct {
	Hosts []struct {
		Ports struct {
			Ports []struct {
				Protocol string `xml:"protocol,attr"`
				Number   string `xml:"portid,attr"`
				State    struct {
					State string `xml:"state,attr"`
				} `xml:"state"`
			} `xml:"port"`
		} `xml:"ports"`
	} `xml:"host"`
}

// FuzzReader: no file makes the reader panic or quote what is in it, and what it
// takes, encoding/xml takes and understands in the same way.
func FuzzReader(f *testing.F) {
	f.Add([]byte(file(hostText("192.0.2.1", portXML(80, "open", nginx), portXML(443, "closed", guess)))))
	f.Add([]byte(file(hostText("2001:db8::1", `<extraports state="closed" count="3"><extrareasons reason="reset" count="3" proto="tcp" ports="1-3"/></extraports>`), hostText("192.0.2.1"))))
	f.Add([]byte(file(`<host><status state="down"/><address addr="192.0.2.1" addrtype="ipv4"/></host>`)))
	f.Add([]byte(`<nmaprun><host><address addr='192.0.2.1'/><ports><port protocol="tcp" portid="1"><state state="&#x6f;pen"/><script id="ssl-cert"><elem key="sha1">x</elem></script></port></ports></host></nmaprun>`))
	f.Add([]byte(`<nmaprun><host><ports><port portid="1" protocol="tcp"/><!-- x --></ports></host><host></host>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, hosts, err := readAll(bytes.NewReader(text))
		if err != nil {
			if !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\x00\x1b\n") {
				t.Errorf("raw text in %q", err)
			}
			return
		}
		var w whole
		d := xml.NewDecoder(bytes.NewReader(text))
		if err := d.Decode(&w); err != nil {
			// The reader bears with bytes that are no characters of XML, with ]]> in a
			// text, and with a scan that was interrupted.
			if !odd(text) && !strings.Contains(err.Error(), "EOF") {
				t.Errorf("encoding/xml does not take it: %v", err)
			}
			return
		}
		if len(w.Hosts) != len(hosts) {
			t.Fatalf("%d hosts, encoding/xml has %d", len(hosts), len(w.Hosts))
		}
		for i, h := range w.Hosts {
			var want []string
			for _, p := range h.Ports.Ports {
				key, err := hostport.ParsePortKey(p.Protocol + "/" + p.Number)
				if err != nil || slices.ContainsFunc(want, func(s string) bool { return strings.HasPrefix(s, key.String()+" ") }) {
					continue
				}
				want = append(want, key.String()+" "+string(hostport.ParseStatus(p.State.State)))
			}
			var got []string
			for _, p := range hosts[i].Ports {
				got = append(got, p.PortKey.String()+" "+string(p.Status))
			}
			if len(h.Ports.Ports) == len(got) && !slices.Equal(got, want) {
				t.Fatalf("ports %q, encoding/xml has %q", got, want)
			}
		}
		// A pair of one and the same scan differs in nothing.
		r := NewReader(bytes.NewReader(text))
		pair := Pair{Old: &Scan{}, New: &Scan{}}
		for {
			host, err := r.Next()
			if err == io.EOF {
				return
			}
			before, after, _, err := pair.Read(host, host)
			if err != nil && before != nil && len(before.Ports) != len(after.Ports) {
				t.Fatal("a host differs from itself")
			}
		}
	})
}

// odd says whether a text holds what is no XML by the letter, and is borne with.
func odd(text []byte) bool {
	if !utf8.Valid(text) || bytes.Contains(text, []byte("]]>")) || bytes.ContainsAny(text, "\ufffe\uffff") {
		return true
	}
	return bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' })
}

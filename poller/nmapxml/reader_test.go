package nmapxml

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// readAll reads every host of a file.
func readAll(r io.Reader) (*Scan, []*hostport.Snapshot, error) {
	reader := NewReader(r)
	var texts [][]byte
	for {
		text, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, append([]byte{}, text...))
	}
	var out []*hostport.Snapshot
	for _, text := range texts {
		s, err := reader.Scan().Snapshot(text)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, s)
	}
	return reader.Scan(), out, nil
}

// file is a scan as nmap writes it, with these hosts in it.
func file(hosts ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/bin/../share/nmap/nmap.xsl" type="text/xsl"?>
<!-- Nmap 7.93 scan initiated as: nmap -sV -&#45;script ssl-cert -oX - 192.0.2.0/24 -->
<nmaprun scanner="nmap" args="nmap -sV -&#45;script ssl-cert -oX - 192.0.2.0/24" start="1795597638" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="1001" services="1-1000,3306"/>
<verbose level="0"/>
<hosthint><status state="up"/><address addr="192.0.2.9" addrtype="ipv4"/><hostnames></hostnames></hosthint>
<taskprogress task="Connect Scan" time="1795597639" percent="10.00" remaining="9" etc="1795597648"/>
` + strings.Join(hosts, "\n") + `
<runstats><finished time="1795597655" elapsed="16.53" exit="success"/><hosts up="1" down="0" total="1"/>
</runstats>
</nmaprun>
`
}

func hostText(addr string, ports ...string) string {
	return fmt.Sprintf(`<host starttime="1795597639" endtime="1795597655"><status state="up" reason="user-set" reason_ttl="0"/>
<address addr="%s" addrtype="%s"/>
<hostnames>
<hostname name="a.example" type="PTR"/>
</hostnames>
<ports>%s
</ports>
<times srtt="17" rttvar="176" to="100000"/>
</host>`, addr, map[bool]string{true: "ipv6", false: "ipv4"}[strings.Contains(addr, ":")], strings.Join(ports, "\n"))
}

func portXML(number int, state, inside string) string {
	return fmt.Sprintf(`<port protocol="tcp" portid="%d"><state state="%s" reason="syn-ack" reason_ttl="64"/>%s</port>`, number, state, inside)
}

const (
	nginx = `<service name="http" product="nginx" version="1.20.1" extrainfo="Ubuntu" method="probed" conf="10"><cpe>cpe:/a:igor_sysoev:nginx:1.20.1</cpe></service>`
	guess = `<service name="http" method="table" conf="3"/>`
)

// What a scan says of its hosts, in the words that decide.
func TestHosts(t *testing.T) {
	unfinished, _, _ := strings.Cut(file(hostText("192.0.2.1", portXML(80, "open", ""))), "<runstats>")
	for _, tt := range []struct{ name, text, want string }{
		{"one open port", file(hostText("192.0.2.1", portXML(80, "open", ""))), "192.0.2.1 ports single tcp/80=open"},
		{"words of its own", file(hostText("192.0.2.1", portXML(80, "open|filtered", ""), portXML(81, "unfiltered", ""))),
			"192.0.2.1 ports single tcp/80=open|filtered tcp/81=unfiltered"},
		{"IPv6 in another spelling", file(hostText("2001:DB8:0::1", portXML(80, "open", ""))), "2001:db8::1 ports single tcp/80=open"},
		{"a port twice", file(hostText("192.0.2.1", portXML(80, "open", ""), portXML(80, "closed", ""))), "192.0.2.1 ports single tcp/80=open"},
		{"down", file(`<host><status state="down" reason="no-response"/><address addr="192.0.2.1" addrtype="ipv4"/></host>`), "192.0.2.1 down single"},
		{"up, no port asked", file(`<host><status state="up"/><address addr="192.0.2.1" addrtype="ipv4"/><address addr="02:FC:00:00:00:05" addrtype="mac"/></host>`),
			"192.0.2.1 ports unproven"},
		{"given up", file(strings.Replace(hostText("192.0.2.1", portXML(80, "open", "")), "<host ", `<host timedout="true" `, 1)),
			"192.0.2.1 ports unproven tcp/80=open"},
		{"nothing found", file(hostText("192.0.2.1")), "192.0.2.1 ports single"},
		{"two hosts", file(hostText("192.0.2.1"), hostText("192.0.2.2")), "192.0.2.1 ports single, 192.0.2.2 ports single"},
		{"no host", file(), ""},
		{"interrupted", unfinished, "192.0.2.1 ports unproven tcp/80=open"},
		{"ended by an error", strings.Replace(file(hostText("192.0.2.1", portXML(80, "open", ""))), `exit="success"`, `exit="error"`, 1),
			"192.0.2.1 ports unproven tcp/80=open"},
		{"comments and other quotes", file(strings.ReplaceAll(hostText("192.0.2.1", "<!-- a -->", portXML(80, "open", "")), `"`, `'`)),
			"192.0.2.1 ports single tcp/80=open"},
		{"not shown", file(hostText("192.0.2.1", `<extraports state="closed" count="1000"><extrareasons reason="reset" count="1000" proto="tcp" ports="1-79,81-1000,3306"/></extraports>`,
			portXML(80, "open", ""))), "192.0.2.1 ports single tcp/80=open closed:1000"},
		{"not shown, in two groups", file(hostText("192.0.2.1", `<extraports state="closed" count="500"><extrareasons reason="reset" count="500" proto="tcp" ports="1-500"/></extraports>`,
			`<extraports state="filtered" count="501"><extrareasons reason="no-response" count="501" proto="tcp" ports="501-1000,3306"/></extraports>`)),
			"192.0.2.1 ports single closed:500 filtered:501"},
		{"not shown, of which version 6 did not say which", file(hostText("192.0.2.1", `<extraports state="filtered" count="1000"><extrareasons reason="no-response" count="1000"/></extraports>`)),
			"192.0.2.1 ports single filtered:?"},
		{"not shown, and not all named", file(hostText("192.0.2.1", `<extraports state="filtered" count="1000"><extrareasons reason="no-response" count="10" proto="tcp" ports="1-10"/><extrareasons reason="x" count="990"/></extraports>`)),
			"192.0.2.1 ports single filtered:?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, hosts, err := readAll(iotest.OneByteReader(strings.NewReader(tt.text)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, h := range hosts {
				line := fmt.Sprintf("%s %s %s", h.Host, h.Result, h.Proof)
				for _, p := range h.Ports {
					line += fmt.Sprintf(" %s=%s", p.PortKey, p.Status)
				}
				for _, g := range h.Unlisted {
					n := "?"
					if g.Ports != nil {
						n = fmt.Sprint(g.Ports.Len())
					}
					line += fmt.Sprintf(" %s:%s", g.Status, n)
				}
				if h.Proof == hostport.Single && h.Result == hostport.Ports && h.Coverage.Len() != 1001 || h.Proof != hostport.Single && h.Coverage.Len() != 0 {
					t.Errorf("%s covers %v", h.Host, h.Coverage)
				}
				got = append(got, line)
			}
			if d := cmp.Diff(tt.want, strings.Join(got, ", ")); d != "" {
				t.Error(d)
			}
		})
	}
}

// A service is what was probed, with its tunnel; a guess from a table is none.
func TestServices(t *testing.T) {
	for _, tt := range []struct {
		name, inside string
		want         []string
		unseen       string
	}{
		{"nothing", ``, nil, "services certificate"},
		{"a guess", guess, nil, "services certificate"},
		{"probed", nginx, []string{"http nginx 1.20.1", "version info Ubuntu"}, ""},
		{"in TLS", strings.Replace(nginx, "method=", `tunnel="ssl" method=`, 1), []string{"ssl/http nginx 1.20.1", "version info Ubuntu"}, "certificate"},
		{"probed, product unknown", `<service name="http" servicefp="SF-Port80" method="probed" conf="10"/>`, []string{"http http"}, ""},
		{"escaped", `<service name="x" product="A &amp; &lt;B&gt; &#x41;&#66;" method="probed" conf="10"/>`, []string{"x A & <B> AB"}, ""},
	} {
		_, hosts, err := readAll(strings.NewReader(file(hostText("192.0.2.1", portXML(80, "open", tt.inside)))))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		p := hosts[0].Ports[0]
		var got []string
		for _, s := range p.Services {
			got = append(got, strings.TrimSpace(s.Category+" "+s.Name+" "+s.Version))
		}
		var unseen []string
		if p.ServicesUnseen {
			unseen = append(unseen, "services")
		}
		if p.CertificateUnseen {
			unseen = append(unseen, "certificate")
		}
		if d := cmp.Diff(tt.want, got); d != "" || strings.Join(unseen, " ") != tt.unseen {
			t.Errorf("%s: unseen %v: %s", tt.name, unseen, d)
		}
	}
}

func TestCertificate(t *testing.T) {
	const script = `<script id="ssl-cert" output="Subject: &#xa;"><table key="subject">
<elem key="commonName">www.example.com</elem>
<elem key="organizationName">A, &lt;B&gt;</elem>
</table>
<table key="issuer">
<elem key="commonName">Example CA</elem>
</table>
<table key="pubkey"><elem key="type">rsa</elem><elem key="bits">2048</elem></table>
<table key="extensions">
<table><elem key="name">X509v3 Basic Constraints</elem><elem key="value">CA:TRUE</elem></table>
<table><elem key="name">X509v3 Subject Alternative Name</elem><elem key="value">DNS:www.example.com, DNS:example.com, IP Address:192.0.2.1</elem></table>
</table>
<elem key="sig_algo">sha256WithRSAEncryption</elem>
<table key="validity"><elem key="notBefore">2026-11-25T09:18:20</elem><elem key="notAfter">2027-02-23T09:18:20</elem></table>
<elem key="md5">c20c140235e63a27eccc5afdccc4c321</elem>
<elem key="sha1">29B8f7a0a671d0456207bd58330a039e211099b0</elem>
<elem key="pem">not one</elem>
</script>`
	_, hosts, err := readAll(strings.NewReader(file(hostText("192.0.2.1", portXML(443, "open", script+`<script id="http-date" output="now"/>`)))))
	if err != nil {
		t.Fatal(err)
	}
	want := &hostport.Certificate{SHA1: "29b8f7a0a671d0456207bd58330a039e211099b0", Subject: `CN=www.example.com,O=A\, \<B\>`, Issuer: "CN=Example CA",
		NotBefore: moment("2026-11-25T09:18:20"), NotAfter: moment("2027-02-23T09:18:20"), Names: []string{"192.0.2.1", "example.com", "www.example.com"},
		KeyType: "rsa", KeyBits: 2048, SignatureAlgorithm: "sha256WithRSAEncryption"}
	if d := cmp.Diff(want, hosts[0].Ports[0].Certificate); d != "" {
		t.Error(d)
	}
}

// A file that cannot be read whole, or is no scan, is an error that quotes nothing.
func TestBadFiles(t *testing.T) {
	good := file(hostText("192.0.2.1", portXML(80, "open", nginx)))
	change := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	cut := func(before string) string { text, _, _ := strings.Cut(good, before); return text }
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "empty"},
		{"HTML", "<html><body></body></html>", "its root is not nmaprun"},
		{"cut within a host", cut(`<service`), "ends within a host"},
		{"cut within a tag", cut(`elapsed=`), "not well-formed XML"},
		{"two scans in one file", good + cut("never"), "not well-formed|root is not"},
		{"an element left open", change(`</service>`, ``), "host 192.0.2.1: not well-formed"},
		{"an end without a beginning", change(`<service `, `</x><service `), "host 192.0.2.1: not well-formed"},
		{"a quote left open", change(`reason_ttl="64"`, `reason_ttl="64`), "host 192.0.2.1: not well-formed"},
		{"an attribute without quotes", change(`portid="80"`, `portid=80`), "host 192.0.2.1: not well-formed"},
		{"no number", change(`portid="80"`, `portid="x"`), "host 192.0.2.1: not well-formed"},
		{"a number too great", change(`portid="80"`, `portid="65536"`), "host 192.0.2.1: not well-formed"},
		{"an entity of its own", change(`nginx`, `&bomb;`), "host 192.0.2.1: not well-formed"},
		{"an entity nobody reads", change(`"syn-ack"`, `"&bomb;"`), "host 192.0.2.1: not well-formed"},
		{"a character that is none", change(`nginx`, `&#0;`), "host 192.0.2.1: not well-formed"},
		{"entities defined", change(`<!DOCTYPE nmaprun>`, `<!DOCTYPE nmaprun [<!ENTITY a "b">]>`), "document type of its own"},
		{"an entity outside", change(`level="0"`, `level="&bomb;"`), "near byte"},
		{"another encoding", change(`encoding="UTF-8"`, `encoding="EBCDIC"`), "near byte"},
		{"deep", change(nginx, strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100)), "deeper than the limit"},
		{"deep outside", change(`<verbose level="0"/>`, strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100)), "deeper than the limit"},
		{"a host in a comment", change(`<verbose level="0"/>`, "<!-- "+hostText("192.0.2.9")+" -->"), "does not lie in nmaprun"},
		{"a host in another element", change(`<verbose level="0"/>`, "<x>"+hostText("192.0.2.9")+"</x>"), "does not lie in nmaprun"},
		{"a host in a host", change(nginx, "<host>"), "not well-formed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readAll(strings.NewReader(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			found := false
			for want := range strings.SplitSeq(tt.want, "|") {
				found = found || strings.Contains(err.Error(), want)
			}
			if !found {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	broken := errors.New("disk")
	if _, _, err := readAll(io.MultiReader(strings.NewReader(good[:900]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a disk's error is told as %v", err)
	}
	if _, _, err := readAll(strings.NewReader(cut("<service"))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file cut short is told as %v", err)
	}
}

// endless gives one text for ever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// A file without an end is refused at a bound (P11).
func TestEndlessFiles(t *testing.T) {
	defer func(n int) { limits.XMLHostBytes.Max = n }(limits.XMLHostBytes.Max)
	limits.XMLHostBytes.Max = 4 << 20
	for text, want := range map[string]string{"<nmaprun><host>": "longer than the limit xml_host_bytes", "<nmaprun><x>": "limit xml_outline_bytes"} {
		_, _, err := readAll(io.MultiReader(strings.NewReader(text), endless(`<a b="c"/>`)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What is left out of two texts as alike changes nothing.
func TestPair(t *testing.T) {
	scan := &Scan{Finished: true, Coverage: hostport.Coverage{"tcp": {{First: 1, Last: 1000}}}}
	pair := Pair{Old: scan, New: scan}
	old := []byte(hostText("192.0.2.1", portXML(21, "closed", ""), portXML(22, "open", ""), portXML(80, "open", nginx)))
	now := []byte(hostText("192.0.2.1", portXML(21, "closed", ""), portXML(80, "open", nginx), portXML(81, "open", "")))
	before, after, open, err := pair.Read(old, now)
	if err != nil || open != 1 || len(before.Ports) != 1 || before.Ports[0].Number != 22 || len(after.Ports) != 1 || after.Ports[0].Number != 81 {
		t.Errorf("%v %v %d %v", before, after, open, err)
	}
	if before, after, open, err := pair.Read(old, old); before != nil || after != nil || open != 2 || err != nil {
		t.Errorf("a host that has not changed: %v %v %d %v", before, after, open, err)
	}
	// Where a port stands twice, or out of order, everything is read.
	twice := []byte(hostText("192.0.2.1", portXML(80, "open", ""), portXML(80, "closed", "")))
	if before, after, open, err := pair.Read(twice, twice); len(before.Ports) != 1 || len(after.Ports) != 1 || open != 0 || err != nil {
		t.Errorf("a port that stands twice: %v %v %d %v", before, after, open, err)
	}
	// Where only one of the scans looked for certificates, equal text is not equal.
	pair.New = &Scan{Finished: true, Coverage: scan.Coverage, Certificates: true}
	if before, after, _, err := pair.Read(old, old); len(before.Ports) != 3 || len(after.Ports) != 3 || err != nil {
		t.Errorf("scans of different scripts: %v %v %v", before, after, err)
	}
}

func TestCertificatesAskedFor(t *testing.T) {
	for args, want := range map[string]bool{
		"nmap -sV 192.0.2.1": false, "nmap -A 192.0.2.1": true, "nmap -sC 192.0.2.1": true, "nmap --script ssl-cert,banner x": true,
		"nmap --script=banner x": false, "nmap --script=ssl-cert x": true, `nmap --script "default or safe" x`: true, "nmap --script-args ssl-cert x": false,
		"nmap --script ssl-* x": true, "": false,
	} {
		if showsCertificates(args) != want {
			t.Errorf("%q: %v", args, !want)
		}
	}
}

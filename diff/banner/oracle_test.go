package banner_test

import (
	"encoding/base64"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portdelta/portdelta/diff/banner"
)

// recogFiles says how a field of the Recog databases becomes a whole banner.
var recogFiles = map[string]struct{ before, after, scan string }{
	"http_servers.xml": {"HTTP/1.1 200 OK\r\nDate: Tue, 05 Jan 2024 10:00:00 GMT\r\nServer: ", "\r\n\r\n", "http_raw"}, "http_cookies.xml": {"HTTP/1.1 200 OK\r\nSet-Cookie: ", "\r\n\r\n", "http"},
	"http_wwwauth.xml": {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ", "\r\n\r\n", "http"}, "html_title.xml": {"HTTP/1.1 200 OK\r\n\r\n<title>", "</title>", "http"},
	"http_xpoweredby.xml": {"HTTP/1.1 200 OK\r\nX-Powered-By: ", "\r\n\r\n", "http"}, "rtsp_servers.xml": {"RTSP/1.0 200 OK\r\nServer: ", "\r\n\r\n", "rtsp"}, "sip_banners.xml": {"SIP/2.0 200 OK\r\nServer: ", "\r\n\r\n", "sip"},
	"ssh_banners.xml": {"SSH-2.0-", "\r\n", "ssh"}, "smtp_banners.xml": {"220 ", "\r\n", "smtp"}, "ftp_banners.xml": {"220 ", "\r\n", "ftp"}, "nntp_banners.xml": {"200 ", "\r\n", "nntp"},
	"pop_banners.xml": {"+OK ", "\r\n", "pop3"}, "imap_banners.xml": {"* OK ", "\r\n", "imap"}, "telnet_banners.xml": {"", "", "telnet"}, "mysql_error.xml": {"G\x00\x00\x00\xffj\x04", "", "mysql"},
	"mysql_banners.xml": {"J\x00\x00\x00\n", "\x00\x01\x02\x03\x04abcdefgh\x00\xff\xff", "mysql"}, "snmp_sysdescr.xml": {"", "", "snmp"}, "ldap_searchresult.xml": {"", "", "ldap"}, "ntp_banners.xml": {"", "", "ntp"}, "dns_versionbind.xml": {"", "", "dns"},
}

type recogExample struct {
	Attrs []xml.Attr `xml:",any,attr"`
	Text  string     `xml:",chardata"`
}

func (e recogExample) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// TestRecogExamples sweeps over thousands of real banners of the Recog project
// (github.com/rapid7/recog, BSD-2-Clause), of which none is kept here: every
// form keeps its promises, and wherever an example names its version, another
// version is another form.
func TestRecogExamples(t *testing.T) {
	root := os.Getenv("PORTDELTA_ORACLES")
	if root == "" {
		t.Skip("PORTDELTA_ORACLES is not set: real banners were not tried")
	}
	total, versions, clocks := 0, 0, 0
	for file, how := range recogFiles {
		data, err := os.ReadFile(filepath.Join(root, "recog", file))
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Examples []recogExample `xml:"fingerprint>example"`
		}
		if err := xml.Unmarshal(data, &doc); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, e := range doc.Examples {
			if e.attr("_encoding") == "base64" {
				raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.Text), ""))
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				e.Text = string(raw)
			}
			total++
			text := how.before + e.Text + how.after
			f := banner.Normalize(text, how.scan, 0)
			checkForm(t, text, f)
			for n := range len(text) {
				checkForm(t, text[:n], banner.Normalize(text[:n]+"...", "", 0))
			}
			if clock := e.attr("system.time"); clock != "" && strings.Count(e.Text, clock) == 1 {
				clocks++
				later := strings.NewReplacer("4", "5", "5", "4", "7", "8", "8", "7").Replace(clock)
				g := banner.Normalize(how.before+strings.Replace(e.Text, clock, later, 1)+how.after, how.scan, 0)
				if f.Digest != g.Digest {
					t.Errorf("%s: clock %s became %s and made a change:\n%s\n%s", file, clock, later, f.Text, g.Text)
				}
			}
			version := e.attr("service.version")
			if file == "http_cookies.xml" {
				continue // it reads versions out of values, which are noise here
			}
			if len(version) < 3 || strings.Count(e.Text, version) != 1 {
				continue
			}
			versions++
			// The last figure, so that the mutant has the shape of the original.
			i := strings.LastIndexAny(version, "0123456789")
			if i < 0 {
				continue
			}
			mutant := version[:i] + string('0'+(version[i]-'0'+1)%10) + version[i+1:]
			g := banner.Normalize(how.before+strings.Replace(e.Text, version, mutant, 1)+how.after, how.scan, 0)
			if banner.SameButCut(f, g) {
				t.Errorf("%s: version %s became %s and nothing changed:\n%s", file, version, mutant, f.Text)
			}
		}
	}
	if total < 3000 || versions < 500 || clocks < 50 {
		t.Fatalf("only %d examples with %d versions and %d clocks", total, versions, clocks)
	}
	t.Logf("%d examples, %d versions, %d clocks", total, versions, clocks)
}

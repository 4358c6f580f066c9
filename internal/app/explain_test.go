package app

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/schemas"
)

func explanation() *detect.Explanation {
	at := time.Date(2026, 11, 23, 15, 2, 11, 0, time.UTC)
	later := at.Add(72 * time.Hour)
	text := func(s string) *string { return &s }
	return &detect.Explanation{
		Host: "203.0.113.7", Epoch: 1795451662, Revision: 1, Seq: 42, Baseline: text("complete"), Exposed: true, LookedAt: &at, PortsHeld: 3,
		Unknown: &detect.HostUnknown{Answers: 1, Since: &at}, Blind: &detect.HostBlind{Since: &at, Reason: "not_scanned"},
		Groups: []schemas.Group{{Protocol: "tcp", Count: 1024, Ranges: [][2]int{{1, 1023}, {8080, 8080}}}},
		Ports: []detect.ExplainedPort{
			{Port: schemas.PortRef{Protocol: "tcp", Number: 22}, Seen: detect.SeenPort{Evidence: &at}},
			{Port: schemas.PortRef{Protocol: "tcp", Number: 443}, Told: &schemas.Port{Status: "open",
				Services:    []schemas.Service{{Name: "nginx", Versions: []string{"1.18.0", "1.20.1"}}},
				Certificate: &schemas.Certificate{Subject: "CN=www.example.com", NotAfter: &later},
				Banners:     []schemas.BannerSet{{Protocol: "http"}}},
				Seen: detect.SeenPort{Evidence: &at, Scan: &at, Certificate: text("c-1"),
					Services: []detect.SeenVersion{{Name: "nginx", Version: "1.18.0", LastSeen: &at, Unseen: 4}, {Name: "nginx", Version: "1.20.1", LastSeen: &at}},
					Banners: []detect.SeenForm{{Protocol: "http", Digest: "5b1f0c9d3e7a4b62", Product: text("nginx"), Version: text("1.20.1"), LastSeen: &at, Told: true},
						{Protocol: "http", Digest: "76f007dd78dbacd4", LastSeen: &at, Unseen: 9}}}},
		},
		Pending: []detect.ExplainedHold{
			{Port: &schemas.PortKey{Protocol: "tcp", Number: 443}, Facet: text("status"), What: text("vanished"), Rule: "absent_once", Since: &at, Count: 1, Of: 2, Until: &later, Ends: "told when a second list lacks it"},
			{Rule: "unknown_once", Since: &at, Ends: "another 404"},
		},
		Suppressed: []detect.SuppressedCount{{Rule: "absent_once", Why: "One absence proves nothing.", Count: 3, Last: &at, Facet: "status"}},
	}
}

func TestExplanationText(t *testing.T) {
	var out bytes.Buffer
	e := &env{Stdio: Stdio{Out: &out}}
	if err := e.writeExplanation(explanation(), false); err != nil {
		t.Fatal(err)
	}
	want := `203.0.113.7  exposed, 3 ports held, baseline complete
epoch 1795451662, revision 1, seq 42; looked at 2026-11-23T15:02:11Z, newest evidence -
the source has answered "unknown host" 1 times, since 2026-11-23T15:02:11Z
told blind since 2026-11-23T15:02:11Z: not_scanned
told as one group: 1024 tcp ports that answer alike, 1-1023, 8080

PORT     TOLD        LAST EVIDENCE         WHAT IS TOLD
tcp/22   (not told)  2026-11-23T15:02:11Z
tcp/443  open        2026-11-23T15:02:11Z  nginx 1.18.0, 1.20.1; certificate CN=www.example.com
and 1 more; name one to see it

held back, and what ends it
  PORT     WHAT             RULE          SO FAR  SINCE                 BY TIME AT
  tcp/443  status vanished  absent_once   1 of 2  2026-11-23T15:02:11Z  2026-11-26T15:02:11Z
  -                         unknown_once          2026-11-23T15:02:11Z
  absent_once: told when a second list lacks it
  unknown_once: another 404

seen and not told, on all ports
  RULE         TIMES  LAST                  WHY
  absent_once  3      2026-11-23T15:02:11Z  One absence proves nothing.
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	out.Reset()
	x := explanation()
	x.Ports, x.Pending, x.Suppressed, x.Unknown, x.Blind, x.Groups = x.Ports[1:], nil, nil, nil, nil, nil
	if err := e.writeExplanation(x, true); err != nil {
		t.Fatal(err)
	}
	want = `203.0.113.7  exposed, 3 ports held, baseline complete
epoch 1795451662, revision 1, seq 42; looked at 2026-11-23T15:02:11Z, newest evidence -

FACET        TOLD                                            SEEN
status       open                                            evidence 2026-11-23T15:02:11Z, scan 2026-11-23T15:02:11Z
service      nginx 1.18.0, 1.20.1                            1.18.0 seen 2026-11-23T15:02:11Z, unseen for 4 scans; 1.20.1 seen 2026-11-23T15:02:11Z
banner http  nginx 1.20.1                                    5b1f0c9d nginx 1.20.1 seen 2026-11-23T15:02:11Z
             (told before)                                   76f007dd (no product) seen 2026-11-23T15:02:11Z, unseen for 9 scans
certificate  CN=www.example.com, until 2026-11-26T15:02:11Z  id c-1
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Text of a host reaches the terminal through one function (docs/architecture.md).
func TestExplanationOfHostileText(t *testing.T) {
	evil := "\x1b[31mred\a\u202elive\u200b\u2028\r\nFAKE \xff"
	x := explanation()
	p := &x.Ports[1]
	p.Told.Status, p.Told.Services[0].Name, p.Told.Services[0].Versions[0], p.Told.Certificate.Subject = evil, evil, evil, evil
	p.Port.Protocol, p.Told.Banners[0].Protocol = evil, evil
	p.Seen.Certificate, p.Seen.Services[0].Version, p.Seen.Banners[0].Product, p.Seen.Banners[0].Protocol = &evil, evil, &evil, evil
	x.Pending[0].What = &evil
	x.Host = evil
	for _, one := range []bool{false, true} {
		if one {
			x.Ports = x.Ports[1:]
		}
		var out bytes.Buffer
		e := &env{Stdio: Stdio{Out: &out}}
		if err := e.writeExplanation(x, one); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
				t.Errorf("raw %U in %q", r, out.String())
			}
		}
		if strings.Contains(out.String(), "\nFAKE") {
			t.Errorf("a line of the host's own: %q", out.String())
		}
	}
}

// Which part of an event makes its severity.
func TestSeverityBecause(t *testing.T) {
	port := func(n int) *schemas.PortRef { return &schemas.PortRef{Protocol: "tcp", Number: n} }
	for _, tc := range []struct {
		head eventHead
		want string
	}{
		{eventHead{Type: schemas.PortOpened, Port: port(80), Severity: schemas.Medium, Reasons: []schemas.Reason{schemas.ReasonNewPort}}, "as port.opened is"},
		{eventHead{Type: schemas.PortOpened, Port: port(3389), Severity: schemas.High, Reasons: []schemas.Reason{schemas.ReasonNewPort}}, "port 3389 is one that nobody means to expose"},
		{eventHead{Type: schemas.BannerChanged, Port: port(80), Severity: schemas.High, Reasons: []schemas.Reason{schemas.ReasonNewForm, schemas.ReasonSecurityFact}}, "by security_fact"},
		{eventHead{Type: schemas.ServiceVersionChanged, Port: port(80), Severity: schemas.Info, Reasons: []schemas.Reason{schemas.ReasonVersionKnown}}, "by version_known"},
		{eventHead{Type: schemas.PortClosed, Port: port(80), Severity: schemas.Critical}, "by the rules of another version"},
	} {
		if got := severityBecause(&tc.head); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.head.Type, got, tc.want)
		}
	}
}

// An event found anywhere may be anybody's.
func TestEventOfHostileText(t *testing.T) {
	evil := `\u001b[31mred\u0007\u202elive\u200b\u2028\r\nFAKE`
	text := `{"id":"` + evil + `","type":"port.opened","host":"` + evil + `","port":{"protocol":"` + evil + `","number":80,"id":null},"epoch":1,"revision":1,"seq":1,` +
		`"severity":"medium","reasons":["` + evil + `"],"message":"` + evil + `","confidence":"` + evil + `","time":{"notBefore":null,"notAfter":null,"detected":"2026-11-23T15:02:11.120Z"},` +
		`"before":{"x":"` + evil + `"},"after":{"x":"\u202e"},"changed":["` + evil + `"],"details":{"facts":[{"path":"` + evil + `","class":"` + evil + `","before":"` + evil + `","after":null}]},` +
		`"context":{"status":null,"services":null,"certificate":null,"labels":{}},"evidence":{"snapshot":"` + evil + `","requests":["` + evil + `"],"basis":"` + evil + `","agreeing":1,"proof":"` + evil + `"},"cause":"` + evil + `"}`
	raw := strings.ReplaceAll(strings.ReplaceAll(text, `\u202e`, "\u202e"), `\u2028`, "\u2028")
	for _, value := range []string{text, raw, strings.Replace(text, "port.opened", "record.malformed", 1)} {
		for _, output := range []string{"text", "json"} {
			var out bytes.Buffer
			e := &env{Stdio: Stdio{Out: &out}, output: output}
			if err := e.showEvent(&foundEvent{Where: "topic", Topic: "t", Event: []byte(value)}); err != nil {
				t.Fatal(err)
			}
			for _, r := range out.String() {
				if r != '\n' && !unicode.IsGraphic(r) {
					t.Errorf("%s: raw %U in %q", output, r, out.String())
				}
			}
			if strings.Contains(out.String(), "\nFAKE") {
				t.Errorf("%s: a line of the host's own: %q", output, out.String())
			}
		}
	}
	var out bytes.Buffer
	e := &env{Stdio: Stdio{Out: &out}}
	for _, value := range []string{`{"id":"\u001b"`, `[]`, `{"severity":"evil"}`} {
		if err := e.showEvent(&foundEvent{Event: []byte(value)}); err == nil || strings.Contains(err.Error(), "evil") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

package diff

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/internal/hostport"
)

// list is a complete list of a host's ports, taken at an hour.
func list(hour float64, ports ...hostport.Port) *hostport.Snapshot {
	return &hostport.Snapshot{Host: "203.0.113.7", At: at(hour), Result: hostport.Ports, Proof: hostport.Single, Ports: ports}
}

// scan is a list of what a scan of tcp ports 1 to 1000 shows.
func scan(hour float64, ports ...hostport.Port) *hostport.Snapshot {
	s := list(hour, ports...)
	s.Coverage = hostport.Coverage{"tcp": {{First: 1, Last: 1000}}}
	return s
}

func with(s *hostport.Snapshot, change func(*hostport.Snapshot)) *hostport.Snapshot {
	change(s)
	return s
}

func group(status hostport.Status, ranges ...hostport.PortRange) func(*hostport.Snapshot) {
	return func(s *hostport.Snapshot) {
		g := hostport.Group{Status: status}
		if len(ranges) > 0 {
			g.Ports = hostport.Coverage{"tcp": ranges}
		}
		s.Unlisted = append(s.Unlisted, g)
	}
}

func unproven(s *hostport.Snapshot) { s.Proof = hostport.Unproven }

// told writes changes in short: type, port, and what matters of the rest.
func toldShort(c Comparison) []string {
	out := []string{}
	for _, ch := range c.Changes {
		line := string(ch.Type)
		if ch.Told != nil {
			line += " " + ch.Key.String()
		}
		if d, ok := ch.Details.(VersionDetails); ok {
			line += fmt.Sprintf(" %s>%s %s", d.From, d.To, d.Direction)
		}
		for _, r := range ch.Reasons {
			line += " " + string(r)
		}
		if ch.Tentative {
			line += " tentative"
		}
		out = append(out, line)
	}
	if c.Unproven > 0 {
		out = append(out, fmt.Sprint("unproven ", c.Unproven))
	}
	for _, k := range c.Unread {
		out = append(out, "unread "+k.String())
	}
	return out
}

const (
	sha1A = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	sha1B = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// The second of two files has the last word, whatever the dates say; what it does
// not list counts as far as its list goes.
func TestCompare(t *testing.T) {
	closed, filtered := status(hostport.Closed), status(hostport.Filtered)
	unseen := func(p *hostport.Port) { p.ServicesUnseen, p.CertificateUnseen = true, true }
	for _, tt := range []struct {
		name     string
		old, now *hostport.Snapshot
		want     []string
	}{
		{"opened", list(0, port(80, 0)), list(9, port(80, 9), port(443, 9)), []string{"port.opened tcp/443 new_port"}},
		{"discovered", list(0), list(9, port(80, 9, closed)), []string{"port.discovered tcp/80 new_port"}},
		{"first open port", list(0, port(80, 0, closed)), list(9, port(80, 9)),
			[]string{"port.reopened tcp/80 never_told_open", "host.exposed first_open_port"}},
		{"closed", list(0, port(80, 0), port(81, 0)), list(9, port(80, 9, closed), port(81, 9, filtered)),
			[]string{"port.closed tcp/80 source_statement", "port.filtered tcp/81 source_statement", "host.unexposed last_open_port"}},
		{"another word", list(0, port(80, 0)), list(9, port(80, 9, status("open|filtered"))),
			[]string{"port.status_changed tcp/80 source_statement", "host.unexposed last_open_port"}},
		{"vanished at one absence", list(0, port(80, 0), port(81, 0)), list(9, port(81, 9)), []string{"port.vanished tcp/80 absent_once tentative"}},
		{"an empty list", list(0, port(80, 0)), list(9), []string{"port.vanished tcp/80 absent_once tentative", "host.unexposed last_open_port tentative"}},
		{"an unproven list shows no absence", list(0, port(80, 0), port(81, 0)), with(list(9, port(81, 9)), unproven), []string{"unproven 1"}},
		{"an unreadable record may be any", list(0, port(80, 0)), with(list(9), func(s *hostport.Snapshot) { s.Paging.Unreadable = 1 }), []string{"unproven 1"}},
		{"the order of arguments, not of dates", list(9, port(80, 9)), list(0, port(80, 0, closed)),
			[]string{"port.closed tcp/80 source_statement", "host.unexposed last_open_port"}},
		{"no readable date", list(0, port(80, 0)), list(9, port(80, 9, undated, closed)),
			[]string{"port.closed tcp/80 source_statement tentative", "host.unexposed last_open_port tentative"}},
		{"no readable status", list(0, port(80, 0)), list(9, port(80, 9, status(""))), nil},
		{"a status that can be read now", list(0, port(80, 0, status(""))), list(9, port(80, 9)),
			[]string{"port.opened tcp/80 status_readable tentative", "host.exposed first_open_port tentative"}},
		{"unknown to the source", list(0, port(80, 0)), with(list(9), func(s *hostport.Snapshot) { s.Result = hostport.Unknown }), nil},
		{"down", list(0, port(80, 0)), with(list(9), func(s *hostport.Snapshot) { s.Result = hostport.Down }), nil},

		{"version up", list(0, port(80, 0, service("nginx", "1.9", 0, 0, true))), list(9, port(80, 9, service("nginx", "1.10", 9, 9, true))),
			[]string{"service.version_changed tcp/80 1.9>1.10 up version_up"}},
		{"version out of a set", list(0, port(80, 0, service("nginx", "1.9", 0, 0, true), service("nginx", "1.8", 0, 0, true))),
			list(9, port(80, 9, service("nginx", "1.8", 0, 9, true))), []string{"service.version_changed tcp/80 1.9>1.8 down settled"}},
		{"version known now", list(0, port(80, 0, service("nginx", "", 0, 0, true))), list(9, port(80, 9, service("nginx", "1.9", 9, 9, true))),
			[]string{"service.version_changed tcp/80 >1.9 unknown version_known"}},
		{"version unknown now", list(0, port(80, 0, service("nginx", "1.9", 0, 0, true))), list(9, port(80, 9, service("nginx", "", 9, 9, true))), nil},
		{"another case is no change", list(0, port(80, 0, service("nginx", "1.9", 0, 0, true))), list(9, port(80, 9, service("NGINX", "1.9", 9, 9, true))), nil},
		{"service swapped", list(0, port(80, 0, service("nginx", "1.9", 0, 0, true))), list(9, port(80, 9, service("httpd", "2.4", 9, 9, true))),
			[]string{"service.added tcp/80 service_seen", "service.removed tcp/80 absent_once tentative"}},
		{"services not looked for", list(0, port(80, 0, service("nginx", "1.9", 0, 0, true))), list(9, port(80, 9, unseen)), nil},

		{"banner changed", list(0, port(80, 0, answer(nginx("1.18.0"), 0, 0))), list(9, port(80, 9, answer(nginx("1.20.1"), 9, 9))),
			[]string{"banner.changed tcp/80 new_form version_up"}},
		{"banner gone cannot be known", list(0, port(80, 0, answer(nginx("1.18.0"), 0, 0))), list(9, port(80, 9)), nil},
		{"banner cut", list(0, port(80, 0, answer(nginx("1.18.0"), 0, 0))), list(9, port(80, 9, answer(nginx("1.18.0")[:40]+"...", 9, 9))), nil},

		{"certificate added", list(0, port(80, 0)), list(9, port(80, 9, cert(sha1A, "CN=a"))), []string{"certificate.added tcp/80 tls_added"}},
		{"certificate removed", list(0, port(80, 0, cert(sha1A, "CN=a"))), list(9, port(80, 9)), []string{"certificate.removed tcp/80 absent_once tentative"}},
		{"certificate not looked for", list(0, port(80, 0, cert(sha1A, "CN=a"))), list(9, port(80, 9, unseen)), nil},
		{"certificate renewed", list(0, port(80, 0, cert(sha1A, "CN=a"))), list(9, port(80, 9, cert(sha1B, "CN=a"))), []string{"certificate.renewed tcp/80 same_identity"}},
		{"certificate replaced", list(0, port(80, 0, cert(sha1A, "CN=a"))), list(9, port(80, 9, cert(sha1B, "CN=b"))), []string{"certificate.replaced tcp/80 identity_changed"}},
		{"the same stub", list(0, port(80, 0, stub("c1"))), list(9, port(80, 9, stub("c1"))), nil},
		{"another stub", list(0, port(80, 0, stub("c1"))), list(9, port(80, 9, stub("c2"))), []string{"unread tcp/80"}},
		{"a stub of the known one", list(0, port(80, 0, cert(sha1A, "CN=a"))), list(9, port(80, 9, stub("c-"+sha1A))), nil},
		{"a stub is read now", list(0, port(80, 0, stub("c-"+sha1A))), list(9, port(80, 9, cert(sha1A, "CN=a"))), nil},

		{"not covered", scan(0, port(80, 0), port(2000, 0)), scan(9, port(80, 9)), []string{"unproven 1"}},
		{"covered and gone", scan(0, port(80, 0), port(81, 0)), scan(9, port(81, 9)), []string{"port.vanished tcp/80 absent_once tentative"}},
		{"of the closed ones not shown", scan(0, port(80, 0), port(81, 0)), with(scan(9, port(81, 9)), group(hostport.Closed)),
			[]string{"port.closed tcp/80 source_statement"}},
		{"of the filtered ones not shown", scan(0, port(80, 0), port(81, 0)), with(scan(9, port(81, 9)), group(hostport.Filtered)),
			[]string{"port.filtered tcp/80 source_statement"}},
		{"of one group or another", scan(0, port(80, 0), port(81, 0)),
			with(with(scan(9, port(81, 9)), group(hostport.Closed)), group(hostport.Filtered)), []string{"port.vanished tcp/80 absent_once tentative"}},
		{"of the group that names it", scan(0, port(80, 0), port(81, 0)),
			with(with(scan(9, port(81, 9)), group(hostport.Closed, hostport.PortRange{First: 1, Last: 79})), group(hostport.Filtered, hostport.PortRange{First: 80, Last: 80})),
			[]string{"port.filtered tcp/80 source_statement"}},
		{"closed and not shown any more", scan(0, port(80, 0, closed)), with(scan(9), group(hostport.Closed)), nil},
		{"closed and shown now", with(scan(0), group(hostport.Closed)), scan(9, port(80, 9, closed)), nil},
		{"filtered and not shown, closed now", with(scan(0), group(hostport.Filtered)), scan(9, port(80, 9, closed)), []string{"port.discovered tcp/80 new_port"}},
		{"closed, of one group or another", scan(0, port(80, 0, closed)), with(with(scan(9), group(hostport.Closed)), group(hostport.Filtered)), nil},
		{"an unfinished scan", scan(0, port(80, 0)), with(with(scan(9), unproven), group(hostport.Closed)), []string{"unproven 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Compare(tt.old, tt.now, DefaultPolicy(), 0)
			if tt.want == nil {
				tt.want = []string{}
			}
			if d := cmp.Diff(tt.want, toldShort(c)); d != "" {
				t.Error(d)
			}
			for i, ch := range c.Changes {
				if ch.Seq != uint64(i+1) || ch.Agreeing != 1 {
					t.Errorf("change %d: seq %d, agreeing %d", i, ch.Seq, ch.Agreeing)
				}
			}
			if c.State.Epoch != tt.old.At.Unix() {
				t.Errorf("epoch %d", c.State.Epoch)
			}
		})
	}
}

func nginx(version string) string {
	return "HTTP/1.1 200 OK\r\nServer: nginx/" + version + "\r\nContent-Type: text/html\r\nX-Frame-Options: DENY\r\n\r\n"
}

// Open ports that are the same in both are counted and not handed over.
func TestCompareThinned(t *testing.T) {
	c := Compare(list(0, port(80, 0)), list(9), DefaultPolicy(), 1)
	if d := cmp.Diff([]string{"port.vanished tcp/80 absent_once tentative"}, toldShort(c)); d != "" {
		t.Error(d)
	}
}

// drawList draws a snapshot with all that can be compared.
func drawList(t *rapid.T, label string) *hostport.Snapshot {
	var ports []hostport.Port
	hour := float64(rapid.IntRange(0, 50).Draw(t, label+" hour"))
	for number := range uint16(6) {
		if !rapid.Bool().Draw(t, label+" listed") {
			continue
		}
		p := port(number, hour, status(rapid.SampledFrom([]hostport.Status{"open", "open", "closed", "filtered", "open|filtered"}).Draw(t, "status")))
		for _, name := range []string{"nginx", "PHP"} {
			if rapid.Bool().Draw(t, name) {
				service(name, rapid.SampledFrom([]string{"", "1.9", "1.10"}).Draw(t, "version"), hour, hour, true)(&p)
			}
		}
		if rapid.Bool().Draw(t, "answers") {
			answer(nginx(rapid.SampledFrom([]string{"1.18.0", "1.20.1"}).Draw(t, "banner")), hour, hour)(&p)
		}
		if rapid.Bool().Draw(t, "certificate") {
			cert(rapid.SampledFrom([]string{sha1A, sha1B}).Draw(t, "sha1"), rapid.SampledFrom([]string{"CN=a", "CN=b"}).Draw(t, "subject"))(&p)
		}
		ports = append(ports, p)
	}
	s := list(hour, ports...)
	switch rapid.IntRange(0, 3).Draw(t, label+" kind") {
	case 0:
		unproven(s)
	case 1:
		s.Coverage = hostport.Coverage{"tcp": {{First: 0, Last: 3}}}
		group(rapid.SampledFrom([]hostport.Status{"closed", "filtered"}).Draw(t, "group"))(s)
	}
	return s
}

// A snapshot does not differ from itself; the order of records does not matter; what
// is told leads from the old one to the new one; and what the new one does not cover
// is told neither closed nor gone.
func TestCompareLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, now := drawList(t, "old"), drawList(t, "new")
		if c := Compare(old, old, DefaultPolicy(), 0); len(c.Changes) > 0 {
			t.Fatalf("x differs from x: %v", toldShort(c))
		}
		c := Compare(old, now, DefaultPolicy(), 0)
		turned := *now
		turned.Ports = slices.Clone(now.Ports)
		slices.Reverse(turned.Ports)
		if again := Compare(old, &turned, DefaultPolicy(), 0); !slices.Equal(toldShort(again), toldShort(c)) {
			t.Fatalf("in another order: %v, was %v", toldShort(again), toldShort(c))
		}
		want := Compare(now, now, DefaultPolicy(), 0).State // what is told of the new one by itself
		for key, p := range c.State.Ports {
			if listed := want.Ports[key]; listed != nil && p.Told == nil {
				if old.StatusOfUnlisted(key) != listed.Told.Status {
					t.Fatalf("%s is %s and was not told", key, listed.Told.Status)
				}
				continue
			} else if listed != nil {
				reached(t, key, p.Told, listed.Told)
				continue
			}
			covered := now.Proof.Complete() && now.Coverage.Covers(key)
			switch status := now.StatusOfUnlisted(key); {
			case !covered && p.Told.Status == hostport.Vanished:
				t.Fatalf("%s is told gone by a list that does not cover it", key)
			case covered && now.Coverage == nil && p.Told.Status != hostport.Vanished:
				t.Fatalf("%s is not listed and told %s", key, p.Told.Status)
			case covered && status != "" && p.Told.Status != status:
				t.Fatalf("%s is not shown as %s and told %s", key, status, p.Told.Status)
			}
		}
	})
}

// reached holds what is told in the end against what the new snapshot says.
func reached(t *rapid.T, key hostport.PortKey, got, want *Port) {
	if got.Status != want.Status {
		t.Fatalf("%s is told %s, and is %s", key, got.Status, want.Status)
	}
	if !want.Open() {
		return
	}
	for _, s := range want.Services {
		if g, _ := got.service(s.Key()); len(s.Versions) > 0 && !slices.Equal(g.Versions, s.Versions) {
			t.Fatalf("%s: %v is told, and is %v", key, g, s)
		}
	}
	for _, set := range want.Banners {
		if g, _ := got.bannerSet(set.Protocol); !slices.Equal(g.digests(), set.digests()) {
			t.Fatalf("%s: another banner is told", key)
		}
	}
	if len(got.Services) != len(want.Services) || (got.Certificate == nil) != (want.Certificate == nil) ||
		got.Certificate != nil && got.Certificate.SHA1 != want.Certificate.SHA1 {
		t.Fatalf("%s: told %+v, is %+v", key, got, want)
	}
}

// Several looks of one file are one in the end, in whatever order they stand.
func TestMerge(t *testing.T) {
	closed := status(hostport.Closed)
	for _, tt := range []struct {
		name  string
		looks []*hostport.Snapshot
		want  string
	}{
		{"the newest evidence", []*hostport.Snapshot{list(0, port(80, 0)), list(9, port(80, 9, closed))}, "tcp/80 closed"},
		{"an older record changes nothing", []*hostport.Snapshot{list(9, port(80, 9)), list(10, port(80, 5, closed))}, "tcp/80 open"},
		{"of equal age, the status stays", []*hostport.Snapshot{list(9, port(80, 9)), list(10, port(80, 9, closed))}, "tcp/80 open"},
		{"gone from a later list", []*hostport.Snapshot{list(0, port(80, 0), port(81, 0)), list(9, port(81, 9))}, "tcp/81 open"},
		{"not gone from a stale list", []*hostport.Snapshot{list(0, port(80, 0), port(81, 5)), list(9, port(81, 4))}, "tcp/80 open tcp/81 open"},
		{"not gone from an unproven list", []*hostport.Snapshot{list(0, port(80, 0)), with(list(9, port(81, 9)), unproven)}, "tcp/80 open tcp/81 open"},
		{"not gone from a scan of others", []*hostport.Snapshot{scan(0, port(2000, 0)), scan(9, port(81, 9))}, "tcp/81 open tcp/2000 open"},
		{"one element a port", []*hostport.Snapshot{scan(9, port(80, 9)), scan(9, port(81, 9))}, "tcp/80 open tcp/81 open"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				var got []string
				for _, p := range Merge(tt.looks).Ports {
					got = append(got, p.PortKey.String(), string(p.Status))
				}
				if strings.Join(got, " ") != tt.want {
					t.Errorf("%v, want %s", got, tt.want)
				}
				slices.Reverse(tt.looks)
			}
		})
	}
	down := with(list(9), func(s *hostport.Snapshot) { s.Result = hostport.Down })
	if got := Merge([]*hostport.Snapshot{list(0, port(80, 0)), down}); got.Result != hostport.Ports || len(got.Ports) != 1 || !got.At.Equal(at(9)) {
		t.Errorf("a host that was down once: %+v", got)
	}
}

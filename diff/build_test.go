package diff

import (
	"fmt"
	"testing"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// t0 is when every timeline of the tests begins; at(h) is h hours later.
var t0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func at(hours float64) time.Time { return t0.Add(time.Duration(hours * float64(time.Hour))) }

// port is an open tcp port scanned at an hour; options change it.
func port(number uint16, scan float64, options ...func(*hostport.Port)) hostport.Port {
	p := hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: number}, ID: fmt.Sprintf("id-%d", number),
		Status: hostport.Open, FirstSeen: at(-1000), LastSeen: at(scan), LastScan: at(scan)}
	for _, o := range options {
		o(&p)
	}
	return p
}

func status(s hostport.Status) func(*hostport.Port) { return func(p *hostport.Port) { p.Status = s } }

func undated(p *hostport.Port) {
	p.FirstSeen, p.LastSeen, p.LastScan = time.Time{}, time.Time{}, time.Time{}
}

// service is a history entry seen between two hours; recent as the source says.
func service(name, version string, first, last float64, recent bool) func(*hostport.Port) {
	return func(p *hostport.Port) {
		p.Services = append(p.Services, hostport.Service{Category: "Server", Name: name, Version: version,
			IsRecent: recent, FirstSeen: at(first), LastSeen: at(last)})
	}
}

// answer is a banner seen between two hours.
func answer(text string, first, last float64) func(*hostport.Port) {
	return func(p *hostport.Port) {
		p.Banners = append(p.Banners, hostport.Banner{Text: text, ScanProtocol: "http_raw", FirstSeen: at(first), LastSeen: at(last)})
	}
}

// cert is a certificate told apart by its sha1; subject decides renewed or replaced.
func cert(sha1, subject string) func(*hostport.Port) {
	return func(p *hostport.Port) {
		p.Certificate = &hostport.Certificate{ID: "c-" + sha1, SHA1: sha1, Subject: subject, Issuer: "CN=CA",
			NotBefore: at(-100), NotAfter: at(24 * 90), Names: []string{"b.example", "a.example"}}
	}
}

func stub(id string) func(*hostport.Port) {
	return func(p *hostport.Port) { p.Certificate = &hostport.Certificate{ID: id} }
}

// timeline drives Step over looks and keeps what was decided.
type timeline struct {
	t       *testing.T
	state   State
	policy  Policy
	asked   []hostport.Ask
	answers func(hostport.Ask) hostport.Answer // nil: no point reads
	last    Result
}

func newTimeline(t *testing.T) *timeline {
	return &timeline{t: t, policy: DefaultPolicy(), answers: func(a hostport.Ask) hostport.Answer {
		return hostport.Answer{Ask: a, Verdict: hostport.NotFound}
	}}
}

func snapshot(hour float64, ports ...hostport.Port) *hostport.Snapshot {
	return &hostport.Snapshot{Host: "203.0.113.7", At: at(hour), Result: hostport.Ports, Proof: hostport.Single, Ports: ports,
		Paging: hostport.Paging{Pages: 1, Count: len(ports), Distinct: len(ports)}}
}

// look takes one complete snapshot and returns its events as "type port".
func (tl *timeline) look(hour float64, ports ...hostport.Port) []string {
	return tl.take(snapshot(hour, ports...))
}

func (tl *timeline) take(snap *hostport.Snapshot) []string {
	tl.t.Helper()
	res := Step(tl.state, snap, tl.policy, snap.At)
	tl.asked = res.Asks
	if len(res.Asks) > 0 {
		snap.Answers = []hostport.Answer{}
		for _, a := range res.Asks {
			snap.Answers = append(snap.Answers, tl.answers(a))
		}
		if res = Step(tl.state, snap, tl.policy, snap.At); len(res.Asks) > 0 {
			tl.t.Fatalf("asked twice in one look: %v", res.Asks)
		}
	}
	tl.state, tl.last = res.State, res
	for i, c := range res.Changes {
		// The caller of Step writes the id of a vanish back.
		if c.Type == PortVanished {
			tl.state.Ports[c.Key].Lost.EventID = fmt.Sprintf("vanish-%d", c.Seq)
		}
		if i > 0 && c.Seq != res.Changes[i-1].Seq+1 {
			tl.t.Errorf("seq %d after %d", c.Seq, res.Changes[i-1].Seq)
		}
	}
	return names(res.Changes)
}

// tick lets time alone pass up to an hour and returns its events.
func (tl *timeline) tick(hour float64) []string {
	tl.t.Helper()
	before := tl.state
	res := Tick(tl.state, tl.policy, at(hour))
	tl.state, tl.last = res.State, res
	if next := NextTick(tl.state, tl.policy); !next.IsZero() && !next.After(at(hour)) {
		tl.t.Errorf("after the tick of hour %v the next is due at %v", hour, next)
	}
	events := names(res.Changes)
	if due := NextTick(before, tl.policy); (due.IsZero() || due.After(at(hour))) && len(events)+len(res.Notes)+len(res.Gone) > 0 {
		tl.t.Errorf("the tick of hour %v was not due before %v, yet tells %v, %v", hour, due, events, res.Notes)
	}
	return events
}

func names(changes []Change) []string {
	events := []string{}
	for _, c := range changes {
		name := string(c.Type)
		if c.Told != nil {
			name += " " + c.Key.String()
		}
		events = append(events, name)
	}
	return events
}

func (tl *timeline) notes() []string {
	names := []string{}
	for _, n := range tl.last.Notes {
		names = append(names, string(n.Type))
	}
	return names
}

package detect

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

// wild is a world behind a bad source: stale replicas, hidden ports, times that
// are absent, ahead of the clock or in another zone, stubs, words that are none.
type wild struct {
	*world
	past []hostport.Snapshot
}

func newWild(seed uint64) *wild { return &wild{world: newWorld(seed)} }

func (w *wild) look() hostport.Snapshot {
	s := w.world.look()
	w.past = append(w.past, s)
	if w.rng.IntN(6) == 0 { // a stale replica
		at := s.At
		s = w.past[w.rng.IntN(len(w.past))]
		s.At = at
	}
	s.Ports = slices.Clone(s.Ports)
	s.Ports = slices.DeleteFunc(s.Ports, func(hostport.Port) bool { return w.rng.IntN(9) == 0 }) // a page that shifts
	for i := range s.Ports {
		p := &s.Ports[i]
		p.Services, p.Banners = slices.Clone(p.Services), slices.Clone(p.Banners)
		w.spoil(&p.LastScan)
		w.spoil(&p.LastSeen)
		w.spoil(&p.FirstSeen)
		for j := range p.Services {
			w.spoil(&p.Services[j].LastSeen)
			w.spoil(&p.Services[j].FirstSeen)
		}
		for j := range p.Banners {
			w.spoil(&p.Banners[j].LastSeen)
			w.spoil(&p.Banners[j].FirstSeen)
		}
		switch w.rng.IntN(12) {
		case 0:
			p.Status = pick(w.rng, "", "vanished", "OPEN", "two\x00words\u202e", hostport.Status(strings.Repeat("w", 64)))
		case 1:
			p.ID = ""
		case 2:
			if p.Certificate != nil {
				p.Certificate = &hostport.Certificate{ID: p.Certificate.ID}
			}
		case 3:
			for j := range 12 { // more protocols and forms than are told
				p.Banners = append(p.Banners, hostport.Banner{Text: fmt.Sprintf("hello %d\x00", w.rng.IntN(20)), ScanProtocol: fmt.Sprintf("p%d", j%8), FirstSeen: w.now, LastSeen: p.LastScan})
			}
		case 4:
			undated := func(ts ...*time.Time) {
				for _, t := range ts {
					*t = time.Time{}
				}
			}
			undated(&p.LastScan, &p.LastSeen)
			for j := range p.Services {
				undated(&p.Services[j].LastSeen)
			}
			for j := range p.Banners {
				undated(&p.Banners[j].LastSeen)
			}
		}
	}
	return s
}

func (w *wild) spoil(t *time.Time) {
	switch w.rng.IntN(25) {
	case 0:
		*t = time.Time{}
	case 1:
		*t = t.Add(25 * time.Hour)
	case 2:
		*t = t.In(time.FixedZone("", 7200))
	}
}

// answer is what the source says to an ask, in all the ways it may.
func (w *wild) answer(a hostport.Ask, s hostport.Snapshot) hostport.Answer {
	out := hostport.Answer{Ask: a, Verdict: pick(w.rng, hostport.NotFound, hostport.Failed, hostport.Found, hostport.Found, hostport.Unsupported, ""), Requests: []string{"ask-" + a.ID}}
	if out.Verdict != hostport.Found || w.rng.IntN(10) == 0 {
		return out
	}
	switch a.Kind {
	case hostport.AskPort:
		p := hostport.Port{PortKey: a.Key, ID: a.ID, Status: pick(w.rng, hostport.Open, hostport.Closed, ""), LastScan: w.now, LastSeen: w.now}
		if held := w.ports[a.Key]; held != nil {
			p = *held
		}
		if w.rng.IntN(3) == 0 {
			p.Protocol = "sctp"
		}
		out.Port = &p
	case hostport.AskCertificate:
		out.Certificate = &hostport.Certificate{ID: a.ID, SHA1: strings.TrimPrefix(a.ID, "c"), Subject: "CN=" + pick(w.rng, "a", "b"), Names: []string{"x"}}
	case hostport.AskList:
		second := s
		second.Requests = []string{"again"}
		second.Proof = pick(w.rng, hostport.Single, hostport.Unproven)
		out.List = &second
	}
	return out
}

// TestFoldGivesToldWhateverTheSourceSays is the law of the two layers behind a
// source that breaks every rule. After each step the state that was encoded and
// decoded decides the same as the one in memory, byte for byte, and no step
// changes the state it was given.
func TestFoldGivesToldWhateverTheSourceSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWild(rapid.Uint64().Draw(t, "seed"))
		d, s := open(t)
		defer s.Close()
		var memory diff.State
		var shard diff.Shard
		var records []schemas.Record
		for range 30 {
			w.step()
			look := w.look()
			look.At = look.At.UTC().Truncate(time.Millisecond)
			asks, err := d.Handle(context.Background(), look)
			if err != nil {
				t.Fatalf("handle: %v", err)
			}
			given := encodeState(&memory)
			res := diff.StepIn(shard, memory, &look, d.Policy, look.At)
			if d := cmp.Diff(asks, res.Asks, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("asks of the stored and of the kept state:\n%s", d)
			}
			if len(asks) > 0 {
				look.Answers = []hostport.Answer{}
				for _, a := range asks {
					look.Answers = append(look.Answers, w.answer(a, look))
				}
				if asks, err = d.Handle(context.Background(), look); err != nil || len(asks) > 0 {
					t.Fatalf("handle with answers: %v, %v", asks, err)
				}
				res = diff.StepIn(shard, memory, &look, d.Policy, look.At)
			}
			e := newEncoder(d.Source, d.Shards, &look, &res)
			if err := e.all(&res); err != nil {
				t.Fatalf("encode: %v", err)
			}
			if !sameState(given, encodeState(&memory)) {
				t.Fatalf("the step changed the state it was given")
			}
			memory, shard = res.State, res.Shard
			checkRecords(t, e.records)
			records = append(records, e.records...)
			held, err := d.load("203.0.113.7")
			if err != nil {
				t.Fatalf("load: %v", err)
			}
			if !sameState(encodeState(&memory), encodeState(&held.state)) {
				t.Fatalf("states differ (-memory +stored):\n%s", cmp.Diff(memory, held.state))
			}
		}
		same := func(a, b schemas.Record) bool {
			return a.Topic == b.Topic && a.Key == b.Key && bytes.Equal(a.Value, b.Value) && slices.Equal(a.Headers, b.Headers)
		}
		if stored := outbox(t, s, "203.0.113.7"); !slices.EqualFunc(records, stored, same) {
			t.Fatalf("the states in memory and the stored ones told different things (-memory +stored):\n%s", cmp.Diff(records, stored))
		}
		checkFold(t, s, d)
	})
}

func sameState(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }

// checkRecords holds each event of one step to what every event promises.
func checkRecords(t tb, records []schemas.Record) {
	t.Helper()
	var order []string
	suppressed := map[string]bool{}
	for _, r := range records {
		if r.Topic == schemas.Lifecycles {
			l, err := schemas.ParseLifecycle(r.Value)
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			if kind := string(l.Type) + string(l.Details); suppressed[kind] && l.Type == schemas.ChangeSuppressed {
				t.Fatalf("told twice: %s", kind)
			} else {
				suppressed[kind] = true
			}
		}
		if r.Topic != schemas.Changes {
			continue
		}
		e, err := schemas.ParseEvent(r.Value)
		if err != nil {
			t.Fatalf("parse: %v", err)
		}
		if b, a := e.Time.NotBefore, e.Time.NotAfter; b != nil && a != nil && !b.Before(*a) {
			t.Fatalf("notBefore %v, notAfter %v\n%s", b, a, r.Value)
		}
		if n := utf8.RuneCountInString(e.Message); n == 0 || n > limits.MessageRunes.Max || strings.ContainsFunc(e.Message, func(r rune) bool { return r < ' ' || r == '\u202e' }) {
			t.Fatalf("message of %d characters: %q", n, e.Message)
		}
		settled := slices.Contains(e.Reasons, schemas.ReasonSettled)
		if string(e.Before) == string(e.After) && !settled {
			t.Fatalf("before is after: %s", r.Value)
		}
		place := "~" // host.* is last
		if e.Port != nil {
			facet := map[string]int{"port": 0, "service": 1, "banner": 2, "certificate": 3}[strings.Split(string(e.Type), ".")[0]]
			place = fmt.Sprintf("%s/%05d/%d", e.Port.Protocol, e.Port.Number, facet)
		}
		if e.Type == schemas.FlapStarted || e.Type == schemas.FlapEnded {
			continue // beside the event of its facet
		}
		order = append(order, place)
	}
	if !slices.IsSorted(order) {
		t.Fatalf("order: %v", order)
	}
}

// TestAnyOrderFromABadSource is P7 where times tie, lack or lie.
func TestAnyOrderFromABadSource(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		w := newWild(seed)
		var a, b diff.State
		for i := range 30 {
			w.step()
			look := w.look()
			other := shuffle(look, seed+uint64(i))
			look.Answers, other.Answers = []hostport.Answer{}, []hostport.Answer{}
			ra, rb := diff.Step(a, &look, diff.DefaultPolicy(), look.At), diff.Step(b, &other, diff.DefaultPolicy(), look.At)
			ea, eb := newEncoder("/s", shards, &look, &ra), newEncoder("/s", shards, &other, &rb)
			if err := ea.all(&ra); err != nil {
				t.Fatalf("encode: %v", err)
			}
			if err := eb.all(&rb); err != nil {
				t.Fatalf("encode: %v", err)
			}
			if !reflect.DeepEqual(ea.records, eb.records) {
				t.Fatalf("records differ:\n%s", cmp.Diff(ea.records, eb.records))
			}
			a, b = ra.State, rb.State
			if !sameState(encodeState(&a), encodeState(&b)) {
				t.Fatalf("states differ:\n%s", cmp.Diff(a, b))
			}
		}
	})
}

// TestCrashBetweenAskAndAnswer: a look that ends after its asks left no trace, and
// the look that follows a restart decides as if it had never been.
func TestCrashBetweenAskAndAnswer(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	look := func(hour int, numbers ...uint16) hostport.Snapshot {
		s := hostport.Snapshot{Host: "203.0.113.7", At: at.Add(time.Duration(hour) * time.Hour), Result: hostport.Ports, Proof: hostport.Single}
		for _, n := range numbers {
			s.Ports = append(s.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: n}, ID: fmt.Sprint(n), Status: hostport.Open, LastScan: s.At})
		}
		return s
	}
	var outboxes [][]schemas.Record
	for _, crash := range []bool{false, true} {
		d, s := open(t)
		handle(t, d, look(0, 80, 443))
		handle(t, d, look(24, 80))
		if crash {
			asks, err := d.Handle(context.Background(), look(48, 80))
			if err != nil || len(asks) != 1 {
				t.Fatalf("asks: %v, %v", asks, err)
			}
			d = &Detector{Store: s, Shards: d.Shards, Source: d.Source, Policy: d.Policy, Metrics: d.Metrics}
		}
		handle(t, d, look(48, 80))
		outboxes = append(outboxes, outbox(t, s, "203.0.113.7"))
		s.Close()
	}
	if d := cmp.Diff(outboxes[0], outboxes[1]); d != "" {
		t.Error(d)
	}
}

// TestBaselineOfNothing: both kinds of nothing, and what follows them, are valid
// by the schemas and say when and from what.
func TestBaselineOfNothing(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	unknown := hostport.Snapshot{Host: "203.0.113.7", At: at, Result: hostport.Unknown, Proof: hostport.Single, Requests: []string{"first"}}
	empty := unknown
	empty.Result = hostport.Ports
	full := empty
	full.Ports = []hostport.Port{{PortKey: hostport.PortKey{Protocol: "tcp", Number: 443}, Status: hostport.Open, LastScan: at}}
	for _, tc := range []struct {
		name          string
		first, second hostport.Snapshot
		want          schemas.Baseline
	}{
		{"unknown", unknown, unknown, schemas.Baseline(diff.BaselineUnknown)},
		{"empty", empty, empty, schemas.Baseline(diff.BaselineEmpty)},
		{"unknown, then empty", unknown, empty, schemas.Baseline(diff.BaselineEmpty)},
		{"empty, then unknown", empty, unknown, schemas.Baseline(diff.BaselineUnknown)},
		{"unknown, then ports", unknown, full, schemas.Baseline(diff.BaselineComplete)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, s := open(t)
			defer s.Close()
			first, second := tc.first, tc.second
			second.Requests = []string{"second"}
			asks, err := d.Handle(context.Background(), first)
			if err != nil || len(asks) != 1 || asks[0].Kind != hostport.AskList {
				t.Fatalf("asks: %v, %v", asks, err)
			}
			first.Answers = []hostport.Answer{{Ask: asks[0], Verdict: hostport.Found, List: &second, Requests: second.Requests}}
			if _, err := d.Handle(context.Background(), first); err != nil {
				t.Fatal(err)
			}
			later := full
			later.At = at.Add(24 * time.Hour)
			handle(t, d, later)
			for _, r := range outbox(t, s, "203.0.113.7") {
				if err := schematest.Check(r); err != nil {
					t.Errorf("%v\n%s", err, r.Value)
				}
				if r.Topic != schemas.Lifecycles {
					continue
				}
				l, err := schemas.ParseLifecycle(r.Value)
				if err != nil {
					t.Fatal(err)
				}
				switch l.Type {
				case schemas.BaselineCompleted:
					if want := fmt.Sprintf(`"answer":%q`, tc.want); !strings.Contains(string(l.Details), want) {
						t.Errorf("details %s, want %s", l.Details, want)
					}
					if d := cmp.Diff([]string{"first", "second"}, []string(l.Evidence.Requests)); d != "" {
						t.Error(d)
					}
				case schemas.HostKnown:
					if !strings.Contains(string(l.Details), `"since":"2026-11-01T00:00:00.000Z"`) {
						t.Errorf("details: %s", l.Details)
					}
				}
			}
			checkFold(t, s, d)
		})
	}
}

// TestRequestsOfTheSnapshotStay: the answers' request ids are added to a copy.
func TestRequestsOfTheSnapshotStay(t *testing.T) {
	backing := []string{"one", "two"}
	s := hostport.Snapshot{Host: "203.0.113.7", Result: hostport.Ports, Requests: backing[:1], Answers: []hostport.Answer{{Requests: []string{"three"}}}}
	e := newEncoder("/s", shards, &s, &diff.Result{})
	if d := cmp.Diff([]string{"one", "three"}, []string(e.evidence.Requests)); d != "" || backing[1] != "two" {
		t.Errorf("%s%v", d, backing)
	}
}

// TestBoundsAreHit: what diff kept back counts at the bound that kept it (P11).
func TestBoundsAreHit(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	p := hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: 80}, Status: hostport.Open, LastScan: at}
	for i := range 30 {
		p.Services = append(p.Services, hostport.Service{Name: fmt.Sprint("s", i), IsRecent: true})
	}
	before := limits.ToldServices.Hits()
	handle(t, d, hostport.Snapshot{Host: "203.0.113.7", At: at, Result: hostport.Ports, Proof: hostport.Single, Ports: []hostport.Port{p}})
	if got := limits.ToldServices.Hits() - before; got != 6 {
		t.Errorf("%d hits, want 6", got)
	}
}

// TestLongMessagesKeepTheirBound for every kind of text a message quotes.
func TestLongMessagesKeepTheirBound(t *testing.T) {
	hostile := strings.Repeat("\u202e\x1b\u200b世", 500)
	told := &diff.Port{Status: hostport.Open, Services: []diff.Service{{Name: hostile, Versions: []string{hostile}}},
		Certificate: &diff.Certificate{Subject: "CN=" + hostile}}
	for _, c := range []diff.Change{
		{Type: diff.PortOpened, Told: told},
		{Type: diff.PortStatusChanged, Told: told, Details: diff.StatusDetails{From: "open", To: hostport.Status(hostile)}},
		{Type: diff.ServiceRemoved, Told: told, Before: told.Services[0]},
		{Type: diff.CertificateAdded, Told: told, After: *told.Certificate},
		{Type: diff.ServiceVersionChanged, Told: told, After: told.Services[0], Details: diff.VersionDetails{From: hostile, To: hostile}},
	} {
		m := Message(hostport.Host(strings.Repeat("a", 253)), &c)
		if n := utf8.RuneCountInString(m); n > limits.MessageRunes.Max || hostport.EscapeText(strings.ReplaceAll(m, `\`, "")) != strings.ReplaceAll(m, `\`, "") {
			t.Errorf("%s: %d characters: %q", c.Type, n, m)
		}
	}
}

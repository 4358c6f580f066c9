package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

const shards = 4

// tb is what a test and a rapid check both offer.
type tb interface {
	Context() context.Context
	Fatalf(string, ...any)
	Errorf(string, ...any)
	Helper()
}

// open makes a detector on a store of its own in memory.
func open(t tb) (*Detector, *store.Store) {
	t.Helper()
	s, err := store.Open("state", store.Options{Shards: shards, FS: vfs.NewMem(), FreeSpace: func(string) (uint64, error) { return 1 << 40, nil }})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return &Detector{Store: s, Shards: shards, Source: schemas.Source("default", "graph"), Policy: diff.DefaultPolicy(), Metrics: NewMetrics(prometheus.NewRegistry())}, s
}

// handle performs a look with its asks, the way the poller does.
func handle(t tb, d *Detector, s hostport.Snapshot) {
	t.Helper()
	asks, err := d.Handle(context.Background(), s)
	if err != nil {
		t.Fatalf("handle: %v", err)
	}
	if len(asks) == 0 {
		return
	}
	s.Answers = []hostport.Answer{}
	for _, a := range asks {
		answer := hostport.Answer{Ask: a, Verdict: hostport.NotFound}
		if a.Kind == hostport.AskList {
			second := s
			second.Answers = nil
			answer = hostport.Answer{Ask: a, Verdict: hostport.Found, List: &second}
		}
		s.Answers = append(s.Answers, answer)
	}
	if asks, err = d.Handle(context.Background(), s); err != nil || len(asks) != 0 {
		t.Fatalf("handle with answers: %v, %v", asks, err)
	}
}

// outbox returns every record of the host's shard, in order.
func outbox(t tb, s *store.Store, host string) []schemas.Record {
	t.Helper()
	entries, err := s.Read(schemas.Partition(host, shards), 0, 1_000_000, 1<<30)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	out := make([]schemas.Record, len(entries))
	for i, e := range entries {
		out[i] = e.Record
	}
	return out
}

// TestFoldGivesTold is the law of the two layers: whatever happens, folding a
// host's events over its baseline gives the state topic, and the state topic is
// what the store holds as told. Every record is valid by its schema, and every
// event has newer evidence or says why not.
func TestFoldGivesTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		w := newWorld(seed)
		d, s := open(t)
		defer s.Close()
		d.Policy.RetainGone = 10 * 24 * time.Hour
		for range 30 {
			w.step()
			tick(t, d, s, w.now)
			if w.rng.IntN(5) > 0 {
				handle(t, d, w.look())
			}
		}
		checkFold(t, s, d)
	})
}

func checkFold(t tb, s *store.Store, d *Detector) {
	t.Helper()
	const host = "203.0.113.7"
	events := schemas.NewHostFold(host)
	topic := schemas.NewHostFold(host) // state records alone: the newest of each key
	for _, r := range outbox(t, s, host) {
		if err := schematest.Check(r); err != nil {
			t.Fatalf("%s: %v\n%s", r.Topic, err, r.Value)
		}
		switch r.Topic {
		case schemas.Changes:
			e, err := schemas.ParseEvent(r.Value)
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			if err := events.Apply(e); err != nil {
				t.Fatalf("fold: %v\n%s", err, r.Value)
			}
		case schemas.State:
			if err := topic.Load(r.Key, r.Value); err != nil {
				t.Fatalf("load: %v", err)
			}
			var op struct{ Op schemas.Op }
			if r.Value != nil {
				if err := json.Unmarshal(r.Value, &op); err != nil {
					t.Fatalf("state record: %v", err)
				}
			}
			if op.Op == schemas.OpBaseline {
				if err := events.Load(r.Key, r.Value); err != nil {
					t.Fatalf("load baseline: %v", err)
				}
			}
		}
	}
	gotHost, got := events.States()
	wantHost, want := topic.States()
	gotHost.Baseline = wantHost.Baseline // moved by no change event
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("fold of the events is not the state topic (-topic +fold):\n%s", diff)
	}
	if diff := cmp.Diff(wantHost, gotHost, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("host record (-topic +fold):\n%s", diff)
	}
	held, err := d.load(host)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if diff := cmp.Diff(wantHost.Groups, schemas.List[schemas.Group](wireGroups(held.state.Groups)), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("the store's groups are not the state topic's (-topic +store):\n%s", diff)
	}
	told := map[string]schemas.PortBody{}
	for k, p := range held.state.Ports {
		if p.Told != nil && p.Told.Status != hostport.Vanished {
			key := wireKey(k)
			told[schemas.StateKey(host, &key)] = schemas.BodyOf(*wirePort(p.Told))
		}
	}
	if diff := cmp.Diff(want, told, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("the store's told is not the state topic (-topic +store):\n%s", diff)
	}
}

// TestSameInputSameBytes is P7: the same looks give the same records, byte for
// byte, in whatever order a snapshot lists its records.
func TestSameInputSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		a, b := newWorld(seed), newWorld(seed)
		da, sa := open(t)
		defer sa.Close()
		db, sb := open(t)
		defer sb.Close()
		for i := range 20 {
			a.step()
			b.step()
			handle(t, da, a.look())
			handle(t, db, shuffle(b.look(), seed+uint64(i)))
		}
		if diff := cmp.Diff(outbox(t, sa, "203.0.113.7"), outbox(t, sb, "203.0.113.7")); diff != "" {
			t.Fatalf("records differ:\n%s", diff)
		}
		ha, _ := da.load("203.0.113.7")
		hb, _ := db.load("203.0.113.7")
		if diff := cmp.Diff(ha.facets, hb.facets); diff != "" {
			t.Fatalf("states differ:\n%s", diff)
		}
	})
}

// TestSameLookTwiceIsSilent is diff(x, x): what was just told is not told again.
func TestSameLookTwiceIsSilent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(t, "seed"))
		d, s := open(t)
		defer s.Close()
		for range 15 {
			w.step()
			look := w.look()
			handle(t, d, look)
			before := changes(t, s)
			look.At = look.At.Add(time.Second)
			handle(t, d, look)
			if after := changes(t, s); after != before {
				t.Fatalf("the same answer again told %d more events", after-before)
			}
		}
	})
}

func changes(t tb, s *store.Store) (n int) {
	for _, r := range outbox(t, s, "203.0.113.7") {
		if r.Topic == schemas.Changes {
			n++
		}
	}
	return n
}

// TestCodec: what is stored is what was decided, and damage is an error.
func TestCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(t, "seed"))
		var st diff.State
		for range 20 {
			w.step()
			look := w.look()
			look.Answers = []hostport.Answer{}
			st = diff.Step(st, &look, diff.DefaultPolicy(), look.At).State
			var facets []store.Facet
			for k, v := range encodeState(&st) {
				facets = append(facets, store.Facet{Key: k, Value: v})
			}
			back, err := decodeState(st.Host, facets)
			if err != nil {
				t.Fatalf("decode: %v", err)
			}
			if d := cmp.Diff(encodeState(&st), encodeState(&back)); d != "" {
				t.Fatalf("state changed in the store:\n%s", d)
			}
			for i := range facets {
				cut := facets[i]
				cut.Value = cut.Value[:len(cut.Value)-1]
				if _, err := decodeState(st.Host, []store.Facet{cut}); !errors.Is(err, errState) {
					t.Fatalf("a facet without its last byte: %v", err)
				}
			}
		}
	})
}

func TestHeldBackWhereTheOutboxIsFull(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	d.Store = full{s}
	w := newWorld(1)
	if _, err := d.Handle(context.Background(), w.look()); !errors.Is(err, ErrHeld) {
		t.Errorf("new host: %v", err)
	}
}

// full is a store whose outbox has no room for new hosts.
type full struct{ *store.Store }

func (full) Fill() float64 { return 0.9 }

func TestUnreachableAndRecovered(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	w := newWorld(1)
	failure := diff.Failure{At: w.now, Failures: 5, Since: w.now.Add(-48 * time.Hour), MaxAge: 24 * time.Hour, Class: hostport.Unavailable}
	for range 2 {
		if err := d.Failed(context.Background(), "203.0.113.7", failure); err != nil {
			t.Fatal(err)
		}
	}
	handle(t, d, w.look())
	var types []schemas.Type
	for _, r := range outbox(t, s, "203.0.113.7") {
		if err := schematest.Check(r); err != nil {
			t.Errorf("%v\n%s", err, r.Value)
		}
		if r.Topic == schemas.Lifecycles {
			l, err := schemas.ParseLifecycle(r.Value)
			if err != nil {
				t.Fatal(err)
			}
			types = append(types, l.Type)
		}
	}
	if diff := cmp.Diff([]schemas.Type{schemas.HostUnreachable, schemas.BaselineCompleted, schemas.HostRecovered}, types); diff != "" {
		t.Error(diff)
	}
}

func TestProcessEvents(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	at := time.Date(2026, 11, 23, 15, 5, 0, 0, time.UTC)
	status := 429
	for i, err := range []error{
		d.Process(schemas.SourceDegraded, []schemas.Reason{schemas.ReasonThrottled}, schemas.DegradedDetails{Kind: "throttled", Since: schemas.Millis(at), Status: &status, Failed: 3}, at),
		d.Process(schemas.SourceRecovered, []schemas.Reason{schemas.ReasonThrottled}, schemas.RecoveredDetails{Kind: "throttled", Lasted: 9}, at),
		d.Process(schemas.Heartbeat, nil, nil, at),
	} {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	entries, err := s.Read(0, 0, 10, 1<<20)
	if err != nil || len(entries) != 3 {
		t.Fatalf("outbox: %d entries, %v", len(entries), err)
	}
	for _, e := range entries {
		if err := schematest.Check(e.Record); err != nil {
			t.Errorf("%v\n%s", err, e.Record.Value)
		}
	}
}

// TestHostileHostStaysInBounds: nothing an answer holds makes an event that does
// not fit; the largest of everything is bounded.
func TestHostileHostStaysInBounds(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	long := make([]byte, 64<<10)
	for i := range long {
		long[i] = byte(i)
	}
	look := hostport.Snapshot{Host: "203.0.113.7", At: at, Result: hostport.Ports, Proof: hostport.Single}
	quiet := hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: 1}, Status: hostport.Closed, LastScan: at}
	look.Ports = []hostport.Port{quiet}
	handle(t, d, look)
	p := hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: 443}, Status: hostport.Open, LastScan: at.Add(time.Hour), ID: string(long[:4096])}
	for i := range 64 {
		p.Services = append(p.Services, hostport.Service{Category: "\x00\x1b[31m\"", Name: fmt.Sprintf("%d\u202e%s", i, long[:100]), Version: "\xff", IsRecent: true})
		p.Banners = append(p.Banners, hostport.Banner{Text: fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: x/%d\r\nX-%d: %s\r\n\r\n", i, i, long), ScanProtocol: fmt.Sprintf("p%d", i%9), LastSeen: at.Add(time.Hour)})
	}
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("%d.%s", i, long[:200])
	}
	p.Certificate = &hostport.Certificate{ID: "x", SHA1: "aa", Subject: string(long[:2000]), Issuer: string(long[:200]), Names: names}
	look.Ports = []hostport.Port{quiet, p}
	look.At = at.Add(2 * time.Hour)
	handle(t, d, look)
	n := 0
	for _, r := range outbox(t, s, "203.0.113.7") {
		if err := schematest.Check(r); err != nil {
			t.Errorf("%s: %v", r.Topic, err)
		}
		if len(r.Value) > 64<<10 {
			t.Errorf("%s record of %d bytes", r.Topic, len(r.Value))
		}
		if r.Topic == schemas.Changes {
			n++
		}
	}
	if n != 2 { // port.opened, host.exposed
		t.Errorf("%d events", n)
	}
}

package schemas

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func applyAll(t testing.TB, f *HostFold, events []*Event) {
	t.Helper()
	for _, e := range events {
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseEvent(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Apply(read); err != nil {
			t.Fatalf("%s %v: %v", e.Type, e.Port, err)
		}
	}
}

func load(t testing.TB, f *HostFold, records map[string][]byte) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(records)) {
		if err := f.Load(key, records[key]); err != nil {
			t.Fatal(err)
		}
	}
}

// expectTold is the law: folding gives what the state topic says.
func expectTold(t testing.TB, f *HostFold, w *teller) {
	t.Helper()
	host, ports := f.States()
	want := w.bodies()
	if host.Exposed != w.exposed {
		t.Fatalf("exposed %t, told %t", host.Exposed, w.exposed)
	}
	if !sameJSON(ports, want) {
		t.Fatal(cmp.Diff(want, ports))
	}
}

func TestStoryFolds(t *testing.T) {
	w := newTeller(t)
	tellStory(w)
	f := NewHostFold(w.host)
	applyAll(t, f, w.events)
	expectTold(t, f, w)
	// Delivered twice, the events change nothing (P6: elsewhere at least once).
	applyAll(t, f, w.events)
	expectTold(t, f, w)
}

// TestFoldLaw: from nothing or from the state records of any moment, with any
// older events delivered again, a reader arrives at what is told.
func TestFoldLaw(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newTeller(t)
		walk := func() {
			for range rapid.IntRange(0, 25).Draw(rt, "moves") {
				randomMove(rt, w)
			}
		}
		walk()
		records, before := w.records(), len(w.events)
		walk()

		whole := NewHostFold(w.host)
		applyAll(t, whole, w.events)
		expectTold(t, whole, w)

		late := NewHostFold(w.host)
		load(t, late, records)
		applyAll(t, late, w.events[rapid.IntRange(0, before).Draw(rt, "retained"):])
		expectTold(t, late, w)

		// Records that come in between, newer than the events read so far.
		load(t, late, w.records())
		expectTold(t, late, w)
		load(t, whole, w.records())
		expectTold(t, whole, w)
	})
}

// TestFoldMissesNothing: an event left out is a gap, whichever it is.
func TestFoldMissesNothing(t *testing.T) {
	w := newTeller(t)
	tellStory(w)
	for missing := range len(w.events) - 1 {
		f := NewHostFold(w.host)
		applyAll(t, f, w.events[:missing])
		if err := f.Apply(w.events[missing+1]); !errors.Is(err, ErrGap) {
			t.Errorf("without event %d: %v, expected a gap", missing+1, err)
		}
		applyAll(t, f, w.events[missing:])
		expectTold(t, f, w)
	}
}

// TestFoldRefusesAnotherPast: an event whose before, after or context is not of
// this host's history is refused, and the fold goes on with the right one.
func TestFoldRefusesAnotherPast(t *testing.T) {
	w := newTeller(t)
	tellStory(w)
	other := newTeller(t)
	p := Port{Status: StatusOpen, Services: []Service{nginx("0.1")}}
	other.tell(PortOpened, PortKey{"tcp", 8443}, &p, nil, p, struct{}{}, "x", ReasonNewPort)
	falsify := map[string]func(e *Event){
		"before": func(e *Event) {
			switch {
			case e.Type.ofHost():
				e.Before = e.After
			case isNull(e.Before):
				e.Before = e.After
			default:
				e.Before = other.raw(p)
			}
		},
		"after": func(e *Event) { e.After = []byte(`{"status":7,"exposed":7,"sha1":7,"name":7,"protocol":7}`) },
		"type":  func(e *Event) { e.Type = "port.moved" },
		"context": func(e *Event) {
			e.Context.Status = new("elsewhere")
			if e.Type.ofHost() {
				e.Host = "198.51.100.1"
			}
		},
	}
	f := NewHostFold(w.host)
	for _, e := range w.events {
		for name, spoil := range falsify {
			bad := *e
			spoil(&bad)
			if err := f.Apply(&bad); !errors.Is(err, ErrBroken) {
				t.Errorf("%s with a false %s: %v", e.Type, name, err)
			}
		}
		applyAll(t, f, []*Event{e})
	}
	expectTold(t, f, w)
}

func TestNewEpochNeedsItsRecords(t *testing.T) {
	w := newTeller(t)
	tellStory(w)
	f := NewHostFold(w.host)
	applyAll(t, f, w.events)

	again := newTeller(t)
	again.epoch++
	tellStory(again)
	if err := f.Apply(again.events[0]); !errors.Is(err, ErrRecordsNeeded) {
		t.Fatalf("an event of a newer epoch: %v", err)
	}
	fresh := newTeller(t)
	fresh.epoch = again.epoch
	load(t, f, fresh.records()) // the host record drops the ports of the older epoch
	if _, ports := f.States(); len(ports) != 0 {
		t.Fatalf("ports of the older epoch stay: %v", ports)
	}
	applyAll(t, f, w.events) // late ones of the older epoch
	applyAll(t, f, again.events)
	expectTold(t, f, again)
}

func TestUpgradeNeedsItsRecords(t *testing.T) {
	w := newTeller(t)
	key := PortKey{"tcp", 80}
	p := Port{Status: StatusOpen, Services: []Service{nginx("1.20.1")}}
	w.tell(PortOpened, key, &p, nil, p, struct{}{}, "opened", ReasonNewPort)
	f := NewHostFold(w.host)
	applyAll(t, f, w.events)

	// P9: a rule table reads the same service another way; no event tells it.
	was := Service{Category: "Web", Name: "nginx", Versions: []string{"1.20.1"}}
	p.Services = []Service{was}
	w.ports[key] = p
	is := was
	is.Versions = []string{"1.22.0"}
	p.Services = []Service{is}
	records := w.records()
	e := w.tell(ServiceVersionChanged, key, &p, was, is, VersionDetails{new("1.20.1"), new("1.22.0"), Up}, "x", ReasonVersionUp)
	e.Revision = 2
	if err := f.Apply(e); !errors.Is(err, ErrRecordsNeeded) {
		t.Fatalf("an event of a newer revision: %v", err)
	}
	for at, value := range records {
		records[at] = []byte(replaceOnce(t, string(value), `"revision":1`, `"revision":2`))
	}
	load(t, f, records)
	applyAll(t, f, []*Event{e})
	expectTold(t, f, &teller{TB: t, host: w.host, ports: w.ports})
}

func TestTombstones(t *testing.T) {
	w := newTeller(t)
	tellStory(w)
	f := NewHostFold(w.host)
	load(t, f, w.records())
	for _, key := range []string{"203.0.113.7|tcp|22", "203.0.113.7|tcp|8443"} {
		if err := f.Load(key, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, ports := f.States(); len(ports) != 0 {
		t.Fatalf("left: %v", ports)
	}
	// What is read again of the past of a port that is gone does not bring it back.
	applyAll(t, f, w.events)
	if _, ports := f.States(); len(ports) != 0 {
		t.Fatalf("came back: %v", ports)
	}
	for _, key := range []string{"198.51.100.1", "203.0.113.7|tcp", "203.0.113.7|tcp|x", "203.0.113.7||80"} {
		if err := f.Load(key, nil); err == nil {
			t.Errorf("key %q was not refused", key)
		}
	}
	for _, value := range []string{"", "{}", `{"v":2,"host":"203.0.113.7","port":null}`, `{"v":1,"host":"203.0.113.7","port":{"protocol":"tcp","number":1}}`} {
		if err := f.Load("203.0.113.7", []byte(value)); err == nil {
			t.Errorf("value %s was not refused", value)
		}
	}
}

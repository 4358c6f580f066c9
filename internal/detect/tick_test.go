package detect

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// tick performs what the store's index calls for up to a time, each at its hour. No
// tick calls for another at once, and one that was not due tells nothing.
func tick(t tb, d *Detector, s *store.Store, until time.Time) (ticks int) {
	t.Helper()
	shard := schemas.Partition("203.0.113.7", shards)
	for {
		due, err := d.Due(shard, until)
		if err != nil {
			t.Fatalf("due: %v", err)
		}
		if len(due) == 0 {
			return ticks
		}
		held, err := d.load(hostport.Host(due[0]))
		if err != nil {
			t.Fatalf("load: %v", err)
		}
		at := diff.NextTick(held.state, d.Policy)
		if at.IsZero() || at.After(until) {
			at = until // in vain: something else happened meanwhile
		}
		if at.Before(held.state.LookedAt) {
			at = held.state.LookedAt // long due when the look brought it; time does not go back
		}
		early := diff.Tick(held.state, d.Policy, at.Add(-time.Millisecond))
		if n := len(early.Changes) + len(early.Notes) + len(early.Gone) + len(early.Told); n > 0 && !diff.NextTick(held.state, d.Policy).Before(at) {
			t.Fatalf("a tick before %v tells %+v", at, early)
		}
		at = at.Add(time.Second)
		if err := d.Tick(context.Background(), hostport.Host(due[0]), at); err != nil {
			t.Fatalf("tick: %v", err)
		}
		if held, err = d.load(hostport.Host(due[0])); err != nil {
			t.Fatalf("load: %v", err)
		}
		if next := diff.NextTick(held.state, d.Policy); !next.IsZero() && !next.After(at) {
			t.Fatalf("after the tick at %v the next is due at %v", at, next)
		}
		if ticks++; ticks > 10_000 {
			t.Fatalf("at %v ticks do not end", until)
		}
	}
}

// What time alone brings comes with no look at all, once, and has no snapshot
// behind it: a certificate runs out, a host grows blind, a vanished port is
// forgotten and its record deleted.
func TestTickWithoutALook(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	look := func(hour int, numbers ...uint16) {
		snap := hostport.Snapshot{Host: "203.0.113.7", At: at.Add(time.Duration(hour) * time.Hour), Result: hostport.Ports, Proof: hostport.Single}
		for _, n := range numbers {
			snap.Ports = append(snap.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: n}, Status: hostport.Open, LastScan: snap.At,
				Certificate: &hostport.Certificate{ID: "c", SHA1: "fb96551505f1edb24dd3b36fcffdb765833b8118", Subject: "CN=x", Issuer: "CN=CA", NotAfter: at.AddDate(0, 0, 50)}})
		}
		handle(t, d, snap)
	}
	look(0, 22, 80)
	look(24, 80)
	look(48, 80)
	look(72, 80) // the second witness after one that could not be asked
	told := len(outbox(t, s, "203.0.113.7"))
	for _, tc := range []struct {
		day   int
		types []string
	}{
		{19, nil},
		{21, []string{"certificate.expiring", "state"}},
		{32, nil},
		{35, []string{"host.blind"}},
		{55, []string{"certificate.expiring", "state", "certificate.expiring", "state", "certificate.expiring", "state", "certificate.expired", "state"}},
		{92, nil},
		{95, []string{"tombstone"}},
		{500, nil},
	} {
		tick(t, d, s, at.AddDate(0, 0, tc.day))
		records := outbox(t, s, "203.0.113.7")
		var got []string
		for _, r := range records[told:] {
			got = append(got, kindOf(t, r))
		}
		told = len(records)
		if d := cmp.Diff(tc.types, got); d != "" {
			t.Errorf("by day %d (-want +got):\n%s", tc.day, d)
		}
	}
	checkFold(t, s, d)
}

// kindOf names a record, and sees to it that what a tick tells has no snapshot.
func kindOf(t *testing.T, r schemas.Record) string {
	t.Helper()
	if r.Value == nil {
		return "tombstone"
	}
	var v struct {
		Type     string
		Evidence *struct {
			Snapshot, Proof *string
			Requests        []string
			Basis           string
		}
	}
	if err := json.Unmarshal(r.Value, &v); err != nil {
		t.Fatal(err)
	}
	e := v.Evidence
	switch {
	case r.Topic == schemas.State:
		return "state"
	case r.Topic == schemas.Lifecycles && e != nil, r.Topic == schemas.Changes && (e.Snapshot != nil || e.Proof != nil || e.Requests == nil || e.Basis != "elapsed"):
		t.Errorf("evidence of %s", r.Value)
	}
	return v.Type
}

func TestTickOfNothing(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	var dropped *StepError
	if err := d.Tick(context.Background(), "203.0.113.7", time.Now()); !errors.As(err, &dropped) {
		t.Errorf("a host that is not held: %v", err)
	}
}

// Steps of one host wait for each other, whoever makes them.
func TestLooksAndTicksOfOneHost(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	w := newWorld(1)
	handle(t, d, w.look())
	done, now := make(chan error), w.now
	for range 2 {
		go func() {
			var err error
			for range 200 {
				err = errors.Join(err, d.Tick(context.Background(), "203.0.113.7", now))
			}
			done <- err
		}()
	}
	for range 50 {
		w.step()
		handle(t, d, w.look())
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Error(err)
	}
}

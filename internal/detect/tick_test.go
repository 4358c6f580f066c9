package detect

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// tick performs what the store's index calls for up to a time, each at its hour.
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
		if err := d.Tick(context.Background(), hostport.Host(due[0]), at.Add(time.Second)); err != nil {
			t.Fatalf("tick: %v", err)
		}
		if ticks++; ticks > 10_000 {
			t.Fatalf("at %v ticks do not end", until)
		}
	}
}

// What time alone brings comes with no look at all, and only once: a vanished port
// is forgotten, its record deleted.
func TestTickWithoutALook(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	look := func(hour int, numbers ...uint16) {
		snap := hostport.Snapshot{Host: "203.0.113.7", At: at.Add(time.Duration(hour) * time.Hour), Result: hostport.Ports, Proof: hostport.Single}
		for _, n := range numbers {
			snap.Ports = append(snap.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: n}, Status: hostport.Closed, LastScan: snap.At})
		}
		handle(t, d, snap)
	}
	look(0, 22, 80)
	look(24, 80)
	look(48, 80)
	look(72, 80) // the second witness after one that could not be asked
	records := len(outbox(t, s, "203.0.113.7"))
	if n := tick(t, d, s, at.Add(89*24*time.Hour)); n != 0 {
		t.Errorf("%d ticks too early", n)
	}
	if n := tick(t, d, s, at.Add(100*24*time.Hour)); n != 1 {
		t.Errorf("%d ticks, want 1", n)
	}
	after := outbox(t, s, "203.0.113.7")
	if len(after) != records+1 || after[records].Topic != schemas.State || after[records].Value != nil {
		t.Errorf("records of the tick: %v", after[records:])
	}
	checkFold(t, s, d)
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
	done := make(chan error)
	for range 2 {
		go func() {
			var err error
			for range 200 {
				err = errors.Join(err, d.Tick(context.Background(), "203.0.113.7", w.now))
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

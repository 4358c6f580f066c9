package store

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/schemas"
)

func TestReadAndTrim(t *testing.T) {
	disk := vfs.NewMem()
	s := openAt(t, disk)
	if entries, err := s.Read(1, 0, 10, 1000); entries != nil || err != nil {
		t.Errorf("empty outbox: %v %v", entries, err)
	}
	select {
	case <-s.Wake(1):
		t.Error("woken for nothing")
	default:
	}
	want := records(schemas.Changes, "h", 10)
	want[3].Value = nil // a tombstone
	want[4].Headers = nil
	commit(t, s, Step{Shard: 1, Host: "h", Outbox: want[:6]})
	commit(t, s, Step{Shard: 1, Outbox: want[6:]})
	<-s.Wake(1) // two commits, one wake
	select {
	case <-s.Wake(1):
		t.Error("woken twice")
	default:
	}
	entries := all(t, s, 1)
	if len(entries) != 10 {
		t.Fatalf("%d records of 10", len(entries))
	}
	for i, e := range entries {
		if e.Position != uint64(i+1) {
			t.Errorf("position %d, want %d", e.Position, i+1)
		}
		if diff := cmp.Diff(want[i], e.Record); diff != "" {
			t.Errorf("position %d: %s", e.Position, diff)
		}
	}
	one := outboxBytes(len(entries[1].Record.Value))
	for _, c := range []struct {
		after               uint64
		maxRecords, maxSize int
		want                int
	}{
		{0, 3, 1 << 20, 3}, {8, 5, 1 << 20, 2}, {9, 5, 1 << 20, 1}, {10, 5, 1 << 20, 0}, {99, 5, 1 << 20, 0},
		{0, 0, 1 << 20, 1}, {0, 5, 0, 1}, {0, 5, int(one), 1},
	} {
		got, err := s.Read(1, c.after, c.maxRecords, c.maxSize)
		if err != nil || len(got) != c.want {
			t.Errorf("Read(after %d, %d, %d): %d records, %v; want %d", c.after, c.maxRecords, c.maxSize, len(got), err, c.want)
		}
	}
	if err := s.Trim(1, 11); err == nil {
		t.Error("trimmed what was never given")
	}
	if err := errors.Join(s.Trim(1, 4), s.Trim(1, 2), s.Trim(1, 4), s.Trim(1, 0)); err != nil {
		t.Fatal(err)
	}
	n, size, oldest := s.Depth()
	if n != 6 || size <= 0 || !oldest.Equal(want[4].Time) {
		t.Errorf("Depth: %d, %d bytes, %v; want 6 from %v", n, size, oldest, want[4].Time)
	}
	if entries = all(t, s, 1); len(entries) != 6 || entries[0].Position != 5 {
		t.Errorf("after the trim: %+v", entries)
	}
	check(t, s)
	closeStore(t, s)

	// Depth, bytes and positions come through a restart, also with nothing left.
	s = openAt(t, disk)
	<-s.Wake(1)
	if n2, size2, oldest2 := s.Depth(); n2 != n || size2 != size || !oldest2.Equal(oldest) {
		t.Errorf("reopened: %d %d %v, before %d %d %v", n2, size2, oldest2, n, size, oldest)
	}
	if err := s.Trim(1, 10); err != nil {
		t.Fatal(err)
	}
	if n, size, _ := s.Depth(); n != 0 || size != 0 {
		t.Errorf("trimmed whole: %d records, %d bytes", n, size)
	}
	closeStore(t, s)
	s = openAt(t, disk)
	defer closeStore(t, s)
	select {
	case <-s.Wake(1):
		t.Error("woken for nothing")
	default:
	}
	commit(t, s, Step{Shard: 1, Outbox: want[:1]})
	if entries := all(t, s, 1); len(entries) != 1 || entries[0].Position != 11 {
		t.Errorf("positions started over: %+v", entries)
	}
	check(t, s)
}

// A trim longer than one batch ends where it should.
func TestLongTrim(t *testing.T) {
	s := newStore(t)
	const n = trimBatch*2 + 7
	commit(t, s, Step{Outbox: records(schemas.Changes, "k", n)})
	if err := s.Trim(0, n-1); err != nil {
		t.Fatal(err)
	}
	if entries := all(t, s, 0); len(entries) != 1 || entries[0].Position != n {
		t.Errorf("%d records left", len(entries))
	}
}

func TestOutboxFull(t *testing.T) {
	s := newStore(t, func(o *Options) { o.Limit = 16 << 10 })
	full := func(step Step) bool {
		t.Helper()
		err := s.Commit(step)
		if err != nil && !errors.Is(err, ErrOutboxFull) {
			t.Fatal(err)
		}
		return err != nil
	}
	ordinary := func(v uint64) Step {
		return Step{Host: "h", Expect: v, Put: []Facet{{"k", nil}}, Outbox: []schemas.Record{
			{Topic: schemas.Lifecycles}, {Topic: schemas.State, Value: make([]byte, 500)},
		}}
	}
	var v uint64
	for last := 0.0; !full(ordinary(v)); v++ {
		fill := s.Fill()
		if fill <= last || fill > 1 {
			t.Fatalf("Fill went from %v to %v", last, fill)
		}
		last = fill
	}
	if fill := s.Fill(); v == 0 || fill < 0.9 || fill > 1 {
		t.Errorf("full after %d steps at Fill %v", v, fill)
	}
	if _, held, err := s.Load(0, "h"); err != nil || held != v {
		t.Errorf("a refused step left version %d, want %d (%v)", held, v, err)
	}
	// What is kept at the end is for lifecycle events and the process's steps.
	if full(Step{Host: "other", Outbox: records(schemas.Lifecycles, "other", 2)}) || full(Step{Outbox: records(schemas.State, "0", 2)}) {
		t.Error("the reserve was refused")
	}
	for n := 0; !full(Step{Outbox: records(schemas.Lifecycles, "0", 5)}); n++ {
		if n > 100 {
			t.Fatal("the reserve has no end")
		}
	}
	if s.Fill() <= 1 {
		t.Errorf("Fill %v with the reserve used", s.Fill())
	}
	// A step without records always has room.
	if full(Step{Host: "h", Expect: v, Put: []Facet{{"k", []byte("x")}}}) {
		t.Error("a step without records was refused")
	}
	records, _, _ := s.Depth()
	if err := s.Trim(0, uint64(records)); err != nil || s.Fill() != 0 {
		t.Errorf("trimmed: %v, Fill %v", err, s.Fill())
	}
	if full(ordinary(v + 1)) {
		t.Error("still full")
	}
}

func TestRoomFollowsTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var free uint64
		var failure error
		var raised []error
		r := room{most: 1000, free: func() (uint64, error) { return free, failure }, raise: func(kind string, err error) {
			if kind != AlarmDiskUsage {
				t.Errorf("alarm %s", kind)
			}
			raised = append(raised, err)
		}}
		limit := func(want int64) {
			t.Helper()
			if got := r.limit.Load(); got != want {
				t.Errorf("limit %d, want %d", got, want)
			}
		}
		free = 500
		if err := r.compute(); err != nil {
			t.Fatal(err)
		}
		limit(400)
		if r.take(301, false) || !r.take(300, false) || r.take(1, false) || !r.take(100, true) || r.take(1, true) {
			t.Error("room for ordinary steps is not 300 of 400")
		}
		r.give(100)
		if got := r.fill(); got != 1 {
			t.Errorf("fill %v, want 1", got)
		}
		// What the outbox took is no longer free, yet it is the outbox's share.
		free = 200
		time.Sleep(checkEvery)
		r.refresh()
		limit(400)
		free = 1 << 40
		r.refresh()
		limit(400) // not so soon again
		time.Sleep(checkEvery)
		r.refresh()
		limit(1000)
		failure = errors.New("no answer")
		time.Sleep(checkEvery)
		r.refresh()
		limit(1000)
		failure = nil
		time.Sleep(checkEvery)
		r.refresh()
		time.Sleep(checkEvery)
		r.refresh()
		if len(raised) != 2 || raised[0] == nil || raised[1] != nil {
			t.Errorf("alarms %v, want one and its end", raised)
		}
		free, failure = 0, vfs.ErrUnsupported
		time.Sleep(checkEvery)
		r.refresh()
		limit(1000)
		failure = nil
		r.used.Store(0)
		time.Sleep(checkEvery)
		r.refresh()
		limit(0)
		if r.fill() != 1 || r.take(1, true) {
			t.Error("a full disk has room")
		}
	})
}

package detect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

const host = "203.0.113.7"

// restored is a detector on a new store, put back from the engine records.
func restored(t tb, records []schemas.Record) (*Detector, *Restore, func() error) {
	t.Helper()
	d, s := open(t)
	d.Engine = true
	r := d.NewRestore(schemas.Partition(host, shards))
	for _, rec := range records {
		if rec.Topic != schemas.Engine {
			continue
		}
		if err := r.Take(rec.Key, rec.Value); err != nil {
			t.Fatalf("take %s: %v", rec.Key, err)
		}
	}
	if _, err := r.Finish(); err != nil {
		t.Fatalf("finish: %v", err)
	}
	return d, r, s.Close
}

// Law: after any step that told something, the engine topic gives back exactly
// the state the step left, but for the flag that says so.
func TestEngineRecordRestoresTheState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(t, "seed"))
		d, s := open(t)
		d.Engine = true
		defer s.Close()
		for range rapid.IntRange(1, 15).Draw(t, "looks") {
			w.step()
			handle(t, d, w.look())
		}
		// A look on another day writes the record whether or not something is told.
		w.now = w.now.Add(25 * time.Hour)
		handle(t, d, w.look())
		records := outbox(t, s, host)
		want, err := d.load(host)
		if err != nil {
			t.Fatal(err)
		}
		if want.state.Epoch == 0 {
			return // no baseline yet: nothing to restore
		}
		other, r, done := restored(t, records)
		defer done()
		got, err := other.load(host)
		if err != nil || len(r.Broken) > 0 {
			t.Fatal(err, r.Broken)
		}
		if !got.state.Restored {
			t.Fatal("the state does not say that it is restored")
		}
		got.state.Restored = false
		before, err := d.lock(got.shard)
		after, err2 := other.lock(got.shard)
		if err := errors.Join(err, err2); err != nil || before.shard.Open != after.shard.Open {
			t.Fatalf("the shard's ledger counts %d open ports, restored %d: %v", before.shard.Open, after.shard.Open, err)
		}
		if diff := cmp.Diff(want.state, got.state); diff != "" {
			t.Fatalf("state (-lost +restored):\n%s", diff)
		}
	})
}

func TestEngineRecordIsWrittenOnceADay(t *testing.T) {
	d, s := open(t)
	d.Engine = true
	defer s.Close()
	w := newWorld(1)
	written := func() (n int) {
		for _, r := range outbox(t, s, host) {
			if r.Topic == schemas.Engine {
				n++
			}
		}
		return n
	}
	look := w.look()
	look.Result, look.Proof, look.At = hostport.Ports, hostport.Single, time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC)
	for i, want := range []int{1, 1, 1, 2} { // baseline; the same day; the next day
		handle(t, d, look)
		if got := written(); got != want {
			t.Errorf("after look %d there are %d engine records, want %d", i+1, got, want)
		}
		if look.At = look.At.Add(10 * time.Hour); i == 1 {
			look.At = time.Date(2026, 11, 1, 23, 0, 0, 0, time.UTC)
		}
	}
}

func TestEngineChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	state := func(ports int) map[string][]byte {
		st := &diff.State{Host: host, Epoch: 1, Ports: map[hostport.PortKey]*diff.PortState{}}
		for i := range ports {
			st.Ports[hostport.PortKey{Protocol: "tcp", Number: uint16(i + 1)}] = &diff.PortState{ID: fmt.Sprint(rng.Uint64(), rng.Uint64(), rng.Uint64())}
		}
		return encodeState(st)
	}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	long := engineRecords(host, state(40_000), 0, shards, at)
	if len(long) < 3 {
		t.Fatalf("%d chunks", len(long))
	}
	for i, r := range long {
		if r.Key != engineKey(host, i) || len(r.Value) > limits.EngineChunkBytes.Max+64 || r.Partition != schemas.Partition(host, shards) {
			t.Errorf("chunk %d: key %q, %d bytes, partition %d", i, r.Key, len(r.Value), r.Partition)
		}
	}
	ports := func(records ...schemas.Record) int {
		t.Helper()
		d, r, done := restored(t, records)
		defer done()
		h, err := d.load(host)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Broken) > 0 {
			return -1
		}
		return len(h.state.Ports)
	}
	short := engineRecords(host, state(3), len(long), shards, at)
	if len(short) != len(long) || short[1].Value != nil {
		t.Fatalf("a shorter record leaves %d of %d chunks", len(short), len(long))
	}
	if got := ports(long...); got != 40_000 {
		t.Errorf("restored %d ports", got)
	}
	if got := ports(append(long, short...)...); got != 3 {
		t.Errorf("after a shorter record: %d ports", got)
	}
	// Compaction has left chunks of the older record behind the new one.
	if got := ports(append(long[1:], short[0])...); got != 3 {
		t.Errorf("with chunks left over: %d ports", got)
	}
	if got := ports(append(short, long...)...); got != 40_000 {
		t.Errorf("a longer record after a shorter one: %d ports", got)
	}
	if got := ports(long[:len(long)-1]...); got != -1 {
		t.Errorf("without its last chunk: %d ports", got)
	}
	mixed := append(engineRecords(host, state(40_000), 0, shards, at)[:1], long[1:]...)
	if got := ports(mixed...); got != -1 {
		t.Errorf("with chunks of two records: %d ports", got)
	}
}

func TestRestoreRefusesNewerFormats(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	newer := encodeState(&diff.State{Host: host, Epoch: 1})
	newer[facetHost][0] = stateFormat + 1
	chunk := engineRecords(host, encodeState(&diff.State{Host: host, Epoch: 1}), 0, shards, at)[0]
	chunk.Value[0] = engineFormat + 1
	for name, r := range map[string]schemas.Record{"state": engineRecords(host, newer, 0, shards, at)[0], "chunk": chunk} {
		d, s := open(t)
		if err := d.NewRestore(schemas.Partition(host, shards)).Take(r.Key, r.Value); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "format") {
			t.Errorf("%s: Take = %v, want ErrNewer", name, err)
		}
		s.Close()
	}
}

// Whatever stands on the engine topic, a restore ends without a panic and
// without an allocation the record does not warrant.
func FuzzRestore(f *testing.F) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	whole := engineRecords(host, encodeState(&diff.State{Host: host, Epoch: 1, Seq: 7}), 0, shards, at)[0]
	f.Add(whole.Key, whole.Value)
	f.Add(host+"#1", whole.Value)
	f.Add(host+"#x", []byte{})
	f.Add("", binary.AppendUvarint([]byte{engineFormat}, 1<<60))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		d, s := open(t)
		defer s.Close()
		r := d.NewRestore(0)
		if err := r.Take(key, value); err == nil {
			_, _ = r.Finish()
		}
	})
}

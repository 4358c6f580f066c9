package store

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/portdelta/portdelta/schemas"
)

// Whatever is wrong with a key or value, Verify names it, and a read of it fails
// and leaves the others alone (P12).
func TestVerifyFindsFaults(t *testing.T) {
	set := func(key, value []byte) func(*pebble.Batch) error {
		return func(b *pebble.Batch) error { return b.Set(key, value, nil) }
	}
	sealed := func(key, value []byte) func(*pebble.Batch) error { return set(key, seal(key, value)) }
	remove := func(key []byte) func(*pebble.Batch) error {
		return func(b *pebble.Batch) error { return b.Delete(key, nil) }
	}
	facet := append(hostKey(1, "bad"), "k1"...)
	next := markKey(1, nextMark)
	for name, c := range map[string]struct {
		change     func(*pebble.Batch) error
		want       string
		load, read bool // whether Load and Read of the place fail
	}{
		"lost facet":          {remove(facet), `host "bad": 1 facets`, true, false},
		"extra facet":         {sealed(append(hostKey(1, "bad"), "k9"...), nil), `host "bad": 3 facets`, true, false},
		"old facet":           {sealed(facet, []byte("old")), `host "bad": 2 facets (digest`, true, false},
		"rotten facet":        {set(facet, []byte("whatever")), "checksum", true, false},
		"short facet":         {set(facet, []byte("x")), "checksum", true, false},
		"facet of another":    {set(facet, seal(append(hostKey(1, "good"), "k1"...), []byte("v"))), "checksum", true, false},
		"lost version":        {remove(hostKey(1, "bad")), "no version", true, false},
		"short version":       {sealed(hostKey(1, "bad"), []byte("x")), "version has 1 bytes", true, false},
		"rotten version":      {set(hostKey(1, "bad"), []byte("whatever")), "checksum", true, false},
		"lost record":         {remove(outboxKey(1, 2)), "from position 1 to 3", false, true},
		"lost first record":   {remove(outboxKey(1, 1)), "from position 0 to 2", false, true},
		"lost last record":    {remove(outboxKey(1, 3)), "ends at position 2", false, true},
		"extra record":        {sealed(outboxKey(1, 4), []byte{1}), "ends at position 4", false, false},
		"rotten record":       {set(outboxKey(1, 2), []byte("whatever")), "checksum", false, true},
		"record not a record": {sealed(outboxKey(1, 2), []byte{99}), "position 2 of the outbox", false, true},
		"lost next":           {remove(next), "the next to give is 1", false, false},
		"rotten next":         {set(next, []byte("whatever")), "checksum", false, false},
		"wrong bytes":         {func(b *pebble.Batch) error { return b.Set(next, mark{4, 5}.seal(next), nil) }, "counted were 5", false, false},
		"unknown mark":        {sealed(markKey(1, 'x'), make([]byte, 16)), "no known kind", false, false},
		"unknown kind":        {sealed(append(shardKey(1, 9), 1), nil), "no known kind", false, false},
		"cut state key":       {sealed(append(shardKey(1, kindState), 9, 'a'), nil), "cut short", false, false},
		"cut outbox key":      {sealed(append(shardKey(1, kindOutbox), 9), nil), "instead of 11", false, false},
		"foreign shard":       {sealed(hostKey(7, "h"), nil), "no shard", false, false},
		"lost due":            {remove(dueKey(1, 7, "bad")), "1 hosts stand in the index of due hosts, by their versions it should be 2", false, false},
		"extra due":           {sealed(dueKey(1, 8, "bad"), nil), "3 hosts stand in the index", false, false},
		"rotten due":          {set(dueKey(1, 7, "bad"), []byte("whatever")), "checksum", false, false},
		"cut due key":         {sealed(append(shardKey(1, kindDue), 9), nil), "cut short", false, false},
		"rotten meta":         {set(metaKey(incarnationName), []byte("whatever")), "checksum", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := openAt(t, vfs.NewMem())
			defer closeStore(t, s)
			for shard := range 2 {
				for _, host := range []string{"bad", "good"} {
					commit(t, s, Step{Shard: shard, Host: host, Put: []Facet{{"k1", []byte("v")}, {"k2", nil}}, Due: time.Unix(7, 0)})
				}
				commit(t, s, Step{Shard: shard, Outbox: records(schemas.Changes, "x", 3)})
			}
			b := s.db.NewBatch()
			if err := errors.Join(c.change(b), s.db.Apply(b, pebble.Sync), b.Close()); err != nil {
				t.Fatal(err)
			}
			r, err := s.Verify(context.Background())
			if err != nil || r.FaultCount == 0 || len(r.Faults) != r.FaultCount || !strings.Contains(strings.Join(r.Faults, "\n"), c.want) {
				t.Errorf("Verify: %q, %v; want %q", r.Faults, err, c.want)
			}
			if _, _, err := s.Load(1, "bad"); errors.Is(err, ErrDamaged) != c.load || (err != nil) != c.load {
				t.Errorf("Load of the bad host: %v", err)
			}
			if _, err := s.Read(1, 0, 10, 1000); errors.Is(err, ErrDamaged) != c.read || (err != nil) != c.read {
				t.Errorf("Read of the bad shard: %v", err)
			}
			if _, v, err := s.Load(1, "good"); err != nil || v != 1 {
				t.Errorf("Load of the good host: %d, %v", v, err)
			}
			if entries := all(t, s, 0); len(entries) != 3 {
				t.Errorf("%d records of the good shard", len(entries))
			}
		})
	}
}

// Damaged marks are refused at the start: positions given twice would be worse.
func TestDamagedMarks(t *testing.T) {
	next, trimmed := markKey(1, nextMark), markKey(1, trimmedMark)
	for name, pair := range map[string][2][]byte{
		"rotten":         {next, []byte("whatever")},
		"short":          {next, seal(next, []byte("x"))},
		"trimmed beyond": {trimmed, mark{4, 0}.seal(trimmed)},
		"more trimmed":   {trimmed, mark{1, 1 << 40}.seal(trimmed)},
		"shards":         {metaKey(shardsName), seal(metaKey(shardsName), binary.BigEndian.AppendUint32(nil, 0))},
		"short shards":   {metaKey(shardsName), seal(metaKey(shardsName), nil)},
	} {
		disk := vfs.NewMem()
		s := openAt(t, disk)
		commit(t, s, Step{Shard: 1, Outbox: records(schemas.Changes, "x", 3)})
		if err := s.db.Set(pair[0], pair[1], pebble.Sync); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		if _, err := Open(storePath, Options{Shards: 3, FS: disk}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerifyIsBounded(t *testing.T) {
	s := openAt(t, vfs.NewMem())
	defer closeStore(t, s)
	b := s.db.NewBatch()
	for i := range maxFaults + 1024 {
		if err := b.Set(append(shardKey(0, 9), byte(i>>8), byte(i)), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.db.Apply(b, pebble.NoSync), b.Close()); err != nil {
		t.Fatal(err)
	}
	if r := errorless(s.Verify(context.Background())); len(r.Faults) != maxFaults || r.FaultCount != maxFaults+1024 {
		t.Errorf("%d faults listed of %d", len(r.Faults), r.FaultCount)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(io.ErrUnexpectedEOF)
	if _, err := s.Verify(ctx); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cancelled: %v", err)
	}
}

func errorless(r Report, err error) Report {
	if err != nil {
		panic(err)
	}
	return r
}

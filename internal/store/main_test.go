package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/portdelta/portdelta/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// storePath is where tests keep a store on a file system in memory.
const storePath = "/data/store"

// openAt opens a store of 3 shards on disk; it fails the test where Pebble
// cannot go on, unless change says otherwise.
func openAt(t testing.TB, disk vfs.FS, change ...func(*Options)) *Store {
	t.Helper()
	opts := Options{Shards: 3, FS: disk, Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
	for _, c := range change {
		c(&opts)
	}
	s, err := Open(storePath, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newStore is a store in memory, checked and closed at the test's end.
func newStore(t testing.TB, change ...func(*Options)) *Store {
	t.Helper()
	s := openAt(t, vfs.NewMem(), change...)
	t.Cleanup(func() {
		check(t, s)
		closeStore(t, s)
	})
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil && !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// check fails the test for every fault Verify finds.
func check(t testing.TB, s *Store) Report {
	t.Helper()
	r, err := s.Verify(context.Background())
	if err != nil && !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	for _, fault := range r.Faults {
		t.Errorf("verify: %s", fault)
	}
	return r
}

func commit(t testing.TB, s *Store, step Step) {
	t.Helper()
	if err := s.Commit(step); err != nil {
		t.Fatal(err)
	}
}

var start = time.Date(2026, 11, 23, 15, 2, 11, 120e6, time.UTC)

// records makes n records of the topic, each telling its number.
func records(topic schemas.Topic, key string, n int) []schemas.Record {
	out := make([]schemas.Record, n)
	for i := range out {
		out[i] = schemas.Record{
			Topic: topic, Partition: 1, Key: key, Value: fmt.Appendf(nil, "%d of %d", i, n),
			Headers: []schemas.Header{{Key: "content-type", Value: "application/json"}}, Time: start.Add(time.Duration(i) * time.Second),
		}
	}
	return out
}

// all reads a shard's outbox to its end.
func all(t testing.TB, s *Store, shard int) []schemas.Entry {
	t.Helper()
	var out []schemas.Entry
	var last uint64
	for {
		entries, err := s.Read(shard, last, 7, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			return out
		}
		out = append(out, entries...)
		last = entries[len(entries)-1].Position
	}
}

package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/schemas"
)

func TestLoadWhatWasCommitted(t *testing.T) {
	s := newStore(t)
	// One host's name begins another's, and their facets' keys could meet.
	steps := []Step{
		{Shard: 0, Host: "a", Put: []Facet{{"b", []byte("1")}, {"\x00", nil}, {"\xff\xff", []byte("3")}}},
		{Shard: 0, Host: "ab", Put: []Facet{{"b", []byte("4")}}},
		{Shard: 1, Host: "a", Put: []Facet{{"b", []byte("5")}}},
		{Shard: 0, Host: "a", Expect: 1, Put: []Facet{{"b", bytes.Repeat([]byte("6"), 70_000)}, {"c", nil}}, Delete: []string{"\x00", "none"}},
		{Shard: 0, Host: strings.Repeat("x", maxName), Put: []Facet{{strings.Repeat("y", maxName), []byte("7")}}},
		{Shard: 2, Host: "empty", Outbox: records(schemas.Lifecycles, "empty", 1)},
	}
	for _, step := range steps {
		commit(t, s, step)
	}
	for _, want := range []struct {
		shard   int
		host    string
		version uint64
		facets  []Facet
	}{
		{0, "a", 2, []Facet{{"b", bytes.Repeat([]byte("6"), 70_000)}, {"c", nil}, {"\xff\xff", []byte("3")}}},
		{0, "ab", 1, []Facet{{"b", []byte("4")}}},
		{1, "a", 1, []Facet{{"b", []byte("5")}}},
		{0, steps[4].Host, 1, steps[4].Put},
		{2, "empty", 1, nil},
		{2, "a", 0, nil},
	} {
		facets, v, err := s.Load(want.shard, want.host)
		if err != nil || v != want.version {
			t.Errorf("Load(%d, %q): version %d, %v; want %d", want.shard, want.host, v, err, want.version)
		}
		if diff := cmp.Diff(want.facets, facets, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("Load(%d, %q): %s", want.shard, want.host, diff)
		}
	}
	for shard, want := range [][]string{{"a", "ab", steps[4].Host}, {"a"}, {"empty"}} {
		var got []string
		for host, err := range s.Hosts(shard) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, host)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("Hosts(%d) = %q, want %q", shard, got, want)
		}
	}
	if r := check(t, s); r.Hosts != 5 || r.Facets != 6 || r.OutboxRecords != 1 {
		t.Errorf("report %+v", r)
	}
}

func TestConflict(t *testing.T) {
	s := newStore(t)
	put := func(expect uint64, value string, n int) error {
		return s.Commit(Step{Host: "h", Expect: expect, Put: []Facet{{"k", []byte(value)}}, Outbox: records(schemas.Changes, value, n)})
	}
	if err := put(1, "early", 1); !errors.Is(err, ErrConflict) {
		t.Errorf("version 1 of a new host: %v", err)
	}
	if err := errors.Join(put(0, "one", 2), put(1, "two", 1)); err != nil {
		t.Fatal(err)
	}
	for _, expect := range []uint64{0, 1, 3} {
		if err := put(expect, "lost", 3); !errors.Is(err, ErrConflict) {
			t.Errorf("expecting %d at version 2: %v", expect, err)
		}
	}
	facets, v, err := s.Load(0, "h")
	if err != nil || v != 2 || string(facets[0].Value) != "two" {
		t.Errorf("Load: %q %d %v", facets, v, err)
	}
	// A refused step leaves no record, no hole in the positions and no bytes counted.
	entries := all(t, s, 0)
	if len(entries) != 3 || entries[2].Position != 3 || entries[2].Record.Key != "two" {
		t.Errorf("outbox: %+v", entries)
	}
	if err := s.Trim(0, 3); err != nil {
		t.Fatal(err)
	}
	if n, size, oldest := s.Depth(); n != 0 || size != 0 || !oldest.IsZero() {
		t.Errorf("Depth: %d records, %d bytes, %v", n, size, oldest)
	}
}

func TestRefusedSteps(t *testing.T) {
	s := newStore(t)
	long := strings.Repeat("x", maxName+1)
	for name, step := range map[string]Step{
		"long host":              {Host: long, Put: []Facet{{"k", nil}}},
		"long facet":             {Host: "h", Put: []Facet{{long, nil}}},
		"empty facet":            {Host: "h", Put: []Facet{{"", nil}}},
		"empty facet deleted":    {Host: "h", Delete: []string{""}},
		"put twice":              {Host: "h", Put: []Facet{{"k", nil}, {"k", nil}}},
		"put and deleted":        {Host: "h", Put: []Facet{{"k", nil}}, Delete: []string{"k"}},
		"process with facets":    {Put: []Facet{{"k", nil}}},
		"process with version":   {Expect: 1, Outbox: records(schemas.Lifecycles, "0", 1)},
		"shard that is not here": {Shard: 3, Host: "h", Put: []Facet{{"k", nil}}},
	} {
		if err := s.Commit(step); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, _, err := s.Load(0, long); err == nil {
		t.Error("Load took a long host")
	}
	// Nothing is nothing, whatever the version.
	commit(t, s, Step{Host: "h", Expect: 9})
	if r := check(t, s); r.Hosts != 0 || r.OutboxRecords != 0 {
		t.Errorf("report %+v", r)
	}
}

// A step larger than a memtable takes Pebble's path for large batches.
func TestLargeStep(t *testing.T) {
	s := newStore(t)
	step := Step{Host: "h"}
	for i := range 40 {
		step.Put = append(step.Put, Facet{fmt.Sprint(i), bytes.Repeat([]byte{byte(i)}, 256<<10)})
		step.Outbox = append(step.Outbox, schemas.Record{Topic: schemas.State, Key: "h", Value: bytes.Repeat([]byte{byte(i)}, 256<<10)})
	}
	commit(t, s, step)
	if facets, v, err := s.Load(0, "h"); err != nil || v != 1 || len(facets) != 40 {
		t.Errorf("Load: %d facets, version %d, %v", len(facets), v, err)
	}
	if entries := all(t, s, 0); len(entries) != 40 || len(entries[39].Record.Value) != 256<<10 {
		t.Errorf("%d records", len(entries))
	}
}

// Many writers and a reader a shard: positions come in order and whole, the
// records of a step lie together, and no step of a host is lost.
func TestConcurrentCommits(t *testing.T) {
	const writers, steps = 8, 40
	s := newStore(t)
	done := make(chan struct{})
	var readers, writing sync.WaitGroup
	for shard := range s.Shards() {
		readers.Go(func() { follow(t, s, shard, done, writers*steps) })
	}
	for w := range writers {
		writing.Go(func() {
			for i := range steps {
				host := fmt.Sprintf("w%d", w)
				shard := (w + i) % s.Shards()
				// Two writers fight for each host; who loses loads again.
				for {
					_, v, err := s.Load(shard, "shared"+host[:1])
					if err == nil {
						err = s.Commit(Step{
							Shard: shard, Host: "shared" + host[:1], Expect: v,
							Put:    []Facet{{host, fmt.Append(nil, i)}},
							Outbox: records(schemas.Changes, fmt.Sprintf("%s/%d", host, i), 1+i%4),
						})
					}
					if err == nil {
						break
					}
					if !errors.Is(err, ErrConflict) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	writing.Wait()
	close(done)
	readers.Wait()
	var total uint64
	for shard := range s.Shards() {
		_, v, err := s.Load(shard, "sharedw")
		if err != nil {
			t.Error(err)
		}
		total += v
	}
	if total != writers*steps {
		t.Errorf("%d steps took effect, %d were acknowledged", total, writers*steps)
	}
}

// follow reads a shard as the publisher does, until done is closed and nothing
// is left, trimming as it goes.
func follow(t *testing.T, s *Store, shard int, done <-chan struct{}, most int) {
	var last uint64
	var step string
	var left int
	seen := map[string]bool{}
	for ending := false; ; {
		entries, err := s.Read(shard, last, 5, 1<<20)
		if err != nil {
			t.Error(err)
			return
		}
		for _, e := range entries {
			if e.Position != last+1 {
				t.Errorf("shard %d: position %d after %d", shard, e.Position, last)
			}
			last = e.Position
			var i, n int
			if _, err := fmt.Sscanf(string(e.Record.Value), "%d of %d", &i, &n); err != nil {
				t.Error(err)
			}
			if i == 0 {
				if left != 0 || seen[e.Record.Key] {
					t.Errorf("shard %d: step %s at position %d, %d records of %s are missing", shard, e.Record.Key, last, left, step)
				}
				step, left = e.Record.Key, n
				seen[step] = true
			}
			if e.Record.Key != step {
				t.Errorf("shard %d: a record of %s within step %s", shard, e.Record.Key, step)
			}
			left--
		}
		if len(entries) > 0 {
			if err := s.Trim(shard, last); err != nil {
				t.Error(err)
			}
			continue
		}
		if ending {
			break
		}
		select {
		case <-s.Wake(shard):
		case <-done:
			ending = true
		}
	}
	if left != 0 || len(seen) > most {
		t.Errorf("shard %d: %d records of the last step are missing, %d steps", shard, left, len(seen))
	}
}

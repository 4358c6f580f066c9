package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/portdelta/portdelta/schemas"
)

// A shard is dropped as one: its hosts, its outbox and when hosts are due; the
// other shards and the count of positions stay, also over a power cut.
func TestDrop(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := openAt(t, disk)
	for shard := range 3 {
		commit(t, s, Step{Shard: shard, Host: "203.0.113.7", Put: []Facet{{"h", []byte("x")}}, Outbox: records(schemas.Changes, "203.0.113.7", 5), Due: start})
	}
	if err := s.Trim(1, 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(1); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(2); err != nil { // twice is once
		t.Fatal(err)
	}
	if err := s.Drop(2); err != nil {
		t.Fatal(err)
	}
	look := func(s *Store) {
		t.Helper()
		check(t, s)
		for shard, want := range []int{5, 0, 0} {
			facets, version, err := s.Load(shard, "203.0.113.7")
			due, errDue := s.Due(shard, start.Add(time.Second), 10)
			if err := errors.Join(err, errDue); err != nil {
				t.Fatal(err)
			}
			kept := want > 0
			if n := len(all(t, s, shard)); n != want || (version > 0) != kept || (len(facets) > 0) != kept || (len(due) > 0) != kept {
				t.Errorf("shard %d: %d records, version %d, %d facets, due %v", shard, n, version, len(facets), due)
			}
			last, trimmed, err := s.Position(shard)
			if err != nil || last != 5 || trimmed != uint64(5-want) {
				t.Errorf("shard %d: position %d, trimmed to %d, %v", shard, last, trimmed, err)
			}
		}
		if n, size, _ := s.Depth(); n != 5 || size <= 0 {
			t.Errorf("depth is %d records, %d bytes", n, size)
		}
	}
	look(s)
	crashed := openAt(t, disk.CrashClone(vfs.CrashCloneCfg{}))
	look(crashed)
	commit(t, crashed, Step{Shard: 1, Host: "203.0.113.7", Put: []Facet{{"h", []byte("y")}}, Outbox: records(schemas.Changes, "203.0.113.7", 1)})
	if got := all(t, crashed, 1); len(got) != 1 || got[0].Position != 6 {
		t.Errorf("after the drop the outbox holds %v, want position 6", got)
	}
	closeStore(t, crashed)
	closeStore(t, s)
}

func TestSourceIsKept(t *testing.T) {
	disk := vfs.NewMem()
	with := func(source string) (*Store, error) {
		return Open(storePath, Options{Shards: 3, FS: disk, Source: source, Fatal: func(err error) { t.Error(err) }})
	}
	for _, step := range []struct {
		source string
		ok     bool
	}{{"", true}, {"/portdelta/a/graph", true}, {"", true}, {"/portdelta/a/graph", true}, {"/portdelta/b/graph", false}} {
		s, err := with(step.source)
		if step.ok != (err == nil) {
			t.Fatalf("source %q: %v", step.source, err)
		}
		if err == nil {
			closeStore(t, s)
			continue
		}
		if !errors.Is(err, ErrSource) || !strings.Contains(err.Error(), "/portdelta/a/graph") {
			t.Errorf("another source: %v", err)
		}
	}
}

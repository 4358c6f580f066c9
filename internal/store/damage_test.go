package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/portdelta/portdelta/schemas"
)

// contents is everything a store holds, as text.
func contents(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	for shard := range s.Shards() {
		for host, err := range s.Hosts(shard) {
			if err != nil {
				t.Fatal(err)
			}
			facets, v, err := s.Load(shard, host)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s@%d %q\n", host, v, facets)
		}
		for _, e := range all(t, s, shard) {
			fmt.Fprintf(&b, "%d:%d %q\n", shard, e.Position, e.Record.Value)
		}
	}
	return b.String()
}

// flip copies what lies on disk and turns one bit of one file.
func flip(t *testing.T, disk *vfs.MemFS, name string, at int64, bit byte) *vfs.MemFS {
	t.Helper()
	c := copyOf(disk)
	file, err := c.OpenReadWrite(path.Join(storePath, name), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	one := make([]byte, 1)
	_, err = file.ReadAt(one, at)
	one[0] ^= bit
	_, err2 := file.WriteAt(one, at)
	if err := errors.Join(err, err2, file.Sync(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return c
}

// A flipped bit anywhere is refused at the opening or reported by Verify, or
// touches nothing that is held; it never shows what was never committed. Only
// after a kill, in the last block of the log, where damage looks like a torn
// write, it may take whole steps off the end.
func TestFlippedBits(t *testing.T) {
	flips := 40
	if testing.Short() {
		flips = 5
	}
	closed, killed, history := twoEnds(t)
	for name, end := range map[string]struct {
		disk *vfs.MemFS
		must []string
		may  string
	}{
		"closed": {closed, []string{".sst refused"}, ""},
		"killed": {killed, []string{".sst refused", ".log refused"}, ".log cut"},
	} {
		t.Run(name, func(t *testing.T) {
			names, err := end.disk.List(storePath)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(names)
			r := rand.New(rand.NewPCG(11, 0))
			counts := map[string]int{}
			for _, name := range names {
				info, err := end.disk.Stat(path.Join(storePath, name))
				if err != nil {
					t.Fatal(err)
				}
				for range flips {
					if info.Size() == 0 {
						break
					}
					at, bit := r.Int64N(info.Size()), byte(1)<<r.IntN(8)
					outcome := path.Ext(name) + " " + judge(t, flip(t, end.disk, name, at, bit), history)
					counts[outcome]++
					if strings.HasSuffix(outcome, "invented") || strings.HasSuffix(outcome, "cut") && outcome != end.may {
						t.Errorf("%s: bit %#02x at %d of %d: %s", name, bit, at, info.Size(), outcome)
					}
				}
			}
			t.Logf("outcomes: %v", counts)
			for _, must := range end.must {
				if counts[must] == 0 {
					t.Errorf("no %s; the test does not reach what it is for", must)
				}
			}
		})
	}
}

// twoEnds makes a store with a table and a log of several blocks, and returns
// its disk after a Close, after a kill, and the contents after every step.
func twoEnds(t *testing.T) (closed, killed *vfs.MemFS, history []string) {
	t.Helper()
	disk := vfs.NewCrashableMem()
	s := openAt(t, disk)
	history = []string{contents(t, s)}
	steps := func(n, size int) {
		for i := range n {
			host := fmt.Sprint("h", i%5)
			shard := schemas.Partition(host, s.Shards())
			_, v, err := s.Load(shard, host)
			if err != nil {
				t.Fatal(err)
			}
			commit(t, s, Step{Shard: shard, Host: host, Expect: v, Put: []Facet{{"k", fmt.Appendf(nil, "%0*d", size, i)}}, Outbox: records(schemas.Changes, host, 1+i%3)})
			history = append(history, contents(t, s))
		}
	}
	steps(12, 300)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	steps(16, 8<<10)
	killed = copyOf(disk)
	closeStore(t, s)
	return disk, killed, history
}

// copyOf is the disk as a process that is killed leaves it.
func copyOf(disk *vfs.MemFS) *vfs.MemFS {
	return disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(0, 0))})
}

// judge says what became of a damaged store.
func judge(t *testing.T, disk vfs.FS, history []string) string {
	t.Helper()
	s, err := Open(storePath, Options{Shards: 3, FS: disk, Fatal: func(err error) { panic(err) }})
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
			t.Errorf("open: %v, want ErrDamaged", err)
		}
		return "refused"
	}
	defer closeStore(t, s)
	report, err := s.Verify(context.Background())
	switch {
	case err != nil:
		t.Error(err)
		return "unverified"
	case report.FaultCount > 0:
		return "refused"
	}
	now := contents(t, s)
	switch at := slices.Index(history, now); {
	case now == history[len(history)-1]:
		return "harmless"
	case at >= 0:
		return "cut"
	}
	return "invented"
}

// What is missing altogether is damage too, never a new store.
func TestMissingFiles(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := openAt(t, disk)
	made := copyOf(disk)
	commit(t, s, Step{Host: "h", Put: []Facet{{"k", []byte("v")}}, Outbox: records(schemas.Changes, "h", 1)})
	incarnation := s.Incarnation()
	closeStore(t, s)
	for name, end := range map[string]struct {
		disk    *vfs.MemFS
		version uint64
	}{"killed when made": {made, 0}, "closed": {disk, 1}} {
		files, err := end.disk.List(storePath)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			c := copyOf(end.disk)
			if err := c.Remove(path.Join(storePath, file)); err != nil {
				t.Fatal(err)
			}
			s, err := Open(storePath, Options{Shards: 3, FS: c})
			if err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Errorf("%s, without %s: %v, want ErrDamaged", name, file, err)
				}
				continue
			}
			if _, v, err := s.Load(0, "h"); err != nil || v != end.version || s.Incarnation() != incarnation {
				t.Errorf("%s, without %s: version %d (%v), incarnation %s of %s", name, file, v, err, s.Incarnation(), incarnation)
			}
			closeStore(t, s)
		}
	}
}

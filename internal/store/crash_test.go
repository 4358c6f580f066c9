package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/portdelta/portdelta/schemas"
)

// acknowledged is what Commit and Trim have returned nil for.
type acknowledged struct {
	mu      sync.Mutex
	version map[string]uint64 // of the host's last step with records
	trimmed map[int]uint64    // what was asked for: a crash may undo it, no more
}

// step commits the host's next step with n records, so that whoever reads the
// store later can tell whether it is whole: both facets hold the version and
// every record names host, version, its number and their count.
func (a *acknowledged) step(s *Store, host string, n int) error {
	shard := schemas.Partition(host, s.Shards())
	_, v, err := s.Load(shard, host)
	if err != nil {
		return err
	}
	value := fmt.Append(nil, v+1)
	err = s.Commit(Step{
		Shard: shard, Host: host, Expect: v, Put: []Facet{{"a", value}, {"b", value}},
		Outbox: records(schemas.Changes, fmt.Sprintf("%s=%d", host, v+1), n),
	})
	if err == nil && n > 0 {
		a.mu.Lock()
		a.version[host] = v + 1
		a.mu.Unlock()
	}
	return err
}

func (a *acknowledged) trim(s *Store, shard int, upTo uint64) error {
	a.mu.Lock()
	a.trimmed[shard] = max(a.trimmed[shard], upTo)
	a.mu.Unlock()
	return s.Trim(shard, upTo)
}

// copy is what is acknowledged at this moment, for a crash that begins now.
func (a *acknowledged) copy() *acknowledged {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := newAcknowledged()
	maps.Copy(c.version, a.version)
	maps.Copy(c.trimmed, a.trimmed)
	return c
}

func newAcknowledged() *acknowledged {
	return &acknowledged{version: map[string]uint64{}, trimmed: map[int]uint64{}}
}

// audit opens what a crash left and checks that every acknowledged step is
// there, whole, and that no other is there in part.
func (a *acknowledged) audit(t *testing.T, disk vfs.FS) {
	t.Helper()
	s := openAt(t, disk)
	defer closeStore(t, s)
	check(t, s)
	for shard := range s.Shards() {
		for host, err := range s.Hosts(shard) {
			if err != nil {
				t.Fatal(err)
			}
			facets, v, err := s.Load(shard, host)
			want := fmt.Sprint(v)
			if err != nil || len(facets) != 2 || string(facets[0].Value) != want || string(facets[1].Value) != want {
				t.Errorf("host %s at version %d holds %q (%v)", host, v, facets, err)
			}
			if v < a.version[host] {
				t.Errorf("host %s is at version %d, acknowledged was %d", host, v, a.version[host])
			}
			delete(a.version, host)
		}
		entries := all(t, s, shard)
		if len(entries) > 0 && entries[0].Position > a.trimmed[shard]+1 {
			t.Errorf("shard %d: the outbox begins at %d, trimmed was %d", shard, entries[0].Position, a.trimmed[shard])
		}
		for at, e := range entries {
			var i, n int
			if _, err := fmt.Sscanf(string(e.Record.Value), "%d of %d", &i, &n); err != nil {
				t.Fatal(err)
			}
			// Only a trim may have taken the first records of a step.
			first, end := at-i, at-i+n
			if end > len(entries) || first >= 0 && entries[first].Record.Key != e.Record.Key || entries[end-1].Record.Key != e.Record.Key {
				t.Errorf("shard %d: step %s is there in part: record %d of %d at %d of %d", shard, e.Record.Key, i, n, at, len(entries))
				break
			}
			host, text, _ := strings.Cut(e.Record.Key, "=")
			told, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if _, v, err := s.Load(shard, host); err != nil || v < told {
				t.Errorf("a record of %s stands, its host is at version %d (%v)", e.Record.Key, v, err)
			}
		}
	}
	for host, v := range a.version {
		t.Errorf("host %s is gone, acknowledged was version %d", host, v)
	}
	// The store goes on where it stands.
	for host := range 3 {
		if err := a.step(s, fmt.Sprint("h", host), 1); err != nil {
			t.Error(err)
		}
	}
	check(t, s)
}

// Power fails while several writers and a publisher work, at a random moment
// and with a random share of the unsynced blocks on disk.
func TestPowerCut(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			disk := vfs.NewCrashableMem()
			s := openAt(t, disk)
			a := newAcknowledged()
			cut := int64(r.IntN(60))
			percent := []int{0, 30, 70, 100}[r.IntN(4)]
			var acks atomic.Int64
			var left *vfs.MemFS
			var known *acknowledged
			var wg sync.WaitGroup
			for w := range 4 {
				mine := rand.New(rand.NewPCG(seed, uint64(w)+2))
				wg.Go(func() {
					for range 20 {
						host := fmt.Sprint("h", mine.IntN(12)*4+w) // no two writers share one
						if err := a.step(s, host, mine.IntN(4)); err != nil {
							t.Error(err)
						}
						if acks.Add(1) == cut+1 {
							known = a.copy()
							left = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: r})
						}
						if shard := mine.IntN(3); mine.IntN(5) == 0 {
							if entries, err := s.Read(shard, 0, 3, 1000); err != nil {
								t.Error(err)
							} else if len(entries) > 0 {
								if err := a.trim(s, shard, entries[len(entries)-1].Position); err != nil {
									t.Error(err)
								}
							}
						}
					}
				})
			}
			wg.Wait()
			closeStore(t, s)
			// Trims asked for between the copy and the cut may count.
			known.trimmed = a.trimmed
			known.audit(t, left)
		})
	}
}

// Power fails before every single write, sync, rename and removal of a short
// life: the making of the store, steps, a flush, a trim, the close, and a second
// opening with steps.
func TestPowerCutEverywhere(t *testing.T) {
	type crash struct {
		disk  *vfs.MemFS
		known *acknowledged
		op    string
	}
	for seed, percent := range []int{0, 100, 50, 50, 50, 50, 50, 50} {
		t.Run(fmt.Sprintf("seed%d,%d%%", seed, percent), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 7))
			disk := vfs.NewCrashableMem()
			a := newAcknowledged()
			var mu sync.Mutex
			var crashes []crash
			watched := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
					mu.Lock()
					defer mu.Unlock()
					known := a.copy()
					left := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: r})
					crashes = append(crashes, crash{left, known, fmt.Sprintf("%d: %v %s", len(crashes), op.Kind, op.Path)})
				}
				return nil
			}))
			s := openAt(t, watched)
			life := func() error {
				for i := range 6 {
					if err := a.step(s, fmt.Sprint("h", i%4), i%3); err != nil {
						return err
					}
				}
				if err := s.db.Flush(); err != nil {
					return err
				}
				for shard := range s.Shards() {
					if entries := all(t, s, shard); len(entries) > 1 {
						if err := a.trim(s, shard, entries[len(entries)/2].Position); err != nil {
							return err
						}
					}
				}
				return errors.Join(a.step(s, "h1", 2), a.step(s, "h9", 1))
			}
			if err := life(); err != nil {
				t.Fatal(err)
			}
			closeStore(t, s)
			s = openAt(t, watched)
			if err := errors.Join(a.step(s, "h1", 1), a.step(s, "h2", 0), a.step(s, "h3", 2)); err != nil {
				t.Fatal(err)
			}
			closeStore(t, s)
			if len(crashes) < 80 {
				t.Fatalf("only %d writes were seen", len(crashes))
			}
			for _, c := range crashes {
				c.known.audit(t, c.disk)
				if t.Failed() {
					t.Fatalf("after a crash before write %s", c.op)
				}
			}
		})
	}
}

// A reader must not get a record before its step is on disk, though Pebble
// shows it as soon as it is written (P5).
func TestNoReadBeforeSync(t *testing.T) {
	disk := vfs.NewMem()
	hold := make(chan struct{})
	var syncs atomic.Bool
	held := make(chan struct{}, 1)
	slow := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if syncs.Load() && strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo) {
			select {
			case held <- struct{}{}:
			default:
			}
			<-hold
		}
		return nil
	}))
	s := openAt(t, slow)
	defer closeStore(t, s)
	syncs.Store(true)
	done := make(chan error)
	go func() {
		done <- s.Commit(Step{Host: "h", Put: []Facet{{"k", nil}}, Outbox: records(schemas.Changes, "h", 2)})
	}()
	<-held
	// Pebble shows the step while its sync goes on, a moment after that has begun.
	for v := uint64(0); v != 1; runtime.Gosched() {
		var err error
		if _, v, err = s.Load(0, "h"); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := s.Read(0, 0, 10, 1000); err != nil || len(entries) != 0 {
		t.Errorf("%d records before the sync (%v)", len(entries), err)
	}
	if n, _, _ := s.Depth(); n != 0 {
		t.Errorf("Depth tells of %d records before the sync", n)
	}
	if err := s.Trim(0, 1); err == nil {
		t.Error("trimmed a record before its sync")
	}
	select {
	case <-s.Wake(0):
		t.Error("woken before the sync")
	case err := <-done:
		t.Errorf("Commit returned before the sync: %v", err)
	default:
	}
	close(hold)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	<-s.Wake(0)
	if entries := all(t, s, 0); len(entries) != 2 {
		t.Errorf("%d records after the sync", len(entries))
	}
}

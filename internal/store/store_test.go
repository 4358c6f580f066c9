package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
	"github.com/google/uuid"

	"github.com/portdelta/portdelta/schemas"
)

func TestNewStore(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	s, err := Open(folder, Options{Shards: 12})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v; want mode 0700", info.Mode(), err)
	}
	first := s.Incarnation()
	if _, err := uuid.Parse(first); err != nil || s.Shards() != 12 {
		t.Errorf("incarnation %q (%v), %d shards", first, err, s.Shards())
	}
	closeStore(t, s)
	if err := s.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if s, err = Open(folder, Options{Shards: 12}); err != nil {
		t.Fatal(err)
	}
	if again := s.Incarnation(); again != first {
		t.Errorf("incarnation %s became %s", first, again)
	}
	closeStore(t, s)
	other := openAt(t, vfs.NewMem())
	defer closeStore(t, other)
	if other.Incarnation() == first {
		t.Error("two stores share an incarnation")
	}
}

func TestLocked(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(folder, Options{Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closeStore(t, s) }()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	for name, spelling := range map[string]string{"same": folder, "dots": folder + "/x/..", "link": link} {
		for mode, open := range map[string]func() (*Store, error){
			"open":     func() (*Store, error) { return Open(spelling, Options{Shards: 1}) },
			"readonly": func() (*Store, error) { return OpenReadOnly(spelling) },
		} {
			if second, err := open(); !errors.Is(err, ErrLocked) || second != nil || !strings.Contains(err.Error(), folder) {
				t.Errorf("%s, %s: %v, %v; want ErrLocked naming the folder", name, mode, second, err)
			}
		}
	}
	// The refused ones must not have taken the lock with them (fcntl locks go
	// with the first descriptor closed).
	if _, err := Open(folder, Options{Shards: 1}); !errors.Is(err, ErrLocked) {
		t.Errorf("after refusals: %v", err)
	}
	closeStore(t, s)
	if s, err = Open(folder, Options{Shards: 1}); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

func TestShards(t *testing.T) {
	disk := vfs.NewMem()
	closeStore(t, openAt(t, disk))
	_, err := Open(storePath, Options{Shards: 4, FS: disk})
	if !errors.Is(err, ErrShards) || !strings.Contains(err.Error(), "made for 3, asked for are 4") {
		t.Errorf("4 shards: %v", err)
	}
	for _, n := range []int{0, -1, maxShards + 1} {
		if _, err := Open(storePath, Options{Shards: n, FS: disk}); err == nil {
			t.Errorf("%d shards were taken", n)
		}
	}
	s := openAt(t, vfs.NewMem(), func(o *Options) { o.Shards = maxShards })
	defer closeStore(t, s)
	commit(t, s, Step{Shard: maxShards - 1, Host: "h", Put: []Facet{{"k", nil}}, Outbox: records(schemas.Changes, "h", 1)})
	if r := check(t, s); r.Hosts != 1 || r.OutboxRecords != 1 {
		t.Errorf("report %+v", r)
	}
	for _, n := range []int{-1, maxShards} {
		if _, _, err := s.Load(n, "h"); err == nil {
			t.Errorf("shard %d was taken", n)
		}
		if s.Wake(n) != nil {
			t.Errorf("shard %d wakes", n)
		}
	}
}

func TestFormat(t *testing.T) {
	t.Run("ours", func(t *testing.T) {
		disk := vfs.NewMem()
		s := openAt(t, disk)
		key := metaKey(formatName)
		if err := s.db.Set(key, seal(key, []byte{0, 0, 0, format + 1}), pebble.Sync); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		if _, err := Open(storePath, Options{Shards: 3, FS: disk}); !errors.Is(err, ErrFormat) || errors.Is(err, ErrDamaged) {
			t.Errorf("got %v, want ErrFormat", err)
		}
	})
	t.Run("pebble", func(t *testing.T) {
		disk := vfs.NewMem()
		closeStore(t, openAt(t, disk))
		marker, held, err := atomicfs.LocateMarker(disk, storePath, pebbleFormatMarker)
		if err != nil || held == "" {
			t.Fatalf("no format marker: %v", err)
		}
		if err := errors.Join(marker.Move("999"), marker.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(storePath, Options{Shards: 3, FS: disk}); !errors.Is(err, ErrFormat) || errors.Is(err, ErrDamaged) {
			t.Errorf("got %v, want ErrFormat", err)
		}
	})
	t.Run("foreign", func(t *testing.T) {
		disk := vfs.NewMem()
		db, err := pebble.Open(storePath, &pebble.Options{FS: disk, Logger: silence{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Set([]byte("a"), nil, pebble.Sync), db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(storePath, Options{Shards: 3, FS: disk}); !errors.Is(err, ErrDamaged) {
			t.Errorf("a database without format: %v, want ErrDamaged", err)
		}
	})
}

type silence struct{}

func (silence) Infof(string, ...any)  {}
func (silence) Errorf(string, ...any) {}
func (silence) Fatalf(string, ...any) { panic("fatal") }

func TestReadOnly(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "none")
	if _, err := OpenReadOnly(nowhere); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if _, err := os.Stat(nowhere); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a read-only open made the folder: %v", err)
	}
	folder := t.TempDir()
	if _, err := OpenReadOnly(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty folder: %v", err)
	}
	s, err := Open(folder, Options{Shards: 2})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, Step{Shard: 1, Host: "h", Put: []Facet{{"k", []byte("v")}}, Outbox: records(schemas.State, "h", 2)})
	closeStore(t, s)
	if s, err = OpenReadOnly(folder); err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if got := all(t, s, 1); len(got) != 2 || s.Shards() != 2 {
		t.Errorf("%d records, %d shards", len(got), s.Shards())
	}
	if facets, v, err := s.Load(1, "h"); err != nil || v != 1 || len(facets) != 1 {
		t.Errorf("Load: %v %d %v", facets, v, err)
	}
	check(t, s)
	for name, err := range map[string]error{"Commit": s.Commit(Step{Host: "h", Put: []Facet{{"k", nil}}}), "Trim": s.Trim(1, 1)} {
		if err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may do anything")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := Open(filepath.Join(folder, "s"), Options{Shards: 1})
	if !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want the system's refusal", err)
	}
}

func TestClosed(t *testing.T) {
	s := openAt(t, vfs.NewMem())
	for host, err := range s.Hosts(0) {
		t.Errorf("a host in an empty store: %q %v", host, err)
	}
	closeStore(t, s)
	_, _, load := s.Load(0, "h")
	_, read := s.Read(0, 0, 1, 1)
	for name, err := range map[string]error{"Load": load, "Read": read, "Commit": s.Commit(Step{Host: "h"}), "Trim": s.Trim(0, 0)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range s.Hosts(0) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("Hosts: %v", err)
		}
	}
	if n, _, _ := s.Depth(); n != 0 || s.Fill() != 0 {
		t.Errorf("Depth %d, Fill %v", n, s.Fill())
	}
}

// A loop over Hosts may call the store, also while Close waits for its end.
func TestCloseWaits(t *testing.T) {
	s := openAt(t, vfs.NewMem())
	for _, host := range []string{"a", "b"} {
		commit(t, s, Step{Host: host, Put: []Facet{{"k", nil}}})
	}
	closed := make(chan error)
	for host, err := range s.Hosts(0) {
		if err != nil {
			t.Fatal(err)
		}
		if host == "a" {
			go func() { closed <- s.Close() }()
			for s.gate.enter() { // until Close has come
				s.gate.leave()
			}
		}
		if _, _, err := s.Load(0, host); !errors.Is(err, ErrClosed) {
			t.Errorf("Load beside Close: %v", err)
		}
		select {
		case err := <-closed:
			t.Fatalf("Close did not wait: %v", err)
		default:
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

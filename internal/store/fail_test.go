package store

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/portdelta/portdelta/schemas"
)

// failing is a file system whose writes to files with the suffix fail with a
// full disk once it is switched on.
func failing(disk vfs.FS, suffix string, kinds ...errorfs.OpKind) (vfs.FS, *atomic.Bool) {
	var on atomic.Bool
	return errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if on.Load() && strings.HasSuffix(op.Path, suffix) {
			for _, kind := range kinds {
				if op.Kind == kind {
					return syscall.ENOSPC
				}
			}
		}
		return nil
	})), &on
}

// After a write of unknown outcome nothing is acknowledged and nothing handed
// out any more, and a restart knows again what is there.
func TestFailedSync(t *testing.T) {
	for name, kind := range map[string]errorfs.OpKind{"sync": errorfs.OpFileSync, "write": errorfs.OpFileWrite} {
		t.Run(name, func(t *testing.T) {
			disk := vfs.NewMem()
			bad, on := failing(disk, ".log", kind, errorfs.OpFileSyncData, errorfs.OpFileSyncTo)
			s := openAt(t, bad)
			commit(t, s, Step{Host: "h", Put: []Facet{{"k", []byte("1")}}, Outbox: records(schemas.Changes, "h", 1)})
			<-s.Wake(0)
			on.Store(true)
			lost := Step{Host: "h", Expect: 1, Put: []Facet{{"k", []byte("2")}}, Outbox: records(schemas.Changes, "h", 2)}
			err := s.Commit(lost)
			if !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("Commit on a full disk: %v", err)
			}
			on.Store(false)
			select {
			case <-s.Wake(0):
				t.Error("woken for records that are not on disk")
			default:
			}
			_, _, load := s.Load(0, "h")
			_, read := s.Read(0, 0, 9, 999)
			for call, err := range map[string]error{"Commit": s.Commit(lost), "Load": load, "Read": read, "Trim": s.Trim(0, 1)} {
				if !errors.Is(err, ErrFailed) {
					t.Errorf("%s after the failure: %v", call, err)
				}
			}
			_ = s.Close() // it may well complain; the lock must go
			s = openAt(t, disk)
			defer closeStore(t, s)
			check(t, s)
			_, v, err := s.Load(0, "h")
			if n := len(all(t, s, 0)); err != nil || (v != 1 || n != 1) && (v != 2 || n != 3) {
				t.Errorf("after the restart: version %d with %d records (%v)", v, n, err)
			}
		})
	}
}

// Where Pebble itself cannot go on, Fatal is called and does not return to it.
func TestFatal(t *testing.T) {
	disk := vfs.NewMem()
	bad, on := failing(disk, "", errorfs.OpFileWrite, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo)
	told := make(chan error, 1)
	s := openAt(t, bad, func(o *Options) {
		o.Fatal = func(err error) {
			told <- err
			runtime.Goexit()
		}
	})
	on.Store(true)
	var write sync.WaitGroup
	write.Go(func() { // a write of Pebble's own would do the same
		_ = s.db.Set([]byte{0, 0, kindState, 1, 'h'}, nil, pebble.Sync)
		t.Error("Pebble went on")
	})
	write.Wait()
	if err := <-told; !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.ENOSPC) && !strings.Contains(err.Error(), syscall.ENOSPC.Error()) {
		t.Errorf("told %v", err)
	}
	on.Store(false)
	if err := s.Commit(Step{Host: "other", Put: []Facet{{"k", nil}}}); !errors.Is(err, ErrFailed) {
		t.Errorf("Commit afterwards: %v", err)
	}
	_ = s.Close()
}

// A panic keeps Pebble from going on where even Fatal returns.
func TestFatalThatReturns(t *testing.T) {
	var got error
	log := pebbleLog{fatal: func(err error) { got = err }, failed: func(err error) error { return fmt.Errorf("failed: %w", err) }}
	defer func() {
		if r := recover(); r == nil || got == nil || got.Error() != "failed: disk 7" {
			t.Errorf("recovered %v, told %v", r, got)
		}
	}()
	log.Fatalf("disk %d", 7)
}

type alarm struct {
	kind string
	err  error
}

// A flush that cannot write its table is retried for ever without a word to any
// caller: the alarm tells, once, and tells its end.
func TestBackgroundAlarm(t *testing.T) {
	bad, on := failing(vfs.NewMem(), ".sst", errorfs.OpCreate)
	alarms := make(chan alarm, 100)
	s := openAt(t, bad, func(o *Options) { o.OnAlarm = func(kind string, err error) { alarms <- alarm{kind, err} } })
	defer closeStore(t, s)
	commit(t, s, Step{Host: "h", Put: []Facet{{"k", nil}}})
	on.Store(true)
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		t.Fatal(err)
	}
	if a := <-alarms; a.kind != AlarmBackground || !errors.Is(a.err, syscall.ENOSPC) {
		t.Errorf("alarm %+v", a)
	}
	on.Store(false)
	<-flushed
	if a := <-alarms; a.kind != AlarmBackground || a.err != nil {
		t.Errorf("end of the alarm: %+v", a)
	}
	if n := len(alarms); n != 0 {
		t.Errorf("%d further alarms", n)
	}
}

func TestStallAlarm(t *testing.T) {
	var got []alarm
	var troubled atomic.Bool
	l := alarms(func(kind string, err error) { got = append(got, alarm{kind, err}) }, &troubled)
	l.WriteStallBegin(pebble.WriteStallBeginInfo{Reason: "memtable count limit reached"})
	if !troubled.Load() {
		t.Error("a stall is no trouble")
	}
	l.WriteStallEnd()
	if troubled.Load() {
		t.Error("the stall's end is none")
	}
	l.DiskSlow(vfs.DiskSlowInfo{Path: "000004.log", OpType: vfs.OpTypeWrite})
	if len(got) != 3 || got[0].kind != AlarmStall || got[0].err == nil || got[1] != (alarm{AlarmStall, nil}) || got[2].kind != AlarmSlow {
		t.Errorf("alarms %+v", got)
	}
}

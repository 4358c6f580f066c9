// Package store keeps what portdelta must not lose: the state of every host and
// the outbox of records decided but not yet published, in one Pebble database.
// It sees keys and bytes; what a facet means is its caller's matter.
//
// It promises that a Commit enters whole or not at all, through any crash and
// power cut; that a Commit with records is on disk when it returns and its
// records are handed to the publisher only then (P5); that positions of a shard
// count up from 1 without gaps and never start over; that a host's step is
// refused if the host moved since it was loaded; and that the outbox is bounded
// (P11). A read never returns bytes other than those written: it fails instead.
//
// It does not promise that a step without records survives a power cut (see
// Commit), and it cannot tell the loss of the newest steps from steps that were
// never made, where the last 32 KiB of the log of a killed process are damaged: that
// looks like the torn end of a crash, and such a store opens as it was some
// whole steps earlier. After a Close no damage passes.
//
// Any number of goroutines may use a Store at once.
package store

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/limits"
)

// Options of Open. Only Shards is demanded.
type Options struct {
	// Shards is the number of shards, 1 to 65,535, fixed when the store is made.
	Shards int
	// Source names whose hosts these are; a store that was made for another one is
	// refused. "" asks for none.
	Source string
	// Logger takes Pebble's errors, and its chatter at debug level; nil is silence.
	Logger *zap.Logger
	// OnAlarm is told of the Alarms: with an error when one begins, with nil when
	// it ends. It is called from Pebble's goroutines, perhaps under Pebble's
	// locks: it returns at once and calls nothing of the store.
	OnAlarm func(kind string, err error)
	// Fatal is called where Pebble itself cannot go on, must end the process and
	// not return. nil logs the error and exits with code 3.
	Fatal func(err error)
	// Limit of the outbox in bytes; 0 is limits.OutboxBytes. The free disk may
	// make it less.
	Limit int64
	// FS is the file system; nil is the real one, with its slow writes watched.
	FS vfs.FS
	// FreeSpace returns the bytes free at the path; nil asks the file system.
	FreeSpace func(path string) (uint64, error)
}

// Store is an open store. Make one with Open or OpenReadOnly.
type Store struct {
	path        string
	fs          vfs.FS
	fsCloser    io.Closer // ends the watch on slow writes
	lock        *pebble.Lock
	db          *pebble.DB
	readOnly    bool
	incarnation string
	shards      []shard
	room        room

	failure  atomic.Pointer[error] // set once, by the first write of unknown outcome
	troubled atomic.Bool           // a background error or a write stall is on
	gate     gate
}

// shard is the write side and the marks of one shard.
type shard struct {
	// mu makes the order of commits the order of positions, and holds a host
	// still between the comparison of its version and the swap.
	mu   sync.Mutex
	next mark // the next position; bytes ever written

	// trimMu serialises Trim. It is never held together with mu.
	trimMu       sync.Mutex
	trimmedBytes uint64

	durable atomic.Uint64 // the last position that is on disk: readers see no further
	trimmed atomic.Uint64 // the last position trimmed; written under trimMu
	wake    chan struct{} // capacity 1
}

// Open opens the store at the path, or makes one there, its folder with mode
// 0700. It holds an exclusive lock until Close. Errors wrap ErrLocked,
// ErrFormat, ErrShards, ErrSource or ErrDamaged, or are the system's.
func Open(path string, opts Options) (*Store, error) {
	if opts.Shards < 1 || opts.Shards > maxShards {
		return nil, fmt.Errorf("store %s: %d shards asked for, 1 to %d are possible", path, opts.Shards, maxShards)
	}
	return open(path, opts, false)
}

// OpenReadOnly opens the store of a stopped instance for Load, Read, Hosts,
// Depth and Verify; it changes nothing but still takes the lock. Where there is
// no store the error wraps fs.ErrNotExist.
func OpenReadOnly(path string) (*Store, error) { return open(path, Options{}, true) }

func open(path string, opts Options, readOnly bool) (_ *Store, err error) {
	if opts.Logger == nil {
		opts.Logger = zap.NewNop()
	}
	if opts.OnAlarm == nil {
		opts.OnAlarm = func(string, error) {}
	}
	if opts.Fatal == nil {
		opts.Fatal = exit(opts.Logger)
	}
	if opts.Limit == 0 {
		opts.Limit = int64(limits.OutboxBytes.Max)
	}
	s := &Store{path: path, fs: opts.FS, readOnly: readOnly}
	s.gate.init()
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if opts.FS == nil {
		s.fs, s.fsCloser = vfs.WithDiskHealthChecks(vfs.Default, slowWrite, nil, func(info vfs.DiskSlowInfo) {
			opts.OnAlarm(AlarmSlow, errors.New(info.String()))
		})
		if s.path, err = prepare(s.fs, path, readOnly); err != nil {
			return nil, err
		}
	} else if !readOnly {
		if err := makeFolder(s.fs, path); err != nil {
			return nil, fmt.Errorf("store %s: %w", path, err)
		}
	}
	s.fs = orderedFS{s.fs}
	if readOnly {
		// Before the lock, which would leave its file in a folder that is no store.
		if err := checkIsStore(s.fs, s.path); err != nil {
			return nil, err
		}
	}
	if s.lock, err = lockFolder(s.fs, s.path); err != nil {
		return nil, err
	}
	if err := checkPebbleFormat(s.fs, s.path); err != nil {
		return nil, err
	}
	if s.db, err = pebble.Open(s.path, s.pebbleOptions(opts, readOnly)); err != nil {
		return nil, opening(s.path, err)
	}
	count, err := s.loadMeta(opts.Shards)
	if err != nil {
		return nil, err
	}
	if err := s.checkSource(opts.Source); err != nil {
		return nil, err
	}
	if err := s.loadShards(count); err != nil {
		return nil, err
	}
	if err := s.measure(opts); err != nil {
		return nil, err
	}
	return s, nil
}

// slowWrite is how long one write may take before AlarmSlow: Pebble's own default.
const slowWrite = 5 * time.Second

// measure computes what the outbox may hold.
func (s *Store) measure(opts Options) error {
	s.room.most = opts.Limit
	s.room.raise = opts.OnAlarm
	s.room.free = func() (uint64, error) {
		if opts.FreeSpace != nil {
			return opts.FreeSpace(s.path)
		}
		usage, err := s.fs.GetDiskUsage(s.path)
		return usage.AvailBytes, err
	}
	if err := s.room.compute(); err != nil {
		return fmt.Errorf("store %s: read the free disk: %w", s.path, err)
	}
	return nil
}

// Incarnation is a UUID made with the store: another folder, or the same one
// emptied, has another.
func (s *Store) Incarnation() string { return s.incarnation }

// Shards is the number of shards the store was made for.
func (s *Store) Shards() int { return len(s.shards) }

// Fill is how full the outbox is: 1 where the room for ordinary steps ends and
// Commit answers ErrOutboxFull to them. It may exceed 1: what is kept for
// lifecycle events lies beyond. It is cheap, though once in 10 s it asks for
// the free disk.
func (s *Store) Fill() float64 {
	if s.gate.enter() {
		defer s.gate.leave()
		s.room.refresh()
	}
	return s.room.fill()
}

// fail records a write of unknown outcome; the first one counts.
func (s *Store) fail(cause error) error {
	err := fmt.Errorf("%w: %s: %w", ErrFailed, s.path, cause)
	s.failure.CompareAndSwap(nil, &err)
	return *s.failure.Load()
}

// enter admits a call for one shard; leave must follow where it succeeds.
func (s *Store) enter(number int) (*shard, error) {
	if number < 0 || number >= len(s.shards) {
		return nil, fmt.Errorf("store %s: shard %d of %d does not exist", s.path, number, len(s.shards))
	}
	if err := s.failure.Load(); err != nil {
		return nil, *err
	}
	if !s.gate.enter() {
		return nil, ErrClosed
	}
	return &s.shards[number], nil
}

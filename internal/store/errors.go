package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// What callers branch on. Every error of this package names the store's folder
// and, where a human can do something, says what.
var (
	// ErrLocked: another process, or this one, has the store open.
	ErrLocked = errors.New("store is locked")
	// ErrFormat: the store was written by a version this one cannot read.
	ErrFormat = errors.New("store has an unknown format")
	// ErrShards: the store was made for another number of shards.
	ErrShards = errors.New("store has another number of shards")
	// ErrSource: the store holds the hosts of another tenant or source.
	ErrSource = errors.New("store belongs to another source")
	// ErrDamaged: what is on disk is not what was written.
	ErrDamaged = errors.New("store is damaged")
	// ErrConflict: the host's state is no longer the one the step was computed
	// from. Nothing was written; load, compute and commit again.
	ErrConflict = errors.New("host was changed since it was loaded")
	// ErrOutboxFull: the step's records have no room. Nothing was written.
	ErrOutboxFull = errors.New("outbox is full")
	// ErrFailed: a write was neither done nor refused. It is of the fatal class:
	// every later call is refused with it, and only a restart, which reads what
	// really is on disk, knows the state again.
	ErrFailed = errors.New("store's state is unknown: stop and let a restart recover")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("store is closed")
)

// damaged is an ErrDamaged with what was found and what to do about it.
func (s *Store) damaged(found string, args ...any) error {
	return damagedAt(s.path, fmt.Errorf(found, args...))
}

func damagedAt(path string, found error) error {
	return fmt.Errorf("%w: %s: %w; to go on, move the folder away and start anew: every host then gets a new baseline",
		ErrDamaged, path, oneLine{found})
}

// oneLine is an error without the further lines that Pebble's may have.
type oneLine struct{ error }

func (e oneLine) Error() string {
	line, _, _ := strings.Cut(e.error.Error(), "\n")
	return line
}

func (e oneLine) Unwrap() error { return e.error }

// opening classes an error of Pebble's Open. The folder is there and locked by
// us at that point, so what is missing or senseless is damage; what the system
// refuses (permission, full disk) is not.
func opening(path string, err error) error {
	if errors.Is(err, pebble.ErrDBDoesNotExist) {
		return missing(path)
	}
	var errno syscall.Errno
	var onPath *fs.PathError
	system := errors.As(err, &errno) || errors.As(err, &onPath)
	if pebble.IsCorruptionError(err) || errors.Is(err, fs.ErrNotExist) || !system {
		return damagedAt(path, err)
	}
	return fmt.Errorf("store %s: %w", path, err)
}

// reading classes an error of a read of an open store.
func (s *Store) reading(what string, err error) error {
	if pebble.IsCorruptionError(err) || errors.Is(err, fs.ErrNotExist) {
		return s.damaged("%s: %w", what, err)
	}
	return fmt.Errorf("store %s: %s: %w", s.path, what, err)
}

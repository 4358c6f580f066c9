package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// flushAtClose bounds how long Close writes tables. What is not written by then
// lies synced in the log, and the next Open replays it.
const flushAtClose = 5 * time.Second

// Close waits for the calls under way, then closes the database and gives up
// the lock. Later calls return ErrClosed. Where it returns nil, everything
// committed is on disk, also the steps that were not synced.
func (s *Store) Close() error {
	if !s.gate.close() {
		return ErrClosed
	}
	if err := errors.Join(s.settle(), s.release()); err != nil {
		return fmt.Errorf("store %s: close: %w", s.path, err)
	}
	return nil
}

// settle syncs what was not, and moves it from the log into tables: in a table
// every damaged byte is found, in the last blocks of a log it passes for the
// torn end of a crash.
func (s *Store) settle() error {
	if s.readOnly || s.failure.Load() != nil {
		return nil
	}
	// The sync comes first, because a rotation of a log that fails is a panic of
	// Pebble's, and the flush rotates it.
	b := s.db.NewBatch()
	if err := errors.Join(b.LogData(nil, nil), s.db.ApplyNoSyncWait(b, pebble.Sync)); err != nil {
		return s.fail(fmt.Errorf("write: %w", err))
	}
	if err := b.SyncWait(); err != nil {
		return s.fail(fmt.Errorf("sync: %w", err))
	}
	if err := b.Close(); err != nil {
		return err
	}
	if s.troubled.Load() {
		return nil // a flush would not end
	}
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		return err
	}
	limit := time.NewTimer(flushAtClose)
	defer limit.Stop()
	select {
	case <-flushed:
	case <-limit.C:
	}
	return nil
}

// release closes what was opened, in reverse.
func (s *Store) release() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if s.fsCloser != nil {
		errs = append(errs, s.fsCloser.Close())
	}
	return errors.Join(errs...)
}

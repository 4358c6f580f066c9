package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Position returns the last position of a shard's outbox that is on disk, and the
// last one trimmed.
func (s *Store) Position(number int) (last, trimmed uint64, err error) {
	sh, err := s.enter(number)
	if err != nil {
		return 0, 0, err
	}
	defer s.gate.leave()
	return sh.durable.Load(), sh.trimmed.Load(), nil
}

// Shared returns a value of the shard itself, nil where nothing was ever put.
func (s *Store) Shared(number int, name string) ([]byte, error) {
	if _, err := s.enter(number); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	value, _, err := s.get(sharedKey(number, name))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	return value, err
}

// Drop forgets everything a shard holds, hosts and outbox as one, and is on disk
// when it returns: an outbox must not outlive the state it was decided with, nor
// the other way round (P5). Positions go on where they were. Nobody may use the
// shard meanwhile. A crash in it leaves the shard whole or empty.
func (s *Store) Drop(number int) error {
	sh, err := s.enter(number)
	if err != nil {
		return err
	}
	defer s.gate.leave()
	if s.readOnly {
		return fmt.Errorf("store %s: is open read-only", s.path)
	}
	sh.trimMu.Lock()
	defer sh.trimMu.Unlock()
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	// Every kind of key but the marks.
	if err := b.DeleteRange(shardKey(number, kindOutbox), shardKey(number+1, kindPosition), nil); err != nil {
		return fmt.Errorf("store %s: %w", s.path, err)
	}
	m := mark{sh.next.position - 1, sh.next.bytes}
	for _, name := range []byte{nextMark, trimmedMark} {
		key, value := markKey(number, name), m
		if name == nextMark {
			value.position++
		}
		if err := b.Set(key, value.seal(key), nil); err != nil {
			return fmt.Errorf("store %s: %w", s.path, err)
		}
	}
	if err := s.db.Apply(b, pebble.Sync); err != nil {
		return s.fail(fmt.Errorf("write: %w", err))
	}
	sh.trimmed.Store(m.position)
	sh.durable.Store(m.position)
	s.room.give(int64(m.bytes - sh.trimmedBytes))
	sh.trimmedBytes = m.bytes
	return nil
}

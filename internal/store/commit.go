package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/portdelta/portdelta/internal/crashpoint"
)

// Commit enters a step: atomically the facets, the host's next version, and the
// records under the shard's next positions. Steps of one shard take effect in
// the order of their positions; steps of different shards, and waiting for the
// disk, are concurrent and share syncs. A step that changes nothing is nothing.
//
// A step with records is on disk when Commit returns nil (P5); one without is
// not synced: after a power cut (not after a mere crash of the process, once the
// system has it) it may be gone, and its host is then as never looked at. The
// log keeps the order of commits, so no later step survives an earlier one.
//
// Errors: ErrConflict and ErrOutboxFull, with nothing written; ErrDamaged, if
// what the host holds cannot be read, with nothing written; ErrFailed, with the
// outcome unknown and the store unusable. The last part of the outbox is kept
// for process-wide steps and those with records of schemas.Lifecycles only.
func (s *Store) Commit(step Step) error {
	sh, err := s.enter(step.Shard)
	if err != nil {
		return err
	}
	defer s.gate.leave()
	if err := s.checkStep(&step); err != nil {
		return err
	}
	if len(step.Put)+len(step.Delete)+len(step.Shared)+len(step.Outbox) == 0 && !step.Ticked {
		return nil
	}
	// Encoded before the lock is taken: only positions depend on it.
	records, size, err := encode(step.Outbox)
	if err != nil {
		return fmt.Errorf("store %s: encode a record of host %q: %w", s.path, step.Host, err)
	}
	s.room.refresh()
	if size > 0 && !s.room.take(size, urgent(&step)) {
		return fmt.Errorf("%w: %s holds %d bytes of at most %d, this step brings %d; it empties as Kafka takes its records",
			ErrOutboxFull, s.path, s.room.used.Load(), s.room.limit.Load(), size)
	}
	b := s.db.NewBatch()
	last, err := s.order(sh, &step, b, records, size)
	if err != nil {
		s.room.give(size)
		return errors.Join(err, b.Close())
	}
	if len(records) > 0 {
		// A crash here leaves the whole step or nothing of it; nobody has been
		// told of it, and no reader has seen its records.
		if err := b.SyncWait(); err != nil {
			// It may be on disk or not: only a restart can tell.
			return s.fail(fmt.Errorf("sync: %w", err))
		}
		crashpoint.Reached("synced")
		sh.publish(last)
	}
	return b.Close()
}

// order gives the step its place: it compares the version, assigns positions
// and applies the batch, without waiting for the disk. It returns the last
// position given.
func (s *Store) order(sh *shard, step *Step, b *pebble.Batch, records [][]byte, size int64) (uint64, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if step.Host != "" {
		if err := s.stageHost(b, step); err != nil {
			return 0, err
		}
	}
	for _, f := range step.Shared {
		key := sharedKey(step.Shard, f.Key)
		if err := b.Set(key, seal(key, bytes.Clone(f.Value)), nil); err != nil {
			return 0, fmt.Errorf("store %s: %w", s.path, err)
		}
	}
	if len(records) == 0 {
		if err := s.db.Apply(b, pebble.NoSync); err != nil {
			return 0, s.fail(fmt.Errorf("write: %w", err))
		}
		return 0, nil
	}
	next := sh.next
	for _, record := range records {
		key := outboxKey(step.Shard, next.position)
		if err := b.Set(key, seal(key, record), nil); err != nil {
			return 0, fmt.Errorf("store %s: %w", s.path, err)
		}
		next.position++
	}
	next.bytes += uint64(size)
	key := markKey(step.Shard, nextMark)
	if err := b.Set(key, next.seal(key), nil); err != nil {
		return 0, fmt.Errorf("store %s: %w", s.path, err)
	}
	// The batch takes its place in the log and becomes visible here, under the
	// lock: a reader never sees position n+1 before n.
	if err := s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		return 0, s.fail(fmt.Errorf("write: %w", err))
	}
	sh.next = next
	return next.position - 1, nil
}

// stageHost compares the host's version and adds its facets and next version.
func (s *Store) stageHost(b *pebble.Batch, step *Step) error {
	key := hostKey(step.Shard, step.Host)
	held, err := s.version(key)
	if err != nil {
		return err
	}
	if held.number != step.Expect {
		return fmt.Errorf("%w: %s: host %s has version %d, the step expects %d", ErrConflict, s.path, step.Host, held.number, step.Expect)
	}
	known := held.facets > 0
	held.number++
	// forget counts out what stood under the key.
	forget := func(key []byte) (bool, error) {
		if !known {
			return false, nil
		}
		_, check, err := s.get(key)
		if errors.Is(err, pebble.ErrNotFound) {
			return false, nil
		}
		if err == nil {
			held.remove(check)
		}
		return err == nil, err
	}
	for _, name := range step.Delete {
		facet := append(hostKey(step.Shard, step.Host), name...)
		stood, err := forget(facet)
		if err == nil && stood {
			err = b.Delete(facet, nil)
		}
		if err != nil {
			return err
		}
	}
	for _, f := range step.Put {
		facet := append(hostKey(step.Shard, step.Host), f.Key...)
		if _, err := forget(facet); err != nil {
			return err
		}
		sealed := seal(facet, append(make([]byte, 0, len(f.Value)+checkBytes), f.Value...))
		held.add(checkOf(facet, f.Value))
		if err := b.Set(facet, sealed, nil); err != nil {
			return fmt.Errorf("store %s: %w", s.path, err)
		}
	}
	if err := stageDue(b, step, &held); err != nil {
		return err
	}
	return b.Set(key, held.seal(key), nil)
}

func (s *Store) version(key []byte) (version, error) {
	value, _, err := s.get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return version{}, nil
	}
	if err != nil {
		return version{}, err
	}
	v, err := parseVersion(value)
	if err != nil {
		return version{}, s.damaged("key %x: %w", key, err)
	}
	return v, nil
}

// publish hands positions up to last to the reader. A later step of the shard
// may come first: the log keeps their order, so that what lies before a synced
// step is on disk too.
func (sh *shard) publish(last uint64) {
	for {
		known := sh.durable.Load()
		if known >= last || sh.durable.CompareAndSwap(known, last) {
			break
		}
	}
	select {
	case sh.wake <- struct{}{}:
	default: // the reader has not taken the last one yet
	}
}

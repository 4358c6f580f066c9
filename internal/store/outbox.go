package store

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/portdelta/portdelta/schemas"
)

// Read returns records of a shard's outbox in order: those after the position
// given, or from the first that stands where that was trimmed already. It
// returns at most maxRecords and about maxBytes (stored bytes), but at least one
// where there is any, and only records that are on disk (P5). It returns
// ErrDamaged, and no records, rather than skip one.
func (s *Store) Read(number int, last uint64, maxRecords, maxBytes int) ([]schemas.Entry, error) {
	sh, err := s.enter(number)
	if err != nil {
		return nil, err
	}
	defer s.gate.leave()
	// A batch is visible before its sync has ended (Pebble, commit.go), so what
	// is visible is not what may be sent: the bound is.
	end := sh.durable.Load()
	if max(last, sh.trimmed.Load()) >= end {
		return nil, nil
	}
	it, err := s.outbox(number, last+1, end)
	if err != nil {
		return nil, err
	}
	// Asked for after the view was taken: what a trim had removed from the view,
	// it had marked before.
	start := max(last, sh.trimmed.Load()) + 1
	entries, err := readOutbox(it, number, start, end, maxRecords, maxBytes)
	if err != nil {
		err = s.damaged("shard %d: %w", number, err)
	}
	if failed := it.Close(); failed != nil {
		err = s.reading(fmt.Sprintf("shard %d: outbox", number), failed)
	}
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// outbox iterates over the positions from first to last.
func (s *Store) outbox(number int, first, last uint64) (*pebble.Iterator, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: outboxKey(number, first), UpperBound: outboxKey(number, last+1)})
	if err != nil {
		return nil, s.reading(fmt.Sprintf("shard %d: outbox", number), err)
	}
	return it, nil
}

func readOutbox(it *pebble.Iterator, number int, first, end uint64, maxRecords, maxBytes int) ([]schemas.Entry, error) {
	var entries []schemas.Entry
	want, taken := first, int64(0)
	for ok := it.SeekGE(outboxKey(number, first)); ok && want <= end; ok = it.Next() {
		position, err := parseOutbox(it.Key())
		if err != nil {
			return nil, err
		}
		if position != want {
			break
		}
		sealed, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		taken += outboxBytes(len(sealed))
		if len(entries) > 0 && (len(entries) >= maxRecords || taken > int64(maxBytes)) {
			return entries, nil
		}
		entry, err := decodeEntry(it.Key(), bytes.Clone(sealed), position)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
		want++
	}
	if want <= end {
		return nil, fmt.Errorf("position %d is missing from the outbox", want)
	}
	return entries, nil
}

// decodeEntry reads a record, which aliases sealed.
func decodeEntry(key, sealed []byte, position uint64) (schemas.Entry, error) {
	value, _, err := unseal(key, sealed)
	entry := schemas.Entry{Position: position}
	if err == nil {
		err = entry.Record.UnmarshalBinary(value)
	}
	if err != nil {
		return schemas.Entry{}, fmt.Errorf("position %d of the outbox: %w", position, err)
	}
	return entry, nil
}

// trimBatch bounds the batch of one trim.
const trimBatch = 4096

// Trim removes the records of a shard up to and including the position. It is
// not synced: a crash brings some of them back, in order, and the publisher,
// which knows how far it came, trims again. A position already trimmed is no
// error, one never handed out by Read is.
func (s *Store) Trim(number int, upTo uint64) error {
	sh, err := s.enter(number)
	if err != nil {
		return err
	}
	defer s.gate.leave()
	if s.readOnly {
		return fmt.Errorf("store %s: is open read-only", s.path)
	}
	s.room.refresh()
	sh.trimMu.Lock()
	defer sh.trimMu.Unlock()
	if end := sh.durable.Load(); upTo > end {
		return fmt.Errorf("store %s: shard %d: trim to position %d, though only %d stand", s.path, number, upTo, end)
	}
	for sh.trimmed.Load() < upTo {
		if err := s.trimLocked(sh, number, min(upTo, sh.trimmed.Load()+trimBatch)); err != nil {
			return err
		}
	}
	return nil
}

// trimLocked removes up to trimBatch records. The mark moves in the same batch,
// so that a start need not look for the first record among what was deleted.
func (s *Store) trimLocked(sh *shard, number int, upTo uint64) error {
	it, err := s.outbox(number, sh.trimmed.Load()+1, upTo)
	if err != nil {
		return err
	}
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	want, freed := sh.trimmed.Load()+1, int64(0)
	for ok := it.First(); ok; ok = it.Next() {
		position, err := parseOutbox(it.Key())
		if err != nil || position != want {
			break
		}
		value := it.LazyValue()
		freed += outboxBytes(value.Len())
		// A position is written once and deleted once, which is what a single
		// delete asks for: record and tombstone cancel out in the first flush.
		if err := b.SingleDelete(it.Key(), nil); err != nil {
			return errors.Join(fmt.Errorf("store %s: %w", s.path, err), it.Close())
		}
		want++
	}
	if err := it.Close(); err != nil {
		return s.reading(fmt.Sprintf("shard %d: outbox", number), err)
	}
	if want <= upTo {
		return s.damaged("shard %d: position %d is missing from the outbox", number, want)
	}
	m := mark{upTo, sh.trimmedBytes + uint64(freed)}
	key := markKey(number, trimmedMark)
	if err := b.Set(key, m.seal(key), nil); err != nil {
		return fmt.Errorf("store %s: %w", s.path, err)
	}
	// Before the records go: a reader that no longer sees them must not miss them.
	sh.trimmed.Store(upTo)
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return s.fail(fmt.Errorf("write: %w", err))
	}
	sh.trimmedBytes = m.bytes
	s.room.give(freed)
	return nil
}

// Wake is sent to after commits with records, and at the start where records
// wait. It has room for one: a reader that reads until Read returns nothing,
// then waits, misses none. It is never closed. nil for a shard that does not exist.
func (s *Store) Wake(number int) <-chan struct{} {
	if number < 0 || number >= len(s.shards) {
		return nil
	}
	return s.shards[number].wake
}

// Depth is what all outboxes hold: records, their bytes, and the time of the
// oldest record, zero if there is none. It reads one record a shard.
func (s *Store) Depth() (records int, size int64, oldest time.Time) {
	for i := range s.shards {
		sh, err := s.enter(i)
		if err != nil {
			return 0, 0, time.Time{}
		}
		trimmed := sh.trimmed.Load()
		if n := sh.durable.Load(); n > trimmed {
			records += int(n - trimmed)
			// A record trimmed meanwhile, or a damaged one, has no say: Read tells.
			if at, ok := s.timeOf(i, trimmed+1); ok && (oldest.IsZero() || at.Before(oldest)) {
				oldest = at
			}
		}
		s.gate.leave()
	}
	return records, s.room.used.Load(), oldest
}

func (s *Store) timeOf(number int, position uint64) (time.Time, bool) {
	value, _, err := s.get(outboxKey(number, position))
	if err != nil {
		return time.Time{}, false
	}
	var record schemas.Record
	if err := record.UnmarshalBinary(value); err != nil {
		return time.Time{}, false
	}
	return record.Time, true
}

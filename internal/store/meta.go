package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
)

// format is the version of the keys and values of keys.go. Whatever changes
// them raises it.
const format = 2

// What a store says of itself.
const (
	formatName      = "format"
	incarnationName = "incarnation"
	shardsName      = "shards"
	sourceName      = "source" // since it was first opened with one
)

// loadMeta reads what the store says of itself and returns its number of
// shards, after making a new store where there is none. want is 0 where any
// number will do.
func (s *Store) loadMeta(want int) (int, error) {
	stored, err := s.metaNumber(formatName)
	if errors.Is(err, pebble.ErrNotFound) {
		if err := s.make(want); err != nil {
			return 0, err
		}
		stored, err = s.metaNumber(formatName)
	}
	if err != nil {
		return 0, err
	}
	if stored != format {
		return 0, unknownFormat(s.path, fmt.Sprintf("store format %d, known is %d", stored, format))
	}
	id, err := s.meta(incarnationName)
	if err != nil {
		return 0, s.unreadable(incarnationName, err)
	}
	s.incarnation = string(id)
	shards, err := s.metaNumber(shardsName)
	if err != nil {
		return 0, s.unreadable(shardsName, err)
	}
	if shards < 1 || shards > maxShards {
		return 0, s.damaged("%d shards", shards)
	}
	if want != 0 && want != int(shards) {
		return 0, fmt.Errorf("%w: %s was made for %d, asked for are %d; the number of shards is the topics' number of partitions "+
			"and is fixed with them: set topics.partitions to %d, or give the new topics a store.path of their own",
			ErrShards, s.path, shards, want, shards)
	}
	return int(shards), nil
}

// make writes what a new store says of itself. A crash before the commit leaves
// an empty database, which the next start makes a store of; after it, a store.
func (s *Store) make(shards int) error {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return s.reading("first key", err)
	}
	held := it.First()
	if err := it.Close(); err != nil {
		return s.reading("first key", err)
	}
	if held {
		return s.damaged("it holds keys but does not say which format it has")
	}
	if s.readOnly {
		return missing(s.path)
	}
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	put := func(name string, value []byte) error {
		key := metaKey(name)
		return b.Set(key, seal(key, value), nil)
	}
	err = errors.Join(
		put(formatName, binary.BigEndian.AppendUint32(nil, format)),
		put(shardsName, binary.BigEndian.AppendUint32(nil, uint32(shards))),
		put(incarnationName, []byte(uuid.NewString())),
		s.db.Apply(b, pebble.Sync),
		// In a table, so that no damage to the log can make a store look new.
		s.db.Flush(),
	)
	if err != nil {
		return fmt.Errorf("store %s: make: %w", s.path, err)
	}
	return nil
}

// checkSource compares what the store was first opened for, and notes it then.
func (s *Store) checkSource(want string) error {
	if want == "" || s.readOnly {
		return nil
	}
	held, err := s.meta(sourceName)
	if errors.Is(err, pebble.ErrNotFound) {
		key := metaKey(sourceName)
		if err := s.db.Set(key, seal(key, []byte(want)), pebble.Sync); err != nil {
			return fmt.Errorf("store %s: write: %w", s.path, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if string(held) != want {
		return fmt.Errorf("%w: %s is of %s, asked for is %s; set source.tenant to that one, or give this tenant a store.path of its own",
			ErrSource, s.path, held, want)
	}
	return nil
}

func (s *Store) meta(name string) ([]byte, error) {
	value, _, err := s.get(metaKey(name))
	return value, err
}

func (s *Store) metaNumber(name string) (uint32, error) {
	value, err := s.meta(name)
	if err != nil {
		return 0, err
	}
	if len(value) != 4 {
		return 0, s.damaged("%s has %d bytes instead of 4", name, len(value))
	}
	return binary.BigEndian.Uint32(value), nil
}

// unreadable makes a value that must be there and is not damage.
func (s *Store) unreadable(name string, err error) error {
	if errors.Is(err, pebble.ErrNotFound) {
		return s.damaged("%s is missing", name)
	}
	return err
}

// get returns a copy of the value under the key, without and with its check, or
// an error that is pebble.ErrNotFound, ErrDamaged or the system's.
func (s *Store) get(key []byte) (value []byte, check uint32, err error) {
	sealed, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, 0, pebble.ErrNotFound
	}
	if err != nil {
		return nil, 0, s.reading(fmt.Sprintf("key %x", key), err)
	}
	value, check, err = unseal(key, append([]byte(nil), sealed...))
	if err := errors.Join(err, closer.Close()); err != nil {
		return nil, 0, s.damaged("key %x: %w", key, err)
	}
	return value, check, nil
}

// mark reads one of a shard's two marks; a shard without one has had no record.
func (s *Store) mark(number int, name byte) (mark, error) {
	value, _, err := s.get(markKey(number, name))
	if errors.Is(err, pebble.ErrNotFound) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, err
	}
	m, err := parseMark(value)
	if err != nil {
		return mark{}, s.damaged("shard %d: %w", number, err)
	}
	return m, nil
}

// loadShards reads the marks of every shard. What Pebble has replayed from its
// log it has also written to tables by now, so every position is durable.
func (s *Store) loadShards(count int) error {
	s.shards = make([]shard, count)
	for i := range s.shards {
		next, err := s.mark(i, nextMark)
		if err != nil {
			return err
		}
		if next.position == 0 {
			next.position = 1
		}
		trimmed, err := s.mark(i, trimmedMark)
		if err != nil {
			return err
		}
		if trimmed.position >= next.position || trimmed.bytes > next.bytes {
			return s.damaged("shard %d: trimmed to position %d, though only %d were given", i, trimmed.position, next.position-1)
		}
		sh := &s.shards[i]
		sh.next, sh.trimmedBytes = next, trimmed.bytes
		sh.durable.Store(next.position - 1)
		sh.trimmed.Store(trimmed.position)
		sh.wake = make(chan struct{}, 1)
		if next.position-1 > trimmed.position {
			sh.wake <- struct{}{}
		}
		s.room.used.Add(int64(next.bytes - trimmed.bytes))
	}
	return nil
}

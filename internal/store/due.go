package store

import (
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// The index of due hosts is a part of the state: it moves in the batch of the
// step that moves it, so a crash leaves both or neither, and a start has nothing
// to scan or to rebuild.

// stageDue moves the host in the index of due hosts, and notes in its version
// where it stands there now.
func stageDue(b *pebble.Batch, step *Step, held *version) error {
	var due uint64
	if !step.Due.IsZero() {
		// Rounded up, so that the host is really due then; never 0, which is nowhere.
		due = uint64(max(1, step.Due.Add(time.Second-1).Unix()))
	}
	if early := held.due != 0 && (due == 0 || held.due <= due); due == held.due || early && !step.Ticked {
		return nil
	}
	if held.due != 0 {
		if err := b.Delete(dueKey(step.Shard, held.due, step.Host), nil); err != nil {
			return err
		}
	}
	if held.due = due; due == 0 {
		return nil
	}
	key := dueKey(step.Shard, due, step.Host)
	return b.Set(key, seal(key, nil), nil)
}

// Due returns the hosts of a shard that are due by then, at most limit, the one
// that has been so for longest first. It is one view, of commits perhaps not yet
// on disk. With ErrDamaged come those that could be read.
func (s *Store) Due(number int, by time.Time, limit int) ([]string, error) {
	if _, err := s.enter(number); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: shardKey(number, kindDue), UpperBound: dueKey(number, uint64(max(0, by.Unix()))+1, "")})
	if err != nil {
		return nil, s.reading("due hosts", err)
	}
	var hosts []string
	var fault error
	for ok := it.First(); ok && len(hosts) < limit; ok = it.Next() {
		sealed, err := it.ValueAndErr()
		if err != nil {
			break // Close returns it too
		}
		var host string
		if _, _, err = unseal(it.Key(), sealed); err == nil {
			_, host, err = parseDue(it.Key())
		}
		if err != nil {
			fault = s.damaged("key %x: %w", it.Key(), err)
			continue
		}
		hosts = append(hosts, host)
	}
	if failed := it.Close(); failed != nil {
		return nil, s.reading("due hosts", failed)
	}
	return hosts, fault
}

package store

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"
)

// Facet is one stored facet of a host. Its key is the caller's: any bytes but
// none, at most 255 of them.
type Facet struct {
	Key   string
	Value []byte
}

// Load returns every facet of a host in the order of their keys, and the host's
// version for Step.Expect; version 0 means that nothing was ever committed for
// the host. It is one consistent view, of commits perhaps not yet on disk: a
// step computed from it cannot be on disk before them. The facets are the
// caller's. Damage of this host is an error of this host alone (P12).
func (s *Store) Load(number int, host string) (facets []Facet, current uint64, err error) {
	if _, err := s.enter(number); err != nil {
		return nil, 0, err
	}
	defer s.gate.leave()
	if err := s.checkHost(host); err != nil {
		return nil, 0, err
	}
	prefix := hostKey(number, host)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return nil, 0, s.reading("host "+host, err)
	}
	facets, v, err := readHost(it, prefix)
	if err != nil {
		err = s.damaged("host %s: %w", host, err)
	}
	if failed := it.Close(); failed != nil {
		err = s.reading("host "+host, failed)
	}
	if err != nil {
		return nil, 0, err
	}
	return facets, v.number, nil
}

// readHost reads a host from an iterator bounded to it. The version lies first.
func readHost(it *pebble.Iterator, prefix []byte) (facets []Facet, held version, err error) {
	if !it.First() {
		return nil, version{}, nil
	}
	if !bytes.Equal(it.Key(), prefix) {
		return nil, version{}, errors.New("facets without a version")
	}
	sealed, err := it.ValueAndErr()
	if err != nil {
		return nil, version{}, err
	}
	value, _, err := unseal(prefix, sealed)
	if err == nil {
		held, err = parseVersion(value)
	}
	if err != nil {
		return nil, version{}, fmt.Errorf("version: %w", err)
	}
	found := version{number: held.number, due: held.due}
	for it.Next() {
		sealed, err := it.ValueAndErr()
		if err != nil {
			return nil, version{}, err
		}
		value, check, err := unseal(it.Key(), sealed)
		if err != nil {
			return nil, version{}, fmt.Errorf("facet %x: %w", it.Key()[len(prefix):], err)
		}
		facets = append(facets, Facet{string(it.Key()[len(prefix):]), bytes.Clone(value)})
		found.add(check)
	}
	return facets, held, found.matches(held)
}

// add counts a facet in, given its check.
func (v *version) add(check uint32) { v.facets++; v.digest ^= check }

// remove counts a facet out.
func (v *version) remove(check uint32) { v.facets--; v.digest ^= check }

// matches says whether the facets found are those the version was stored with.
func (v version) matches(held version) error {
	if v != held {
		return fmt.Errorf("%d facets (digest %08x) where %d (%08x) were stored", v.facets, v.digest, held.facets, held.digest)
	}
	return nil
}

// Hosts yields every host of a shard for which anything was committed, in no
// order that means anything. It is one view: what is committed meanwhile may be
// missing. After an error it ends. The loop may call the store; Close waits for
// its end.
func (s *Store) Hosts(number int) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if _, err := s.enter(number); err != nil {
			yield("", err)
			return
		}
		defer s.gate.leave()
		prefix := shardKey(number, kindState)
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
		if err != nil {
			yield("", s.reading("hosts", err))
			return
		}
		// The read's own error has been asked for by then.
		defer func() { _ = it.Close() }()
		for ok := it.First(); ok; {
			host, _, err := parseState(it.Key())
			if err != nil {
				yield("", s.damaged("key %x: %w", it.Key(), err))
				return
			}
			if !yield(host, nil) {
				return
			}
			ok = it.SeekGE(after(hostKey(number, host)))
		}
		if err := it.Error(); err != nil {
			yield("", s.reading("hosts", err))
		}
	}
}

const maxName = 255 // bytes of a host or facet key: a length byte's worth

func (s *Store) checkHost(host string) error {
	if host == "" || len(host) > maxName {
		return fmt.Errorf("store %s: a host has 1 to %d bytes, not %d", s.path, maxName, len(host))
	}
	return nil
}

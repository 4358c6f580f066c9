package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Report is what Verify found.
type Report struct {
	Incarnation   string   `json:"incarnation"`
	Shards        int      `json:"shards"`
	Hosts         int      `json:"hosts"`
	Facets        int      `json:"facets"`
	OutboxRecords int      `json:"outboxRecords"`
	Bytes         int64    `json:"bytes"`  // of keys and values, before compression
	Faults        []string `json:"faults"` // the first maxFaults of them; never null
	FaultCount    int      `json:"faultCount"`
}

const maxFaults = 100

// Verify reads the whole store and checks that every key and value is what was
// written: each value's checksum, each host's version against its facets and its
// place among the due, the outbox's positions without gap and against the marks,
// and every record's encoding. Faults are no error; an error means that the check itself did not
// come to its end. It may run beside everything else; a shard is one consistent
// view. Faults name hosts and hexadecimal keys, never a value.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	r := Report{Incarnation: s.incarnation, Shards: len(s.shards), Faults: []string{}}
	for number := range s.shards {
		if err := s.verifyRange(ctx, &r, number, shardKey(number, 0)[:2], shardKey(number+1, 0)[:2]); err != nil {
			return r, err
		}
	}
	// What lies above the last shard is the store's own.
	end := shardKey(len(s.shards), 0)[:2]
	return r, s.verifyRange(ctx, &r, len(s.shards), end, nil)
}

func (r *Report) fault(format string, args ...any) {
	r.FaultCount++
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
	}
}

// verifyRange checks the keys of one shard, or those above the last.
func (s *Store) verifyRange(ctx context.Context, r *Report, number int, lower, upper []byte) error {
	if !s.gate.enter() {
		return ErrClosed
	}
	defer s.gate.leave()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return s.reading("verify", err)
	}
	v := verifier{report: r, number: number, next: mark{position: 1}}
	for ok := it.First(); ok; ok = it.Next() {
		if v.keys++; v.keys%1024 == 0 && ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), it.Close())
		}
		sealed, err := it.ValueAndErr()
		if err != nil {
			break // Close returns it too
		}
		r.Bytes += int64(len(it.Key()) + len(sealed))
		v.key(it.Key(), sealed)
	}
	if err := it.Close(); err != nil {
		// What lies behind the bad block cannot be read; other shards can (P12).
		r.fault("shard %d: reading ends after %d keys: %v", number, v.keys, oneLine{err})
		return nil
	}
	v.endHost()
	v.endOutbox()
	if v.wanted != v.due {
		v.fault("%d hosts stand in the index of due hosts, by their versions it should be %d", v.due.facets, v.wanted.facets)
	}
	return nil
}

// verifier goes through the keys of one shard in their order: marks, outbox, hosts.
type verifier struct {
	report *Report
	number int
	keys   int

	next, trimmed mark
	held          mark // the last position met in the outbox, and the bytes met

	host          []byte // the key of the host in hand; nil before the first
	stored, found version

	wanted, due version // entries of the index of due hosts: by the versions, and met
}

func (v *verifier) fault(format string, args ...any) {
	v.report.fault("shard %d: "+format, append([]any{v.number}, args...)...)
}

func (v *verifier) key(key, sealed []byte) {
	if len(key) >= 2 && key[0] == 0xff && key[1] == 0xff {
		if _, _, err := unseal(key, sealed); err != nil {
			v.fault("key %x: %v", key, err)
		}
		return
	}
	switch {
	case v.number == v.report.Shards:
		v.report.fault("key %x belongs to no shard", key)
	case len(key) > 3 && key[2] == kindPosition:
		v.position(key, sealed)
	case len(key) > 3 && key[2] == kindOutbox:
		v.record(key, sealed)
	case len(key) > 3 && key[2] == kindState:
		v.facet(key, sealed)
	case len(key) > 3 && key[2] == kindDue:
		v.dueHost(key, sealed)
	case len(key) > 3 && key[2] == kindShared:
		if _, _, err := unseal(key, sealed); err != nil {
			v.fault("key %x: %v", key, err)
		}
	default:
		v.fault("key %x is of no known kind", key)
	}
}

func (v *verifier) position(key, sealed []byte) {
	value, _, err := unseal(key, sealed)
	var m mark
	if err == nil {
		m, err = parseMark(value)
	}
	switch {
	case err != nil:
		v.fault("key %x: %v", key, err)
	case len(key) == 4 && key[3] == nextMark:
		v.next = m
	case len(key) == 4 && key[3] == trimmedMark:
		v.trimmed = m
	default:
		v.fault("key %x is of no known kind", key)
	}
}

func (v *verifier) record(key, sealed []byte) {
	v.report.OutboxRecords++
	position, err := parseOutbox(key)
	if err != nil {
		v.fault("key %x: %v", key, err)
		return
	}
	if v.held.position == 0 {
		v.held.position = v.trimmed.position
	}
	if want := v.held.position + 1; position != want {
		v.fault("the outbox goes from position %d to %d", v.held.position, position)
	}
	v.held.position = position
	v.held.bytes += uint64(outboxBytes(len(sealed)))
	if _, err := decodeEntry(key, sealed, position); err != nil {
		v.fault("%v", err)
	}
}

// endOutbox compares the outbox as a whole with the marks.
func (v *verifier) endOutbox() {
	last := max(v.held.position, v.trimmed.position)
	if last+1 != v.next.position {
		v.fault("the outbox ends at position %d, the next to give is %d", last, v.next.position)
	}
	if v.held.bytes != v.next.bytes-v.trimmed.bytes {
		v.fault("the outbox holds %d bytes, counted were %d", v.held.bytes, v.next.bytes-v.trimmed.bytes)
	}
}

func (v *verifier) facet(key, sealed []byte) {
	host, facet, err := parseState(key)
	if err != nil {
		v.fault("key %x: %v", key, err)
		return
	}
	value, check, err := unseal(key, sealed)
	prefix := key[:len(key)-len(facet)]
	if !bytes.Equal(v.host, prefix) {
		v.endHost()
		v.report.Hosts++
		v.host, v.stored, v.found = bytes.Clone(prefix), version{}, version{}
	}
	if facet != "" {
		v.report.Facets++
		v.found.add(check)
		if err != nil {
			v.fault("host %q: facet %x: %v", host, facet, err)
		}
		return
	}
	if err == nil {
		v.stored, err = parseVersion(value)
	}
	if err != nil {
		v.fault("host %q: version: %v", host, err)
	}
}

// dueHost counts an entry of the index of due hosts.
func (v *verifier) dueHost(key, sealed []byte) {
	_, check, err := unseal(key, sealed)
	if err == nil {
		_, _, err = parseDue(key)
	}
	if err != nil {
		v.fault("key %x: %v", key, err)
	}
	v.due.add(check)
}

// endHost compares the facets met with the version.
func (v *verifier) endHost() {
	if v.host == nil {
		return
	}
	host, _, _ := parseState(v.host)
	if v.stored.number == 0 {
		v.fault("host %q has no version", host)
		return
	}
	if v.stored.due != 0 {
		v.wanted.add(checkOf(dueKey(v.number, v.stored.due, host), nil))
	}
	v.found.number, v.found.due = v.stored.number, v.stored.due
	if err := v.found.matches(v.stored); err != nil {
		v.fault("host %q: %v", host, err)
	}
}

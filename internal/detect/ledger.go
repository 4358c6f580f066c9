package detect

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/store"
)

// ledgers keep what the steps of a shard have to know of one another. The store has
// it as a value of the shard, put in the same commit as the step that changed it
// (P5), so that a crash leaves both or neither; what is here is a copy.
type ledgers struct {
	mu sync.Mutex
	of map[int]*ledger
}

// ledger is one shard's. Who holds mu is alone with it, from reading it until the
// step that changes it is committed.
type ledger struct {
	mu     sync.Mutex
	loaded bool
	shard  diff.Shard
}

const sharedLedger = "ledger"

// lock waits for the shard's turn and reads its ledger. A ledger that is damaged
// begins anew: it guards against noise, and must not end the watch (P12).
func (d *Detector) lock(shard int) (*ledger, error) {
	d.ledgers.mu.Lock()
	if d.ledgers.of == nil {
		d.ledgers.of = map[int]*ledger{}
	}
	l := d.ledgers.of[shard]
	if l == nil {
		l = &ledger{}
		d.ledgers.of[shard] = l
	}
	d.ledgers.mu.Unlock()
	l.mu.Lock()
	if l.loaded {
		return l, nil
	}
	value, err := d.Store.Shared(shard, sharedLedger)
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		l.mu.Unlock()
		return nil, fmt.Errorf("load ledger of shard %d: %w", shard, err)
	}
	if l.shard, err = decodeLedger(value); err != nil {
		l.shard = diff.Shard{}
	}
	l.loaded = true
	return l, nil
}

// enter returns what a step has to put for the shard's next ledger, and what to
// call with the outcome of its commit. Where the ledger stays as it is, others may
// go on at once. A nil ledger is that of a step that cannot change it.
func (l *ledger) enter(next diff.Shard) (shared []store.Facet, committed func(error)) {
	if l == nil {
		return nil, func(error) {}
	}
	value := encodeLedger(next)
	if bytes.Equal(value, encodeLedger(l.shard)) {
		l.mu.Unlock()
		return nil, func(error) {}
	}
	return []store.Facet{{Key: sharedLedger, Value: value}}, func(err error) {
		// What a failed commit left is read again.
		l.shard, l.loaded = next, err == nil
		l.mu.Unlock()
	}
}

func encodeLedger(s diff.Shard) []byte {
	w := &writer{b: []byte{stateFormat}}
	w.int(int64(s.Open))
	w.uint(uint64(len(s.Lost)))
	for _, l := range s.Lost {
		w.int(l.Minute)
		w.uint(uint64(l.Ports))
	}
	w.bool(s.Held != nil)
	if h := s.Held; h != nil {
		w.time(h.Since)
		for _, n := range []int{h.Held, h.Confirmed, h.Lapsed, h.Told, h.Open} {
			w.int(int64(n))
		}
	}
	return w.b
}

func decodeLedger(value []byte) (diff.Shard, error) {
	if value == nil {
		return diff.Shard{}, nil
	}
	r := &reader{rest: value}
	if r.byte() != stateFormat {
		return diff.Shard{}, errState
	}
	s := diff.Shard{Open: int(r.int())}
	for range r.count() {
		s.Lost = append(s.Lost, diff.LostPorts{Minute: r.int(), Ports: int(r.uint())})
	}
	if r.bool() {
		s.Held = &diff.MassLoss{Since: r.time(), Held: int(r.int()), Confirmed: int(r.int()), Lapsed: int(r.int()), Told: int(r.int()), Open: int(r.int())}
	}
	return s, r.done()
}

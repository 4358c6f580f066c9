package detect

import (
	"errors"
	"fmt"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
)

// Restore puts the hosts of one shard back, from the records of the engine topic
// in their order. The shard must be empty, and nobody else may use it. What it
// writes is on disk once a later step with records is. It belongs to one goroutine.
type Restore struct {
	d      *Detector
	shard  int
	open   map[string]int           // of each host restored: ports told open
	long   map[string]map[int]chunk // of hosts with more than one chunk
	Broken []error                  // hosts that cannot be restored: each begins anew (P12)
}

// NewRestore begins with an empty shard.
func (d *Detector) NewRestore(shard int) *Restore {
	return &Restore{d: d, shard: shard, open: map[string]int{}, long: map[string]map[int]chunk{}}
}

// Take takes the next record. An error is fatal: ErrNewer, or the store's.
func (r *Restore) Take(key string, value []byte) error {
	host, number, c, err := parseChunk(key, value)
	switch {
	case errors.Is(err, errState):
		r.Broken = append(r.Broken, err)
		return nil
	case err != nil:
		return err
	case value == nil:
		delete(r.long[host], number)
		return nil
	case c.of == 1 && number == 0:
		delete(r.long, host)
		return r.put(host, map[int]chunk{0: c})
	}
	if r.long[host] == nil {
		r.long[host] = map[int]chunk{}
	}
	r.long[host][number] = c
	return nil
}

// Finish writes what was waiting for its last chunk, and returns how many hosts
// there are now.
func (r *Restore) Finish() (int, error) {
	for host, chunks := range r.long {
		if len(chunks) == 0 {
			continue // all deleted
		}
		if err := r.put(host, chunks); err != nil {
			return 0, err
		}
	}
	var shard diff.Shard
	for _, n := range r.open {
		shard.Open += n
	}
	ledger := store.Facet{Key: sharedLedger, Value: encodeLedger(shard)}
	if err := r.d.Store.Commit(store.Step{Shard: r.shard, Shared: []store.Facet{ledger}}); err != nil {
		return 0, fmt.Errorf("restore shard %d: %w", r.shard, err)
	}
	return len(r.open), nil
}

func (r *Restore) put(host string, chunks map[int]chunk) error {
	facets, err := unpack(host, chunks)
	var state diff.State
	if err == nil {
		state, err = decodeState(hostport.Host(host), facets)
	}
	var format *formatError
	if errors.As(err, &format) && format.got > stateFormat {
		return fmt.Errorf("%w: %w", ErrNewer, err)
	}
	if err != nil {
		r.Broken = append(r.Broken, err)
		return nil
	}
	held, version, err := r.d.Store.Load(r.shard, host)
	if err != nil {
		return fmt.Errorf("restore host %s: %w", host, err)
	}
	mark := engineMark{chunks: chunks[0].of, restored: true}
	step := store.Step{Shard: r.shard, Host: host, Expect: version, Put: append(facets, store.Facet{Key: facetEngine, Value: mark.encode()}),
		Due: diff.NextTick(state, r.d.Policy), Ticked: true}
	kept := make(map[string]bool, len(step.Put))
	for _, f := range step.Put {
		kept[f.Key] = true
	}
	for _, f := range held {
		if !kept[f.Key] {
			step.Delete = append(step.Delete, f.Key)
		}
	}
	if err := r.d.Store.Commit(step); err != nil {
		return fmt.Errorf("restore host %s: %w", host, err)
	}
	r.open[host] = 0
	for _, p := range state.Ports {
		if p.Told.Open() {
			r.open[host]++
		}
	}
	return nil
}

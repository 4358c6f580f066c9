package detect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// StateStore keeps hosts and the outbox. Calls for different hosts may be
// concurrent.
type StateStore interface {
	// Load returns everything held of a host and its version, 0 where nothing is.
	Load(shard int, host string) ([]store.Facet, uint64, error)
	// Due returns the hosts that are due by then, at most limit.
	Due(shard int, by time.Time, limit int) ([]string, error)
	// Hosts yields every host of a shard for which anything was committed.
	Hosts(shard int) iter.Seq2[string, error]
	// Shared returns a value of the shard itself, nil where nothing was put.
	Shared(shard int, name string) ([]byte, error)
	// Commit applies a step whole or not at all, durable on return where it
	// carries records. store.ErrConflict: another version is held than expected.
	// store.ErrOutboxFull: nothing was applied.
	Commit(store.Step) error
	// Fill is how full the outbox is, 0 to 1.
	Fill() float64
}

// ErrHeld: the outbox has no room for the step; nothing was committed and the
// host is to be looked at again later.
var ErrHeld = errors.New("step held back: the outbox is full")

// StepError is a step that failed alone: the host keeps the state it had, all
// others go on (P12).
type StepError struct {
	Host hostport.Host
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("host %s: step dropped: %v", e.Host, e.Err) }
func (e *StepError) Unwrap() error { return e.Err }

// baselineFill is how full the outbox may be for new hosts to be taken on (design section 6).
const baselineFill = 0.8

// Detector takes snapshots, and what time alone brings. Its methods may be called
// concurrently; two steps of one host never overlap.
type Detector struct {
	Store   StateStore
	Shards  int
	Source  string // the CloudEvents source: schemas.Source
	Policy  diff.Policy
	Metrics *Metrics
	// Decided, if set, is told of the input of each step after its commit, in the
	// order of each host's steps and of those that change what a shard's steps know of
	// one another. It may be called concurrently for different hosts; the step waits
	// for it.
	Decided func(Input)
	// Engine has steps carry the host's engine record, from which another instance
	// can restore it: with all that move what is told, else once a host and day.
	Engine bool

	busy    hostLocks
	ledgers ledgers
}

// Handle decides a snapshot and commits the step. If it returns Asks nothing is
// committed: call it once more with the same snapshot and their Answers. A crash
// before the commit leaves the host as never looked at; a crash after it leaves
// the step in the outbox, from where the publisher takes it (P5). Errors:
// ErrHeld; *StepError, for this host only; any other is fatal.
func (d *Detector) Handle(_ context.Context, snapshot hostport.Snapshot) ([]hostport.Ask, error) {
	defer d.busy.lock(snapshot.Host)()
	snapshot.At = snapshot.At.UTC().Truncate(time.Millisecond)
	held, err := d.load(snapshot.Host)
	if err != nil {
		return nil, err
	}
	if held.state.Epoch == 0 && d.Store.Fill() >= baselineFill {
		return nil, ErrHeld
	}
	ledger, err := d.lock(held.shard)
	if err != nil {
		return nil, err
	}
	res := diff.StepIn(ledger.shard, held.state, &snapshot, d.Policy, snapshot.At)
	if len(res.Asks) > 0 {
		ledger.mu.Unlock()
		return res.Asks, nil
	}
	return nil, d.commit(held, Input{Host: snapshot.Host, At: snapshot.At, Snapshot: &snapshot}, &res, ledger)
}

// Failed takes a look that brought nothing. Errors as of Handle.
func (d *Detector) Failed(_ context.Context, host hostport.Host, f diff.Failure) error {
	defer d.busy.lock(host)()
	held, err := d.load(host)
	if err != nil {
		return err
	}
	f.At = f.At.UTC().Truncate(time.Millisecond)
	res := diff.Fail(held.state, host, f)
	in := Input{Host: host, At: f.At, Failure: &f}
	if len(res.Notes) == 0 {
		d.decided(in)
		return nil
	}
	return d.commit(held, in, &res, nil)
}

// held is a host as it was loaded.
type held struct {
	shard   int
	facets  []store.Facet
	version uint64
	state   diff.State
	mark    engineMark
}

func (d *Detector) load(host hostport.Host) (held, error) {
	h := held{shard: schemas.Partition(string(host), d.Shards)}
	var err error
	h.facets, h.version, err = d.Store.Load(h.shard, string(host))
	if err == nil {
		h.state, err = decodeState(host, h.facets)
	}
	if err == nil {
		h.mark = markOf(h.facets)
	}
	switch {
	case errors.Is(err, store.ErrDamaged), errors.Is(err, errState):
		return h, &StepError{host, err} // one damaged host does not end the watch over all others
	case err != nil:
		return h, fmt.Errorf("load host %s: %w", host, err)
	}
	return h, nil
}

// commit encodes what was decided and commits it with the new state as one, and
// with when the host is due for a tick. A ledger is that of the shard, locked; it is
// given up once the input has been handed on, so that the order in which steps
// changed it is that of Decided.
func (d *Detector) commit(h held, in Input, res *diff.Result, l *ledger) (err error) {
	shared, committed := l.enter(res.Shard)
	defer func() { committed(err) }()
	snapshot := in.Snapshot
	if snapshot == nil {
		snapshot = &hostport.Snapshot{Host: in.Host, At: in.At}
	}
	e := newEncoder(d.Source, d.Shards, snapshot, res)
	if err := e.all(res); err != nil {
		return &StepError{snapshot.Host, err}
	}
	step := store.Step{Shard: h.shard, Host: string(snapshot.Host), Expect: h.version, Outbox: e.records,
		Due: diff.NextTick(res.State, d.Policy), Ticked: in.tick(), Shared: shared}
	facets := encodeState(&res.State)
	step.Outbox = append(step.Outbox, d.engine(h.mark, facets, res, snapshot.At)...)
	for _, f := range h.facets {
		if now, kept := facets[f.Key]; !kept {
			step.Delete = append(step.Delete, f.Key)
		} else if bytes.Equal(now, f.Value) {
			delete(facets, f.Key) // an unchanged port is not written again
		}
	}
	for _, key := range slices.Sorted(maps.Keys(facets)) {
		step.Put = append(step.Put, store.Facet{Key: key, Value: facets[key]})
	}
	switch err := d.Store.Commit(step); {
	case errors.Is(err, store.ErrOutboxFull):
		return ErrHeld
	case err != nil:
		return fmt.Errorf("commit host %s: %w", snapshot.Host, err)
	}
	d.Metrics.count(res)
	d.decided(in)
	return nil
}

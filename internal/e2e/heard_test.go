package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/portdelta/portdelta/schemas"
)

// heard is what a reader has got from the topics: it drops what is doubled, by
// id, as the contract tells readers to.
type heard struct {
	records   []schemas.Record            // of all three topics, as they came
	changes   map[string][]*schemas.Event // by host, in the order of the partition
	lifecycle []*schemas.Lifecycle
	baseline  map[string]*schemas.Lifecycle // by host
	state     map[string][]byte             // the state topic's last value by key; nil: deleted
	initial   map[string][]schemas.Record   // by host: state records with op r
	doubled   int                           // records of the changes topic that had come before

	faults []string // what could not be taken
}

func newHeard(changes, lifecycle, state []schemas.Record) *heard {
	h := &heard{
		records: slices.Concat(changes, lifecycle, state),
		changes: map[string][]*schemas.Event{}, baseline: baselines(lifecycle),
		state: map[string][]byte{}, initial: map[string][]schemas.Record{},
	}
	first := map[string]schemas.Record{}
	for _, r := range changes {
		e, err := schemas.ParseEvent(r.Value)
		if err != nil {
			h.fault("%v", err)
			continue
		}
		if before, again := first[e.ID]; again {
			h.doubled++
			if !equal(before, r) {
				h.fault("event %s came twice, with different bytes:\n%s\n%s", e.ID, before.Value, r.Value)
			}
			continue
		}
		first[e.ID] = r
		h.changes[e.Host] = append(h.changes[e.Host], e)
	}
	clear(first)
	for _, r := range lifecycle {
		l, err := schemas.ParseLifecycle(r.Value)
		if err != nil {
			h.fault("%v", err)
			continue
		}
		if before, again := first[l.ID]; again {
			if !equal(before, r) {
				h.fault("lifecycle event %s came twice, with different bytes:\n%s\n%s", l.ID, before.Value, r.Value)
			}
			continue
		}
		first[l.ID] = r
		h.lifecycle = append(h.lifecycle, l)
	}
	for _, r := range state {
		h.state[r.Key] = r.Value
		if host, op := stateHead(r); op == schemas.OpBaseline {
			h.initial[host] = append(h.initial[host], r)
		}
	}
	return h
}

// equal compares what a reader sees of two records but for where they stand.
func equal(a, b schemas.Record) bool {
	return a.Partition == b.Partition && a.Key == b.Key && bytes.Equal(a.Value, b.Value) && a.Time.Equal(b.Time) &&
		slices.Equal(a.Headers, b.Headers)
}

// baselines are the hosts' baseline.completed events.
func baselines(lifecycle []schemas.Record) map[string]*schemas.Lifecycle {
	out := map[string]*schemas.Lifecycle{}
	for _, r := range lifecycle {
		if l, err := schemas.ParseLifecycle(r.Value); err == nil && l.Type == schemas.BaselineCompleted && l.Host != nil {
			out[*l.Host] = l
		}
	}
	return out
}

// stateHead is host and op of a state record; empty where it cannot be read,
// which check tells.
func stateHead(r schemas.Record) (host string, op schemas.Op) {
	if p, err := schemas.ParsePortState(r.Value); err == nil {
		return p.Host, p.Op
	}
	if h, err := schemas.ParseHostState(r.Value); err == nil {
		return h.Host, h.Op
	}
	return "", ""
}

func (h *heard) fault(format string, args ...any) {
	h.faults = append(h.faults, fmt.Sprintf(format, args...))
}

func (h *heard) hosts() []string { return slices.Sorted(maps.Keys(h.baseline)) }

// events is how many different change events came.
func (h *heard) events() int {
	n := 0
	for _, list := range h.changes {
		n += len(list)
	}
	return n
}

package detect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// sharedScope is the watch list of the last load, with shard 0: hosts a line,
// sorted, compressed.
const sharedScope = "scope"

// Scope takes a load of the watch list: a host that left it is retired, and one
// scope.changed tells how the list differs from that of the load before. A load that
// changes nothing is nothing, so a host removed and added in one load is none. No
// look may be in flight for a host that leaves, nor follow.
//
// A crash in it leaves some hosts retired; the next load finds the same difference
// and ends it. Errors: ErrHeld, where the outbox has no room: the next load tells it;
// any other is fatal, but for hosts that cannot be read, which stay (P12).
func (d *Detector) Scope(ctx context.Context, hosts []hostport.Host, at time.Time) error {
	at = at.UTC().Truncate(time.Millisecond)
	now := slices.Compact(slices.Sorted(slices.Values(hosts)))
	before, err := d.scope()
	if err != nil {
		return err
	}
	removed := missingFrom(before, now)
	added := len(missingFrom(now, before))
	if len(removed)+added == 0 {
		return nil
	}
	if err := d.retireAll(ctx, removed, at); err != nil {
		return err
	}
	l := &schemas.Lifecycle{Type: schemas.ScopeChanged, Time: schemas.LifecycleTime{Detected: at}}
	rec, err := sealLifecycle(l, schemas.ScopeDetails{Added: added, Removed: len(removed), Total: len(now)}, d.Source, d.Shards)
	if err != nil {
		return err
	}
	return d.lifecycle(schemas.ScopeChanged, rec, store.Facet{Key: sharedScope, Value: encodeScope(now)})
}

// scope is the watch list of the last load; where none is known, the hosts held.
func (d *Detector) scope() ([]hostport.Host, error) {
	value, err := d.Store.Shared(0, sharedScope)
	if err == nil && value != nil {
		list, err := decodeScope(value)
		if err == nil {
			return list, nil
		}
	} else if err != nil && !errors.Is(err, store.ErrDamaged) {
		return nil, fmt.Errorf("watch list of the last load: %w", err)
	}
	var held []hostport.Host
	for shard := range d.Shards {
		for host, err := range d.Store.Hosts(shard) {
			if err != nil {
				return nil, fmt.Errorf("hosts of shard %d: %w", shard, err)
			}
			held = append(held, hostport.Host(host))
		}
	}
	slices.Sort(held)
	return held, nil
}

// missingFrom lists what a sorted list has and another has not.
func missingFrom(list, other []hostport.Host) (out []hostport.Host) {
	for _, h := range list {
		if _, found := slices.BinarySearch(other, h); !found {
			out = append(out, h)
		}
	}
	return out
}

// retireAll retires hosts, those of different shards side by side.
func (d *Detector) retireAll(ctx context.Context, hosts []hostport.Host, at time.Time) error {
	byShard := map[int][]hostport.Host{}
	for _, h := range hosts {
		shard := schemas.Partition(string(h), d.Shards)
		byShard[shard] = append(byShard[shard], h)
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(byShard))
	for _, list := range byShard {
		wg.Go(func() {
			for _, h := range list {
				err := d.Retire(ctx, h, at)
				var step *StepError
				if err != nil && !errors.As(err, &step) {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// Retire takes one host out of the watch: its public records are deleted, its state
// with them, and all that remains is its epoch, so that it begins a greater one if
// it is added again. Errors as of Handle.
func (d *Detector) Retire(ctx context.Context, host hostport.Host, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer d.busy.lock(host)()
	at = at.UTC().Truncate(time.Millisecond)
	held, err := d.load(host)
	if err != nil || held.state.Epoch == 0 {
		return err
	}
	ledger, err := d.lock(held.shard)
	if err != nil {
		return err
	}
	res := diff.Retire(held.state)
	res.Shard, res.ShardNotes = ledger.shard.Without(&held.state, at)
	return d.commit(held, Input{Host: host, At: at, retired: true}, &res, ledger)
}

func encodeScope(hosts []hostport.Host) []byte {
	var b strings.Builder
	for _, h := range hosts {
		b.WriteString(string(h))
		b.WriteByte('\n')
	}
	encoder, _ := coders()
	return encoder.EncodeAll([]byte(b.String()), []byte{stateFormat})
}

func decodeScope(value []byte) ([]hostport.Host, error) {
	if value[0] != stateFormat {
		return nil, errState
	}
	_, decoder := coders()
	plain, err := decoder.DecodeAll(value[1:], nil)
	if err != nil {
		return nil, errors.Join(errState, err)
	}
	var hosts []hostport.Host
	for line := range strings.Lines(string(plain)) {
		hosts = append(hosts, hostport.Host(strings.TrimSuffix(line, "\n")))
	}
	return hosts, nil
}

package detect

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/store"
)

// Tick takes what time alone brings to a host by then, as Handle takes a snapshot,
// and moves the host on to when it is due next. A crash before the commit leaves
// it due. Errors as of Handle.
func (d *Detector) Tick(_ context.Context, host hostport.Host, at time.Time) error {
	defer d.busy.lock(host)()
	at = at.UTC().Truncate(time.Millisecond)
	held, err := d.load(host)
	if err != nil {
		return err
	}
	if held.version == 0 {
		return &StepError{host, errors.New("due for a tick, though nothing is held of it")}
	}
	res := diff.Tick(held.state, d.Policy, at)
	return d.commit(held, Input{Host: host, At: at}, &res, nil)
}

// Due returns hosts of a shard that are due for a Tick by then. After their ticks
// it returns further ones, and in the end none. Errors: *ShardError, with the hosts
// that could be read; any other is fatal.
func (d *Detector) Due(shard int, by time.Time) ([]string, error) {
	hosts, err := d.Store.Due(shard, by, limits.DueHosts.Max)
	switch {
	case errors.Is(err, store.ErrDamaged):
		return hosts, &ShardError{shard, err}
	case err != nil:
		return nil, fmt.Errorf("hosts of shard %d that are due: %w", shard, err)
	}
	return hosts, nil
}

// ShardError is an index of due hosts that cannot be read whole: to the others of
// its hosts a look brings what is due (P12).
type ShardError struct {
	Shard int
	Err   error
}

func (e *ShardError) Error() string {
	return fmt.Sprintf("shard %d: what time alone brings waits for looks: %v", e.Shard, e.Err)
}
func (e *ShardError) Unwrap() error { return e.Err }

// hostLocks keeps two steps of one host apart. Hosts share locks, which costs them
// a wait now and then and nothing else. The zero value is ready.
type hostLocks struct {
	seed maphash.Seed
	once sync.Once
	of   [1 << 12]sync.Mutex
}

// lock waits for the host's turn; the function it returns ends it.
func (l *hostLocks) lock(host hostport.Host) (unlock func()) {
	l.once.Do(func() { l.seed = maphash.MakeSeed() })
	mu := &l.of[maphash.String(l.seed, string(host))%uint64(len(l.of))]
	mu.Lock()
	return mu.Unlock
}

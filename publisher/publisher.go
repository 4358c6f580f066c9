// Package publisher sends what the outbox holds, in order, until it is
// acknowledged, and only then trims it (P5).
//
// It promises that every record of the outbox is sent with the bytes that were
// committed, that the records of a shard reach each topic in the order of their
// positions, that what one step committed is handed over as one, and that nothing
// leaves the outbox before the producer says that all in-sync replicas hold it.
// After a crash or an unknown outcome it hands a record over again, byte for byte;
// whether readers then see it twice is the producer's matter. It does not decide anything about records,
// and it does not know Kafka: publisher/kafka does.
package publisher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/portdelta/portdelta/internal/crashpoint"
	"github.com/portdelta/portdelta/schemas"
)

// Outbox is the durable queue of each shard. Calls for different shards are
// concurrent, those for one shard never are.
type Outbox interface {
	// Read returns records of the shard with positions above after, in order, at
	// most maxRecords and about maxBytes of them, but one at least if there is
	// one. None means that the outbox ends there. The publisher keeps no entry
	// beyond the Trim that covers it. An error is fatal: the store is damaged.
	Read(shard int, after uint64, maxRecords, maxBytes int) ([]schemas.Entry, error)
	// Trim forgets the records up to a position, that one included. It need not
	// be durable at once: what a crash brings back is sent again (P5).
	Trim(shard int, upTo uint64) error
	// Wake returns a channel that becomes readable, or is closed, after records
	// were committed to the shard. The publisher asks for it before it reads, so
	// a commit between the two is not slept through.
	Wake(shard int) <-chan struct{}
}

// Producer sends records to the broker. Calls for different shards are
// concurrent, those for one shard never are.
type Producer interface {
	// Entries are whole steps, unless a step alone exceeds limits.StepBytes. With
	// none the producer does what is due of itself, such as a checkpoint.
	//
	// Produce returns nil only when all in-sync replicas have acknowledged every
	// record, those of a topic in the order given. Otherwise some may be stored
	// and some not; the error may be a Failure and say more. It bounds its own
	// requests in time and does not retry.
	Produce(ctx context.Context, shard int, entries []schemas.Entry) error
}

// Failure is what an error of a Producer may tell beyond its text.
type Failure interface {
	error
	Class() string         // a word of a closed list: it becomes a metric label
	Fatal() bool           // no retry of this process can succeed
	Rest() []schemas.Entry // the entries not known to be acknowledged, order kept
}

// Options are what New needs beside the two ends.
type Options struct {
	Shards     int                   // the outbox has shards 0 to Shards-1
	Registerer prometheus.Registerer // not nil; a second publisher on it panics
	Logger     *zap.Logger           // not nil
}

// Publisher drains an outbox into a producer. Healthy may be called at any time
// by anybody; Run and Drain once each.
type Publisher struct {
	outbox   Outbox
	producer Producer
	metrics  *metrics
	outage   *outage
	shards   []*shard
}

// shard is one ordered stream. Whoever holds the turn may read, send and trim.
type shard struct {
	number int
	turn   chan struct{} // of one place: a lock that can be waited for with a deadline
	after  uint64        // guarded by turn: everything up to here is acknowledged
}

// New makes a publisher; nothing is sent before Run.
func New(outbox Outbox, producer Producer, options Options) *Publisher {
	p := &Publisher{
		outbox:   outbox,
		producer: producer,
		metrics:  newMetrics(options.Registerer),
		outage:   newOutage(options.Logger),
		shards:   make([]*shard, options.Shards),
	}
	for i := range p.shards {
		p.shards[i] = &shard{number: i, turn: make(chan struct{}, 1)}
	}
	return p
}

// Run publishes until ctx ends and then returns nil; what is not acknowledged by
// then stays in the outbox. It retries for ever. It returns an error only where
// going on is useless: the outbox cannot be read or trimmed, or the producer
// says that no retry can succeed.
func (p *Publisher) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range p.shards {
		group.Go(func() error { return p.run(ctx, s) })
	}
	return ignoreEnd(ctx, group.Wait())
}

func (p *Publisher) run(ctx context.Context, s *shard) error {
	for {
		wake := p.outbox.Wake(s.number)
		if err := p.empty(ctx, s); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-time.After(idleEvery):
			if err := p.idle(ctx, s); err != nil {
				return err
			}
		}
	}
}

// idleEvery is how often a producer with nothing to send is called all the same.
const idleEvery = 5 * time.Second

// idle lets the producer do what is due of itself. Only a fault that no retry can
// mend is of interest: the next batch meets every other one again.
func (p *Publisher) idle(ctx context.Context, s *shard) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.release()
	err := p.producer.Produce(ctx, s.number, nil)
	if failure, ok := errors.AsType[Failure](err); ok && failure.Fatal() {
		return fmt.Errorf("publish shard %d: %w", s.number, err)
	}
	return nil
}

// Drain publishes what the outbox holds until it is empty or ctx ends; then the
// error tells how many shards still hold something. It may be called while Run
// runs, so that nothing in flight is cut, or after Run has returned. Nobody may
// commit to the outbox meanwhile if it is to come to an end.
func (p *Publisher) Drain(ctx context.Context) error {
	group := errgroup.Group{}
	left := make([]bool, len(p.shards))
	for i, s := range p.shards {
		group.Go(func() error {
			err := p.empty(ctx, s)
			left[i] = err != nil
			return ignoreEnd(ctx, err)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	count := 0
	for _, l := range left {
		if l {
			count++
		}
	}
	if count > 0 {
		return fmt.Errorf("%d of %d shards keep records in the outbox, which the next start publishes: %w",
			count, len(p.shards), context.Cause(ctx))
	}
	return nil
}

// Healthy tells whether every shard that has something to send gets it
// acknowledged. If not: since when, and the class of the last failure.
func (p *Publisher) Healthy() (ok bool, since time.Time, class string) {
	return p.outage.state()
}

// empty sends what the shard's outbox holds until it holds nothing. An idle
// shard thereby sends at once, and a busy one gathers: while a batch is in
// flight the outbox grows, and the next Read takes it all, up to its limits.
func (p *Publisher) empty(ctx context.Context, s *shard) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.release()
	for {
		entries, err := p.steps(s)
		if err != nil {
			return fmt.Errorf("read outbox of shard %d: %w", s.number, err)
		}
		if len(entries) == 0 {
			return nil
		}
		if err := p.send(ctx, s.number, entries); err != nil {
			return err
		}
		// A crash here, after the acknowledgement and before the trim, has these
		// records read once more at the next start: same bytes, same ids (P5). A
		// transactional producer knows them by their position, and drops them.
		crashpoint.Reached("before_trim")
		last := entries[len(entries)-1].Position
		if err := p.outbox.Trim(s.number, last); err != nil {
			return fmt.Errorf("trim outbox of shard %d: %w", s.number, err)
		}
		s.after = last
	}
}

// take waits for the turn. A free turn is taken even when ctx has ended: finding
// the outbox empty costs nothing and is the truth.
func (s *shard) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *shard) release() { <-s.turn }

// ignoreEnd drops an error that only says that ctx ended.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

package poller

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// Options are what a Poller is made of. Source, Handler, Tiers and Budget are
// demanded.
type Options struct {
	Source  Source
	Handler Handler
	Tiers   []Tier
	// Budget is the one the Source takes its tokens from. The Poller only shows it.
	Budget *Budget
	// Workers is how many looks may be in flight, at most limits.LooksInFlight.
	// 0 chooses by the budget.
	Workers int
	// Intake says whether looks may start; false is an outbox that is full. It is
	// asked before every look and must be quick. Nil is always true.
	Intake func() bool
	// Hurry is closed when a stop is no longer to wait for the looks in flight;
	// nil for never.
	Hurry <-chan struct{}
	// Errors is told the class of every look that failed; nil for nobody.
	Errors     func(class string)
	Registerer prometheus.Registerer // nil: metrics are kept but shown nowhere
	Logger     *zap.Logger           // nil: no log
}

// Poller looks at the hosts of its tiers until it is stopped.
type Poller struct {
	source  Source
	handler Handler
	budget  *Budget
	workers int
	hurry   <-chan struct{}
	errors  func(class string)
	log     *zap.Logger
	metrics *metrics
	intake  intake
	health  health
	running atomic.Bool
	stats   struct{ looks, failed, held, baselined atomic.Uint64 }

	// Owned by Run.
	schedule *schedule
	results  chan result
	flying   int // looks in flight
	full     bool
	quiet    map[hostport.Class]*quiet
}

// New makes a Poller. It fails on a watch list that is empty or names a host
// twice, and on a max-age that is not greater than 0.
func New(o Options) (*Poller, error) {
	if o.Source == nil || o.Handler == nil || o.Budget == nil {
		return nil, errors.New("poller: a source, a handler and a budget are needed")
	}
	schedule, err := newSchedule(o.Tiers, time.Now())
	if err != nil {
		return nil, fmt.Errorf("poller: %w", err)
	}
	if o.Errors == nil {
		o.Errors = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Poller{
		source:   o.Source,
		handler:  o.Handler,
		budget:   o.Budget,
		workers:  workers(o.Workers, o.Budget),
		hurry:    o.Hurry,
		errors:   o.Errors,
		log:      o.Logger,
		metrics:  newMetrics(o.Registerer, schedule, o.Budget),
		intake:   intake{open: o.Intake},
		health:   health{watched: len(schedule.entries)},
		schedule: schedule,
		results:  make(chan result),
		quiet:    map[hostport.Class]*quiet{},
	}, nil
}

// workers bounds the looks in flight (P11). By Little's law 2 for each request a
// second keep a budget busy up to answers of 2 s; more would only wait in line
// for tokens, out of reach of the schedule, and be cut off by a stop.
func workers(wanted int, budget *Budget) int {
	if wanted <= 0 {
		wanted = max(4, int(math.Ceil(2*min(budget.PerSecond(), 1e6))))
	}
	return min(wanted, limits.LooksInFlight.Max)
}

// Run looks at hosts until ctx ends or the handler fails. It may be called once.
//
// When ctx ends no further look starts; those in flight have
// limits.LookDrainSeconds to end with their commit, or until Hurry is closed; then
// they are cut off and tell nothing, and Run returns nil. An error is fatal and the handler's: the
// looks in flight are cut off at once. No call of the handler is under way when
// Run has returned.
func (p *Poller) Run(ctx context.Context) error {
	p.running.Store(true)
	defer p.running.Store(false)
	// Looks outlive ctx, so that a stop does not tear them before their commit (P5).
	looks, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	err := p.dispatch(ctx, looks)
	if err != nil {
		cut()
	}
	deadline := time.AfterFunc(time.Duration(limits.LookDrainSeconds.Max)*time.Second, func() {
		limits.LookDrainSeconds.Hit()
		cut()
	})
	defer deadline.Stop()
	for hurry := p.hurry; p.flying > 0; {
		select {
		case <-hurry:
			cut()
			hurry = nil
		case r := <-p.results:
			if e := p.finish(looks, r); err == nil && e != nil {
				err = e
				cut()
			}
		}
	}
	return err
}

// dispatch starts looks as they fall due and takes their results, until ctx ends
// or something is fatal. All calls of Handler.Source and Handler.Watch come from
// here and from finish, so they are in order.
func (p *Poller) dispatch(ctx, looks context.Context) error {
	tick := time.NewTicker(intakeEvery)
	defer tick.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		open, err := p.start(ctx, looks)
		if err != nil {
			return err
		}
		due := timer.C
		wait, ok := p.schedule.wait(time.Since(p.schedule.epoch))
		if !open || !ok || p.flying == p.workers {
			due = nil
		} else {
			timer.Reset(wait)
		}
		select {
		case <-ctx.Done():
		case r := <-p.results:
			err = p.finish(looks, r)
		case <-due:
		case <-tick.C:
			err = p.tell(looks, p.health.tick(time.Now()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// start begins looks at the hosts that are due, as far as intake and workers go.
func (p *Poller) start(ctx, looks context.Context) (open bool, err error) {
	for ctx.Err() == nil {
		now := time.Now()
		open, change := p.intake.check(now)
		if change != nil {
			if err := p.tellWatch(looks, *change); err != nil {
				return false, err
			}
		}
		if !open {
			return false, nil
		}
		if p.flying == p.workers {
			if wait, ok := p.schedule.wait(now.Sub(p.schedule.epoch)); ok && wait == 0 && !p.full {
				limits.LooksInFlight.Hit()
				p.full = true
			}
			return true, nil
		}
		e := p.schedule.next(now.Sub(p.schedule.epoch))
		if e == nil {
			p.full = false
			return true, nil
		}
		p.flying++
		go func() { p.results <- p.look(looks, e) }()
	}
	return false, nil
}

// finish takes back the entry of a look that ended.
func (p *Poller) finish(looks context.Context, r result) error {
	p.flying--
	if r.fatal != nil {
		return fmt.Errorf("host %s: %w", r.entry.host, r.fatal)
	}
	wall := time.Now()
	now := wall.Sub(p.schedule.epoch)
	p.metrics.looks[r.outcome].Inc()
	if r.outcome == lookAbandoned {
		return nil // only after the last look has started: the host needs no place
	}
	p.stats.looks.Add(1)
	switch r.outcome {
	case lookFailed:
		p.stats.failed.Add(1)
		p.errors(string(r.failure.Class))
		p.logFailure(wall, r)
		p.schedule.failed(r.entry, now, min(r.failure.RetryAfter, time.Duration(limits.RetryAfter.Max)*time.Second))
	case lookHeld:
		p.stats.held.Add(1)
		p.schedule.held(r.entry, now)
	default:
		if r.entry.good.Load() == 0 {
			p.stats.baselined.Add(1)
		}
		p.schedule.looked(r.entry, r.start, now)
	}
	if r.outcome != lookHeld {
		p.metrics.hosts[r.entry.state].Dec()
		p.metrics.hosts[r.outcome].Inc()
		r.entry.state = r.outcome
	}
	if r.outcome.succeeded() {
		return p.tell(looks, p.health.succeeded(wall))
	}
	return p.tell(looks, p.health.failed(wall, r.entry.host, r.failure))
}

func (p *Poller) tellWatch(ctx context.Context, c WatchChange) error {
	if c.Resumed {
		p.log.Info("watch resumed", zap.String("reason", c.Reason), zap.Duration("lasted", c.At.Sub(c.Since)))
	} else {
		p.log.Warn("watch suspended", zap.String("reason", c.Reason))
	}
	if err := p.handler.Watch(ctx, c); err != nil {
		return fmt.Errorf("tell of the watch: %w", err)
	}
	return nil
}

// tell hands on what became of the source.
func (p *Poller) tell(ctx context.Context, changes []SourceChange) error {
	for _, c := range changes {
		if c.Recovered {
			p.log.Info("source recovered", zap.String("kind", string(c.Kind)), zap.Duration("lasted", c.At.Sub(c.Since)))
		} else {
			p.log.Warn("source degraded", zap.String("kind", string(c.Kind)), zap.Int("status", c.Status), zap.Int("failed", c.Failed))
		}
		if err := p.handler.Source(ctx, c); err != nil && !cutOff(ctx, err) {
			return fmt.Errorf("tell of the source: %w", err)
		}
	}
	return nil
}

// Ready says whether looks go on as they should, and if not why, in a line that
// holds no text of a source. It may be called at any time.
func (p *Poller) Ready() (bool, string) {
	switch {
	case !p.running.Load():
		return false, "poller is not running"
	case p.intake.isSuspended():
		return false, "watch suspended: " + reasonOutboxFull
	}
	return p.health.ready()
}

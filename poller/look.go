package poller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// answer performs the engine's asks, one after the other: they are of one host.
// A list that was read again is Found also where the source answered 404: the
// List says which.
func answer(ctx context.Context, source Source, host hostport.Host, asks []hostport.Ask) []hostport.Answer {
	answers := make([]hostport.Answer, 0, len(asks))
	for _, ask := range asks {
		if ask.Kind != hostport.AskList {
			answers = append(answers, source.Ask(ctx, host, ask))
			continue
		}
		list, err := source.Look(ctx, host)
		if err != nil {
			answers = append(answers, hostport.Answer{Ask: ask, Verdict: hostport.Failed})
			continue
		}
		answers = append(answers, hostport.Answer{Ask: ask, Verdict: hostport.Found, List: &list, Requests: list.Requests})
	}
	return answers
}

// outcome is how a look ended, and the state of a host by its last look.
type outcome uint8

const (
	unlooked       outcome = iota // no look has ended yet
	lookOK                        // a list with its proof
	lookUnknown                   // the source does not know the host
	lookIncomplete                // a list without proof, also after reading again
	lookFailed                    // nothing was told (P1)
	lookHeld                      // the handler could not take the snapshot now
	lookAbandoned                 // cut off by a stop, or by a fatal error elsewhere
	outcomes
)

var (
	resultLabels = [outcomes]string{
		lookOK: "ok", lookUnknown: "unknown", lookIncomplete: "incomplete",
		lookFailed: "failed", lookHeld: "held", lookAbandoned: "abandoned",
	}
	stateLabels = [outcomes]string{
		unlooked: "waiting", lookOK: "ok", lookUnknown: "unknown", lookIncomplete: "incomplete", lookFailed: "failing",
	}
)

// succeeded says whether the source answered.
func (o outcome) succeeded() bool {
	return o == lookOK || o == lookUnknown || o == lookIncomplete || o == lookHeld
}

// result is what a worker hands back with the entry it was lent.
type result struct {
	entry   *entry
	start   time.Duration
	outcome outcome
	failure *hostport.LookError // of lookFailed
	fatal   error
}

// look does one look from reading to commit. It owns the entry until its result
// is received. A stop that cuts it short between two steps leaves nothing: the
// handler commits as the last thing, in one step (P5).
func (p *Poller) look(ctx context.Context, e *entry) result {
	r := result{entry: e, start: time.Since(p.schedule.epoch)}
	snapshot, err := p.source.Look(ctx, e.host)
	p.metrics.seconds.Observe((time.Since(p.schedule.epoch) - r.start).Seconds())
	switch {
	case err != nil && ctx.Err() != nil:
		r.outcome = lookAbandoned
	case err != nil:
		r.outcome, r.failure = lookFailed, lookError(err)
		e.fail(r.start)
		if err := p.handler.Failed(ctx, e.host, p.failure(e, r.failure.Class)); err != nil {
			r.endBy(ctx, err)
		}
	default:
		r.outcome = lookOK
		if snapshot.Result == hostport.Unknown {
			r.outcome = lookUnknown
		} else if !snapshot.Proof.Complete() {
			r.outcome = lookIncomplete
		}
		if err := p.handle(ctx, snapshot); err != nil {
			r.endBy(ctx, err)
		}
	}
	return r
}

// handle hands the snapshot over, with one round of asks.
func (p *Poller) handle(ctx context.Context, snapshot hostport.Snapshot) error {
	asks, err := p.handler.Handle(ctx, snapshot)
	if err != nil || len(asks) == 0 {
		return err
	}
	snapshot.Answers = answer(ctx, p.source, snapshot.Host, asks)
	if err := ctx.Err(); err != nil {
		return err // answers cut off by a stop are no verdicts
	}
	asks, err = p.handler.Handle(ctx, snapshot)
	if err == nil && len(asks) > 0 {
		return fmt.Errorf("host %s: %d further asks after their one round", snapshot.Host, len(asks))
	}
	return err
}

// endBy ends the look by an error of the handler.
func (r *result) endBy(ctx context.Context, err error) {
	switch {
	case errors.Is(err, ErrHeld):
		// A failure that was not taken stays one: the next in a row tells it.
		if r.failure == nil {
			r.outcome = lookHeld
		}
	case cutOff(ctx, err):
		r.outcome = lookAbandoned
	default:
		r.fatal = err
	}
}

// cutOff says whether the error is only that of a context which has ended.
func cutOff(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// lookError is the source's own error; an error of another kind is taken as no answer.
func lookError(err error) *hostport.LookError {
	if failure, ok := errors.AsType[*hostport.LookError](err); ok {
		return failure
	}
	return &hostport.LookError{Class: hostport.Unavailable, Err: err}
}

func (p *Poller) failure(e *entry, class hostport.Class) Failure {
	f := Failure{
		At:       time.Now(),
		Failures: e.failures,
		Since:    p.schedule.epoch.Add(e.since),
		MaxAge:   e.maxAge,
		Class:    class,
	}
	if good := e.good.Load(); good != 0 {
		f.LastGood = p.schedule.epoch.Add(time.Duration(good))
	}
	return f
}

package app

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller"
	"github.com/portdelta/portdelta/schemas"
)

// handler joins the poller to the detector: the two know nothing of each other.
type handler struct {
	detector *detect.Detector
	errors   func(class string)
	log      *zap.Logger
}

// Handle drops a step that fails alone (P12) and reports it; the host keeps the
// state it had and is looked at again when it is due.
func (h *handler) Handle(ctx context.Context, snapshot hostport.Snapshot) ([]hostport.Ask, error) {
	asks, err := h.detector.Handle(ctx, snapshot)
	return asks, h.judge(err)
}

func (h *handler) Failed(ctx context.Context, host hostport.Host, f poller.Failure) error {
	return h.judge(h.detector.Failed(ctx, host, diff.Failure(f)))
}

func (h *handler) judge(err error) error {
	var step *detect.StepError
	switch {
	case errors.Is(err, detect.ErrHeld):
		return poller.ErrHeld
	case errors.As(err, &step):
		h.errors("step")
		h.log.Error("step dropped", zap.String("host", string(step.Host)), zap.Error(step.Err))
		return nil
	}
	return err
}

func (h *handler) Source(_ context.Context, c poller.SourceChange) error {
	reasons := []schemas.Reason{schemas.Reason(c.Kind)}
	if c.Recovered {
		return h.process(schemas.SourceRecovered, reasons, schemas.RecoveredDetails{Kind: string(c.Kind), Lasted: seconds(c.At.Sub(c.Since))}, c.At)
	}
	d := schemas.DegradedDetails{Kind: string(c.Kind), Since: schemas.Millis(c.Since), Failed: c.Failed}
	if c.Status != 0 {
		d.Status = &c.Status
	}
	if c.RetryAfter > 0 {
		wait := seconds(c.RetryAfter)
		d.RetryAfter = &wait
	}
	return h.process(schemas.SourceDegraded, reasons, d, c.At)
}

func (h *handler) Watch(_ context.Context, c poller.WatchChange) error {
	reasons := []schemas.Reason{schemas.Reason(c.Reason)}
	if c.Resumed {
		return h.process(schemas.WatchResumed, reasons, schemas.ResumedDetails{Lasted: seconds(c.At.Sub(c.Since))}, c.At)
	}
	return h.process(schemas.WatchSuspended, reasons, schemas.SuspendedDetails{Since: schemas.Millis(c.Since)}, c.At)
}

// scope takes a load of the watch list, before the first look.
func (h *handler) scope(ctx context.Context, hosts []hostport.Host) error {
	err := h.detector.Scope(ctx, hosts, time.Now())
	if errors.Is(err, detect.ErrHeld) {
		h.log.Warn("the outbox is full: what changed in the watch list is told at the next load")
		return nil
	}
	return err
}

// process commits a lifecycle event about the process. With a full outbox it is
// lost, which the log tells (P10); nothing about a host is ever lost so.
func (h *handler) process(t schemas.Type, reasons []schemas.Reason, details any, at time.Time) error {
	err := h.detector.Process(t, reasons, details, at)
	if errors.Is(err, detect.ErrHeld) {
		h.log.Error("lifecycle event not told: the outbox is full", zap.String("type", string(t)))
		return nil
	}
	return err
}

// heartbeats tells every minute that the process lives, until ctx ends.
func (h *handler) heartbeats(ctx context.Context) error {
	const every = time.Minute // contract section 3
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case at := <-tick.C:
			if err := h.process(schemas.Heartbeat, nil, nil, at); err != nil {
				return err
			}
		}
	}
}

func seconds(d time.Duration) int64 { return int64(max(0, d) / time.Second) }

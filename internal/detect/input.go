package detect

import (
	"context"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
)

// Input is all that one step of a host was decided from, beside the state and the
// policy: a look, a look that failed, or, where both are nil, the passing of time.
// The same inputs in the same order give the same records (P7).
type Input struct {
	Host     hostport.Host
	At       time.Time // milliseconds
	Snapshot *hostport.Snapshot
	Failure  *diff.Failure
	retired  bool // by a load of the watch list, which is nobody's evidence: not handed on
}

func (in *Input) tick() bool { return in.Snapshot == nil && in.Failure == nil }

// decided hands a step's input on once the step is committed.
func (d *Detector) decided(in Input) {
	if d.Decided != nil && !in.retired {
		d.Decided(in)
	}
}

// Apply decides an input again. Asks of a snapshot whose answers are not in it are
// answered as by a source without point reads: a read that was never made cannot be
// made up, and one more independent snapshot stands in. Errors as of Handle.
func (d *Detector) Apply(ctx context.Context, in Input) error {
	switch {
	case in.Failure != nil:
		return d.Failed(ctx, in.Host, *in.Failure)
	case in.tick():
		return d.Tick(ctx, in.Host, in.At)
	}
	snapshot := *in.Snapshot
	asks, err := d.Handle(ctx, snapshot)
	if err != nil || len(asks) == 0 {
		return err
	}
	for _, ask := range asks {
		snapshot.Answers = append(snapshot.Answers, hostport.Answer{Ask: ask, Verdict: hostport.Unsupported})
	}
	_, err = d.Handle(ctx, snapshot)
	return err
}

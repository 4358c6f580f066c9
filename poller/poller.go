// Package poller decides when to look at which host: it holds the watch list,
// the request budget, the back-off, and sees to it that one host is never looked
// at twice at once.
//
// It promises that over any 10 s at most 10 x budget + 1 requests are made, that
// every host of a tier is due again before its max-age where the budget allows,
// and that a failed look tells nothing (P1) and costs only its host (P12). It
// does not promise an order between hosts.
package poller

import (
	"context"
	"errors"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Source reads hosts. Both calls may be made concurrently, though never two for
// one host, and take their requests' tokens from the budget themselves.
type Source interface {
	// Look reads the whole list of a host, and reads again one that it could not
	// prove complete. A host the source does not know is a Snapshot with Result
	// Unknown. An error is a *hostport.LookError and the snapshot then says
	// nothing (P1).
	Look(ctx context.Context, host hostport.Host) (hostport.Snapshot, error)
	// Ask performs one read the engine asked for; a failure is a verdict, so
	// that the snapshot which carries it can be recorded and replayed (P7). Asks
	// of kind AskList are Looks and never come here.
	Ask(ctx context.Context, host hostport.Host, ask hostport.Ask) hostport.Answer
}

// Handler takes what looks bring. Calls for different hosts may be concurrent.
type Handler interface {
	// Handle decides and commits a snapshot. If it returns Asks it has committed
	// nothing: the poller performs them and calls Handle once more with the same
	// snapshot and an Answer for each; that call returns no Asks. ErrHeld means
	// that the snapshot was not taken and the host is to be looked at later. Any
	// other error is fatal: state unknown, stop and let a restart recover.
	Handle(ctx context.Context, snapshot hostport.Snapshot) ([]hostport.Ask, error)
	// Failed tells of a look that failed. ErrHeld means that it was not taken; the
	// next failure in a row says all that it did. Any other error is fatal.
	Failed(ctx context.Context, host hostport.Host, failure Failure) error
	// Source tells that the source as a whole got worse or better. An error is fatal.
	Source(ctx context.Context, change SourceChange) error
	// Watch tells that looking stopped for a reason of our own, or began again.
	// An error is fatal.
	Watch(ctx context.Context, change WatchChange) error
}

// ErrHeld is returned by a Handler that has no room now for what a look brought.
var ErrHeld = errors.New("look held back: the outbox has no room for it")

// Failure is a host whose looks fail.
type Failure struct {
	At       time.Time
	Failures int       // in a row, this one included
	Since    time.Time // the first of them
	LastGood time.Time // the last look that succeeded since the start; zero if none
	MaxAge   time.Duration
	Class    hostport.Class
}

// SourceChange is source.degraded, or source.recovered where Recovered is set.
type SourceChange struct {
	At         time.Time
	Recovered  bool
	Kind       hostport.Class
	Since      time.Time
	Status     int
	RetryAfter time.Duration
	Failed     int // looks that failed so since then
}

// WatchChange is watch.suspended, or watch.resumed where Resumed is set.
type WatchChange struct {
	At      time.Time
	Resumed bool
	Reason  string // a word: outbox_full
	Since   time.Time
}

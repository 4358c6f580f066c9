package detect

import (
	"errors"
	"fmt"
	"time"

	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// Process commits a lifecycle event about the process as a whole: source.*,
// watch.*, heartbeat. Details is one of the schemas' details types, or nil.
// Errors are fatal, but for a full outbox: then the event is lost, and the
// error is ErrHeld.
func (d *Detector) Process(t schemas.Type, reasons []schemas.Reason, details any, at time.Time) error {
	l := &schemas.Lifecycle{Type: t, Reasons: reasons, Time: schemas.LifecycleTime{Detected: at.UTC().Truncate(time.Millisecond)}}
	rec, err := sealLifecycle(l, details, d.Source, d.Shards)
	if err != nil {
		return err
	}
	switch err := d.Store.Commit(store.Step{Shard: rec.Partition, Outbox: []schemas.Record{rec}}); {
	case err == nil:
		d.Metrics.events.WithLabelValues(string(t)).Inc()
		return nil
	case errors.Is(err, store.ErrOutboxFull):
		return ErrHeld
	default:
		return fmt.Errorf("commit %s: %w", t, err)
	}
}

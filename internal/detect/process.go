package detect

import (
	"errors"
	"fmt"
	"time"

	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// OfShard commits a lifecycle event about a shard as a whole; errors as of Process.
func (d *Detector) OfShard(t schemas.Type, shard int, details any, at time.Time) error {
	rec, err := schemas.ShardRecord(t, d.Source, shard, at.UTC().Truncate(time.Millisecond), details)
	if err != nil {
		return err
	}
	return d.lifecycle(t, rec)
}

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
	return d.lifecycle(t, rec)
}

func (d *Detector) lifecycle(t schemas.Type, rec schemas.Record, shared ...store.Facet) error {
	switch err := d.Store.Commit(store.Step{Shard: rec.Partition, Shared: shared, Outbox: []schemas.Record{rec}}); {
	case err == nil:
		d.Metrics.events.WithLabelValues(string(t)).Inc()
		return nil
	case errors.Is(err, store.ErrOutboxFull):
		return ErrHeld
	default:
		return fmt.Errorf("commit %s: %w", t, err)
	}
}

package publisher

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// The pause between two tries doubles from backoffFirst to backoffMost. It is
// never shorter than half of that, and random beyond, so that the shards of many
// instances do not come back in one moment.
const (
	backoffFirst = 100 * time.Millisecond
	backoffMost  = 5 * time.Second
)

// classOther is the class of an error that names none.
const classOther = "other"

// send has the entries acknowledged, however long it takes. It gives up when ctx
// ends or when the producer calls its failure fatal.
//
// A try that fails may have stored records all the same: what is not known to be
// acknowledged is sent again, in order, so a reader sees either once or equal
// bytes twice, and never a gap.
func (p *Publisher) send(ctx context.Context, shard int, entries []schemas.Entry) error {
	started := time.Now()
	rest := entries
	for try := 0; ; try++ {
		err := p.producer.Produce(ctx, shard, rest)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		class := classOther
		if failure, ok := errors.AsType[Failure](err); ok {
			class, rest = failure.Class(), failure.Rest()
			if failure.Fatal() {
				return fmt.Errorf("publish shard %d: %w", shard, err)
			}
		}
		p.metrics.failed.WithLabelValues(class).Inc()
		p.outage.failed(shard, class, err)
		if err := sleep(ctx, backoff(try)); err != nil {
			return err
		}
	}
	p.outage.worked(shard)
	p.metrics.published(entries, time.Since(started))
	return nil
}

// backoff is the pause after the try-th failure in a row, counted from 0.
func backoff(try int) time.Duration {
	most := backoffMost
	if try < 10 { // beyond, the shift would overflow
		most = min(most, backoffFirst<<try)
	}
	return most/2 + rand.N(most/2)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

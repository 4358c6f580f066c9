package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller"
)

const (
	// tickEvery is how late what time alone brings may come. Asking costs one seek
	// in each shard's index of due hosts.
	tickEvery = time.Second
	// tickAgain is when what is damaged is tried again.
	tickAgain = time.Hour
)

// ticker brings to hosts what time alone brings, with no look. The index of due
// hosts is a part of the store: a start goes on where the last run ended.
type ticker struct {
	*handler
	shards  int
	open    func() bool          // false: everything due waits
	damaged map[string]time.Time // hosts and "shard n": when to try again
}

// run ticks what is due until ctx ends; an error is fatal.
func (t *ticker) run(ctx context.Context) error {
	every := time.NewTicker(tickEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			for shard := 0; shard < t.shards && ctx.Err() == nil && t.open(); shard++ {
				if err := t.shard(ctx, shard); err != nil && !errors.Is(err, poller.ErrHeld) {
					return err
				}
			}
		}
	}
}

// shard ticks the hosts of one shard that are due. What is damaged costs itself
// alone, for tickAgain (P12).
func (t *ticker) shard(ctx context.Context, shard int) error {
	now := time.Now()
	due, err := t.detector.Due(shard, now)
	var unreadable *detect.ShardError
	if errors.As(err, &unreadable) {
		if name := fmt.Sprint("shard ", shard); t.due(name, now) {
			t.damaged[name] = now.Add(tickAgain)
			t.errors("step")
			t.log.Error("index of due hosts", zap.Error(unreadable))
		}
	} else if err != nil {
		return err
	}
	for _, host := range due {
		if ctx.Err() != nil || !t.due(host, now) {
			continue
		}
		err := t.detector.Tick(ctx, hostport.Host(host), time.Now())
		var dropped *detect.StepError
		if errors.As(err, &dropped) {
			t.damaged[host] = now.Add(tickAgain)
		}
		if err := t.judge(err); err != nil {
			return err
		}
	}
	return nil
}

// due says whether something is not to be left alone as damaged.
func (t *ticker) due(name string, now time.Time) bool {
	if now.Before(t.damaged[name]) {
		return false
	}
	delete(t.damaged, name)
	return true
}

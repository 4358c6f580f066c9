package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/publisher/kafka"
	"github.com/portdelta/portdelta/schemas"
)

// takeOver makes every shard ours before anything is read, decided or sent for
// it, and sees that the local store is what readers have been told: its own, if
// this store published last, else one restored from the topics (P5, P6). Local
// state and outbox go together or stay together: an outbox kept without its state
// would be sent a second time, a state kept without its outbox would never be told.
type takeOver struct {
	store    *store.Store
	kafka    *kafka.Client
	exact    *kafka.Transactional
	detector *detect.Detector
	log      *zap.Logger
}

// takeOverAtOnce is how many shards are taken over side by side.
const takeOverAtOnce = 8

func (t *takeOver) all(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(takeOverAtOnce)
	for shard := range t.store.Shards() {
		group.Go(func() error { return t.until(ctx, shard) })
	}
	return group.Wait()
}

// takeOverTries bounds a start at a cluster that is there but cannot decide.
const takeOverTries = 10

// until tries a shard again from the beginning where a try's outcome is unknown:
// nothing of it may be assumed.
func (t *takeOver) until(ctx context.Context, shard int) error {
	for try := 1; ; try++ {
		err := t.shard(ctx, shard)
		failure, ok := errors.AsType[*kafka.Error](err)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, kafka.ErrOther):
			return usage(err)
		case !ok || failure.Fatal() || try == takeOverTries || ctx.Err() != nil:
			return outside(fmt.Errorf("take over shard %d: %w", shard, err))
		}
		t.log.Warn("taking a shard over is tried again", zap.Int("shard", shard), zap.Error(err))
	}
}

func (t *takeOver) shard(ctx context.Context, shard int) error {
	progress, err := t.exact.Take(ctx, shard)
	if err != nil {
		return err
	}
	last, trimmed, err := t.store.Position(shard)
	if err != nil {
		return err
	}
	if progress == nil {
		// Nobody ever published to these topics exactly once: whatever is in the
		// outbox is still to be sent.
		return t.exact.Claim(ctx, shard, trimmed, true)
	}
	why, err := t.distrust(shard, progress, last, trimmed)
	if err != nil {
		return err
	}
	if why == "" {
		return t.exact.Claim(ctx, shard, max(progress.Position, trimmed), true)
	}
	t.log.Warn("the local state of a shard is not what was published last, and is restored from the topics",
		zap.Int("shard", shard), zap.String("why", why), zap.String("publishedLastBy", progress.Instance), zap.Time("at", progress.At))
	return t.restore(ctx, shard, progress, last, why)
}

// distrust says why the local state of a shard may not be built upon, or "".
func (t *takeOver) distrust(shard int, p *kafka.Progress, last, trimmed uint64) (string, error) {
	switch {
	case p.Incarnation != t.store.Incarnation():
		return "another_owner", nil
	case !p.Restored:
		return "unfinished", nil
	case p.Position > last:
		return "store_differs", nil // an older copy of the folder, or the log lost its end
	case p.Checksum == "" || p.Position <= trimmed:
		return "", nil // beyond it this store published at least once, for a while
	}
	// What was published last is still in the outbox: is it the same? A copy of the
	// folder that ran on by itself would hold something else there.
	entries, err := t.store.Read(shard, p.Position-1, 1, 1)
	if err != nil {
		return "", err
	}
	if len(entries) != 1 || kafka.Checksum(&entries[0].Record) != p.Checksum {
		return "store_differs", nil
	}
	return "", nil
}

// restore drops what the shard holds and puts back what was published. A crash
// anywhere in it leaves a claim that says so, and the next start begins anew.
func (t *takeOver) restore(ctx context.Context, shard int, p *kafka.Progress, last uint64, why string) error {
	if err := t.exact.Claim(ctx, shard, last, false); err != nil {
		return err
	}
	if err := t.store.Drop(shard); err != nil {
		return err
	}
	r := t.detector.NewRestore(shard)
	err := t.kafka.ReadPartition(ctx, schemas.Engine, shard, func(m kafka.Message) error { return r.Take(string(m.Key), m.Value) })
	if err != nil {
		return err
	}
	hosts, err := r.Finish()
	if err != nil {
		return err
	}
	for _, broken := range r.Broken {
		t.log.Error("a host cannot be restored and begins anew", zap.Int("shard", shard), zap.Error(broken))
	}
	lost := false
	if hosts == 0 {
		if lost, err = t.told(ctx, shard); err != nil {
			return err
		}
	}
	now := time.Now()
	if lost {
		err = t.detector.OfShard(schemas.StateReset, shard, schemas.ResetDetails{Shard: shard, From: schemas.Millis(p.At), To: schemas.Millis(now), Why: "engine_topic_empty"}, now)
	} else {
		// Synced, and with it every host before it.
		err = t.detector.OfShard(schemas.StateRestored, shard, schemas.RestoredDetails{Shard: shard, Hosts: hosts, Why: why, Published: schemas.Millis(p.At)}, now)
	}
	if err != nil {
		return err
	}
	t.log.Info("shard restored", zap.Int("shard", shard), zap.Int("hosts", hosts))
	return t.exact.Claim(ctx, shard, last, true)
}

// told says whether readers have been told anything that still stands.
func (t *takeOver) told(ctx context.Context, shard int) (bool, error) {
	stands := map[string]bool{}
	err := t.kafka.ReadPartition(ctx, schemas.State, shard, func(m kafka.Message) error {
		if stands[string(m.Key)] = m.Value != nil; m.Value == nil {
			delete(stands, string(m.Key))
		}
		return nil
	})
	return len(stands) > 0, err
}

// openStore opens the store. One that is damaged is moved aside where the topics
// hold what it held: a new one is restored from them.
func openStore(cfg *config.Config, log *zap.Logger, alarm func(string, error)) (*store.Store, error) {
	options := store.Options{Shards: cfg.Topics.Partitions, Source: schemas.Source(cfg.Source.Tenant, cfg.Source.Kind), Logger: log, OnAlarm: alarm}
	s, err := store.Open(cfg.Store.Path, options)
	if !errors.Is(err, store.ErrDamaged) || cfg.Kafka.Delivery != config.ExactlyOnce {
		return s, err
	}
	aside := cfg.Store.Path + ".damaged-" + time.Now().UTC().Format("20060102T150405Z")
	if renamed := os.Rename(cfg.Store.Path, aside); renamed != nil {
		return nil, errors.Join(err, renamed)
	}
	log.Error("the store is damaged: it is kept aside, and a new one is restored from the topics", zap.String("aside", aside), zap.Error(err))
	return store.Open(cfg.Store.Path, options)
}

// instance names this process to people, in the record by which another one
// learns who has taken over.
func instance() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown host"
	}
	return fmt.Sprintf("%s, process %d", name, os.Getpid())
}

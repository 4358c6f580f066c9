package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/internal/control"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/recording"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/internal/telemetry"
	"github.com/portdelta/portdelta/internal/version"
	"github.com/portdelta/portdelta/poller"
	"github.com/portdelta/portdelta/poller/graph"
	"github.com/portdelta/portdelta/publisher"
	"github.com/portdelta/portdelta/publisher/kafka"
	"github.com/portdelta/portdelta/publisher/kafka/embedded"
	"github.com/portdelta/portdelta/schemas"
)

// pipeline is the running pipe: poller, detector, store, publisher. It is built
// by newPipeline, runs once, and is closed by its run.
type pipeline struct {
	log      *zap.Logger
	registry *prometheus.Registry
	health   *telemetry.Server
	broker   *embedded.Broker // nil where the cluster is the user's
	store    *store.Store
	kafka    *kafka.Client
	exact    *kafka.Transactional // nil where delivery is at least once
	publish  *publisher.Publisher
	graph    *graph.Client
	forms    *detect.Normalizer
	poll     *poller.Poller
	handler  *handler
	ticks    *ticker
	alarms   alarms
	socket   *control.Server   // nil where it could not be had
	recorder *recording.Writer // nil where nothing is recorded

	endHealth  context.CancelFunc // nil before the address is taken
	healthDone chan struct{}      // closed when healthErr is set and the address free
	healthErr  error

	// beforeClose, if set, is called when the outbox has drained and everything
	// is still open.
	beforeClose func()
}

// newPipeline opens everything `run` and `demo` need, in the order in which a
// fault should be found: the fingerprints, the address, the lock, the topics. On an error nothing
// stays open.
func newPipeline(ctx, hurry context.Context, cfg *config.Config, hosts []hostport.Host, log *zap.Logger) (_ *pipeline, err error) {
	p := &pipeline{log: log, alarms: alarms{log: log}}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.forms, err = newNormalizer(cfg.Detect.RecogDir, log); err != nil {
		return nil, err
	}
	info := version.Get()
	p.registry = telemetry.NewRegistry(info.Version, info.Go)
	if p.health, err = telemetry.Listen(cfg.Telemetry.Listen, p.registry, log); err != nil {
		return nil, outside(err)
	}
	p.serveHealth(ctx)
	if p.store, err = openStore(cfg, log, p.alarms.set); err != nil {
		return nil, storeError(err)
	}
	if err = p.connect(ctx, cfg); err != nil {
		return nil, err
	}
	if err = p.look(cfg, hosts, hurry.Done()); err != nil {
		return nil, err
	}
	if p.exact != nil {
		t := &takeOver{store: p.store, kafka: p.kafka, exact: p.exact, detector: p.handler.detector, log: log}
		if err = t.all(ctx); err != nil {
			return nil, err
		}
	}
	outboxMetrics(p.registry, p.store)
	p.health.SetChecks(p.checks()...)
	if p.socket, err = control.Listen(cfg.Store.Path, p.control()); err != nil {
		// What people may ask is less than what is watched.
		log.Warn("no control socket: explain will not be answered while this instance runs; store.path can name another folder", zap.Error(err))
		err = nil
	}
	return p, nil
}

// connect reaches Kafka and sees that the topics are as they must be.
func (p *pipeline) connect(ctx context.Context, cfg *config.Config) (err error) {
	brokers, create := cfg.Kafka.BootstrapServers, cfg.Kafka.CreateTopics
	if e := cfg.Kafka.Embedded; e != nil {
		if p.broker, err = embedded.Start(embedded.Options{Path: e.Path, Listen: e.Listen, Logger: p.log}); err != nil {
			return outside(err)
		}
		brokers, create = []string{p.broker.Addr()}, true // nobody else could have made them
	}
	if p.kafka, err = kafka.New(kafka.Config{Brokers: brokers, SecurityProtocol: cfg.Kafka.SecurityProtocol, Prefix: cfg.Topics.Prefix, ClientID: "portdelta",
		ExactlyOnce: cfg.Kafka.Delivery == config.ExactlyOnce}); err != nil {
		return usage(err)
	}
	plan := p.kafka.Plan(cfg.Topics.Partitions, 0)
	if create {
		if _, err := p.kafka.Create(ctx, plan); err != nil {
			return kafkaError(err, brokers)
		}
	}
	faults, err := p.kafka.Check(ctx, plan)
	if err != nil {
		return kafkaError(err, brokers)
	}
	if len(faults) > 0 {
		return outside(fmt.Errorf("topics are not as they must be:\n%s", faultLines(faults)))
	}
	var producer publisher.Producer = kafka.NewProducer(p.kafka)
	if cfg.Kafka.Delivery == config.ExactlyOnce {
		p.exact = kafka.NewTransactional(p.kafka, cfg.Topics.Partitions,
			kafka.Owner{Source: schemas.Source(cfg.Source.Tenant, cfg.Source.Kind), Incarnation: p.store.Incarnation(), Instance: instance()})
		producer = p.exact
	}
	p.publish = publisher.New(p.store, producer, publisher.Options{Shards: cfg.Topics.Partitions, Registerer: p.registry, Logger: p.log})
	return nil
}

// look builds the poller's side.
func (p *pipeline) look(cfg *config.Config, hosts []hostport.Host, hurry <-chan struct{}) (err error) {
	budget := poller.NewBudget(cfg.Schedule.BudgetPerSecond)
	if p.graph, err = newGraph(cfg, budget.Wait); err != nil {
		return err
	}
	failures := telemetry.NewErrors(p.registry, errorClasses()...)
	if p.exact != nil {
		p.exact.Refused = func(id, class string) {
			failures.Count("refused")
			p.log.Error("the broker refused an event; it goes out without its values", zap.String("id", id), zap.String("class", class))
		}
	}
	p.handler = &handler{log: p.log, errors: failures.Count, detector: &detect.Detector{
		Store: p.store, Shards: cfg.Topics.Partitions, Source: schemas.Source(cfg.Source.Tenant, cfg.Source.Kind),
		Policy:  policyOf(cfg, p.forms),
		Metrics: detect.NewMetrics(p.registry), Engine: p.exact != nil,
	}}
	intake := func() bool { return p.store.Fill() < 1 && p.alarms.writable() }
	p.ticks = &ticker{handler: p.handler, shards: cfg.Topics.Partitions, open: intake, damaged: map[string]time.Time{}}
	p.poll, err = poller.New(poller.Options{
		Source: p.graph, Handler: p.handler, Budget: budget, Registerer: p.registry, Logger: p.log, Errors: failures.Count,
		Tiers:  []poller.Tier{{Name: "default", MaxAge: cfg.Watch.Tiers.Default.MaxAge, Hosts: hosts}},
		Intake: intake,
		Hurry:  hurry,
	})
	return err
}

func newGraph(cfg *config.Config, acquire func(context.Context) error) (*graph.Client, error) {
	credential, err := graph.NewCredential(cfg.Source.Graph.Auth.Kind)
	if err != nil {
		return nil, outside(err)
	}
	client, err := graph.New(graph.Options{BaseURL: cfg.Source.Graph.BaseURL, Credential: credential, Acquire: acquire,
		UserAgent: "portdelta/" + version.Get().Version})
	if err != nil {
		return nil, usage(err)
	}
	return client, nil
}

// errorClasses are the labels of portdelta_errors_total: why looks fail, steps
// that were dropped, and events the broker took only without their values.
func errorClasses() []string {
	return []string{string(hostport.Throttled), string(hostport.Unauthorized), string(hostport.Forbidden),
		string(hostport.Unavailable), string(hostport.Misconfigured), string(hostport.Unreadable), "step", "refused"}
}

// run watches until stop ends or a part fails, then stops in the written order:
// the scheduler; looks in flight, which commit, or tell nothing where hurry ends
// first; the publisher, which drains until the deadline or until hurry ends (what
// is left stays in the outbox); the control socket; the producer; the store; the
// health endpoint last.
// The error is that of the first part that failed, also while stopping.
func (p *pipeline) run(stop, hurry context.Context) error {
	var healthDone, controlDone, publishDone, watchDone sync.WaitGroup
	controlCtx, endControl := context.WithCancel(context.WithoutCancel(stop))
	publishCtx, endPublish := context.WithCancel(context.WithoutCancel(stop))
	watchCtx, endWatch := context.WithCancel(stop)
	defer endControl()
	defer endPublish()
	defer endWatch()

	var failed firstError
	actor := func(wg *sync.WaitGroup, ctx context.Context, run func(context.Context) error) {
		wg.Go(func() {
			// A part that ends by itself ends the pipe.
			failed.set(run(ctx))
			endWatch()
		})
	}
	actor(&healthDone, stop, func(context.Context) error { <-p.healthDone; return p.healthErr })
	if p.socket != nil {
		controlDone.Go(func() {
			if err := p.socket.Run(controlCtx); err != nil {
				p.log.Error("control socket", zap.Error(err)) // who asks goes without; the watch goes on
			}
		})
	}
	actor(&publishDone, publishCtx, p.publish.Run)
	actor(&watchDone, watchCtx, p.poll.Run)
	actor(&watchDone, watchCtx, p.handler.heartbeats)
	actor(&watchDone, watchCtx, p.ticks.run)
	if p.recorder != nil {
		actor(&watchDone, watchCtx, p.recorder.Run)
	}

	<-watchCtx.Done()
	p.log.Info("stopping: looks in flight end, then the outbox drains")
	watchDone.Wait()
	if p.recorder != nil {
		p.recorder.Close()
	}
	if failed.get() == nil {
		failed.set(p.drain(hurry))
	}
	endPublish()
	publishDone.Wait()
	if p.beforeClose != nil {
		p.beforeClose()
	}
	endControl()
	controlDone.Wait()
	failed.set(p.closeParts())
	p.endHealth()
	healthDone.Wait()
	return failed.get()
}

// serveHealth answers from the start on: a start may wait for Kafka, and then
// /healthz says that the process lives and /readyz that it is not ready.
func (p *pipeline) serveHealth(stop context.Context) {
	ctx, end := context.WithCancel(context.WithoutCancel(stop))
	p.endHealth, p.healthDone = end, make(chan struct{})
	go func() {
		defer close(p.healthDone)
		p.healthErr = p.health.Run(ctx)
	}()
}

// drain publishes what is in the outbox. What is not sent by the deadline is
// durable there and goes out at the next start, and is no error: that is a
// publisher or an outbox that cannot go on.
func (p *pipeline) drain(hurry context.Context) error {
	ctx, cancel := context.WithTimeout(hurry, time.Duration(limits.DrainSeconds.Max)*time.Second)
	defer cancel()
	err := p.publish.Drain(ctx)
	if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	records, _, _ := p.store.Depth()
	p.log.Warn("stopped before the outbox was empty; the rest is sent at the next start", zap.Int("records", records), zap.Error(err))
	return nil
}

// closeParts closes producer, then store, then the embedded broker.
func (p *pipeline) closeParts() error {
	if p.graph != nil {
		p.graph.Close()
	}
	if p.kafka != nil {
		p.kafka.Close()
	}
	var errs []error
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.broker != nil {
		errs = append(errs, p.broker.Close())
	}
	return errors.Join(errs...)
}

// close undoes a start that failed half way. That start's error is the one to
// return, so what closing adds to it is logged.
func (p *pipeline) close() {
	err := p.closeParts()
	if p.endHealth != nil {
		p.endHealth()
		<-p.healthDone
		err = errors.Join(err, p.healthErr)
	}
	if err != nil {
		p.log.Error("close", zap.Error(err))
	}
}

// firstError keeps the first error that is set.
type firstError struct {
	mu  sync.Mutex
	err error
}

func (f *firstError) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil && err != nil {
		f.err = outside(err)
	}
}

func (f *firstError) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

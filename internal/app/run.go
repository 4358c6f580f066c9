package app

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

func (e *env) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Watch the configured hosts and publish their changes",
		Long: `Watch the configured hosts and publish their changes until a signal comes.

A first SIGINT or SIGTERM stops in order: looks in flight are committed and the
outbox is sent, for 20 s at most; a second one stops at once. Nothing is lost
either way: what was not sent waits in the store.`,
		Example: `  portdelta run --config portdelta.yaml
  portdelta run --config portdelta.yaml --record looks`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.watch(cmd.Context(), f) },
	}
	configFlag(cmd, &f.file)
	f.add(cmd)
	return cmd
}

func (e *env) watch(ctx context.Context, f runFlags) error {
	if err := f.check(); err != nil {
		return usage(err)
	}
	cfg, err := loadConfig(f.file, "")
	if err != nil {
		return err
	}
	list, report, err := watched(cfg)
	if err != nil {
		return err
	}
	if len(list.Hosts) == 0 {
		return usage(errors.New("nothing to watch: name hosts in watch.hosts or files in watch.files"))
	}
	log, err := e.logger(cfg.Telemetry.LogLevel, cfg.Telemetry.LogFormat)
	if err != nil {
		return err
	}
	if warning := report.Warning(); warning != "" {
		log.Warn(warning)
	}
	p, err := newPipeline(ctx, e.hurry, cfg, list.Hosts, log)
	if err != nil {
		return e.orStopped(ctx, err)
	}
	if f.record != "" {
		if err := p.record(f, cfg); err != nil {
			p.close()
			return outside(err)
		}
	}
	if err := p.handler.scope(ctx, list.Hosts); err != nil {
		p.close()
		return e.orStopped(ctx, outside(err))
	}
	log.Info("watching", zap.Int("hosts", report.Hosts), zap.Int("duplicates", list.Duplicates),
		zap.Float64("requestsPerSecond", report.RequestsPerSecond), zap.Duration("fullBaseline", report.FullBaseline),
		zap.Int("largestFleet", report.LargestFleet), zap.String("telemetry", p.health.Addr()), zap.String("incarnation", p.store.Incarnation()))
	if p.broker != nil {
		log.Info("embedded kafka", zap.String("listen", p.broker.Addr()))
	}
	return e.stopped(p.run(ctx, e.hurry))
}

// stopped is what a stop by signals answers: no where a second one cut it short.
func (e *env) stopped(err error) error {
	if err == nil && e.hurry.Err() != nil {
		return errNo
	}
	return err
}

// orStopped judges the error of a start: one that a signal broke off has not
// failed.
func (e *env) orStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	return e.stopped(err)
}

package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/poller/graph/graphsim"
	"github.com/portdelta/portdelta/schemas"
)

// demoFlags are what `portdelta demo` is told.
type demoFlags struct {
	world        graphsim.WorldOptions
	data, listen string
	length       time.Duration
}

func (e *env) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: simulator, broker and the whole pipe in one process",
		Long: `Start the Graph simulator, an embedded Kafka broker and the whole pipe on this
machine alone, and print the change events as a consumer reads them back from the
topic. The broker's address is printed first: any Kafka client may read along.`,
		Example: `  portdelta demo
  portdelta demo --for 30s --output json
  portdelta demo --hosts 200 --seed 7 --data ./demo`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.demo(cmd.Context(), f) },
	}
	cmd.Flags().IntVar(&f.world.Hosts, "hosts", 50, "number of simulated hosts")
	cmd.Flags().Uint64Var(&f.world.Seed, "seed", 1, "the same seed makes the same changes")
	cmd.Flags().Float64Var(&f.world.Speed, "speed", 2000, "how much faster than life the world changes")
	cmd.Flags().StringVar(&f.data, "data", "", "folder for store and broker (default: a temporary one, removed at the end)")
	cmd.Flags().DurationVar(&f.length, "for", 0, "end after so long; 0: at a signal")
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "loopback address of the broker")
	folder(cmd, "data")
	return cmd
}

// demoMaxAge is how often the demo looks at each host.
const demoMaxAge = time.Second

func (e *env) demo(ctx context.Context, f demoFlags) error {
	if f.length < 0 {
		return usage(fmt.Errorf("--for %s: a duration such as 30s, or 0 for no end", f.length))
	}
	if err := checkLoopback(f.listen); err != nil {
		return usage(fmt.Errorf("--listen: %w", err))
	}
	log, err := e.logger("error", "console")
	if err != nil {
		return err
	}
	world, err := graphsim.NewWorld(f.world)
	if err != nil {
		return usage(err)
	}
	if f.data == "" {
		dir, err := os.MkdirTemp("", "portdelta-demo-")
		if err != nil {
			return outside(err)
		}
		defer os.RemoveAll(dir)
		f.data = dir
	} else if err := os.MkdirAll(f.data, 0o700); err != nil {
		return outside(fmt.Errorf("--data: %w; name a folder that can be made or written to", err))
	}
	server, err := graphsim.NewServer(world, graphsim.Options{})
	if err != nil {
		return usage(err)
	}
	listener, err := loopback("127.0.0.1:0")
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := newPipeline(ctx, e.hurry, demoConfig(f, graphsim.BaseURL(listener.Addr())), world.Hosts(), log)
	if err != nil {
		return e.orStopped(ctx, errors.Join(err, listener.Close()))
	}
	fmt.Fprintln(e.Err, "kafka: "+p.broker.Addr())
	ctx, end := context.WithCancel(ctx)
	defer end()
	if f.length > 0 {
		defer time.AfterFunc(f.length, end).Stop()
	}

	// The simulator outlives the pipe, so that looks in flight end well.
	simCtx, endSim := context.WithCancel(context.WithoutCancel(ctx))
	defer endSim()
	var sim sync.WaitGroup
	sim.Go(func() {
		if err := server.Serve(simCtx, listener); err != nil {
			log.Error("simulator", zap.Error(err))
		}
	})
	// Without its reader the demo has no point.
	shown := e.showChanges(p.broker.Addr(), began, log, end)
	// The reader outlives the outbox, but not the broker: it ends between the two.
	var unread error
	p.beforeClose = func() {
		shown.finish(e.hurry, told(p.registry))
		unread = shown.stop()
	}
	err = p.run(ctx, e.hurry)
	endSim()
	sim.Wait()
	if err = cmp.Or(err, unread); err == nil {
		err = e.summary(p, shown)
	}
	return e.stopped(err)
}

// demoConfig is a configuration whose every part is on this machine.
func demoConfig(f demoFlags, baseURL string) *config.Config {
	cfg := config.Default()
	cfg.Source.Tenant = "demo"
	cfg.Source.Graph.BaseURL, cfg.Source.Graph.Auth.Kind = baseURL, "none"
	cfg.Watch.Tiers.Default = config.Tier{MaxAge: demoMaxAge, MaxAgeSet: true}
	// Twice what the hosts need: point reads and first looks come on top.
	cfg.Schedule.BudgetPerSecond = max(100, 2*float64(f.world.Hosts)/demoMaxAge.Seconds())
	cfg.Store.Path = filepath.Join(f.data, "store")
	cfg.Kafka.Embedded = &config.Embedded{Path: filepath.Join(f.data, "kafka"), Listen: f.listen}
	cfg.Telemetry.Listen = "127.0.0.1:0"
	return &cfg
}

// told is the number of change events committed since the start.
func told(reg prometheus.Gatherer) (n int) {
	changes := schemas.ChangeTypes()
	for kind, count := range counters(reg, "portdelta_events_total", "type") {
		if slices.Contains(changes, schemas.Type(kind)) {
			n += count
		}
	}
	return n
}

// counters reads a counter by its one label, leaving zeros out.
func counters(reg prometheus.Gatherer, name, label string) map[string]int {
	out := map[string]int{}
	families, err := reg.Gather()
	if err != nil {
		return out
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, pair := range m.GetLabel() {
				if n := int(m.GetCounter().GetValue()); pair.GetName() == label && n > 0 {
					out[pair.GetValue()] = n
				}
			}
		}
	}
	return out
}

// summary is the last thing on stderr.
func (e *env) summary(p *pipeline, r *demoReader) error {
	stats := p.poll.Stats()
	s := struct {
		Hosts      int            `json:"hosts"`
		Looks      uint64         `json:"looks"`
		Events     map[string]int `json:"events"`
		Suppressed map[string]int `json:"suppressed"`
	}{stats.Hosts, stats.Looks, r.types, counters(p.registry, "portdelta_suppressed_total", "reason")}
	if e.output == "json" {
		out := &printer{w: e.Err}
		return out.value(s)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d hosts, %d looks, %d events\n", s.Hosts, s.Looks, r.total)
	for _, kind := range slices.Sorted(maps.Keys(s.Events)) {
		fmt.Fprintf(&b, "  %-26s %d\n", kind, s.Events[kind])
	}
	if len(s.Suppressed) > 0 {
		fmt.Fprintln(&b, "seen and not told")
		for _, reason := range slices.Sorted(maps.Keys(s.Suppressed)) {
			fmt.Fprintf(&b, "  %-26s %d\n", reason, s.Suppressed[reason])
		}
	}
	_, err := fmt.Fprint(e.Err, b.String())
	return err
}

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/recording"
	"github.com/portdelta/portdelta/schemas"
)

// replayFlags are what `portdelta replay` is told.
type replayFlags struct{ file, topic string }

func (e *env) replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay DIR",
		Short: "Run recorded looks through the rules and print the events that come of them",
		Long: `Run the looks that "portdelta run --record DIR" recorded, or any files of
snapshot lines, through the rules of evidence, in the order of the files' names,
and print the events that come of them: with --output json byte for byte those
that would be published. Nothing is read from or written to Graph, Kafka or a store.

The rules are set as they were when the looks were recorded, or by the detect
section of --config. From the first look of a host on, the same rules give the
same events with the same ids. The state of all hosts is held in memory.`,
		Example: `  portdelta replay looks
  portdelta replay looks --config stricter.yaml --output json
  portdelta replay looks --topic lifecycle`,
		Args: func(cmd *cobra.Command, list []string) error {
			if len(list) != 1 {
				return usage(withTry(cmd, fmt.Errorf("%s needs the folder of a recording", cmd.CommandPath())))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, list []string) error { return e.replay(cmd.Context(), f, list[0]) },
	}
	configFlag(cmd, &f.file)
	cmd.Flags().StringVar(&f.topic, "topic", string(schemas.Changes), "changes or lifecycle")
	choices(cmd, "topic", string(schemas.Changes), string(schemas.Lifecycles))
	return cmd
}

func (e *env) replay(ctx context.Context, f replayFlags, dir string) (err error) {
	topic := schemas.Topic(f.topic)
	if topic != schemas.Changes && topic != schemas.Lifecycles {
		return usage(fmt.Errorf("--topic %q: use changes or lifecycle", f.topic))
	}
	var cfg *config.Config
	if f.file != "" {
		if cfg, err = loadConfig(f.file, ""); err != nil {
			return err
		}
	}
	log, err := e.logger("warn", "console")
	if err != nil {
		return err
	}
	reader, err := recording.Open(dir)
	if err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	reader.OnTear = func(name string, lines int) {
		log.Warn("the file is torn; it was read up to there", zap.String("file", name), zap.Int("lines", lines))
	}
	r, err := newReplay(cfg, topic, e.printer(), log)
	if err != nil {
		return err
	}
	r.progress = e.progress()
	defer r.progress.clear()
	for ctx.Err() == nil {
		in, head, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
			return usage(err)
		case head != nil:
			err = r.head(head)
		default:
			err = r.input(ctx, in)
		}
		if err != nil {
			return err
		}
		r.progress.tell(func() string {
			return fmt.Sprintf("%d looks, %d events, %d files to go", r.looks, r.told, reader.Files())
		})
	}
	r.progress.clear()
	if ctx.Err() != nil {
		return outside(fmt.Errorf("stopped after %d looks", r.looks))
	}
	return e.replayed(r)
}

// replay is a run over recorded looks.
type replay struct {
	detector detect.Detector
	memory   *detect.Memory
	progress *progress
	log      *zap.Logger
	forms    *detect.Normalizer
	recogDir string // that forms were made with
	fixed    bool   // rules and source are the configuration's

	looks, failed, ticks, dropped, told int
	types                               map[string]int
}

func newReplay(cfg *config.Config, topic schemas.Topic, out *printer, log *zap.Logger) (*replay, error) {
	r := &replay{fixed: cfg != nil, log: log, types: map[string]int{}}
	if cfg == nil {
		d := config.Default()
		cfg = &d
	}
	out.dates = true // a recording may hold days
	r.memory = &detect.Memory{Publish: func(records []schemas.Record) error {
		for i := range records {
			if records[i].Topic == topic {
				if err := r.show(out, topic, &records[i]); err != nil {
					return err
				}
			}
		}
		return nil
	}}
	r.detector = detect.Detector{Store: r.memory, Shards: cfg.Topics.Partitions, Source: schemas.Source(cfg.Source.Tenant, cfg.Source.Kind),
		Metrics: detect.NewMetrics(prometheus.NewRegistry())}
	return r, r.rules(cfg)
}

// rules sets the rules of what follows.
func (r *replay) rules(cfg *config.Config) (err error) {
	if r.forms == nil || cfg.Detect.RecogDir != r.recogDir {
		if r.forms, err = newNormalizer(cfg.Detect.RecogDir, r.log); err != nil {
			return err
		}
		r.recogDir = cfg.Detect.RecogDir
	}
	r.detector.Policy = policyOf(cfg, r.forms)
	return nil
}

// head takes over the rules of what follows, the source that ids are made of, and
// the shards.
func (r *replay) head(h *recording.Head) error {
	if h.Source != "" {
		r.detector.Source = h.Source
	}
	if h.Shards > 0 && h.Shards <= limits.Partitions.Max {
		r.detector.Shards = h.Shards
	}
	if r.fixed {
		return nil
	}
	cfg := config.Default()
	if err := json.Unmarshal(h.Detect, &cfg.Detect); err != nil {
		return usage(errors.New("the head of a recording whose rules cannot be read; name some with --config"))
	}
	return r.rules(&cfg)
}

// input decides one input. What fails alone costs itself (P12).
func (r *replay) input(ctx context.Context, in detect.Input) error {
	switch {
	case in.Failure != nil:
		r.failed++
	case in.Snapshot == nil:
		r.ticks++
	default:
		r.looks++
	}
	err := r.detector.Apply(ctx, in)
	if _, alone := errors.AsType[*detect.StepError](err); alone {
		r.dropped++
		return nil
	}
	return err
}

func (r *replay) show(out *printer, topic schemas.Topic, record *schemas.Record) error {
	r.told++
	r.progress.clear()
	if topic == schemas.Lifecycles {
		l, err := schemas.ParseLifecycle(record.Value)
		if err != nil {
			return err
		}
		r.types[string(l.Type)]++
		return out.either(record.Value, func() error { return out.lifecycle(l) })()
	}
	ev, err := schemas.ParseEvent(record.Value)
	if err != nil {
		return err
	}
	r.types[string(ev.Type)]++
	return out.either(record.Value, func() error { return out.change(ev) })()
}

// replayed is the last thing on stderr.
func (e *env) replayed(r *replay) error {
	if e.output == "json" {
		return (&printer{w: e.Err}).value(struct {
			Hosts   int            `json:"hosts"`
			Looks   int            `json:"looks"`
			Failed  int            `json:"failed"`
			Ticks   int            `json:"ticks"`
			Dropped int            `json:"dropped"`
			Events  map[string]int `json:"events"`
		}{r.memory.Len(), r.looks, r.failed, r.ticks, r.dropped, r.types})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d hosts, %d looks, %d failed looks, %d ticks: %d events\n", r.memory.Len(), r.looks, r.failed, r.ticks, r.told)
	if r.dropped > 0 {
		fmt.Fprintf(&b, "  %d could not be decided: the recording begins after their hosts' first look\n", r.dropped)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.types)) {
		fmt.Fprintf(&b, "  %-26s %d\n", kind, r.types[kind])
	}
	_, err := io.WriteString(e.Err, b.String())
	return err
}

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller"
	"github.com/portdelta/portdelta/publisher/kafka"
	"github.com/portdelta/portdelta/schemas"
)

// tailFlags are what `portdelta tail` is told.
type tailFlags struct {
	file, prefix, topic, host, kind, severity, from string
	brokers                                         []string
	count                                           int
}

func (e *env) tailCommand() *cobra.Command {
	var f tailFlags
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Follow the events on any Kafka as a committed reader sees them",
		Example: `  portdelta tail --brokers 127.0.0.1:9092 --from beginning
  portdelta tail --config portdelta.yaml --severity high
  portdelta tail --brokers 127.0.0.1:9092 --topic state --host 203.0.113.7 --from beginning --output json
  portdelta tail --brokers 127.0.0.1:9092 --from 2026-11-23T00:00:00Z --type port.opened --count 10`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.tail(cmd.Context(), f) },
	}
	configFlag(cmd, &f.file)
	cmd.Flags().StringSliceVar(&f.brokers, "brokers", nil, "host:port of a broker; several by comma")
	cmd.Flags().StringVar(&f.prefix, "prefix", "", "prefix of the topics (default: as configured, else portdelta)")
	cmd.Flags().StringVar(&f.topic, "topic", "changes", "changes, lifecycle or state")
	cmd.Flags().StringVar(&f.host, "host", "", "only this host")
	cmd.Flags().StringVar(&f.kind, "type", "", "only this event type, such as port.opened")
	cmd.Flags().StringVar(&f.severity, "severity", "", "only this severity and above: info, low, medium, high or critical")
	cmd.Flags().StringVar(&f.from, "from", "end", "beginning, end or a time such as 2026-11-23T00:00:00Z")
	cmd.Flags().IntVar(&f.count, "count", 0, "end after so many records; 0: never")
	choices(cmd, "topic", "changes", "lifecycle", "state")
	choices(cmd, "type", typeWords("changes")...)
	choices(cmd, "severity", "info", "low", "medium", "high", "critical")
	choices(cmd, "from", "beginning", "end")
	return cmd
}

// errEnough ends a tail that has shown what it was asked for.
var errEnough = errors.New("enough")

func (e *env) tail(ctx context.Context, f tailFlags) error {
	read, err := e.filter(f)
	if err != nil {
		return usage(err)
	}
	if f.count < 0 {
		return usage(fmt.Errorf("--count %d: a number of records, or 0 for no end", f.count))
	}
	from, err := parseFrom(f.from)
	if err != nil {
		return usage(err)
	}
	brokers, prefix := f.brokers, config.Default().Topics.Prefix
	if len(brokers) == 0 || f.file != "" {
		cfg, err := loadConfig(f.file, "--brokers host:port")
		if err != nil {
			return err
		}
		prefix = cfg.Topics.Prefix
		if len(brokers) == 0 {
			brokers = brokersOf(cfg)
		}
	}
	if f.prefix != "" {
		prefix = f.prefix
	}
	log, err := e.logger("warn", "console")
	if err != nil {
		return err
	}
	client, err := kafka.New(kafka.Config{Brokers: brokers, Prefix: prefix, ClientID: "portdelta-tail"})
	if err != nil {
		return usage(err)
	}
	defer client.Close()
	shown := 0
	err = client.Tail(ctx, kafka.TailOptions{Topic: schemas.Topic(f.topic), From: from, Logger: log}, func(m kafka.Message) error {
		show, err := read(m)
		if err != nil {
			// One record that cannot be read costs that record (P12). What it holds
			// may be anybody's.
			log.Warn("record skipped", zap.Int("partition", m.Partition), zap.Int64("offset", m.Offset), zap.Int("bytes", len(m.Value)),
				zap.String("reason", hostport.EscapeText(err.Error())))
			return nil
		}
		if show == nil {
			return nil
		}
		if err := show(); err != nil {
			return err
		}
		if shown++; shown == f.count {
			return errEnough
		}
		return nil
	})
	var unwritten *outputError
	switch {
	case err == nil, errors.Is(err, errEnough):
		return nil
	case errors.As(err, &unwritten):
		return err
	}
	return kafkaError(err, brokers)
}

func parseFrom(s string) (kafka.Start, error) {
	switch s {
	case "beginning":
		return kafka.Beginning, nil
	case "end":
		return kafka.End, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, fmt.Errorf("--from %q: use beginning, end or a time such as 2026-11-23T00:00:00Z", s)
	}
	return kafka.At(at), nil
}

// typeWords are the types of a topic's events, as --type takes them.
func typeWords(topic schemas.Topic) []string {
	types := schemas.ChangeTypes()
	if topic == schemas.Lifecycles {
		types = schemas.LifecycleTypes()
	}
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = string(t)
	}
	return words
}

// filter returns what reads one record: how to show it, nil where it does not
// pass, or why it cannot be read.
func (e *env) filter(f tailFlags) (func(kafka.Message) (func() error, error), error) {
	least := schemas.Info
	if f.severity != "" {
		var err error
		if least, err = schemas.ParseSeverity(f.severity); err != nil {
			return nil, fmt.Errorf("--severity: %w", err)
		}
	}
	host := ""
	if f.host != "" {
		list, err := poller.ParseTarget(f.host)
		if err != nil || len(list) != 1 {
			return nil, fmt.Errorf("--host %q: one address or name", f.host)
		}
		host = string(list[0])
	}
	topic := schemas.Topic(f.topic)
	if f.kind != "" && topic != schemas.State && !slices.Contains(typeWords(topic), f.kind) {
		return nil, fmt.Errorf("--type %q: %s has %s", f.kind, f.topic, strings.Join(typeWords(topic), ", "))
	}
	p := e.printer()
	p.dates = true // a topic holds a month
	pass := func(h string, t schemas.Type, s schemas.Severity) bool {
		return (host == "" || h == host) && (f.kind == "" || string(t) == f.kind) && s >= least
	}
	switch topic {
	case schemas.Changes:
		return func(m kafka.Message) (func() error, error) {
			ev, err := schemas.ParseEvent(m.Value)
			if err != nil || !pass(ev.Host, ev.Type, ev.Severity) {
				return nil, err
			}
			return p.either(m.Value, func() error { return p.change(ev) }), nil
		}, nil
	case schemas.Lifecycles:
		return func(m kafka.Message) (func() error, error) {
			l, err := schemas.ParseLifecycle(m.Value)
			if err != nil {
				return nil, err
			}
			h := ""
			if l.Host != nil {
				h = *l.Host
			}
			if !pass(h, l.Type, l.Severity) {
				return nil, nil
			}
			return p.either(m.Value, func() error { return p.lifecycle(l) }), nil
		}, nil
	case schemas.State:
		if f.kind != "" || f.severity != "" {
			return nil, errors.New("--type and --severity: state records have neither")
		}
		return func(m kafka.Message) (func() error, error) {
			if h, _, _ := strings.Cut(string(m.Key), "|"); host != "" && h != host {
				return nil, nil
			}
			if m.Value != nil && !json.Valid(m.Value) {
				return nil, errors.New("state record: not JSON")
			}
			return func() error { return p.state(m) }, nil
		}, nil
	}
	return nil, fmt.Errorf("--topic %q: use changes, lifecycle or state", f.topic)
}

// either shows a record's value as it is, or in words.
func (p *printer) either(value []byte, words func() error) func() error {
	if p.json {
		return func() error { return p.raw(value) }
	}
	return words
}

// state prints one record of the state topic; a tombstone has a value of null.
func (p *printer) state(m kafka.Message) error {
	if p.json {
		if m.Value == nil {
			return p.raw([]byte("null"))
		}
		return p.raw(m.Value)
	}
	value := "deleted"
	if m.Value != nil {
		value = string(m.Value)
	}
	_, err := fmt.Fprintf(p.w, "%s %-34s %s\n", p.clock(m.Time), escaped(string(m.Key)), escaped(value))
	return err
}

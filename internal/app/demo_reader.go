package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/portdelta/portdelta/publisher/kafka"
	"github.com/portdelta/portdelta/schemas"
)

// demoReader prints the change events as read back from the topic.
type demoReader struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // why it ended by itself; read it when done is closed
	mu     sync.Mutex
	types  map[string]int
	total  int
	grown  chan struct{} // capacity 1: another event was shown
}

// showChanges begins to read; failed is called if it cannot go on.
func (e *env) showChanges(broker string, since time.Time, log *zap.Logger, failed func()) *demoReader {
	ctx, cancel := context.WithCancel(context.Background())
	r := &demoReader{cancel: cancel, done: make(chan struct{}), types: map[string]int{}, grown: make(chan struct{}, 1)}
	printer := e.printer()
	go func() {
		defer close(r.done)
		client, err := kafka.New(kafka.Config{Brokers: []string{broker}, Prefix: "portdelta", ClientID: "portdelta-demo"})
		if err == nil {
			defer client.Close()
			err = client.Tail(ctx, kafka.TailOptions{Topic: schemas.Changes, From: kafka.At(since), Logger: log}, func(m kafka.Message) error {
				ev, err := schemas.ParseEvent(m.Value)
				if err != nil {
					// Not of this process: anybody on this machine may write there (P12).
					log.Error("record skipped", zap.Int("partition", m.Partition), zap.Int64("offset", m.Offset), zap.Int("bytes", len(m.Value)))
					return nil
				}
				if err := printer.either(m.Value, func() error { return printer.change(ev) })(); err != nil {
					return err
				}
				r.count(string(ev.Type))
				return nil
			})
		}
		if err != nil {
			r.err = fmt.Errorf("reading back: %w", err)
			failed()
		}
	}()
	return r
}

func (r *demoReader) count(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.types[kind]++
	r.total++
	select {
	case r.grown <- struct{}{}:
	default:
	}
}

// finish waits until as many events were shown as were told, for 5 s at most and
// not beyond hurry.
func (r *demoReader) finish(hurry context.Context, told int) {
	limit := time.NewTimer(5 * time.Second)
	defer limit.Stop()
	for r.shown() < told {
		select {
		case <-r.grown:
		case <-r.done:
			return
		case <-hurry.Done():
			return
		case <-limit.C:
			return
		}
	}
}

func (r *demoReader) shown() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

// stop ends the reader and returns why it had ended before, if it had.
func (r *demoReader) stop() error {
	r.cancel()
	<-r.done
	return r.err
}

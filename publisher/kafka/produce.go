package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"

	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

// Producer sends records as they are, to the partition they name, and waits for
// all in-sync replicas.
type Producer struct{ client *Client }

// NewProducer makes a producer on the client's connections, which stay the
// caller's to close.
func NewProducer(client *Client) *Producer { return &Producer{client: client} }

// Produce returns nil when every entry is acknowledged by all in-sync replicas,
// those of one topic partition in the order given. Otherwise the error is an
// *Error whose Rest holds what is not known to be acknowledged: of that, some may
// be stored all the same, where an answer was lost.
//
// Topics are sent to at the same time; within one, a batch is sent when the one
// before is acknowledged, since without that order a lost batch would let the
// next overtake it.
func (p *Producer) Produce(ctx context.Context, _ int, entries []schemas.Entry) error {
	streams := split(entries, p.client.config.Prefix)
	failed := make([]*Error, len(streams))
	var wait sync.WaitGroup
	for i := range streams {
		wait.Go(func() { failed[i] = p.send(ctx, &streams[i]) })
	}
	wait.Wait()

	var worst *Error
	var rest []schemas.Entry
	for _, f := range failed {
		if f == nil {
			continue
		}
		rest = append(rest, f.rest...)
		if worst == nil || f.v.fatal && !worst.v.fatal {
			worst = f
		}
	}
	if worst == nil {
		return nil
	}
	slices.SortFunc(rest, func(a, b schemas.Entry) int { return cmp.Compare(a.Position, b.Position) })
	worst.rest = rest
	return worst
}

// stream is the entries of one topic partition, in order.
type stream struct {
	topic     string
	partition int
	entries   []schemas.Entry
}

func split(entries []schemas.Entry, prefix string) []stream {
	type key struct {
		topic     schemas.Topic
		partition int
	}
	var streams []stream
	index := make(map[key]int)
	for _, e := range entries {
		k := key{e.Record.Topic, e.Record.Partition}
		i, ok := index[k]
		if !ok {
			i = len(streams)
			index[k] = i
			streams = append(streams, stream{topic: k.topic.Name(prefix), partition: k.partition})
		}
		streams[i].entries = append(streams[i].entries, e)
	}
	return streams
}

// send produces a stream batch by batch. A batch the broker finds too large is
// halved, down to one record; so is what follows, since the broker's limit is
// lower than ours then.
func (p *Producer) send(ctx context.Context, s *stream) *Error {
	most := limits.ProduceBytes.Max
	for rest := s.entries; len(rest) > 0; {
		n := fit(rest, most)
		if n < len(rest) {
			limits.ProduceBytes.Hit()
		}
		err := p.produce(ctx, s.topic, s.partition, rest[:n])
		if err == nil {
			rest = rest[n:]
			continue
		}
		failure := p.client.failure(fmt.Sprintf("produce to %s/%d", s.topic, s.partition), err)
		if failure.v.class == ClassTooLarge {
			if n > 1 {
				most = size(rest[:n]) / 2
				continue
			}
			failure.v.hint = fmt.Sprintf("the record at outbox position %d has %d bytes; raise the topic's limit: %s",
				rest[0].Position, size(rest[:1]), alter(p.client.config.Brokers, s.topic, "max.message.bytes", maxMessageBytes))
		}
		failure.rest = rest
		return failure
	}
	return nil
}

func (p *Producer) produce(ctx context.Context, topic string, partition int, entries []schemas.Entry) error {
	records := make([]kafka.Record, len(entries))
	for i := range entries {
		records[i] = record(&entries[i].Record)
	}
	answer, err := p.client.api.Produce(ctx, &kafka.ProduceRequest{
		Topic:        topic,
		Partition:    partition,
		RequiredAcks: kafka.RequireAll,
		Records:      kafka.NewRecordReader(records...),
	})
	if err != nil {
		return p.client.explain(ctx, topic, err)
	}
	if answer.Error == nil && answer.BaseOffset < 0 {
		return errors.New("the broker acknowledged a batch without an offset")
	}
	return answer.Error
}

func record(r *schemas.Record) kafka.Record {
	headers := make([]kafka.Header, len(r.Headers))
	for i, h := range r.Headers {
		headers[i] = kafka.Header{Key: h.Key, Value: []byte(h.Value)}
	}
	return kafka.Record{
		Time:    r.Time,
		Key:     kafka.NewBytes([]byte(r.Key)),
		Value:   kafka.NewBytes(r.Value), // nil stays null: a tombstone
		Headers: headers,
	}
}

// A record batch has a head of 61 bytes, and each record up to 7 variable-length
// numbers beside its parts (https://kafka.apache.org/documentation/#recordbatch).
const (
	batchOverhead  = 61
	recordOverhead = 7 * 5
	headerOverhead = 2 * 5
)

// size is an upper bound of a batch's bytes on the wire.
func size(entries []schemas.Entry) int {
	n := batchOverhead
	for i := range entries {
		n += recordSize(&entries[i].Record)
	}
	return n
}

func recordSize(r *schemas.Record) int {
	n := recordOverhead + len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += headerOverhead + len(h.Key) + len(h.Value)
	}
	return n
}

// fit is how many of the entries make a batch of at most so many bytes, but one
// at least.
func fit(entries []schemas.Entry, most int) int {
	n := batchOverhead
	for i := range entries {
		if n += recordSize(&entries[i].Record); n > most && i > 0 {
			return i
		}
	}
	return len(entries)
}

package kafka

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"

	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

// Producer sends records as they are, to the partition they name, and waits for
// all in-sync replicas: for clusters without transactions. Each shard is an
// idempotent producer, so that a batch sent again within one call is stored once;
// a call that failed leaves that to the ids of the records.
type Producer struct {
	client *Client

	mu     sync.Mutex
	shards map[int]*session
}

// session is one idempotent producer. Its streams go on their own.
type session struct {
	mu        sync.Mutex
	id        identity
	sequences map[string]int32 // of the next batch, by topic
}

// NewProducer makes a producer on the client's connections, which stay the
// caller's to close.
func NewProducer(client *Client) *Producer {
	return &Producer{client: client, shards: make(map[int]*session)}
}

// session returns the shard's, with an identity.
func (p *Producer) session(ctx context.Context, shard int) (*session, *Error) {
	p.mu.Lock()
	s := p.shards[shard]
	p.mu.Unlock()
	if s != nil {
		return s, nil
	}
	id, failure := p.client.initProducer(ctx, "", transactionTimeout, nobody)
	if failure != nil {
		if failure.v.then != give {
			return nil, failure
		}
		id = nobody // a cluster that knows no identities, or does not let us have one
	}
	s = &session{id: id, sequences: make(map[string]int32)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shards[shard] = s
	return s, nil
}

// forget ends the session: after a failure the broker's count and ours may differ.
func (p *Producer) forget(shard int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.shards, shard)
}

// stamp gives the batch its place in the topic's partition.
func (s *session) stamp(topic string, b *batch) {
	if s.id == nobody {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.stamp(s.id, s.sequences[topic])
	s.sequences[topic] = nextSequence(s.sequences[topic], b.count)
}

// unstamp takes back the place of a batch that was refused as a whole.
func (s *session) unstamp(topic string, b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequences[topic] = (s.sequences[topic] - b.count) & 0x7fffffff
}

// Produce returns nil when every entry is acknowledged by all in-sync replicas,
// those of one topic partition in the order given. Otherwise the error is an
// *Error whose Rest holds what is not known to be acknowledged: of that, some may
// be stored all the same, where an answer was lost.
//
// Topics are sent to at the same time; within one, a batch is sent when the one
// before is acknowledged, since without that order a lost batch would let the
// next overtake it.
func (p *Producer) Produce(ctx context.Context, shard int, entries []schemas.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	session, failure := p.session(ctx, shard)
	if failure != nil {
		failure.rest = entries
		return failure
	}
	streams := split(entries, p.client.config.Prefix)
	failed := make([]*Error, len(streams))
	var wait sync.WaitGroup
	for i := range streams {
		wait.Go(func() { failed[i] = p.send(ctx, session, &streams[i]) })
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
	p.forget(shard)
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
func (p *Producer) send(ctx context.Context, session *session, s *stream) *Error {
	most := limits.ProduceBytes.Max
	for rest := s.entries; len(rest) > 0; {
		n := fit(rest, most)
		if n < len(rest) {
			limits.ProduceBytes.Hit()
		}
		b, err := encodeBatch(rest[:n], false)
		if err != nil {
			return &Error{what: "encode for " + s.topic, v: verdict{class: ClassRejected, fatal: true}, cause: err, rest: rest}
		}
		session.stamp(s.topic, b)
		failure := p.client.produceParts(ctx, "", []part{{topic: s.topic, partition: s.partition, batch: b}})
		if failure == nil {
			rest = rest[n:]
			continue
		}
		if failure.v.class == ClassTooLarge {
			if n > 1 {
				most = size(rest[:n]) / 2
				session.unstamp(s.topic, b)
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

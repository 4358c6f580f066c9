package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/portdelta/portdelta/schemas"
)

// partitions of every topic: few enough that each has several hosts.
const partitions = 12

var topics = []schemas.Topic{schemas.Changes, schemas.Lifecycles, schemas.State}

// reader follows the public topics with franz-go, read_committed, from their
// beginning. It survives the broker's absence as any consumer would.
type reader struct {
	client *kgo.Client
	prefix string
	done   chan struct{}

	mu sync.Mutex // guards what follows
	// records by topic, those of a partition in the order of its offsets.
	records map[schemas.Topic][]schemas.Record
	ends    int // end marks seen
	err     error
}

// endMark is the key of the record that stop puts at the end of every partition.
const endMark = "end of the test"

func follow(t *testing.T, broker, prefix string) *reader {
	t.Helper()
	r := &reader{prefix: prefix, done: make(chan struct{}), records: map[schemas.Topic][]schemas.Record{}}
	var names []string
	for _, topic := range topics {
		names = append(names, topic.Name(prefix))
	}
	var err error
	r.client, err = kgo.NewClient(
		kgo.SeedBrokers(broker), kgo.ClientID("portdelta-e2e"), kgo.ConsumeTopics(names...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(500*time.Millisecond), kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(r.done)
		for ctx.Err() == nil {
			r.take(r.client.PollFetches(ctx))
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-r.done
		r.client.Close()
	})
	return r
}

func (r *reader) take(fetches kgo.Fetches) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fetches.EachError(func(topic string, partition int32, err error) {
		// The client goes on by itself; the error explains a wait that was in vain.
		r.err = fmt.Errorf("%s, partition %d: %w", topic, partition, err)
	})
	fetches.EachRecord(func(record *kgo.Record) {
		if string(record.Key) == endMark {
			r.ends++
			return
		}
		for _, topic := range topics {
			if topic.Name(r.prefix) == record.Topic {
				r.records[topic] = append(r.records[topic], wire(topic, record))
			}
		}
	})
}

// wire is a record as the broker gave it back.
func wire(topic schemas.Topic, r *kgo.Record) schemas.Record {
	out := schemas.Record{Topic: topic, Partition: int(r.Partition), Key: string(r.Key), Value: r.Value, Time: r.Timestamp.UTC()}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, schemas.Header{Key: h.Key, Value: string(h.Value)})
	}
	return out
}

// sofar is what has been read of a topic. What it returns is not changed again.
func (r *reader) sofar(topic schemas.Topic) []schemas.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	records := r.records[topic]
	return records[:len(records):len(records)]
}

// stop waits until everything that stands on the topics has been read: nobody
// may write to them any more. It puts a mark at the end of each partition and
// waits for all of them.
func (r *reader) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var marks []*kgo.Record
	for _, topic := range topics {
		for p := range int32(partitions) {
			marks = append(marks, &kgo.Record{Topic: topic.Name(r.prefix), Partition: p, Key: []byte(endMark), Value: []byte(endMark)})
		}
	}
	if err := r.client.ProduceSync(ctx, marks...).FirstErr(); err != nil {
		t.Fatalf("mark the end of the topics: %v", err)
	}
	eventually(t, "read the topics to their end", time.Minute, func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.ends < len(marks) {
			return errors.Join(fmt.Errorf("%d of %d partitions", r.ends, len(marks)), r.err)
		}
		return nil
	})
}

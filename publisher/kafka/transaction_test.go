package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/portdelta/portdelta/publisher"
	"github.com/portdelta/portdelta/schemas"
)

var _ publisher.Producer = (*Transactional)(nil)

const testSource = "/portdelta/test/graph"

func exactClient(t *testing.T, brokers ...string) *Client {
	t.Helper()
	client, err := New(Config{Brokers: brokers, Prefix: "exact", ClientID: t.Name(), ExactlyOnce: true, RequestTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// exact makes the five topics and a producer that owns shard 0 under that name.
func exact(t *testing.T, client *Client, incarnation string) *Transactional {
	t.Helper()
	if _, err := client.Create(t.Context(), client.Plan(1, 1)); err != nil {
		t.Fatal(err)
	}
	p := NewTransactional(client, 1, Owner{Source: testSource, Incarnation: incarnation, Instance: "host of " + incarnation})
	if _, err := p.Take(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := p.Claim(t.Context(), 0, 0, true); err != nil {
		t.Fatal(err)
	}
	return p
}

// events are entries of the changes topic from a position on.
func events(from uint64, n int) []schemas.Entry {
	entries := testEntries(schemas.Changes, 0, n)
	for i := range entries {
		e := &entries[i]
		e.Position = from + uint64(i)
		e.Record.Value = fmt.Appendf(nil, "event %d", e.Position)
		e.Record.Headers = []schemas.Header{{Key: "ce_id", Value: fmt.Sprintf("%032x", e.Position)}}
	}
	return entries
}

func eventValues(from uint64, n int) []string {
	var out []string
	for _, e := range events(from, n) {
		out = append(out, string(e.Record.Value))
	}
	return out
}

// committedValues reads the changes topic to its end as an independent
// read_committed consumer does.
func committedValues(t *testing.T, broker string) []string {
	t.Helper()
	client := independent(t, broker, kgo.ConsumeTopics(schemas.Changes.Name("exact")), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	var values []string
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		fetches := client.PollFetches(ctx)
		cancel()
		if fetches.NumRecords() == 0 {
			return values
		}
		for _, r := range fetches.Records() {
			values = append(values, string(r.Value))
		}
	}
}

func wantCommitted(t *testing.T, broker string, want []string) {
	t.Helper()
	if got := committedValues(t, broker); !slices.Equal(got, want) {
		t.Errorf("a read_committed reader got %q, want %q", got, want)
	}
}

// eventuallyProduced calls Produce as the publisher does: until it succeeds, or
// its failure is final.
func eventuallyProduced(t *testing.T, p *Transactional, entries []schemas.Entry) error {
	t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for {
		err := p.Produce(t.Context(), 0, entries)
		if err == nil {
			return nil
		}
		failure, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if failure.Fatal() || time.Now().After(deadline) {
			return err
		}
		entries = failure.Rest()
	}
}

// The rules are the same on both brokers; on kfake answers can be made to fail.
func TestTransactional(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(3))
	broker := cluster.ListenAddrs()[0]
	client := exactClient(t, broker)
	transactionalRules(t, client, broker)
}

func transactionalRules(t *testing.T, client *Client, broker string) {
	p := exact(t, client, "A")
	if err := p.Produce(t.Context(), 0, events(1, 5)); err != nil {
		t.Fatal(err)
	}
	// What is published already is not sent again, whoever asks for it.
	if err := p.Produce(t.Context(), 0, events(3, 5)); err != nil {
		t.Fatal(err)
	}
	want := eventValues(1, 7)
	wantCommitted(t, broker, want)
	progress, failure := p.readProgress(t.Context(), &p.shards[0])
	if failure != nil {
		t.Fatal(failure)
	}
	if progress.Position != 7 || progress.Incarnation != "A" || !progress.Restored || progress.Checksum != Checksum(&events(7, 1)[0].Record) {
		t.Errorf("progress is %+v", progress)
	}
	if c := progress.Checkpoint; c.Count != 7 || c.UpTo != fmt.Sprintf("%032x", 7) {
		t.Errorf("checkpoint is %+v", c)
	}

	// Crash before the commit: what it left is aborted by the next owner, and sent again.
	s := &p.shards[0]
	next := s.progress
	next.Position = 9
	parts, failure := s.encode(records(events(8, 2)), next, "exact")
	if failure != nil {
		t.Fatal(failure)
	}
	open := parts[:len(parts):len(parts)]
	if failure := p.client.addPartitions(t.Context(), s.name, s.id, open); failure != nil {
		t.Fatal(failure)
	}
	for i := range open {
		open[i].batches[0].stamp(s.id, 0)
		if failure := p.client.produceParts(t.Context(), s.name, []part{{topic: open[i].topic, partition: 0, batch: open[i].batches[0]}}); failure != nil {
			t.Fatal(failure)
		}
	}
	again := NewTransactional(client, 1, Owner{Source: testSource, Incarnation: "A", Instance: "again"})
	if progress, err := again.Take(t.Context(), 0); err != nil || progress.Position != 7 {
		t.Fatalf("Take = %+v, %v, want position 7", progress, err)
	}
	if err := again.Produce(t.Context(), 0, events(8, 2)); err != nil {
		t.Fatal(err)
	}
	want = append(want, eventValues(8, 2)...)
	wantCommitted(t, broker, want)

	// A late EndTxn of the transaction that was cut off hits nothing.
	if failure := p.client.endTransaction(t.Context(), s.name, s.id); failure == nil || failure.v.then != fenced {
		t.Errorf("late EndTxn = %v, want fenced", failure)
	}
	// A second instance takes over; the first says by whom, and sends nothing more.
	other := NewTransactional(client, 1, Owner{Source: testSource, Incarnation: "B", Instance: "host of B"})
	if progress, err := other.Take(t.Context(), 0); err != nil || progress.Incarnation != "A" {
		t.Fatalf("Take = %+v, %v", progress, err)
	}
	if err := other.Claim(t.Context(), 0, 0, false); err != nil {
		t.Fatal(err)
	}
	if err := other.Produce(t.Context(), 0, events(1, 1)); err != nil {
		t.Fatal(err)
	}
	err := eventuallyProduced(t, again, events(10, 3))
	if err == nil || !strings.Contains(err.Error(), `taken over by "host of B"`) {
		t.Errorf("the former owner's Produce = %v, want to be told by whom it is fenced", err)
	}
	want = append(want, eventValues(1, 1)...)
	wantCommitted(t, broker, want)
	// The chain of ids goes on over the change of owner.
	if progress, failure := other.readProgress(t.Context(), &other.shards[0]); failure != nil || progress.Checkpoint.Count != 10 || !progress.Restored {
		t.Errorf("progress is %+v, %v", progress, failure)
	}
	// Another tenant is refused.
	stranger := NewTransactional(client, 1, Owner{Source: "/portdelta/other/graph", Incarnation: "C"})
	if _, err := stranger.Take(t.Context(), 0); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "source.tenant") {
		t.Errorf("Take with another tenant = %v", err)
	}
}

func records(entries []schemas.Entry) []schemas.Record {
	var out []schemas.Record
	for _, e := range entries {
		out = append(out, e.Record)
	}
	return out
}

// Whatever is answered at whatever point, every event is seen once and in order.
func TestTransactionalFaults(t *testing.T) {
	requests := map[string]kmsg.Key{"init": kmsg.InitProducerID, "add": kmsg.AddPartitionsToTxn, "produce": kmsg.Produce, "end": kmsg.EndTxn}
	answers := map[string]*kerr.Error{"coordinator": kerr.NotCoordinator, "concurrent": kerr.ConcurrentTransactions, "leader": kerr.NotLeaderForPartition,
		"sequence": kerr.OutOfOrderSequenceNumber, "mapping": kerr.InvalidProducerIDMapping, "corrupt": kerr.CorruptMessage,
		"denied": kerr.TopicAuthorizationFailed, "abortable": kerr.TransactionAbortable, "other": kerr.UnknownServerError}
	for at, request := range requests {
		for what, answer := range answers {
			t.Run(at+" "+what, func(t *testing.T) {
				t.Parallel()
				cluster := fakeCluster(t, kfake.NumBrokers(1))
				broker := cluster.ListenAddrs()[0]
				p := exact(t, exactClient(t, broker), "A")
				for from := uint64(1); from < 20; from += 4 {
					cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Key(request)}, Err: answer})
					if err := eventuallyProduced(t, p, events(from, 4)); err != nil {
						t.Fatal(err)
					}
				}
				wantCommitted(t, broker, eventValues(1, 20))
			})
		}
	}
}

// An answer that never comes leaves the outcome unknown: the next call finds out
// and sends only what is not there.
func TestTransactionalLostAnswers(t *testing.T) {
	for at, key := range map[string]int16{"add": 24, "produce": 0, "end": 26, "init": 22} {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, before the broker acts: %v", at, before), func(t *testing.T) {
				proxy := newProxy(t)
				fakeCluster(t, kfake.NumBrokers(1), kfake.ListenFn(proxy.listen))
				p := exact(t, exactClient(t, proxy.addr), "A")
				for from := uint64(1); from < 12; from += 4 {
					proxy.cut(key, before)
					if err := eventuallyProduced(t, p, events(from, 4)); err != nil {
						t.Fatal(err)
					}
				}
				wantCommitted(t, proxy.addr, eventValues(1, 12))
			})
		}
	}
}

// An answer that does not come in time leaves the outcome unknown, after the
// broker has acted: only the progress record tells that there is nothing to send.
func TestTransactionalUnknownOutcomes(t *testing.T) {
	for at, key := range map[string]kmsg.Key{"add": kmsg.AddPartitionsToTxn, "produce": kmsg.Produce, "end": kmsg.EndTxn, "init": kmsg.InitProducerID} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			proxy := newProxy(t)
			fakeCluster(t, kfake.NumBrokers(1), kfake.ListenFn(proxy.listen))
			client, err := New(Config{Brokers: []string{proxy.addr}, Prefix: "exact", ClientID: at, ExactlyOnce: true, RequestTimeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			p := exact(t, client, "A")
			for from := uint64(1); from < 8; from += 4 {
				proxy.keep(int16(key))
				if err := eventuallyProduced(t, p, events(from, 4)); err != nil {
					t.Fatal(err)
				}
			}
			wantCommitted(t, proxy.addr, eventValues(1, 8))
			if c := p.shards[0].progress.Checkpoint; c.Count != 8 {
				t.Errorf("the checkpoint counts %d events, want 8", c.Count)
			}
		})
	}
}

// A coordinator ends a transaction that lasted too long and raises the epoch, which
// looks like being fenced; but nobody has left a name.
func TestTransactionThatTookTooLong(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	broker := cluster.ListenAddrs()[0]
	client := exactClient(t, broker)
	p := exact(t, client, "A")
	if _, failure := client.initProducer(t.Context(), p.shards[0].name, transactionTimeout, nobody); failure != nil {
		t.Fatal(failure)
	}
	if err := eventuallyProduced(t, p, events(1, 3)); err != nil {
		t.Fatal(err)
	}
	wantCommitted(t, broker, eventValues(1, 3))
}

// Silent loss: after an abort the same sequence in the same epoch is taken for a
// repetition. We never send one: every transaction has an epoch of its own.
func TestEveryTransactionHasItsEpoch(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	broker := cluster.ListenAddrs()[0]
	p := exact(t, exactClient(t, broker), "A")
	seen := map[identity]bool{}
	for from := uint64(1); from < 10; from++ {
		if seen[p.shards[0].id] {
			t.Fatalf("identity %v is used twice", p.shards[0].id)
		}
		seen[p.shards[0].id] = true
		if from%3 == 0 {
			cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.OutOfOrderSequenceNumber})
		}
		if err := eventuallyProduced(t, p, events(from, 1)); err != nil {
			t.Fatal(err)
		}
	}
	wantCommitted(t, broker, eventValues(1, 9))
}

func TestLongTransactionHasManyBatches(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	broker := cluster.ListenAddrs()[0]
	p := exact(t, exactClient(t, broker), "A")
	entries := events(1, 5000)
	for i := range entries {
		entries[i].Record.Value = append(entries[i].Record.Value, bytes.Repeat([]byte{'x'}, 1000)...)
	}
	if err := p.Produce(t.Context(), 0, entries); err != nil {
		t.Fatal(err)
	}
	if got := committedValues(t, broker); len(got) != 5000 || !strings.HasPrefix(got[4999], "event 5000x") {
		t.Errorf("%d records arrived", len(got))
	}
}

func TestCheckpoints(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	client := exactClient(t, cluster.ListenAddrs()...)
	p := exact(t, client, "A")
	if err := p.Produce(t.Context(), 0, events(1, 3)); err != nil {
		t.Fatal(err)
	}
	checkpoints := func() (out []string) {
		for _, m := range tailAll(t, client, schemas.Lifecycles, Beginning) {
			l, err := schemas.ParseLifecycle(m.Value)
			if err != nil || l.Type != schemas.ShardCheckpoint {
				t.Fatalf("%s: %v", m.Value, err)
			}
			out = append(out, string(l.Details))
		}
		return out
	}
	if got := checkpoints(); len(got) != 0 {
		t.Errorf("checkpoints before their time: %q", got)
	}
	// Five minutes later, without a further event.
	p.shards[0].progress.Checkpoint.At = time.Now().Add(-checkpointEvery - time.Second)
	for range 2 {
		if err := p.Produce(t.Context(), 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	want := Chain{Digest: chainStart}
	for _, e := range events(1, 3) {
		want.add(eventID(&e.Record))
	}
	if got := checkpoints(); len(got) != 1 || got[0] != fmt.Sprintf(`{"shard":0,"count":3,"upTo":"%032x","digest":"%s"}`, 3, want.Digest) {
		t.Errorf("checkpoints are %q", got)
	}
	if err := p.Produce(t.Context(), 0, events(4, checkpointEvents)); err != nil {
		t.Fatal(err)
	}
	if got := checkpoints(); len(got) != 2 || !strings.Contains(got[1], fmt.Sprintf(`"count":%d,`, checkpointEvents+3)) {
		t.Errorf("checkpoints are %q", got)
	}
}

// The table of what a transaction does about an answer, a row each.
func TestJudgeTransaction(t *testing.T) {
	rows := map[then][]int{
		again:   {3, 5, 6, 7, 13, 14, 15, 16, 19, 20, 51, 56, 89},
		rebuild: {2, 10, 18, 29, 45, 46, 48, 49, 59, 87, 120},
		fenced:  {22, 25, 47, 82, 90},
		give:    {31, 35, 43, 50, 53},
		unknown: {-1, 52, 121},
	}
	for want, list := range rows {
		for _, code := range list {
			if v := judge(kafka.Error(code)); v.then != want || v.fatal != (want == give) {
				t.Errorf("code %d: then %d, fatal %v, want %d", code, v.then, v.fatal, want)
			}
		}
	}
	for _, err := range []error{context.DeadlineExceeded, fmt.Errorf("x: %w", context.DeadlineExceeded)} {
		if v := judge(err); v.then != unknown {
			t.Errorf("%v: then %d, want unknown", err, v.then)
		}
	}
	if v := judge(errors.New("connection reset")); v.then != again {
		t.Errorf("a broken connection: then %d, want again", v.then)
	}
}

func TestStampCountsOn(t *testing.T) {
	if got := nextSequence(2147483646, 3); got != 1 {
		t.Errorf("sequence after 2147483646 and 3 records is %d, want 1", got)
	}
	b, err := encodeBatch(events(1, 3), true)
	if err != nil {
		t.Fatal(err)
	}
	first := slices.Clone(b.raw)
	b.stamp(identity{7, 3}, 11)
	if bytes.Equal(first, b.raw) {
		t.Error("the stamp changed nothing")
	}
	b.stamp(nobody, -1)
	if !bytes.Equal(first, b.raw) {
		t.Error("a stamp with nobody's identity is not what the encoder wrote")
	}
}

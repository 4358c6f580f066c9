package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/portdelta/portdelta/schemas"
)

// transactions writes committed and aborted transactions in turn with the
// independent client, and returns the values a read_committed reader must see.
func transactions(t *testing.T, broker string, topic schemas.Topic, partitions, rounds int) []string {
	t.Helper()
	writer := independent(t, broker, kgo.TransactionalID(t.Name()), kgo.DefaultProduceTopic(topic.Name("test")), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	var want []string
	for i := range rounds {
		if err := writer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		var records []*kgo.Record
		for j := range 10 {
			records = append(records, &kgo.Record{Partition: int32(j % partitions), Value: fmt.Appendf(nil, "round %d record %d", i, j)})
		}
		if err := writer.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		end := kgo.TransactionEndTry(i%2 == 0)
		if end == kgo.TryCommit {
			for _, r := range records {
				want = append(want, string(r.Value))
			}
		}
		if err := writer.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	return want
}

func sortedValues(messages []Message) []string {
	out := values(messages)
	slices.Sort(out)
	return out
}

// kafka-go hands out the records of aborted transactions and their markers:
// that is why Tail has a filter of its own.
func TestTailShowsCommittedOnly(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 3)
	want := transactions(t, cluster.ListenAddrs()[0], schemas.Changes, 3, 7)
	if got := sortedValues(tailAll(t, client, schemas.Changes, Beginning)); !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestTailFrom(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 1)
	entries := testEntries(schemas.Changes, 0, 5)
	for i := range entries {
		entries[i].Record.Time = testTime.Add(time.Duration(i) * time.Minute)
		if err := NewProducer(client).Produce(t.Context(), 0, entries[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		from Start
		want []string
	}{
		"beginning":   {Beginning, []string{"changes 0", "changes 1", "changes 2", "changes 3", "changes 4"}},
		"end":         {End, nil},
		"a time":      {At(testTime.Add(3 * time.Minute)), []string{"changes 3", "changes 4"}},
		"between":     {At(testTime.Add(150 * time.Second)), []string{"changes 3", "changes 4"}},
		"too late":    {At(testTime.Add(time.Hour)), nil},
		"before 1970": {At(time.Unix(-5, 0)), []string{"changes 0", "changes 1", "changes 2", "changes 3", "changes 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := values(tailAll(t, client, schemas.Changes, test.from)); !slices.Equal(got, test.want) {
				t.Errorf("read %q, want %q", got, test.want)
			}
		})
	}
}

// follow tails in the background until stop, which returns what it returned.
func follow(t *testing.T, client *Client, options TailOptions, fn func(Message) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- client.Tail(ctx, options, fn) }()
	return func() error {
		cancel()
		return <-done
	}
}

func receive(t *testing.T, messages <-chan Message, n int) []Message {
	t.Helper()
	var got []Message
	deadline := time.After(20 * time.Second)
	for len(got) < n {
		select {
		case m := <-messages:
			got = append(got, m)
		case <-deadline:
			t.Fatalf("%d of %d records came: %q", len(got), n, values(got))
		}
	}
	return got
}

// Tail goes on over a move of the leader, and where retention was faster.
func TestTailFollows(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(3))
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 1)
	name := schemas.Changes.Name("test")
	writer := independent(t, cluster.ListenAddrs()[0], kgo.DefaultProduceTopic(name))
	write := func(value string) {
		t.Helper()
		if err := writer.ProduceSync(t.Context(), kgo.StringRecord(value)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	core, logs := observer.New(zapcore.DebugLevel)
	messages := make(chan Message, 100)
	write("a")
	stop := follow(t, client, TailOptions{Topic: schemas.Changes, From: Beginning, Logger: zap.New(core)}, func(m Message) error {
		messages <- m
		return nil
	})
	receive(t, messages, 1)
	if err := cluster.MoveTopicPartition(name, 0, (cluster.LeaderFor(name, 0)+1)%3); err != nil {
		t.Fatal(err)
	}
	write("b")
	if got := receive(t, messages, 1); string(got[0].Value) != "b" || got[0].Offset != 1 {
		t.Errorf("after the move: %+v, want b at 1", got[0])
	}

	if err := cluster.DeleteRecords(name, 0, 1); err != nil {
		t.Fatal(err)
	}
	lost := cluster.Fault(kfake.Fault{Topic: name, Err: kerr.OffsetOutOfRange, When: isFetch})
	if err := lost.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	write("c")
	if got := values(receive(t, messages, 2)); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("after retention: %q, want the oldest, b, and c", got)
	}
	if err := stop(); err != nil {
		t.Errorf("Tail: %v", err)
	}
	if n := logs.FilterMessageSnippet("reading goes on at the oldest").Len(); n != 1 {
		t.Errorf("%d lines tell of what was lost, want 1", n)
	}
}

func TestTailEndsWithItsReader(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 4)
	for partition := range 4 {
		if err := NewProducer(client).Produce(t.Context(), partition, testEntries(schemas.Changes, partition, 50)); err != nil {
			t.Fatal(err)
		}
	}
	enough := errors.New("enough")
	count := 0
	err := client.Tail(t.Context(), TailOptions{Topic: schemas.Changes, From: Beginning, Logger: zap.NewNop()}, func(Message) error {
		if count++; count == 7 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || count != 7 {
		t.Errorf("Tail = %v after %d calls, want %v after 7", err, count, enough)
	}
}

func TestTailKeepsPartitionOrder(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 4)
	for partition := range 4 {
		if err := NewProducer(client).Produce(t.Context(), partition, testEntries(schemas.Changes, partition, 50)); err != nil {
			t.Fatal(err)
		}
	}
	next := make(map[int]int64)
	for _, m := range tailAll(t, client, schemas.Changes, Beginning) {
		if m.Offset != next[m.Partition] {
			t.Fatalf("partition %d gave offset %d, want %d", m.Partition, m.Offset, next[m.Partition])
		}
		next[m.Partition]++
	}
	for partition := range 4 {
		if next[partition] != 50 {
			t.Errorf("partition %d gave %d records, want 50", partition, next[partition])
		}
	}
}

// A compacted topic has holes, also where a whole batch was: reading goes over
// them and finds the last value of every key.
func TestTailReadsCompactedTopics(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 1)
	want := make(map[string]string)
	written := 0
	for round := range 6 {
		entries := testEntries(schemas.State, 0, 4)
		for i := range entries {
			r := &entries[i].Record
			r.Key = fmt.Sprint(i)
			if i == 2 && round%2 == 0 {
				r.Key = fmt.Sprint("of round ", round) // stays, in the middle of its batch
			}
			r.Value = fmt.Appendf(nil, "round %d record %d", round, i)
			want[r.Key] = string(r.Value)
			written++
		}
		if err := NewProducer(client).Produce(t.Context(), 0, entries); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Compact()
	messages := tailAll(t, client, schemas.State, Beginning)
	if len(messages) >= written {
		t.Fatal("nothing was compacted")
	}
	got := make(map[string]string)
	for _, m := range messages {
		got[string(m.Key)] = string(m.Value)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("last values (-want +got):\n%s", diff)
	}
}

func TestTailFailures(t *testing.T) {
	cluster := fakeCluster(t)
	for name, test := range map[string]struct {
		broker, class, hint string
	}{
		"no broker": {closedPort(t), ClassUnreachable, "bootstrap_servers"},
		"no topic":  {cluster.ListenAddrs()[0], ClassUnknownTopic, "portdelta topics check"},
	} {
		t.Run(name, func(t *testing.T) {
			err := newClient(t, test.broker).Tail(t.Context(), TailOptions{Topic: schemas.Changes, Logger: zap.NewNop()}, nil)
			failure, ok := errors.AsType[*Error](err)
			if !ok || failure.Class() != test.class || !strings.Contains(err.Error(), test.hint) {
				t.Errorf("Tail = %v, want class %s with %q", err, test.class, test.hint)
			}
		})
	}
	t.Run("no right", func(t *testing.T) {
		client := newClient(t, cluster.ListenAddrs()...)
		created(t, client, 1)
		cluster.Fault(kfake.Fault{Topic: schemas.State.Name("test"), Err: kerr.TopicAuthorizationFailed, When: isFetch})
		err := client.Tail(t.Context(), TailOptions{Topic: schemas.State, From: Beginning, Logger: zap.NewNop()}, nil)
		if failure, ok := errors.AsType[*Error](err); !ok || failure.Class() != ClassUnauthorized {
			t.Errorf("Tail = %v, want class %s", err, ClassUnauthorized)
		}
	})
}

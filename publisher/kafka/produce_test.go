package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

func TestRecordArrivesAsItIs(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 4)
	entries := []schemas.Entry{
		{Position: 1, Record: schemas.Record{Topic: schemas.State, Partition: 3, Key: "203.0.113.7|tcp|443", Value: []byte(`{"v":1}`), Time: testTime,
			Headers: []schemas.Header{{Key: "content-type", Value: "application/json"}, {Key: "empty", Value: ""}}}},
		{Position: 2, Record: schemas.Record{Topic: schemas.State, Partition: 3, Key: "203.0.113.7|tcp|443", Value: nil, Time: testTime}},
	}
	if err := NewProducer(client).Produce(t.Context(), 3, entries); err != nil {
		t.Fatal(err)
	}
	records := readAll(t, cluster.ListenAddrs()[0], schemas.State, 2)
	for i, r := range records {
		want := entries[i].Record
		var headers []schemas.Header
		for _, h := range r.Headers {
			headers = append(headers, schemas.Header{Key: h.Key, Value: string(h.Value)})
		}
		got := schemas.Record{Topic: want.Topic, Partition: int(r.Partition), Key: string(r.Key), Value: r.Value, Headers: headers, Time: r.Timestamp.UTC()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", i, diff)
		}
	}
	if records[1].Value != nil {
		t.Error("the tombstone has a value")
	}
}

// A stream larger than a batch arrives whole and in order, also on a topic whose
// limit is below ours.
func TestTooLargeBatchesAreSplit(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	name := schemas.Changes.Name("test")
	if err := cluster.CreateTopic(name, 1, map[string]string{"max.message.bytes": "3000"}); err != nil {
		t.Fatal(err)
	}
	entries := testEntries(schemas.Changes, 0, 200)
	for i := range entries {
		entries[i].Record.Value = append(bytes.Repeat([]byte{'x'}, 700), entries[i].Record.Value...)
	}
	if err := NewProducer(client).Produce(t.Context(), 0, entries); err != nil {
		t.Fatal(err)
	}
	for i, r := range readAll(t, cluster.ListenAddrs()[0], schemas.Changes, len(entries)) {
		if !bytes.Equal(r.Value, entries[i].Record.Value) {
			t.Fatalf("record %d is %.10q…, want that of position %d", i, r.Value, i+1)
		}
	}

	entries[150].Record.Value = random(4000)
	failure, ok := errors.AsType[*Error](NewProducer(client).Produce(t.Context(), 0, entries))
	if !ok || failure.Class() != ClassTooLarge || failure.Fatal() {
		t.Fatalf("Produce = %v, want class %s, not fatal", failure, ClassTooLarge)
	}
	if rest := failure.Rest(); len(rest) != 50 || rest[0].Position != 151 {
		t.Errorf("rest has %d entries, want the 50 from position 151 on", len(rest))
	}
	for _, want := range []string{"position 151", "kafka-configs.sh", name, "max.message.bytes=1048588"} {
		if !strings.Contains(failure.Error(), want) {
			t.Errorf("error %q lacks %q", failure, want)
		}
	}
}

// One topic's failure leaves the others acknowledged, and Rest says which is which.
func TestRestIsWhatIsNotAcknowledged(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 1)
	cluster.Fault(kfake.Fault{Topic: schemas.State.Name("test"), Err: kerr.TopicAuthorizationFailed, When: isProduce})
	var entries []schemas.Entry
	for i, topic := range []schemas.Topic{schemas.Changes, schemas.State, schemas.Changes, schemas.State, schemas.Lifecycles} {
		e := testEntries(topic, 0, 1)[0]
		e.Position = uint64(i + 1)
		entries = append(entries, e)
	}
	producer := NewProducer(client)
	failure, ok := errors.AsType[*Error](producer.Produce(t.Context(), 0, entries))
	if !ok || failure.Class() != ClassUnauthorized || failure.Fatal() {
		t.Fatalf("Produce = %v, want class %s, not fatal", failure, ClassUnauthorized)
	}
	if diff := cmp.Diff([]schemas.Entry{entries[1], entries[3]}, failure.Rest()); diff != "" {
		t.Errorf("rest (-want +got):\n%s", diff)
	}
	if err := producer.Produce(t.Context(), 0, failure.Rest()); err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[schemas.Topic]int{schemas.Changes: 2, schemas.State: 2, schemas.Lifecycles: 1} {
		if got := len(tailAll(t, client, topic, Beginning)); got != want {
			t.Errorf("%s has %d records, want %d", topic, got, want)
		}
	}
}

func TestFatalFailureComesBeforeOthers(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 1)
	cluster.Fault(
		kfake.Fault{Topic: schemas.Changes.Name("test"), Err: kerr.TopicAuthorizationFailed, When: isProduce},
		kfake.Fault{Topic: schemas.State.Name("test"), Err: kerr.ClusterAuthorizationFailed, When: isProduce},
	)
	entries := append(testEntries(schemas.Changes, 0, 1), testEntries(schemas.State, 0, 1)...)
	failure, ok := errors.AsType[*Error](NewProducer(client).Produce(t.Context(), 0, entries))
	if !ok || !failure.Fatal() || failure.Class() != ClassUnauthorized {
		t.Errorf("Produce = %v, want fatal %s", failure, ClassUnauthorized)
	}
	if len(failure.Rest()) != 2 {
		t.Errorf("rest has %d entries, want 2", len(failure.Rest()))
	}
}

// After a move of the leader the layout is learnt anew at once, not when the
// cache grows old, and the batch is sent again.
func TestLeaderMoves(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(3))
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 1)
	producer := NewProducer(client)
	name := schemas.Changes.Name("test")
	for i := range 4 {
		to := (cluster.LeaderFor(name, 0) + 1) % 3
		if err := cluster.MoveTopicPartition(name, 0, to); err != nil {
			t.Fatal(err)
		}
		client.refreshed = testTime // the pause between refreshes is long over
		if err := producer.Produce(t.Context(), 0, testEntries(schemas.Changes, 0, 1)); err != nil {
			t.Fatalf("move %d: Produce: %v", i, err)
		}
	}
	if got := len(tailAll(t, client, schemas.Changes, Beginning)); got != 4 {
		t.Errorf("the topic holds %d records, want 4", got)
	}
}

// Answers that are lost are asked for again, and the batch is stored once.
func TestLostAnswersDoNotDouble(t *testing.T) {
	proxy := newProxy(t)
	fakeCluster(t, kfake.NumBrokers(1), kfake.ListenFn(proxy.listen))
	client := newClient(t, proxy.addr)
	created(t, client, 1)
	producer := NewProducer(client)
	for i := range 3 {
		proxy.cut(int16(kmsg.Produce), false)
		if err := producer.Produce(t.Context(), 0, testEntries(schemas.Changes, 0, 2)); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	if got := len(tailAll(t, client, schemas.Changes, Beginning)); got != 6 {
		t.Errorf("the topic holds %d records, want 6", got)
	}
}

func TestProduceFailures(t *testing.T) {
	cluster := fakeCluster(t)
	for name, test := range map[string]struct {
		broker string
		class  string
	}{
		"no broker": {closedPort(t), ClassUnreachable},
		"no topic":  {cluster.ListenAddrs()[0], ClassUnknownTopic},
	} {
		t.Run(name, func(t *testing.T) {
			entries := testEntries(schemas.Changes, 0, 3)
			failure, ok := errors.AsType[*Error](NewProducer(newClient(t, test.broker)).Produce(t.Context(), 0, entries))
			if !ok || failure.Class() != test.class || failure.Fatal() {
				t.Fatalf("Produce = %v, want class %s, not fatal", failure, test.class)
			}
			if len(failure.Rest()) != 3 {
				t.Errorf("rest has %d entries, want 3", len(failure.Rest()))
			}
		})
	}
}

func TestNothingToProduce(t *testing.T) {
	if err := NewProducer(newClient(t, closedPort(t))).Produce(t.Context(), 0, nil); err != nil {
		t.Error(err)
	}
}

// Law: size is never below what kafka-go puts on the wire, so a batch that fits
// our limit is taken by a broker with its default one.
func TestSizeIsAnUpperBound(t *testing.T) {
	header := rapid.Custom(func(t *rapid.T) schemas.Header {
		return schemas.Header{Key: rapid.StringN(0, 20, 60).Draw(t, "key"), Value: rapid.StringN(0, 200, 600).Draw(t, "value")}
	})
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) schemas.Entry {
			return schemas.Entry{Record: schemas.Record{
				Key:     rapid.StringN(0, 50, 150).Draw(t, "key"),
				Value:   rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value"),
				Headers: rapid.SliceOfN(header, 0, 5).Draw(t, "headers"),
				Time:    testTime.AddDate(0, 0, rapid.IntRange(-1000, 1000).Draw(t, "day")),
			}}
		}), 1, 20).Draw(t, "entries")
		var records []kafka.Record
		for i := range entries {
			records = append(records, record(&entries[i].Record))
		}
		set := protocol.RecordSet{Version: 2, Records: kafka.NewRecordReader(records...)}
		var wire bytes.Buffer
		if _, err := set.WriteTo(&wire); err != nil {
			t.Fatal(err)
		}
		const sizePrefix = 4
		if got := wire.Len() - sizePrefix; got > size(entries) {
			t.Fatalf("%d bytes on the wire, size says %d", got, size(entries))
		}
		most := rapid.IntRange(1, 5000).Draw(t, "most")
		n := fit(entries, most)
		if n < 1 || n > 1 && size(entries[:n]) > most || n < len(entries) && size(entries[:n+1]) <= most {
			t.Fatalf("fit(%d) = %d of %d", most, n, len(entries))
		}
	})
}

func TestFullBatchesFitTheBroker(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	created(t, client, 1)
	var entries []schemas.Entry
	for total := 0; total < limits.PublishBytes.Max; {
		e := testEntries(schemas.Changes, 0, 1)[0]
		e.Position = uint64(len(entries) + 1)
		e.Record.Value = bytes.Repeat([]byte(fmt.Sprintf("%08d", len(entries))), limits.EventBytes.Max/8)
		total += len(e.Record.Value)
		entries = append(entries, e)
	}
	refused := cluster.Fault(kfake.Fault{Topic: schemas.Changes.Name("test"), Observe: true, Count: -1, When: isProduce})
	if err := NewProducer(client).Produce(t.Context(), 0, entries); err != nil {
		t.Fatal(err)
	}
	perBatch := limits.ProduceBytes.Max / limits.EventBytes.Max
	if got, want := refused.Hits(), (len(entries)+perBatch-1)/perBatch; got != want {
		t.Errorf("%d requests, want %d: none too large, none needless", got, want)
	}
	var got, want []string
	for _, r := range readAll(t, cluster.ListenAddrs()[0], schemas.Changes, len(entries)) {
		got = append(got, string(r.Value[:8]))
	}
	for _, e := range entries {
		want = append(want, string(e.Record.Value[:8]))
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

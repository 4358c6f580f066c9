//go:build unix

package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/kafkatest"
	"github.com/portdelta/portdelta/publisher"
	"github.com/portdelta/portdelta/schemas"
)

var (
	_ publisher.Producer = (*Producer)(nil)
	_ publisher.Failure  = (*Error)(nil)
)

// TestApacheKafka shows against the real broker what the other tests show against
// a fake one. The parts share a broker and run in this order.
func TestApacheKafka(t *testing.T) {
	broker := kafkatest.Start(t)
	t.Run("topics", func(t *testing.T) { apacheTopics(t, broker) })
	t.Run("partitions", func(t *testing.T) { apachePartitions(t, broker) })
	t.Run("committed", func(t *testing.T) { apacheCommitted(t, broker) })
	t.Run("outage", func(t *testing.T) { apacheOutage(t, broker) })
	t.Run("transactional", func(t *testing.T) { transactionalRules(t, exactClient(t, broker.Addr()), broker.Addr()) })
}

// apacheClient has a prefix of its own, so that the parts do not meet.
func apacheClient(t *testing.T, broker *kafkatest.Broker, prefix string, timeout time.Duration) *Client {
	t.Helper()
	client, err := New(Config{Brokers: []string{broker.Addr()}, Prefix: prefix, ClientID: "portdelta-test", RequestTimeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func apacheTopics(t *testing.T, broker *kafkatest.Broker) {
	client := apacheClient(t, broker, "topics", 0)
	plan := client.Plan(3, 1)
	faults, err := client.Check(t.Context(), plan)
	if err != nil || len(faults) != 3 || faults[0].Problem != "does not exist" {
		t.Fatalf("Check before Create = %v, %v, want three missing topics", faults, err)
	}
	wrong := client.Plan(2, 1)[:1]
	wrong[0].Settings = []Setting{{"cleanup.policy", "compact"}, {"max.message.bytes", "2000"}, {"message.timestamp.type", "LogAppendTime"}}
	for _, p := range [][]TopicSpec{wrong, plan} {
		if _, err := client.Create(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if faults, err = client.Check(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	var problems []string
	for _, fault := range faults {
		problems = append(problems, fault.Topic+" "+fault.Problem)
	}
	want := []string{
		"topics.changes.v1 has 2 partitions where topics.partitions says 3",
		`topics.changes.v1 has cleanup.policy="compact" where delete is needed`,
		`topics.changes.v1 has max.message.bytes="2000" where 1048588 is needed`,
		`topics.changes.v1 has message.timestamp.type="LogAppendTime" where CreateTime is needed`,
	}
	if !slices.Equal(problems, want) {
		t.Errorf("faults are %q, want %q", problems, want)
	}

	// One record that the narrow topic takes only alone, and one it never takes.
	entries := testEntries(schemas.Changes, 0, 4)
	for i := range entries {
		entries[i].Record.Value = random(1500)
	}
	if err := NewProducer(client).Produce(t.Context(), 0, entries); err != nil {
		t.Errorf("batch above max.message.bytes: %v", err)
	}
	entries[2].Record.Value = random(3000)
	failure, ok := errors.AsType[*Error](NewProducer(client).Produce(t.Context(), 0, entries))
	if !ok || failure.Class() != ClassTooLarge || len(failure.Rest()) != 2 {
		t.Errorf("record above max.message.bytes: %v, want %s and two left", failure, ClassTooLarge)
	}
}

// The partition we name is the one Java's own producer picks for the key, so a
// Java reader that partitions by key agrees with us.
func apachePartitions(t *testing.T, broker *kafkatest.Broker) {
	const partitions = 12
	hosts := []string{"203.0.113.7", "2001:db8::7", "www.example.com", "198.51.100.1", "xn--bcher-kva.example", "192.0.2.255"}
	for i := range 40 {
		hosts = append(hosts, fmt.Sprintf("198.51.100.%d", i+2))
	}
	ours, theirs := apacheClient(t, broker, "ours", 0), apacheClient(t, broker, "theirs", 0)
	var entries []schemas.Entry
	var lines strings.Builder
	for i, host := range hosts {
		entries = append(entries, schemas.Entry{Position: uint64(i + 1), Record: schemas.Record{
			Topic: schemas.Changes, Partition: schemas.Partition(host, partitions), Key: host, Value: []byte(host), Time: testTime}})
		fmt.Fprintf(&lines, "%s=%s\n", host, host)
	}
	for _, client := range []*Client{ours, theirs} {
		if _, err := client.Create(t.Context(), client.Plan(partitions, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := NewProducer(ours).Produce(t.Context(), 0, entries); err != nil {
		t.Fatal(err)
	}
	java := broker.Java(t.Context(), "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", broker.Addr(),
		"--topic", schemas.Changes.Name("theirs"), "--reader-property", "parse.key=true", "--reader-property", "key.separator==")
	java.Stdin = strings.NewReader(lines.String())
	if out, err := java.CombinedOutput(); err != nil {
		t.Fatalf("ConsoleProducer: %v\n%s", err, out)
	}
	where := func(client *Client) map[string]int {
		partition := make(map[string]int)
		for _, m := range tailAll(t, client, schemas.Changes, Beginning) {
			partition[string(m.Key)] = m.Partition
		}
		return partition
	}
	got, want := where(ours), where(theirs)
	for _, host := range hosts {
		if w, ok := want[host]; !ok || got[host] != w {
			t.Errorf("%s is in partition %d, Java says %d (%v)", host, got[host], w, ok)
		}
	}
}

func apacheCommitted(t *testing.T, broker *kafkatest.Broker) {
	client := apacheClient(t, broker, "test", 0)
	created(t, client, 3)
	want := transactions(t, broker.Addr(), schemas.Changes, 3, 6)
	if got := sortedValues(tailAll(t, client, schemas.Changes, Beginning)); !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}

	// What is not committed yet is not shown; UntilEnd does not wait for it.
	writer := independent(t, broker.Addr(), kgo.TransactionalID("open"), kgo.DefaultProduceTopic(schemas.Changes.Name("test")))
	if err := writer.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := writer.ProduceSync(t.Context(), kgo.StringRecord("of an open transaction")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if got := sortedValues(tailAll(t, client, schemas.Changes, Beginning)); !slices.Equal(got, want) {
		t.Errorf("with an open transaction: read %q, want %q", got, want)
	}
	if err := writer.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	if got := len(tailAll(t, client, schemas.Changes, Beginning)); got != len(want)+1 {
		t.Errorf("after its commit: %d records, want %d", got, len(want)+1)
	}
}

// A publisher lives through a broker that is frozen, stopped and started: nothing
// is lost, the order stands, and what comes twice comes with equal bytes.
func apacheOutage(t *testing.T, broker *kafkatest.Broker) {
	const shards = 3
	client := apacheClient(t, broker, "outage", 2*time.Second) // soon gives up on the frozen broker
	if _, err := client.Create(t.Context(), client.Plan(shards, 1)); err != nil {
		t.Fatal(err)
	}
	outbox := newMemoryOutbox(shards)
	p := publisher.New(outbox, NewProducer(client), publisher.Options{Shards: shards, Registerer: prometheus.NewRegistry(), Logger: zap.NewNop()})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- p.Run(ctx) }()
	reader := apacheClient(t, broker, "outage", 5*time.Second)
	messages := make(chan Message, 10_000)
	stop := follow(t, reader, TailOptions{Topic: schemas.Changes, From: Beginning, Logger: zap.NewNop()}, func(m Message) error {
		messages <- m
		return nil
	})
	unhealthy := func() {
		t.Helper()
		eventually(t, func() bool { ok, _, _ := p.Healthy(); return !ok })
	}

	outbox.commit(t, 100)
	eventually(t, func() bool { return outbox.left() == 0 })
	broker.Pause(t)
	outbox.commit(t, 100)
	unhealthy()
	broker.Resume(t)
	eventually(t, func() bool { return outbox.left() == 0 })
	broker.Stop(t)
	outbox.commit(t, 100)
	unhealthy()
	if _, _, class := p.Healthy(); class != ClassUnreachable && class != ClassTimeout && class != ClassNoLeader {
		t.Errorf("class of the outage is %q", class)
	}
	outbox.commit(t, 100)
	broker.Start(t)
	eventually(t, func() bool { return outbox.left() == 0 })
	eventually(t, func() bool { ok, _, _ := p.Healthy(); return ok })
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}

	all := tailAll(t, client, schemas.Changes, Beginning)
	outbox.check(t, all)
	// The reader lived through all of it, too.
	var followed []Message
	eventually(t, func() bool {
		for len(messages) > 0 {
			followed = append(followed, <-messages)
		}
		return len(followed) >= len(all) // copies and all
	})
	if err := stop(); err != nil {
		t.Errorf("Tail: %v", err)
	}
	outbox.check(t, followed)
}

// eventually waits for what another process brings about.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come about within 30 s")
		}
	}
}

// memoryOutbox stands in for the store.
type memoryOutbox struct {
	mu      sync.Mutex
	entries [][]schemas.Entry
	next    []uint64
	wake    []chan struct{}
}

func newMemoryOutbox(shards int) *memoryOutbox {
	o := &memoryOutbox{entries: make([][]schemas.Entry, shards), next: make([]uint64, shards)}
	for range shards {
		o.wake = append(o.wake, make(chan struct{}, 1))
	}
	return o
}

// commit appends n records to every shard, a few at a time.
func (o *memoryOutbox) commit(t *testing.T, n int) {
	t.Helper()
	for range n {
		o.mu.Lock()
		for shard := range o.entries {
			o.next[shard]++
			e := testEntries(schemas.Changes, shard, 1)[0]
			e.Position = o.next[shard]
			e.Record.Value = fmt.Appendf(nil, "shard %d position %d", shard, e.Position)
			e.Record.Time = testTime.Add(time.Duration(e.Position) * time.Millisecond) // each is a step of its own
			o.entries[shard] = append(o.entries[shard], e)
			select {
			case o.wake[shard] <- struct{}{}:
			default:
			}
		}
		o.mu.Unlock()
	}
}

func (o *memoryOutbox) Read(shard int, after uint64, maxRecords, _ int) ([]schemas.Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []schemas.Entry
	for _, e := range o.entries[shard] {
		if e.Position > after && len(out) < min(maxRecords, 20) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (o *memoryOutbox) Trim(shard int, upTo uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entries[shard] = slices.DeleteFunc(o.entries[shard], func(e schemas.Entry) bool { return e.Position <= upTo })
	return nil
}

func (o *memoryOutbox) Wake(shard int) <-chan struct{} { return o.wake[shard] }

func (o *memoryOutbox) left() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, entries := range o.entries {
		n += len(entries)
	}
	return n
}

// check sees that every record committed is there, in order once later copies
// are dropped; a copy that differed would be an unexpected value.
func (o *memoryOutbox) check(t *testing.T, messages []Message) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	next := make([]uint64, len(o.next))
	copies := 0
	for _, m := range messages {
		var shard int
		var position uint64
		if _, err := fmt.Sscanf(string(m.Value), "shard %d position %d", &shard, &position); err != nil || shard != m.Partition {
			t.Fatalf("partition %d holds %q", m.Partition, m.Value)
		}
		switch {
		case position == next[shard]+1:
			next[shard]++
		case position <= next[shard]:
			copies++
		default:
			t.Fatalf("shard %d: position %d came after %d", shard, position, next[shard])
		}
	}
	if !slices.Equal(next, o.next) {
		t.Errorf("the topic holds the shards up to %d, committed is %d", next, o.next)
	}
	t.Logf("%d records, %d copies", len(messages), copies)
}

package kafka

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeCluster is kfake with three brokers, for what can be made to fail on request.
func fakeCluster(t *testing.T, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

func newClient(t *testing.T, brokers ...string) *Client {
	t.Helper()
	client, err := New(Config{Brokers: brokers, Prefix: "test", ClientID: t.Name(), RequestTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// created makes the three topics with so many partitions.
func created(t *testing.T, client *Client, partitions int) {
	t.Helper()
	if _, err := client.Create(t.Context(), client.Plan(partitions, 1)); err != nil {
		t.Fatal(err)
	}
}

// independent is a client that shares no code with ours.
func independent(t *testing.T, broker string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(broker))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// readAll reads n records of a topic with the independent client.
func readAll(t *testing.T, broker string, topic schemas.Topic, n int) []*kgo.Record {
	t.Helper()
	client := independent(t, broker, kgo.ConsumeTopics(topic.Name("test")), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var records []*kgo.Record
	for len(records) < n {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", len(records), n, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

// tailAll reads a topic to its end with Tail.
func tailAll(t *testing.T, client *Client, topic schemas.Topic, from Start) []Message {
	t.Helper()
	var messages []Message
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	options := TailOptions{Topic: topic, From: from, UntilEnd: true, Logger: zap.NewNop()}
	if err := client.Tail(ctx, options, func(m Message) error {
		messages = append(messages, m)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatal("Tail did not come to the end")
	}
	return messages
}

func values(messages []Message) []string {
	var out []string
	for _, m := range messages {
		out = append(out, string(m.Value))
	}
	return out
}

var testTime = time.Date(2026, 11, 23, 15, 2, 11, 120e6, time.UTC)

// testEntries are n entries for one topic and partition.
func testEntries(topic schemas.Topic, partition, n int) []schemas.Entry {
	entries := make([]schemas.Entry, n)
	for i := range entries {
		entries[i] = schemas.Entry{Position: uint64(i + 1), Record: schemas.Record{
			Topic:     topic,
			Partition: partition,
			Key:       "203.0.113.7",
			Value:     fmt.Appendf(nil, "%s %d", topic, i),
			Time:      testTime,
		}}
	}
	return entries
}

// random bytes have nothing to compress.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// closedPort is an address nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func isFetch(request kmsg.Request) bool {
	_, ok := request.(*kmsg.FetchRequest)
	return ok
}

// isProduce keeps a fault from the metadata requests that kafka-go sends between.
func isProduce(request kmsg.Request) bool {
	_, ok := request.(*kmsg.ProduceRequest)
	return ok
}

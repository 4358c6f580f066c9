//go:build unix

package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/publisher/kafka/embedded"
)

func broker(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 1, 1, "broker VAR")
	folder, err := os.MkdirTemp(ts.Getenv("WORK"), "broker-")
	ts.Check(err)
	b, err := embedded.Start(embedded.Options{Path: folder, Listen: "127.0.0.1:0", Logger: zap.NewNop()})
	ts.Check(err)
	ts.Defer(func() {
		if err := b.Close(); err != nil {
			ts.Logf("broker: %v", err)
		}
	})
	ts.Setenv(args[0], b.Addr())
}

func topic(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 4, 4, "topic ADDR NAME PARTITIONS CLEANUP")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := &kafka.Client{Addr: kafka.TCP(args[0])}
	answer, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: args[1], NumPartitions: number(ts, args[2]), ReplicationFactor: 1,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: args[3]}},
	}}})
	ts.Check(err)
	ts.Check(answer.Errors[args[1]])
}

// produce takes the time of a record from its event, as the publisher does. A
// value of - is a tombstone.
func produce(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 3, 3, "produce ADDR TOPIC FILE")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(args[0]), kgo.DefaultProduceTopic(args[1]))
	ts.Check(err)
	defer client.Close()
	for line := range strings.Lines(ts.ReadFile(args[2])) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		record := &kgo.Record{Key: []byte(key), Value: []byte(value)}
		if value == "-" {
			record.Value = nil
		}
		var event struct {
			Time struct{ Detected time.Time }
		}
		if json.Unmarshal(record.Value, &event) == nil {
			record.Timestamp = event.Time.Detected
		}
		ts.Check(client.ProduceSync(ctx, record).FirstErr())
	}
}

package kafka

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/portdelta/portdelta/schemas"
)

// realEvents are whole change events, of which one is larger than the others.
func realEvents(t *testing.T, n, large int) []schemas.Entry {
	t.Helper()
	data, err := os.ReadFile("../../schemas/examples/port.opened.json")
	if err != nil {
		t.Fatal(err)
	}
	var entries []schemas.Entry
	for i := range n {
		e, err := schemas.ParseEvent(data)
		if err != nil {
			t.Fatal(err)
		}
		e.Seq = uint64(i + 1)
		if i == large {
			var after map[string]any
			if err := json.Unmarshal(e.After, &after); err != nil {
				t.Fatal(err)
			}
			after["status"] = fmt.Sprintf("%x", random(6000))
			if e.After, err = schemas.Raw(after); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Seal(testSource); err != nil {
			t.Fatal(err)
		}
		r, err := e.Record(testSource, 1)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, schemas.Entry{Position: uint64(i + 1), Record: r})
	}
	return entries
}

// A record the topic does not take goes out without its values, and seq has no gap.
func TestRefusedRecordGoesOutCut(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	client := exactClient(t, cluster.ListenAddrs()...)
	if err := cluster.CreateTopic(schemas.Changes.Name("exact"), 1, map[string]string{"max.message.bytes": "5000"}); err != nil {
		t.Fatal(err)
	}
	p := exact(t, client, "A")
	var told []string
	p.Refused = func(id, class string) { told = append(told, id+" "+class) }
	entries := realEvents(t, 30, 17)
	if err := eventuallyProduced(t, p, entries); err != nil {
		t.Fatal(err)
	}
	id := eventID(&entries[17].Record)
	if !slices.Equal(told, []string{id + " too_large"}) {
		t.Errorf("told of %q", told)
	}
	messages := tailAll(t, client, schemas.Changes, Beginning)
	if len(messages) != 30 {
		t.Fatalf("%d events arrived", len(messages))
	}
	for i, m := range messages {
		e, err := schemas.ParseEvent(m.Value)
		if err != nil || e.Seq != uint64(i+1) || e.ID != eventID(&entries[i].Record) || e.IsCut() != (i == 17) {
			t.Errorf("event %d is %s: %v", i, m.Value, err)
		}
	}
	// The next transaction is whole again.
	if p.shards[0].refused != nil || p.shards[0].most < 100_000 {
		t.Errorf("after the transaction: %d refused, batches of %d", len(p.shards[0].refused), p.shards[0].most)
	}
}

// What cannot be cut blocks the shard, and the error says what to mend.
func TestRefusedStateRecordBlocks(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	p := exact(t, exactClient(t, cluster.ListenAddrs()...), "A")
	fault := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: schemas.State.Name("exact"), Err: kerr.PolicyViolation, Count: -1})
	entries := testEntries(schemas.State, 0, 1)
	var err error
	for range 3 {
		err = p.Produce(t.Context(), 0, entries)
	}
	if err == nil || !strings.Contains(err.Error(), "rejected") || !strings.Contains(err.Error(), "kafka-configs.sh") {
		t.Errorf("Produce = %v", err)
	}
	fault.Remove()
	if err := eventuallyProduced(t, p, entries); err != nil {
		t.Fatal(err)
	}
}

package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/publisher"
	"github.com/portdelta/portdelta/publisher/kafka"
	"github.com/portdelta/portdelta/schemas"
)

const takenHost = hostport.Host("203.0.113.7")

var takenAt = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// owner is one instance without its poller.
type owner struct {
	*takeOver
	publish *publisher.Publisher
}

// openOwner opens a store and what publishes it, on topics of one partition.
func openOwner(t *testing.T, broker, path string) *owner {
	t.Helper()
	source := schemas.Source("test", "graph")
	client, err := kafka.New(kafka.Config{Brokers: []string{broker}, Prefix: "test", ClientID: "test", ExactlyOnce: true, RequestTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if _, err := client.Create(t.Context(), client.Plan(1, 1)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(path, store.Options{Shards: 1, Source: source})
	if err != nil {
		t.Fatal(err)
	}
	o := &owner{takeOver: &takeOver{store: s, kafka: client, log: zap.NewNop(),
		exact: kafka.NewTransactional(client, 1, kafka.Owner{Source: source, Incarnation: s.Incarnation(), Instance: path}),
		detector: &detect.Detector{Store: s, Shards: 1, Source: source, Policy: diff.DefaultPolicy(),
			Metrics: detect.NewMetrics(prometheus.NewRegistry()), Engine: true}}}
	o.publish = publisher.New(s, o.exact, publisher.Options{Shards: 1, Registerer: prometheus.NewRegistry(), Logger: zap.NewNop()})
	t.Cleanup(o.crash)
	return o
}

// crash ends the instance; nothing is sent any more.
func (o *owner) crash() {
	if err := o.store.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
		panic(err)
	}
}

func (o *owner) take(t *testing.T) {
	t.Helper()
	if err := o.all(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// look has the host list these open ports, all scanned so many hours later.
func (o *owner) look(t *testing.T, hours int, numbers ...uint16) {
	t.Helper()
	at := takenAt.Add(time.Duration(hours) * time.Hour)
	snapshot := hostport.Snapshot{Host: takenHost, At: at, Result: hostport.Ports, Proof: hostport.Single,
		Paging: hostport.Paging{Pages: 1, Count: len(numbers), Distinct: len(numbers)}}
	for _, n := range numbers {
		snapshot.Ports = append(snapshot.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: n}, ID: fmt.Sprint(n),
			Status: hostport.Open, FirstSeen: takenAt, LastSeen: at, LastScan: at})
	}
	asks, err := o.detector.Handle(t.Context(), snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if len(asks) == 0 {
		return
	}
	for _, a := range asks {
		snapshot.Answers = append(snapshot.Answers, hostport.Answer{Ask: a, Verdict: hostport.NotFound})
	}
	if _, err := o.detector.Handle(t.Context(), snapshot); err != nil {
		t.Fatal(err)
	}
}

func (o *owner) drain(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return o.publish.Drain(ctx)
}

func (o *owner) published(t *testing.T) {
	t.Helper()
	if err := o.drain(t); err != nil {
		t.Fatal(err)
	}
}

// events are the change events as a read_committed reader sees them: seq, type and port.
func (o *owner) events(t *testing.T) (out []string) {
	t.Helper()
	err := o.kafka.ReadPartition(t.Context(), schemas.Changes, 0, func(m kafka.Message) error {
		e, err := schemas.ParseEvent(m.Value)
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%d %s", e.Seq, e.Type)
		if e.Port != nil {
			line += fmt.Sprintf(" %d", e.Port.Number)
		}
		out = append(out, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (o *owner) lifecycle(t *testing.T, typ schemas.Type) (out []string) {
	t.Helper()
	err := o.kafka.ReadPartition(t.Context(), schemas.Lifecycles, 0, func(m kafka.Message) error {
		l, err := schemas.ParseLifecycle(m.Value)
		if err == nil && l.Type == typ {
			out = append(out, string(l.Details))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantEvents(t *testing.T, o *owner, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, o.events(t)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func broker(t *testing.T) string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()[0]
}

// The one way to break exactly-once that no fence catches: A dies with a full
// outbox, B takes over and publishes, A comes back. A's outbox was decided from a
// state that is no longer the one readers were told.
func TestStaleOutboxAfterTakeOver(t *testing.T) {
	kafkaAt, dir := broker(t), t.TempDir()
	a := openOwner(t, kafkaAt, filepath.Join(dir, "a"))
	a.take(t)
	a.look(t, 0, 80)
	a.look(t, 1, 80, 443)
	a.published(t)
	wantEvents(t, a, "1 port.opened 443")
	for hour := 2; hour < 20; hour++ { // never published: seq 2 and on
		a.look(t, hour, 80, 443, uint16(1000+hour))
	}
	a.crash()

	b := openOwner(t, kafkaAt, filepath.Join(dir, "b"))
	b.take(t)
	if got := b.lifecycle(t, schemas.StateRestored); len(got) != 0 {
		t.Errorf("told before it is published: %q", got)
	}
	b.look(t, 21, 80, 443, 8443)
	b.published(t)
	wantEvents(t, b, "1 port.opened 443", "2 port.opened 8443")
	b.crash()

	again := openOwner(t, kafkaAt, filepath.Join(dir, "a"))
	again.take(t)
	again.published(t)
	wantEvents(t, again, "1 port.opened 443", "2 port.opened 8443") // nothing of the old outbox
	again.look(t, 22, 80, 443, 8443, 22)
	again.published(t)
	wantEvents(t, again, "1 port.opened 443", "2 port.opened 8443", "3 port.opened 22")
	restored := again.lifecycle(t, schemas.StateRestored)
	if len(restored) != 2 || !strings.HasPrefix(restored[1], `{"shard":0,"hosts":1,"why":"another_owner",`) {
		t.Errorf("state.restored: %q", restored)
	}
}

// A start after a crash trusts its own store: what was published is not sent
// again, what was not is.
func TestOwnStoreIsTrusted(t *testing.T) {
	kafkaAt, dir := broker(t), t.TempDir()
	a := openOwner(t, kafkaAt, filepath.Join(dir, "a"))
	a.look(t, 0, 80) // committed before anything was ever published
	a.take(t)
	a.published(t)
	a.look(t, 1, 80, 443)
	a.crash()
	for range 2 {
		again := openOwner(t, kafkaAt, filepath.Join(dir, "a"))
		again.take(t)
		again.published(t)
		wantEvents(t, again, "1 port.opened 443")
		if got := again.lifecycle(t, schemas.StateRestored); len(got) > 0 {
			t.Errorf("restored without need: %q", got)
		}
		again.crash()
	}
}

// A store that published at least once so far goes on from where it is.
func TestStoreOfAtLeastOnceGoesOn(t *testing.T) {
	kafkaAt, dir := broker(t), filepath.Join(t.TempDir(), "a")
	a := openOwner(t, kafkaAt, dir)
	a.publish = publisher.New(a.store, kafka.NewProducer(a.kafka), publisher.Options{Shards: 1, Registerer: prometheus.NewRegistry(), Logger: zap.NewNop()})
	a.detector.Engine = false
	a.look(t, 0, 80)
	a.look(t, 1, 80, 443)
	a.published(t)
	a.look(t, 2, 80, 443, 22) // not sent any more
	a.crash()
	a = openOwner(t, kafkaAt, dir)
	a.take(t)
	a.published(t)
	wantEvents(t, a, "1 port.opened 443", "2 port.opened 22")
	a.look(t, 3, 80, 443, 22) // brings the engine record
	a.published(t)
	a.crash()

	// At least once again for a while, and back.
	a = openOwner(t, kafkaAt, dir)
	a.publish = publisher.New(a.store, kafka.NewProducer(a.kafka), publisher.Options{Shards: 1, Registerer: prometheus.NewRegistry(), Logger: zap.NewNop()})
	a.look(t, 3, 80, 443, 22, 25)
	a.published(t)
	a.crash()
	a = openOwner(t, kafkaAt, dir)
	a.take(t)
	if got := a.lifecycle(t, schemas.StateRestored); len(got) > 0 {
		t.Errorf("the store's own state was dropped: %q", got)
	}
	a.published(t)
	a.crash()
	b := openOwner(t, kafkaAt, dir+"-2")
	b.take(t)
	b.look(t, 4, 80, 443, 22, 25, 8443)
	b.published(t)
	wantEvents(t, b, "1 port.opened 443", "2 port.opened 22", "3 port.opened 25", "4 port.opened 8443")
}

// What a store is not trusted for, and what becomes of it.
func TestStoreIsRestored(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, dir string) // the folder of A's store, between two runs
		why   string
	}{
		"lost": {func(t *testing.T, dir string) { must(t, os.RemoveAll(dir)) }, "another_owner"},
		"an older copy": {func(t *testing.T, dir string) {
			must(t, os.RemoveAll(dir))
			must(t, os.Rename(dir+".old", dir))
		}, "store_differs"},
	} {
		t.Run(name, func(t *testing.T) {
			kafkaAt, dir := broker(t), filepath.Join(t.TempDir(), "a")
			a := openOwner(t, kafkaAt, dir)
			a.take(t)
			a.look(t, 0, 80)
			a.published(t)
			a.crash()
			must(t, os.CopyFS(dir+".old", os.DirFS(dir)))
			a = openOwner(t, kafkaAt, dir)
			a.take(t)
			a.look(t, 1, 80, 443)
			a.published(t)
			a.crash()
			test.spoil(t, dir)
			a = openOwner(t, kafkaAt, dir)
			a.take(t)
			a.look(t, 2, 80, 443, 22)
			a.published(t)
			wantEvents(t, a, "1 port.opened 443", "2 port.opened 22")
			got := a.lifecycle(t, schemas.StateRestored)
			if len(got) != 1 || !strings.Contains(got[0], `"hosts":1,"why":"`+test.why+`"`) {
				t.Errorf("state.restored: %q", got)
			}
			// A first look after it confirms no loss.
			a.look(t, 3, 80, 443, 22)
			wantEvents(t, a, "1 port.opened 443", "2 port.opened 22")
		})
	}
}

// A copy of the folder that ran on by itself holds something else where the
// published outbox ends, though positions and incarnation agree.
func TestCopyThatRanOnIsRestored(t *testing.T) {
	kafkaAt, dir := broker(t), filepath.Join(t.TempDir(), "a")
	a := openOwner(t, kafkaAt, dir)
	a.take(t)
	a.look(t, 0, 80)
	a.published(t)
	a.crash()
	must(t, os.CopyFS(dir+".copy", os.DirFS(dir)))
	a = openOwner(t, kafkaAt, dir)
	a.take(t)
	a.look(t, 1, 80, 443)
	a.published(t)
	a.crash()
	copied := openOwner(t, kafkaAt, dir+".copy")
	copied.look(t, 1, 80, 22)
	copied.look(t, 2, 80, 22, 23)
	copied.take(t)
	copied.published(t)
	wantEvents(t, copied, "1 port.opened 443")
	if got := copied.lifecycle(t, schemas.StateRestored); len(got) != 1 || !strings.Contains(got[0], "store_differs") {
		t.Errorf("state.restored: %q", got)
	}
}

// A crash in the middle of a restore leaves a claim that says so.
func TestRestoreCutShortBeginsAnew(t *testing.T) {
	kafkaAt, dir := broker(t), t.TempDir()
	a := openOwner(t, kafkaAt, filepath.Join(dir, "a"))
	a.take(t)
	a.look(t, 0, 80)
	a.look(t, 1, 80, 443)
	a.published(t)
	a.crash()
	b := openOwner(t, kafkaAt, filepath.Join(dir, "b"))
	if _, err := b.exact.Take(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := b.exact.Claim(t.Context(), 0, 0, false); err != nil {
		t.Fatal(err)
	}
	b.crash() // claimed, and nothing restored
	b = openOwner(t, kafkaAt, filepath.Join(dir, "b"))
	b.take(t)
	b.look(t, 2, 80, 443, 22)
	b.published(t)
	wantEvents(t, b, "1 port.opened 443", "2 port.opened 22")
	if got := b.lifecycle(t, schemas.StateRestored); len(got) != 1 || !strings.Contains(got[0], `"unfinished"`) {
		t.Errorf("state.restored: %q", got)
	}
}

// The same, by a broker that lets nobody read the engine topic for a while.
func TestRestoreThatFailsBeginsAnew(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	kafkaAt, dir := cluster.ListenAddrs()[0], t.TempDir()
	a := openOwner(t, kafkaAt, filepath.Join(dir, "a"))
	a.take(t)
	a.look(t, 0, 80)
	a.look(t, 1, 80, 443)
	a.published(t)
	a.crash()
	b := openOwner(t, kafkaAt, filepath.Join(dir, "b"))
	fault := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: schemas.Engine.Name("test"), Err: kerr.TopicAuthorizationFailed, Count: -1})
	if err := b.all(t.Context()); err == nil || !strings.Contains(err.Error(), "unauthorized") {
		t.Fatalf("take over = %v", err)
	}
	b.crash()
	fault.Remove()
	b = openOwner(t, kafkaAt, filepath.Join(dir, "b"))
	b.take(t)
	b.look(t, 2, 80, 443, 22)
	b.published(t)
	wantEvents(t, b, "1 port.opened 443", "2 port.opened 22")
}

// A former owner that lives is told by whom it is fenced, and publishes nothing.
func TestFormerOwnerIsFenced(t *testing.T) {
	kafkaAt, dir := broker(t), t.TempDir()
	a := openOwner(t, kafkaAt, filepath.Join(dir, "a"))
	a.take(t)
	a.look(t, 0, 80)
	a.published(t)
	b := openOwner(t, kafkaAt, filepath.Join(dir, "b"))
	b.take(t)
	a.look(t, 1, 80, 443)
	err := a.drain(t)
	if failure, ok := errors.AsType[*kafka.Error](err); !ok || !failure.Fatal() || failure.Class() != kafka.ClassFenced || !strings.Contains(err.Error(), filepath.Join(dir, "b")) {
		t.Errorf("the former owner's drain = %v, want to be told by whom it is fenced", err)
	}
	b.look(t, 2, 80, 443)
	b.published(t)
	wantEvents(t, b, "1 port.opened 443")
}

// Without an engine topic there is nothing to restore: new epochs, and the blind
// window is named.
func TestNothingToRestore(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	kafkaAt, dir := cluster.ListenAddrs()[0], t.TempDir()
	a := openOwner(t, kafkaAt, filepath.Join(dir, "a"))
	a.take(t)
	a.look(t, 0, 80)
	a.published(t)
	a.crash()
	must(t, cluster.DeleteTopic(schemas.Engine.Name("test")))
	b := openOwner(t, kafkaAt, filepath.Join(dir, "b"))
	b.take(t)
	b.look(t, 1, 80, 443)
	b.published(t)
	wantEvents(t, b) // a new baseline
	if got := b.lifecycle(t, schemas.StateReset); len(got) != 1 || !strings.Contains(got[0], `"why":"engine_topic_empty"`) {
		t.Errorf("state.reset: %q", got)
	}
	if got := b.lifecycle(t, schemas.BaselineCompleted); len(got) != 2 || !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, `"open":2`) }) {
		t.Errorf("baselines: %q", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package publisher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portdelta/portdelta/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeOutbox is an outbox in memory. It notes misuse instead of failing the
// test, since it is called from goroutines that are not the test's.
type fakeOutbox struct {
	mu      sync.Mutex
	entries [][]schemas.Entry
	next    []uint64
	wake    []chan struct{}
	readErr error
	trimErr error
	keep    bool // Trim is lost, as in a crash before it is durable
	trimmed []uint64
}

func newFakeOutbox(shards int) *fakeOutbox {
	o := &fakeOutbox{entries: make([][]schemas.Entry, shards), next: make([]uint64, shards), trimmed: make([]uint64, shards)}
	for range shards {
		o.wake = append(o.wake, make(chan struct{}, 1))
	}
	return o
}

// commit appends n records that go round the topics.
func (o *fakeOutbox) commit(shard, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	topics := []schemas.Topic{schemas.Changes, schemas.State, schemas.Lifecycles}
	for range n {
		o.next[shard]++
		position := o.next[shard]
		o.entries[shard] = append(o.entries[shard], schemas.Entry{Position: position, Record: schemas.Record{
			Topic:     topics[position%3],
			Partition: shard,
			Key:       fmt.Sprintf("192.0.2.%d", shard),
			Value:     fmt.Appendf(nil, "record %d of shard %d", position, shard),
			Time:      time.UnixMilli(int64(position)).UTC(), // each is a step of its own
		}})
	}
	select {
	case o.wake[shard] <- struct{}{}:
	default:
	}
}

func (o *fakeOutbox) Read(shard int, after uint64, maxRecords, _ int) ([]schemas.Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.readErr != nil {
		return nil, o.readErr
	}
	var out []schemas.Entry
	for _, e := range o.entries[shard] {
		if e.Position > after && len(out) < maxRecords {
			out = append(out, e)
		}
	}
	return out, nil
}

func (o *fakeOutbox) Trim(shard int, upTo uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trimErr != nil {
		return o.trimErr
	}
	o.trimmed[shard] = upTo
	for !o.keep && len(o.entries[shard]) > 0 && o.entries[shard][0].Position <= upTo {
		o.entries[shard] = o.entries[shard][1:]
	}
	return nil
}

func (o *fakeOutbox) Wake(shard int) <-chan struct{} { return o.wake[shard] }

func (o *fakeOutbox) left(shard int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.entries[shard])
}

// outcome is how one call of Produce goes.
type outcome int

const (
	stored         outcome = iota // and acknowledged
	lost                          // nothing stored, plain error
	storedSilent                  // everything stored, plain error
	partly                        // every second topic stored in full, plain error
	partlyHonest                  // the first half stored, and Rest says so
	refusedForGood                // fatal
	outcomes
)

// fakeProducer stores records per topic and misbehaves as told.
type fakeProducer struct {
	mu    sync.Mutex
	plan  []outcome // of the next calls; then all are stored
	down  bool      // every call is lost while set
	gate  chan struct{}
	log   map[schemas.Topic][]schemas.Entry
	calls []int // sizes
	busy  map[int]bool
	idle  int   // calls without entries
	fault error // misuse
}

func newFakeProducer(plan ...outcome) *fakeProducer {
	return &fakeProducer{plan: plan, log: make(map[schemas.Topic][]schemas.Entry), busy: make(map[int]bool)}
}

type failure struct {
	fatal bool
	rest  []schemas.Entry
}

func (f *failure) Error() string         { return "failure" }
func (f *failure) Class() string         { return "test" }
func (f *failure) Fatal() bool           { return f.fatal }
func (f *failure) Rest() []schemas.Entry { return f.rest }

func (p *fakeProducer) Produce(ctx context.Context, shard int, entries []schemas.Entry) error {
	p.mu.Lock()
	if len(entries) == 0 {
		p.idle++
		p.mu.Unlock()
		return nil
	}
	if p.busy[shard] {
		p.fault = errors.New("two calls at once for one shard")
	}
	for i := range entries {
		if i > 0 && entries[i].Position <= entries[i-1].Position {
			p.fault = errors.New("entries out of order")
		}
	}
	p.busy[shard] = true
	p.calls = append(p.calls, len(entries))
	gate := p.gate
	p.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy[shard] = false
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.down {
		return errors.New("connection refused")
	}
	do := stored
	if len(p.plan) > 0 {
		do, p.plan = p.plan[0], p.plan[1:]
	}
	switch do {
	case lost:
		return errors.New("connection refused")
	case storedSilent:
		p.store(entries)
		return fmt.Errorf("no answer: %w", context.DeadlineExceeded)
	case partly:
		for i, e := range entries {
			if e.Record.Topic == schemas.State {
				p.store(entries[i : i+1])
			}
		}
		return errors.New("one leader is away")
	case partlyHonest:
		half := len(entries) / 2
		p.store(entries[:half])
		return &failure{rest: entries[half:]}
	case refusedForGood:
		return &failure{fatal: true, rest: entries}
	}
	p.store(entries)
	return nil
}

func (p *fakeProducer) store(entries []schemas.Entry) {
	for _, e := range entries {
		p.log[e.Record.Topic] = append(p.log[e.Record.Topic], e)
	}
}

func (p *fakeProducer) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// check is the invariant of every run: the topics hold every record committed to
// the shards, each host's in order once later copies are dropped, and copies have
// equal bytes. It returns how many copies there were.
func (p *fakeProducer) check(committed []uint64) (copies int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault != nil {
		return 0, p.fault
	}
	seen := make(map[string]string)
	count := make([]uint64, len(committed))
	for topic, entries := range p.log {
		last := make([]uint64, len(committed))
		for _, e := range entries {
			shard, id := e.Record.Partition, fmt.Sprint(e.Record.Partition, "/", e.Position)
			if before, ok := seen[id]; ok {
				copies++
				if before != string(e.Record.Value) {
					return 0, fmt.Errorf("%s came twice with different bytes", id)
				}
				continue
			}
			if e.Position <= last[shard] {
				return 0, fmt.Errorf("%s: %s came after position %d", topic, id, last[shard])
			}
			seen[id], last[shard] = string(e.Record.Value), e.Position
			count[shard]++
		}
	}
	for shard, want := range committed {
		if count[shard] != want {
			return 0, fmt.Errorf("shard %d: %d of %d records arrived", shard, count[shard], want)
		}
	}
	return copies, nil
}

// harness runs a publisher in the background.
type harness struct {
	*Publisher
	cancel context.CancelFunc
	done   chan error
}

func start(t *testing.T, p *Publisher) *harness {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	h := &harness{Publisher: p, cancel: cancel, done: make(chan error, 1)}
	go func() { h.done <- p.Run(ctx) }()
	return h
}

func (h *harness) stop(t *testing.T) {
	t.Helper()
	h.cancel()
	if err := <-h.done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

package poller

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/portdelta/portdelta/internal/hostport"
)

// fakeSource answers as its fields say and fails the test if it is misused: two
// reads of one host at once, or a list asked for through Ask.
type fakeSource struct {
	t      *testing.T
	budget *Budget
	takes  time.Duration // a read lasts so long
	look   func(host hostport.Host) (hostport.Snapshot, error)

	mu    sync.Mutex
	busy  map[hostport.Host]bool
	looks map[hostport.Host][]time.Time
	asks  []hostport.Ask
}

func (s *fakeSource) enter(host hostport.Host) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy == nil {
		s.busy, s.looks = map[hostport.Host]bool{}, map[hostport.Host][]time.Time{}
	}
	if s.busy[host] {
		s.t.Errorf("host %s is read twice at once", host)
	}
	s.busy[host] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy[host] = false
	}
}

func (s *fakeSource) read(ctx context.Context) error {
	err := s.budget.Wait(ctx)
	if err == nil && s.takes > 0 {
		select {
		case <-time.After(s.takes):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		return &hostport.LookError{Class: hostport.Unavailable, Err: err}
	}
	return nil
}

func (s *fakeSource) Look(ctx context.Context, host hostport.Host) (hostport.Snapshot, error) {
	defer s.enter(host)()
	s.mu.Lock()
	s.looks[host] = append(s.looks[host], time.Now())
	s.mu.Unlock()
	if err := s.read(ctx); err != nil {
		return hostport.Snapshot{}, err
	}
	if s.look != nil {
		return s.look(host)
	}
	return good(host), nil
}

func (s *fakeSource) Ask(ctx context.Context, host hostport.Host, ask hostport.Ask) hostport.Answer {
	defer s.enter(host)()
	if ask.Kind == hostport.AskList {
		s.t.Error("a list asked for through Ask")
	}
	s.mu.Lock()
	s.asks = append(s.asks, ask)
	s.mu.Unlock()
	if err := s.read(ctx); err != nil {
		return hostport.Answer{Ask: ask, Verdict: hostport.Failed}
	}
	return hostport.Answer{Ask: ask, Verdict: hostport.NotFound, Requests: []string{"r2"}}
}

func (s *fakeSource) times(host hostport.Host) []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks[host]
}

func good(host hostport.Host) hostport.Snapshot {
	return hostport.Snapshot{
		Host: host, At: time.Now(), Result: hostport.Ports, Proof: hostport.Single,
		Requests: []string{"r1"}, Ports: []hostport.Port{{PortKey: hostport.PortKey{Protocol: "tcp", Number: 22}}},
	}
}

func failWith(class hostport.Class) func(hostport.Host) (hostport.Snapshot, error) {
	return func(hostport.Host) (hostport.Snapshot, error) {
		return hostport.Snapshot{}, &hostport.LookError{Class: class, Status: 503, Err: context.DeadlineExceeded}
	}
}

// fakeHandler keeps what it is told; handle decides, nil takes everything.
type fakeHandler struct {
	handle func(ctx context.Context, s hostport.Snapshot) ([]hostport.Ask, error)
	fault  error // returned by the other three

	mu       sync.Mutex
	taken    []hostport.Snapshot
	failures map[hostport.Host][]Failure
	source   []SourceChange
	watch    []WatchChange
}

func (h *fakeHandler) Handle(ctx context.Context, s hostport.Snapshot) ([]hostport.Ask, error) {
	if h.handle != nil {
		if asks, err := h.handle(ctx, s); err != nil || len(asks) > 0 {
			return asks, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken = append(h.taken, s)
	return nil, nil
}

func (h *fakeHandler) Failed(_ context.Context, host hostport.Host, f Failure) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures == nil {
		h.failures = map[hostport.Host][]Failure{}
	}
	h.failures[host] = append(h.failures[host], f)
	return h.fault
}

func (h *fakeHandler) Source(_ context.Context, c SourceChange) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.source = append(h.source, c)
	return h.fault
}

func (h *fakeHandler) Watch(_ context.Context, c WatchChange) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watch = append(h.watch, c)
	return h.fault
}

// rig is the one constructor of pollers in tests: change the options, not this.
type rig struct {
	*Poller
	source   *fakeSource
	handler  *fakeHandler
	registry *prometheus.Registry
	stop     context.CancelFunc
	done     chan error
}

func newRig(t *testing.T, n int, change func(*rig, *Options)) *rig {
	t.Helper()
	r := &rig{handler: &fakeHandler{}, registry: prometheus.NewRegistry(), done: make(chan error, 1)}
	r.source = &fakeSource{t: t}
	o := Options{
		Source: r.source, Handler: r.handler, Budget: NewBudget(200), Registerer: r.registry,
		Tiers: []Tier{{Name: "default", MaxAge: 2 * time.Second, Hosts: hostNames(n)}},
	}
	if change != nil {
		change(r, &o)
	}
	r.source.budget = o.Budget
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Poller = p
	var ctx context.Context
	ctx, r.stop = context.WithCancel(t.Context())
	go func() { r.done <- p.Run(ctx) }()
	return r
}

// end stops the poller and demands that it ends well.
func (r *rig) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

package detect

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// Memory is a StateStore without a disk, for a replay, whose outcome is nobody's
// state: the records of a step go to Publish in the place of an outbox.
type Memory struct {
	// Publish takes the records of each step once its state is entered, one step at
	// a time. Its error is Commit's.
	Publish func([]schemas.Record) error

	mu     sync.Mutex
	hosts  map[string]*memoryHost
	shared map[int]map[string][]byte
}

type memoryHost struct {
	facets  []store.Facet // by key
	version uint64
	due     time.Time
	shard   int
}

// Len is the number of hosts held.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.hosts)
}

// Load is StateStore's.
func (m *Memory) Load(_ int, host string) ([]store.Facet, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.hosts[host]
	if h == nil {
		return nil, 0, nil
	}
	return slices.Clone(h.facets), h.version, nil
}

// Due is StateStore's.
func (m *Memory) Due(shard int, by time.Time, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for name, h := range m.hosts {
		if h.shard == shard && !h.due.IsZero() && !h.due.After(by) {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if c := m.hosts[a].due.Compare(m.hosts[b].due); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return out[:min(len(out), limit)], nil
}

// Hosts is StateStore's.
func (m *Memory) Hosts(shard int) iter.Seq2[string, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name, h := range m.hosts {
		if h.shard == shard {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return func(yield func(string, error) bool) {
		for _, name := range names {
			if !yield(name, nil) {
				return
			}
		}
	}
}

// Shared is StateStore's.
func (m *Memory) Shared(shard int, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shared[shard][name], nil
}

// Fill is StateStore's: nothing waits here.
func (m *Memory) Fill() float64 { return 0 }

// Commit is StateStore's.
func (m *Memory) Commit(step store.Step) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if step.Host != "" {
		if err := m.enterLocked(&step); err != nil {
			return err
		}
	}
	for _, f := range step.Shared {
		if m.shared == nil {
			m.shared = map[int]map[string][]byte{}
		}
		if m.shared[step.Shard] == nil {
			m.shared[step.Shard] = map[string][]byte{}
		}
		m.shared[step.Shard][f.Key] = f.Value
	}
	if len(step.Outbox) == 0 || m.Publish == nil {
		return nil
	}
	return m.Publish(step.Outbox)
}

func (m *Memory) enterLocked(step *store.Step) error {
	h := m.hosts[step.Host]
	if h == nil {
		h = &memoryHost{}
	}
	if h.version != step.Expect {
		return fmt.Errorf("%w: host %s has version %d, the step expects %d", store.ErrConflict, step.Host, h.version, step.Expect)
	}
	for _, key := range step.Delete {
		if i, found := h.find(key); found {
			h.facets = slices.Delete(h.facets, i, i+1)
		}
	}
	for _, f := range step.Put {
		i, found := h.find(f.Key)
		if found {
			h.facets[i] = f
		} else {
			h.facets = slices.Insert(h.facets, i, f)
		}
	}
	h.version++
	h.due, h.shard = step.Due, step.Shard
	if m.hosts == nil {
		m.hosts = map[string]*memoryHost{}
	}
	m.hosts[step.Host] = h
	return nil
}

func (h *memoryHost) find(key string) (int, bool) {
	return slices.BinarySearchFunc(h.facets, key, func(f store.Facet, key string) int { return strings.Compare(f.Key, key) })
}

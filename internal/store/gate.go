package store

import "sync"

// gate lets Close wait for the calls under way. A read-write lock would do but
// for Hosts and Verify, whose callers may call the store again in the loop:
// nested read locks block for ever behind a waiting writer.
type gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	idle   chan struct{} // closed when closed and nobody is inside
}

func (g *gate) init() { g.idle = make(chan struct{}) }

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.closed && g.inside == 0 {
		close(g.idle)
	}
}

// close shuts the gate and waits until nobody is inside; false if it was shut.
func (g *gate) close() bool {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return false
	}
	g.closed = true
	if g.inside == 0 {
		close(g.idle)
	}
	g.mu.Unlock()
	<-g.idle
	return true
}

package graphsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// scanInterval is how often a port is scanned at speed 1.
const scanInterval = 6 * time.Hour

// WorldOptions describe a world. Seed, Hosts and PortsPerHost decide what there
// is and what changes; the rest decides when, and who is told.
type WorldOptions struct {
	Hosts int // 1 to 100,000
	Seed  uint64
	// PortsPerHost is the mean number of listed ports, at most 1,000; 0 gives a
	// spread of 2 to 12.
	PortsPerHost int
	// Speed multiplies how often the world scans and changes; 1 is a scan of a
	// port every 6 h, 0 a world that stands still. Time stamps are Now's at any speed.
	Speed float64
	Now   func() time.Time // nil: time.Now
	// Truth receives one JSON line for every change and every answer, each in
	// one Write; nil: nobody. Writes are never concurrent. A failed write ends Run.
	Truth io.Writer
}

// World is a set of hosts with changing ports. It moves on whenever a request
// reaches its server and, so that it also moves unasked, in Run. All methods may
// be called concurrently.
type World struct {
	seed     uint64
	interval time.Duration // between two scans of a port; 0: nothing moves
	clockNow func() time.Time
	start    stamp
	truth    *ledger

	mu sync.Mutex
	// Guarded by mu, with everything reachable from hosts.
	now          stamp  // the latest instant seen: the world never goes back
	clock        uint64 // counts scans, changes and answers; orders them within a millisecond
	hosts        []*host
	byName       map[hostport.Host]*host
	certificates map[string]*certificate // by sha1
	line         timeline
}

// NewWorld makes a world as of now. The error says which option is impossible.
func NewWorld(o WorldOptions) (*World, error) {
	switch {
	case o.Hosts < 1 || o.Hosts > maxHosts:
		return nil, fmt.Errorf("world of %d hosts: expected 1 to %d", o.Hosts, maxHosts)
	case o.PortsPerHost < 0 || o.PortsPerHost > 1000:
		return nil, fmt.Errorf("world of %d ports a host: expected 0 (a spread) to 1000", o.PortsPerHost)
	case o.Speed < 0 || math.IsNaN(o.Speed) || math.IsInf(o.Speed, 0):
		return nil, fmt.Errorf("world of speed %g: expected 0 (nothing moves) or a positive number", o.Speed)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &World{
		seed:         o.Seed,
		clockNow:     o.Now,
		start:        stampOf(o.Now()),
		truth:        newLedger(o.Truth),
		byName:       make(map[hostport.Host]*host, o.Hosts),
		certificates: make(map[string]*certificate),
	}
	w.now = w.start
	if o.Speed > 0 {
		w.interval = max(time.Duration(float64(scanInterval)/o.Speed), time.Millisecond)
	}
	for i := range o.Hosts {
		h := w.newHost(i, o.PortsPerHost, w.start)
		w.hosts = append(w.hosts, h)
		w.byName[h.name] = h
	}
	w.line = w.newTimeline()
	return w, nil
}

// Hosts lists the hosts the world knows, in canonical text, always in the same order.
func (w *World) Hosts() []hostport.Host {
	names := make([]hostport.Host, len(w.hosts)) // w.hosts itself never changes
	for i, h := range w.hosts {
		names[i] = h.name
	}
	return names
}

// Run moves the world until ctx ends, which is no error. The error is that of a
// failed write of the truth: a world whose truth is lost proves nothing.
func (w *World) Run(ctx context.Context) error {
	if w.interval == 0 {
		<-ctx.Done()
		return w.truth.failed()
	}
	every := min(max(w.interval/64, 10*time.Millisecond), time.Second)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return w.truth.failed()
		case <-tick.C:
			w.Advance()
			if err := w.truth.failed(); err != nil {
				return err
			}
		}
	}
}

// Advance brings the world to the present: every change that is due and may
// happen happens now. Requests and Run call it by themselves.
func (w *World) Advance() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advanceLocked()
}

func (w *World) advanceLocked() {
	w.now = max(w.now, stampOf(w.clockNow()))
	if w.interval > 0 {
		w.changeDueLocked()
	}
}

// tick numbers the next thing that happens.
func (w *World) tick() uint64 {
	w.clock++
	return w.clock
}

// catchUpLocked performs the regular scans of a host that have fallen due. Scans
// of a host nobody asks for are left out until somebody does: what they would
// have brought is seen by no answer.
func (w *World) catchUpLocked(h *host) {
	if w.interval == 0 {
		return
	}
	interval := w.interval.Milliseconds()
	for _, p := range h.ports {
		began := int64(w.start) - int64(p.phase%uint64(interval)) - 1
		due := (int64(w.now) - began) / interval
		if due <= p.rescans {
			continue
		}
		missed := due - p.rescans - 1
		p.rescans = due
		if at := stamp(began + due*interval); p.listed && at > p.lastScan {
			if p.status == hostport.Open {
				p.observed += int(min(missed, math.MaxInt32))
			}
			w.rescanLocked(h, p, at)
		}
	}
}

// rescanLocked scans a port and tells volatile bytes that moved as noise.
func (w *World) rescanLocked(h *host, p *port, at stamp) {
	w.tick()
	before := len(p.sightings)
	var old sighting
	if before > 0 {
		old = p.sightings[before-1]
	}
	at = p.scan(w, at)
	if !w.truth.on() || before == 0 || p.status != hostport.Open {
		return
	}
	now := p.sightings[len(p.sightings)-1]
	if old.version != now.version || old.form != now.form {
		return // a change that its maker tells
	}
	if from, to := p.text(h, old), p.text(h, now); from != to {
		w.tellLocked(h, p, at, "banner", from, to, true)
	}
}

func (w *World) tellLocked(h *host, p *port, at stamp, what string, from, to any, noise bool) {
	w.truth.change(changeLine{
		Kind: "change", At: *at.text(), Host: h.name, Protocol: p.key.Protocol, Port: p.key.Number,
		What: what, From: from, To: to, Noise: noise,
	})
}

// errTruth is what a failed write of the truth is wrapped with.
var errTruth = errors.New("the ground truth is incomplete")

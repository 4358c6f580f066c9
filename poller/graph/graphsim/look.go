package graphsim

import "time"

// How long the world waits for its watchers before a change (doc.go). A watcher
// needs the first look for its baseline, and decides the slowest change, a
// vanished port, by two further looks with newer evidence; one more of each is
// for a look whose result was lost on the watcher's side.
const (
	baselineLooks = 2
	settledLooks  = 3
	vanishedLooks = 4

	// A host nobody has asked for in this time since the world began is not
	// watched, and need not be waited for.
	firstLookPatience = 30 * time.Second
	// Nor is one that nobody has asked for any more in this time or in
	// idleIntervals scan intervals, whichever is longer.
	idlePatience  = 2 * time.Minute
	idleIntervals = 10
)

// mayChangeLocked says whether every watcher of the host has had the time to
// tell the port's last change.
func (w *World) mayChangeLocked(h *host, p *port) bool {
	if h.asked == 0 {
		return w.now.since(w.start) >= firstLookPatience
	}
	if w.now.since(h.asked) >= max(idlePatience, idleIntervals*w.interval) {
		return true
	}
	if h.looks < baselineLooks {
		return false
	}
	switch {
	case p.changes == 0:
		return true
	case p.listed:
		return p.looks >= settledLooks
	default:
		return p.looks >= vanishedLooks
	}
}

// changedLocked notes a change that is no noise.
func (w *World) changedLocked(p *port) {
	p.changes++
	p.changedAt = w.tick()
	p.looks = 0
	p.witness = 0
}

// lookedLocked counts a complete and honest look: a chain of pages from the
// first to the last, none of them faulty, that began at the given clock. A port
// that was scanned or changed since then is left out, for the chain may have
// shown it as it was before or after.
func (w *World) lookedLocked(h *host, began uint64) {
	settled := true // nothing changed while the chain was read
	var evidence stamp
	for _, p := range h.ports {
		settled = settled && p.changedAt < began
		if p.listed && p.scannedAt < began {
			evidence = max(evidence, p.lastScan)
		}
	}
	if settled {
		h.looks++
	}
	for _, p := range h.ports {
		if p.changedAt > began || p.scannedAt > began {
			continue
		}
		witness := p.lastScan
		if !p.listed {
			witness = evidence // its absence is witnessed by the host's other ports
		}
		if witness > p.witness {
			p.witness = witness
			p.looks++
		}
	}
}

package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Tick decides what the passing of time alone brings to a host, with no look: what
// it tells has no snapshot behind it. A host without a baseline is told nothing.
// What is due is due in a look too, so a Tick that comes late tells the same, later.
//
// After Tick(state, policy, now) NextTick of the new state lies after now: no tick
// calls for another at once.
func Tick(state State, policy Policy, now time.Time) Result {
	if state.Epoch == 0 {
		return Result{State: state}
	}
	s := newStepper(state, &hostport.Snapshot{Host: state.Host}, policy, now)
	for _, key := range s.portKeys() {
		p := s.st.Ports[key]
		s.setTimer(key, p)
		s.certificateTimer(key, p)
		s.timers(key)
	}
	s.finish()
	s.res.State = s.st
	return s.res
}

// NextTick is the earliest time at which Tick has something to do; zero for never.
func NextTick(state State, policy Policy) time.Time {
	if state.Epoch == 0 {
		return time.Time{}
	}
	var next time.Time
	for _, rule := range dailyRules {
		next = earlier(next, state.summaryAt(rule))
	}
	for _, p := range state.Ports {
		next = earlier(next, state.nextTimer(p, policy))
	}
	return earlier(next, state.blindAt())
}

// allTimers does what is due where no list of ports is at hand.
func (s *stepper) allTimers() {
	for _, key := range s.portKeys() {
		s.timers(key)
	}
}

func (s *stepper) portKeys() []portKey {
	return slices.SortedFunc(maps.Keys(s.st.Ports), hostport.PortKey.Compare)
}

// timers does what is due for one port, in a look as in a tick. Whatever stands
// here has its time in nextTimer.
func (s *stepper) timers(key portKey) {
	p := s.st.Ports[key]
	s.unscanned(key, p)
	if at := p.forgetAt(s.policy); !at.IsZero() && !s.now.Before(at) {
		s.forget(key)
	}
}

// nextTimer is when Tick next has something to do for the port; zero for never.
func (s *State) nextTimer(p *PortState, policy Policy) time.Time {
	next := earlier(p.forgetAt(policy), s.staleAt(p))
	return earlier(next, earlier(p.setEnds(), p.nextCertificateTimer()))
}

// forgetAt is when a vanished port is dropped; zero for any other.
func (p *PortState) forgetAt(policy Policy) time.Time {
	if p.Told == nil || p.Told.Status != hostport.Vanished {
		return time.Time{}
	}
	return later(p.Lost.Vanished, p.Lost.Listed).Add(policy.RetainGone)
}

// forget drops a vanished port after RetainGone; its public record becomes a
// tombstone, which changes nothing for a reader: vanished and absent are one.
func (s *stepper) forget(key portKey) {
	delete(s.st.Ports, key)
	delete(s.told, key)
	s.res.Gone = append(s.res.Gone, key)
}

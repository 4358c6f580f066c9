package diff

import (
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// What is no longer scanned is neither closed nor gone (P2): readers are told that
// what they hold grows old, once until it ends, and told itself stays as it is.
const (
	// staleAfter is how long without a scan makes a port stale, or without a scan or
	// a complete snapshot a host blind (contract section 3).
	staleAfter = 30 * day
	// othersAfter is how much newer than the port's the evidence of the others must
	// be. Ports of one scan differ by hours; without this every port of a host that
	// is no longer scanned at all would be told stale before the host is told blind.
	othersAfter = staleAfter / 2
)

// staleAt is when a port becomes stale by what is known now; zero for never. A port
// of which no record had a readable time has no age.
func (s *State) staleAt(p *PortState) time.Time {
	if p.Told == nil || p.Told.Status == hostport.Vanished || p.Stale || p.Evidence.IsZero() || s.Evidence.Sub(p.Evidence) < othersAfter {
		return time.Time{}
	}
	return p.Evidence.Add(staleAfter)
}

// unscanned tells a port that was not scanned for long while others of its host were.
// Ports that are so at the baseline are not told (P8).
func (s *stepper) unscanned(key portKey, p *PortState) {
	if at := s.st.staleAt(p); at.IsZero() || s.now.Before(at) {
		return
	}
	p.Stale = true
	if !s.baseline {
		s.note(Note{Type: PortStale, Key: &key, Details: StaleNote{Since: p.Evidence}})
	}
}

// refreshed ends what unscanned began: a record with newer evidence than held is at hand.
func (s *stepper) refreshed(key portKey, p *PortState) {
	if p.Stale {
		p.Stale = false
		s.note(Note{Type: PortRefreshed, Key: &key, Details: StaleNote{Since: p.Evidence}})
	}
}

// blindSince says since when, and why, nothing is seen of the host: no port of it
// was scanned, or no complete snapshot came. A host without ports has none to scan.
func (s *State) blindSince() (since time.Time, reason string) {
	since, reason = s.ProvenAt, noCompleteSnapshot
	if !s.Evidence.IsZero() && s.Evidence.Before(since) && s.hasPorts() {
		since, reason = s.Evidence, notRescanned
	}
	return since, reason
}

const (
	noCompleteSnapshot = "no_complete_snapshot"
	notRescanned       = "not_rescanned"
)

// hasPorts says whether a port is told that the source should still scan.
func (s *State) hasPorts() bool {
	for _, p := range s.Ports {
		if p.Told != nil && p.Told.Status != hostport.Vanished {
			return true
		}
	}
	return len(s.Groups) > 0
}

// blindAt is when the host becomes blind; zero where it is told already.
func (s *State) blindAt() time.Time {
	if s.Blind != nil {
		return time.Time{}
	}
	since, _ := s.blindSince()
	return since.Add(staleAfter)
}

// sight tells when the host becomes blind, and when that ends.
func (s *stepper) sight() {
	if s.st.Epoch == 0 {
		return
	}
	since, reason := s.st.blindSince()
	switch blind := !s.now.Before(since.Add(staleAfter)); {
	case blind && s.st.Blind == nil:
		s.st.Blind = &BlindNote{Since: since, Reason: reason}
		s.note(Note{Type: HostBlind, Reasons: []string{reason}, Details: *s.st.Blind})
	case !blind && s.st.Blind != nil:
		s.note(Note{Type: HostSighted, Reasons: []string{s.st.Blind.Reason}, Details: *s.st.Blind})
		s.st.Blind = nil
	}
}

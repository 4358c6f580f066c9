package diff

import (
	"github.com/portdelta/portdelta/internal/hostport"
)

// conclusive says whether the snapshot can be a baseline (P8), and puts the
// second reading of an empty or unknown answer in its place. An unproven list is
// none: a port it hides would look new later.
func (s *stepper) conclusive() bool {
	if s.unproven() {
		return false
	}
	if !nothing(s.snap) {
		return true
	}
	answer := s.ask(hostport.Ask{Kind: hostport.AskList})
	if answer == nil || answer.Verdict != hostport.Found || answer.List == nil {
		return false
	}
	second := *answer.List
	second.Answers = s.snap.Answers
	second.At = s.snap.At
	s.snap = &second
	return !s.unproven()
}

// unproven tells a list without proof, and says whether this is one.
func (s *stepper) unproven() bool {
	if s.snap.Result != hostport.Ports || s.snap.Proof.Complete() {
		return false
	}
	s.judgeAll()
	return true
}

// nothing says whether an answer names no port at all.
func nothing(snap *hostport.Snapshot) bool {
	return snap.Result == hostport.Unknown || len(snap.Ports) == 0 && snap.Paging.Unreadable == 0
}

// startBaseline begins an epoch: Unix seconds, greater than any before.
func (s *stepper) startBaseline(answer Baseline) {
	s.baseline = true
	s.st.Epoch = max(s.now.Unix(), s.st.Epoch+1)
	if s.st.Former != nil {
		s.st.Epoch = max(s.st.Epoch, s.st.Former.Epoch+1)
	}
	s.st.Revision = 1
	s.st.Seq = 0
	s.st.Baseline = answer
	s.st.Ports = map[hostport.PortKey]*PortState{}
	s.st.Groups, s.st.Alike, s.st.Quiet = nil, nil, nil
	if answer == BaselineUnknown {
		s.st.Unknown = UnknownState{Answers: 2, Since: s.now, Last: s.now} // the second was asked for
	}
	s.res.HostTold, s.res.HostOp = true, OpBaseline
}

// tellBaseline is the one event of a baseline; it comes before all other notes.
func (s *stepper) tellBaseline() {
	n := BaselineNote{Answer: s.st.Baseline, Malformed: s.snap.Paging.Unreadable}
	for _, g := range s.st.Groups {
		n.Open += g.Count
	}
	for _, p := range s.st.Ports {
		if p.Told == nil {
			n.Malformed++
			continue
		}
		switch p.Told.Status {
		case hostport.Open:
			n.Open++
		case hostport.Closed:
			n.Closed++
		case hostport.Filtered:
			n.Filtered++
		default:
			n.Other++
		}
		n.Services += len(p.Told.Services)
		n.Banners += len(p.Told.Banners)
		if p.Told.Certificate != nil {
			n.Certificates++
		}
		n.validity(p.Told)
		if p.Stale {
			n.Stale++
		}
	}
	reason := "first"
	if s.st.Former != nil {
		reason, s.st.Former = s.st.Former.Reason, nil
	}
	s.res.Notes = append([]Note{{Type: BaselineCompleted, Reasons: []string{reason}, Details: n}}, s.res.Notes...)
}

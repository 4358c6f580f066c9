package diff

import (
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Step compares a snapshot with what is held of its host. If it needs reads that
// the snapshot's Answers do not hold, and Answers is nil, it decides nothing and
// returns Asks; with Answers set, what is still open waits for the next look.
// now is the snapshot's time: when a change of this step is detected.
func Step(state State, snapshot *hostport.Snapshot, policy Policy, now time.Time) Result {
	s := newStepper(state, snapshot, policy, now)
	s.look()
	return s.decided(state)
}

// decided is the result of a look.
func (s *stepper) decided(state State) Result {
	if len(s.res.Asks) > 0 && s.snap.Answers == nil {
		return Result{State: state, Asks: s.res.Asks}
	}
	s.finish()
	s.res.State = s.st
	s.res.Asks = nil
	return s.res
}

// stepper is one step in the making. Nothing of it outlives Step.
type stepper struct {
	st     State
	snap   *hostport.Snapshot
	policy Policy
	now    time.Time

	answers  map[hostport.Ask]*hostport.Answer
	present  map[hostport.PortKey]record
	together map[hostport.PortKey]time.Time // by group: the newest evidence of its ports in hand
	left     map[hostport.PortKey]bool      // ports that leave a group in this step
	before   time.Time                      // the host's evidence time before this snapshot
	stale    bool                           // a record is older than held: no absence counts (P4)
	baseline bool                           // this step makes the baseline: no change events (P8)

	told       map[hostport.PortKey]Op
	starts     bool // the move in hand begins a flap
	firstGain  int  // index of the first opening of the step, -1 if none
	lastLoss   int  // index of the last closing
	otherOpen  int  // open ports of the host that are not in hand
	suppressed map[Rule]SuppressedNote

	// Open ports that would vanish now, and whether they are to wait; of those that
	// waited, what became of them.
	losses                  int
	holding                 bool
	held, confirmed, lapsed int

	res Result
}

func newStepper(state State, snapshot *hostport.Snapshot, policy Policy, now time.Time) *stepper {
	s := &stepper{st: state.clone(), snap: snapshot, policy: policy, now: now, before: state.Evidence,
		answers: map[hostport.Ask]*hostport.Answer{}, present: map[hostport.PortKey]record{},
		together: map[hostport.PortKey]time.Time{}, left: map[hostport.PortKey]bool{},
		told: map[hostport.PortKey]Op{}, firstGain: -1, lastLoss: -1, suppressed: map[Rule]SuppressedNote{}}
	s.st.Host = snapshot.Host
	for i := range snapshot.Answers {
		s.answers[snapshot.Answers[i].Ask] = &snapshot.Answers[i]
	}
	return s
}

// look takes the snapshot for what it is: a baseline, a host the source does not
// know, or a list of ports.
func (s *stepper) look() {
	s.st.LookedAt = s.now
	s.recovered()
	if s.st.Epoch == 0 && !s.conclusive() {
		return
	}
	if s.snap.Result == hostport.Unknown || s.snap.Proof.Complete() {
		s.st.ProvenAt = s.now
	}
	if s.snap.Result == hostport.Unknown {
		if s.st.Epoch == 0 {
			s.startBaseline(BaselineUnknown)
		} else {
			s.unknown()
			s.allTimers()
		}
		return
	}
	s.judgeAll()
	switch {
	case s.st.Epoch != 0:
		s.known()
	case len(s.snap.Ports) == 0 && s.snap.Paging.Unreadable == 0:
		s.startBaseline(BaselineEmpty)
	default:
		s.startBaseline(BaselineComplete)
	}
	s.ports()
	if s.snap.Proof.Complete() && !s.stale {
		s.st.Restored = false
	}
}

// judgeAll reads the evidence of every record and decides whether the snapshot
// as a whole is older than what is held.
func (s *stepper) judgeAll() {
	lost := slices.Clone(s.snap.Malformed)
	for i := range s.snap.Ports {
		p := &s.snap.Ports[i]
		r, future := judge(p, s.now)
		s.present[p.PortKey] = r
		lost = append(append(lost, p.Malformed...), future...)
		if held := s.st.Ports[p.PortKey]; held != nil && relate(held.Evidence, r.evidence) == older {
			s.stale = true
		}
		s.st.Evidence = later(s.st.Evidence, r.evidence)
	}
	s.malformed(lost)
	if !s.snap.Proof.Complete() {
		s.note(Note{Type: SnapshotIncomplete, Details: IncompleteNote{s.snap.Proof, s.snap.Paging}})
	}
}

// ports goes through every port, held or listed, in the order events are told.
func (s *stepper) ports() {
	s.groups()
	keys := make([]hostport.PortKey, 0, len(s.present)+len(s.st.Ports))
	for k := range s.present {
		keys = append(keys, k)
	}
	for k := range s.st.Ports {
		if _, listed := s.present[k]; !listed {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, hostport.PortKey.Compare)
	for _, k := range keys {
		if r, listed := s.present[k]; listed {
			s.listed(k, r)
		} else {
			s.absent(k)
		}
		if s.st.Ports[k] != nil {
			s.timers(k)
		}
	}
	s.tellGroups()
	s.dropWitnesses()
}

// ask returns the answer to an ask, or nil after noting that it is needed.
func (s *stepper) ask(a hostport.Ask) *hostport.Answer {
	if answer := s.answers[a]; answer != nil {
		return answer
	}
	if s.snap.Answers == nil && !slices.Contains(s.res.Asks, a) {
		s.res.Asks = append(s.res.Asks, a)
	}
	return nil
}

// tell appends a change and makes it what is told of its port.
func (s *stepper) tell(c Change, op Op) {
	s.st.Seq++
	c.Seq = s.st.Seq
	c.Cause = -1
	if c.Agreeing == 0 {
		c.Agreeing = 1
	}
	if c.Basis == "" {
		c.Basis = Statement
	}
	s.res.Changes = append(s.res.Changes, c)
	if c.Told != nil {
		s.mark(c.Key, op)
	}
}

// mark notes that a port's public record has to be written. A key told for the
// first time stays so within the step.
func (s *stepper) mark(k hostport.PortKey, op Op) {
	if _, done := s.told[k]; !done {
		s.told[k] = op
	}
}

// finish tells what concerns the host as a whole and orders the result.
func (s *stepper) finish() {
	s.exposure()
	s.sight()
	for k, op := range s.told {
		s.res.Told = append(s.res.Told, ToldPort{k, op})
	}
	slices.SortFunc(s.res.Told, func(a, b ToldPort) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(s.res.Gone, hostport.PortKey.Compare)
	s.tellSuppressed()
}

package diff

import (
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// exposure tells the first and the last open port of the host, after the port
// events of the step.
func (s *stepper) exposure() {
	open := s.otherOpen
	for _, g := range s.st.Groups {
		open += g.Count
	}
	for _, p := range s.st.Ports {
		if p.Told.Open() {
			open++
		}
	}
	if s.baseline {
		s.st.Exposed = open > 0
		s.tellBaseline()
		return
	}
	if exposed := open > 0; exposed != s.st.Exposed {
		c := Change{Type: HostExposed, Before: Exposed{s.st.Exposed}, After: Exposed{exposed}, Changed: []Facet{FacetExposed},
			Details: ExposedDetails{open}, Reasons: []Reason{FirstOpenPort}}
		cause := s.firstGain
		if !exposed {
			c.Type, c.Reasons, cause = HostUnexposed, []Reason{LastOpenPort}, s.lastLoss
		}
		by := s.res.Changes[cause]
		c.NotBefore, c.NotAfter, c.Tentative = by.NotBefore, by.NotAfter, by.Tentative
		c.Basis, c.Agreeing = by.Basis, by.Agreeing
		s.tell(c, "")
		s.res.Changes[len(s.res.Changes)-1].Cause = cause
		s.st.Exposed = exposed
		s.res.HostTold, s.res.HostOp = true, OpUpdated
	}
}

// unknown counts 404 answers of a host that had ports; told stays as it is (P8).
func (s *stepper) unknown() {
	u := &s.st.Unknown
	switch {
	case !s.hadPorts():
		return
	case u.Answers == 0:
		*u = UnknownState{Answers: 1, Since: s.now, Last: s.now}
	case s.now.Sub(u.Last) >= s.policy.VanishAfter:
		u.Answers++
		u.Last = s.now
	}
	if u.Answers >= unknownAfter && !u.Told {
		u.Told = true
		s.note(Note{Type: HostUnknown, Details: UnknownNote{u.Answers, u.Since}})
	}
}

// unknownAfter is how many independent 404s make a host unknown (contract section 3).
const unknownAfter = 2

func (s *stepper) hadPorts() bool {
	for _, p := range s.st.Ports {
		if p.Told != nil {
			return true
		}
	}
	return len(s.st.Groups) > 0
}

// known ends what an unknown or empty answer began.
func (s *stepper) known() {
	became := s.st.Baseline != BaselineComplete && s.snap.Proof.Complete() && !nothing(s.snap)
	if became {
		s.st.Baseline = BaselineComplete
		s.res.HostTold, s.res.HostOp = true, OpUpdated
	}
	if became || s.st.Unknown.Told {
		u := s.st.Unknown
		if u.Since.IsZero() {
			u.Since = time.Unix(s.st.Epoch, 0).UTC() // a baseline of no ports
		}
		s.note(Note{Type: HostKnown, Details: UnknownNote{u.Answers, u.Since}})
	}
	s.st.Unknown = UnknownState{}
}

// Failure is a look that brought nothing.
type Failure struct {
	At       time.Time
	Failures int       // in a row
	Since    time.Time // the first of them
	LastGood time.Time // the last look that did bring something; zero if none is known
	MaxAge   time.Duration
	Class    hostport.Class
}

// unreachableAfter is how many failed looks in a row make a host unreachable
// (contract section 3).
const unreachableAfter = 5

// Fail takes a failed look: it tells host.unreachable once, after 5 in a row and
// when the last good look is older than the host's max-age. Told stays as it is.
func Fail(state State, host hostport.Host, f Failure) Result {
	res := Result{State: state}
	res.State.Host = host
	good := later(state.LookedAt, f.LastGood)
	if good.IsZero() {
		good = f.Since
	}
	if state.Unreachable != nil || f.Failures < unreachableAfter || f.At.Sub(good) <= f.MaxAge {
		return res
	}
	told := UnreachableNote{f.Failures, f.Since, f.Class}
	res.State.Unreachable = &told
	res.Notes = []Note{{Type: HostUnreachable, Details: told}}
	return res
}

func (s *stepper) recovered() {
	if told := s.st.Unreachable; told != nil {
		s.st.Unreachable = nil
		s.note(Note{Type: HostRecovered, Details: *told})
	}
}

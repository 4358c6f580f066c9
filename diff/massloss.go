package diff

import (
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// A shard that would lose many of its ports at once has more likely a source with
// gaps than hosts that all closed (design section 4).
const (
	MassLossPorts   = 50 // both have to be passed within an hour
	MassLossPercent = 20

	massLossWithin = time.Hour
)

// Shard is what steps of a shard's hosts have to know of one another. It is plain
// data; a step returns the next one and leaves its own as it is.
type Shard struct {
	Open int         // ports told open by themselves
	Lost []LostPorts // told vanished within the last hour, a minute each
	Held *MassLoss   // nil: nothing is held
}

// LostPorts is how many open ports were told vanished in one minute.
type LostPorts struct {
	Minute int64 // since the Unix epoch
	Ports  int
}

// MassLoss is vanishings that wait.
type MassLoss struct {
	Since                   time.Time
	Held, Confirmed, Lapsed int
	Told, Open              int // told within the hour before, out of so many
}

// ShardNote is one lifecycle event about the shard.
type ShardNote struct {
	Type NoteType
	Loss MassLoss
}

// StepIn is Step for a host of a shard: vanishings that are too many wait for one
// more independent snapshot. The shard's next state is in the result.
func StepIn(shard Shard, state State, snapshot *hostport.Snapshot, policy Policy, now time.Time) Result {
	s := newStepper(state, snapshot, policy, now)
	s.look()
	if s.losses > 0 && shard.tooMany(s.losses, now) {
		s = newStepper(state, snapshot, policy, now)
		s.holding = true
		s.look()
	}
	res := s.decided(state)
	if len(res.Asks) == 0 {
		res.Shard, res.ShardNotes = shard.after(s, OpenPorts(&state), now)
	}
	return res
}

// Without is the shard after a host of it is no longer watched.
func (sh Shard) Without(state *State, now time.Time) (Shard, []ShardNote) {
	s := &stepper{lapsed: heldPorts(state)}
	return sh.after(s, OpenPorts(state), now)
}

// tooMany says whether so many more would be a mass loss.
func (sh Shard) tooMany(losses int, now time.Time) bool {
	told := sh.lately(now)
	gone := told + losses
	if h := sh.Held; h != nil && now.Sub(h.Since) < massLossWithin {
		gone += h.Held - h.Confirmed - h.Lapsed
	}
	return passes(gone, sh.Open+told)
}

func passes(gone, open int) bool { return gone > MassLossPorts && gone*100 > MassLossPercent*open }

// lately counts the ports told vanished within the last hour.
func (sh Shard) lately(now time.Time) (n int) {
	for _, l := range sh.Lost {
		if now.Sub(time.Unix(l.Minute*60, 0)) < massLossWithin {
			n += l.Ports
		}
	}
	return n
}

// after enters what a step decided into the shard.
func (sh Shard) after(s *stepper, openBefore int, now time.Time) (Shard, []ShardNote) {
	next := Shard{Open: sh.Open - openBefore + OpenPorts(&s.st), Lost: sh.Lost, Held: sh.Held}
	if told := s.losses - s.held + s.confirmed; told > 0 {
		minute := now.Unix() / 60
		next.Lost = slices.DeleteFunc(slices.Clone(sh.Lost), func(l LostPorts) bool { return now.Sub(time.Unix(l.Minute*60, 0)) >= massLossWithin })
		if last := len(next.Lost) - 1; last >= 0 && next.Lost[last].Minute == minute {
			next.Lost[last].Ports += told
		} else {
			next.Lost = append(next.Lost, LostPorts{minute, told})
		}
	}
	var notes []ShardNote
	if s.held > 0 {
		loss := MassLoss{Since: now, Told: sh.lately(now), Open: sh.Open + sh.lately(now)}
		if sh.Held != nil {
			loss = *sh.Held
		}
		loss.Held += s.held
		next.Held = &loss
		if sh.Held == nil {
			notes = append(notes, ShardNote{MassLossHeld, loss})
		}
	}
	if next.Held != nil && s.confirmed+s.lapsed > 0 {
		loss := *next.Held
		loss.Confirmed += s.confirmed
		loss.Lapsed += s.lapsed
		next.Held = &loss
		if loss.Confirmed+loss.Lapsed >= loss.Held {
			next.Held = nil
			t := MassLossLapsed
			if passes(loss.Told+loss.Confirmed, loss.Open) {
				t = MassLossConfirmed
			}
			notes = append(notes, ShardNote{t, loss})
		}
	}
	return next, notes
}

// OpenPorts counts the ports told open by themselves, which alone can vanish.
func OpenPorts(st *State) (n int) {
	for _, p := range st.Ports {
		if p.Told.Open() {
			n++
		}
	}
	return n
}

func heldPorts(st *State) (n int) {
	for _, p := range st.Ports {
		if p.Absence != nil && p.Absence.Held {
			n++
		}
	}
	return n
}

// massHeld says that a vanish waits: it would be one of too many. One that waited
// already is confirmed by now.
func (s *stepper) massHeld(p *PortState) bool {
	if p.Absence.Held {
		s.confirmed++
		return false
	}
	if !p.Told.Open() {
		return false
	}
	s.losses++
	if !s.holding {
		return false
	}
	s.held++
	s.suppress(RuleMassLoss, FacetStatus, "")
	p.Absence = &Absence{Witness: s.witness(), Agreeing: p.Absence.Agreeing + 1, Asked: p.Absence.Asked, Held: true}
	return true
}

// isPresent ends a port's absence.
func (s *stepper) isPresent(p *PortState) {
	if p.Absence != nil && p.Absence.Held {
		s.lapsed++
	}
	p.Absence = nil
}

package diff

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

func (s *stepper) note(n Note) { s.res.Notes = append(s.res.Notes, n) }

const secondsADay = 24 * 60 * 60

// once says whether a kind of note has not been told today, and what it stands
// for; otherwise that is kept for the next.
func (s *stepper) once(kind string, n int, digests ...string) (sum NoteState, tell bool) {
	today := s.now.Unix() / secondsADay
	held, known := s.st.Noted[kind]
	if !known && len(s.st.Noted) >= limits.NotesADay.Max {
		maps.DeleteFunc(s.st.Noted, func(_ string, v NoteState) bool { return v.Day != today && v.Pending == 0 })
		if len(s.st.Noted) >= limits.NotesADay.Max {
			s.hit(limits.NotesADay)
			return NoteState{}, false
		}
	}
	sum = NoteState{today, held.Pending + n, firstDigests(held.Digests, digests)}
	if known && held.Day == today {
		s.st.Noted[kind] = sum
		return sum, false
	}
	s.st.Noted[kind] = NoteState{Day: today}
	return sum, true
}

// firstDigests joins two lists without repeats, up to what a note may name.
func firstDigests(a, b []string) []string {
	out := slices.Clip(a)
	for _, d := range b {
		if len(out) < limits.NotedDigests.Max && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// malformed tells what was lost of the snapshot's records, once a field and day
// (P12). lost is the caller's to give away. Where in a history an entry stands says
// nothing (P7), so indexes go first.
func (s *stepper) malformed(lost []hostport.Malformed) {
	for i := range lost {
		lost[i].Field = withoutIndexes(lost[i].Field)
	}
	slices.SortFunc(lost, func(a, b hostport.Malformed) int {
		return strings.Compare(a.Field+"\x00"+a.Record+"\x00"+a.Digest, b.Field+"\x00"+b.Record+"\x00"+b.Digest)
	})
	for _, m := range lost {
		if _, tell := s.once("field "+m.Field, 1); !tell {
			continue
		}
		n := Note{Type: RecordMalformed, Details: MalformedNote{m}}
		if key, err := hostport.ParsePortKey(m.Record); err == nil {
			n.Key = &key
		}
		s.note(n)
	}
}

// withoutIndexes turns "banners[3].lastSeenDateTime" into "banners.lastSeenDateTime".
func withoutIndexes(field string) string {
	for {
		i := strings.IndexByte(field, '[')
		j := strings.IndexByte(field, ']')
		if i < 0 || j < i {
			return field
		}
		field = field[:i] + field[j+1:]
	}
}

// suppress counts something seen and not told (P10).
func (s *stepper) suppress(rule Rule, facet Facet, digest string) {
	n := s.suppressed[rule]
	n.Rule, n.Facet = rule, facet
	n.Count++
	if rule == RuleUnstable || rule == RuleFlood {
		n.Digests = firstDigests(n.Digests, []string{digest}) // P10: a flood is told with what is new in it
	} else {
		n.Digest = digest
	}
	s.suppressed[rule] = n
}

// bound counts a value that is not told because it exceeds a bound (P11).
func (s *stepper) bound(l *limits.Limit, facet Facet, value ...string) {
	s.hit(l)
	s.suppress(RuleBound, facet, digest(value...))
}

// hit counts a bound that was met, for the caller to report.
func (s *stepper) hit(l *limits.Limit) {
	if s.res.Bounds == nil {
		s.res.Bounds = map[*limits.Limit]int{}
	}
	s.res.Bounds[l]++
}

// tellSuppressed tells each rule once a day. Volatile bytes are observation, not
// a change held back (P3): they are counted, and nothing more.
func (s *stepper) tellSuppressed() {
	for _, rule := range slices.Sorted(maps.Keys(s.suppressed)) {
		n := s.suppressed[rule]
		if s.res.Suppressed == nil {
			s.res.Suppressed = map[Rule]int{}
		}
		s.res.Suppressed[rule] = n.Count
		if s.st.Suppressed == nil {
			s.st.Suppressed = map[Rule]Suppression{}
		}
		s.st.Suppressed[rule] = Suppression{Count: s.st.Suppressed[rule].Count + n.Count, Last: s.now, Facet: n.Facet}
		if rule == RuleVolatile {
			continue
		}
		s.summary(n)
	}
	// What a flap or a flood hid is summed up each day, whether it goes on or not.
	for _, rule := range dailyRules {
		if _, today := s.suppressed[rule]; !today && s.st.summaryDue(rule, s.now) {
			s.summary(SuppressedNote{Rule: rule, Facet: s.st.Suppressed[rule].Facet})
		}
	}
}

var dailyRules = []Rule{RuleUnstable, RuleFlap, RuleFlood}

// summaryAt is when what a rule has hidden since its last note is told; zero for never.
func (s *State) summaryAt(rule Rule) time.Time {
	held := s.Noted[ruleNote(rule)]
	if held.Pending == 0 {
		return time.Time{}
	}
	return time.Unix((held.Day+1)*secondsADay, 0).UTC()
}

func (s *State) summaryDue(rule Rule, now time.Time) bool {
	at := s.summaryAt(rule)
	return !at.IsZero() && !now.Before(at)
}

// summary tells what a rule held back, or keeps it for the next day.
func (s *stepper) summary(n SuppressedNote) {
	if sum, tell := s.once(ruleNote(n.Rule), n.Count, n.Digests...); tell {
		n.Count, n.Digests = sum.Pending, sum.Digests
		s.note(Note{Type: ChangeSuppressed, Details: n})
	}
}

// ruleNote is the kind of note that tells what a rule held back.
func ruleNote(rule Rule) string { return "rule " + string(rule) }

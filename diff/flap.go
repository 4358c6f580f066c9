package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/internal/hostport"
)

// A facet that keeps changing to and fro is told to flap, once, and then stands at
// the worse of its values until it is steady (design section 4).
const (
	flapStart = 4  // told moves that start a flap,
	flapScans = 10 // in so many scans
	flapQuiet = 5  // scans without a move that end it

	flapKnown = 8 // values told of a facet that are remembered
)

// FlapKey is what flaps by itself: the status, one service, one banner set, the
// certificate.
type FlapKey struct {
	Facet Facet
	Item  string // key of the service, protocol of the banners, else ""
}

// Flap is what is remembered of the moves of one of them.
type Flap struct {
	// Moves and News count, for each of the last scans, the newest first, how often
	// it moved, and how often to a value that was not remembered.
	Moves, News [flapScans]uint8
	On          bool
	Seen        string   // while On: digest of what the newest scan showed
	Known       []string // digests of the values told, newest first
}

func (f *Flap) remember(value string) {
	known := slices.DeleteFunc(slices.Clone(f.Known), func(k string) bool { return k == value })
	f.Known = slices.Insert(known, 0, value)[:min(len(known)+1, flapKnown)]
}

// next makes room for one more scan.
func (f *Flap) next() {
	copy(f.Moves[1:], f.Moves[:])
	copy(f.News[1:], f.News[:])
	f.Moves[0], f.News[0] = 0, 0
}

func total(counts []uint8) (n int) {
	for _, c := range counts {
		n += int(c)
	}
	return n
}

// count adds one, up to what a count holds.
func count(c *uint8) { *c = max(*c, *c+1) }

// scanned counts a distinct scan of the port. What has been steady for long enough
// flaps no longer: that is told before anything else of the port.
func (s *stepper) scanned(key portKey, p *PortState, r record) {
	for _, k := range p.flapKeys() {
		// The other facets of a port that is not open cannot be seen.
		if r.port.Status == "" || k.Facet != FacetStatus && (r.port.Status != hostport.Open || !p.Told.Open()) {
			continue
		}
		seen := ""
		if p.Flaps[k].On {
			seen = s.seen(k, p, r)
		}
		s.advance(key, p, r, k, seen)
	}
}

// flapKeys lists what moved of late, in the order of a step.
func (p *PortState) flapKeys() []FlapKey {
	return slices.SortedFunc(maps.Keys(p.Flaps), func(a, b FlapKey) int {
		return cmp.Or(slices.Index(facets, a.Facet)-slices.Index(facets, b.Facet), strings.Compare(a.Item, b.Item))
	})
}

// facets are those that can flap, in the order of a step.
var facets = []Facet{FacetStatus, FacetServices, FacetBanners, FacetCertificate}

// advance moves on by one scan, or by one snapshot that stands for it.
func (s *stepper) advance(key portKey, p *PortState, r record, k FlapKey, seen string) {
	f := p.Flaps[k]
	f.next()
	if f.On && f.Seen != seen {
		f.Moves[0], f.Seen = 1, seen
	}
	p.Flaps[k] = f
	if total(f.Moves[:]) == 0 || f.On && total(f.Moves[:flapQuiet]) == 0 {
		delete(p.Flaps, k)
	}
	if f.On {
		s.tellFlap(key, p, r)
	}
}

// damped is asked before a told value moves from one to another, and says that it
// must not. worse says that it moves to the worse value, whose severity rises.
func (s *stepper) damped(key portKey, p *PortState, r record, k FlapKey, from, to string, worse bool) bool {
	f := p.Flaps[k]
	from, to = digest(from), digest(to)
	isNew := !slices.Contains(f.Known, to)
	flood := isNew && total(f.News[:]) >= flapStart
	pass := worse || isNew && !flood // P10
	if isNew {
		count(&f.News[0])
	}
	was := f.On
	if !was {
		count(&f.Moves[0])
		if total(f.Moves[:]) >= flapStart {
			f.On, f.Seen = true, s.seen(k, p, r)
		}
	}
	hidden := f.On && !pass
	switch {
	case !hidden:
		f.remember(from)
		f.remember(to)
	case flood:
		s.suppress(RuleFlood, k.Facet, to)
	default:
		s.suppress(RuleFlap, k.Facet, "")
	}
	if p.Flaps == nil {
		p.Flaps = map[FlapKey]Flap{}
	}
	p.Flaps[k] = f
	if hidden {
		s.tellFlap(key, p, r) // in place of the move
	}
	s.starts = !was && !hidden && f.On // after it
	return hidden
}

// afterMove tells that something began to flap with the move just told.
func (s *stepper) afterMove(key portKey, p *PortState, r record) {
	if s.starts {
		s.starts = false
		s.tellFlap(key, p, r)
	}
}

// goneDamped is damped for a port that is absent: each independent snapshot without
// it stands for a scan.
func (s *stepper) goneDamped(key portKey, p *PortState) bool {
	status := FlapKey{Facet: FacetStatus}
	gone := record{port: &hostport.Port{PortKey: key, Status: hostport.Vanished}, evidence: s.now}
	if p.Flaps[status].On {
		s.advance(key, p, gone, status, s.seen(status, p, gone))
	}
	if !s.damped(key, p, gone, status, string(p.Told.Status), string(hostport.Vanished), false) {
		return false
	}
	p.Absence = &Absence{Witness: s.witness(), Agreeing: p.Absence.Agreeing + 1, Asked: p.Absence.Asked}
	return true
}

// tellFlap tells which facets of the port flap, where that differs from what is told.
func (s *stepper) tellFlap(key portKey, p *PortState, r record) {
	before, after := p.Told.Flapping, p.flapping()
	c := Change{Type: FlapStarted, Details: FlapDetails{Transitions: flapStart, Scans: flapScans}, Reasons: []Reason{Unsteady}}
	switch {
	case slices.Equal(before, after):
		return
	case len(after) < len(before):
		c = Change{Type: FlapEnded, Details: FlapDetails{Transitions: 0, Scans: flapQuiet}, Reasons: []Reason{Steady}}
	}
	c.Before, c.After, c.Changed, c.NotBefore = Flapping{before}, Flapping{after}, []Facet{FacetFlapping}, p.Agreed
	s.facet(key, p, r, c, func(t *Port) { t.Flapping = after })
}

// flapping lists the facets that flap.
func (p *PortState) flapping() []Facet {
	var out []Facet
	for _, facet := range facets {
		for k, f := range p.Flaps {
			if k.Facet == facet && f.On {
				out = append(out, facet)
				break
			}
		}
	}
	return out
}

// seen is a digest of what a record shows.
func (s *stepper) seen(k FlapKey, p *PortState, r record) string {
	var parts []string
	switch k.Facet {
	case FacetStatus:
		parts = []string{string(r.port.Status)}
	case FacetServices:
		if now := currentServices(r, p.Services)[k.Item]; now != nil {
			parts = []string{now.value()}
		}
	case FacetBanners:
		all, newest := s.readBanners(p, r)
		if n := all[k.Item]; n != nil {
			for _, f := range n.current(newest, nil) {
				parts = append(parts, f.Form.Digest)
			}
		}
	case FacetCertificate:
		if r.port.Certificate != nil { // which one it is has rules of its own
			parts = []string{"present"}
		}
	}
	return digest(parts...)
}

// statusRank orders status words by how much they expose.
func statusRank(s hostport.Status) int {
	switch s {
	case hostport.Open:
		return 3
	case hostport.Closed:
		return 1
	case hostport.Vanished:
		return 0
	}
	return 2
}

package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

// span is when something was observed, by the source's own dates.
type span struct{ first, last time.Time }

func (a span) join(b span) span {
	return span{earlier(a.first, b.first), later(a.last, b.last)}
}

// nowService is a service that a record shows as current.
type nowService struct {
	Service
	spelt    time.Time       // lastSeen of the entry the spelling is from
	versions map[string]span // every version of the record's history, current or not
	current  map[string]bool
}

// currentServices reads the record's history: a service is current if isRecent
// or seen within 48 h of the port's evidence time; a version leaves at once when
// another of the same service was first seen after it was last seen. What is
// remembered of the told versions stands in for a date that cannot be read.
func currentServices(r record, held map[string]SeenService) map[string]*nowService {
	all := map[string]*nowService{}
	for _, e := range r.port.Services {
		if e.Name == "" {
			continue
		}
		entry := Service{Category: clean(e.Category), Name: clean(e.Name)}
		key := entry.Key()
		n := all[key]
		if n == nil {
			n = &nowService{Service: entry, versions: map[string]span{}, current: map[string]bool{}, spelt: e.LastSeen}
			all[key] = n
		}
		if c := cmp.Or(e.LastSeen.Compare(n.spelt), strings.Compare(entry.Category+"\x00"+entry.Name, n.Category+"\x00"+n.Name)); c > 0 {
			n.Category, n.Name, n.spelt = entry.Category, entry.Name, e.LastSeen
		}
		version := clean(e.Version)
		seen := span{e.FirstSeen, later(e.LastSeen, held[key].Versions[version].LastSeen)}
		if held, ok := n.versions[version]; ok {
			seen = held.join(seen)
		}
		n.versions[version] = seen
		if e.IsRecent || !e.LastSeen.IsZero() && r.evidence.Sub(e.LastSeen) <= currentFor {
			n.current[version] = true
		}
	}
	for key, n := range all {
		if len(n.current) == 0 {
			delete(all, key)
			continue
		}
		for v := range n.current {
			if v != "" && !n.superseded(v) {
				n.Versions = append(n.Versions, v)
			}
		}
		slices.Sort(n.Versions)
	}
	return all
}

func (n *nowService) superseded(version string) bool {
	for other, seen := range n.versions {
		if other != "" && other != version && supersedes(seen.first, n.versions[version].last) {
			return true
		}
	}
	return false
}

// services compares the told services of an open port with a record.
func (s *stepper) services(key portKey, p *PortState, r record, rel relation, newScan bool) {
	current := currentServices(r, p.Services)
	keys := map[string]bool{}
	for k := range current {
		keys[k] = true
	}
	for _, t := range p.Told.Services {
		keys[t.Key()] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		told, known := p.Told.service(k)
		now := current[k]
		switch {
		case !known:
			s.serviceAdded(key, p, r, now)
		case now == nil:
			s.serviceAbsent(key, p, r, rel, told)
		default:
			s.serviceSeen(key, p, r, rel, newScan, told, now)
		}
	}
}

func (s *stepper) serviceAdded(key portKey, p *PortState, r record, now *nowService) {
	if len(p.Told.Services) >= limits.ToldServices.Max || !now.fits() {
		s.suppress(RuleBound, FacetServices, digest(now.Category, now.Name, strings.Join(now.Versions, "\x00")))
		return
	}
	p.remember(now)
	s.facet(key, p, r, Change{Type: ServiceAdded, After: now.Service, Changed: []Facet{FacetServices}, Reasons: []Reason{ServiceSeen}},
		func(t *Port) { t.Services = withService(t.Services, now.Service) })
}

// serviceAbsent waits for a second record, of another scan, without the service.
func (s *stepper) serviceAbsent(key portKey, p *PortState, r record, rel relation, told Service) {
	if !rel.mayChange() {
		return
	}
	seen := p.Services[told.Key()]
	basis, lost := s.agree(&seen.Loss, r)
	if !lost {
		p.Services[told.Key()] = seen
		s.suppress(RuleLossPending, FacetServices, "")
		return
	}
	delete(p.Services, told.Key())
	s.facet(key, p, r, Change{Type: ServiceRemoved, Before: told, Changed: []Facet{FacetServices}, Reasons: []Reason{ServiceGone}, Basis: basis, Agreeing: 2},
		func(t *Port) { t.Services = withoutService(t.Services, told.Key()) })
}

// settleAfter is how many distinct scans a value must be unseen before it leaves
// a set that overlaps in time (design section 4).
const settleAfter = 10

// serviceSeen compares the version sets of a service that is told and current.
func (s *stepper) serviceSeen(key portKey, p *PortState, r record, rel relation, newScan bool, told Service, now *nowService) {
	seen := p.Services[told.Key()]
	seen.Loss = Loss{}
	versions := map[string]SeenVersion{}
	next := slices.Clone(now.Versions)
	for _, v := range told.Versions {
		held := seen.Versions[v]
		if last := now.versions[v].last; last.After(held.LastSeen) {
			held = SeenVersion{LastSeen: last}
		} else if newScan {
			held.Unseen++
		}
		_, superseded := now.versions[v], now.superseded(v)
		if !slices.Contains(next, v) && !superseded && held.Unseen < settleAfter {
			next = append(next, v)
		}
		versions[v] = held
	}
	slices.Sort(next)
	p.Services[told.Key()] = SeenService{Versions: versions, Loss: seen.Loss}
	if len(now.Versions) == 0 || slices.Equal(next, told.Versions) {
		return
	}
	after := Service{Category: told.Category, Name: told.Name, Versions: next}
	switch {
	case !rel.mayChange() && len(told.Versions) > 0:
		s.suppress(RuleEqualEvidence, FacetServices, "")
		return
	case !after.fits():
		s.suppress(RuleBound, FacetServices, digest(next...))
		return
	}
	d := VersionDetails{From: newestVersion(told.Versions, func(v string) time.Time { return versions[v].LastSeen }),
		To: newestVersion(next, func(v string) time.Time { return later(now.versions[v].last, versions[v].LastSeen) })}
	d.Direction = direction(d.From, d.To)
	p.remember(&nowService{Service: after, versions: now.versions})
	s.facet(key, p, r, Change{Type: ServiceVersionChanged, Before: told, After: after, Changed: []Facet{FacetServices}, Details: d,
		Reasons: []Reason{versionReason(d, told.Versions, now.Versions)}},
		func(t *Port) { t.Services = withService(t.Services, after) })
}

func versionReason(d VersionDetails, told, now []string) Reason {
	isNew := func(v string) bool { return !slices.Contains(told, v) }
	switch {
	case d.From == "":
		return VersionKnown
	case !slices.ContainsFunc(now, isNew):
		return Settled
	case d.Direction == Up:
		return VersionUp
	case d.Direction == Down:
		return VersionDown
	}
	return VersionChanged
}

// newestVersion is the version last seen; where that ties the greater version,
// then the greater bytes (contract section 7).
func newestVersion(versions []string, seen func(string) time.Time) string {
	if len(versions) == 0 {
		return ""
	}
	return slices.MaxFunc(versions, func(a, b string) int {
		return cmp.Or(seen(a).Compare(seen(b)), compareVersions(a, b), strings.Compare(a, b))
	})
}

// remember keeps when the told versions of a service were last seen.
func (p *PortState) remember(now *nowService) {
	if p.Services == nil {
		p.Services = map[string]SeenService{}
	}
	held := p.Services[now.Key()].Versions
	versions := map[string]SeenVersion{}
	for _, v := range now.Versions {
		sv := held[v]
		if last := now.versions[v].last; last.After(sv.LastSeen) {
			sv = SeenVersion{LastSeen: last}
		}
		versions[v] = sv
	}
	p.Services[now.Key()] = SeenService{Versions: versions}
}

// wholeServices tells all current services at once, as far as they fit.
func (s *stepper) wholeServices(p *PortState, r record, told *Port) {
	current := currentServices(r, nil)
	for _, k := range slices.Sorted(maps.Keys(current)) {
		now := current[k]
		if len(told.Services) >= limits.ToldServices.Max || !now.fits() {
			s.suppress(RuleBound, FacetServices, digest(now.Category, now.Name, strings.Join(now.Versions, "\x00")))
			continue
		}
		p.remember(now)
		told.Services = append(told.Services, now.Service)
	}
}

package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

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
	if !s.room(len(p.Told.Services), now) {
		return
	}
	if s.damped(key, p, r, FlapKey{FacetServices, now.Key()}, now.absent(), now.value(), true) {
		return
	}
	p.remember(now)
	s.facet(key, p, r, Change{Type: ServiceAdded, NotBefore: p.Agreed, After: now.Service, Changed: []Facet{FacetServices}, Reasons: []Reason{ServiceSeen}},
		func(t *Port) { t.Services = withService(t.Services, now.Service) })
}

// room says whether one more service can be told (P11).
func (s *stepper) room(told int, now *nowService) bool {
	switch {
	case !now.fits():
		s.bound(limits.ToldServiceBytes, FacetServices, append([]string{now.Category, now.Name}, now.Versions...)...)
		return false
	case told >= limits.ToldServices.Max:
		s.bound(limits.ToldServices, FacetServices, append([]string{now.Category, now.Name}, now.Versions...)...)
		return false
	}
	return true
}

// serviceAbsent waits for a second record, of another scan, without the service.
func (s *stepper) serviceAbsent(key portKey, p *PortState, r record, rel relation, told Service) {
	seen := p.Services[told.Key()]
	if !rel.mayChange() {
		if !seen.Loss.pending() { // else it is the scan that began the loss, read again
			s.suppress(RuleEqualEvidence, FacetServices, "")
		}
		return
	}
	basis, lost := s.agree(&seen.Loss, p, r)
	if !lost {
		p.Services[told.Key()] = seen
		s.suppress(RuleLossPending, FacetServices, "")
		return
	}
	if s.damped(key, p, r, FlapKey{FacetServices, told.Key()}, told.value(), told.absent(), false) {
		p.Services[told.Key()] = seen
		return
	}
	delete(p.Services, told.Key())
	s.facet(key, p, r, Change{Type: ServiceRemoved, NotBefore: seen.Loss.Shown, Before: told, Changed: []Facet{FacetServices}, Reasons: []Reason{ServiceGone}, Basis: basis, Agreeing: 2},
		func(t *Port) { t.Services = withoutService(t.Services, told.Key()) })
}

// settleAfter is how many distinct scans a value must be unseen before it leaves
// a set that overlaps in time (design section 4).
const settleAfter = 10

// serviceSeen compares the version sets of a service that is told and current.
func (s *stepper) serviceSeen(key portKey, p *PortState, r record, rel relation, newScan bool, told Service, now *nowService) {
	seen := p.Services[told.Key()]
	lastShown := p.lastShown(seen.Loss)
	versions := map[string]SeenVersion{}
	for v, held := range seen.Versions {
		if last := now.versions[v].last; last.After(held.LastSeen) || now.recent[v] {
			held = SeenVersion{LastSeen: later(held.LastSeen, last)}
		} else if newScan {
			held.Unseen++
		}
		// What left unseen stays known while its dates would make it current.
		if slices.Contains(told.Versions, v) || now.current[v] && held.Unseen >= settleAfter {
			versions[v] = held
		}
	}
	next := nextVersions(told, now, versions)
	p.Services[told.Key()] = SeenService{Versions: versions}
	if len(now.Versions) == 0 || slices.Equal(next, told.Versions) {
		return
	}
	after := Service{Category: told.Category, Name: told.Name, Versions: next}
	switch {
	case !rel.mayChange() && len(told.Versions) > 0:
		s.suppress(RuleEqualEvidence, FacetServices, "")
		return
	case !after.fits():
		s.bound(limits.ToldServiceBytes, FacetServices, next...)
		return
	}
	d := VersionDetails{From: newestVersion(told.Versions, func(v string) time.Time { return versions[v].LastSeen }),
		To: newestVersion(next, func(v string) time.Time { return later(now.versions[v].last, versions[v].LastSeen) })}
	d.Direction = direction(d.From, d.To)
	if s.damped(key, p, r, FlapKey{FacetServices, told.Key()}, told.value(), after.value(), d.Direction == Down) {
		return
	}
	for _, v := range next {
		if _, held := versions[v]; !held {
			versions[v] = SeenVersion{LastSeen: now.versions[v].last}
		}
	}
	s.facet(key, p, r, Change{Type: ServiceVersionChanged, Before: told, After: after, Changed: []Facet{FacetServices}, Details: d,
		NotBefore: lastShown, Reasons: []Reason{versionReason(d, told.Versions, next)}},
		func(t *Port) { t.Services = withService(t.Services, after) })
}

// nextVersions is the set to be told next: what is current, and of the told
// versions those that may be back. One leaves at once when another was first seen
// after it was last seen, or when the source wrote another over it; else when it
// has been unseen for 10 distinct scans and something else remains.
func nextVersions(told Service, now *nowService, seen map[string]SeenVersion) []string {
	var next, left []string
	joined := false
	for _, v := range now.Versions {
		if seen[v].Unseen >= settleAfter {
			left = append(left, v)
			continue
		}
		next = append(next, v)
		joined = joined || !slices.Contains(told.Versions, v)
	}
	for _, v := range told.Versions {
		_, listed := now.versions[v]
		if !slices.Contains(now.Versions, v) && (listed || !joined) &&
			!now.superseded(v, later(now.versions[v].last, seen[v].LastSeen)) && seen[v].Unseen < settleAfter {
			next = append(next, v)
		}
	}
	if len(next) == 0 {
		next = left
	}
	slices.Sort(next)
	return next
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
		if before, known := p.Told.service(k); known {
			now.Category, now.Name = before.Category, before.Name // in the spelling first told
		}
		if !s.room(len(told.Services), now) {
			continue
		}
		p.remember(now)
		told.Services = append(told.Services, now.Service)
	}
}

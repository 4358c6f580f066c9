package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/limits"
)

// banners compares the told banner sets of an open port with a record. That a
// protocol's banner is gone cannot be decided from a history: there is no event
// for it.
func (s *stepper) banners(key portKey, p *PortState, r record, rel relation, newScan bool) {
	p.forgetForms(s.now)
	all, newest := s.readBanners(p, r)
	for _, protocol := range slices.Sorted(maps.Keys(all)) {
		n := all[protocol]
		seen := p.Banners[protocol]
		told, known := p.Told.bannerSet(protocol)
		if known && seen.RawHash != n.rawHash && len(n.forms) > 0 && slices.Contains(told.digests(), n.sorted()[0].Form.Digest) {
			s.suppress(RuleVolatile, FacetBanners, "")
		}
		seen.RawHash = n.rawHash
		seen.Kept = observe(seen.Kept, n, newScan)
		current := s.withinBound(n.current(newest, seen.Kept))
		switch {
		case len(current) == 0 && known:
			p.putBanners(protocol, seen)
		case len(current) == 0:
		case !known:
			s.bannerAdded(key, p, r, protocol, seen, current)
		default:
			s.bannerSeen(key, p, r, rel, newScan, told, seen, current)
		}
	}
}

func (s *stepper) bannerAdded(key portKey, p *PortState, r record, protocol string, seen SeenBanners, current []SeenForm) {
	if len(p.Told.Banners) >= limits.ToldBannerSets.Max {
		s.bound(limits.ToldBannerSets, FacetBanners, current[0].Form.Digest)
		return
	}
	if s.damped(key, p, r, FlapKey{FacetBanners, protocol}, protocol, protocol+current[0].Form.Digest, false) {
		return
	}
	after := s.bannerSet(protocol, current)
	seen.Kept, seen.Waiting = keep(seen.Kept, current, s.now), 0
	p.putBanners(protocol, seen)
	s.facet(key, p, r, Change{Type: BannerAdded, NotBefore: p.Agreed, After: after, Changed: []Facet{FacetBanners}, Reasons: []Reason{NewProtocol}, Details: BannerDetails{}},
		func(t *Port) { t.Banners = withBannerSet(t.Banners, after) })
}

// bannerSeen decides whether told moves to the current set: at once when a form
// enters that is not remembered, or one that is graver than the last change;
// a form known from before waits until things have settled.
func (s *stepper) bannerSeen(key portKey, p *PortState, r record, rel relation, newScan bool, told BannerSet, seen SeenBanners, current []SeenForm) {
	defer func() { p.putBanners(told.Protocol, seen) }()
	isNew := slices.ContainsFunc(current, func(f SeenForm) bool { return !holds(seen.Kept, f.Form.Digest) })
	if !isNew && sameForms(told, current) {
		seen.Waiting = 0
		return
	}
	if !rel.mayChange() {
		s.suppress(RuleEqualEvidence, FacetBanners, "")
		return
	}
	was, is := newestTold(told, seen.Kept), entering(told, current)
	facts := banner.Compare(was, is)
	class := worst(facts)
	reasons := []Reason{NewForm}
	if !isNew {
		if newScan {
			seen.Waiting++
		}
		returning := slices.ContainsFunc(current, func(f SeenForm) bool { return !slices.Contains(told.digests(), f.Form.Digest) })
		switch {
		case seen.Waiting >= settleAfter || left(told, seen.Kept, current):
			reasons = []Reason{Settled}
		case returning && gravity(class) > gravity(seen.Told):
			reasons = []Reason{Returned}
		default:
			s.suppress(RuleReturning, FacetBanners, "")
			return
		}
	}
	reasons = withFactReasons(reasons, was, is, facts)
	if s.damped(key, p, r, FlapKey{FacetBanners, told.Protocol}, told.Protocol+newestTold(told, seen.Kept).Digest, told.Protocol+entering(told, current).Digest, gravity(class) > gravity(seen.Told)) {
		return
	}
	after := s.bannerSet(told.Protocol, current)
	seen.Kept, seen.Waiting, seen.Told = keep(seen.Kept, remembered(seen.Kept, current), s.now), 0, class
	s.facet(key, p, r, Change{Type: BannerChanged, NotBefore: p.Agreed, Before: told, After: after, Changed: []Facet{FacetBanners}, Reasons: reasons,
		Details: boundFacts(facts)},
		func(t *Port) { t.Banners = withBannerSet(t.Banners, after) })
}

// wholeBanners tells all current sets at once, as far as they fit. What was
// remembered of forms before stays remembered.
func (s *stepper) wholeBanners(p *PortState, r record, told *Port) {
	p.forgetForms(s.now)
	all, newest := s.readBanners(p, r)
	for _, protocol := range slices.Sorted(maps.Keys(all)) {
		seen := p.Banners[protocol]
		current := s.withinBound(all[protocol].current(newest, nil))
		if len(current) == 0 {
			continue
		}
		if len(told.Banners) >= limits.ToldBannerSets.Max {
			s.bound(limits.ToldBannerSets, FacetBanners, current[0].Form.Digest)
			continue
		}
		seen.Kept = keep(seen.Kept, current, s.now)
		seen.Waiting, seen.RawHash = 0, all[protocol].rawHash
		p.putBanners(protocol, seen)
		told.Banners = append(told.Banners, s.bannerSet(protocol, current))
	}
}

// bannerSet is the set as told: sorted by digest, text and facts for the newest
// form alone.
func (s *stepper) bannerSet(protocol string, current []SeenForm) BannerSet {
	set := BannerSet{Protocol: protocol}
	for i, f := range current {
		form, cut := ToldForm(f.Form, i == 0)
		switch {
		case cut && (form.Product != f.Form.Product || form.Version != f.Form.Version):
			s.bound(limits.ToldFormBytes, FacetBanners, f.Form.Digest)
		case cut:
			s.bound(limits.ToldTextBytes, FacetBanners, f.Form.Digest)
		}
		set.Forms = append(set.Forms, form)
	}
	slices.SortFunc(set.Forms, func(a, b banner.Form) int { return strings.Compare(a.Digest, b.Digest) })
	return set
}

// withinBound keeps the newest forms that may be told; the others are noted.
func (s *stepper) withinBound(current []SeenForm) []SeenForm {
	fit := min(len(current), limits.ToldForms.Max)
	for _, f := range current[fit:] {
		s.bound(limits.ToldForms, FacetBanners, f.Form.Digest)
	}
	return slices.Clip(current[:fit])
}

// left says whether every told form that is no longer current has been unseen for
// 10 distinct scans.
func left(told BannerSet, kept, current []SeenForm) bool {
	gone := false
	for _, k := range kept {
		if slices.Contains(told.digests(), k.Form.Digest) && !holds(current, k.Form.Digest) {
			if k.Unseen < settleAfter {
				return false
			}
			gone = true
		}
	}
	return gone
}

func (p *PortState) putBanners(protocol string, seen SeenBanners) {
	if p.Banners == nil {
		p.Banners = map[string]SeenBanners{}
	}
	p.Banners[protocol] = seen
}

func sameForms(told BannerSet, current []SeenForm) bool {
	if len(told.Forms) != len(current) {
		return false
	}
	for _, f := range told.Forms {
		if !holds(current, f.Digest) {
			return false
		}
	}
	return true
}

// remembered is the current forms with what is already known about them.
func remembered(kept, current []SeenForm) []SeenForm {
	out := slices.Clone(current)
	for i, f := range out {
		if j := slices.IndexFunc(kept, func(k SeenForm) bool { return k.Form.Digest == f.Form.Digest }); j >= 0 {
			out[i].Unseen = kept[j].Unseen
		}
	}
	return out
}

// newestTold is the newest of the told forms, with all its facts.
func newestTold(told BannerSet, kept []SeenForm) banner.Form {
	for _, k := range slices.SortedFunc(slices.Values(kept), newerForm) {
		if slices.Contains(told.digests(), k.Form.Digest) {
			return k.Form
		}
	}
	return told.Forms[0]
}

// entering is the newest form that is not told yet, else the newest.
func entering(told BannerSet, current []SeenForm) banner.Form {
	for _, f := range current {
		if !slices.Contains(told.digests(), f.Form.Digest) {
			return f.Form
		}
	}
	return current[0].Form
}

// worst is the gravest class among the facts that changed.
func worst(facts []banner.FactChange) banner.Class {
	var out banner.Class
	for _, f := range facts {
		if gravity(f.Class) > gravity(out) {
			out = f.Class
		}
	}
	return out
}

func gravity(c banner.Class) int {
	switch c {
	case banner.Security:
		return 3
	case banner.Routing:
		return 2
	case banner.Identity, banner.Content:
		return 1
	}
	return 0
}

// boundFacts keeps the facts that fit into details, graver ones first, in order
// of their paths.
func boundFacts(facts []banner.FactChange) BannerDetails {
	byGravity := slices.Clone(facts)
	slices.SortStableFunc(byGravity, func(a, b banner.FactChange) int { return gravity(b.Class) - gravity(a.Class) })
	room := limits.DetailsBytes.Max - len(`{"facts":[]}`)
	var out []banner.FactChange
	for _, f := range byGravity {
		n := len(`{"path":,"class":"","before":null,"after":null},`) + jsonLen(f.Path) + len(f.Class)
		if f.Before != nil {
			n += jsonLen(*f.Before)
		}
		if f.After != nil {
			n += jsonLen(*f.After)
		}
		if n > room {
			continue
		}
		room -= n
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b banner.FactChange) int { return strings.Compare(a.Path, b.Path) })
	return BannerDetails{Facts: out, Omitted: len(facts) - len(out)}
}

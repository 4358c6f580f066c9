package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
)

// facets compares what a port that is open in both snapshots offers.
func (c *comparer) facets(key hostport.PortKey, p *PortState, r record) {
	var fresh PortState
	now := c.whole(&fresh, r)
	c.compareServices(key, p, r, now)
	c.compareBanners(key, p, r, now, &fresh)
	c.compareCertificates(key, p, r)
}

func (c *comparer) compareServices(key hostport.PortKey, p *PortState, r record, now Port) {
	if r.port.ServicesUnseen && len(now.Services) == 0 {
		return
	}
	keys := map[string]struct{}{}
	for _, list := range [][]Service{p.Told.Services, now.Services} {
		for _, s := range list {
			keys[s.Key()] = struct{}{}
		}
	}
	changed := []Facet{FacetServices}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		before, was := p.Told.service(k)
		after, is := now.service(k)
		switch {
		case !was:
			c.facet(key, p, r, Change{Type: ServiceAdded, NotBefore: p.Agreed, After: after, Changed: changed, Reasons: []Reason{ServiceSeen}},
				func(t *Port) { t.Services = withService(t.Services, after) })
		case !is:
			c.facet(key, p, r, Change{Type: ServiceRemoved, NotBefore: p.Agreed, Before: before, Changed: changed, Reasons: []Reason{AbsentOnce},
				Basis: Rescan, Tentative: true}, func(t *Port) { t.Services = withoutService(t.Services, k) })
		case len(after.Versions) > 0 && !slices.Equal(before.Versions, after.Versions):
			after.Category, after.Name = before.Category, before.Name // in the spelling first told
			unknown := func(string) time.Time { return time.Time{} }
			d := VersionDetails{From: newestVersion(before.Versions, unknown), To: newestVersion(after.Versions, unknown)}
			d.Direction = direction(d.From, d.To)
			c.facet(key, p, r, Change{Type: ServiceVersionChanged, NotBefore: p.Agreed, Before: before, After: after, Changed: changed,
				Details: d, Reasons: []Reason{versionReason(d, before.Versions, after.Versions)}},
				func(t *Port) { t.Services = withService(t.Services, after) })
		}
	}
}

// compareBanners takes each protocol that the new record answers in. That one is
// gone cannot be decided from a history.
func (c *comparer) compareBanners(key hostport.PortKey, p *PortState, r record, now Port, fresh *PortState) {
	changed := []Facet{FacetBanners}
	for _, after := range now.Banners {
		before, known := p.Told.bannerSet(after.Protocol)
		kept, current := p.Banners[after.Protocol].Kept, fresh.Banners[after.Protocol].Kept
		if !known {
			c.facet(key, p, r, Change{Type: BannerAdded, NotBefore: p.Agreed, After: after, Changed: changed, Reasons: []Reason{NewProtocol},
				Details: BannerDetails{}}, func(t *Port) { t.Banners = withBannerSet(t.Banners, after) })
			continue
		}
		reason := Settled
		for _, f := range current {
			if !slices.ContainsFunc(kept, func(k SeenForm) bool { return sameAnswer(k, f) }) {
				reason = NewForm
			}
		}
		if reason == Settled && len(before.Forms) == len(after.Forms) {
			continue
		}
		was, is := newestTold(before, kept), entering(before, current)
		facts := banner.Compare(was, is)
		c.facet(key, p, r, Change{Type: BannerChanged, NotBefore: p.Agreed, Before: before, After: after, Changed: changed,
			Reasons: withFactReasons([]Reason{reason}, was, is, facts), Details: boundFacts(facts)},
			func(t *Port) { t.Banners = withBannerSet(t.Banners, after) })
	}
}

func (c *comparer) compareCertificates(key hostport.PortKey, p *PortState, r record) {
	told, old := p.Told.Certificate, p.Certificate
	now, id, known := c.readCertificate(p, r)
	switch {
	case r.port.Certificate == nil && r.port.CertificateUnseen:
	case told != nil && now != nil && told.SHA1 == now.SHA1:
	case told == nil && now == nil && known && old.Pending == "":
	case id != "" && (id == old.ID || id == old.Pending):
		// The same one; one of the two records describes it.
	case !known, old.Pending != "":
		c.out.Unread = append(c.out.Unread, key)
	case told == nil:
		c.certificateMoves(key, p, r, Change{Type: CertificateAdded, Reasons: []Reason{TLSAdded}, Details: AddedDetails{now.facts}}, now)
	case now == nil:
		c.certificateMoves(key, p, r, Change{Type: CertificateRemoved, Reasons: []Reason{AbsentOnce}, Basis: Rescan, Tentative: true}, nil)
	default:
		c.certificateMoves(key, p, r, classify(told, now, c.now), now)
	}
}

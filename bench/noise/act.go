package main

import (
	"slices"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
)

// act changes a port and says which events that is. What a scan has to bring to
// light is true from the change on; a delay therefore includes the source's own.
func (h *host) act(p *port, now time.Time) {
	p.nextAct = now.Add(5*day + time.Duration(h.rng.Int64N(int64(15*day))))
	if now.After(h.end().Add(-6 * day)) {
		p.nextAct = h.end() // too late to be told within the days that are measured
		return
	}
	switch {
	case p.product == &tarpit:
		p.listed, p.open, p.nextAct = true, true, h.end()
	case !p.listed:
		h.appear(p, now)
	case !p.open:
		h.reopen(p, now)
	default:
		h.alter(p, now)
	}
}

func (h *host) appear(p *port, now time.Time) {
	p.listed, p.open = true, true
	kind := diff.PortOpened
	if !p.record.LastScan.IsZero() {
		kind = diff.PortReopened
	}
	h.expect(p, now, "status", kind)
	h.scan(p, now) // being found is a scan
	p.known = true
}

func (h *host) reopen(p *port, now time.Time) {
	p.open = true
	h.expect(p, now, "status", diff.PortReopened)
}

// alter makes one of the changes that an open port can make.
func (h *host) alter(p *port, now time.Time) {
	can := []func(){func() { h.shut(p, now) }}
	add := func(weight int, ok bool, f func()) {
		for range weight {
			if ok {
				can = append(can, f)
			}
		}
	}
	add(1, h.listed() > 3, func() { h.unlist(p, now) })
	add(3, p.version+1 < len(p.product.versions), func() { h.upgrade(p, now) })
	add(3, p.product.forms > p.form+1, func() {
		p.form++
		h.expect(p, now, "banner", diff.BannerChanged)
	})
	add(2, p.cert != nil, func() {
		p.cert = h.issue(p, p.cert, true, now)
		h.expect(p, now, "certificate", diff.CertificateRenewed)
	})
	add(1, p.cert != nil, func() {
		p.cert = h.issue(p, p.cert, false, now)
		h.expect(p, now, "certificate", diff.CertificateReplaced)
	})
	add(1, p.product.addons && !p.addon, func() {
		p.addon = true
		h.expect(p, now, "service", diff.ServiceAdded)
	})
	can[h.rng.IntN(len(can))]()
}

func (h *host) listed() (n int) {
	for _, p := range h.ports {
		if p.listed {
			n++
		}
	}
	return n
}

func (h *host) shut(p *port, now time.Time) {
	p.open = false
	kind := diff.PortClosed
	if p.word {
		kind = diff.PortFiltered
	}
	h.expect(p, now, "status", kind)
}

// unlist has the source drop the port at once, without a scan of it.
func (h *host) unlist(p *port, now time.Time) {
	p.listed, p.open = false, false
	h.expect(p, now, "status", diff.PortVanished)
}

func (h *host) upgrade(p *port, now time.Time) {
	p.version++
	h.expect(p, now, "service", diff.ServiceVersionChanged)
	if p.product.shows {
		h.expect(p, now, "banner", diff.BannerChanged)
	}
}

// scan is the source's own act: what is really there enters its record.
func (h *host) scan(p *port, now time.Time) {
	h.play(p, now)
	r := &p.record
	r.LastScan, r.TimesObserved = now, r.TimesObserved+1
	r.Status = hostport.Open
	if !p.open {
		if r.Status = hostport.Closed; p.word {
			r.Status = hostport.Filtered
		}
		return
	}
	r.LastSeen = now
	h.sightServices(p, now)
	r.Certificate = p.cert
	if p.product.text == nil {
		return
	}
	text := p.product.text(scene{rng: h.rng, at: now, version: p.shownVersion(), form: p.form, traits: p.traits, host: h.index})
	r.Banners = slices.Clone(r.Banners)
	if n := len(r.Banners); n > 0 && r.Banners[n-1].Text == text {
		r.Banners[n-1].LastSeen = now
	} else {
		r.Banners = append(r.Banners, hostport.Banner{Text: text, ScanProtocol: p.product.scan, FirstSeen: now, LastSeen: now})
	}
	r.Banners = r.Banners[max(0, len(r.Banners)-6):]
}

func (p *port) shownVersion() string {
	if len(p.product.versions) == 0 {
		return ""
	}
	return p.product.versions[p.version]
}

// play moves what a port does by itself, from scan to scan: two servers behind
// one address, a rolling deployment that never ends, a service that cannot decide.
func (h *host) play(p *port, now time.Time) {
	begun := now.After(epoch.Add(3 * day))
	if !begun {
		return
	}
	switch p.trait {
	case "alternating":
		if h.rng.IntN(10) < 6 {
			p.cert, p.other = p.other, p.cert
		}
		if !p.met { // the first sight of the second one, and then the word for both
			p.met = true
			h.expect(p, now, "certificate", diff.CertificateRenewed, diff.CertificateRolledBack)
			h.expect(p, now, "certificate", diff.CertificateAlternating)
			// Ten scans in a row that meet one of the two are few, not none.
			h.allow(p, now, "certificate", diff.CertificateSettled)
			h.allow(p, now, "certificate", diff.CertificateAlternating)
		}
	case "mixed":
		if !p.met {
			p.met = true
			h.expect(p, now, "service", diff.ServiceVersionChanged)
			h.expect(p, now, "banner", diff.BannerChanged)
			// Which of the two is met first decides whether the set of both takes a
			// second event; ten scans that meet one alone may settle it.
			for range 2 {
				h.allow(p, now, "service", diff.ServiceVersionChanged)
				h.allow(p, now, "banner", diff.BannerChanged)
			}
		}
		lower := p.version &^ 1
		p.version = lower + h.rng.IntN(2)
	case "flapping":
		if p.flapUntil.IsZero() {
			p.flapUntil = now.Add(6 * day)
			// Whether it flips often enough within ten scans to be told as a flap is chance,
			// nor how often it stands still for a while.
			for range 3 {
				h.allow(p, now, "status", diff.FlapStarted)
				h.allow(p, now, "status", diff.FlapEnded)
			}
		}
		was := p.open
		p.open = now.After(p.flapUntil) || h.rng.IntN(2) == 0
		if was != p.open {
			h.allow(p, now, "status", diff.PortReopened, diff.PortClosed, diff.PortFiltered)
		}
	}
}

// sightServices keeps the history of components as the source does: what was
// replaced stays with the time it was last seen.
func (h *host) sightServices(p *port, now time.Time) {
	list := slices.Clone(p.record.Services)
	sight := func(category, name, version string) {
		i := slices.IndexFunc(list, func(s hostport.Service) bool { return s.Name == name && s.Version == version })
		if i < 0 {
			list = append(list, hostport.Service{Category: category, Name: name, Version: version, FirstSeen: now})
			i = len(list) - 1
		}
		list[i].LastSeen, list[i].IsRecent = now, true
	}
	mixed := p.trait == "mixed" && p.met
	for i := range list {
		list[i].IsRecent = mixed && now.Sub(list[i].LastSeen) < 2*day
	}
	if p.product.name != "" {
		sight(p.product.category, p.product.name, p.shownVersion())
	}
	if p.addon {
		sight("JavaScript Library", "jQuery", "3.6.0")
	}
	p.record.Services = list
}

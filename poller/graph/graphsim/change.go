package graphsim

import (
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// A change is a way in which a port can change. apply tells the truth of it; the
// evidence of the port rises with it.
type change struct {
	name   string
	weight int // among the changes a port can make; 0: only as one of the first
	can    func(*host, *port) bool
	apply  func(*World, *host, *port)
}

// changes are all kinds. Each is chosen such that the rules of evidence (design
// section 4) make exactly its events of it: nothing returns that was there
// before but a status and the list's membership, since what returns waits; and
// what a port no longer shows leaves its record, since a component stays current
// for 48 h after it was seen.
var changes = []change{
	{"appear", 17, unlisted, func(w *World, h *host, p *port) { w.appear(h, p, hostport.Open) }},
	{"discover", 3, isNew, func(w *World, h *host, p *port) { w.appear(h, p, hostport.Closed) }},
	{"vanish", 8, canVanish, (*World).vanish},
	{"close", 14, isOpen, func(w *World, h *host, p *port) { w.turn(h, p, hostport.Closed) }},
	{"filter", 8, isOpen, func(w *World, h *host, p *port) { w.turn(h, p, hostport.Filtered) }},
	{"reopen", 40, isShut, func(w *World, h *host, p *port) { w.turn(h, p, hostport.Open) }},
	{"other word", 10, isShut, (*World).otherWord},
	{"upgrade", 25, canUpgrade, (*World).upgrade},
	{"rewrite", 20, canRewrite, (*World).rewrite},
	{"renew", 14, hasCertificate, func(w *World, h *host, p *port) { w.newCertificate(h, p, true) }},
	{"replace", 5, hasCertificate, func(w *World, h *host, p *port) { w.newCertificate(h, p, false) }},
	{"add certificate", 4, lacksCertificate, func(w *World, h *host, p *port) { w.newCertificate(h, p, true) }},
	{"remove certificate", 2, hasCertificate, (*World).removeCertificate},
	{"add service", 6, canAddService, (*World).addService},
	{"remove service", 4, hasAddon, (*World).removeService},
	{"expose", 0, canExpose, func(w *World, h *host, p *port) { w.turn(h, p, hostport.Open) }},
	{"unexpose", 0, canUnexpose, func(w *World, h *host, p *port) { w.turn(h, p, hostport.Closed) }},
}

// openingAct is the order in which each kind is shown once: what takes a watcher
// longest to decide comes first, then what few hosts can show.
func openingAct() []change {
	var act []change
	for _, name := range []string{
		"vanish", "remove service", "remove certificate", "expose", "unexpose", "upgrade", "appear", "close", "filter",
		"rewrite", "renew", "replace", "reopen", "add service", "add certificate", "discover", "other word",
	} {
		act = append(act, changes[slices.IndexFunc(changes, func(c change) bool { return c.name == name })])
	}
	return act
}

func unlisted(_ *host, p *port) bool { return !p.listed }
func isNew(_ *host, p *port) bool    { return !p.listed && p.firstSeen == 0 }
func isOpen(_ *host, p *port) bool   { return p.open() }

func isShut(_ *host, p *port) bool { return p.listed && !p.open() }

// canVanish demands two other listed ports: absence is believed only while the
// rest of the host is rescanned.
func canVanish(h *host, p *port) bool { return p.listed && h.listed() >= 3 }

func canUpgrade(_ *host, p *port) bool { return p.open() && len(p.product.versions) > 0 }
func canRewrite(_ *host, p *port) bool { return p.open() && p.form+1 < p.product.forms }

func hasCertificate(_ *host, p *port) bool { return p.open() && p.certificate != nil }
func lacksCertificate(_ *host, p *port) bool {
	return p.open() && p.certificate == nil && p.tls != noTLS
}

func addonCount(p *port) (n int) {
	for _, c := range p.components {
		if c.addon {
			n++
		}
	}
	return n
}

func canAddService(_ *host, p *port) bool {
	return p.open() && p.product.addons && addonCount(p) < len(addons)
}
func hasAddon(_ *host, p *port) bool    { return p.open() && addonCount(p) > 0 }
func canExpose(h *host, p *port) bool   { return p.listed && h.openPorts() == 0 }
func canUnexpose(h *host, p *port) bool { return p.open() && h.openPorts() == 1 }

// appear lists a port, for the first time or again.
func (w *World) appear(h *host, p *port, status hostport.Status) {
	at := max(w.now, p.lastScan+1)
	p.listed = true
	p.status = status
	if p.firstSeen == 0 {
		p.firstSeen = at
	}
	w.bear(h, p, at)
	w.rescanLocked(h, p, at)
	w.tellLocked(h, p, at, "listed", false, true, false)
}

// bear gives a port that opens for the first time what it shows.
func (w *World) bear(h *host, p *port, at stamp) {
	if p.status != hostport.Open || len(p.components) > 0 {
		return
	}
	p.start(at)
	if p.tls == needsTLS {
		w.issue(h, p, at.add(-time.Hour), at)
	}
}

// vanish drops a port from the list; the next scan of the host's others makes
// its absence evidence.
func (w *World) vanish(h *host, p *port) {
	p.listed = false
	w.tellLocked(h, p, w.now, "listed", true, false, false)
}

// turn moves the status.
func (w *World) turn(h *host, p *port, status hostport.Status) {
	at := max(w.now, p.lastScan+1)
	from := p.status
	p.status = status
	w.bear(h, p, at)
	w.rescanLocked(h, p, at)
	w.tellLocked(h, p, at, "status", from, status, false)
}

// otherWord exchanges closed and filtered.
func (w *World) otherWord(h *host, p *port) {
	if p.status == hostport.Closed {
		w.turn(h, p, hostport.Filtered)
	} else {
		w.turn(h, p, hostport.Closed)
	}
}

// upgrade moves to the next version, in the component and, where it shows, in
// the banner: two lines, one act.
func (w *World) upgrade(h *host, p *port) {
	at := max(w.now, p.lastScan+1)
	before := p.lastText(h)
	from, to := p.upgrade(at)
	w.rescanLocked(h, p, at)
	truth := func(c component) serviceTruth { return serviceTruth{c.category, c.name, c.version} }
	w.tellLocked(h, p, at, "service", truth(from), truth(to), false)
	older := sighting{version: int32(p.version - 1), form: int32(p.form)}
	newer := sighting{version: int32(p.version), form: int32(p.form)}
	if p.text(h, older) != p.text(h, newer) {
		w.tellLocked(h, p, at, "banner", before, p.lastText(h), false)
	}
}

// rewrite moves to the banner's next form.
func (w *World) rewrite(h *host, p *port) {
	at := max(w.now, p.lastScan+1)
	before := p.lastText(h)
	p.form++
	w.rescanLocked(h, p, at)
	w.tellLocked(h, p, at, "banner", before, p.lastText(h), false)
}

// newCertificate issues one more. Renewed is the same subject, names and issuer;
// else the issuer differs and, every other time, the subject.
func (w *World) newCertificate(h *host, p *port, same bool) {
	at := max(w.now, p.lastScan+1)
	var from any
	notBefore := at.add(-time.Hour)
	if p.certificate != nil {
		from = p.certificate.sha1
		// Newer than the old one by a second at least, the grain of X.509 times.
		notBefore = max(notBefore, p.certificate.notBefore.add(time.Second))
	}
	if !same {
		p.authority++
		p.subject += p.authority % 2
	}
	c := w.issue(h, p, notBefore, at)
	w.rescanLocked(h, p, at)
	w.tellLocked(h, p, at, "certificate", from, c.sha1, false)
}

func (w *World) removeCertificate(h *host, p *port) {
	at := max(w.now, p.lastScan+1)
	from := p.certificate.sha1
	p.certificate = nil
	w.rescanLocked(h, p, at)
	w.tellLocked(h, p, at, "certificate", from, nil, false)
}

// addService adds the next component the port does not show.
func (w *World) addService(h *host, p *port) {
	at := max(w.now, p.lastScan+1)
	for i := range addons {
		a := addons[(p.changes+i)%len(addons)]
		if slices.ContainsFunc(p.components, func(c component) bool { return c.name == a.name }) {
			continue
		}
		a.addon, a.recent, a.first, a.last = true, true, at, at
		p.components = append(p.components, a)
		w.rescanLocked(h, p, at)
		w.tellLocked(h, p, at, "service", nil, serviceTruth{a.category, a.name, a.version}, false)
		return
	}
}

// removeService drops a component from the record altogether.
func (w *World) removeService(h *host, p *port) {
	at := max(w.now, p.lastScan+1)
	i := slices.IndexFunc(p.components, func(c component) bool { return c.addon })
	gone := p.components[i]
	p.components = slices.Delete(p.components, i, i+1)
	w.rescanLocked(h, p, at)
	w.tellLocked(h, p, at, "service", serviceTruth{gone.category, gone.name, gone.version}, nil, false)
}

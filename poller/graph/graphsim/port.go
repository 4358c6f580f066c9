package graphsim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/portdelta/portdelta/internal/hostport"
)

// A port is one (protocol, number) of a host, listed or not. World.mu guards it.
type port struct {
	index   int // within its host
	key     hostport.PortKey
	product *product
	tls     tlsUse
	traits  uint64 // fixed choices: which headers, which spelling
	phase   uint64 // when within a scan interval it is scanned

	state

	// What the next certificate will say.
	issued, authority, subject int
	certificates               []*certificate // those the service still knows, newest last

	rescans int64 // regular scans so far
	used    bool  // one of the first changes was its own

	// What the spacing of changes goes by (look.go).
	changes   int    // so far, noise aside
	changedAt uint64 // World.clock at the last of them
	scannedAt uint64 // World.clock at the last scan
	looks     int    // complete looks since, each with newer evidence
	witness   stamp  // the evidence of the last of them
}

// state is what the service shows of a port. Copied with clone it is what an
// older replica shows.
type state struct {
	listed      bool
	status      hostport.Status
	firstSeen   stamp
	lastSeen    stamp // open last; zero if never
	lastScan    stamp
	observed    int
	version     int // index into the product's versions
	form        int
	sightings   []sighting
	components  []component
	certificate *certificate
}

func (s *state) clone() state {
	c := *s
	c.sightings = slices.Clone(s.sightings)
	c.components = slices.Clone(s.components)
	return c
}

func (s *state) open() bool { return s.listed && s.status == hostport.Open }

// A sighting is one banner of the history. Its text is made when asked for: the
// sighting keeps what the text depends on.
type sighting struct {
	version, form int32
	nonce         uint64
	at            stamp // the moment the text speaks of
	first, last   stamp
	observed      int
}

// A component of the history; not recent once another version took its place.
type component struct {
	category, name, version string
	recent                  bool
	addon                   bool
	first, last             stamp
}

// portID is the service's id of a port: base64 of host$$port. It does not hold
// the protocol, so tcp and udp of one number share it, as with the real service.
func portID(h hostport.Host, number uint16) string {
	return base64.StdEncoding.EncodeToString([]byte(string(h) + "$$" + strconv.Itoa(int(number))))
}

// portByIDLocked takes a port's id apart: the server made it, so it may. The id
// must be the very one it would make.
func (w *World) portByIDLocked(id string) (*host, uint16, bool) {
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		return nil, 0, false
	}
	name, digits, ok := strings.Cut(string(raw), "$$")
	number, err := strconv.ParseUint(digits, 10, 16)
	h := w.byName[hostport.Host(name)]
	if !ok || err != nil || h == nil || portID(h.name, uint16(number)) != id {
		return nil, 0, false
	}
	return h, uint16(number), true
}

// text is what a sighting's banner says; empty where the product shows none.
func (p *port) text(h *host, s sighting) string {
	if p.product.banner == nil {
		return ""
	}
	return p.product.banner(scene{
		domain: h.domain, address: string(h.name), version: p.product.version(int(s.version)),
		form: int(s.form), traits: p.traits, at: s.at.time(), nonce: s.nonce,
	})
}

// lastText is the newest banner, nil where there never was one.
func (p *port) lastText(h *host) any {
	if len(p.sightings) == 0 {
		return nil
	}
	return p.text(h, p.sightings[len(p.sightings)-1])
}

// scan is the service's own act: it moves the evidence of a listed port, and a
// banner where it is open. lastScan rises strictly, so that whatever a scan
// brings is newer than anything an answer ever showed. It returns the instant of
// the scan.
func (p *port) scan(w *World, at stamp) stamp {
	at = max(at, p.lastScan+1)
	p.lastScan = at
	p.scannedAt = w.clock
	if p.status != hostport.Open {
		return at
	}
	p.lastSeen = at
	p.observed++
	for i := range p.components {
		if p.components[i].recent {
			p.components[i].last = at
		}
	}
	p.sight(mix(w.seed, uint64(p.traits), p.phase, uint64(at)), at)
	return at
}

// sight enters a banner into the history: a new entry where the text differs
// from the last one, as the service keeps the same answer many times over with
// other volatile bytes.
func (p *port) sight(nonce uint64, at stamp) {
	if p.product.banner == nil {
		return
	}
	if n := len(p.sightings); n > 0 && !p.product.noisy {
		last := &p.sightings[n-1]
		if int(last.version) == p.version && int(last.form) == p.form {
			last.last = at
			last.observed++
			return
		}
	}
	p.sightings = append(p.sightings, sighting{
		version: int32(p.version), form: int32(p.form), nonce: nonce, at: at, first: at, last: at, observed: 1,
	})
	p.forget()
}

// forget bounds the history: three entries of the current form, and six in all.
func (p *port) forget() {
	const ofOneForm, inAll = 3, 6
	same := 0
	for i := len(p.sightings) - 1; i >= 0; i-- {
		s := p.sightings[i]
		if int(s.version) == p.version && int(s.form) == p.form {
			if same++; same > ofOneForm {
				p.sightings = slices.Delete(p.sightings, i, i+1)
			}
		}
	}
	if extra := len(p.sightings) - inAll; extra > 0 {
		p.sightings = slices.Delete(p.sightings, 0, extra)
	}
}

// start fills a port that opens for the first time.
func (p *port) start(at stamp) {
	p.components = append(p.components, component{
		category: p.product.category, name: p.product.name, version: p.product.version(p.version),
		recent: true, first: at, last: at,
	})
}

// upgrade puts the next version in the place of the current one, which stays in
// the history as it was last seen.
func (p *port) upgrade(at stamp) (from, to component) {
	i := slices.IndexFunc(p.components, func(c component) bool { return c.recent && !c.addon })
	p.components[i].recent = false
	from = p.components[i]
	p.version++
	to = component{
		category: from.category, name: from.name, version: p.product.version(p.version),
		recent: true, first: at, last: at,
	}
	p.components = slices.Insert(p.components, 0, to)
	const versions = 4
	kept := 0
	p.components = slices.DeleteFunc(p.components, func(c component) bool {
		if !c.addon {
			kept++
		}
		return !c.addon && kept > versions
	})
	return from, to
}

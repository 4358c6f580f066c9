package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
)

// epoch is when the simulated days begin.
var epoch = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// A truth is one event a perfect watcher would tell.
type truth struct {
	key      hostport.PortKey
	facet    string // status, service, banner, certificate, host
	types    []diff.Type
	at       time.Time
	optional bool // real where it is told, no loss where it is not
	told     map[string]time.Time
}

// A host of the fleet: what is really there, what the source shows of it, and
// what was told.
type host struct {
	o      options
	rng    *rand.Rand
	index  int
	name   hostport.Host
	ports  []*port
	truths []*truth

	views  [][]hostport.Port // what the source listed at earlier looks, oldest first
	certs  map[string]*hostport.Certificate
	engine engine
	naive  naive
	counts map[string]int // answers by the noise in them
	looks  int
}

// A port as it really is, and the record the source keeps of it.
type port struct {
	key     hostport.PortKey
	product *product
	traits  uint64 // fixed choices of headers
	trait   string // "", "alternating", "mixed", "flapping"

	listed, open, word bool // word: not open is "filtered"
	version, form      int
	addon              bool
	cert, other        *hostport.Certificate // other: of the second server behind the address
	every              time.Duration
	nextScan, nextAct  time.Time
	known              bool // listed and open at some time before
	record             hostport.Port
	flapUntil          time.Time
	met                bool // its trait has shown
}

func newHost(o options, index int) *host {
	h := &host{o: o, index: index, rng: rand.New(rand.NewPCG(o.seed, uint64(index))), certs: map[string]*hostport.Certificate{}, counts: map[string]int{}}
	h.name = hostport.Host(fmt.Sprintf("10.%d.%d.%d", index>>16, index>>8&255, index&255))
	slots := h.rng.Perm(len(products))
	for _, s := range slots[:min(len(slots), 3+h.rng.IntN(6))] {
		h.ports = append(h.ports, h.newPort(&products[s], products[s].port))
	}
	if n := h.rng.IntN(100); n < 2 { // a middlebox that answers on every port with the same words
		h.middlebox(n == 0)
	}
	for _, p := range h.ports {
		if p.listed {
			h.scan(p, epoch.Add(-time.Duration(h.rng.Int64N(int64(p.every)))))
		}
	}
	h.engine, h.naive = newEngine(), naive{}
	return h
}

// middlebox puts 400 ports before the host that answer alike, from the start or
// from the ninth day on. They are scanned together.
func (h *host) middlebox(already bool) {
	begin := epoch.Add(8 * day)
	for n := range 400 {
		p := h.newPort(&tarpit, uint16(20_000+n))
		p.listed, p.open, p.nextAct, p.every, p.nextScan = already, already, h.end(), 12*time.Hour, epoch.Add(12*time.Hour)
		if !already {
			p.nextAct, p.nextScan = begin, begin
		}
		h.ports = append(h.ports, p)
	}
	if !already {
		h.truths = append(h.truths, &truth{facet: "host", types: []diff.Type{diff.HostTarpitSuspected}, at: begin, told: map[string]time.Time{}})
	}
}

func (h *host) end() time.Time { return epoch.Add(time.Duration(h.o.days) * day) }

const day = 24 * time.Hour

func (h *host) newPort(product *product, number uint16) *port {
	r := h.rng
	p := &port{key: hostport.PortKey{Protocol: "tcp", Number: number}, product: product, traits: r.Uint64(),
		listed: r.IntN(6) > 0, open: r.IntN(6) > 0, word: r.IntN(2) == 0, every: time.Duration(3+r.IntN(12)) * time.Hour}
	p.version = r.IntN(max(1, len(product.versions)-4))
	p.known = p.listed && p.open
	p.record = hostport.Port{PortKey: p.key, ID: fmt.Sprintf("%s$$%d", h.name, number), FirstSeen: epoch.Add(-200 * day)}
	p.nextScan = epoch.Add(time.Duration(r.Int64N(int64(p.every))))
	p.nextAct = epoch.Add(2*day + time.Duration(r.Int64N(int64(20*day))))
	if product.tls && r.IntN(3) > 0 {
		p.cert = h.issue(p, nil, false, epoch.Add(-time.Duration(r.Int64N(int64(80*day)))))
	}
	switch {
	case product == &tarpit || !p.known:
	case p.cert != nil && r.IntN(20) == 0:
		p.trait, p.other = "alternating", h.issue(p, p.cert, true, epoch.Add(-10*day))
	case product.shows && r.IntN(30) == 0:
		p.trait = "mixed"
	case r.IntN(60) == 0:
		p.trait = "flapping"
	}
	if p.trait != "" {
		p.nextAct = h.end() // one story a port
	}
	return p
}

// issue makes a certificate; same: for the same names by the same authority as before.
func (h *host) issue(p *port, before *hostport.Certificate, same bool, from time.Time) *hostport.Certificate {
	serial := h.rng.Uint64()
	c := &hostport.Certificate{SHA1: fmt.Sprintf("%040x", serial), SerialNumber: fmt.Sprint(serial), NotBefore: from.Truncate(time.Second),
		NotAfter: from.Truncate(time.Second).Add(90 * day), Issuer: "CN=Fleet CA 1", Subject: fmt.Sprintf("CN=s%d.h%d.example.com", p.key.Number, h.index)}
	if before != nil && same {
		c.Issuer, c.Subject = before.Issuer, before.Subject
	} else if before != nil {
		c.Issuer = "CN=Fleet CA 2"
		c.Subject = fmt.Sprintf("CN=r%d.h%d.example.com", serial%1000, h.index)
	}
	c.ID, c.Names = "id-"+c.SHA1, []string{c.Subject[3:]}
	h.certs[c.ID] = c
	return c
}

// live runs the host's days: scans, changes and looks in the order of time.
func (h *host) live(scans *scans) {
	look := epoch.Add(time.Duration(h.rng.Int64N(int64(h.o.every))))
	for now := epoch; now.Before(h.end()); {
		next := look
		for _, p := range h.ports {
			next = earliest(next, p.nextScan, p.nextAct)
		}
		now = next
		h.engine.tick(h, now)
		for _, p := range h.ports {
			if !p.nextAct.After(now) {
				h.act(p, now)
			}
			if !p.nextScan.After(now) {
				p.nextScan = now.Add(p.every)
				if p.product != &tarpit {
					p.nextScan = p.nextScan.Add(time.Duration(h.rng.Int64N(int64(p.every / 4))))
				}
				if p.listed {
					h.scan(p, now)
				}
			}
		}
		if !look.After(now) {
			look = now.Add(h.o.every - h.o.every/20 + time.Duration(h.rng.Int64N(int64(h.o.every/10))))
			h.look(now, scans)
		}
	}
	h.engine.tick(h, h.end())
	h.overdue()
}

func earliest(times ...time.Time) time.Time { return slices.MinFunc(times, time.Time.Compare) }

// expect enters one event of the truth.
func (h *host) expect(p *port, at time.Time, facet string, types ...diff.Type) {
	h.truths = append(h.truths, &truth{key: p.key, facet: facet, types: types, at: at, told: map[string]time.Time{}})
}

// allow enters an event that is true if told.
func (h *host) allow(p *port, at time.Time, facet string, types ...diff.Type) {
	h.expect(p, at, facet, types...)
	h.truths[len(h.truths)-1].optional = true
}

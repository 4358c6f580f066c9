package graphsim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// A host of the world. World.mu guards it.
type host struct {
	index  int
	name   hostport.Host
	domain string // its own name, or the one its certificates and greetings carry
	ports  []*port

	looks int   // complete looks ever
	asked stamp // the last request for it; zero if none
	// replicas are earlier states of all ports, oldest first, kept only while
	// the stale fault is on.
	replicas [][]state
}

// listed is how many ports the list holds.
func (h *host) listed() int {
	n := 0
	for _, p := range h.ports {
		if p.listed {
			n++
		}
	}
	return n
}

func (h *host) openPorts() int {
	n := 0
	for _, p := range h.ports {
		if p.open() {
			n++
		}
	}
	return n
}

// maxHosts is what the ranges for documentation and benchmarks hold.
const maxHosts = 100_000

// hostName gives the index-th host its name: addresses of the documentation ranges
// (RFC 5737), then of the range for benchmarks (RFC 2544); among them IPv6
// addresses (RFC 3849) and DNS names.
func hostName(index int) hostport.Host {
	switch index % 16 {
	case 6:
		return hostport.Host(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 13: byte(index >> 16), 14: byte(index >> 8), 15: byte(index)}).String())
	case 12:
		return hostport.Host(fmt.Sprintf("www-%d.example.com", index))
	}
	n := index - (index+9)/16 - (index+3)/16 // IPv4 hosts before this one
	for _, prefix := range [][3]byte{{203, 0, 113}, {198, 51, 100}, {192, 0, 2}} {
		if n < 254 {
			return hostport.Host(netip.AddrFrom4([4]byte{prefix[0], prefix[1], prefix[2], byte(n + 1)}).String())
		}
		n -= 254
	}
	return hostport.Host(netip.AddrFrom4([4]byte{198, 18 + byte(n>>16), byte(n >> 8), byte(n)}).String())
}

// Unknown are two hosts that no world holds: the service answers 404 for them,
// as for every other host it does not know.
func Unknown() []hostport.Host { return []hostport.Host{"192.0.2.255", "unknown.example.com"} }

// newHost makes a host from the seed and its index alone.
func (w *World) newHost(index, meanPorts int, now stamp) *host {
	rng := rand.New(rand.NewPCG(w.seed, uint64(index)))
	h := &host{index: index, name: hostName(index), domain: fmt.Sprintf("h%d.example.com", index)}
	if !h.name.IsAddr() {
		h.domain = string(h.name)
	}
	listed := 2 + (rng.IntN(6)+rng.IntN(6))/2 + rng.IntN(6) // 2 to 12
	if meanPorts > 0 {
		listed = max(1, meanPorts/2+rng.IntN(meanPorts+1))
		if meanPorts%2 == 1 {
			listed += rng.IntN(2)
		}
	}
	// Every sixteenth host shows nothing open, so that its first opening exposes
	// it; every other sixteenth has one open port, which ends that by closing.
	const dark, lone = 1, 2
	character := index % 16
	if character == dark || character == lone {
		listed = max(listed, 3)
	}
	later := rng.IntN(3) // ports that will be listed one day
	if character == 0 {
		later++
	}
	for i, s := range chooseSlots(rng, listed+later) {
		p := &port{
			index: i, key: s.key, product: s.products[rng.IntN(len(s.products))], tls: s.tls,
			traits: rng.Uint64(), phase: rng.Uint64(),
			authority: rng.IntN(len(authorities)), subject: rng.IntN(4),
		}
		p.version = 0
		if n := len(p.product.versions); n > 1 {
			p.version = rng.IntN(n - 1)
		}
		p.status = hostport.Open
		switch word := rng.IntN(20); {
		case character == dark || character == lone && i > 0, i > 1 && word < 3:
			p.status = hostport.Closed
		case i > 1 && word < 5:
			p.status = hostport.Filtered
		}
		if character == dark && i == 2 {
			p.status = hostport.Filtered
		}
		h.ports = append(h.ports, p)
		if i < listed {
			w.history(rng, h, p, now)
		}
	}
	return h
}

// chooseSlots draws n different slots by weight; the first draws come from the
// usual ones, so that a small host is a web server rather than a rarity.
func chooseSlots(rng *rand.Rand, n int) []slot {
	left := slices.Clone(slots)
	var chosen []slot
	for range n {
		if len(left) == 0 {
			chosen = append(chosen, extraSlot(len(chosen)))
			continue
		}
		total := 0
		for _, s := range left {
			total += s.weight
		}
		at := rng.IntN(total)
		i := slices.IndexFunc(left, func(s slot) bool { at -= s.weight; return at < 0 })
		chosen = append(chosen, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return chosen
}

// history gives a port that is listed from the start its past: scanned within
// the last interval, open for weeks, and where it once had an older version, the
// remains of that.
func (w *World) history(rng *rand.Rand, h *host, p *port, now stamp) {
	p.listed = true
	interval := w.interval
	if interval == 0 {
		interval = scanInterval
	}
	p.lastScan = now - stamp(p.phase%uint64(interval.Milliseconds())) - 1
	p.firstSeen = now.add(-day * time.Duration(200+rng.IntN(1500)))
	if p.status != hostport.Open {
		return // never seen open: it has nothing to show
	}
	p.observed = 20 + rng.IntN(4000)
	p.lastSeen = p.lastScan
	since := now.add(-day * time.Duration(20+rng.IntN(60)))
	if p.version > 0 {
		p.version--
		p.start(p.firstSeen)
		p.components[0].last = since.add(-day)
		if p.product.banner != nil {
			p.sight(rng.Uint64(), p.firstSeen)
			p.sightings[0].last, p.sightings[0].observed = since.add(-day), 300
		}
		p.upgrade(since)
	} else {
		p.start(since)
	}
	if p.product.addons && rng.IntN(3) == 0 {
		a := addons[rng.IntN(len(addons))]
		a.addon, a.recent, a.first = true, true, since
		p.components = append(p.components, a)
	}
	p.sight(rng.Uint64(), since)
	p.sight(rng.Uint64(), p.lastScan)
	for i := range p.components {
		if p.components[i].recent {
			p.components[i].last = p.lastScan
		}
	}
	if p.tls == needsTLS || p.tls == mayTLS && rng.IntN(3) == 0 {
		issued := now.add(-day * time.Duration(5+rng.IntN(30)))
		w.issue(h, p, issued, issued.add(day))
	}
}

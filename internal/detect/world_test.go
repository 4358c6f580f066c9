package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// world is a random host whose ports change between scans, for the law tests.
// It is seeded: the same seed gives the same history.
type world struct {
	rng   *rand.Rand
	now   time.Time
	ports map[hostport.PortKey]*hostport.Port

	tarpit  bool      // some hundred further ports answer alike, now and then
	alike   [2]uint16 // the first and last of them; 0: none
	scanned time.Time // when they were
	word    hostport.Status
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), ports: map[hostport.PortKey]*hostport.Port{}}
	w.tarpit = seed%8 == 0
	for range 1 + w.rng.IntN(4) {
		w.add()
	}
	return w
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func (w *world) add() {
	key := hostport.PortKey{Protocol: pick(w.rng, "tcp", "tcp", "tcp", "udp"), Number: pick[uint16](w.rng, 22, 23, 53, 80, 443, 8443)}
	if w.ports[key] != nil {
		return
	}
	w.ports[key] = &hostport.Port{PortKey: key, ID: fmt.Sprintf("id-%d", key.Number), Status: pick(w.rng, hostport.Open, hostport.Open, hostport.Closed, "odd word"),
		FirstSeen: w.now, LastSeen: w.now, LastScan: w.now}
}

// mutate changes one thing of one port, always with newer evidence.
func (w *world) mutate() {
	keys := slices.SortedFunc(func(yield func(hostport.PortKey) bool) {
		for k := range w.ports {
			if !yield(k) {
				return
			}
		}
	}, hostport.PortKey.Compare)
	if len(keys) == 0 || w.rng.IntN(5) == 0 {
		w.add()
		return
	}
	p := w.ports[keys[w.rng.IntN(len(keys))]]
	switch w.rng.IntN(8) {
	case 0:
		delete(w.ports, p.PortKey)
		return
	case 1:
		p.Status = pick(w.rng, hostport.Open, hostport.Closed, hostport.Filtered, "odd word", "")
	case 2:
		version := pick(w.rng, "", "1.0", "1.10", "2.0-rc1")
		name := pick(w.rng, "nginx", "Nginx", "OpenSSH")
		for i := range p.Services {
			p.Services[i].IsRecent = false
		}
		p.Services = append(p.Services, hostport.Service{Category: "Server", Name: name, Version: version, IsRecent: true, FirstSeen: w.now, LastSeen: w.now})
	case 3:
		text := fmt.Sprintf("HTTP/1.1 %d OK\r\nDate: %s\r\nServer: nginx/1.%d\r\n\r\n", pick(w.rng, 200, 401, 302), w.now.Format(time.RFC1123), w.rng.IntN(3))
		p.Banners = append(p.Banners, hostport.Banner{Text: text, ScanProtocol: "http", FirstSeen: w.now, LastSeen: w.now})
	case 4:
		p.Banners = append(p.Banners, hostport.Banner{Text: "SSH-2.0-OpenSSH_8." + fmt.Sprint(w.rng.IntN(3)) + "\r\n", ScanProtocol: "telnet", FirstSeen: w.now, LastSeen: w.now})
	case 5:
		p.Certificate = w.certificate(pick(w.rng, w.rng.IntN(3), w.rng.IntN(20)))
	case 6:
		p.Certificate = nil
	case 7:
		p.Services, p.Banners = nil, nil
	}
	w.scan(p)
}

// certificate is one of twenty: some often back, some with their end or their
// beginning within the world's time.
func (w *world) certificate(n int) *hostport.Certificate {
	sha1 := fmt.Sprintf("%040x", n)
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 5*n)
	return &hostport.Certificate{ID: "c" + sha1, SHA1: sha1, Subject: fmt.Sprint("CN=", n%2), Issuer: "CN=CA", SerialNumber: fmt.Sprint(n),
		NotBefore: from, NotAfter: from.AddDate(0, 0, 30+7*n), Names: []string{"a.example"}}
}

func (w *world) scan(p *hostport.Port) {
	p.LastScan, p.LastSeen = w.now, w.now
	for i := range p.Services {
		if p.Services[i].IsRecent {
			p.Services[i].LastSeen = w.now
		}
	}
}

// step lets time pass, rescans some ports and changes some things.
func (w *world) step() {
	w.now = w.now.Add(time.Duration(1+w.rng.IntN(40)) * time.Hour)
	if w.rng.IntN(20) == 0 {
		w.now = w.now.AddDate(0, 0, 20)
	}
	for _, k := range []string{"tcp", "udp"} {
		for _, n := range []uint16{22, 23, 53, 80, 443, 8443} {
			if p := w.ports[hostport.PortKey{Protocol: k, Number: n}]; p != nil && w.rng.IntN(3) > 0 {
				w.scan(p)
			}
		}
	}
	if w.tarpit && w.rng.IntN(2) == 0 {
		w.scanned, w.word = w.now, pick(w.rng, hostport.Open, hostport.Open, hostport.Open, hostport.Closed)
		if first := pick[uint16](w.rng, 1, 10000, 10000, 10050); w.rng.IntN(3) == 0 {
			w.alike = [2]uint16{first, first + pick[uint16](w.rng, 30, 210, 230, 250)}
		}
	}
	for range w.rng.IntN(3) {
		w.mutate()
	}
	// Behind some port are several backends: its certificates take turns.
	if p := w.ports[hostport.PortKey{Protocol: "tcp", Number: 443}]; p != nil && p.Certificate != nil {
		p.Certificate = w.certificate(pick(w.rng, w.rng.IntN(2), w.rng.IntN(20)))
		w.scan(p)
	}
}

// look is what a source answers now; shuffled in every order that carries no meaning.
func (w *world) look() hostport.Snapshot {
	s := hostport.Snapshot{Host: "203.0.113.7", At: w.now.Add(time.Minute), Result: hostport.Ports, Proof: hostport.Single, Requests: []string{"r-" + fmt.Sprint(w.now.Unix())}}
	switch w.rng.IntN(20) {
	case 0:
		s.Proof = hostport.Unproven
	case 1:
		s.Result = hostport.Unknown
		return s
	}
	for _, p := range w.ports {
		c := *p
		c.Services, c.Banners = slices.Clone(p.Services), slices.Clone(p.Banners)
		s.Ports = append(s.Ports, c)
	}
	for n := w.alike[0]; n < w.alike[1]; n++ {
		key := hostport.PortKey{Protocol: "tcp", Number: n}
		if p := (hostport.Port{PortKey: key, ID: fmt.Sprintf("id-%d", n), Status: w.word, FirstSeen: w.scanned, LastSeen: w.scanned, LastScan: w.scanned}); w.ports[key] == nil {
			s.Ports = append(s.Ports, p)
		}
	}
	slices.SortFunc(s.Ports, func(a, b hostport.Port) int { return a.PortKey.Compare(b.PortKey) })
	s.Paging = hostport.Paging{Pages: 1, Count: len(s.Ports), Distinct: len(s.Ports)}
	return s
}

// shuffle puts everything whose order carries no meaning into another one.
func shuffle(s hostport.Snapshot, seed uint64) hostport.Snapshot {
	r := rand.New(rand.NewPCG(seed, 2))
	s.Ports = slices.Clone(s.Ports)
	r.Shuffle(len(s.Ports), func(i, j int) { s.Ports[i], s.Ports[j] = s.Ports[j], s.Ports[i] })
	for i := range s.Ports {
		p := &s.Ports[i]
		p.Services, p.Banners = slices.Clone(p.Services), slices.Clone(p.Banners)
		r.Shuffle(len(p.Services), func(i, j int) { p.Services[i], p.Services[j] = p.Services[j], p.Services[i] })
		r.Shuffle(len(p.Banners), func(i, j int) { p.Banners[i], p.Banners[j] = p.Banners[j], p.Banners[i] })
	}
	return s
}

package main

import (
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// look is one look at the host: what the source lists, spoilt by the noise of
// asking. In a hundred looks about fifteen are.
func (h *host) look(now time.Time, scans *scans) {
	view := make([]hostport.Port, 0, len(h.ports))
	for _, p := range h.ports {
		if p.listed {
			view = append(view, p.record)
		}
	}
	h.views = append(h.views, view)
	h.views = h.views[max(0, len(h.views)-4):]

	snap := &hostport.Snapshot{Host: h.name, At: now, Result: hostport.Ports, Proof: hostport.Single, Paging: hostport.Paging{Pages: 1, Count: -1, Distinct: len(view)}}
	snap.Ports = slices.Clone(view)
	kind := h.noise(snap)
	h.counts[kind]++
	if kind == "failed" {
		scans.skip(h)
		return
	}
	h.rng.Shuffle(len(snap.Ports), func(i, j int) { snap.Ports[i], snap.Ports[j] = snap.Ports[j], snap.Ports[i] })
	for i := range snap.Ports {
		h.spoil(&snap.Ports[i])
	}
	h.naive.look(h, snap)
	scans.take(h, snap)
	h.engine.look(h, snap)
}

// noise draws what goes wrong with a whole answer, and names it.
func (h *host) noise(snap *hostport.Snapshot) string {
	n := len(snap.Ports)
	switch draw := h.rng.IntN(1000); {
	case draw < 30:
		return "failed" // an error, a time-out, a page that cannot be read: no snapshot
	case draw < 65 && len(h.views) > 1:
		snap.Ports = slices.Clone(h.views[h.rng.IntN(len(h.views)-1)]) // a replica that lags
		return "stale"
	case draw < 95 && n > 1:
		drop := h.rng.IntN(n) // offset pages hide a port although every count agrees
		snap.Ports, snap.Proof = slices.Delete(snap.Ports, drop, drop+1), hostport.Counted
		return "hidden"
	case draw < 115 && n > 2:
		drop := h.rng.IntN(n - 1)
		snap.Ports, snap.Proof = slices.Delete(snap.Ports, drop, drop+2), hostport.Unproven
		return "incomplete"
	case draw < 122:
		snap.Ports, snap.Paging.Distinct = nil, 0
		return "empty"
	case draw < 129:
		snap.Ports, snap.Result, snap.Proof = nil, hostport.Unknown, hostport.Single
		return "404"
	}
	return "good"
}

// spoil draws what goes wrong with a record.
func (h *host) spoil(p *hostport.Port) {
	switch draw := h.rng.IntN(1000); {
	case draw < 5:
		p.LastScan = time.Time{} // a date in the 17th month
	case draw < 8:
		p.LastSeen = p.LastSeen.Add(400 * day) // a clock that is wrong
	case draw < 12:
		p.Status = ""
	case draw < 60 && p.Certificate != nil:
		p.Certificate = &hostport.Certificate{ID: p.Certificate.ID} // not expanded
	case draw < 75 && len(p.Banners) > 1:
		p.Banners = slices.Clone(p.Banners)
		slices.Reverse(p.Banners)
	}
}

// answer performs what the engine asks for: against the source as it is now.
func (h *host) answer(now time.Time, a hostport.Ask) hostport.Answer {
	out := hostport.Answer{Ask: a, Verdict: hostport.NotFound}
	switch {
	case h.rng.IntN(40) == 0:
		out.Verdict = hostport.Failed
	case a.Kind == hostport.AskCertificate:
		if c := h.certs[a.ID]; c != nil {
			out.Verdict, out.Certificate = hostport.Found, c
		}
	case a.Kind == hostport.AskPort:
		for _, p := range h.ports {
			if p.listed && p.key == a.Key {
				record := p.record
				out.Verdict, out.Port = hostport.Found, &record
			}
		}
	case a.Kind == hostport.AskList:
		list := &hostport.Snapshot{Host: h.name, At: now, Result: hostport.Ports, Proof: hostport.Single, Ports: h.views[len(h.views)-1]}
		out.Verdict, out.List = hostport.Found, list
	}
	return out
}

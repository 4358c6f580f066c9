package graphsim

import "net/http"

func (s *Server) getHost(r *http.Request, x *exchange, _ query) reply {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advanceLocked()
	x.at = w.now
	h := w.byName[x.host]
	if h == nil {
		return missing(x)
	}
	h.asked = w.now
	w.catchUpLocked(h)
	v := h.view()
	v.Context = contextURL(r, x, "hosts/$entity")
	return entity(v)
}

// getPort reads one port. An id does not tell tcp from udp: where both are
// listed it is the tcp port, the first by order of protocol.
func (s *Server) getPort(r *http.Request, x *exchange, q query) reply {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advanceLocked()
	x.at = w.now
	h, number, ok := w.portByIDLocked(x.rest[1])
	if !ok {
		return missing(x)
	}
	x.host, h.asked = h.name, w.now
	w.catchUpLocked(h)
	found := h.byNumber(number)
	if found == nil {
		return missing(x)
	}
	shown, stale := &found.state, false
	if _, struck := x.hit[Stale]; struck {
		// A replica that does not list the port yet is not asked: with a hidden
		// port, its 404 would be a second lie about one fact.
		if old := h.replicaLocked(); old != nil && old[found.index].listed {
			shown, stale = &old[found.index], true
		}
	}
	v := found.view(h, shown, q.expand, mix(w.seed, w.tick()))
	variant, bad := x.hit[BadDate]
	if bad {
		spoilDates(&v, shown, variant)
	}
	v.Context = contextURL(r, x, "hostPorts/$entity")
	v.Type = "#microsoft.graph.security.hostPort"
	answer := entity(v)
	answer.honest = !stale && !bad
	return answer
}

// byNumber is the port that a read of its id finds, nil if none is listed.
func (h *host) byNumber(number uint16) *port {
	var found *port
	for _, p := range h.ports {
		if p.listed && p.key.Number == number && (found == nil || p.key.Compare(found.key) < 0) {
			found = p
		}
	}
	return found
}

func (s *Server) getCertificate(r *http.Request, x *exchange, _ query) reply {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advanceLocked()
	x.at = w.now
	c := w.certificateByIDLocked(x.rest[1])
	if c == nil {
		return missing(x)
	}
	x.host, c.host.asked = c.host.name, w.now
	v := c.view(max(w.now, c.firstSeen))
	v.Context = contextURL(r, x, "sslCertificates/$entity")
	return entity(v)
}

func contextURL(r *http.Request, x *exchange, path string) string {
	return origin(r) + "/" + x.version + "/$metadata#security/threatIntelligence/" + path
}

// origin is where the client reached us, for absolute links.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

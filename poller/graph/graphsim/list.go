package graphsim

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// list is one page.
type list struct {
	Context  string     `json:"@odata.context"`
	Count    *int       `json:"@odata.count,omitempty"`
	NextLink string     `json:"@odata.nextLink,omitempty"`
	Value    []hostPort `json:"value"`
}

// What link.Loop says of a page: that its link leads to itself, or to the other
// of two pages that lead to one another.
const (
	loopSelf = 1
	loopPing = 2
	loopPong = 3
)

// listPorts serves a page of a host's list. Paging is by offset into the list
// as it is when the page is made: a list that changes between two pages repeats
// or loses items, here as there. The order is one a chain and means nothing.
func (s *Server) listPorts(r *http.Request, x *exchange, q query) reply {
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

	at := w.tick()
	page := link{Host: h.index, Offset: q.skip, Began: at, Order: mix(w.seed, at), Size: s.pageSize, Part: q.skip > 0}
	if q.top >= 0 {
		page.Size = min(q.top, s.pageSize)
	}
	if q.token != "" {
		var err error
		if page, err = s.links.decode(q.token); err != nil || page.Host != h.index {
			return refuse(x, http.StatusBadRequest, "BadRequest", "The value of $skiptoken is not valid.")
		}
	}
	shown := s.replicaFor(h, x, &page)
	if variant, struck := x.hit[Hide]; struck && q.token == "" {
		page.hide(h, variant, w)
	}
	keys := page.order(h, shown)
	count := len(keys)
	next := page
	next.Offset += page.Size
	s.misdirect(x, q, &page, &next, count)

	v := list{
		Context: contextURL(r, x, "hosts('"+url.PathEscape(string(h.name))+"')/ports"),
		Value:   make([]hostPort, 0, page.Size),
	}
	if q.count {
		v.Count = &count
	}
	variant, bad := x.hit[BadDate]
	for i, index := range keys[min(page.Offset, count):min(page.Offset+page.Size, count)] {
		record := h.ports[index].view(h, shown(index), q.expand, mix(page.Order, uint64(index)))
		if bad && (uint64(i)+variant)%2 == 0 {
			spoilDates(&record, shown(index), variant+uint64(i)<<8)
		}
		v.Value = append(v.Value, record)
	}
	page.Faulty = page.Faulty || bad
	next.Faulty = page.Faulty
	last := next.Loop == 0 && (next.Offset >= count || page.Size == 0)
	if !last {
		v.NextLink = s.nextLink(r, q, next)
	}
	answer := entity(v)
	answer.honest = !page.Faulty
	if last && !page.Faulty && !page.Part && page.Size > 0 {
		answer.look = &look{host: h, began: page.Began}
	}
	return answer
}

// replicaFor says from which state the ports are shown, and keeps the present
// one for later while the stale fault is on.
func (s *Server) replicaFor(h *host, x *exchange, page *link) func(int) *state {
	present := func(i int) *state { return &h.ports[i].state }
	if s.faults.get()[Stale] == 0 {
		h.replicas = nil
		return present
	}
	old := h.replicaLocked()
	if h.looks > 0 {
		h.rememberLocked()
	}
	if _, struck := x.hit[Stale]; !struck || old == nil {
		return present
	}
	page.Faulty = true
	return func(i int) *state { return &old[i] }
}

// hide picks the port to leave out: always the same of a host, so that looks
// agree on its absence, and never one that no watcher knows: what is hidden from
// the start cannot be missed. Nor one whose id reads another port, or nothing in
// the service would disprove its absence.
func (l *link) hide(h *host, variant uint64, w *World) {
	var known []int
	for _, p := range h.ports {
		if p.listed && p.looks > 0 && h.byNumber(p.key.Number) == p {
			known = append(known, p.index)
		}
	}
	if h.looks == 0 || len(known) < 2 {
		return
	}
	slices.SortFunc(known, func(a, b int) int {
		return cmp.Compare(mix(w.seed, uint64(h.index), uint64(a)), mix(w.seed, uint64(h.index), uint64(b)))
	})
	pick := 0
	if variant%4 == 0 {
		pick = 1 // now and then another
	}
	l.Hidden, l.Faulty = known[pick]+1, true
}

// order lists the indexes of the ports shown, in the chain's order.
func (l *link) order(h *host, shown func(int) *state) []int {
	keys := make([]int, 0, len(h.ports))
	for i := range h.ports {
		if shown(i).listed && i+1 != l.Hidden {
			keys = append(keys, i)
		}
	}
	slices.SortFunc(keys, func(a, b int) int { return cmp.Compare(mix(l.Order, uint64(a)), mix(l.Order, uint64(b))) })
	return keys
}

// misdirect applies the faults of paging to where the next link leads.
func (s *Server) misdirect(x *exchange, q query, page, next *link, count int) {
	switch page.Loop {
	case loopSelf:
		*next = *page
		return
	case loopPing, loopPong:
		*next = *page
		next.Loop = loopPing + loopPong - page.Loop
		return
	}
	if variant, struck := x.hit[Loop]; struck {
		page.Faulty = true
		next.Offset, next.Loop = page.Offset, loopSelf
		if variant%2 == 0 {
			next.Loop = loopPing
		}
		next.Faulty = true
		return
	}
	if variant, struck := x.hit[Shift]; struck && q.token == "" && page.Offset == 0 && count > 1 {
		page.Faulty = true
		page.Size = min(page.Size, (count+1)/2)
		next.Size = page.Size
		next.Offset = page.Size + 1 // one is lost
		if variant%2 == 0 && page.Size > 0 {
			next.Offset = page.Size - 1 // one comes twice
		}
	}
}

// nextLink repeats the options of the request, as the service does.
func (s *Server) nextLink(r *http.Request, q query, next link) string {
	var options []string
	if q.expand {
		options = append(options, "$expand=mostRecentSslCertificate")
	}
	if q.count {
		options = append(options, "$count=true")
	}
	if q.top >= 0 {
		options = append(options, "$top="+strconv.Itoa(q.top))
	}
	options = append(options, "$skiptoken="+s.links.encode(next))
	return origin(r) + r.URL.EscapedPath() + "?" + strings.Join(options, "&")
}

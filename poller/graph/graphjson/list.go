package graphjson

import (
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// List is one reading of all pages of a host's list. The zero List is empty.
type List struct {
	Ports      []hostport.Port // the first record of each key
	Unreadable []hostport.Malformed

	keys     map[hostport.PortKey]struct{}
	counts   []int64 // those the pages gave
	repeated int
	pages    int
}

// Add appends the next page. The error is ErrTooManyRows.
func (l *List) Add(p Page) error {
	l.pages++
	if p.Count != NoCount {
		l.counts = append(l.counts, p.Count)
	}
	if l.keys == nil {
		l.keys = make(map[hostport.PortKey]struct{}, len(p.Ports))
	}
	for i := range p.Ports {
		if _, ok := l.keys[p.Ports[i].PortKey]; ok {
			l.repeated++
			continue
		}
		l.keys[p.Ports[i].PortKey] = struct{}{}
		l.Ports = append(l.Ports, p.Ports[i])
	}
	l.Unreadable = append(l.Unreadable, p.Unreadable...)
	if len(l.Ports)+len(l.Unreadable) > limits.PortsPerHost.Max {
		limits.PortsPerHost.Hit()
		return ErrTooManyRows
	}
	return nil
}

// Proof weighs the reading by P1.
func (l *List) Proof() hostport.Proof {
	for _, count := range l.counts {
		if count != int64(len(l.Ports)+len(l.Unreadable)) {
			return hostport.Unproven
		}
	}
	switch {
	case l.pages == 1:
		return hostport.Single
	case len(l.counts) > 0 && l.repeated == 0:
		return hostport.Counted
	}
	return hostport.Unproven
}

// Paging is what the proof was decided by.
func (l *List) Paging() hostport.Paging {
	p := hostport.Paging{
		Pages: l.pages, Count: NoCount,
		Distinct: len(l.Ports), Repeated: l.repeated, Unreadable: len(l.Unreadable),
	}
	if n := len(l.counts); n > 0 {
		p.Count = int(max(l.counts[n-1], NoCount))
	}
	return p
}

package nmapxml

import (
	"bytes"
	"slices"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Snapshot reads a host's text as a look: what it lists, and what its silence means.
func (s *Scan) Snapshot(text []byte) (*hostport.Snapshot, error) {
	var h host
	if err := h.parse(text, &memo{}); err != nil {
		return nil, err
	}
	return s.snapshot(&h)
}

func (s *Scan) snapshot(h *host) (*hostport.Snapshot, error) {
	if h.address == "" {
		return nil, ErrNoAddress
	}
	if h.at.IsZero() {
		h.at = s.Start
	}
	out := &hostport.Snapshot{Host: h.address, At: h.at, Result: hostport.Ports, Proof: hostport.Single, Coverage: s.Coverage,
		Unlisted: h.groups(), Paging: hostport.Paging{Pages: 1, Count: -1}}
	switch {
	case h.down:
		out.Result, out.Coverage, out.Unlisted = hostport.Down, hostport.Coverage{}, nil
	case !s.Finished || h.timedOut || h.portless:
		out.Proof, out.Coverage, out.Unlisted = hostport.Unproven, hostport.Coverage{}, nil
	}
	ports := h.ports
	if !ascending(ports) {
		ports = firstOfEach(ports)
	}
	out.Ports = make([]hostport.Port, len(ports))
	for i, p := range ports {
		var err error
		if out.Ports[i], err = s.port(p, h.at); err != nil {
			return nil, h.fault(err)
		}
	}
	out.Paging.Distinct = len(out.Ports)
	return out, nil
}

// firstOfEach leaves out ports that stand there again.
func firstOfEach(ports []portText) (out []portText) {
	listed := map[hostport.PortKey]bool{}
	for _, p := range ports {
		if !listed[p.key] {
			out = append(out, p)
		}
		listed[p.key] = true
	}
	return out
}

// Pair reads two texts of one host, each with its scan, as Scan.Snapshot does, but
// for the ports that stand in both byte for byte: those cannot differ, and are most
// of a file. They are left out of both, and counted where they are open. If that
// leaves nothing, and the host is not down, both snapshots are nil.
type Pair struct {
	Old, New *Scan
	seen     memo
	o, n     host
}

// Read reads the texts; only errors.Is(err, ErrNoAddress) concerns this host alone.
func (p *Pair) Read(oldText, newText []byte) (before, now *hostport.Snapshot, openInBoth int, err error) {
	o, n := &p.o, &p.n
	if err := o.parse(oldText, &p.seen); err != nil {
		return nil, nil, 0, err
	}
	if err := n.parse(newText, &p.seen); err != nil {
		return nil, nil, 0, err
	}
	// What is not there means something else where scripts were run in one scan only.
	if p.Old.Certificates == p.New.Certificates && ascending(o.ports) && ascending(n.ports) {
		o.ports, n.ports, openInBoth = thin(o.ports, n.ports)
	}
	if len(o.ports)+len(n.ports) == 0 && !n.down {
		return nil, nil, openInBoth, nil
	}
	if slices.EqualFunc(o.ports, n.ports, func(a, b portText) bool { return a.key == b.key }) {
		o.extra, n.extra = o.extra[:0], n.extra[:0] // of ports that one of the two does not list
	}
	if before, err = p.Old.snapshot(o); err == nil {
		now, err = p.New.snapshot(n)
	}
	return before, now, openInBoth, err
}

// ascending says whether the ports are in order, as nmap writes them, each once.
func ascending(ports []portText) bool {
	for i := 1; i < len(ports); i++ {
		if ports[i-1].key.Compare(ports[i].key) >= 0 {
			return false
		}
	}
	return true
}

// thin leaves out what stands in both.
func thin(o, n []portText) (oldLeft, newLeft []portText, open int) {
	oldLeft, newLeft = o[:0], n[:0]
	i := 0
	for _, p := range n {
		for i < len(o) && o[i].key.Compare(p.key) < 0 {
			oldLeft = append(oldLeft, o[i])
			i++
		}
		if i == len(o) || o[i].key != p.key {
			newLeft = append(newLeft, p)
			continue
		}
		if !bytes.Equal(o[i].text, p.text) {
			oldLeft, newLeft = append(oldLeft, o[i]), append(newLeft, p)
		} else if p.open {
			open++
		}
		i++
	}
	return append(oldLeft, o[i:]...), newLeft, open
}

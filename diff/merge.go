package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Merge makes one snapshot of several of one host: what whoever took them all knows
// in the end. Of each port the record with the newest evidence counts, and one that
// a later complete snapshot does not list is gone, unless that snapshot is older
// than what is held (P4). The order in which they are given does not matter (P7).
// There must be at least one.
func Merge(looks []*hostport.Snapshot) *hostport.Snapshot {
	if len(looks) == 1 {
		return looks[0]
	}
	looks = slices.SortedFunc(slices.Values(looks), compareLooks)
	last := looks[len(looks)-1]
	m := merger{ports: map[hostport.PortKey]mergedPort{}, out: &hostport.Snapshot{Host: last.Host, At: last.At, Result: last.Result,
		Proof: hostport.Unproven, Coverage: hostport.Coverage{}, Requests: last.Requests, Paging: hostport.Paging{Count: -1}}}
	for _, look := range looks {
		if look.Result == hostport.Ports {
			m.take(look)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(m.ports), hostport.PortKey.Compare) {
		m.out.Ports = append(m.out.Ports, *m.ports[k].port)
	}
	return m.out
}

func compareLooks(a, b *hostport.Snapshot) int {
	return cmp.Or(a.At.Compare(b.At), strings.Compare(string(a.Proof), string(b.Proof)), len(a.Ports)-len(b.Ports), strings.Compare(a.ID(), b.ID()))
}

type merger struct {
	out   *hostport.Snapshot
	ports map[hostport.PortKey]mergedPort
}

// mergedPort is the record that counts of a port.
type mergedPort struct {
	port     *hostport.Port
	evidence time.Time
	at       time.Time // of the look it is from
}

// take adds the next look, in the order of time.
func (m *merger) take(look *hostport.Snapshot) {
	m.out.Result = hostport.Ports
	m.out.Answers = append(m.out.Answers, look.Answers...)
	m.out.Malformed = append(m.out.Malformed, look.Malformed...)
	// A group that does not say which ports it is of has no meaning in a sum.
	named := slices.DeleteFunc(slices.Clone(look.Unlisted), func(g hostport.Group) bool { return g.Ports == nil })
	m.out.Unlisted = append(named, m.out.Unlisted...)
	listed := make(map[hostport.PortKey]bool, len(look.Ports))
	stale := false
	for i := range look.Ports {
		p := &look.Ports[i]
		listed[p.PortKey] = true
		r, _ := judge(p, look.At)
		held, known := m.ports[p.PortKey]
		rel := relate(held.evidence, r.evidence)
		if known && (rel == older || rel == equal && r.port.Status != held.port.Status) {
			stale = stale || rel == older
			continue
		}
		m.ports[p.PortKey] = mergedPort{p, later(held.evidence, r.evidence), look.At}
	}
	if stale || !look.Proof.Complete() || look.Paging.Unreadable > 0 {
		return
	}
	m.out.Proof = look.Proof
	m.out.Coverage = m.out.Coverage.Union(look.Coverage)
	for k, held := range m.ports {
		if !listed[k] && held.at.Before(look.At) && look.Coverage.Covers(k) {
			delete(m.ports, k)
		}
	}
}

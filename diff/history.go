package diff

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// span is when something was observed, by the source's own dates.
type span struct{ first, last time.Time }

func (a span) join(b span) span {
	return span{earlier(a.first, b.first), later(a.last, b.last)}
}

// nowService is a service that a record shows as current.
type nowService struct {
	Service
	spelt    time.Time       // lastSeen of the entry the spelling is from
	versions map[string]span // every version of the record's history, current or not
	recent   map[string]bool // by the source's own word
	current  map[string]bool
}

// currentServices reads the record's history: a service is current if isRecent
// or seen within 48 h of the port's evidence time; a version leaves at once when
// another of the same service was first seen after it was last seen. What is
// remembered of the told versions stands in for a date that cannot be read.
func currentServices(r record, held map[string]SeenService) map[string]*nowService {
	all := map[string]*nowService{}
	for _, e := range r.port.Services {
		if e.Name == "" {
			continue
		}
		entry := Service{Category: clean(e.Category), Name: clean(e.Name)}
		key := entry.Key()
		n := all[key]
		if n == nil {
			n = &nowService{Service: entry, versions: map[string]span{}, recent: map[string]bool{}, current: map[string]bool{}, spelt: e.LastSeen}
			all[key] = n
		}
		if c := cmp.Or(e.LastSeen.Compare(n.spelt), strings.Compare(entry.Category+"\x00"+entry.Name, n.Category+"\x00"+n.Name)); c > 0 {
			n.Category, n.Name, n.spelt = entry.Category, entry.Name, e.LastSeen
		}
		version := clean(e.Version)
		seen := span{e.FirstSeen, later(e.LastSeen, held[key].Versions[version].LastSeen)}
		n.recent[version] = n.recent[version] || e.IsRecent
		if e.IsRecent || !seen.last.IsZero() && r.evidence.Sub(seen.last) <= currentFor {
			n.current[version] = true
		}
		if held, ok := n.versions[version]; ok {
			seen = held.join(seen)
		}
		n.versions[version] = seen
	}
	for key, n := range all {
		if len(n.current) == 0 {
			delete(all, key)
			continue
		}
		for v := range n.current {
			if v != "" && !n.superseded(v, n.versions[v].last) {
				n.Versions = append(n.Versions, v)
			}
		}
		slices.Sort(n.Versions)
	}
	return all
}

// superseded says whether another version came after this one was last seen.
func (n *nowService) superseded(version string, last time.Time) bool {
	for other, seen := range n.versions {
		if other != "" && other != version && supersedes(seen.first, last) {
			return true
		}
	}
	return false
}

package hostport

// Coverage says which ports a scan looked at, by protocol; the ranges of a
// protocol are ascending and disjoint. A nil Coverage is that of a list that names
// every port its source knows: absence from it is about any port. An empty one is
// about none.
type Coverage map[string][]PortRange

// PortRange is the ports from First to Last, both included.
type PortRange struct{ First, Last uint16 }

// Covers says whether absence is about this port.
func (c Coverage) Covers(k PortKey) bool {
	if c == nil {
		return true
	}
	for _, r := range c[k.Protocol] {
		if r.First <= k.Number && k.Number <= r.Last {
			return true
		}
	}
	return false
}

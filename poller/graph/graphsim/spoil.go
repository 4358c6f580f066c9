package graphsim

import (
	"slices"
	"time"
)

// replicaLocked is the host as an older replica has it: the oldest state kept
// that is older than the present one; nil where there is none yet. It is never
// older than a first honest look, so a watcher's baseline is never made from it.
func (h *host) replicaLocked() []state {
	for _, old := range h.replicas {
		for i := range old {
			if old[i].listed && old[i].lastScan < h.ports[i].lastScan {
				return old
			}
		}
	}
	return nil
}

// rememberLocked keeps the present state for later stale answers.
func (h *host) rememberLocked() {
	present := make([]state, len(h.ports))
	for i, p := range h.ports {
		present[i] = p.clone()
	}
	h.replicas = append(h.replicas, present)
	const kept = 3
	if extra := len(h.replicas) - kept; extra > 0 {
		h.replicas = slices.Delete(h.replicas, 0, extra)
	}
}

// impossible are dates that do not exist; the first is the documented sample's.
var impossible = []string{"2016-17-13T08:43:41.00Z", "2023-02-30T25:61:00Z", "0000-00-00T00:00:00Z", "2024-13-01T00:00:00.000Z"}

// spoilDates puts an impossible date into a record. Another date of the record
// still bears its evidence, and what is or lately was current stays datable: the
// fault costs fields, and a reader who loses more than these has a fault of his own.
func spoilDates(v *hostPort, shown *state, variant uint64) {
	bad := &impossible[variant%uint64(len(impossible))]
	v.FirstSeen = bad
	switch (variant >> 8) % 4 {
	case 1:
		v.LastSeen = bad
	case 2:
		if v.LastSeen != nil {
			v.LastScan = bad
		}
	case 3:
		spoilHistory(v, shown, bad)
	}
}

// spoilHistory spoils a version that is out of use for longer than the 48 h in
// which a component counts as current. When a version left just now is what its
// upgrade is told by; without that date an honest reader could tell it twice.
func spoilHistory(v *hostPort, shown *state, bad *string) {
	for _, c := range shown.components {
		if c.recent || shown.lastScan.since(c.last) <= 48*time.Hour {
			continue
		}
		for i := range v.Services {
			if s := &v.Services[i]; s.Component.Name == c.name && s.Component.Version == c.version {
				s.LastSeen = bad
			}
		}
	}
}

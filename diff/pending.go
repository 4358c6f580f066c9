package diff

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Pending is one reason for which told lags behind what was seen: what is held,
// by which rule, and what ends it. Every rule that holds something back says so
// here.
type Pending struct {
	Key   *hostport.PortKey // nil where it is about the host
	Facet Facet             // "" where it is about the host as a whole
	What  string            // which one of the facet: a service, a protocol, a status; text from outside
	Rule  Rule
	Since time.Time // our clock, or the evidence that began it; zero: not kept
	// Count of Of pieces of evidence, or distinct scans, are there; Of is 0 where
	// nothing is counted.
	Count, Of int
	// Until is when time alone ends it, at the first look from then on; zero where
	// only further evidence does.
	Until time.Time
	Ends  string // what ends it, a sentence of ours
}

// Rules under which something is pending though nothing is suppressed by them.
const (
	RuleNoBaseline     Rule = "no_baseline"        // P8: no conclusive answer yet
	RuleUnknownOnce    Rule = "unknown_once"       // P8: a 404 for a host that had ports
	RuleStatusUnread   Rule = "status_unread"      // listed without a readable status, never told
	RuleCertUnread     Rule = "certificate_unread" // another certificate of which only the id is known
	RuleVersionsSettle Rule = "settling"           // a member of a version set has not been seen of late
)

// PendingOf lists what is pending: for the host first, then port by port in the
// order events are told. It is a pure function of state and policy.
func PendingOf(st *State, policy Policy) []Pending {
	out := st.pending(policy)
	for _, g := range st.Alike {
		if len(g.Missing) > 0 {
			out = append(out, Pending{Facet: FacetGroups, What: g.Protocol + " " + g.Fingerprint, Rule: RuleAbsent, Since: g.Witness, Count: 1, Of: 2,
				Until: g.Witness.Add(policy.VanishAfter), Ends: "the absent ports leave the group when an independent complete list lacks them too"})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(st.Ports), hostport.PortKey.Compare) {
		p := st.Ports[key]
		from := len(out)
		out = p.pendingStatus(policy, out)
		for _, k := range p.flapKeys() {
			if f := p.Flaps[k]; f.On {
				quiet := slices.IndexFunc(f.Moves[:], func(n uint8) bool { return n > 0 })
				out = append(out, Pending{Facet: k.Facet, What: strings.TrimSpace(strings.ReplaceAll(k.Item, "\x00", " ")), Rule: RuleFlap, Count: max(0, quiet), Of: flapQuiet,
					Ends: "flap.ended when it has not changed in that many distinct scans; what is told then moves to what is seen"})
			}
		}
		if p.Told.Open() {
			out = p.pendingServices(policy, out)
			out = p.pendingBanners(out)
			out = p.pendingCertificate(policy, out)
		}
		for i := range out[from:] {
			out[from+i].Key = &key
		}
	}
	return out
}

func (s *State) pending(policy Policy) []Pending {
	switch u := s.Unknown; {
	case s.Epoch == 0:
		return []Pending{{Rule: RuleNoBaseline, Since: s.LookedAt,
			Ends: "a complete list with ports is the baseline at once; an empty list or a 404 when a second reading agrees"}}
	case u.Answers > 0 && !u.Told && s.Baseline != BaselineUnknown:
		return []Pending{{Rule: RuleUnknownOnce, Since: u.Since, Count: u.Answers, Of: unknownAfter, Until: u.Last.Add(policy.VanishAfter),
			Ends: "told as host.unknown when another 404 comes at or after that time; a list of ports ends it"}}
	}
	return nil
}

// pendingStatus is what is held about the port's status.
func (p *PortState) pendingStatus(policy Policy, out []Pending) []Pending {
	if p.Told == nil {
		return append(out, Pending{Facet: FacetStatus, Rule: RuleStatusUnread, Since: p.Evidence,
			Ends: "told when a status can be read; forgotten when a complete list lacks the port"})
	}
	if a := p.Absence; a != nil {
		// The read of the port itself, or one more snapshot in its place, comes on
		// top of the independent snapshots (P1).
		n := Pending{Facet: FacetStatus, What: string(hostport.Vanished), Rule: RuleAbsent, Since: a.Witness,
			Count: a.Agreeing, Of: a.Agreeing + 1, Until: a.Witness.Add(policy.VanishAfter)}
		switch {
		case a.Held:
			n.Rule, n.Ends = RuleMassLoss, "told as vanished when one more independent complete list lacks it: many ports of the shard would vanish within an hour"
		case a.Asked:
			n.Ends = "told as vanished when one more independent complete list lacks it: the read of the port itself could not tell"
		case p.Retracted:
			n.Ends = "told as vanished when a complete list lacks it at or after that time, and the read of the port itself agrees: its last vanish was wrong, so a rescan of other ports does not do"
		default:
			n.Ends = "told as vanished when an independent complete list lacks it (other ports rescanned, or that time reached) and the read of the port itself agrees"
		}
		out = append(out, n)
	}
	if p.Doubt.Status != "" {
		out = append(out, Pending{Facet: FacetStatus, What: string(p.Doubt.Status), Rule: RuleNoEvidence, Since: p.Doubt.Since, Count: 1, Of: 2,
			Until: p.Doubt.Since.Add(policy.VanishAfter),
			Ends:  "told when the source still says so at or after that time, or at once with a readable evidence time"})
	}
	return out
}

// pendingServices is what is held about the services of an open port.
func (p *PortState) pendingServices(policy Policy, out []Pending) []Pending {
	for _, told := range p.Told.Services {
		seen := p.Services[told.Key()]
		if seen.Loss.pending() {
			out = append(out, seen.Loss.describe(FacetServices, told.Name, policy))
			continue
		}
		if len(told.Versions) < 2 {
			continue
		}
		for _, v := range told.Versions {
			if n := seen.Versions[v].Unseen; n > 0 {
				out = append(out, Pending{Facet: FacetServices, What: strings.TrimSpace(told.Name + " " + v), Rule: RuleVersionsSettle,
					Since: seen.Versions[v].LastSeen, Count: n, Of: settleAfter,
					Ends: "leaves the set when unseen for that many distinct scans of the port; seen again, it stays"})
			}
		}
	}
	return out
}

// pendingBanners is what is held about the banners of an open port.
func (p *PortState) pendingBanners(out []Pending) []Pending {
	for _, told := range p.Told.Banners {
		if seen := p.Banners[told.Protocol]; seen.Waiting > 0 {
			out = append(out, Pending{Facet: FacetBanners, What: told.Protocol, Rule: RuleReturning, Count: seen.Waiting, Of: settleAfter,
				Ends: "a form known from before is back: told when the told forms have been unseen for that many distinct scans, or at once where it is graver"})
		}
	}
	return out
}

// pendingCertificate is what is held about the certificate of an open port.
func (p *PortState) pendingCertificate(policy Policy, out []Pending) []Pending {
	if id := p.Certificate.Pending; id != "" {
		out = append(out, Pending{Facet: FacetCertificate, What: id, Rule: RuleCertUnread, Since: p.Certificate.PendingSince,
			Ends: "told when the next look can read it by its id, or the list brings it whole"})
	}
	if p.Certificate.Loss.pending() {
		out = append(out, p.Certificate.Loss.describe(FacetCertificate, "", policy))
	}
	if run := p.Certificate.Run; p.Certificate.Set != OneCertificate {
		n := Pending{Facet: FacetCertificate, What: run.SHA1, Rule: RuleAlternating, Since: run.Since, Count: run.Scans, Of: setSettles, Until: p.setEnds(),
			Ends: "told as settled when it has been alone for that many distinct scans of the port, or at that time, with no look"}
		if p.Certificate.Set == Unstable {
			n.Rule = RuleUnstable
		}
		out = append(out, n)
	}
	return out
}

func (l Loss) describe(facet Facet, what string, policy Policy) Pending {
	n := Pending{Facet: facet, What: what, Rule: RuleLossPending, Since: l.Since, Count: 1, Of: 2,
		Ends: "told as lost when another scan of the port lacks it too; seen again, it stays"}
	if l.Scan.IsZero() {
		n.Until = l.Since.Add(policy.VanishAfter)
		n.Ends = "told as lost when the record still lacks it at or after that time: its scan had no readable time"
	}
	return n
}

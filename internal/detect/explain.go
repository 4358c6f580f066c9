package detect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

// ErrNotHeld: nothing is held of the host, or of the port.
var ErrNotHeld = errors.New("not held")

// Explanation is what is held of a host: both layers, what is pending and why,
// what was suppressed. Text of the host in it is as it came: whoever shows it
// escapes it. Times that are not known are null.
type Explanation struct {
	Host        string                      `json:"host"`
	Epoch       int64                       `json:"epoch"`
	Revision    int                         `json:"revision"`
	Seq         uint64                      `json:"seq"`
	Baseline    *string                     `json:"baseline"`
	Exposed     bool                        `json:"exposed"`
	LookedAt    *time.Time                  `json:"lookedAt"`
	Evidence    *time.Time                  `json:"evidence"`
	Unknown     *HostUnknown                `json:"unknown"`
	Unreachable *HostUnreachable            `json:"unreachable"`
	Blind       *HostBlind                  `json:"blind"`
	Groups      schemas.List[schemas.Group] `json:"groups"` // ports that are told as one
	Policy      ExplainedPolicy             `json:"policy"`
	Ports       []ExplainedPort             `json:"ports"`
	PortsHeld   int                         `json:"portsHeld"` // more than are listed only at the bound
	Pending     []ExplainedHold             `json:"pending"`
	Suppressed  []SuppressedCount           `json:"suppressed"`
}

// HostUnknown counts the answers "unknown host" since the last list.
type HostUnknown struct {
	Answers int        `json:"answers"`
	Since   *time.Time `json:"since"`
	Told    bool       `json:"told"`
}

// HostUnreachable is what host.unreachable told.
type HostUnreachable struct {
	Failures int        `json:"failures"`
	Since    *time.Time `json:"since"`
	Class    string     `json:"class"`
}

// HostBlind is what host.blind told.
type HostBlind struct {
	Since  *time.Time `json:"since"`
	Reason string     `json:"reason"`
}

// ExplainedPolicy is what the times of Pending follow from, in seconds.
type ExplainedPolicy struct {
	VanishAfter int64 `json:"vanishAfter"`
	RetainGone  int64 `json:"retainGone"`
}

// ExplainedPort is one port in both layers; Told is null while readers have not
// heard of it.
type ExplainedPort struct {
	Port schemas.PortRef `json:"port"`
	Told *schemas.Port   `json:"told"`
	Seen SeenPort        `json:"seen"`
}

// SeenPort is what the engine remembers of a port beyond what is told.
type SeenPort struct {
	Evidence    *time.Time    `json:"evidence"`
	Agreed      *time.Time    `json:"agreed"` // evidence of the newest record that showed the told status
	Scan        *time.Time    `json:"scan"`
	Services    []SeenVersion `json:"services"`
	Banners     []SeenForm    `json:"banners"`
	Certificate *string       `json:"certificate"` // the source's id of the told one
	GoneAt      *time.Time    `json:"goneAt"`      // when told left open
	ForgottenAt *time.Time    `json:"forgottenAt"` // when a vanished port leaves the state
}

// SeenVersion is one remembered version of a service; category and name are
// lower-case here.
type SeenVersion struct {
	Category string     `json:"category"`
	Name     string     `json:"name"`
	Version  string     `json:"version"`
	LastSeen *time.Time `json:"lastSeen"`
	Unseen   int        `json:"unseenScans"`
}

// SeenForm is one remembered form of a banner, told or told before.
type SeenForm struct {
	Protocol  string     `json:"protocol"`
	Digest    string     `json:"digest"`
	Product   *string    `json:"product"`
	Version   *string    `json:"version"`
	FirstSeen *time.Time `json:"firstSeen"`
	LastSeen  *time.Time `json:"lastSeen"`
	Unseen    int        `json:"unseenScans"`
	Told      bool       `json:"told"`
}

// ExplainedHold is one reason for which told lags (diff.Pending).
type ExplainedHold struct {
	Port  *schemas.PortKey `json:"port"`
	Facet *string          `json:"facet"`
	What  *string          `json:"what"`
	Rule  string           `json:"rule"`
	Why   string           `json:"why"`
	Since *time.Time       `json:"since"`
	Count int              `json:"count"`
	Of    int              `json:"of"`
	Until *time.Time       `json:"until"`
	Ends  string           `json:"ends"`
}

// SuppressedCount is what one rule held back since the host is watched.
type SuppressedCount struct {
	Rule  string     `json:"rule"`
	Why   string     `json:"why"`
	Count int        `json:"count"`
	Last  *time.Time `json:"last"`
	Facet string     `json:"facet"` // of the last one
}

// Explain reads what is held of a host, or of one port of it where key is not
// nil. It changes nothing and may be called while the host is looked at. Errors:
// ErrNotHeld, and those of the store.
func Explain(from StateStore, shards int, host hostport.Host, key *hostport.PortKey, policy diff.Policy) (*Explanation, error) {
	facets, held, err := from.Load(schemas.Partition(string(host), shards), string(host))
	if err != nil {
		return nil, fmt.Errorf("load host %s: %w", host, err)
	}
	if held == 0 {
		return nil, fmt.Errorf("host %s: %w", host, ErrNotHeld)
	}
	st, err := decodeState(host, facets)
	if err != nil {
		return nil, err
	}
	if key != nil && st.Ports[*key] == nil {
		for _, g := range st.Groups {
			in := func(r diff.Range) bool { return r.First <= key.Number && key.Number <= r.Last }
			if g.Protocol == key.Protocol && slices.ContainsFunc(g.Ranges, in) {
				return nil, fmt.Errorf("host %s: port %s: by itself %w: it is one of %d that answer alike and are told as one group", host, key, ErrNotHeld, g.Count)
			}
		}
		return nil, fmt.Errorf("host %s: port %s: %w; %d ports of it are", host, key, ErrNotHeld, len(st.Ports))
	}
	x := explainHost(&st, policy)
	for _, k := range slices.SortedFunc(maps.Keys(st.Ports), hostport.PortKey.Compare) {
		switch {
		case key != nil && k != *key:
		case len(x.Ports) == limits.ExplainPorts.Max:
			limits.ExplainPorts.Hit()
			return x, nil
		default:
			x.Ports = append(x.Ports, explainPort(k, st.Ports[k], policy))
		}
	}
	if key != nil {
		other := func(h ExplainedHold) bool { return h.Port != nil && *h.Port != wireKey(*key) }
		x.Pending = slices.DeleteFunc(x.Pending, other)
	}
	return x, nil
}

func explainHost(st *diff.State, policy diff.Policy) *Explanation {
	x := &Explanation{Host: string(st.Host), Epoch: st.Epoch, Revision: st.Revision, Seq: st.Seq, Exposed: st.Exposed,
		Baseline: schemas.OrNull(string(st.Baseline)), LookedAt: orNil(st.LookedAt), Evidence: orNil(st.Evidence),
		Policy:    ExplainedPolicy{int64(policy.VanishAfter / time.Second), int64(policy.RetainGone / time.Second)},
		PortsHeld: len(st.Ports), Groups: wireGroups(st.Groups), Ports: []ExplainedPort{}, Pending: []ExplainedHold{}, Suppressed: []SuppressedCount{}}
	if u := st.Unknown; u.Answers > 0 {
		x.Unknown = &HostUnknown{u.Answers, orNil(u.Since), u.Told}
	}
	if u := st.Unreachable; u != nil {
		x.Unreachable = &HostUnreachable{u.Failures, orNil(u.Since), string(u.Class)}
	}
	if b := st.Blind; b != nil {
		x.Blind = &HostBlind{orNil(b.Since), b.Reason}
	}
	for _, p := range diff.PendingOf(st, policy) {
		h := ExplainedHold{Facet: schemas.OrNull(string(p.Facet)), What: schemas.OrNull(p.What), Rule: string(p.Rule), Why: p.Rule.Sentence(),
			Since: orNil(p.Since), Count: p.Count, Of: p.Of, Until: orNil(p.Until), Ends: p.Ends}
		if p.Key != nil {
			k := wireKey(*p.Key)
			h.Port = &k
		}
		x.Pending = append(x.Pending, h)
	}
	for _, rule := range slices.Sorted(maps.Keys(st.Suppressed)) {
		s := st.Suppressed[rule]
		x.Suppressed = append(x.Suppressed, SuppressedCount{string(rule), rule.Sentence(), s.Count, orNil(s.Last), string(s.Facet)})
	}
	return x
}

func explainPort(key hostport.PortKey, p *diff.PortState, policy diff.Policy) ExplainedPort {
	seen := SeenPort{Evidence: orNil(p.Evidence), Agreed: orNil(p.Agreed), Scan: orNil(p.Scan), Services: []SeenVersion{}, Banners: []SeenForm{},
		Certificate: schemas.OrNull(p.Certificate.ID), GoneAt: orNil(p.Lost.At)}
	if p.Told != nil && p.Told.Status == hostport.Vanished {
		seen.ForgottenAt = orNil(p.Lost.Vanished.Add(policy.RetainGone))
	}
	for _, service := range slices.Sorted(maps.Keys(p.Services)) {
		category, name, _ := strings.Cut(service, "\x00")
		for _, version := range slices.Sorted(maps.Keys(p.Services[service].Versions)) {
			v := p.Services[service].Versions[version]
			seen.Services = append(seen.Services, SeenVersion{category, name, version, orNil(v.LastSeen), v.Unseen})
		}
	}
	told := map[string]bool{}
	if p.Told != nil {
		for _, set := range p.Told.Banners {
			for _, f := range set.Forms {
				told[set.Protocol+" "+f.Digest] = true
			}
		}
	}
	for _, protocol := range slices.Sorted(maps.Keys(p.Banners)) {
		for _, k := range p.Banners[protocol].Kept {
			seen.Banners = append(seen.Banners, SeenForm{protocol, k.Form.Digest, schemas.OrNull(k.Form.Product), schemas.OrNull(k.Form.Version),
				orNil(k.FirstSeen), orNil(k.LastSeen), k.Unseen, told[protocol+" "+k.Form.Digest]})
		}
	}
	return ExplainedPort{Port: schemas.PortRef{Protocol: key.Protocol, Number: int(key.Number), ID: p.ToldID()}, Told: wirePort(p.Told), Seen: seen}
}

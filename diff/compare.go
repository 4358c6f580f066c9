package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Comparison is what two snapshots of a host differ in.
type Comparison struct {
	Result
	// Unproven counts the open ports of the old snapshot that the new one does not
	// list and proves nothing about: it did not cover them, or is not complete.
	Unproven int
	// Unread lists the ports whose certificate is another one, of which too little
	// is known to be told.
	Unread []hostport.PortKey
}

// Compare tells what differs between two snapshots of one host, of which the
// second has the last word: evidence times are told and decide nothing, and one
// absence is enough, though tentative. The old one is the baseline: its time is the
// epoch, seq counts from 1, and its told values are each change's before. openInBoth
// is how many open ports stand in both alike and were left out of both.
//
// Law: what is told, folded over the old snapshot, differs from the new one in
// nothing that Compare tells.
func Compare(before, now *hostport.Snapshot, policy Policy, openInBoth int) Comparison {
	s := newStepper(State{}, before, policy, before.At)
	s.judgeAll()
	s.startBaseline(BaselineComplete)
	for key, r := range s.present {
		s.listed(key, r)
	}
	s.st.Exposed = openInBoth > 0
	for _, p := range s.st.Ports {
		s.st.Exposed = s.st.Exposed || p.Told.Open()
	}
	s.turnTo(now)
	c := &comparer{stepper: s, old: before}
	if now.Result == hostport.Ports {
		s.otherOpen = openInBoth
		s.judgeAll()
		for _, key := range slices.SortedFunc(maps.Keys(c.keys()), hostport.PortKey.Compare) {
			c.port(key)
		}
		s.exposure()
	}
	s.res.State, s.res.Notes = s.st, nil
	c.out.Result = s.res
	return c.out
}

// turnTo goes on from the baseline to another snapshot. The state is the stepper's
// own, and nobody has been told anything yet.
func (s *stepper) turnTo(now *hostport.Snapshot) {
	s.snap, s.now, s.before, s.baseline = now, now.At, s.st.Evidence, false
	s.res = Result{}
	clear(s.present)
	clear(s.answers)
	clear(s.told)
	clear(s.suppressed)
	for i := range now.Answers {
		s.answers[now.Answers[i].Ask] = &now.Answers[i]
	}
}

// comparer is a stepper whose snapshot has the last word.
type comparer struct {
	*stepper
	old *hostport.Snapshot
	out Comparison
}

func (c *comparer) keys() map[hostport.PortKey]struct{} {
	keys := make(map[hostport.PortKey]struct{}, len(c.present)+len(c.st.Ports))
	for k := range c.present {
		keys[k] = struct{}{}
	}
	for k := range c.st.Ports {
		keys[k] = struct{}{}
	}
	return keys
}

func (c *comparer) port(key hostport.PortKey) {
	p := c.st.Ports[key]
	r, listed := c.present[key]
	if p == nil {
		p = &PortState{}
		c.st.Ports[key] = p
	}
	var status hostport.Status
	if listed {
		status = r.port.Status
	}
	switch {
	case !listed && p.Told != nil:
		c.unlisted(key, p)
	case status == "": // present, and nothing to be told of it
	case p.Told == nil && c.old.StatusOfUnlisted(key) == status:
		// Both scans saw it like this; only one of them lists it.
	case p.Told == nil:
		p.ID = r.port.ID
		c.first(key, p, r, status)
	case status == p.Told.Status && status == hostport.Open:
		p.ID = r.port.ID
		c.facets(key, p, r)
	case status == p.Told.Status:
	case status == hostport.Open:
		p.ID = r.port.ID
		c.opened(key, p, r, Change{Type: PortReopened}, "")
	default:
		c.notOpen(key, p, r, status, "")
	}
}

// unlisted takes a port of the old snapshot that the new one does not list. A scan
// may say in one word what has become of it; else a complete list that covers it
// shows that it is gone. Of a port that was not open already, a scan that leaves it
// out says nothing.
func (c *comparer) unlisted(key hostport.PortKey, p *PortState) {
	status := c.snap.StatusOfUnlisted(key)
	switch {
	case !c.proves(key):
		if p.Told.Open() {
			c.out.Unproven++
		}
	case status == p.Told.Status:
	case status != "":
		c.notOpen(key, p, record{evidence: c.evidence()}, status, "")
	case c.snap.Coverage == nil || p.Told.Open():
		ch := Change{Type: PortVanished, Before: *p.Told, NotBefore: p.Agreed, Reasons: []Reason{AbsentOnce}, Basis: Rescan,
			Details: StatusDetails{From: p.Told.Status, To: hostport.Vanished}, Tentative: true}
		c.lose(p, hostport.Vanished, c.evidence())
		c.move(key, p, record{evidence: c.evidence()}, ch, Status{hostport.Vanished})
	}
}

// proves says whether the snapshot's list counts for the absence of a port. A
// record that could not be read may be of any port.
func (c *comparer) proves(key hostport.PortKey) bool {
	return c.snap.Proof.Complete() && c.snap.Paging.Unreadable == 0 && c.snap.Coverage.Covers(key)
}

// evidence is the newest of the snapshot's records, else when it was taken.
func (c *comparer) evidence() time.Time {
	var newest time.Time
	for _, r := range c.present {
		newest = later(newest, r.evidence)
	}
	if newest.IsZero() {
		return c.now
	}
	return newest
}

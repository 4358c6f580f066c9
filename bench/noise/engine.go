package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
)

// engine is portdelta's: the rules of evidence with their default policy.
type engine struct {
	state  diff.State
	policy diff.Policy
	events int
	false_ []string
	timers map[string]bool
}

func newEngine() engine {
	return engine{policy: diff.DefaultPolicy(), timers: map[string]bool{}}
}

func (e *engine) look(h *host, snap *hostport.Snapshot) {
	first := e.state.Epoch == 0
	res := diff.Step(e.state, snap, e.policy, snap.At)
	if len(res.Asks) > 0 {
		snap.Answers = []hostport.Answer{}
		for _, a := range res.Asks {
			snap.Answers = append(snap.Answers, h.answer(snap.At, a))
		}
		res = diff.Step(e.state, snap, e.policy, snap.At)
	}
	e.take(h, snap.At, res)
	if first && e.state.Epoch != 0 {
		h.late(snap.At)
	}
}

// late allows what the baseline could not know: a port that its answer hid or
// whose status or certificate it did not bring is news when it comes (P8).
func (h *host) late(now time.Time) {
	// Ports of a middlebox that the baseline missed, or could not read, join its group.
	for range 3 {
		h.truths = append(h.truths, &truth{facet: "host", types: []diff.Type{diff.HostTarpitChanged}, at: now, optional: true, told: map[string]time.Time{}})
	}
	for _, p := range h.ports {
		if held := h.engine.state.Ports[p.key]; p.listed && (held == nil || held.Told == nil) {
			h.allow(p, now, "status", diff.PortOpened, diff.PortDiscovered)
		} else if p.listed && p.record.Certificate != nil && held.Told.Certificate == nil {
			h.allow(p, now, "certificate", diff.CertificateAdded)
		}
	}
}

// tick lets time alone bring what it brings, as the product's own timer does.
func (e *engine) tick(h *host, now time.Time) {
	for {
		next := diff.NextTick(e.state, e.policy)
		if next.IsZero() || next.After(now) {
			return
		}
		e.take(h, next, diff.Tick(e.state, e.policy, next))
	}
}

// take matches what was told with what is true.
func (e *engine) take(h *host, now time.Time, res diff.Result) {
	e.state = res.State
	matched := make([]bool, len(res.Changes))
	for i, c := range res.Changes {
		e.events++
		if c.Type == diff.PortVanished {
			e.state.Ports[c.Key].Lost.EventID = "vanish"
		}
		if slices.Contains(c.Changed, diff.FacetStatus) && c.Told.Open() && c.Told.Certificate == nil {
			h.allowCertificate(c.Key, now) // an opening does not wait for a certificate that could not be read
		}
		if c.Cause >= 0 { // a consequence is as true as its cause
			matched[i] = matched[c.Cause]
			continue
		}
		if after, ok := c.After.(diff.Certificate); ok && c.Type == timerOf(after.Validity) {
			if matched[i] = e.timely(c.Key, after, now); !matched[i] {
				e.false_ = append(e.false_, fmt.Sprintf("%s %s %s %s", now.Format(time.RFC3339), h.name, c.Key, c.Type))
			}
			continue
		}
		t := h.find(c.Key, "portdelta", now, func(t *truth) bool { return slices.Contains(t.types, c.Type) })
		if matched[i] = t != nil; t == nil {
			e.false_ = append(e.false_, fmt.Sprintf("%s %s %s %s %v %v", now.Format(time.RFC3339), h.name, c.Key, c.Type, c.Reasons, strings.TrimSpace(fmt.Sprint(c.Details))))
		}
	}
}

func (h *host) allowCertificate(key hostport.PortKey, now time.Time) {
	for _, p := range h.ports {
		if p.key == key && p.record.Certificate != nil {
			h.allow(p, now, "certificate", diff.CertificateAdded)
		}
	}
}

// timerOf is the event of a timer's word, "" for a certificate that needs none.
func timerOf(v diff.Validity) diff.Type {
	switch v {
	case diff.Valid:
		return ""
	case diff.Expired:
		return diff.CertificateExpired
	case diff.NotYetValid:
		return diff.CertificateNotYetValid
	}
	return diff.CertificateExpiring
}

// wordOf is what is true of a certificate's end.
func wordOf(c diff.Certificate, now time.Time) diff.Validity {
	word := diff.Valid
	for _, t := range []struct {
		days int
		word diff.Validity
	}{{30, diff.Expiring30}, {14, diff.Expiring14}, {7, diff.Expiring7}, {1, diff.Expiring1}, {0, diff.Expired}} {
		if !now.Before(c.NotAfter.Add(-time.Duration(t.days) * day)) {
			word = t.word
		}
	}
	return word
}

// timely says whether a timer's word is true now and new to readers.
func (e *engine) timely(key hostport.PortKey, c diff.Certificate, now time.Time) bool {
	id := fmt.Sprint(key, c.SHA1, c.Validity)
	defer func() { e.timers[id] = true }()
	return !e.timers[id] && c.Validity == wordOf(c, now)
}

// overdue enters, when the days are over, each certificate whose word readers do
// not have.
func (h *host) overdue() {
	for _, p := range h.ports {
		held := h.engine.state.Ports[p.key]
		if held == nil || !held.Told.Open() || held.Told.Certificate == nil {
			continue
		}
		c := *held.Told.Certificate
		if word := wordOf(c, h.end()); word != diff.Valid && word != c.Validity {
			h.expect(p, c.NotAfter, "certificate", timerOf(word))
		}
	}
}

// find takes the oldest true event that has happened and that nobody by this name
// has told yet.
func (h *host) find(key hostport.PortKey, who string, now time.Time, fits func(*truth) bool) *truth {
	for _, t := range h.truths {
		if t.key == key && !t.at.After(now) && t.told[who].IsZero() && fits(t) {
			t.told[who] = now
			return t
		}
	}
	return nil
}

// naive compares each answer with the one before, field by field, as a script
// over the API would: ports listed, status, newest banner, current services, certificate.
type naive struct {
	last    map[hostport.PortKey]hostport.Port
	events  int
	false_  int
	started bool
}

func (n *naive) look(h *host, snap *hostport.Snapshot) {
	now := map[hostport.PortKey]hostport.Port{}
	for _, p := range snap.Ports {
		now[p.PortKey] = p
	}
	defer func() { n.last, n.started = now, true }()
	if !n.started {
		return
	}
	tell := func(key hostport.PortKey, facet string) {
		n.events++
		if h.find(key, "naive", snap.At, func(t *truth) bool { return t.facet == facet }) == nil {
			n.false_++
		}
	}
	for k, p := range now {
		before, listed := n.last[k]
		switch {
		case !listed || before.Status != p.Status:
			tell(k, "status")
		default:
			if newest(before) != newest(p) {
				tell(k, "banner")
			}
			if services(before) != services(p) {
				tell(k, "service")
			}
			if certificate(before) != certificate(p) {
				tell(k, "certificate")
			}
		}
	}
	for k := range n.last {
		if _, listed := now[k]; !listed {
			tell(k, "status")
		}
	}
}

func newest(p hostport.Port) string {
	if len(p.Banners) == 0 {
		return ""
	}
	return slices.MaxFunc(p.Banners, func(a, b hostport.Banner) int { return a.LastSeen.Compare(b.LastSeen) }).Text
}

func services(p hostport.Port) string {
	var out []string
	for _, s := range p.Services {
		if s.IsRecent {
			out = append(out, s.Name+" "+s.Version)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func certificate(p hostport.Port) string {
	if p.Certificate == nil {
		return ""
	}
	return p.Certificate.ID
}

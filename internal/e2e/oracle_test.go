package e2e

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// The oracle holds what was published against what the simulator says happened.
//
// A host's changes begin with its baseline: what the answer behind that shows is
// no news. From there each real change of the truth demands its event of the
// table in design section 5, with its values, the changes of a port in their
// order (the simulator leaves time enough between two of them). Whatever is
// published must be demanded by a change that an answer named in the event's
// evidence can have shown; host.exposed and .unexposed follow from the port
// events before them. What happened after the cut may be told or not yet.

// verdict is what the oracle found.
type verdict struct {
	faults []string // published and not demanded, or not as demanded
	missed []string // demanded, made before the cut, and not published
}

func judge(t *truth, h *heard, cut time.Time) verdict {
	var v verdict
	pending := map[string]map[schemas.PortKey][]change{}
	for _, c := range t.changes {
		first, ok := t.baseline(h, c.Host)
		switch {
		case ok && c.in(first):
		case ok || !c.At.After(cut):
			if pending[c.Host] == nil {
				pending[c.Host] = map[schemas.PortKey][]change{}
			}
			pending[c.Host][c.key()] = append(pending[c.Host][c.key()], c)
		}
	}
	hosts := maps.Clone(pending)
	for host := range h.changes {
		if hosts[host] == nil {
			hosts[host] = nil
		}
	}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		judgeHost(&v, t, h, host, pending[host], cut)
	}
	return v
}

// baseline is the answer that a host's baseline was made from.
func (t *truth) baseline(h *heard, host string) (answer, bool) {
	l := h.baseline[host]
	if l == nil {
		return answer{}, false
	}
	return t.newest(l.Evidence.Requests)
}

// newest is the last of the answers named.
func (t *truth) newest(requests []string) (last answer, ok bool) {
	for _, id := range requests {
		if a, known := t.answers[id]; known && a.N > last.N {
			last, ok = a, true
		}
	}
	return last, ok
}

// in says whether the answer shows the change. The lines stand in
// the order in which things happened, but that an answer's line is written when
// it has been delivered, and shows the world of a little before.
func (c *change) in(a answer) bool { return c.N < a.N && !c.At.After(a.At) }

// hostJudge walks through the events of one host.
type hostJudge struct {
	*verdict
	truth   *truth
	host    string
	pending map[schemas.PortKey][]change
	lost    map[schemas.PortKey]bool // a fault was found: what follows on the port proves nothing

	told    map[schemas.PortKey]bool // told to readers at least once
	open    map[schemas.PortKey]bool // told open
	exposed bool
}

func judgeHost(v *verdict, t *truth, h *heard, host string, pending map[schemas.PortKey][]change, cut time.Time) {
	j := &hostJudge{verdict: v, truth: t, host: host, pending: pending,
		lost: map[schemas.PortKey]bool{}, told: map[schemas.PortKey]bool{}, open: map[schemas.PortKey]bool{}}
	for _, r := range h.initial[host] {
		if p, err := schemas.ParsePortState(r.Value); err == nil {
			j.told[*p.Port], j.open[*p.Port] = true, p.Status == schemas.StatusOpen
		} else if self, err := schemas.ParseHostState(r.Value); err == nil {
			j.exposed = self.Exposed
		}
	}
	for step := range steps(h.changes[host]) {
		j.step(step)
	}
	for key, left := range pending {
		for _, c := range left {
			if !j.lost[key] && !c.At.After(cut) {
				j.missed = append(j.missed, fmt.Sprintf("%s: no event, after %d complete looks", &c, t.looksSince(&c)))
			}
		}
	}
}

// steps groups events by the snapshot that decided them.
func steps(events []*schemas.Event) func(func([]*schemas.Event) bool) {
	return func(yield func([]*schemas.Event) bool) {
		for len(events) > 0 {
			n := 1
			for n < len(events) && events[n].Evidence.Snapshot == events[0].Evidence.Snapshot {
				n++
			}
			if !yield(events[:n]) {
				return
			}
			events = events[n:]
		}
	}
}

func (j *hostJudge) step(events []*schemas.Event) {
	firstGain, lastLoss := "", ""
	for i, e := range events {
		if e.Port == nil {
			cause := firstGain
			if e.Type == schemas.HostUnexposed {
				cause = lastLoss
			}
			j.exposure(e, cause, i == len(events)-1)
			continue
		}
		was := j.open[e.Port.Key()]
		j.port(e)
		switch is := j.open[e.Port.Key()]; {
		case is && !was && firstGain == "":
			firstGain = e.ID
		case was && !is:
			lastLoss = e.ID
		}
	}
	if any := j.anyOpen(); j.exposed != any {
		j.wrong(events[len(events)-1], fmt.Sprintf("after it the host has open ports (%t), and readers were told %t", any, j.exposed))
		j.exposed = any
	}
}

func (j *hostJudge) anyOpen() bool {
	for _, open := range j.open {
		if open {
			return true
		}
	}
	return false
}

// exposure takes host.exposed or .unexposed.
func (j *hostJudge) exposure(e *schemas.Event, cause string, last bool) {
	exposed := e.Type == schemas.HostExposed
	switch {
	case exposed == j.exposed || exposed != j.anyOpen():
		j.wrong(e, fmt.Sprintf("the host had open ports (%t) and has (%t)", j.exposed, j.anyOpen()))
	case !last:
		j.wrong(e, "it is not the last of its step")
	case deref(e.Cause) != cause:
		j.wrong(e, fmt.Sprintf("its cause is %q, expected %q", deref(e.Cause), cause))
	}
	j.exposed = exposed
}

// port takes an event of a port: it must be that of the port's next change.
func (j *hostJudge) port(e *schemas.Event) {
	key := e.Port.Key()
	defer func() {
		j.told[key] = true
		if status, moved := statusAfter(e); moved {
			j.open[key] = status == schemas.StatusOpen
		}
	}()
	if j.lost[key] {
		return
	}
	queue := j.pending[key]
	if len(queue) == 0 {
		j.lost[key] = true
		j.wrong(e, "false event: nothing has happened to the port")
		return
	}
	next := queue[0]
	j.pending[key] = queue[1:]
	shown, ok := j.truth.newest(e.Evidence.Requests)
	err := demands(&next, e, j.told[key])
	switch {
	case err != nil:
	case !ok:
		err = fmt.Errorf("none of the answers in its evidence was given: %q", e.Evidence.Requests)
	case shown.Host != j.host:
		err = fmt.Errorf("its evidence is of host %s", shown.Host)
	case shown.N < next.N:
		err = fmt.Errorf("its evidence, answer %d, is older than the change", shown.N)
	}
	if err != nil {
		j.lost[key] = true
		j.wrong(e, fmt.Sprintf("%v; next is %s", err, &next))
	}
}

func (j *hostJudge) wrong(e *schemas.Event, why string) {
	j.faults = append(j.faults, fmt.Sprintf("seq %d: %s at %s: %s", e.Seq, e.Message, e.Time.Detected.Format("15:04:05.000"), why))
}

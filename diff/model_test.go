package diff

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/internal/hostport"
)

// model is a second implementation of the rules for a port's status: slow, and
// near the words of the design. It keeps every look whole and reads absence off
// the past, where Step keeps no more than it needs.
type model struct {
	looks []modelLook
	ports map[hostport.PortKey]*modelPort
	based bool
	open  bool // some port is told open
}

type modelLook struct {
	at      time.Time
	counts  bool                           // complete, and no record older than held
	present map[hostport.PortKey]time.Time // how new each listed port is known to be
}

type modelPort struct {
	told      hostport.Status // "" while no status could be read
	evidence  time.Time
	unread    bool
	wasOpen   bool
	retracted bool // a vanish was taken back
	goneAt    time.Time
	keptFrom  time.Time
	absent    []int // looks that count in which it was absent, since it was listed last
	since     int   // index in absent from which independence is measured
	blind     bool  // the point read could not tell
	doubt     hostport.Status
	doubtAt   time.Time
	flap      modelFlap
}

// modelFlap keeps every scan of a port in which its status moved.
type modelFlap struct {
	scan  int
	moves []int // the scan of each move
	news  []int // the same, of those to a word that was not known
	on    bool
	seen  hostport.Status
	known map[hostport.Status]bool
}

// among counts the moves of the last n scans.
func (f *modelFlap) among(moves []int, n int) (count int) {
	for _, scan := range moves {
		if f.scan-scan < n {
			count++
		}
	}
	return count
}

// next is one more scan, which showed a word.
func (f *modelFlap) next(seen hostport.Status, ended func()) {
	if f.moves == nil {
		return
	}
	f.scan++
	if f.on && f.seen != seen {
		f.moves, f.seen = append(f.moves, f.scan), seen
	}
	switch {
	case f.on && f.among(f.moves, 5) == 0:
		*f = modelFlap{}
		ended()
	case !f.on && f.among(f.moves, 10) == 0:
		*f = modelFlap{}
	}
}

// damped says whether a move from one word to another is hidden, and whether a flap
// begins with it.
func (f *modelFlap) damped(from, to, seen hostport.Status) (hidden, begins bool) {
	rank := map[hostport.Status]int{hostport.Open: 3, hostport.Closed: 1, hostport.Vanished: 0, hostport.Filtered: 2, "odd": 2}
	if f.known == nil {
		f.known = map[hostport.Status]bool{}
	}
	pass := rank[to] > rank[from] || !f.known[to] && f.among(f.news, 10) < 4
	if !f.known[to] {
		f.news = append(f.news, f.scan)
	}
	if !f.on {
		f.moves = append(f.moves, f.scan)
		begins = f.among(f.moves, 10) >= 4
	}
	hidden = (f.on || begins) && !pass
	if !hidden {
		f.known[from], f.known[to] = true, true
	}
	if begins {
		f.on, f.seen = true, seen
	}
	return hidden, begins
}

// apart says whether two looks are independent witnesses.
func (m *model) apart(i, j int, timeAlone bool) bool {
	a, b := m.looks[i], m.looks[j]
	if b.at.Sub(a.at) >= 72*time.Hour {
		return true
	}
	var then, now time.Time
	for k, e := range a.present {
		if f, both := b.present[k]; both && !e.IsZero() {
			then, now = later(then, e), later(now, f)
		}
	}
	return !timeAlone && now.After(then)
}

// look returns the events of one snapshot; verdict is what a point read says.
func (m *model) look(at time.Time, complete bool, records map[hostport.PortKey]modelRecord, verdict func(hostport.PortKey) (hostport.Verdict, *modelRecord)) []string {
	if !m.based && !complete {
		return nil
	}
	look := modelLook{at: at, present: map[hostport.PortKey]time.Time{}}
	stale := false
	for k, r := range records {
		look.present[k] = r.evidence
		if p := m.ports[k]; p != nil {
			stale = stale || !r.evidence.IsZero() && r.evidence.Before(p.evidence)
			look.present[k] = later(p.evidence, r.evidence)
		}
	}
	look.counts = complete && !stale
	m.looks = append(m.looks, look)
	here := len(m.looks) - 1
	keys := keysOf(records)
	for k := range m.ports {
		if _, listed := records[k]; !listed {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, hostport.PortKey.Compare)
	var events []string
	tell := func(format string, args ...any) { events = append(events, fmt.Sprintf(format, args...)) }
	for _, k := range keys {
		r, listed := records[k]
		p := m.ports[k]
		switch {
		case listed && p == nil:
			p = &modelPort{}
			m.ports[k] = p
			fallthrough
		case listed:
			m.listed(k, p, r, stale, at, tell)
		case !look.counts || p.told == hostport.Vanished:
		case p.told == "":
			delete(m.ports, k)
		default:
			m.absent(k, p, here, verdict, stale, at, tell)
		}
	}
	open := false
	for k, p := range m.ports {
		if p.told == hostport.Vanished && at.Sub(p.keptFrom) >= 90*24*time.Hour {
			delete(m.ports, k)
		}
		open = open || p.told == hostport.Open
	}
	if !m.based {
		m.based, m.open, events = true, open, nil
	}
	if open != m.open {
		tell("%s", map[bool]string{true: "host.exposed", false: "host.unexposed"}[open])
	}
	m.open = open
	return events
}

func (m *model) listed(k hostport.PortKey, p *modelPort, r modelRecord, stale bool, at time.Time, tell func(string, ...any)) {
	undated := r.evidence.IsZero()
	if p.told == hostport.Vanished {
		p.keptFrom = at // forgotten 90 d after it was last listed
	}
	if !undated && r.evidence.Before(p.evidence) {
		return // P4
	}
	if p.told == hostport.Vanished && stale && !r.evidence.After(p.goneAt) {
		return // the past
	}
	same := !undated && r.evidence.Equal(p.evidence)
	p.absent, p.since, p.blind = nil, 0, false
	if r.evidence.After(p.evidence) && p.told != "" && r.status != "" {
		p.flap.next(r.status, func() { tell("flap.ended %s", k) })
	}
	move := func(format string, args ...any) bool {
		hidden, begins := p.flap.damped(p.told, r.status, r.status)
		if !hidden {
			tell(format, args...)
		}
		if begins {
			tell("flap.started %s", k)
		}
		return !hidden
	}
	name := map[hostport.Status]string{hostport.Closed: "port.closed", hostport.Filtered: "port.filtered"}[r.status]
	if name == "" {
		name = "port.status_changed"
	}
	retracts := ""
	switch {
	case r.status == "":
		p.unread = p.told == ""
		p.evidence = later(p.evidence, r.evidence)
		return
	case p.told == "" && r.status == hostport.Open:
		tell("port.opened %s", k)
	case p.told == "":
		tell("port.discovered %s", k)
	case p.told == hostport.Vanished:
		if same {
			p.retracted = true
			retracts = " retracts"
		}
		if r.status == hostport.Open {
			name = "port.reopened"
		}
		if same {
			tell("%s %s%s", name, k, retracts)
		} else {
			move("%s %s", name, k)
		}
	case p.told == r.status:
		p.doubt = ""
		p.evidence = later(p.evidence, r.evidence)
		return
	case same:
		return // P4: the status may not change
	case r.status == hostport.Open:
		move("port.reopened %s", k)
	case undated && p.doubt != r.status:
		p.doubt, p.doubtAt = r.status, at
		return
	case undated && at.Sub(p.doubtAt) < 72*time.Hour:
		return
	default:
		if !move("%s %s", name, k) {
			p.evidence = later(p.evidence, r.evidence)
			return
		}
	}
	p.told, p.doubt, p.wasOpen = r.status, "", p.wasOpen || r.status == hostport.Open
	p.evidence = later(p.evidence, r.evidence)
}

func (m *model) absent(k hostport.PortKey, p *modelPort, here int, verdict func(hostport.PortKey) (hostport.Verdict, *modelRecord), stale bool, at time.Time, tell func(string, ...any)) {
	p.absent = append(p.absent, here)
	if len(p.absent) == 1 || !m.apart(p.absent[p.since], here, p.retracted) {
		return
	}
	gone := p.blind
	if !p.blind {
		v, found := verdict(k)
		switch {
		case v == hostport.NotFound:
			gone = true
		case v == hostport.Found && found != nil:
			p.absent = nil
			m.listed(k, p, *found, stale, at, tell)
		case v == hostport.Unsupported:
			p.blind, p.since = true, len(p.absent)-1
		}
	}
	if gone {
		if p.flap.on {
			p.flap.next(hostport.Vanished, func() { tell("flap.ended %s", k) })
		}
		hidden, begins := p.flap.damped(p.told, hostport.Vanished, hostport.Vanished)
		if !hidden {
			tell("port.vanished %s", k)
		}
		if begins {
			tell("flap.started %s", k)
		}
		if hidden {
			p.absent, p.since = []int{here}, 0
			return
		}
		p.keptFrom = at
		p.told, p.goneAt, p.doubt, p.retracted, p.absent, p.since, p.blind = hostport.Vanished, at, "", false, nil, 0, false
	}
}

type modelRecord struct {
	status   hostport.Status
	evidence time.Time
}

func (r modelRecord) port(k hostport.PortKey) hostport.Port {
	return hostport.Port{PortKey: k, ID: k.String(), Status: r.status, LastScan: r.evidence}
}

func keysOf(records map[hostport.PortKey]modelRecord) []hostport.PortKey {
	var keys []hostport.PortKey
	for k := range records {
		keys = append(keys, k)
	}
	return keys
}

// TestStatusAgainstTheModel compares Step with the model over random timelines:
// ports that come, flip, go unscanned, hide and lose their dates, looks without
// proof, replicas that lag, point reads that fail, deny or cannot tell.
func TestStatusAgainstTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
		m := &model{ports: map[hostport.PortKey]*modelPort{}}
		var st State
		world := map[hostport.PortKey]modelRecord{}
		var past []map[hostport.PortKey]modelRecord
		now := t0
		for look := range 60 {
			now = now.Add(time.Duration([]int{1, 6, 24, 24, 80, 700}[r.IntN(6)]) * time.Hour)
			for _, n := range []uint16{22, 53, 80, 443, 8443} {
				k := hostport.PortKey{Protocol: "tcp", Number: n}
				switch held, listed := world[k]; {
				case !listed && r.IntN(4) == 0, listed && r.IntN(3) == 0: // scanned
					statuses := []hostport.Status{hostport.Open, hostport.Open, hostport.Closed, hostport.Filtered, "odd", ""}
					world[k] = modelRecord{statuses[r.IntN(len(statuses))], now.Add(-time.Minute)}
				case listed && r.IntN(6) == 0:
					delete(world, k)
				case listed && r.IntN(10) == 0: // another word without another scan
					held.status = hostport.Closed
					world[k] = held
				}
			}
			records := map[hostport.PortKey]modelRecord{}
			from := world
			if len(past) > 0 && r.IntN(7) == 0 {
				from = past[r.IntN(len(past))]
			}
			for _, k := range slices.SortedFunc(maps.Keys(from), hostport.PortKey.Compare) {
				rec := from[k]
				if r.IntN(8) == 0 {
					continue // hidden by a page that shifted
				}
				if r.IntN(12) == 0 {
					rec.evidence = time.Time{}
				}
				records[k] = rec
			}
			kept := map[hostport.PortKey]modelRecord{}
			for k, rec := range world {
				kept[k] = rec
			}
			past = append(past, kept)
			verdicts := map[hostport.PortKey]hostport.Verdict{}
			verdict := func(k hostport.PortKey) (hostport.Verdict, *modelRecord) {
				if _, drawn := verdicts[k]; !drawn {
					verdicts[k] = []hostport.Verdict{hostport.NotFound, hostport.NotFound, hostport.Failed, hostport.Unsupported, hostport.Found}[int(now.Unix()/3600+int64(k.Number))%5]
				}
				if rec, listed := world[k]; listed && verdicts[k] == hostport.Found {
					return hostport.Found, &rec
				}
				return verdicts[k], nil
			}
			complete := r.IntN(10) > 0 && len(records) > 0 // a baseline of no ports asks for the list again
			want := m.look(now, complete, records, verdict)

			snap := &hostport.Snapshot{Host: "h", At: now, Result: hostport.Ports, Proof: hostport.Counted, Paging: hostport.Paging{Unreadable: 1}}
			if !complete {
				snap.Proof = hostport.Unproven
			}
			for k, rec := range records {
				snap.Ports = append(snap.Ports, rec.port(k))
			}
			res := Step(st, snap, DefaultPolicy(), now)
			if len(res.Asks) > 0 {
				snap.Answers = []hostport.Answer{}
				for _, a := range res.Asks {
					v, rec := verdict(a.Key)
					answer := hostport.Answer{Ask: a, Verdict: v}
					if rec != nil {
						p := rec.port(a.Key)
						answer.Port = &p
					}
					snap.Answers = append(snap.Answers, answer)
				}
				res = Step(st, snap, DefaultPolicy(), now)
			}
			st = res.State
			var got []string
			for _, c := range res.Changes {
				name := string(c.Type)
				if c.Told != nil {
					name += " " + c.Key.String()
				}
				if slices.Contains(c.Reasons, Retracted) {
					name += " retracts"
				}
				if c.Type == PortVanished {
					st.Ports[c.Key].Lost.EventID = "vanish"
				}
				got = append(got, name)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("look %d at %v (-model +step):\n%s", look, now, d)
			}
		}
	})
}

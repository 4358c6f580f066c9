package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

// shardline drives StepIn for one host of a shard that has others.
type shardline struct {
	*timeline
	shard Shard
	notes []NoteType
	last  []ShardNote
}

func newShardline(t *testing.T, others int) *shardline {
	return &shardline{timeline: newTimeline(t), shard: Shard{Open: others}}
}

func (sl *shardline) look(hour float64, ports ...hostport.Port) (vanished int) {
	sl.t.Helper()
	snap := snapshot(hour, ports...)
	res := StepIn(sl.shard, sl.state, snap, sl.policy, snap.At)
	if len(res.Asks) > 0 {
		snap.Answers = []hostport.Answer{}
		for _, a := range res.Asks {
			snap.Answers = append(snap.Answers, sl.answers(a))
		}
		res = StepIn(sl.shard, sl.state, snap, sl.policy, snap.At)
	}
	sl.state, sl.shard, sl.last, sl.timeline.last = res.State, res.Shard, res.ShardNotes, res
	for _, n := range res.ShardNotes {
		sl.notes = append(sl.notes, n.Type)
	}
	for _, c := range res.Changes {
		if c.Type == PortVanished {
			vanished++
		}
	}
	return vanished
}

// distinct are open ports that are no tarpit: each has a service.
func distinct(n int, scan float64) []hostport.Port {
	return many(1, n, scan, "", service("x", "1", -90, scan, true))
}

// Pain 25: a valve that holds the losses alone, and opens by itself.
func TestMassLoss(t *testing.T) {
	keep := func(scan float64) hostport.Port { return port(9999, scan) }
	for _, tc := range []struct {
		name         string
		ports, other int
		after        []hostport.Port // of the look after the one that holds
		told         []int           // vanished in the two looks
		notes        []NoteType
	}{
		{"confirmed", 60, 0, nil, []int{0, 60}, []NoteType{MassLossHeld, MassLossConfirmed}},
		{"lapsed", 60, 0, distinct(60, 60), []int{0, 0}, []NoteType{MassLossHeld, MassLossLapsed}},
		{"most came back", 60, 0, distinct(40, 60), []int{0, 20}, []NoteType{MassLossHeld, MassLossLapsed}},
		{"not more than 50", 50, 0, nil, []int{50, 0}, nil},
		{"not more than a fifth", 60, 240, nil, []int{60, 0}, nil},
		{"just more than a fifth", 60, 238, nil, []int{0, 60}, []NoteType{MassLossHeld, MassLossConfirmed}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sl := newShardline(t, tc.other)
			sl.look(0, append(distinct(tc.ports, -1), keep(-1))...)
			sl.look(24, keep(20))
			got := []int{sl.look(48, keep(40)), sl.look(72, append(tc.after, keep(60))...)}
			if d := cmp.Diff(tc.told, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tc.notes, sl.notes); d != "" {
				t.Error(d)
			}
			if sl.shard.Held != nil || sl.shard.Open != OpenPorts(&sl.state)+tc.other {
				t.Errorf("shard after it: %+v", sl.shard)
			}
		})
	}
}

// What is held waits for one more snapshot, no longer; gains go out meanwhile.
func TestMassLossHoldsLossesAlone(t *testing.T) {
	sl := newShardline(t, 0)
	keep := func(scan float64) hostport.Port { return port(9999, scan) }
	sl.look(0, append(distinct(60, -1), keep(-1))...)
	sl.look(24, keep(20))
	sl.look(48, keep(40), port(8080, 40))
	if len(sl.timeline.last.Changes) != 1 || sl.timeline.last.Changes[0].Type != PortOpened || sl.timeline.last.Suppressed[RuleMassLoss] != 60 {
		t.Fatalf("%d changes, suppressed %v", len(sl.timeline.last.Changes), sl.timeline.last.Suppressed)
	}
	if l := sl.last[0].Loss; l.Held != 60 || l.Open != 61 || l.Told != 0 {
		t.Errorf("told of it: %+v", l)
	}
	if n := sl.look(49, keep(40), port(8080, 40)); n != 0 {
		t.Errorf("the same witness confirmed %d", n)
	}
	if n := sl.look(120, keep(40), port(8080, 40)); n != 60 { // 72 h later, without any rescan
		t.Errorf("%d vanished in the end", n)
	}
}

// What other hosts of the shard lost within the hour counts.
func TestMassLossOverHosts(t *testing.T) {
	sl := newShardline(t, 100)
	keep := func(scan float64) hostport.Port { return port(9999, scan) }
	sl.look(0, append(distinct(20, -1), keep(-1))...)
	sl.look(24, keep(20))
	sl.shard.Lost = []LostPorts{{Minute: at(47).Unix()/60 - 1, Ports: 40}, {Minute: at(47.5).Unix() / 60, Ports: 40}}
	if n := sl.look(48, keep(40)); n != 0 || sl.last[0].Loss.Told != 40 {
		t.Errorf("%d vanished, notes %+v", n, sl.last)
	}
	after, notes := sl.shard.Without(&sl.state, at(49))
	if len(notes) != 1 || notes[0].Type != MassLossLapsed || after.Open != 100 || after.Held != nil {
		t.Errorf("a host no longer watched: %+v, %+v", notes, after)
	}
}

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// story is a short truth with the events it demands: 203.0.113.7 has 80 and 443
// open at its baseline, 80 is upgraded, then both are closed.
type story struct {
	truth  *truth
	events []*schemas.Event
	cut    time.Time
}

const storyHost = "203.0.113.7"

// storyAt is the moment of the n-th line of the truth.
func storyAt(n int64) time.Time {
	return time.Date(2026, 11, 23, 9, 0, int(n), 0, time.UTC)
}

func newStory() *story {
	s := &story{truth: newTruth(""), cut: storyAt(100)}
	s.answer(1, "baseline")
	s.change(2, 80, "service", `{"category":"Server","name":"nginx","version":"1.18.0"}`, `{"category":"Server","name":"nginx","version":"1.20.1"}`)
	s.answer(3, "upgraded")
	s.change(4, 443, "status", `"open"`, `"closed"`)
	s.change(5, 80, "status", `"open"`, `"closed"`)
	s.answer(6, "closed")
	s.event("upgraded", schemas.ServiceVersionChanged, 80,
		`{"category":"Server","name":"nginx","versions":["1.18.0"]}`, `{"category":"Server","name":"nginx","versions":["1.20.1"]}`)
	s.event("closed", schemas.PortClosed, 80, `{"status":"open"}`, `{"status":"closed"}`)
	s.event("closed", schemas.PortClosed, 443, `{"status":"open"}`, `{"status":"closed"}`)
	s.event("closed", schemas.HostUnexposed, 0, `{"exposed":true}`, `{"exposed":false}`)
	s.events[3].Cause = &s.events[2].ID
	return s
}

func (s *story) answer(n int64, request string) {
	s.truth.answers[request] = answer{N: n, At: storyAt(n), Request: request, Host: storyHost, Status: 200, Complete: true}
}

func (s *story) change(n int64, port int, what, from, to string) {
	s.truth.changes = append(s.truth.changes, change{N: n, At: storyAt(n), Host: storyHost, Protocol: "tcp", Port: port,
		What: what, From: json.RawMessage(from), To: json.RawMessage(to)})
}

func (s *story) event(request string, t schemas.Type, port int, before, after string) {
	e := &schemas.Event{ID: string(t) + request, Type: t, Host: storyHost, Seq: uint64(len(s.events) + 1), Message: string(t),
		Confidence: schemas.Confirmed, Before: json.RawMessage(before), After: json.RawMessage(after), Details: json.RawMessage(`{}`),
		Evidence: &schemas.Evidence{Snapshot: request, Requests: schemas.List[string]{request}, Basis: schemas.Statement}}
	if known := reasons[t]; known != nil {
		e.Reasons = known[:1:1]
	}
	notAfter := s.truth.answers[request].At
	e.Time.NotAfter = &notAfter
	if port != 0 {
		e.Port = &schemas.PortRef{Protocol: "tcp", Number: port}
	}
	s.events = append(s.events, e)
}

func (s *story) without(i int) { s.events = append(s.events[:i:i], s.events[i+1:]...) }

func (s *story) judge(t *testing.T) verdict {
	h := newHeard(nil, nil, nil)
	h.baseline[storyHost] = &schemas.Lifecycle{Evidence: &schemas.LifecycleEvidence{Requests: []string{"baseline"}}}
	head := schemas.StateHead{Op: schemas.OpBaseline, Host: storyHost, Epoch: 1, Revision: 1}
	var records []schemas.Record
	for _, port := range []int{80, 443} {
		head.Port = &schemas.PortKey{Protocol: "tcp", Number: port}
		r, err := schemas.PortStateOf(head, schemas.Port{Status: schemas.StatusOpen}).Record(partitions, storyAt(1))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	head.Port = nil
	r, err := schemas.HostStateOf(head, schemas.HostBody{Baseline: "complete", Exposed: true}).Record(partitions, storyAt(1))
	if err != nil {
		t.Fatal(err)
	}
	h.initial[storyHost] = append(records, r)
	h.changes[storyHost] = s.events
	return judge(s.truth, h, s.cut)
}

// TestOracle shows that the oracle can say no.
func TestOracle(t *testing.T) {
	for name, c := range map[string]struct {
		spoil          func(*story)
		faults, missed string // parts of what it says; "": nothing
	}{
		"as it happened": {spoil: func(*story) {}},
		"an event is missing": {
			spoil:  func(s *story) { s.without(0) },
			faults: "port.closed where [service.version_changed] is demanded",
		},
		"the last event is missing": {
			spoil:  func(s *story) { s.events = s.events[:1] },
			missed: "443 status",
		},
		"the same after the cut": {
			spoil: func(s *story) { s.events, s.cut = s.events[:1], storyAt(3) },
		},
		"an event of nothing": {
			spoil: func(s *story) {
				s.events = s.events[:3]
				s.event("closed", schemas.CertificateRemoved, 443, `{"sha1":"a"}`, `null`)
			},
			faults: "false event",
		},
		"noise told as a change": {
			spoil:  func(s *story) { s.truth.changes = s.truth.changes[1:] },
			faults: "service.version_changed where [port.closed] is demanded",
		},
		"another value": {
			spoil: func(s *story) {
				s.events[0].After = json.RawMessage(`{"category":"Server","name":"nginx","versions":["1.20.2"]}`)
			},
			faults: "1.20.2",
		},
		"another status before": {
			spoil:  func(s *story) { s.events[1].Before = json.RawMessage(`{"status":"filtered"}`) },
			faults: "its before is",
		},
		"another reason": {
			spoil:  func(s *story) { s.events[0].Reasons = schemas.List[schemas.Reason]{"settled"} },
			faults: "its reasons are [settled]",
		},
		"another time": {
			spoil:  func(s *story) { *s.events[0].Time.NotAfter = storyAt(1) },
			faults: "no later than",
		},
		"not confirmed": {
			spoil:  func(s *story) { s.events[0].Confidence = schemas.Tentative },
			faults: "it is tentative",
		},
		"told before it was shown": {
			spoil:  func(s *story) { s.events[0].Evidence.Requests[0] = "baseline" },
			faults: "is older than the change",
		},
		"evidence that does not exist": {
			spoil:  func(s *story) { s.events[0].Evidence.Requests[0] = "other" },
			faults: "none of the answers",
		},
		"not told that nothing is open": {
			spoil:  func(s *story) { s.without(3) },
			faults: "open ports (false), and readers were told true",
		},
		"exposure with another cause": {
			spoil:  func(s *story) { s.events[3].Cause = &s.events[0].ID },
			faults: "its cause is",
		},
		"exposure too early": {
			spoil:  func(s *story) { s.events[2], s.events[3] = s.events[3], s.events[2] },
			faults: "the host had open ports (true) and has (true)",
		},
		"a change that the baseline shows": {
			spoil: func(s *story) { s.answer(4, "baseline"); s.without(0) },
		},
		"a change of the baseline told": {
			spoil:  func(s *story) { s.answer(4, "baseline") },
			faults: "service.version_changed where [port.closed] is demanded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			c.spoil(s)
			v := s.judge(t)
			expect(t, "faults", v.faults, c.faults)
			if c.faults == "" {
				expect(t, "missed", v.missed, c.missed)
			}
		})
	}
}

func expect(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if all := strings.Join(got, "\n"); (want == "") != (all == "") || !strings.Contains(all, want) {
		t.Errorf("%s: %q, expected %q", what, all, want)
	}
}

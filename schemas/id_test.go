package schemas

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// The ids were computed from the contract's text by a program of another
// language, from the bytes of the contract's examples.
func TestIDRecipe(t *testing.T) {
	opened, err := ParseEvent(contractLine(t, "change"))
	if err != nil {
		t.Fatal(err)
	}
	exposed := &Event{
		Type: HostExposed, Host: "2001:db8::7", Epoch: 1, Revision: 3, Seq: 7, Reasons: []Reason{ReasonFirstOpenPort},
		Before: json.RawMessage(`{ "exposed": false }`), After: json.RawMessage(`{"exposed":true}`), Evidence: &Evidence{},
	}
	for e, want := range map[*Event]string{
		opened:  "47e042828e2774e9dbe213c6815feb24",
		exposed: "3de5b01624c4b4b3d54463c84c4331c5",
	} {
		if err := e.Seal("/portdelta/default/graph"); err != nil || e.ID != want {
			t.Errorf("%s: id %s, expected %s (%v)", e.Type, e.ID, want, err)
		}
	}
	for name, want := range map[string]string{
		"lifecycle.baseline": "4a4b7e429cddf7eff32bc6d5f21e72c7",
		"lifecycle.degraded": "4e17bf1a191f3a120d45d9f175919d45",
	} {
		l, err := ParseLifecycle(contractLine(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Seal("/portdelta/default/graph"); err != nil || l.ID != want {
			t.Errorf("%s: id %s, expected %s (%v)", name, l.ID, want, err)
		}
	}
}

// TestIDOfWhat: the id follows what happened to whom and when in the host's
// history, and nothing that may differ when a step is taken again (P7).
func TestIDOfWhat(t *testing.T) {
	seal := func(move func(e *Event)) string {
		e, err := ParseEvent(contractLine(t, "change"))
		if err != nil {
			t.Fatal(err)
		}
		move(e)
		if err := e.Seal(testSource); err != nil {
			t.Fatal(err)
		}
		return e.ID
	}
	base := seal(func(*Event) {})
	for name, move := range map[string]func(e *Event){
		"host": func(e *Event) { e.Host = "203.0.113.8" }, "epoch": func(e *Event) { e.Epoch++ }, "seq": func(e *Event) { e.Seq++ },
		"type": func(e *Event) { e.Type = PortReopened }, "protocol": func(e *Event) { e.Port.Protocol = "udp" }, "number": func(e *Event) { e.Port.Number++ },
		"before": func(e *Event) { e.Before = json.RawMessage("{}") }, "after": func(e *Event) { e.After = json.RawMessage("{}") },
	} {
		if seal(move) == base {
			t.Errorf("another %s gives the same id", name)
		}
	}
	for name, move := range map[string]func(e *Event){
		"revision": func(e *Event) { e.Revision++ }, "severity": func(e *Event) { e.Severity = Critical }, "message": func(e *Event) { e.Message = "other" },
		"detected": func(e *Event) { e.Time.Detected = time.Unix(0, 0) }, "evidence": func(e *Event) { e.Evidence.Snapshot = "other" },
		"port id": func(e *Event) { e.Port.ID = "" }, "nil before": func(e *Event) { e.Before = nil },
		"spaces": func(e *Event) { e.After = json.RawMessage("  " + string(e.After) + "\n") },
	} {
		if seal(move) != base {
			t.Errorf("%s changes the id", name)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	for name, spoil := range map[string]func(e *Event){
		"an unknown type": func(e *Event) { e.Type = "port.moved" }, "a lifecycle type": func(e *Event) { e.Type = Heartbeat },
		"no host": func(e *Event) { e.Host = "" }, "no epoch": func(e *Event) { e.Epoch = 0 }, "no revision": func(e *Event) { e.Revision = 0 }, "no seq": func(e *Event) { e.Seq = 0 },
		"no port": func(e *Event) { e.Port = nil }, "no evidence": func(e *Event) { e.Evidence = nil },
		"no reason": func(e *Event) { e.Reasons = nil }, "an unknown reason": func(e *Event) { e.Reasons = []Reason{"because"} },
		"a reason twice": func(e *Event) { e.Reasons = []Reason{ReasonNewPort, ReasonNewPort} },
		"many requests":  func(e *Event) { e.Evidence.Requests = make([]string, MaxRequests+1) },
		"broken before":  func(e *Event) { e.Before = json.RawMessage("{") }, "broken after": func(e *Event) { e.After = json.RawMessage("{") },
	} {
		e, err := ParseEvent(contractLine(t, "change"))
		if err != nil {
			t.Fatal(err)
		}
		spoil(e)
		if err := e.Seal(testSource); err == nil || !strings.HasPrefix(err.Error(), "event ") {
			t.Errorf("%s: %v, expected an error that names the event", name, err)
		}
	}
	for name, spoil := range map[string]func(l *Lifecycle){
		"a change type": func(l *Lifecycle) { l.Type = PortOpened }, "no host": func(l *Lifecycle) { l.Host = nil }, "a host of a process": func(l *Lifecycle) { l.Type = Heartbeat },
		"an epoch without host": func(l *Lifecycle) { l.Type, l.Host = Heartbeat, nil }, "a port": func(l *Lifecycle) { l.Port = &PortRef{} },
		"an unknown reason": func(l *Lifecycle) { l.Reasons = []Reason{"because"} }, "broken details": func(l *Lifecycle) { l.Details = json.RawMessage("{") },
		"many requests": func(l *Lifecycle) { l.Evidence.Requests = make([]string, MaxRequests+1) },
		"a far year":    func(l *Lifecycle) { l.Time.Detected = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		l, err := ParseLifecycle(contractLine(t, "lifecycle.baseline"))
		if err != nil {
			t.Fatal(err)
		}
		spoil(l)
		if err := l.Seal(testSource); err == nil || !strings.HasPrefix(err.Error(), "event ") {
			t.Errorf("%s: %v, expected an error that names the event", name, err)
		}
	}
}

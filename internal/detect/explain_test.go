package detect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
)

func TestExplain(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	look := func(hour int, numbers ...uint16) {
		snap := hostport.Snapshot{Host: "203.0.113.7", At: at.Add(time.Duration(hour) * time.Hour), Result: hostport.Ports, Proof: hostport.Single}
		for _, n := range numbers {
			snap.Ports = append(snap.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: n}, Status: hostport.Open, LastScan: at})
		}
		handle(t, d, snap)
	}
	explain := func(key *hostport.PortKey) (*Explanation, error) {
		return Explain(s, shards, "203.0.113.7", key, d.Policy)
	}
	if _, err := explain(nil); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a host that was never looked at: %v", err)
	}
	look(0, 22, 80)
	look(24, 80)
	x, err := explain(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Ports) != 2 || x.Ports[0].Told.Status != "open" || *x.Baseline != "complete" || !x.Exposed {
		t.Errorf("host: %+v", x)
	}
	if len(x.Pending) != 1 || x.Pending[0].Port.String() != "tcp/22" || x.Pending[0].Rule != string(diff.RuleAbsent) ||
		!x.Pending[0].Until.Equal(at.Add(96*time.Hour)) || x.Pending[0].Ends == "" || x.Pending[0].Why == "" {
		t.Errorf("pending: %+v", x.Pending)
	}
	if len(x.Suppressed) != 1 || x.Suppressed[0].Count != 1 || x.Suppressed[0].Rule != string(diff.RuleAbsent) {
		t.Errorf("suppressed: %+v", x.Suppressed)
	}
	if x, err = explain(&hostport.PortKey{Protocol: "tcp", Number: 80}); err != nil || len(x.Ports) != 1 || x.Ports[0].Port.Number != 80 || len(x.Pending) != 0 {
		t.Errorf("one port: %+v, %v", x, err)
	}
	if _, err = explain(&hostport.PortKey{Protocol: "udp", Number: 80}); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a port that is not held: %v", err)
	}
}

// Ports that are told as one group are explained as one.
func TestExplainGroup(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for hour := range 2 {
		now := at.Add(time.Duration(hour) * 24 * time.Hour)
		snap := hostport.Snapshot{Host: "203.0.113.7", At: now, Result: hostport.Ports, Proof: hostport.Single}
		for n := range uint16(400) {
			snap.Ports = append(snap.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: 1000 + n}, Status: hostport.Open, LastScan: now,
				Banners: []hostport.Banner{{Text: "SSH-2.0-trap\r\n", ScanProtocol: "ssh", FirstSeen: at, LastSeen: now}}})
		}
		handle(t, d, snap)
	}
	x, err := Explain(s, shards, "203.0.113.7", nil, d.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Groups) != 1 || x.Groups[0].Count != 400 || x.Groups[0].Ranges[0] != [2]int{1000, 1399} {
		t.Errorf("groups: %+v", x.Groups)
	}
	_, err = Explain(s, shards, "203.0.113.7", &hostport.PortKey{Protocol: "tcp", Number: 1080}, d.Policy)
	if !errors.Is(err, ErrNotHeld) || !strings.Contains(err.Error(), "one of 400 that answer alike") {
		t.Errorf("a port of the group: %v", err)
	}
}

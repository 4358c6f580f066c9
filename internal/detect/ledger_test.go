package detect

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

// hostsOf returns hosts of one shard.
func hostsOf(shard, n int) (hosts []hostport.Host) {
	for i := 0; len(hosts) < n; i++ {
		if h := hostport.Host(fmt.Sprintf("198.51.100.%d", i)); schemas.Partition(string(h), shards) == shard {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// listed is a host's list with ports 1 to n, each with a service, scanned at its time.
func listed(host hostport.Host, at time.Time, n int) hostport.Snapshot {
	s := hostport.Snapshot{Host: host, At: at, Result: hostport.Ports, Proof: hostport.Single}
	for i := 1; i <= n; i++ {
		s.Ports = append(s.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: uint16(i)}, ID: fmt.Sprint(i), Status: hostport.Open, LastScan: at,
			Services: []hostport.Service{{Name: "x", Version: "1", IsRecent: true, LastSeen: at}}})
	}
	return s
}

// TestLedgerOfAShard: what a shard's hosts lose together is counted together,
// whatever runs at once, and outlives a restart: the ledger is committed with the
// step that changed it.
func TestLedgerOfAShard(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	hosts := hostsOf(1, 8)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	all := func(hour, ports int) {
		var wg sync.WaitGroup
		for _, h := range hosts {
			wg.Go(func() { handle(t, d, listed(h, at.Add(time.Duration(hour)*time.Hour), ports)) })
		}
		wg.Wait()
	}
	ledgerOf := func() diff.Shard {
		t.Helper()
		again := &Detector{Store: s, Shards: shards}
		l, err := again.lock(1)
		if err != nil {
			t.Fatal(err)
		}
		return l.shard
	}
	all(0, 21)
	if l := ledgerOf(); l.Open != 8*21 {
		t.Fatalf("after the baselines: %+v", l)
	}
	all(24, 1)
	all(48, 1) // 20 each: 40 go out, then they are held
	l := ledgerOf()
	if l.Held == nil || l.Held.Told != 40 || l.Held.Held != 120 || l.Open != 8*21-40 {
		t.Fatalf("held: %+v, %+v", l, l.Held)
	}
	d = &Detector{Store: s, Shards: shards, Source: d.Source, Policy: d.Policy, Metrics: d.Metrics} // a restart
	all(72, 1)
	if l := ledgerOf(); l.Held != nil || l.Open != 8 {
		t.Errorf("in the end: %+v, %+v", l, l.Held)
	}
	var got []schemas.Type
	for _, r := range outbox(t, s, string(hosts[0])) {
		if err := schematest.Check(r); err != nil {
			t.Errorf("%v\n%s", err, r.Value)
		}
		if r.Topic == schemas.Lifecycles && r.Key == "1" {
			e, err := schemas.ParseLifecycle(r.Value)
			if err != nil || r.Partition != 1 || e.Host != nil {
				t.Errorf("%v: %s", err, r.Value)
			}
			got = append(got, e.Type)
		}
	}
	if d := cmp.Diff([]schemas.Type{schemas.MassLossHeld, schemas.MassLossConfirmed}, got); d != "" {
		t.Error(d)
	}
}

func TestLedgerCodec(t *testing.T) {
	want := diff.Shard{Open: 7, Lost: []diff.LostPorts{{Minute: 29_000_000, Ports: 3}},
		Held: &diff.MassLoss{Since: time.Unix(9, 0).UTC(), Held: 60, Confirmed: 1, Lapsed: 2, Told: 3, Open: 4}}
	got, err := decodeLedger(encodeLedger(want))
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}
	if _, err := decodeLedger(encodeLedger(want)[:5]); err == nil {
		t.Error("a ledger that is cut was read")
	}
}

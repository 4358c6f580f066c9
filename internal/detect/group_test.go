package detect

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/schemas/schematest"
)

// allPorts is a host that answers on every step-th port.
func allPorts(at time.Time, step int) hostport.Snapshot {
	s := hostport.Snapshot{Host: "203.0.113.7", At: at, Result: hostport.Ports, Proof: hostport.Single}
	for n := 1; n <= 65535; n += step {
		s.Ports = append(s.Ports, hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: uint16(n)}, ID: fmt.Sprint("id-", n), Status: hostport.Open,
			LastScan: at.Add(-time.Hour), Banners: []hostport.Banner{{Text: "220 welcome\r\n", ScanProtocol: "tcp", FirstSeen: at.Add(-time.Hour), LastSeen: at.Add(-time.Hour)}}})
	}
	return s
}

// TestTarpitCostsLittle: a host with every port open costs a bounded number of
// records and bytes, as a baseline and later (P11).
func TestTarpitCostsLittle(t *testing.T) {
	for step, most := range map[int]int{1: 4 << 10, 2: 20 << 10} {
		t.Run(fmt.Sprintf("every %d", step), func(t *testing.T) {
			d, s := open(t)
			defer s.Close()
			at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
			for i, look := range []hostport.Snapshot{allPorts(at, step), allPorts(at.Add(24*time.Hour), step), {Host: "203.0.113.7", At: at.Add(48 * time.Hour), Result: hostport.Ports, Proof: hostport.Single, Ports: []hostport.Port{
				{PortKey: hostport.PortKey{Protocol: "tcp", Number: 22}, Status: hostport.Open, LastScan: at.Add(47 * time.Hour)}}}, allPorts(at.Add(72*time.Hour), step)} {
				before, start := len(outbox(t, s, "203.0.113.7")), time.Now()
				handle(t, d, look)
				took := time.Since(start)
				h, err := d.load("203.0.113.7")
				if err != nil {
					t.Fatal(err)
				}
				records, state := 0, 0
				for _, r := range outbox(t, s, "203.0.113.7")[before:] {
					if err := schematest.Check(r); err != nil {
						t.Error(err)
					}
					records += len(r.Value)
				}
				for _, f := range h.facets {
					state += len(f.Key) + len(f.Value)
				}
				t.Logf("look %d: %v, %d records of %d bytes, state of %d facets and %d bytes", i, took, len(outbox(t, s, "203.0.113.7"))-before, records, len(h.facets), state)
				if state > most || len(h.facets) > 5 || records > 4<<10 {
					t.Errorf("look %d: %d records of %d bytes, state of %d facets and %d bytes", i, len(outbox(t, s, "203.0.113.7"))-before, records, len(h.facets), state)
				}
			}
		})
	}
}

func TestGroupCodec(t *testing.T) {
	st := diff.State{Groups: []diff.Group{{Protocol: "tcp", Fingerprint: "f", Ranges: []diff.Range{{First: 0, Last: 0}, {First: 5, Last: 65535}}, Count: 9}},
		Alike: []diff.GroupState{{Protocol: "tcp", Fingerprint: "f", Ports: []diff.Range{{First: 7, Last: 8}}, Newest: 8, Missing: []diff.Range{{First: 8, Last: 8}}}},
		Quiet: map[string][]diff.Range{"udp": {{First: 1, Last: 1}}}}
	data := encodeGroups(&st)
	var back diff.State
	r := &reader{rest: data[1:]}
	decodeGroups(r, &back)
	if err := r.done(); err != nil || !slices.Equal(encodeGroups(&back), data) || back.Quiet["udp"][0].First != 1 || back.Groups[0].Ranges[1].Last != 65535 {
		t.Errorf("%v, %+v", err, back)
	}
	bad := &reader{rest: []byte{1, 0xff, 0xff, 3, 1}} // first 65535, one more after it
	if decodeRanges(bad); !bad.bad {
		t.Error("a range beyond the last port was read")
	}
}

package schemas

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

// largestPort is a port at every bound of what is told (docs/events.md), each
// text as long as its bound leaves room for. status differs so that two differ.
func largestPort(t testing.TB, status string) Port {
	p := Port{Status: status}
	for i := range limits.ToldServices.Max {
		s := Service{Category: "Server", Name: fmt.Sprint("service ", i)}
		s.Versions = []string{fill(t, limits.ToldServiceBytes.Max, func(x string) any { s.Versions = []string{x}; return s })}
		p.Services = append(p.Services, s)
	}
	for i := range limits.ToldBannerSets.Max {
		set := BannerSet{Protocol: fmt.Sprint("protocol-name-", i)}
		for j := range limits.ToldForms.Max {
			f := Form{Digest: fmt.Sprintf("%032d", j), Product: new("product")}
			f.Version = new(fill(t, limits.ToldFormBytes.Max, func(x string) any { return StateForm{f.Digest, f.Product, &x} }))
			if j == 0 {
				f.Facts = map[string]string{"http.status": "200"}
				f.Text = new(fill(t, limits.ToldTextBytes.Max, func(x string) any {
					return struct {
						Facts map[string]string `json:"facts"`
						Text  string            `json:"text"`
					}{f.Facts, x}
				}))
			}
			set.Forms = append(set.Forms, f)
		}
		p.Banners = append(p.Banners, set)
	}
	c := exampleCertificate(strings.Repeat("f", 40), "CN=Example CA", "1", firstOctober)
	c.Subject = fill(t, limits.ToldCertificate.Max, func(x string) any { c.Subject = x; return c })
	p.Certificate = c
	p.Flapping = []string{FacetStatus, FacetServices, FacetBanners, FacetCertificate}
	return p
}

// largestGroups are as many groups and ranges as may be told of a host.
func largestGroups() []Group {
	out := make([]Group, limits.ToldGroups.Max)
	for i := range out {
		out[i] = Group{Protocol: strings.Repeat("p", MaxWord), Fingerprint: strings.Repeat("f", 32), Count: 65535}
	}
	for range limits.ToldRanges.Max {
		out[0].Ranges = append(out[0].Ranges, [2]int{65534, 65535})
	}
	return out
}

// fill is the text with which what build makes is encoded in size bytes.
func fill(t testing.TB, size int, build func(text string) any) string {
	t.Helper()
	data, err := marshal(build("x"))
	if err != nil || len(data) > size {
		t.Fatalf("%d bytes without any text, bound %d (%v)", len(data), size, err)
	}
	return strings.Repeat("x", size-len(data)+1)
}

// TestLargestEventFits: an event with every part at its bound is below
// MaxEventBytes, so that no event ever needs cutting.
func TestLargestEventFits(t *testing.T) {
	status := strings.Repeat("s", MaxWord)
	before, after := largestPort(t, status), largestPort(t, StatusOpen)
	raw := func(v any) []byte {
		data, err := Raw(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	e := Event{
		Host: strings.Repeat("h", 253), Port: &PortRef{strings.Repeat("p", MaxWord), 65535, strings.Repeat("i", MaxPortID)},
		Epoch: 1 << 40, Revision: 1 << 20, Seq: 1 << 60, Severity: Critical, Message: strings.Repeat("\U0001F600", limits.MessageRunes.Max),
		Reasons: []Reason{ReasonNeverToldOpen, ReasonSecurityFact, ReasonRoutingFact}, Confidence: Tentative,
		Time:    Times{new(time.Now()), new(time.Now()), time.Now()},
		Changed: []string{FacetStatus, FacetServices, FacetBanners, FacetCertificate}, Evidence: &Evidence{Snapshot: strings.Repeat("5", 32), Basis: Statement, Agreeing: 1000, Proof: "unproven"},
		Cause: new(strings.Repeat("c", 32)), ID: strings.Repeat("1", 32),
	}
	for range MaxRequests {
		e.Evidence.Requests = append(e.Evidence.Requests, strings.Repeat("r", MaxRequestID))
	}
	labels := map[string]string{"label": ""}
	facts := BannerDetails{Omitted: 1000}
	for range 60 {
		facts.Facts = append(facts.Facts, FactChange{"http.header.something", "security", new(strings.Repeat("b", 20)), new(strings.Repeat("a", 20))})
	}
	largest := 0
	for name, move := range map[string]func(e *Event){
		"port.reopened": func(e *Event) {
			e.Type, e.Before, e.After = PortReopened, raw(before), raw(after)
			e.Details = raw(ReopenedDetails{new(strings.Repeat("r", 32)), new(int64(1 << 40))})
		},
		"port.opened": func(e *Event) { e.Type, e.After = PortOpened, raw(after) },
		"port.closed": func(e *Event) {
			e.Type, e.Before, e.After = PortClosed, raw(after), raw(StatusValue{StatusClosed})
			e.Details = raw(StatusDetails{StatusOpen, StatusClosed, new(strings.Repeat("r", 32))})
		},
		"banner.changed": func(e *Event) {
			e.Type, e.Before, e.After = BannerChanged, raw(before.Banners[0]), raw(after.Banners[0])
			e.Details = raw(facts)
		},
		"host.tarpit_changed": func(e *Event) {
			e.Type, e.Port, e.Before, e.After = HostTarpitChanged, nil, raw(GroupsValue{largestGroups()}), raw(GroupsValue{largestGroups()})
		},
		"certificate.replaced": func(e *Event) {
			e.Type, e.Before, e.After = CertificateReplaced, raw(before.Certificate), raw(after.Certificate)
		},
	} {
		e := e
		move(&e)
		e.Context = ContextOf(&after, labels)
		data, err := e.Encode()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		largest = max(largest, len(data))
	}
	t.Logf("the largest event has %d of %d bytes", largest, MaxEventBytes)

	host := strings.Repeat("h", 253)
	head := StateHead{Op: OpBaseline, Host: host, Port: &PortKey{strings.Repeat("p", MaxWord), 65535}, Epoch: 1 << 40, Revision: 1 << 20, AfterSeq: 1 << 60}
	data, err := PortStateOf(head, before).Encode()
	if err != nil {
		t.Error(err)
	}
	t.Logf("the largest state record has %d of %d bytes", len(data), MaxStateBytes)
	head.Port = nil
	if data, err = HostStateOf(head, HostBody{Baseline: BaselineComplete, Exposed: true, Groups: largestGroups()}).Encode(); err != nil {
		t.Error(err)
	}
	t.Logf("the largest host record has %d of %d bytes", len(data), MaxStateBytes)
}

// TestBoundsAgree: this package imports nothing of the project, so what the table
// of limits says as well is held equal here.
func TestBoundsAgree(t *testing.T) {
	if MaxEventBytes != limits.EventBytes.Max {
		t.Errorf("MaxEventBytes %d, the table says %d", MaxEventBytes, limits.EventBytes.Max)
	}
}

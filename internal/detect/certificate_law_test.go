package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// backends is a port whose certificates go through regimes: one for long, two or
// three that take turns, a new one each scan, none. Some are short-lived, some not
// valid yet, some older than the one before.
type backends struct {
	rng    *rand.Rand
	at     time.Time
	regime int
	left   int // scans of the regime
	alive  []int
	next   int
}

// scan lets time pass and says which certificate is presented; nil for none.
func (b *backends) scan() *hostport.Certificate {
	b.at = b.at.Add(time.Duration(2+b.rng.IntN(30)) * time.Hour)
	if b.rng.IntN(30) == 0 {
		b.at = b.at.AddDate(0, 0, 25)
	}
	if b.left == 0 {
		b.regime, b.left = b.rng.IntN(5), 5+b.rng.IntN(15)
		b.alive = b.alive[:0]
		for range 1 + b.rng.IntN(3) {
			b.alive = append(b.alive, b.fresh())
		}
	}
	b.left--
	switch b.regime {
	case 0:
		return nil
	case 1: // a flood
		return b.certificate(b.fresh())
	}
	return b.certificate(b.alive[b.rng.IntN(len(b.alive))])
}

// fresh is a further certificate, or one of long ago.
func (b *backends) fresh() int {
	if b.rng.IntN(6) == 0 {
		return b.rng.IntN(b.next + 1)
	}
	b.next++
	return b.next
}

// certificate follows from its number alone.
func (b *backends) certificate(n int) *hostport.Certificate {
	sha1 := fmt.Sprintf("%040x", n)
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC).AddDate(n/9%2, 0, n+n%5*3)
	return &hostport.Certificate{ID: "c" + sha1, SHA1: sha1, Subject: fmt.Sprint("CN=", n%2), Issuer: "CN=CA", NotBefore: from, NotAfter: from.AddDate(0, 0, 20+n%7*15)}
}

// history runs one and returns the types told. After every look: what is remembered
// is bounded, and a port that has presented one certificate for 10 scans is told so.
func (b *backends) history(t tb, d *Detector, s *store.Store, looks int) map[schemas.Type]int {
	alone, last := 0, ""
	for range looks {
		c := b.scan()
		tick(t, d, s, b.at)
		p := hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: 443}, ID: "443", Status: hostport.Open, LastScan: b.at, Certificate: c}
		sha1 := ""
		if c != nil {
			sha1 = c.SHA1
		}
		if alone++; sha1 != last {
			alone, last = 1, sha1
		}
		if b.rng.IntN(8) == 0 {
			p.Certificate = &hostport.Certificate{ID: "c" + sha1} // a stub
			if c == nil {
				p.Certificate = nil
			}
		}
		look := hostport.Snapshot{Host: "203.0.113.7", At: b.at.Add(time.Minute), Result: hostport.Ports, Proof: hostport.Single, Ports: []hostport.Port{p}}
		asks, err := d.Handle(t.Context(), look)
		if err == nil && len(asks) > 0 {
			look.Answers = []hostport.Answer{{Ask: asks[0], Verdict: hostport.Found, Certificate: c}}
			_, err = d.Handle(t.Context(), look)
		}
		if err != nil {
			t.Fatalf("handle: %v", err)
		}
		held, err := d.load("203.0.113.7")
		if err != nil {
			t.Fatalf("load: %v", err)
		}
		state := held.state.Ports[p.PortKey]
		if n := len(state.Certificate.Others); n > limits.KnownCertificates.Max {
			t.Fatalf("%d certificates are remembered", n)
		}
		told := ""
		if state.Told.Certificate != nil {
			told = state.Told.Certificate.SHA1
		}
		if alone >= 10 && (told != sha1 || state.Certificate.Set != diff.OneCertificate) {
			t.Fatalf("alone for %d scans, told is %q, set %q, presented %q", alone, told, state.Certificate.Set, sha1)
		}
	}
	types := map[schemas.Type]int{}
	for _, r := range outbox(t, s, "203.0.113.7") {
		if r.Topic == schemas.Changes {
			e, err := schemas.ParseEvent(r.Value)
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			types[e.Type]++
		}
	}
	return types
}

func newBackends(seed uint64) *backends {
	return &backends{rng: rand.New(rand.NewPCG(seed, 3)), at: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
}

// TestCertificatesFoldToTold is the law of the two layers for certificates: whatever
// regimes a port goes through, with timers in between, folding its events gives told.
func TestCertificatesFoldToTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, s := open(t)
		defer s.Close()
		newBackends(rapid.Uint64().Draw(t, "seed")).history(t, d, s, 40)
		checkFold(t, s, d)
	})
}

// The histories of the law reach every event there is about certificates.
func TestCertificateHistoriesReachEveryEvent(t *testing.T) {
	told := map[schemas.Type]int{}
	for seed := range uint64(20) {
		d, s := open(t)
		for typ, n := range newBackends(seed).history(t, d, s, 100) {
			told[typ] += n
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, typ := range schemas.ChangeTypes() {
		if len(typ) > 12 && typ[:12] == "certificate." && told[typ] == 0 {
			t.Errorf("no %s among %v", typ, told)
		}
	}
	t.Log(told)
}

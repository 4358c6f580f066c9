package diff

import (
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

const (
	// currentFor is how long after its last sighting a service or banner still
	// counts as current (design section 4).
	currentFor = 48 * time.Hour
	// clockSkew is how far ahead of our clock an evidence time may lie (P4).
	clockSkew = 24 * time.Hour
)

// record is one record of a snapshot with its times judged.
type record struct {
	port     *hostport.Port
	evidence time.Time // greatest readable time; zero: none (P4)
	scan     time.Time // tells scans apart: lastScan, else the evidence time
}

// judge reads a record's status and times. A time later than our clock + 24 h is
// malformed and counts as absent (P4), and so does a status that would read as our
// own word vanished; it is reported and the record is copied without it. An entry
// of a history that ends before it begins has no beginning to be believed.
func judge(p *hostport.Port, now time.Time) (record, []hostport.Malformed) {
	horizon := now.Add(clockSkew)
	var lost []hostport.Malformed
	lose := func(field, text string) {
		lost = append(lost, hostport.Malformed{Field: field, Record: p.PortKey.String(), Digest: digest(text), Length: len(text)})
	}
	drop := func(field string, t *time.Time) {
		if t.After(horizon) {
			lose(field, t.UTC().Format(time.RFC3339Nano))
			*t = time.Time{}
		}
	}
	c := *p
	c.Status = hostport.ParseStatus(clean(string(p.Status)))
	if strings.EqualFold(string(c.Status), string(hostport.Vanished)) {
		lose("status", string(c.Status))
		c.Status = ""
	}
	drop("lastScanDateTime", &c.LastScan)
	drop("lastSeenDateTime", &c.LastSeen)
	drop("firstSeenDateTime", &c.FirstSeen)
	c.Banners = slices.Clone(p.Banners)
	for i := range c.Banners {
		drop("banners.lastSeenDateTime", &c.Banners[i].LastSeen)
		drop("banners.firstSeenDateTime", &c.Banners[i].FirstSeen)
		c.Banners[i].FirstSeen = beginning(c.Banners[i].FirstSeen, c.Banners[i].LastSeen)
	}
	c.Services = slices.Clone(p.Services)
	for i := range c.Services {
		drop("services.lastSeenDateTime", &c.Services[i].LastSeen)
		drop("services.firstSeenDateTime", &c.Services[i].FirstSeen)
		c.Services[i].FirstSeen = beginning(c.Services[i].FirstSeen, c.Services[i].LastSeen)
	}
	r := record{port: &c, evidence: later(c.LastScan, c.LastSeen)}
	for i := range c.Banners {
		r.evidence = later(r.evidence, c.Banners[i].LastSeen)
	}
	for i := range c.Services {
		r.evidence = later(r.evidence, c.Services[i].LastSeen)
	}
	if r.scan = c.LastScan; r.scan.IsZero() {
		r.scan = r.evidence
	}
	return r, lost
}

// beginning is when something was first seen, unknown where that lies after its end.
func beginning(first, last time.Time) time.Time {
	if !last.IsZero() && first.After(last) {
		return time.Time{}
	}
	return first
}

// relation is how a record's evidence stands to what is held.
type relation int

const (
	newer relation = iota
	equal
	older
	unreadable // the record has no readable time
)

func relate(held, got time.Time) relation {
	switch {
	case got.IsZero():
		return unreadable
	case got.After(held):
		return newer
	case got.Equal(held):
		return equal
	}
	return older
}

// mayChange says whether a record may replace what was told, not only add to it (P4).
func (r relation) mayChange() bool { return r == newer || r == unreadable }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// earlier is the smaller of two times of which either may be unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// supersedes says whether something first seen then came after something last
// seen then; unknown times supersede nothing.
func supersedes(firstSeen, lastSeen time.Time) bool {
	return !firstSeen.IsZero() && !lastSeen.IsZero() && firstSeen.After(lastSeen)
}

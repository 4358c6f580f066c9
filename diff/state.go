package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
)

// State is what is held of one host. It is plain data; slices and the values
// behind pointers are never changed in place, so copies may share them.
type State struct {
	Host     hostport.Host
	Epoch    int64 // 0: no baseline yet
	Revision int
	Seq      uint64 // of the last change told in this epoch
	Baseline Baseline
	Former   *Former // what was known before, where there is no baseline now
	Exposed  bool

	// Restored says that this state was put back from what was published, which
	// may be older than what was seen: until the next complete look, which raises
	// the evidence times, no loss is confirmed (design section 4).
	Restored bool

	LookedAt    time.Time // the last look that brought an answer
	Evidence    time.Time // greatest evidence time of any record accepted so far
	ProvenAt    time.Time // the last look that brought a complete list, or a 404
	Unknown     UnknownState
	Blind       *BlindNote           // what host.blind told; nil once sighted
	Unreachable *UnreachableNote     // what host.unreachable told; nil once recovered
	Noted       map[string]NoteState // by rule or malformed field: when it was last told
	Suppressed  map[Rule]Suppression // what was seen and not told since the host is watched
	Witnesses   []Witness            // snapshots from which a port was first absent
	Ports       map[hostport.PortKey]*PortState

	Groups []Group            // told: many ports that answer alike, by protocol and fingerprint
	Alike  []GroupState       // what is held of them, in the same order
	Quiet  map[string][]Range // by protocol: ports that left a group without being open
}

// Baseline is what the first conclusive answer was.
type Baseline string

const (
	NoBaseline       Baseline = ""
	BaselineComplete Baseline = "complete"
	BaselineEmpty    Baseline = "empty"
	BaselineUnknown  Baseline = "unknown"
)

// Former is what remains of a host whose state is gone: its next baseline is of a
// greater epoch, for this reason.
type Former struct {
	Epoch  int64
	Reason string // a reason of baseline.completed
}

// AddedAgain is the reason of a baseline of a host that was taken out of the watch
// list and is in it again.
const AddedAgain = "added_again"

// UnknownState counts the independent 404 answers of a host that had ports.
type UnknownState struct {
	Answers int
	Since   time.Time
	Last    time.Time // the last one that counted
	Told    bool
}

// NoteState keeps a kind of note to one a day.
type NoteState struct {
	Day     int64    // days since the Unix epoch
	Pending int      // occurrences since the last note
	Digests []string // of new values among them, the first limits.NotedDigests
}

// Suppression counts what one rule held back. No rule of evidence reads it: it is
// there to be asked for (P10).
type Suppression struct {
	Count int
	Last  time.Time // our clock
	Facet Facet     // of the last one
}

// Witness is a complete snapshot from which some port was absent: when it was
// taken, and how old the evidence was for each port it did hold.
type Witness struct {
	At       time.Time
	Evidence map[hostport.PortKey]time.Time
}

// PortState is what is held of one port.
type PortState struct {
	ID   string
	Told *Port // nil while no status could be read

	Evidence    time.Time // greatest evidence time accepted (P4)
	Agreed      time.Time // evidence of the newest record whose status was the one told
	Scan        time.Time // the newest distinct scan accepted
	Services    map[string]SeenService
	Banners     map[string]SeenBanners // by protocol
	Certificate SeenCertificate

	Flaps     map[FlapKey]Flap // of what moved in one of the last scans
	Absence   *Absence
	Lost      Lost // the event by which told left open, or vanished
	WasOpen   bool // told open at least once
	Unread    bool // listed at least once without a readable status, never told
	Retracted bool // a vanish was taken back: the next one needs VanishAfter
	Doubt     Doubt
	Stale     bool // told stale, or so at the baseline, and not scanned since
}

// SeenService remembers the told versions of a service, and those that left it
// unseen while their dates still make them current.
type SeenService struct {
	Versions map[string]SeenVersion
	Loss     Loss
}

// SeenVersion is when a version was last seen, and how many distinct scans
// have passed since.
type SeenVersion struct {
	LastSeen time.Time
	Unseen   int
}

// SeenBanners remembers the forms of one protocol: those told and those told before.
type SeenBanners struct {
	Kept    []SeenForm // at most ToldForms; newest first
	Waiting int        // distinct scans for which told has differed from what is current
	Told    banner.Class
	RawHash [8]byte // of the newest raw text, to count volatile noise
}

// SeenForm is a form with the span over which it was observed.
type SeenForm struct {
	Form      banner.Form
	Long      bool // Form.Text is a part of the text only
	FirstSeen time.Time
	LastSeen  time.Time
	Unseen    int // distinct scans since LastSeen moved
}

// SeenCertificate is what is known beyond the told certificate.
type SeenCertificate struct {
	ID      string    // the source's id of the told certificate
	Early   time.Time // our clock: it was told then, before its term began, and its timer not yet; zero: no such thing
	Pending string    // id of one seen with newer evidence that could not be read yet
	// PendingSince is the evidence of the newest record before the first that
	// showed an unread one; zero: unknown.
	PendingSince time.Time
	Loss         Loss
	Others       []OtherCertificate // of the known set but the told one; newest first, at most limits.KnownCertificates
	Set          CertificateSet
	Run          CertificateRun // while Set is one
}

// Loss is a facet that was absent from one record and is told lost by a second
// one of another scan. The zero Loss is none.
type Loss struct {
	Scan  time.Time // of the first record without it; zero if unreadable
	Since time.Time // our clock at that record
	Shown time.Time // evidence of the newest record before it; zero: unknown
}

func (l Loss) pending() bool { return !l.Since.IsZero() }

// Absence is a port missing from complete snapshots.
type Absence struct {
	Witness  time.Time // At of the first snapshot without it that counts
	Agreeing int       // independent snapshots without it
	Held     bool      // one of many of the shard: one more snapshot decides
	Asked    bool      // a point read could not tell: snapshots alone decide
}

// Lost is the event by which a port left: where it went and what retracts it.
type Lost struct {
	NotAfter time.Time // of the event that left open; zero if unknown
	At       time.Time // when that was told
	Vanished time.Time // when port.vanished was told; the record is kept RetainGone from then
	Listed   time.Time // when a record of it came since: what the source still lists is kept
	// EventID is the id of the port.vanished event, written back by the caller
	// of Step once the event is encoded; "" where the port did not vanish or the
	// vanish has been retracted.
	EventID string
}

// Doubt is a loss stated without any readable evidence time (P4).
type Doubt struct {
	Status hostport.Status
	Since  time.Time
}

// clone copies what Step may change; leaves are shared.
func (s State) clone() State {
	s.Noted = maps.Clone(s.Noted)
	if s.Noted == nil {
		s.Noted = map[string]NoteState{}
	}
	s.Suppressed = maps.Clone(s.Suppressed)
	s.Witnesses = slices.Clone(s.Witnesses)
	ports := make(map[hostport.PortKey]*PortState, len(s.Ports))
	for k, p := range s.Ports {
		c := *p
		c.Services = maps.Clone(p.Services)
		c.Banners = maps.Clone(p.Banners)
		c.Flaps = maps.Clone(p.Flaps)
		if p.Absence != nil {
			a := *p.Absence
			c.Absence = &a
		}
		ports[k] = &c
	}
	s.Ports = ports
	return s
}

package diff

import (
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// NoteType names a lifecycle event about a host.
type NoteType string

const (
	BaselineCompleted  NoteType = "baseline.completed"
	SnapshotIncomplete NoteType = "snapshot.incomplete"
	RecordMalformed    NoteType = "record.malformed"
	HostUnknown        NoteType = "host.unknown"
	HostKnown          NoteType = "host.known"
	HostUnreachable    NoteType = "host.unreachable"
	HostRecovered      NoteType = "host.recovered"
	PortStale          NoteType = "port.stale"
	PortRefreshed      NoteType = "port.refreshed"
	HostBlind          NoteType = "host.blind"
	HostSighted        NoteType = "host.sighted"
	ChangeSuppressed   NoteType = "change.suppressed"
	MassLossHeld       NoteType = "mass_loss.held"
	MassLossConfirmed  NoteType = "mass_loss.confirmed"
	MassLossLapsed     NoteType = "mass_loss.lapsed"
)

// Note is one lifecycle event about the host.
type Note struct {
	Type    NoteType
	Key     *hostport.PortKey // set where the note is about one port
	Reasons []string
	Details any // one of the ...Note types
}

// BaselineNote counts what the baseline holds.
type BaselineNote struct {
	Answer                                     Baseline
	Open, Closed, Filtered, Other              int
	Services, Banners, Certificates, Malformed int
	Expired, Expiring, NotYetValid             int // certificates of open ports, by the word they start with
	Stale                                      int // ports that are so already: not told one by one
}

// IncompleteNote says why a snapshot proves no absence.
type IncompleteNote struct {
	Proof  hostport.Proof
	Paging hostport.Paging
}

// MalformedNote is a field or record that was lost.
type MalformedNote struct{ Malformed hostport.Malformed }

// UnknownNote belongs to host.unknown and host.known: the answers of "unknown
// host" since then.
type UnknownNote struct {
	Answers int
	Since   time.Time
}

// UnreachableNote belongs to host.unreachable and host.recovered.
type UnreachableNote struct {
	Failures int
	Since    time.Time
	Class    hostport.Class
}

// StaleNote belongs to port.stale and .refreshed: the evidence of the port before.
type StaleNote struct{ Since time.Time }

// BlindNote belongs to host.blind and .sighted: since when nothing is seen of the
// host, and why, a word of the list of reasons.
type BlindNote struct {
	Since  time.Time
	Reason string
}

// Rule names why something seen was not told.
type Rule string

const (
	RuleBound         Rule = "bound"          // larger than a bound of told
	RuleOlderEvidence Rule = "older_evidence" // P4: the record is older than what is held
	RuleEqualEvidence Rule = "equal_evidence" // P4: another value from no newer evidence
	RuleNoEvidence    Rule = "no_evidence"    // P4: a loss without any readable time
	RuleReturning     Rule = "returning"      // a banner form known before waits to settle
	RuleAbsent        Rule = "absent_once"    // absence that is not confirmed yet
	RulePresent       Rule = "absence_denied" // absent from the list, yet the point read found it
	RuleLossPending   Rule = "loss_pending"   // a service or certificate not seen in one scan
	RuleAlternating   Rule = "alternating"    // a certificate of a set that is told to alternate
	RuleUnstable      Rule = "unstable"       // a certificate of a flood that is told as one
	RuleFlap          Rule = "flap"           // a facet that flaps moved to a value told before
	RuleFlood         Rule = "flood"          // a facet that flaps moved to one of ever new values
	RuleMassLoss      Rule = "mass_loss"      // a port that would vanish among many of its shard
	RuleTarpit        Rule = "tarpit"         // a port that left a group of ports without being open
	RuleVolatile      Rule = "volatile"       // other bytes, the same canonical form (P3)
)

// SuppressedNote belongs to change.suppressed: at most one a host, rule and UTC
// day. Count is how many there were since the last such note.
type SuppressedNote struct {
	Rule   Rule
	Count  int
	Facet  Facet
	Digest string // of the value that exceeded a bound, else ""
	// Digests name the new values of a flood, the first since the last such note.
	Digests []string
}

// Rules lists every rule.
func Rules() []Rule {
	return []Rule{RuleBound, RuleOlderEvidence, RuleEqualEvidence, RuleNoEvidence, RuleReturning, RuleAbsent, RulePresent, RuleLossPending, RuleAlternating, RuleUnstable, RuleFlap, RuleFlood, RuleMassLoss, RuleTarpit, RuleVolatile}
}

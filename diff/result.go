package diff

import (
	"time"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// Policy is what a person may set about the rules of evidence.
type Policy struct {
	VanishAfter time.Duration // how far apart two snapshots are independent where nothing was rescanned
	RetainGone  time.Duration // how long a vanished port is remembered
	// Normalize makes the canonical form of a banner, nil for banner.Normalize. It
	// must give the same form for the same arguments always (P7): a memo, or the
	// same with further rules for products.
	Normalize func(text, scanProtocol string, port int) banner.Form
}

// DefaultPolicy is the one the rules were chosen with.
func DefaultPolicy() Policy {
	return Policy{VanishAfter: 72 * time.Hour, RetainGone: 90 * 24 * time.Hour}
}

func (p Policy) normalize(text, scanProtocol string, port int) banner.Form {
	if p.Normalize == nil {
		return banner.Normalize(text, scanProtocol, port)
	}
	return p.Normalize(text, scanProtocol, port)
}

// Result is what a step decided. If Asks is not empty nothing was decided yet:
// State is the one given, and Step is to be called again with the answers.
type Result struct {
	State   State
	Changes []Change
	Notes   []Note
	Asks    []hostport.Ask
	// Told lists the ports whose public record has to be written, by key, and
	// Gone those whose record is to be deleted.
	Told []ToldPort
	Gone []hostport.PortKey
	// HostTold says that the host's own record has to be written, with HostOp.
	HostTold bool
	HostOp   Op
	// HostGone says that the host's own record is to be deleted.
	HostGone bool
	// Shard is the shard after the step, and ShardNotes what is told of it: of StepIn.
	Shard      Shard
	ShardNotes []ShardNote
	// Suppressed counts what was seen and not told, by rule.
	Suppressed map[Rule]int
	// Bounds counts what a bound of told kept back, by bound; all of it stands
	// under RuleBound in Suppressed as well.
	Bounds map[*limits.Limit]int
}

// Op says why a public record is written.
type Op string

const (
	OpBaseline Op = "r"
	OpCreated  Op = "c" // told for the first time since the baseline
	OpUpdated  Op = "u"
)

// ToldPort is a port whose told layer moved in the step.
type ToldPort struct {
	Key hostport.PortKey
	Op  Op
}

// Type names a change event.
type Type string

// The change events, in the order of the design's table.
const (
	PortOpened        Type = "port.opened"
	PortDiscovered    Type = "port.discovered"
	PortReopened      Type = "port.reopened"
	PortClosed        Type = "port.closed"
	PortFiltered      Type = "port.filtered"
	PortStatusChanged Type = "port.status_changed"
	PortVanished      Type = "port.vanished"

	ServiceAdded          Type = "service.added"
	ServiceRemoved        Type = "service.removed"
	ServiceVersionChanged Type = "service.version_changed"
	BannerAdded           Type = "banner.added"
	BannerChanged         Type = "banner.changed"
	CertificateAdded      Type = "certificate.added"
	CertificateRemoved    Type = "certificate.removed"
	CertificateRenewed    Type = "certificate.renewed"
	CertificateReplaced   Type = "certificate.replaced"

	FlapStarted            Type = "flap.started"
	FlapEnded              Type = "flap.ended"
	CertificateRolledBack  Type = "certificate.rolled_back"
	CertificateAlternating Type = "certificate.alternating"
	CertificateSettled     Type = "certificate.settled"
	CertificateUnstable    Type = "certificate.unstable"
	CertificateExpiring    Type = "certificate.expiring"
	CertificateExpired     Type = "certificate.expired"
	CertificateNotYetValid Type = "certificate.not_yet_valid"
	HostTarpitSuspected    Type = "host.tarpit_suspected"
	HostTarpitChanged      Type = "host.tarpit_changed"
	HostTarpitCleared      Type = "host.tarpit_cleared"

	HostExposed   Type = "host.exposed"
	HostUnexposed Type = "host.unexposed"
)

// Reason is a word of the closed list that schemas explains to readers.
type Reason string

const (
	NewPort              Reason = "new_port"
	SourceStatement      Reason = "source_statement"
	AbsentTwice          Reason = "absent_twice"
	NeverToldOpen        Reason = "never_told_open"
	StatusReadable       Reason = "status_readable"
	Retracted            Reason = "retracted"
	ServiceSeen          Reason = "service_seen"
	ServiceGone          Reason = "service_gone"
	VersionUp            Reason = "version_up"
	VersionDown          Reason = "version_down"
	VersionChanged       Reason = "version_changed"
	VersionKnown         Reason = "version_known"
	Settled              Reason = "settled"
	NewProtocol          Reason = "new_protocol"
	NewForm              Reason = "new_form"
	Returned             Reason = "returned"
	SecurityFact         Reason = "security_fact"
	RoutingFact          Reason = "routing_fact"
	AuthRemoved          Reason = "auth_removed"
	CapabilityLost       Reason = "capability_lost"
	ProtectionLost       Reason = "protection_lost"
	RedirectHost         Reason = "redirect_host"
	ProductChanged       Reason = "product_changed"
	TLSAdded             Reason = "tls_added"
	TLSRemoved           Reason = "tls_removed"
	SameIdentity         Reason = "same_identity"
	IdentityChanged      Reason = "identity_changed"
	OlderCertificate     Reason = "older_certificate"
	MemberReturned       Reason = "member_returned"
	ManyCertificates     Reason = "many_certificates"
	ExpiresIn30Days      Reason = "expires_in_30_days"
	ExpiresIn14Days      Reason = "expires_in_14_days"
	ExpiresIn7Days       Reason = "expires_in_7_days"
	ExpiresIn1Day        Reason = "expires_in_1_day"
	CertificateIsExpired Reason = "expired"
	TermNotBegun         Reason = "not_yet_valid"
	Unsteady             Reason = "alternating"
	Steady               Reason = "steady"
	LeftGroup            Reason = "left_group"
	ManyAlike            Reason = "many_alike"
	FewAlike             Reason = "few_alike"
	FirstOpenPort        Reason = "first_open_port"
	LastOpenPort         Reason = "last_open_port"
	AbsentOnce           Reason = "absent_once"
)

// Facet is a part of a port or host that a change moves.
type Facet string

const (
	FacetStatus      Facet = "status"
	FacetServices    Facet = "services"
	FacetBanners     Facet = "banners"
	FacetCertificate Facet = "certificate"
	FacetFlapping    Facet = "flapping"
	FacetGroups      Facet = "groups"
	FacetExposed     Facet = "exposed"
)

// Basis is what kind of evidence decided.
type Basis string

const (
	Statement Basis = "statement" // the source's own words, gains, changed values
	Rescan    Basis = "rescan"    // a loss that independent evidence agrees on
	Elapsed   Basis = "elapsed"   // time alone
)

// Change is one move of told: one change event.
type Change struct {
	Type   Type
	Seq    uint64
	Key    hostport.PortKey // zero for host.*
	PortID string

	// Before and After are nil or one of: Port (a whole port), Status, Service,
	// BannerSet, Certificate, Flapping, Groups, Exposed.
	Before, After any
	Changed       []Facet
	Details       any // one of the ...Details types, or nil
	Reasons       []Reason
	Tentative     bool
	Basis         Basis
	Agreeing      int       // independent pieces of evidence
	NotBefore     time.Time // zero: not known
	NotAfter      time.Time
	// Told is the port as told right after this change.
	Told *Port
	// Cause is the index in Result.Changes of the change that caused this one, or -1.
	Cause int
}

// Status and Exposed are the values of changes that move one word alone.
type (
	Status  struct{ Status hostport.Status }
	Exposed struct{ Exposed bool }
)

// Flapping is the facets of a port that flap.
type Flapping struct{ Facets []Facet }

// Groups is all groups of the host.
type Groups struct{ Groups []Group }

// StatusDetails belongs to the moves between status words. Retracts is the id of
// a vanish that this disproves, or "".
type StatusDetails struct {
	From, To hostport.Status
	Retracts string
}

// ReopenedDetails belongs to port.reopened. GoneFor is nil for a port that was
// never told open.
type ReopenedDetails struct {
	Retracts string
	GoneFor  *time.Duration
}

// VersionDetails belongs to service.version_changed; From is "" where no version
// had been told.
type VersionDetails struct {
	From, To  string
	Direction Direction
}

// BannerDetails belongs to banner.added and banner.changed. Omitted counts the
// facts that did not fit.
type BannerDetails struct {
	Facts   []banner.FactChange
	Omitted int
}

// CertificateDetails belongs to certificate.renewed, .replaced and .rolled_back.
// Fields are those of its identity that differ; DaysLeft is what the certificate
// told before still had to live, negative once expired, nil where its end is not
// known.
type CertificateDetails struct {
	Fields   []string
	DaysLeft *int
	Facts    []string
}

// AddedDetails belongs to certificate.added.
type AddedDetails struct{ Facts []string }

// SetDetails belongs to certificate.alternating, .settled and .unstable: the
// certificates of the known set, the told one among them.
type SetDetails struct {
	Members []string
	Count   int
	Facts   []string
}

// TimerDetails belongs to the timers: days before the certificate's end, or, of
// one that is not valid yet, before its term begins.
type TimerDetails struct{ Days int }

// FlapDetails belongs to flap.started and .ended.
type FlapDetails struct{ Transitions, Scans int }

// ExposedDetails belongs to host.exposed and .unexposed.
type ExposedDetails struct{ OpenPorts int }

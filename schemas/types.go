package schemas

import (
	"slices"
	"strings"
)

// Type names an event, as it stands in the event's `type`. The CloudEvents type
// is "portdelta.<Type>.v1".
type Type string

// The change events, in the order in which one step tells them: within a port
// status, services, banners, certificate; then the host.
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

	CertificateRolledBack  Type = "certificate.rolled_back"
	CertificateAlternating Type = "certificate.alternating"
	CertificateSettled     Type = "certificate.settled"
	CertificateUnstable    Type = "certificate.unstable"
	CertificateExpiring    Type = "certificate.expiring"
	CertificateExpired     Type = "certificate.expired"
	CertificateNotYetValid Type = "certificate.not_yet_valid"

	FlapStarted Type = "flap.started"
	FlapEnded   Type = "flap.ended"

	HostTarpitSuspected Type = "host.tarpit_suspected"
	HostTarpitChanged   Type = "host.tarpit_changed"
	HostTarpitCleared   Type = "host.tarpit_cleared"

	HostExposed   Type = "host.exposed"
	HostUnexposed Type = "host.unexposed"
)

// The lifecycle events: what readers have to know about the watching itself.
const (
	BaselineCompleted  Type = "baseline.completed"
	SnapshotIncomplete Type = "snapshot.incomplete"
	RecordMalformed    Type = "record.malformed"
	PortStale          Type = "port.stale"
	PortRefreshed      Type = "port.refreshed"
	HostUnknown        Type = "host.unknown"
	HostKnown          Type = "host.known"
	HostUnreachable    Type = "host.unreachable"
	HostRecovered      Type = "host.recovered"
	HostBlind          Type = "host.blind"
	HostSighted        Type = "host.sighted"
	ChangeSuppressed   Type = "change.suppressed"
	PolicyChanged      Type = "policy.changed"
	MassLossHeld       Type = "mass_loss.held"
	MassLossConfirmed  Type = "mass_loss.confirmed"
	MassLossLapsed     Type = "mass_loss.lapsed"
	ScopeChanged       Type = "scope.changed"
	SourceDegraded     Type = "source.degraded"
	SourceRecovered    Type = "source.recovered"
	WatchSuspended     Type = "watch.suspended"
	WatchResumed       Type = "watch.resumed"
	StateRestored      Type = "state.restored"
	StateReset         Type = "state.reset"
	ShardCheckpoint    Type = "shard.checkpoint"
	Heartbeat          Type = "heartbeat"
)

var changeTypes = []Type{
	PortOpened, PortDiscovered, PortReopened, PortClosed, PortFiltered, PortStatusChanged, PortVanished,
	ServiceAdded, ServiceRemoved, ServiceVersionChanged, BannerAdded, BannerChanged,
	CertificateAdded, CertificateRemoved, CertificateRenewed, CertificateReplaced, CertificateRolledBack,
	CertificateAlternating, CertificateSettled, CertificateUnstable, CertificateExpiring, CertificateExpired, CertificateNotYetValid,
	FlapStarted, FlapEnded,
	HostTarpitSuspected, HostTarpitChanged, HostTarpitCleared, HostExposed, HostUnexposed,
}

var lifecycleTypes = []Type{
	BaselineCompleted, SnapshotIncomplete, RecordMalformed, PortStale, PortRefreshed,
	HostUnknown, HostKnown, HostUnreachable, HostRecovered, HostBlind, HostSighted,
	ChangeSuppressed, PolicyChanged, MassLossHeld, MassLossConfirmed, MassLossLapsed, ScopeChanged,
	SourceDegraded, SourceRecovered, WatchSuspended, WatchResumed, StateRestored, StateReset, ShardCheckpoint, Heartbeat,
}

// ChangeTypes lists every type of the changes topic, in the order of a step.
func ChangeTypes() []Type { return slices.Clone(changeTypes) }

// LifecycleTypes lists every type of the lifecycle topic.
func LifecycleTypes() []Type { return slices.Clone(lifecycleTypes) }

// ofHost says whether a change event is about a host as a whole: its port is null.
func (t Type) ofHost() bool { return strings.HasPrefix(string(t), "host.") }

// ofProcess says whether a lifecycle event is about the process: its host is null.
func (t Type) ofProcess() bool {
	switch t {
	case ScopeChanged, SourceDegraded, SourceRecovered, WatchSuspended, WatchResumed, Heartbeat:
		return true
	}
	return false
}

// ofShard says whether a lifecycle event is about one shard: its host is null.
func (t Type) ofShard() bool {
	switch t {
	case MassLossHeld, MassLossConfirmed, MassLossLapsed, StateRestored, StateReset, ShardCheckpoint:
		return true
	}
	return false
}

// ofPort says which ports a lifecycle event may name: none, or must: its own.
func (t Type) ofPort() (may, must bool) {
	must = t == PortStale || t == PortRefreshed
	return must || t == RecordMalformed, must
}

// cloudType is the CloudEvents type.
func (t Type) cloudType() string { return "portdelta." + string(t) + ".v1" }

// The facets a change event may name in `changed`, in the order they stand there.
const (
	FacetStatus      = "status"
	FacetServices    = "services"
	FacetBanners     = "banners"
	FacetCertificate = "certificate"
	FacetFlapping    = "flapping"
	FacetGroups      = "groups"
	FacetExposed     = "exposed"
)

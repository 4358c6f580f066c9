package schemas

import (
	"fmt"
	"slices"
)

// Severity is how much an event matters to whoever defends the host. Severities
// compare with <.
type Severity int

const (
	Info Severity = iota
	Low
	Medium
	High
	Critical // no event of this version; the scale of readers' own rules ends here
)

var severityWords = []string{"info", "low", "medium", "high", "critical"}

// ParseSeverity reads the word of a severity, in lower case.
func ParseSeverity(s string) (Severity, error) {
	if i := slices.Index(severityWords, s); i >= 0 {
		return Severity(i), nil
	}
	return 0, fmt.Errorf("%.40q is no severity: use info, low, medium, high or critical", s)
}

// String is the word that stands in an event.
func (s Severity) String() string {
	if s < Info || s > Critical {
		return fmt.Sprintf("severity %d", int(s))
	}
	return severityWords[s]
}

// MarshalText refuses what is outside the scale.
func (s Severity) MarshalText() ([]byte, error) {
	if s < Info || s > Critical {
		return nil, fmt.Errorf("%d is no severity", int(s))
	}
	return []byte(severityWords[s]), nil
}

// UnmarshalText reads the word.
func (s *Severity) UnmarshalText(text []byte) error {
	v, err := ParseSeverity(string(text))
	*s = v
	return err
}

// sensitivePorts are those whose opening is of severity high: remote control,
// file sharing, databases and container control that nobody means to expose.
var sensitivePorts = []int{23, 445, 1433, 2375, 3306, 3389, 5432, 5900, 6379, 9200, 27017}

// SeverityOf is the severity of an event: a pure function of what the event
// says, so that a reader can check it. port is nil where the event has none.
func SeverityOf(t Type, port *PortRef, reasons []Reason) Severity {
	has := func(r ...Reason) bool {
		return slices.ContainsFunc(reasons, func(x Reason) bool { return slices.Contains(r, x) })
	}
	switch t {
	case HostExposed, CertificateReplaced, CertificateExpired, WatchSuspended, StateReset:
		return High
	case PortOpened, PortReopened:
		if port != nil && slices.Contains(sensitivePorts, port.Number) {
			return High
		}
		return Medium
	case CertificateExpiring:
		switch {
		case has(ReasonExpiresIn7Days, ReasonExpiresIn1Day):
			return High
		case has(ReasonExpiresIn14Days):
			return Medium
		}
		return Low
	case BannerChanged:
		switch {
		case has(ReasonSecurityFact):
			return High
		case has(ReasonRoutingFact):
			return Medium
		}
		return Low
	case ServiceVersionChanged:
		switch {
		case has(ReasonVersionKnown):
			return Info // learning a version is no change of the host
		case has(ReasonVersionDown):
			return Medium
		}
		return Low
	case SourceDegraded:
		if has(ReasonUnauthorized, ReasonForbidden, ReasonMisconfigured) {
			return High // only a person can mend it
		}
		return Medium
	case CertificateRemoved, CertificateRolledBack, CertificateUnstable, CertificateNotYetValid, HostBlind, HostUnreachable,
		FlapStarted, FlapEnded, HostTarpitSuspected, HostTarpitChanged, HostTarpitCleared, MassLossHeld:
		return Medium
	case PortFiltered, PortStatusChanged, PortDiscovered, ServiceAdded, ServiceRemoved, CertificateAdded,
		HostUnknown, SnapshotIncomplete, RecordMalformed:
		return Low
	}
	return Info
}

package schemas

import (
	"encoding/json"
	"testing"
)

func TestSeverityTable(t *testing.T) {
	for _, c := range []struct {
		typ     Type
		number  int
		reasons []Reason
		want    Severity
	}{
		{HostExposed, 0, nil, High}, {HostUnexposed, 0, nil, Info},
		{PortOpened, 80, nil, Medium}, {PortReopened, 80, nil, Medium}, {PortDiscovered, 23, nil, Low},
		{PortOpened, 23, nil, High}, {PortOpened, 445, nil, High}, {PortOpened, 1433, nil, High}, {PortOpened, 2375, nil, High},
		{PortOpened, 3306, nil, High}, {PortOpened, 3389, nil, High}, {PortOpened, 5432, nil, High}, {PortOpened, 5900, nil, High},
		{PortOpened, 6379, nil, High}, {PortReopened, 9200, nil, High}, {PortReopened, 27017, nil, High},
		{PortClosed, 23, nil, Info}, {PortVanished, 23, nil, Info}, {PortFiltered, 23, nil, Low}, {PortStatusChanged, 23, nil, Low},
		{ServiceAdded, 23, nil, Low}, {ServiceRemoved, 23, nil, Low},
		{ServiceVersionChanged, 80, []Reason{ReasonVersionUp}, Low}, {ServiceVersionChanged, 80, []Reason{ReasonVersionChanged}, Low},
		{ServiceVersionChanged, 80, []Reason{ReasonVersionDown}, Medium}, {ServiceVersionChanged, 80, []Reason{ReasonSettled, ReasonVersionDown}, Medium},
		{ServiceVersionChanged, 80, []Reason{ReasonVersionKnown}, Info},
		{BannerAdded, 80, nil, Info}, {BannerChanged, 80, []Reason{ReasonNewForm}, Low},
		{BannerChanged, 80, []Reason{ReasonNewForm, ReasonRoutingFact}, Medium}, {BannerChanged, 80, []Reason{ReasonNewForm, ReasonSecurityFact, ReasonRoutingFact}, High},
		{CertificateAdded, 443, nil, Low}, {CertificateRemoved, 443, nil, Medium}, {CertificateRenewed, 443, nil, Info}, {CertificateReplaced, 443, nil, High},
		{SourceDegraded, 0, []Reason{ReasonUnauthorized}, High}, {SourceDegraded, 0, []Reason{ReasonForbidden}, High}, {SourceDegraded, 0, []Reason{ReasonMisconfigured}, High},
		{SourceDegraded, 0, []Reason{ReasonThrottled}, Medium}, {SourceDegraded, 0, []Reason{ReasonUnavailable}, Medium}, {SourceDegraded, 0, []Reason{ReasonMalformed}, Medium},
		{WatchSuspended, 0, nil, High}, {HostUnreachable, 0, nil, Medium}, {HostUnknown, 0, nil, Low}, {SnapshotIncomplete, 0, nil, Low}, {RecordMalformed, 443, nil, Low},
		{BaselineCompleted, 0, nil, Info}, {HostKnown, 0, nil, Info}, {HostRecovered, 0, nil, Info}, {SourceRecovered, 0, nil, Info},
		{WatchResumed, 0, nil, Info}, {ChangeSuppressed, 0, nil, Info}, {StateReset, 0, nil, High}, {StateRestored, 0, nil, Info}, {ShardCheckpoint, 0, nil, Info}, {Heartbeat, 0, nil, Info},
	} {
		var port *PortRef
		if c.number != 0 {
			port = &PortRef{Protocol: "tcp", Number: c.number}
		}
		if got := SeverityOf(c.typ, port, c.reasons); got != c.want {
			t.Errorf("%s on %d, %v: %v, expected %v", c.typ, c.number, c.reasons, got, c.want)
		}
	}
}

func TestSeverityWords(t *testing.T) {
	for i, word := range []string{"info", "low", "medium", "high", "critical"} {
		s, err := ParseSeverity(word)
		if err != nil || s != Severity(i) || s.String() != word {
			t.Errorf("%s: %v (%v)", word, s, err)
		}
	}
	for _, bad := range []string{"", "High", "warning"} {
		if _, err := ParseSeverity(bad); err == nil {
			t.Errorf("%q was read as a severity", bad)
		}
	}
	if _, err := json.Marshal(Critical + 1); err == nil {
		t.Error("a severity outside the scale was encoded")
	}
}

func TestReasons(t *testing.T) {
	seen := map[Reason]bool{}
	for _, r := range Reasons() {
		if s := r.Sentence(); seen[r] || len(s) < 10 || s[len(s)-1] != '.' {
			t.Errorf("%s: %q", r, s)
		}
		seen[r] = true
	}
	if Reason("other").Sentence() != "" {
		t.Error("a word outside the list has a sentence")
	}
}

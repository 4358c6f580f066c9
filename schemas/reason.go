package schemas

import (
	"fmt"
	"slices"
)

// Reason is a word that says why an event was told. The list is closed.
type Reason string

// Reasons of change events.
const (
	ReasonNewPort          Reason = "new_port"
	ReasonSourceStatement  Reason = "source_statement"
	ReasonAbsentTwice      Reason = "absent_twice"
	ReasonNeverToldOpen    Reason = "never_told_open"
	ReasonStatusReadable   Reason = "status_readable"
	ReasonRetracted        Reason = "retracted"
	ReasonServiceSeen      Reason = "service_seen"
	ReasonServiceGone      Reason = "service_gone"
	ReasonVersionUp        Reason = "version_up"
	ReasonVersionDown      Reason = "version_down"
	ReasonVersionChanged   Reason = "version_changed"
	ReasonVersionKnown     Reason = "version_known"
	ReasonSettled          Reason = "settled"
	ReasonNewProtocol      Reason = "new_protocol"
	ReasonNewForm          Reason = "new_form"
	ReasonReturned         Reason = "returned"
	ReasonSecurityFact     Reason = "security_fact"
	ReasonRoutingFact      Reason = "routing_fact"
	ReasonAuthRemoved      Reason = "auth_removed"
	ReasonCapabilityLost   Reason = "capability_lost"
	ReasonProtectionLost   Reason = "protection_lost"
	ReasonRedirectHost     Reason = "redirect_host"
	ReasonProductChanged   Reason = "product_changed"
	ReasonTLSAdded         Reason = "tls_added"
	ReasonTLSRemoved       Reason = "tls_removed"
	ReasonSameIdentity     Reason = "same_identity"
	ReasonIdentityChanged  Reason = "identity_changed"
	ReasonOlderCertificate Reason = "older_certificate"
	ReasonMemberReturned   Reason = "member_returned"
	ReasonManyCertificates Reason = "many_certificates"
	ReasonExpiresIn30Days  Reason = "expires_in_30_days"
	ReasonExpiresIn14Days  Reason = "expires_in_14_days"
	ReasonExpiresIn7Days   Reason = "expires_in_7_days"
	ReasonExpiresIn1Day    Reason = "expires_in_1_day"
	ReasonExpired          Reason = "expired"
	ReasonNotYetValid      Reason = "not_yet_valid"
	ReasonLeftGroup        Reason = "left_group"
	ReasonAlternating      Reason = "alternating"
	ReasonSteady           Reason = "steady"
	ReasonManyAlike        Reason = "many_alike"
	ReasonFewAlike         Reason = "few_alike"
	ReasonFirstOpenPort    Reason = "first_open_port"
	ReasonLastOpenPort     Reason = "last_open_port"
	ReasonAbsentOnce       Reason = "absent_once"
)

// Reasons of lifecycle events.
const (
	ReasonFirst              Reason = "first"
	ReasonAddedAgain         Reason = "added_again"
	ReasonRebaseline         Reason = "rebaseline"
	ReasonStateLost          Reason = "state_lost"
	ReasonThrottled          Reason = "throttled"
	ReasonUnauthorized       Reason = "unauthorized"
	ReasonForbidden          Reason = "forbidden"
	ReasonUnavailable        Reason = "unavailable"
	ReasonMisconfigured      Reason = "misconfigured"
	ReasonMalformed          Reason = "malformed"
	ReasonOutboxFull         Reason = "outbox_full"
	ReasonNotRescanned       Reason = "not_rescanned"
	ReasonNoCompleteSnapshot Reason = "no_complete_snapshot"
)

var reasons = []struct {
	word     Reason
	sentence string
}{
	{ReasonNewPort, "The source lists a port that was not told before."},
	{ReasonSourceStatement, "The source itself says so, from newer evidence."},
	{ReasonAbsentTwice, "Absent from two independent complete snapshots, and from the read of the port itself."},
	{ReasonNeverToldOpen, "The port was known, but is told open for the first time."},
	{ReasonStatusReadable, "The source listed the port before, but its status can be read only now."},
	{ReasonRetracted, "The source lists the port again without newer evidence: the port.vanished named in details.retracts was wrong."},
	{ReasonServiceSeen, "The source names a service that was not told before."},
	{ReasonServiceGone, "The service was absent from two scans of the port."},
	{ReasonVersionUp, "The newest version is greater than the one before."},
	{ReasonVersionDown, "The newest version is smaller than the one before."},
	{ReasonVersionChanged, "The versions differ and cannot be ordered."},
	{ReasonVersionKnown, "The service was known without a version; the host itself need not have changed."},
	{ReasonSettled, "One of several values that stood side by side has been unseen for 10 scans, of certificates also for 30 days; before and after are equal where told already had what remains."},
	{ReasonNewProtocol, "The port answers in a protocol that was not told before."},
	{ReasonNewForm, "The port gives an answer that none of its kept answers has the form of."},
	{ReasonReturned, "An answer that was known before has come back and is told."},
	{ReasonSecurityFact, "A fact about authentication or protection changed."},
	{ReasonRoutingFact, "A fact about where the service leads its clients changed."},
	{ReasonAuthRemoved, "The service asked for a login and lets everybody in now."},
	{ReasonCapabilityLost, "The service no longer offers TLS, or a way to log in, that it offered."},
	{ReasonProtectionLost, "A protective header, a flag of a cookie or the TLS of a redirect is gone."},
	{ReasonRedirectHost, "The service leads its clients to another host."},
	{ReasonProductChanged, "Another product answers."},
	{ReasonTLSAdded, "The port presents a certificate and presented none before."},
	{ReasonTLSRemoved, "The certificate was absent from two scans of the port."},
	{ReasonSameIdentity, "Another certificate with the same subject, names and issuer."},
	{ReasonIdentityChanged, "Another certificate whose subject, names or issuer differ."},
	{ReasonOlderCertificate, "A certificate whose term began before that of the one told, and that is not of the port's known set."},
	{ReasonMemberReturned, "A certificate that left within the last 30 days is back: the port's certificates take turns."},
	{ReasonManyCertificates, "More than 8 certificates in 30 days; what else is new is told once a day, by digest."},
	{ReasonExpiresIn30Days, "The certificate ends within 30 days."},
	{ReasonExpiresIn14Days, "The certificate ends within 14 days."},
	{ReasonExpiresIn7Days, "The certificate ends within 7 days."},
	{ReasonExpiresIn1Day, "The certificate ends within a day."},
	{ReasonExpired, "The certificate's term has ended."},
	{ReasonNotYetValid, "The certificate is presented before its term begins."},
	{ReasonLeftGroup, "The port was told as one of a group of ports that answer alike, and is told by itself now."},
	{ReasonAlternating, "The facet was told to change in 4 of 10 scans of the port."},
	{ReasonSteady, "The facet did not change in 5 scans of the port."},
	{ReasonManyAlike, "More than 200 open ports give one answer and have no service or certificate of their own."},
	{ReasonFewAlike, "At most 100 ports are left that give the one answer."},
	{ReasonFirstOpenPort, "The host had no open port and now has one."},
	{ReasonLastOpenPort, "The host's last open port is no longer open."},
	{ReasonAbsentOnce, "Absent from the newer of two files that were compared; nothing else agrees yet."},

	{ReasonFirst, "The host is watched for the first time."},
	{ReasonAddedAgain, "The host was watched before, was removed and is watched again."},
	{ReasonRebaseline, "A person asked for a new baseline."},
	{ReasonStateLost, "What was known of the host is lost."},
	{ReasonThrottled, "The source answers 429 and says when to come back."},
	{ReasonUnauthorized, "The source does not accept the credentials, or no token could be had."},
	{ReasonForbidden, "The credentials are accepted but do not permit reading hosts."},
	{ReasonUnavailable, "The source does not answer, or answers with a server error."},
	{ReasonMisconfigured, "The source refuses the request, or its address leads elsewhere."},
	{ReasonMalformed, "The source's answer could not be read or exceeds a bound."},
	{ReasonOutboxFull, "Events wait for the broker and the outbox has no more room."},
	{ReasonNotRescanned, "The source has not scanned any port of the host for 30 days."},
	{ReasonNoCompleteSnapshot, "No complete list of the host's ports could be had for 30 days."},
}

// Reasons lists every reason: those of change events, then those of lifecycle events.
func Reasons() []Reason {
	out := make([]Reason, len(reasons))
	for i, r := range reasons {
		out[i] = r.word
	}
	return out
}

// Sentence is the reason in one sentence for people; "" for a word outside the list.
func (r Reason) Sentence() string {
	for _, known := range reasons {
		if known.word == r {
			return known.sentence
		}
	}
	return ""
}

func checkReasons(list []Reason) error {
	for i, r := range list {
		if r.Sentence() == "" {
			return fmt.Errorf("%q is no reason of this version", r)
		}
		if slices.Contains(list[:i], r) {
			return fmt.Errorf("reason %s stands twice", r)
		}
	}
	return nil
}

package schemas

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

const testSource = "/portdelta/default/graph"

// teller is a model producer: it keeps what it has told of one host, and makes
// the event of every move. Its own state is the truth folds are compared with.
type teller struct {
	testing.TB
	host    string
	epoch   int64
	ports   map[PortKey]Port
	exposed bool
	groups  []Group
	events  []*Event
}

func newTeller(t testing.TB) *teller {
	return &teller{TB: t, host: "203.0.113.7", epoch: 1795451662, ports: map[PortKey]Port{}}
}

// now is the time of the next event.
func (w *teller) now() time.Time {
	return time.Date(2026, 11, 23, 15, 2, 11, 120_000_000, time.UTC).Add(time.Duration(len(w.events)) * 6 * time.Hour)
}

func (w *teller) raw(v any) json.RawMessage {
	w.Helper()
	raw, err := Raw(v)
	if err != nil {
		w.Fatal(err)
	}
	return raw
}

// tell makes one event after which the port at key is told as port says.
func (w *teller) tell(typ Type, key PortKey, port *Port, before, after, details any, message string, reasons ...Reason) *Event {
	w.Helper()
	now := w.now()
	notAfter := now.Truncate(time.Hour)
	notBefore := notAfter.Add(-6 * time.Hour)
	e := &Event{
		Type: typ, Host: w.host, Epoch: w.epoch, Revision: 1, Seq: uint64(len(w.events) + 1),
		Reasons: reasons, Message: message, Confidence: Confirmed,
		Time:    Times{NotBefore: &notBefore, NotAfter: &notAfter, Detected: now},
		Before:  w.raw(before),
		After:   w.raw(after),
		Details: w.raw(details),
		Context: ContextOf(port, nil),
		Evidence: &Evidence{Snapshot: "7b0c8d1be3c64a0c8f3f8b0e8a1d2c3b", Requests: []string{"8f1c4a6e-3b60-4c55-9a0e-0d6a6b1f2c3d"},
			Basis: Statement, Agreeing: 1, Proof: "single"},
	}
	if port != nil {
		e.Port = &PortRef{Protocol: key.Protocol, Number: key.Number, ID: base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s$$%d", w.host, key.Number))}
		w.ports[key] = *port
	}
	e.Changed = changedOf(typ, before, after)
	e.Severity = SeverityOf(typ, e.Port, reasons)
	if err := e.Seal(testSource); err != nil {
		w.Fatal(err)
	}
	w.events = append(w.events, e)
	return e
}

func changedOf(typ Type, before, after any) []string {
	if sameJSON(before, after) {
		return nil
	}
	switch typ {
	case PortOpened, PortReopened:
		was, _ := before.(Port)
		is := after.(Port)
		out := []string{FacetStatus}
		for _, f := range []struct {
			name      string
			differing bool
		}{
			{FacetServices, !sameJSON(was.Services, is.Services)},
			{FacetBanners, !sameJSON(was.Banners, is.Banners)},
			{FacetCertificate, !sameJSON(was.Certificate, is.Certificate)},
			{FacetFlapping, !sameJSON(was.Flapping, is.Flapping)},
		} {
			if f.differing {
				out = append(out, f.name)
			}
		}
		return out
	case ServiceAdded, ServiceRemoved, ServiceVersionChanged:
		return []string{FacetServices}
	case BannerAdded, BannerChanged:
		return []string{FacetBanners}
	case CertificateAdded, CertificateRemoved, CertificateRenewed, CertificateReplaced, CertificateRolledBack, CertificateAlternating,
		CertificateSettled, CertificateUnstable, CertificateExpiring, CertificateExpired, CertificateNotYetValid:
		return []string{FacetCertificate}
	case HostExposed, HostUnexposed:
		return []string{FacetExposed}
	case FlapStarted, FlapEnded:
		return []string{FacetFlapping}
	case HostTarpitSuspected, HostTarpitChanged, HostTarpitCleared:
		return []string{FacetGroups}
	}
	return []string{FacetStatus}
}

// group tells the groups of the host; single ports inside them leave.
func (w *teller) group(groups []Group, message string) {
	w.Helper()
	typ, reason := HostTarpitChanged, ReasonManyAlike
	switch {
	case len(w.groups) == 0:
		typ = HostTarpitSuspected
	case len(groups) == 0:
		typ, reason = HostTarpitCleared, ReasonFewAlike
	}
	before := GroupsValue{w.groups}
	w.groups = groups
	for key := range w.ports {
		for _, g := range groups {
			if g.holds(key) {
				delete(w.ports, key)
			}
		}
	}
	w.tell(typ, PortKey{}, nil, before, GroupsValue{groups}, struct{}{}, message, reason)
}

// expose follows a move of a port with the host's own, if there is one.
func (w *teller) expose() {
	w.Helper()
	open := len(w.groups)
	for _, p := range w.ports {
		if p.Status == StatusOpen {
			open++
		}
	}
	if was := w.exposed; was != (open > 0) {
		w.exposed = !was
		typ, reason, message := HostExposed, ReasonFirstOpenPort, w.host+" is exposed: it has an open port"
		if was {
			typ, reason, message = HostUnexposed, ReasonLastOpenPort, w.host+" is no longer exposed: it has no open port"
		}
		cause := w.events[len(w.events)-1].ID
		w.tell(typ, PortKey{}, nil, ExposedValue{was}, ExposedValue{w.exposed}, ExposedDetails{open}, message, reason).Cause = &cause
	}
}

// records are the host's state records as they stand after the last event, in
// the order of the topic.
func (w *teller) records() map[string][]byte {
	w.Helper()
	head := StateHead{Op: OpUpdated, Host: w.host, Epoch: w.epoch, Revision: 1, AfterSeq: uint64(len(w.events))}
	out := map[string][]byte{}
	encode := func(key string, s interface{ Encode() ([]byte, error) }) {
		data, err := s.Encode()
		if err != nil {
			w.Fatal(err)
		}
		out[key] = data
	}
	encode(w.host, HostStateOf(head, HostBody{Baseline: BaselineEmpty, Exposed: w.exposed, Groups: w.groups}))
	for key, p := range w.ports {
		head.Port = &key
		encode(StateKey(w.host, &key), PortStateOf(head, p))
	}
	return out
}

// bodies are what a fold of every event has to arrive at.
func (w *teller) bodies() map[string]PortBody {
	out := map[string]PortBody{}
	for key, p := range w.ports {
		if p.Status != StatusVanished {
			out[StateKey(w.host, &key)] = BodyOf(p)
		}
	}
	return out
}

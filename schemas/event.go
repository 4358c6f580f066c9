package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// MaxEventBytes bounds an encoded event (P11). The bounds of what is told keep
// every event below it, so meeting it is a fault of the producer.
const MaxEventBytes = 64 << 10

// Event is a change event: one facet of one host moved from Before to After.
type Event struct {
	ID         string          `json:"id"` // set by Seal
	Type       Type            `json:"type"`
	Host       string          `json:"host"`
	Port       *PortRef        `json:"port"` // nil for host.*
	Epoch      int64           `json:"epoch"`
	Revision   int             `json:"revision"`
	Seq        uint64          `json:"seq"` // from 1 a host and epoch, without gaps (P6)
	Severity   Severity        `json:"severity"`
	Reasons    List[Reason]    `json:"reasons"`
	Message    string          `json:"message"` // for people; at most 200 characters; not part of the id
	Confidence Confidence      `json:"confidence"`
	Time       Times           `json:"time"`
	Before     json.RawMessage `json:"before"` // by Raw; nil is null
	After      json.RawMessage `json:"after"`  // by Raw; nil is null
	Changed    List[string]    `json:"changed"`
	Details    json.RawMessage `json:"details"` // by Raw; nil is {}
	Context    Context         `json:"context"`
	Evidence   *Evidence       `json:"evidence"`
	Cause      *string         `json:"cause"` // id of the event of the same step that brought this one
}

// PortRef names a port in an event. ID is the source's own; it does not tell
// protocols apart, and "" (null) where the source has none.
type PortRef struct {
	Protocol string `json:"protocol"`
	Number   int    `json:"number"`
	ID       string `json:"id"`
}

// Key is what the port is folded by.
func (p PortRef) Key() PortKey { return PortKey{p.Protocol, p.Number} }

// MarshalJSON writes an absent ID as null.
func (p PortRef) MarshalJSON() ([]byte, error) {
	return marshal(struct {
		Protocol string  `json:"protocol"`
		Number   int     `json:"number"`
		ID       *string `json:"id"`
	}{p.Protocol, p.Number, OrNull(p.ID)})
}

// Confidence says whether a reader may act on the event alone.
type Confidence string

const (
	Confirmed Confidence = "confirmed"
	// Tentative: the record had no readable evidence time or status (P4), or
	// nothing but the comparison of two files stands behind the event.
	Tentative Confidence = "tentative"
)

// Times of a change: it happened after NotBefore, no later than NotAfter, and
// was seen by us at Detected. A nil bound is not known.
type Times struct {
	NotBefore *time.Time `json:"notBefore"`
	NotAfter  *time.Time `json:"notAfter"`
	Detected  time.Time  `json:"detected"` // milliseconds
}

// MarshalJSON writes UTC, and Detected with exactly three digits.
func (t Times) MarshalJSON() ([]byte, error) {
	detected, err := stamp(t.Detected)
	if err != nil {
		return nil, err
	}
	return marshal(struct {
		NotBefore *time.Time `json:"notBefore"`
		NotAfter  *time.Time `json:"notAfter"`
		Detected  string     `json:"detected"`
	}{utc(t.NotBefore), utc(t.NotAfter), detected})
}

// Evidence is what stands behind a change event.
type Evidence struct {
	Snapshot string       `json:"snapshot"` // id of the snapshot that decided; "" (null) where time alone did
	Requests List[string] `json:"requests"` // the service's request ids; bound them with BoundRequests
	Basis    Basis        `json:"basis"`
	Agreeing int          `json:"agreeing"` // independent pieces of evidence
	Proof    string       `json:"proof"`    // single, counted or unproven (P1); "" (null) without a snapshot
}

// MarshalJSON writes an absent snapshot and its proof as null.
func (e Evidence) MarshalJSON() ([]byte, error) {
	return marshal(struct {
		Snapshot *string      `json:"snapshot"`
		Requests List[string] `json:"requests"`
		Basis    Basis        `json:"basis"`
		Agreeing int          `json:"agreeing"`
		Proof    *string      `json:"proof"`
	}{OrNull(e.Snapshot), e.Requests, e.Basis, e.Agreeing, OrNull(e.Proof)})
}

// Basis is the kind of evidence that decided.
type Basis string

const (
	Statement Basis = "statement" // the source's own word, a gain or a changed value
	Rescan    Basis = "rescan"    // a loss that independent evidence agrees on
	Elapsed   Basis = "elapsed"   // time alone: vanish_after passed, or a timer
)

// Bounds of what an event takes over from the source beside what is told (P11);
// with them it stays below MaxEventBytes. Whoever reads the source keeps to them.
const (
	MaxRequests  = 32      // request ids in one event
	MaxRequestID = 64      // bytes of a request id
	MaxPortID    = 1 << 10 // bytes of the source's id of a port
	MaxWord      = 64      // bytes of a status or protocol word
)

// BoundRequests returns the request ids an event may list: all of them, or the
// first MaxRequests-1 and the last where there are more.
func BoundRequests(ids []string) []string {
	if len(ids) <= MaxRequests {
		return ids
	}
	return append(slices.Clone(ids[:MaxRequests-1]), ids[len(ids)-1])
}

// Context is what is told right after the event. Make one with ContextOf.
type Context struct {
	Status      *string           `json:"status"`
	Services    []Service         `json:"services"` // null for host.*
	Certificate *CertificateRef   `json:"certificate"`
	Labels      map[string]string `json:"labels"`
}

// CertificateRef names a certificate.
type CertificateRef struct {
	SHA1 string `json:"sha1"`
}

// ContextOf is the context of an event after which port is told; nil for host.*.
func ContextOf(port *Port, labels map[string]string) Context {
	c := Context{Labels: labels}
	if labels == nil {
		c.Labels = map[string]string{}
	}
	if port == nil {
		return c
	}
	status := port.Status // a copy: the port may move on before the event is encoded
	c.Status, c.Services = &status, slices.Clone(port.Services)
	if c.Services == nil {
		c.Services = []Service{}
	}
	if port.Certificate != nil {
		c.Certificate = &CertificateRef{port.Certificate.SHA1}
	}
	return c
}

// Encode returns the event's data as it is published. The error names the event:
// text that is not UTF-8, a year outside 0 to 9999, or more than MaxEventBytes.
func (e *Event) Encode() ([]byte, error) {
	wire := *e
	wire.Details = orEmpty(e.Details)
	if wire.Context.Labels == nil {
		wire.Context.Labels = map[string]string{}
	}
	if e.Port != nil && wire.Context.Services == nil {
		wire.Context.Services = []Service{}
	}
	data, err := rawWithin(wire, MaxEventBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.name(), err)
	}
	return data, nil
}

// ParseEvent reads a change event. Keys it does not know are ignored, so that a
// reader survives additions to `details`.
func ParseEvent(data []byte) (*Event, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("change event: %w", errNotUTF8)
	}
	e := new(Event)
	if err := json.Unmarshal(data, e); err != nil {
		return nil, fmt.Errorf("change event: %w", err)
	}
	return e, nil
}

// name tells events apart in errors; it holds no text from outside but the host.
func (e *Event) name() string {
	return fmt.Sprintf("event %s of %q, epoch %d, seq %d", e.Type, e.Host, e.Epoch, e.Seq)
}

// check refuses what is no change event: better no event than one readers trip over.
func (e *Event) check() error {
	switch {
	case !slices.Contains(changeTypes, e.Type):
		return errors.New("not a change event of this version")
	case e.Host == "" || e.Epoch < 1 || e.Revision < 1 || e.Seq < 1:
		return errors.New("host, epoch, revision and seq must be set")
	case e.Type.ofHost() != (e.Port == nil):
		return errors.New("a port belongs to every type but host.*")
	case e.Evidence == nil:
		return errors.New("no evidence")
	case len(e.Evidence.Requests) > MaxRequests:
		return fmt.Errorf("%d request ids, more than %d", len(e.Evidence.Requests), MaxRequests)
	case len(e.Reasons) == 0:
		return errors.New("no reason")
	}
	return checkReasons(e.Reasons)
}

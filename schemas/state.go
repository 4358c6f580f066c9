package schemas

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// MaxStateBytes bounds an encoded state record (P11).
const MaxStateBytes = 16 << 10

// stateVersion is the `v` of a state record.
const stateVersion = 1

// Op says why a state record was written.
type Op string

const (
	OpBaseline Op = "r" // baseline, re-baseline or upgrade
	OpCreated  Op = "c" // the key is told for the first time since
	OpUpdated  Op = "u"
)

// PortKey is what a port of a host is folded by. The source's id would not do:
// tcp and udp of one number share it.
type PortKey struct {
	Protocol string `json:"protocol"`
	Number   int    `json:"number"`
}

// String is "tcp/443".
func (k PortKey) String() string { return k.Protocol + "/" + strconv.Itoa(k.Number) }

// StateHead is what every state record begins with.
type StateHead struct {
	V        int      `json:"v"`
	Op       Op       `json:"op"`
	Host     string   `json:"host"`
	Port     *PortKey `json:"port"` // nil in a host's record
	Epoch    int64    `json:"epoch"`
	Revision int      `json:"revision"`
	AfterSeq uint64   `json:"afterSeq"` // the last change event of the step that wrote the record
}

// PortState is a port's state record: what readers have been told, without what
// only an event carries.
type PortState struct {
	StateHead
	PortBody
}

// PortBody is the part of a port's record that is a function of told alone.
type PortBody struct {
	Status      string            `json:"status"`
	Services    List[Service]     `json:"services"`
	Banners     List[StateBanner] `json:"banners"`
	Certificate *StateCertificate `json:"certificate"`
	Flapping    List[string]      `json:"flapping"`
}

// StateBanner is a banner set without its texts and facts.
type StateBanner struct {
	Protocol string          `json:"protocol"`
	Forms    List[StateForm] `json:"forms"`
}

// StateForm is a form without its text and facts.
type StateForm struct {
	Digest  string  `json:"digest"`
	Product *string `json:"product"`
	Version *string `json:"version"`
}

// StateCertificate is a certificate by its identity, its end and its timer.
type StateCertificate struct {
	SHA1     string     `json:"sha1"`
	NotAfter *time.Time `json:"notAfter"`
	Validity Validity   `json:"validity"`
}

// MarshalJSON writes the time in UTC.
func (c StateCertificate) MarshalJSON() ([]byte, error) {
	type plain StateCertificate
	c.NotAfter = utc(c.NotAfter)
	return marshal(plain(c))
}

// HostState is a host's own state record.
type HostState struct {
	StateHead
	HostBody
}

// HostBody is the part of a host's record that is a function of told alone.
type HostBody struct {
	Baseline Baseline    `json:"baseline"`
	Exposed  bool        `json:"exposed"`
	Groups   List[Group] `json:"groups"` // by protocol and fingerprint
}

// Group is many ports that answer alike and are told as one.
type Group struct {
	Protocol    string       `json:"protocol"`
	Fingerprint string       `json:"fingerprint"`
	Ranges      List[[2]int] `json:"ranges"` // first and last, inclusive
	Count       int          `json:"count"`
}

// BodyOf is the body of a told port's state record. A reader applies it to his
// fold before he compares it with the state topic.
func BodyOf(p Port) PortBody {
	body := PortBody{Status: p.Status, Services: p.Services, Flapping: p.Flapping}
	for _, set := range p.Banners {
		b := StateBanner{Protocol: set.Protocol}
		for _, f := range set.Forms {
			b.Forms = append(b.Forms, StateForm{f.Digest, f.Product, f.Version})
		}
		body.Banners = append(body.Banners, b)
	}
	if c := p.Certificate; c != nil {
		body.Certificate = &StateCertificate{c.SHA1, c.NotAfter, c.Validity}
	}
	return body
}

// PortStateOf is the state record of a told port. head.Port must be set; head.V
// is filled in.
func PortStateOf(head StateHead, p Port) PortState {
	head.V = stateVersion
	return PortState{head, BodyOf(p)}
}

// HostStateOf is the state record of a host. head.Port must be nil; head.V is
// filled in.
func HostStateOf(head StateHead, body HostBody) HostState {
	head.V = stateVersion
	return HostState{head, body}
}

// Encode returns the record's value. The error names the record: text that is
// not UTF-8, or more than MaxStateBytes.
func (s PortState) Encode() ([]byte, error) { return encodeState(s.StateHead, s) }

// Encode returns the record's value; errors as PortState.Encode.
func (s HostState) Encode() ([]byte, error) { return encodeState(s.StateHead, s) }

func encodeState(head StateHead, v any) ([]byte, error) {
	data, err := rawWithin(v, MaxStateBytes)
	if err != nil {
		return nil, fmt.Errorf("state record %q: %w", head.key(), err)
	}
	return data, nil
}

// ParsePortState reads a port's state record; the error says so if it is a host's.
func ParsePortState(value []byte) (s PortState, err error) {
	if err = parseState(value, &s, &s.StateHead); err == nil && s.Port == nil {
		err = fmt.Errorf("state record of %q: not a port's but the host's", s.Host)
	}
	return s, err
}

// ParseHostState reads a host's state record; the error says so if it is a port's.
func ParseHostState(value []byte) (s HostState, err error) {
	if err = parseState(value, &s, &s.StateHead); err == nil && s.Port != nil {
		err = fmt.Errorf("state record of %q: not the host's but of a port", s.Host)
	}
	return s, err
}

func parseState(value []byte, v any, head *StateHead) error {
	if !utf8.Valid(value) {
		return fmt.Errorf("state record: %w", errNotUTF8)
	}
	if err := json.Unmarshal(value, v); err != nil {
		return fmt.Errorf("state record: %w", err)
	}
	if head.V != stateVersion {
		return fmt.Errorf("state record of %q: version %d, this reader knows %d", head.Host, head.V, stateVersion)
	}
	return nil
}

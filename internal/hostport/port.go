package hostport

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// PortKey names a port of one host. The hostPort id of the source cannot: it
// holds no protocol, so 53/tcp and 53/udp of a host share it.
type PortKey struct {
	Protocol string // lower-case: tcp, udp, or a word of the source's
	Number   uint16
}

// ErrPortKey is what every refusal of ParsePortKey wraps.
var ErrPortKey = errors.New("not a port")

// ParsePortKey reads "tcp/443" or "443/tcp".
func ParsePortKey(s string) (PortKey, error) {
	a, b, ok := strings.Cut(s, "/")
	if ok && a != "" && b != "" {
		if n, err := strconv.ParseUint(b, 10, 16); err == nil {
			return PortKey{strings.ToLower(a), uint16(n)}, nil
		}
		if n, err := strconv.ParseUint(a, 10, 16); err == nil {
			return PortKey{strings.ToLower(b), uint16(n)}, nil
		}
	}
	return PortKey{}, fmt.Errorf("%w: %q, expected something like tcp/443", ErrPortKey, clip(s))
}

func (k PortKey) String() string { return k.Protocol + "/" + strconv.Itoa(int(k.Number)) }

// Compare orders by protocol, then number: the order in which events of one
// step are told.
func (k PortKey) Compare(o PortKey) int {
	return cmp.Or(cmp.Compare(k.Protocol, o.Protocol), cmp.Compare(k.Number, o.Number))
}

// Status is a port's status word. The known words are lower-case; an unknown
// word stays as the source spelt it; the empty Status is one that could not be read.
type Status string

// The words portdelta gives a meaning of its own. Vanished never comes from a
// source: it is the engine's word for a port absent from its host's list.
const (
	Open     Status = "open"
	Closed   Status = "closed"
	Filtered Status = "filtered"
	Vanished Status = "vanished"
)

// ParseStatus folds the case of known words and keeps any other as it came.
func ParseStatus(s string) Status {
	for _, known := range []Status{Open, Closed, Filtered} {
		if strings.EqualFold(s, string(known)) {
			return known
		}
	}
	return Status(s)
}

// Port is one record of a host's list, as the source gave it: a history of
// banners and services, not their current values. A zero time is one that was
// absent or could not be read.
type Port struct {
	PortKey
	ID            string // the source's opaque id; shared by tcp and udp of one number
	Status        Status
	FirstSeen     time.Time
	LastSeen      time.Time
	LastScan      time.Time
	TimesObserved int
	Banners       []Banner
	Services      []Service
	Certificate   *Certificate // nil where the record has none
	// What the source did not look for at all: that there is none says nothing.
	ServicesUnseen, CertificateUnseen bool
	Malformed                         []Malformed // fields of this record that were lost
	Raw                               []byte      // the record's own JSON, for recordings; may be nil
}

// Banner is one remembered answer of a port.
type Banner struct {
	Text         string
	ScanProtocol string
	FirstSeen    time.Time
	LastSeen     time.Time
}

// Service is one remembered component of a port.
type Service struct {
	Category  string
	Name      string
	Version   string // may be empty: unknown
	IsRecent  bool
	FirstSeen time.Time
	LastSeen  time.Time
}

// Certificate is what a source knows of a port's TLS certificate. A stub has an
// ID alone: enough to see a rotation, not enough to describe it.
type Certificate struct {
	ID           string
	SHA1         string // lower-case hex without colons
	Subject      string // RFC 4514
	Issuer       string // RFC 4514
	SerialNumber string // decimal; may exceed 64 bits
	NotBefore    time.Time
	NotAfter     time.Time
	Names        []string // subject alternative names, in any order
	// What few sources say; "" and 0 where this one does not.
	KeyType            string // rsa, ec, dsa, ed25519, ...
	KeyBits            int
	SignatureAlgorithm string // as the source spells it, such as sha256WithRSAEncryption
}

// Stub says that only the id is known.
func (c *Certificate) Stub() bool { return c.SHA1 == "" }

// Malformed is a field or record that could not be read. The raw text is given
// as digest and length only: it is hostile and may be long.
type Malformed struct {
	Field  string // path within the record, or "" for the record as a whole
	Record string // "tcp/443" where the key could be read
	Digest string // first 16 bytes of SHA-256 of the raw JSON, hex
	Length int    // bytes of the raw JSON
}

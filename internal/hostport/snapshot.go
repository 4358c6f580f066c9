package hostport

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Proof says how sure a snapshot is to hold every port of its host (P1).
type Proof string

const (
	// Single: one page, no next link, its count equal or absent.
	Single Proof = "single"
	// Counted: several pages, every count given equal to distinct keys plus
	// unreadable records, nothing repeated.
	Counted Proof = "counted"
	// Unproven: anything else. Gains may be told from it, absence may not.
	Unproven Proof = "unproven"
)

// Complete says whether the snapshot counts towards absence.
func (p Proof) Complete() bool { return p == Single || p == Counted }

// Answer of a look as a whole.
type Result string

const (
	// Ports: the source knows the host; the list may be empty.
	Ports Result = "ports"
	// Unknown: the source does not know the host (404).
	Unknown Result = "unknown"
	// Down: a scan got no sign of the host and asked none of its ports.
	Down Result = "down"
)

// Snapshot is what one look at one host brings back. It is plain data: the same
// snapshot given to the same state always gives the same events (P7).
type Snapshot struct {
	Host     Host
	At       time.Time // our clock when the list was complete; becomes `detected`
	Result   Result
	Proof    Proof
	Coverage Coverage // nil: the list covers every port
	Unlisted []Group  // what a scan says of ports it covered and did not list
	Requests []string // the service's request ids of every list page, in order
	Ports    []Port   // distinct keys; the first of repeated records
	// Malformed holds the records that could not be read at all.
	Malformed []Malformed
	Paging    Paging
	// Answers are nil until the engine's Asks have been performed, then one for
	// each Ask, also for those that failed.
	Answers []Answer
}

// Paging is what the proof was decided by, for snapshot.incomplete.
type Paging struct {
	Pages      int
	Count      int // the last count given; -1 where none was
	Distinct   int
	Repeated   int
	Unreadable int
}

// ID names the snapshot: the first 16 bytes, in hex, of SHA-256 over host, time
// and request ids. It follows from what a recording keeps, so a replay gives the same.
func (s *Snapshot) ID() string {
	h := sha256.New()
	put := func(text string) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(text)))
		h.Write(n[:])
		h.Write([]byte(text))
	}
	put(string(s.Host))
	put(s.At.UTC().Format(time.RFC3339Nano))
	for _, r := range s.Requests {
		put(r)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// AskKind is what is to be read.
type AskKind string

const (
	// AskPort reads one port by id before its vanishing is told (P1).
	AskPort AskKind = "port"
	// AskCertificate reads a certificate of which only the id is known.
	AskCertificate AskKind = "certificate"
	// AskList reads the whole list once more: a first empty or unknown answer
	// is a baseline only if the second agrees (P8).
	AskList AskKind = "list"
)

// Ask is a read without which a held change cannot be decided. The engine asks,
// the poller performs, and the snapshot carries the Answers.
type Ask struct {
	Kind AskKind
	Key  PortKey // of the port concerned; zero for AskList
	ID   string  // the source's id of the port or the certificate
}

// Verdict is how an Ask ended.
type Verdict string

const (
	Found    Verdict = "found"    // Port, Certificate or List is set
	NotFound Verdict = "notFound" // the source answered 404
	Failed   Verdict = "failed"   // no answer: ask again at the next look
	// Unsupported: the source has no point reads; one more independent snapshot
	// stands in.
	Unsupported Verdict = "unsupported"
)

// Answer is the outcome of one Ask.
type Answer struct {
	Ask
	Verdict     Verdict
	Port        *Port
	Certificate *Certificate
	List        *Snapshot
	Requests    []string
	Malformed   []Malformed // fields of the certificate that were lost; a port carries its own
	Raw         []byte      // the certificate's own JSON, for recordings; a port carries its own
}

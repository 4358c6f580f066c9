package schemas

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// recipe is the version of how ids are made. A change of the recipe changes it,
// so that no two recipes can give one id.
const recipe = "1"

// eventID is recipe 1: SHA-256 over the fields recipe version, ce_source, host,
// epoch, seq, type, key, before digest and after digest, each as its length in
// bytes (4, big-endian) and its UTF-8; the first 16 bytes in lower-case hex. The
// length prefix keeps two events apart whose fields only run together alike.
//
// before and after are the bytes as they stand in the encoded event; what enters
// is the lower-case hex of their SHA-256. The same value at the same place in a
// host's history so always has the same id (P7), and a reader may drop a second
// event with it (P6).
func eventID(source, host string, epoch int64, seq uint64, t Type, port *PortRef, before, after []byte) string {
	key := ""
	if port != nil {
		key = port.Key().String()
	}
	h := sha256.New()
	for _, field := range []string{
		recipe, source, host, strconv.FormatInt(epoch, 10), strconv.FormatUint(seq, 10), string(t), key,
		hexSum(before), hexSum(after),
	} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(field)))
		h.Write(n[:])
		h.Write([]byte(field))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Seal completes the event with its id by recipe 1. source is that of Source.
// It refuses what is no event of this version; the error names it. Severity,
// reasons, message, times and evidence are no part of the id.
func (e *Event) Seal(source string) error {
	id, err := e.identify(source)
	if err != nil {
		return fmt.Errorf("%s: %w", e.name(), err)
	}
	e.ID = id
	return nil
}

func (e *Event) identify(source string) (string, error) {
	if err := e.check(); err != nil {
		return "", err
	}
	before, err := compact(e.Before)
	if err != nil {
		return "", fmt.Errorf("before: %w", err)
	}
	after, err := compact(e.After)
	if err != nil {
		return "", fmt.Errorf("after: %w", err)
	}
	return eventID(source, e.Host, e.Epoch, e.Seq, e.Type, e.Port, before, after), nil
}

// Seal completes the event with its id by recipe 1, where afterSeq stands for
// seq, detected (as in the JSON, without its quotes) for before and details for
// after; a null host is the empty string. Both stand-ins enter as digests, as
// what they stand for does. The error names what is no event of this version.
func (l *Lifecycle) Seal(source string) error {
	id, err := l.identify(source)
	if err != nil {
		return fmt.Errorf("%s: %w", l.name(), err)
	}
	l.ID = id
	return nil
}

func (l *Lifecycle) identify(source string) (string, error) {
	if err := l.check(); err != nil {
		return "", err
	}
	detected, err := stamp(l.Time.Detected)
	if err != nil {
		return "", fmt.Errorf("detected: %w", err)
	}
	details, err := compact(orEmpty(l.Details))
	if err != nil {
		return "", fmt.Errorf("details: %w", err)
	}
	return eventID(source, l.host(), l.Epoch, l.AfterSeq, l.Type, l.Port, []byte(detected), details), nil
}

package detect

import (
	"encoding/binary"
	"errors"
	"time"
)

// errState is a facet whose bytes do not parse: damage, or a version of portdelta
// that wrote them differently.
var errState = errors.New("state facet is damaged")

// writer appends the pieces of a facet.
type writer struct{ b []byte }

func (w *writer) byte(v byte)     { w.b = append(w.b, v) }
func (w *writer) uint(v uint64)   { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) int(v int64)     { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) string(s string) { w.uint(uint64(len(s))); w.b = append(w.b, s...) }

func (w *writer) bool(v bool) {
	if v {
		w.byte(1)
	} else {
		w.byte(0)
	}
}

// time keeps nanoseconds, and any year: certificates end in 9999.
func (w *writer) time(t time.Time) {
	if w.bool(!t.IsZero()); t.IsZero() {
		return
	}
	w.int(t.Unix())
	w.uint(uint64(t.Nanosecond()))
}

// reader reads them back; after the first fault it returns zeros.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) byte() byte {
	if r.bad || len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	v := r.rest[0]
	r.rest = r.rest[1:]
	return v
}

func (r *reader) bool() bool { return r.byte() == 1 }

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	return v * uint64(r.skip(n))
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	return v * int64(r.skip(n))
}

// skip takes n bytes off and returns 1, or 0 where there is a fault.
func (r *reader) skip(n int) int {
	if r.bad || n <= 0 || n > len(r.rest) {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return 1
}

// count reads a number of items, each of which needs at least a byte, so that a
// damaged count cannot allocate more than the facet's own size (P11).
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) string() string {
	n := r.count()
	if r.bad {
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *reader) time() time.Time {
	if !r.bool() {
		return time.Time{}
	}
	sec, nsec := r.int(), r.uint()
	if r.bad || nsec >= 1e9 {
		r.bad = true
		return time.Time{}
	}
	return time.Unix(sec, int64(nsec)).UTC()
}

// done reports whether everything was read and nothing is left.
func (r *reader) done() error {
	if r.bad || len(r.rest) != 0 {
		return errState
	}
	return nil
}

package graphjson

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// ErrNotJSON is an answer that is no JSON text, or not all of one.
var ErrNotJSON = errors.New("the answer is not JSON")

// document walks a JSON text once, from front to back, and takes what it finds
// field by field: a value of the wrong type or form is noted in lost and read as
// absent, so a bad field costs that field alone (P12). Only text that is not JSON
// at all ends the walk; every method is then a no-op and end tells.
//
// Field paths are constants of ours, without array indices, so that the same
// fault of many records has one name and no text of the source is in it.
type document struct {
	dec   *jsontext.Decoder
	src   []byte
	err   error
	under string               // path of the object the fields noted lie in
	lost  []hostport.Malformed // at most limits.RecordFaults
}

func newDocument(src []byte) *document {
	// A banner may hold invalid UTF-8 or lone surrogates, which strict JSON
	// refuses: it must not cost the page.
	return &document{src: src, dec: jsontext.NewDecoder(bytes.NewBuffer(src),
		jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))}
}

// end says whether the whole text was one JSON value.
func (d *document) end() error {
	if d.err == nil {
		if _, err := d.dec.ReadToken(); err != io.EOF {
			d.fail(errors.New("more text follows the answer"))
		}
	}
	return d.err
}

// fail keeps the first error. Those of jsontext quote the text, so only the
// place is taken from them.
func (d *document) fail(err error) {
	if d.err != nil {
		return
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		d.err = fmt.Errorf("%w: it ends early, after %d bytes", ErrNotJSON, len(d.src))
		return
	}
	d.err = fmt.Errorf("%w: there is a fault near byte %d", ErrNotJSON, d.dec.InputOffset())
}

// members walks the object that comes next, yielding each known name in its
// canonical spelling and any other as "". The loop's body reads the value or
// leaves it, in which case it is skipped. Null is an object without members.
func (d *document) members(field string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !d.enter('{', field) {
			return
		}
		for d.err == nil && d.dec.PeekKind() != '}' {
			name := canonicalName(d.value())
			before := d.dec.InputOffset()
			if d.err != nil || !yield(name) {
				return
			}
			if d.err == nil && d.dec.InputOffset() == before {
				d.value()
			}
		}
		d.token()
	}
}

// elements walks the array that comes next, likewise.
func (d *document) elements(field string) iter.Seq[int] {
	return func(yield func(int) bool) {
		if !d.enter('[', field) {
			return
		}
		for i := 0; d.err == nil && d.dec.PeekKind() != ']'; i++ {
			before := d.dec.InputOffset()
			if !yield(i) {
				return
			}
			if d.err == nil && d.dec.InputOffset() == before {
				d.value()
			}
		}
		d.token()
	}
}

func (d *document) enter(kind jsontext.Kind, field string) bool {
	if d.err != nil {
		return false
	}
	if d.dec.PeekKind() != kind {
		if v := d.value(); v.Kind() != 'n' {
			d.wrong(field, v)
		}
		return false
	}
	d.token()
	return d.err == nil
}

func (d *document) token() {
	if d.err == nil {
		if _, err := d.dec.ReadToken(); err != nil {
			d.fail(err)
		}
	}
}

// value takes the next value as it stands; it is part of the text and must not
// be changed. Nil after an error.
func (d *document) value() jsontext.Value {
	if d.err != nil {
		return nil
	}
	v, err := d.dec.ReadValue()
	if err != nil {
		d.fail(err)
		return nil
	}
	return v
}

// wrong notes a field that could not be read (P10).
func (d *document) wrong(field string, raw []byte) {
	switch {
	case d.err != nil:
		return
	case len(d.lost) >= limits.RecordFaults.Max:
		limits.RecordFaults.Hit()
		return
	}
	d.lost = append(d.lost, malformed(join(d.under, field), raw))
}

func join(under, field string) string {
	if under == "" || field == "" {
		return under + field
	}
	return under + "." + field
}

// mark is a place in the text before a value, and what was noted up to there.
type mark struct {
	offset int64
	lost   int
}

func (d *document) mark() mark { return mark{d.dec.InputOffset(), len(d.lost)} }

// since is the text of the value read since the mark.
func (d *document) since(m mark) []byte {
	return bytes.TrimLeft(d.src[m.offset:d.dec.InputOffset()], " \t\r\n,:")
}

// drop notes the value read since the mark as lost whole, in place of its parts.
func (d *document) drop(field string, m mark) {
	d.lost = d.lost[:m.lost]
	d.wrong(field, d.since(m))
}

// malformed notes a value by its digest, without white space: a recording keeps
// none, and must tell the same (P7).
func malformed(field string, raw []byte) hostport.Malformed {
	if text := compact(raw); text != nil {
		raw = text
	}
	sum := sha256.Sum256(raw)
	return hostport.Malformed{Field: field, Digest: hex.EncodeToString(sum[:16]), Length: len(raw)}
}

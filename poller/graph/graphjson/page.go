package graphjson

import (
	"bytes"
	"errors"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

const (
	// NoCount is the Count of a page that gave none.
	NoCount  = -1
	badCount = -2 // it gave one that could not be read; it equals nothing
)

// Page is one answer of a list.
type Page struct {
	Ports      []hostport.Port // records with a key, in order, repeated ones too
	Unreadable []hostport.Malformed
	Count      int64
	Next       string // the link to the next page as it came; "" on the last
	Context    string // @odata.context as it came; "" where there is none
}

// ErrTooManyRows is a list above limits.PortsPerHost.
var ErrTooManyRows = errors.New("the list is longer than the limit ports_per_host")

var (
	errNotAList = errors.New("the answer has no value array")
	errBadLink  = errors.New("the link to the next page cannot be read, so the list cannot be known to end")
)

// CountOfPart is what to hold the count of some of the page's records against,
// where the page holds records of several hosts: their own number, as far as the
// page's count is met.
func (p *Page) CountOfPart(records int) int64 {
	if p.Count != NoCount && p.Count != int64(len(p.Ports)+len(p.Unreadable)) {
		return badCount
	}
	return int64(records + len(p.Unreadable))
}

// DecodePage reads a page. It fails only where the page as a whole says nothing
// for sure: text that is not JSON, no list in it, or an unreadable link, without
// which a part would pass for the whole (P1).
func DecodePage(text []byte) (Page, error) {
	p := Page{Count: NoCount}
	d := newDocument(text)
	listed, linked := false, true
	for name := range d.members("") {
		switch name {
		case "value":
			listed = d.dec.PeekKind() == '['
			if !d.records("value", &p) {
				return Page{}, ErrTooManyRows
			}
		case "@odata.context":
			p.Context = d.text("@odata.context", limits.LinkBytes)
		case "@odata.count":
			p.Count = badCount
			if n, ok := d.number("@odata.count", math.MaxInt64); ok {
				p.Count = n
			}
		case "@odata.nextLink":
			null := d.dec.PeekKind() == 'n'
			p.Next, linked = d.optionalText("@odata.nextLink", limits.LinkBytes)
			linked = linked || null
		}
	}
	switch err := d.end(); {
	case err != nil:
		return Page{}, err
	case !listed:
		return Page{}, errNotAList
	case !linked:
		return Page{}, errBadLink
	}
	return p, nil
}

// DecodeRecords reads a bare array of records, as snapshot lines hold it.
func DecodeRecords(text []byte) (Page, error) {
	p := Page{Count: NoCount}
	d := newDocument(text)
	listed := d.dec.PeekKind() == '['
	if !d.records("", &p) {
		return Page{}, ErrTooManyRows
	}
	switch err := d.end(); {
	case err != nil:
		return Page{}, err
	case !listed:
		return Page{}, errNotAList
	}
	return p, nil
}

// records reads the array that comes next; false: it is too long.
func (d *document) records(field string, p *Page) bool {
	for range d.elements(field) {
		if len(p.Ports)+len(p.Unreadable) == limits.PortsPerHost.Max {
			limits.PortsPerHost.Hit()
			return false
		}
		d.record(p)
	}
	return true
}

// record reads the next record into the page; one without a readable key is
// counted and noted as a whole (P12).
func (d *document) record(p *Page) {
	d.lost = nil
	start := d.mark()
	port, ok := d.port()
	if d.err != nil {
		return
	}
	if !ok {
		p.Unreadable = append(p.Unreadable, malformed("", d.since(start)))
		return
	}
	port.Raw = compact(d.since(start))
	p.Ports = append(p.Ports, port)
}

// Context is the @odata.context of any answer, "" where there is none.
func Context(text []byte) (context string) {
	d := newDocument(text)
	for name := range d.members("") {
		if name == "@odata.context" {
			context = d.text(name, limits.LinkBytes)
		}
	}
	return context
}

var errNoEntity = errors.New("the answer holds no readable entity")

// DecodePort reads the answer to a point read.
func DecodePort(text []byte) (hostport.Port, error) {
	raw, err := entity(text)
	if err != nil {
		return hostport.Port{}, err
	}
	port, ok := newDocument(raw).port()
	if !ok {
		return hostport.Port{}, errNoEntity
	}
	port.Raw = compact(raw)
	return port, nil
}

// DecodeCertificate reads the answer to a certificate read. One without a digest
// has no identity and is no answer.
func DecodeCertificate(text []byte) (c hostport.Certificate, lost []hostport.Malformed, raw []byte, err error) {
	if raw, err = entity(text); err != nil {
		return hostport.Certificate{}, nil, nil, err
	}
	d := newDocument(raw)
	got := d.certificate()
	if got == nil || got.Stub() {
		return hostport.Certificate{}, nil, nil, errNoEntity
	}
	return *got, d.lost, compact(raw), nil
}

// DecodeError reads the documented error body, {"error": {"code", "message"}}.
func DecodeError(text []byte) (code, message string, ok bool) {
	d := newDocument(text)
	for name := range d.members("") {
		if name != "error" {
			continue
		}
		for name := range d.members("error") {
			switch name {
			case "code":
				code, ok = d.text("error.code", limits.ErrorBodyBytes), true
			case "message":
				message, ok = d.text("error.message", limits.ErrorBodyBytes), true
			}
		}
	}
	return code, message, ok && d.end() == nil
}

// entity returns the entity of an answer: the metadata says that it comes bare,
// the documented samples wrap it in {"value": {...}}.
func entity(text []byte) ([]byte, error) {
	d := newDocument(text)
	found := text
	for name := range d.members("") {
		if name == "value" && d.dec.PeekKind() == '{' {
			found = d.value()
		}
	}
	return found, d.end()
}

// compact copies valid JSON without its white space.
func compact(raw []byte) []byte {
	v := jsontext.Value(bytes.Clone(raw))
	if v.Compact() != nil {
		return nil // cannot be: raw has been parsed
	}
	return v
}

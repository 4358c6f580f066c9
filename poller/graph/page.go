package graph

import (
	"bytes"
	"errors"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

const (
	noCount  = -1 // the page gave no count
	badCount = -2 // it gave one that could not be read; it equals nothing
)

// page is one answer of a list.
type page struct {
	ports      []hostport.Port // records with a key, in order, repeated ones too
	unreadable []hostport.Malformed
	count      int64
	next       string // the link to the next page as it came; "" on the last
}

var (
	errNotAList    = errors.New("the answer has no value array")
	errBadLink     = errors.New("the link to the next page cannot be read, so the list cannot be known to end")
	errTooManyRows = errors.New("the list is longer than the limit ports_per_host")
)

// decodePage reads a page. It fails only where the page as a whole says nothing
// for sure: text that is not JSON, no list in it, or an unreadable link, without
// which a part would pass for the whole (P1).
func decodePage(text []byte) (page, error) {
	p := page{count: noCount}
	d := newDocument(text)
	listed, linked := false, true
	for name := range d.members("") {
		switch name {
		case "value":
			listed = d.dec.PeekKind() == '['
			for range d.elements("value") {
				if len(p.ports)+len(p.unreadable) == limits.PortsPerHost.Max {
					limits.PortsPerHost.Hit()
					return page{}, errTooManyRows
				}
				d.record(&p)
			}
		case "@odata.count":
			p.count = badCount
			if n, ok := d.number("@odata.count", math.MaxInt64); ok {
				p.count = n
			}
		case "@odata.nextLink":
			null := d.dec.PeekKind() == 'n'
			p.next, linked = d.optionalText("@odata.nextLink", limits.LinkBytes)
			linked = linked || null
		}
	}
	switch err := d.end(); {
	case err != nil:
		return page{}, err
	case !listed:
		return page{}, errNotAList
	case !linked:
		return page{}, errBadLink
	}
	return p, nil
}

// record reads the next record into the page; one without a readable key is
// counted and noted as a whole (P12).
func (d *document) record(p *page) {
	d.lost = nil
	start := d.mark()
	port, ok := d.port()
	if d.err != nil {
		return
	}
	if !ok {
		p.unreadable = append(p.unreadable, malformed("", d.since(start)))
		return
	}
	port.Raw = compact(d.since(start))
	p.ports = append(p.ports, port)
}

var errNoEntity = errors.New("the answer holds no readable entity")

// decodePort reads the answer to a point read.
func decodePort(text []byte) (hostport.Port, error) {
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

// decodeCertificate reads the answer to a certificate read. One without a digest
// has no identity and is no answer.
func decodeCertificate(text []byte) (c hostport.Certificate, lost []hostport.Malformed, raw []byte, err error) {
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

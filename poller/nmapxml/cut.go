package nmapxml

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/portdelta/portdelta/internal/limits"
)

// Reader takes the hosts out of a file one after another. It is for one goroutine.
type Reader struct {
	in      io.Reader
	buffer  []byte // what the window is a part of
	window  []byte // read and not yet given out
	ended   bool   // nothing more comes after the window
	outline []byte // the file without its hosts: an empty element stands for some in a row
	hosts   int    // such elements
	scan    *Scan
	cursor  cursor // of Address
	err     error
}

// NewReader reads plain XML; snapshotfile.Decompress goes before it.
func NewReader(r io.Reader) *Reader { return &Reader{in: r} }

const (
	hostBegin = "<host"
	hostEnd   = "</host>"
	inPlace   = "<host/>"
)

var (
	errHostCut = errors.New("the file ends within a host")
	errLong    = fmt.Errorf("a host longer than the limit %s, %d bytes", limits.XMLHostBytes.Name, limits.XMLHostBytes.Max)
	errOutline = fmt.Errorf("more around the hosts than the limit %s, %d bytes", limits.XMLOutlineBytes.Name, limits.XMLOutlineBytes.Max)
)

// Next returns the text of the next host, valid until the next call, or io.EOF after
// the last, once the rest of the file has been read and is sound; then Scan tells of
// the whole. Any other error is final.
func (r *Reader) Next() ([]byte, error) {
	for r.err == nil {
		begin, found := findHost(r.window)
		if r.err = r.outside(r.window[:begin]); r.err != nil {
			break
		}
		r.window = r.window[begin:]
		if found {
			return r.host()
		}
		if r.ended {
			if r.err = r.outside(r.window); r.err != nil {
				break
			}
			r.window = nil
			if r.scan, r.err = parseOutline(r.outline, r.hosts); r.err == nil {
				r.err = io.EOF
			}
			break
		}
		r.fill()
	}
	return nil, r.err
}

// Scan is what the file says of the scan as a whole; nil before Next has returned
// io.EOF.
func (r *Reader) Scan() *Scan { return r.scan }

// findHost is where a host begins, or how much of the text is for sure outside one.
func findHost(text []byte) (at int, found bool) {
	for {
		i := bytes.Index(text[at:], []byte(hostBegin))
		if i < 0 {
			return max(at, len(text)-len(hostBegin)), false
		}
		at += i
		switch after := at + len(hostBegin); {
		case after == len(text):
			return at, false
		case isSpace(text[after]), text[after] == '>', text[after] == '/':
			return at, true
		}
		at += len(hostBegin) // <hosthint> and the like
	}
}

// host gives out the host at the beginning of the window.
func (r *Reader) host() ([]byte, error) {
	searched := 0
	for {
		if i := bytes.Index(r.window[searched:], []byte(hostEnd)); i >= 0 {
			n := searched + i + len(hostEnd)
			text := r.window[:n:n]
			r.window = r.window[n:]
			if row := bytes.TrimRight(r.outline, " \t\r\n"); bytes.HasSuffix(row, []byte(inPlace)) {
				r.outline = row
			} else {
				r.outline = append(r.outline, inPlace...)
				r.hosts++
			}
			return text, nil
		}
		searched = max(0, len(r.window)-len(hostEnd))
		switch {
		case len(r.window) > limits.XMLHostBytes.Max:
			limits.XMLHostBytes.Hit()
			r.err = errLong
		case r.ended:
			r.err = fmt.Errorf("%w: %w", errHostCut, io.ErrUnexpectedEOF)
		default:
			r.fill()
		}
		if r.err != nil {
			return nil, r.err
		}
	}
}

// outside keeps text that is not a host's.
func (r *Reader) outside(text []byte) error {
	if len(r.outline)+len(text) > limits.XMLOutlineBytes.Max {
		limits.XMLOutlineBytes.Hit()
		return errOutline
	}
	r.outline = append(r.outline, text...)
	return nil
}

// fill reads more into the window. What has been given out is written over.
func (r *Reader) fill() {
	const least = 256 << 10
	if cap(r.buffer) < least+2*len(r.window) {
		r.buffer = make([]byte, 2*(least+len(r.window)))
	}
	n := copy(r.buffer[:cap(r.buffer)], r.window)
	for range 100 {
		more, err := r.in.Read(r.buffer[n:cap(r.buffer)])
		n += more
		r.window = r.buffer[:n]
		switch {
		case err == io.EOF:
			r.ended = true
		case err != nil:
			r.err = err
		case more == 0:
			continue
		}
		return
	}
	r.err = io.ErrNoProgress
}

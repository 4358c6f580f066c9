package snapshotfile

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// Reader reads the snapshots of a file one after another: snapshot lines, and
// answers of Graph as they came (lists, their pages one behind the other, single
// ports), in any number and order, also as elements of one array. Several readers
// may run at once; one is for one goroutine.
type Reader struct {
	// Host is whose records those are that name no host, by themselves or in
	// their @odata.context. It may be set before the first Next.
	Host hostport.Host

	in    *bounded
	dec   *jsontext.Decoder
	count int // of values begun
	array bool
	now   time.Time
	chain *chain              // pages of a list whose last is still to come
	ready []hostport.Snapshot // read and not yet returned
	err   error
}

// NewReader reads plain, gzip or zstd text, told by its first bytes.
func NewReader(r io.Reader) (*Reader, error) {
	plain, err := Decompress(r)
	if err != nil {
		return nil, err
	}
	in := &bounded{r: plain}
	return &Reader{in: in, now: time.Now(), dec: jsontext.NewDecoder(in, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))}, nil
}

// Next returns the next snapshot, or io.EOF after the last. Any other error says
// which value of the file is at fault and quotes none of it; nothing of that value
// is returned, and the same error is from then on. A file that ends within a value
// is such an error (io.ErrUnexpectedEOF).
func (r *Reader) Next() (hostport.Snapshot, error) {
	for len(r.ready) == 0 && r.err == nil {
		r.err = r.read()
	}
	if len(r.ready) == 0 {
		return hostport.Snapshot{}, r.err
	}
	s := r.ready[0]
	r.ready = r.ready[1:]
	return s, nil
}

// read takes the next value of the file.
func (r *Reader) read() error {
	r.in.left = limits.SnapshotBytes.Max
	kind := r.dec.PeekKind()
	if r.count == 0 && !r.array && kind == '[' || r.array && kind == ']' {
		r.array = kind == '['
		_, err := r.dec.ReadToken()
		return err
	}
	start := r.dec.InputOffset()
	value, err := r.dec.ReadValue()
	if err == io.EOF && !r.array {
		if r.count == 0 {
			return errors.New("it is empty: neither snapshots nor an answer of Graph's")
		}
		if err := r.endChain(false); err != nil || len(r.ready) > 0 {
			return err
		}
		return io.EOF
	}
	r.count++
	if err == nil {
		err = r.value(value)
	} else {
		err = r.unreadable(err)
	}
	if err != nil {
		return fmt.Errorf("value %d, from byte %d on: %w", r.count, start, err)
	}
	return nil
}

// unreadable is why a value could not be read, without the text that jsontext
// quotes.
func (r *Reader) unreadable(err error) error {
	switch {
	case errors.Is(err, errTooLong):
		limits.SnapshotBytes.Hit()
		return errTooLong
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the file ends within it: %w", io.ErrUnexpectedEOF)
	case r.in.err != nil && r.in.err != io.EOF:
		return r.in.err // the disk's or the decompressor's
	}
	return errors.New("not JSON")
}

func (r *Reader) value(text jsontext.Value) error {
	if text.Kind() != '{' {
		return errors.New("neither a snapshot nor an answer of Graph's")
	}
	kind, err := kindOf(text)
	if err != nil {
		return err
	}
	if kind == ofSnapshot {
		if err := r.endChain(false); err != nil {
			return err
		}
		s, err := parseSnapshot(text)
		switch {
		case errors.Is(err, errNoSnapshot):
			return nil
		case err != nil:
			return err
		}
		r.ready = append(r.ready, s)
		return nil
	}
	return r.graph(text, kind)
}

var errTooLong = fmt.Errorf("longer than the limit %s, %d bytes", limits.SnapshotBytes.Name, limits.SnapshotBytes.Max)

// bounded lets only so many bytes pass until left is set again (P11).
type bounded struct {
	r    io.Reader
	left int
	err  error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil {
		b.err = err
	}
	return n, err
}

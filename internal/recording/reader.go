package recording

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/poller/snapshotfile"
)

// Reader reads a recording from its first file to its last. It is for one goroutine.
type Reader struct {
	// OnTear is told of each file that ends within a frame or a line; nil: nobody.
	OnTear func(name string, lines int)

	names []string
	file  *os.File
	in    *bufio.Reader
	line  []byte
	lines int // read of this file
}

// Open finds the files of a recording: all of the folder that are not hidden, plain
// or compressed, in the order of their names. A single file is a recording too.
func Open(path string) (*Reader, error) {
	list, err := names(path)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("recording %s: the folder holds no file", path)
	}
	return &Reader{names: list}, nil
}

// Files is the number of files that are not read to their end yet.
func (r *Reader) Files() int { return len(r.names) }

// Next returns the next input, or a Head where that is not nil, and io.EOF after
// the last. Any other error names file and line, quotes nothing, and ends the
// reading.
func (r *Reader) Next() (detect.Input, *Head, error) {
	for {
		if r.file == nil {
			if len(r.names) == 0 {
				return detect.Input{}, nil, io.EOF
			}
			if err := r.open(); err != nil {
				return detect.Input{}, nil, r.at(err)
			}
		}
		line, err := r.readLine()
		switch {
		case err == nil && len(bytes.TrimSpace(line)) == 0:
			continue
		case err == nil:
			in, head, err := parseLine(line)
			if err != nil {
				return detect.Input{}, nil, r.at(err)
			}
			return in, head, nil
		case errors.Is(err, io.ErrUnexpectedEOF): // what a crash leaves
			if r.OnTear != nil {
				r.OnTear(filepath.Base(r.names[0]), r.lines)
			}
		case !errors.Is(err, io.EOF):
			return detect.Input{}, nil, r.at(err)
		}
		if err := r.Close(); err != nil {
			return detect.Input{}, nil, err
		}
		r.names = r.names[1:]
	}
}

// Close gives up the file that is open.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}

func (r *Reader) open() (err error) {
	if r.file, err = os.Open(r.names[0]); err != nil {
		return err
	}
	r.lines = 0
	r.in, err = snapshotfile.Decompress(r.file)
	return err
}

// readLine returns the next line, without its end, good until the next call;
// io.ErrUnexpectedEOF where the file ends within it.
func (r *Reader) readLine() ([]byte, error) {
	r.line = r.line[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.line = append(r.line, part...)
		switch {
		case len(r.line) > limits.SnapshotBytes.Max:
			limits.SnapshotBytes.Hit()
			return nil, fmt.Errorf("longer than the limit %s", limits.SnapshotBytes.Name)
		case err == nil:
			r.lines++
			return r.line[:len(r.line)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(bytes.TrimSpace(r.line)) > 0:
			return r.lastLine()
		}
		return nil, err
	}
}

// lastLine takes a line without an end. In a file of a person's it is one; in ours
// it is torn, and no JSON.
func (r *Reader) lastLine() ([]byte, error) {
	if _, _, err := parseLine(r.line); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	r.lines++
	return r.line, nil
}

func (r *Reader) at(err error) error {
	return fmt.Errorf("%s, line %d: %w", r.names[0], r.lines, err)
}

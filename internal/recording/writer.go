package recording

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/limits"
)

const (
	// frameBytes of lines are compressed as one frame: enough for the text that all
	// looks share, little enough to lose.
	frameBytes = 1 << 20
	// flushEvery is how long a line waits for others.
	flushEvery = 2 * time.Second
)

// Options of Create.
type Options struct {
	Folder string // made where it is missing
	Head   Head
	// Bytes bound the folder; 0 is limits.RecordBytes.
	Bytes int64
	// OnFault is told once why the recording ended; OnDrop of each file that had to
	// go. Both may be called from any step, and return at once.
	OnFault    func(error)
	OnDrop     func(name string)
	Registerer prometheus.Registerer
}

// Writer records. Its methods may be called concurrently.
type Writer struct {
	options Options
	most    int64 // bytes of a file before the next begins
	metrics *metrics
	encoder *zstd.Encoder

	mu     sync.Mutex
	files  files
	out    *os.File
	size   int64  // of out
	lines  []byte // not compressed yet
	count  int    // of inputs in lines
	frame  []byte // reused
	failed bool
}

// Create begins a recording in the folder, behind what is there. The first file is
// made at once, so that a folder that cannot be written to fails the start.
func Create(o Options) (*Writer, error) {
	if o.Bytes == 0 {
		o.Bytes = int64(limits.RecordBytes.Max)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", o.Folder, err)
	}
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	w := &Writer{options: o, most: min(int64(limits.RecordFileBytes.Max), max(1, o.Bytes/8)), encoder: encoder, metrics: newMetrics(o.Registerer)}
	if w.files, err = listFiles(o.Folder); err != nil {
		return nil, err
	}
	if err := w.nextLocked(); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return w, nil
}

// Record takes the input of a committed step, for Detector.Decided. It never
// fails: what cannot be recorded is counted.
func (w *Writer) Record(in detect.Input) {
	line, err := appendInput(nil, in)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.failed:
		w.metrics.lost.Inc()
	case err != nil:
		// From here on the recording would tell another history.
		w.failLocked(fmt.Errorf("recording %s: %w", w.options.Folder, err))
		w.metrics.lost.Inc()
	default:
		w.lines = append(w.lines, line...)
		if w.count++; len(w.lines) >= frameBytes {
			w.flushLocked()
		}
	}
}

// Run writes what waits, until ctx ends.
func (w *Writer) Run(ctx context.Context) error {
	every := time.NewTicker(flushEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			w.mu.Lock()
			w.flushLocked()
			w.mu.Unlock()
		}
	}
}

// Close writes what waits and closes the file. A fault has gone to OnFault.
func (w *Writer) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushLocked()
	w.closeLocked()
	w.failed = true // nothing may come after
}

// flushLocked compresses the lines into one frame and writes it. A crash within
// the write leaves a frame that is read up to the tear.
func (w *Writer) flushLocked() {
	if w.failed || w.count == 0 {
		return
	}
	w.frame = w.encoder.EncodeAll(w.lines, w.frame[:0])
	n, err := w.out.Write(w.frame)
	w.size += int64(n)
	w.files.last().size = w.size
	if err == nil {
		w.metrics.recorded.Add(float64(w.count))
		w.lines, w.count = w.lines[:0], 0
		if cap(w.lines) > 4*frameBytes {
			w.lines = nil // one huge look does not keep its memory
		}
		if w.size >= w.most {
			if w.closeLocked(); w.failed {
				return
			}
			err = w.nextLocked()
		}
	}
	if err != nil {
		w.failLocked(fmt.Errorf("recording: %w", err))
		return
	}
	w.boundLocked()
}

// failLocked ends the recording; what was recorded so far stays readable.
func (w *Writer) failLocked(err error) {
	if w.failed {
		return
	}
	w.failed = true
	w.metrics.lost.Add(float64(w.count))
	w.lines, w.count = nil, 0
	w.closeLocked()
	if w.options.OnFault != nil {
		w.options.OnFault(err)
	}
}

// nextLocked begins the next file with its head.
func (w *Writer) nextLocked() error {
	name := w.files.next()
	out, err := os.OpenFile(filepath.Join(w.options.Folder, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	head, err := appendHead(nil, w.options.Head)
	n := 0
	if err == nil {
		n, err = out.Write(w.encoder.EncodeAll(head, nil))
	}
	if err != nil {
		return errors.Join(err, out.Close())
	}
	w.out, w.size = out, int64(n)
	w.files.list = append(w.files.list, file{name, w.size})
	return nil
}

func (w *Writer) closeLocked() {
	if w.out == nil {
		return
	}
	// Nothing depends on the sync but how much of the end a power cut takes.
	if err := errors.Join(w.out.Sync(), w.out.Close()); err != nil && !w.failed {
		w.out = nil
		w.failLocked(fmt.Errorf("recording: %w", err))
	}
	w.out = nil
}

// boundLocked drops the oldest files while the folder exceeds its bound (P11); the
// one that is written stays.
func (w *Writer) boundLocked() {
	for w.files.bytes() > w.options.Bytes && len(w.files.list) > 1 {
		oldest := w.files.list[0]
		if err := os.Remove(filepath.Join(w.options.Folder, oldest.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.failLocked(fmt.Errorf("recording: drop the oldest file: %w", err))
			return
		}
		w.files.list = w.files.list[1:]
		limits.RecordBytes.Hit()
		if w.options.OnDrop != nil {
			w.options.OnDrop(oldest.name)
		}
	}
}

package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// The engine record of a host is what its state can be restored from: all its
// facets, compressed, cut into chunks under the keys host, host#1, host#2 and so
// on. It is encoded before the commit and goes out in one transaction with the
// events of the step (P5), so that what is restored is what readers were told.

// facetEngine keeps what is known of the host's engine record; it is not part of it.
const facetEngine = "e"

// engineFormat is the first byte of every chunk.
const engineFormat = 1

// engineMark is the value of facetEngine.
type engineMark struct {
	day      int64 // days since the Unix epoch: when the record was last written
	chunks   int   // how many there were
	restored bool  // diff.State.Restored
}

func (m engineMark) encode() []byte {
	w := &writer{b: []byte{stateFormat}}
	w.int(m.day)
	w.uint(uint64(m.chunks))
	w.bool(m.restored)
	return w.b
}

func decodeMark(r *reader) engineMark {
	return engineMark{day: r.int(), chunks: int(r.uint()), restored: r.bool()}
}

// markOf finds the mark among facets that decodeState has taken.
func markOf(facets []store.Facet) engineMark {
	for _, f := range facets {
		if f.Key == facetEngine {
			return decodeMark(&reader{rest: f.Value[1:]}) // behind the format
		}
	}
	return engineMark{}
}

// engine returns the engine record a step carries, if any, and adds the mark to
// the facets that are committed with it.
func (d *Detector) engine(mark engineMark, facets map[string][]byte, res *diff.Result, at time.Time) (records []schemas.Record) {
	told := len(res.Changes)+len(res.Told)+len(res.Gone) > 0 || res.HostTold || res.HostGone
	if day := dayOf(at); d.Engine && (res.State.Epoch != 0 || res.State.Former != nil) && (told || day != mark.day) {
		records = engineRecords(string(res.State.Host), facets, mark.chunks, d.Shards, at)
		mark.day, mark.chunks = day, len(records)
		for mark.chunks > 0 && records[mark.chunks-1].Value == nil {
			mark.chunks--
		}
	}
	if mark.restored = res.State.Restored; mark != (engineMark{}) {
		facets[facetEngine] = mark.encode()
	}
	return records
}

func dayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// coders are shared; EncodeAll and DecodeAll may be called concurrently.
var coders = sync.OnceValues(func() (*zstd.Encoder, *zstd.Decoder) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	decoder, err2 := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(uint64(limits.EngineBytes.Max)))
	if err := errors.Join(err, err2); err != nil {
		panic(err) // of constant options
	}
	return encoder, decoder
})

// engineRecords encodes the facets of a host, and deletes what is left of a
// record that had more chunks.
func engineRecords(host string, facets map[string][]byte, before, shards int, at time.Time) []schemas.Record {
	w := &writer{}
	w.uint(uint64(len(facets)))
	for _, key := range slices.Sorted(maps.Keys(facets)) {
		w.string(key)
		w.string(string(facets[key]))
	}
	encoder, _ := coders()
	packed := encoder.EncodeAll(w.b, nil)
	sum := sha256.Sum256(packed)
	chunks := slices.Collect(slices.Chunk(packed, limits.EngineChunkBytes.Max))
	records := make([]schemas.Record, 0, max(before, len(chunks)))
	for i := range max(before, len(chunks)) {
		r := schemas.Record{Topic: schemas.Engine, Partition: schemas.Partition(host, shards), Key: engineKey(host, i), Time: at,
			Headers: []schemas.Header{{Key: "content-type", Value: "application/octet-stream"}}}
		if i < len(chunks) {
			w := &writer{b: []byte{engineFormat}}
			w.uint(uint64(len(chunks)))
			w.b = append(append(w.b, sum[:16]...), chunks[i]...)
			r.Value = w.b
		}
		records = append(records, r)
	}
	return records
}

func engineKey(host string, chunk int) string {
	if chunk == 0 {
		return host
	}
	return host + "#" + strconv.Itoa(chunk)
}

// chunk is one piece of an engine record.
type chunk struct {
	of   int    // how many there are
	sum  string // of the whole: pieces of two records do not fit together
	data []byte
}

// ErrNewer: the engine topic was written by a newer portdelta.
var ErrNewer = errors.New("the engine topic is of a newer format")

func parseChunk(key string, value []byte) (host string, number int, c chunk, err error) {
	host, suffix, found := strings.Cut(key, "#")
	if found {
		if number, err = strconv.Atoi(suffix); err != nil || number < 1 {
			return host, 0, c, fmt.Errorf("engine record with key %q: %w", key, errState)
		}
	}
	if value == nil {
		return host, number, c, nil
	}
	r := &reader{rest: value}
	if format := r.byte(); format != engineFormat {
		return host, number, c, fmt.Errorf("%w: %d, this one knows %d; run the portdelta that wrote it, or a newer one", ErrNewer, format, engineFormat)
	}
	c.of = int(r.uint())
	if r.bad || len(r.rest) < 16 || c.of < 1 || c.of > limits.EngineBytes.Max/limits.EngineChunkBytes.Max {
		return host, number, c, fmt.Errorf("engine record with key %q: %w", key, errState)
	}
	c.sum, c.data = hex.EncodeToString(r.rest[:16]), r.rest[16:]
	return host, number, c, nil
}

// unpack puts the chunks of a host together again.
func unpack(host string, chunks map[int]chunk) ([]store.Facet, error) {
	first := chunks[0]
	var packed []byte
	for i := range first.of {
		c, ok := chunks[i]
		if !ok || c.sum != first.sum {
			return nil, fmt.Errorf("engine record of host %s: chunk %d of %d is missing: %w", host, i, first.of, errState)
		}
		packed = append(packed, c.data...)
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:16]) != first.sum {
		return nil, fmt.Errorf("engine record of host %s: %w", host, errState)
	}
	_, decoder := coders()
	plain, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("engine record of host %s: %w: %w", host, errState, err)
	}
	r := &reader{rest: plain}
	facets := make([]store.Facet, 0, r.count())
	for range cap(facets) {
		facets = append(facets, store.Facet{Key: r.string(), Value: []byte(r.string())})
	}
	if err := r.done(); err != nil {
		return nil, fmt.Errorf("engine record of host %s: %w", host, err)
	}
	return facets, nil
}

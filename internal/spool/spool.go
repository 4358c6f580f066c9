// Package spool sorts records by key, more of them than memory holds.
//
// It promises that memory is bounded by RunBytes and the largest record, whatever is
// added (P11), that records of one key come out together and in the order in which
// they were added, and that nothing is left on disk once it is closed. It does not
// survive the process, and knows nothing of what the records mean.
package spool

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
)

// RunBytes is how much is held in memory before it goes to disk, sorted.
const RunBytes = 8 << 20

// Spool takes records, then gives them out. It is for one goroutine.
type Spool struct {
	dir  string
	file *os.File // made once memory is full
	size int64    // of the file
	runs []int64  // where each run in the file ends

	arena   []byte
	entries []entry // of the arena

	heads []*run // by their next record, the smallest first; set once reading has begun
	// What Next gives out: a key and its records, one behind the other.
	group  []byte
	ends   []int
	values [][]byte
}

type entry struct{ key, value, end int } // offsets into the arena

// New returns a spool that keeps what memory does not hold in the folder.
func New(dir string) *Spool { return &Spool{dir: dir} }

// Add takes a record. It must not be called once Next has been.
func (s *Spool) Add(key, value []byte) error {
	if len(s.arena) > 0 && len(s.arena)+len(key)+len(value) > RunBytes {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if s.arena == nil {
		s.arena = make([]byte, 0, RunBytes) // of which only what is used is taken
	}
	e := entry{key: len(s.arena)}
	s.arena = append(s.arena, key...)
	e.value = len(s.arena)
	s.arena = append(s.arena, value...)
	e.end = len(s.arena)
	s.entries = append(s.entries, e)
	return nil
}

func (s *Spool) sort() {
	slices.SortStableFunc(s.entries, func(a, b entry) int {
		return bytes.Compare(s.arena[a.key:a.value], s.arena[b.key:b.value])
	})
}

// flush writes what is in memory to the file as a sorted run.
func (s *Spool) flush() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "portdelta-*.spool")
		if err != nil {
			return fmt.Errorf("temporary file: %w", err)
		}
		s.file = f
	}
	s.sort()
	w := bufio.NewWriterSize(s.file, 256<<10)
	var head [2 * binary.MaxVarintLen64]byte
	for _, e := range s.entries {
		n := binary.PutUvarint(head[:], uint64(e.value-e.key))
		n += binary.PutUvarint(head[n:], uint64(e.end-e.value))
		w.Write(head[:n]) // its error stays and comes with Flush
		w.Write(s.arena[e.key:e.end])
		s.size += int64(n + e.end - e.key)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	s.runs = append(s.runs, s.size)
	s.arena, s.entries = s.arena[:0], s.entries[:0]
	return nil
}

// Next returns the next key and all its records, valid until the next call, or io.EOF.
func (s *Spool) Next() (key []byte, values [][]byte, err error) {
	if s.heads == nil {
		if err := s.begin(); err != nil {
			return nil, nil, err
		}
	}
	if len(s.heads) == 0 {
		return nil, nil, io.EOF
	}
	s.group = append(s.group[:0], s.heads[0].key...)
	n := len(s.group)
	s.ends = s.ends[:0]
	for len(s.heads) > 0 && bytes.Equal(s.heads[0].key, s.group[:n]) {
		s.group = append(s.group, s.heads[0].value...)
		s.ends = append(s.ends, len(s.group))
		if err := s.advance(); err != nil {
			return nil, nil, err
		}
	}
	begin := n
	s.values = s.values[:0]
	for _, end := range s.ends {
		s.values = append(s.values, s.group[begin:end:end])
		begin = end
	}
	return s.group[:n:n], s.values, nil
}

// begin opens every run, and what is still in memory as the last.
func (s *Spool) begin() error {
	s.sort()
	s.heads = make([]*run, 0, len(s.runs)+1)
	start := int64(0)
	for i, end := range s.runs {
		// Many runs share what one may take.
		size := min(max(RunBytes/len(s.runs), 4<<10), 256<<10)
		s.heads = append(s.heads, &run{order: i, r: bufio.NewReaderSize(io.NewSectionReader(s.file, start, end-start), size)})
		start = end
	}
	s.heads = append(s.heads, &run{order: len(s.runs), spool: s})
	open := s.heads[:0]
	for _, r := range s.heads {
		switch err := r.next(); {
		case err == nil:
			open = append(open, r)
		case err != io.EOF:
			return err
		}
	}
	s.heads = open
	slices.SortFunc(s.heads, compareRuns)
	return nil
}

// advance takes the next record of the run that gave the last one.
func (s *Spool) advance() error {
	r := s.heads[0]
	switch err := r.next(); {
	case err == io.EOF:
		s.heads = s.heads[1:]
		return nil
	case err != nil:
		return err
	}
	at, _ := slices.BinarySearchFunc(s.heads[1:], r, compareRuns)
	copy(s.heads, s.heads[1:1+at])
	s.heads[at] = r
	return nil
}

// Close removes what is on disk.
func (s *Spool) Close() error {
	if s.file == nil {
		return nil
	}
	return cmp.Or(s.file.Close(), os.Remove(s.file.Name()))
}

// run is a sorted part that is being read: in the file, or in memory.
type run struct {
	order int
	r     *bufio.Reader // nil: in memory
	spool *Spool
	at    int // the next entry in memory

	buffer, key, value []byte
}

func compareRuns(a, b *run) int {
	return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.order, b.order))
}

func (r *run) next() error {
	if r.r == nil {
		if r.at == len(r.spool.entries) {
			return io.EOF
		}
		e := r.spool.entries[r.at]
		r.at++
		r.key, r.value = r.spool.arena[e.key:e.value], r.spool.arena[e.value:e.end]
		return nil
	}
	keyLen, err := binary.ReadUvarint(r.r)
	if err == io.EOF {
		return io.EOF
	}
	valueLen, err := binary.ReadUvarint(r.r)
	if err == nil {
		r.buffer = slices.Grow(r.buffer[:0], int(keyLen+valueLen))[:keyLen+valueLen]
		_, err = io.ReadFull(r.r, r.buffer)
	}
	if err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	r.key, r.value = r.buffer[:keyLen], r.buffer[keyLen:]
	return nil
}

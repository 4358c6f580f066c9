package kafka

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"pgregory.net/rapid"
)

func recordsAt(offsets ...int64) protocol.RecordReader {
	var records []protocol.Record
	for _, offset := range offsets {
		records = append(records, protocol.Record{Offset: offset, Value: protocol.NewBytes([]byte{byte(offset)})})
	}
	return protocol.NewRecordReader(records...)
}

// data is a batch of a transactional producer; producer 0 writes without one.
func data(producer, base int64, offsets ...int64) protocol.RecordReader {
	b := &protocol.RecordBatch{BaseOffset: base, ProducerID: producer, Records: recordsAt(offsets...)}
	if producer > 0 {
		b.Attributes = protocol.Transactional
	}
	return b
}

func marker(producer, offset int64, kind int16) protocol.RecordReader {
	b := protocol.NewControlBatch(protocol.ControlRecord{Offset: offset, Type: kind, Data: make([]byte, 6)})
	b.Attributes = protocol.Transactional | protocol.Control
	b.BaseOffset, b.ProducerID = offset, producer
	return b
}

func abort(producer, offset int64) protocol.RecordReader  { return marker(producer, offset, 0) }
func commit(producer, offset int64) protocol.RecordReader { return marker(producer, offset, 1) }

func TestCommitted(t *testing.T) {
	type transactions = []fetch.ResponseTransaction
	for name, test := range map[string]struct {
		batches  []protocol.RecordReader
		aborted  transactions
		position int64
		want     []int64
		next     int64
	}{
		"nothing": {next: 0},
		"without transactions": {
			batches: []protocol.RecordReader{data(0, 0, 0, 1), data(0, 2, 2)},
			want:    []int64{0, 1, 2}, next: 3,
		},
		"batch begins before the position": {
			batches:  []protocol.RecordReader{data(0, 0, 0, 1, 2, 3)},
			position: 2, want: []int64{2, 3}, next: 4,
		},
		"committed": {
			batches: []protocol.RecordReader{data(7, 0, 0, 1), commit(7, 2)},
			want:    []int64{0, 1}, next: 3,
		},
		"aborted": {
			batches: []protocol.RecordReader{data(7, 0, 0, 1), abort(7, 2), data(7, 3, 3), commit(7, 4)},
			aborted: transactions{{ProducerID: 7, FirstOffset: 0}},
			want:    []int64{3}, next: 5,
		},
		"aborted twice, given in any order": {
			batches: []protocol.RecordReader{data(7, 0, 0), abort(7, 1), data(7, 2, 2), commit(7, 3), data(7, 4, 4), abort(7, 5)},
			aborted: transactions{{ProducerID: 7, FirstOffset: 4}, {ProducerID: 7, FirstOffset: 0}},
			want:    []int64{2}, next: 6,
		},
		"producers interleaved": {
			batches: []protocol.RecordReader{data(7, 0, 0), data(8, 1, 1), data(0, 2, 2), data(7, 3, 3), commit(8, 4), abort(7, 5)},
			aborted: transactions{{ProducerID: 7, FirstOffset: 0}},
			want:    []int64{1, 2}, next: 6,
		},
		"fetched from the middle of an aborted transaction": {
			batches:  []protocol.RecordReader{data(7, 4, 4, 5), abort(7, 6), data(7, 7, 7)},
			aborted:  transactions{{ProducerID: 7, FirstOffset: 1}},
			position: 4, want: []int64{7}, next: 8,
		},
		"marker of a later response": {
			batches: []protocol.RecordReader{data(7, 0, 0, 1)},
			aborted: transactions{{ProducerID: 7, FirstOffset: 0}},
			next:    2,
		},
		"a record outside transactions of a producer with an aborted one": {
			batches: []protocol.RecordReader{
				data(7, 0, 0),
				&protocol.RecordBatch{BaseOffset: 1, ProducerID: 7, Records: recordsAt(1)},
				abort(7, 2),
			},
			aborted: transactions{{ProducerID: 7, FirstOffset: 0}},
			want:    []int64{1}, next: 3,
		},
		"batch emptied by compaction": {
			batches:  []protocol.RecordReader{data(0, 5)},
			position: 5, next: 6,
		},
		"emptied batch behind a gap": {
			batches:  []protocol.RecordReader{data(0, 9)},
			position: 5, next: 10,
		},
		"end of a batch emptied by compaction": {
			batches:  []protocol.RecordReader{data(0, 3, 3, 4)},
			position: 6, next: 7,
		},
		"emptied batch before a full one": {
			batches:  []protocol.RecordReader{data(0, 5), data(0, 8, 9)},
			position: 5, want: []int64{9}, next: 10,
		},
		"marker emptied by compaction": {
			batches:  []protocol.RecordReader{&protocol.ControlBatch{BaseOffset: 5, ProducerID: 7, Records: recordsAt()}},
			position: 5, next: 6,
		},
		"messages from before Kafka 0.11": {
			batches: []protocol.RecordReader{&protocol.MessageSet{BaseOffset: 0, Records: recordsAt(0, 1)}},
			want:    []int64{0, 1}, next: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &fetch.ResponsePartition{Partition: 3, AbortedTransactions: test.aborted}
			if test.batches != nil {
				p.RecordSet.Records = &protocol.RecordStream{Records: test.batches}
			}
			messages, next, err := committed("t", p, test.position)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, m := range messages {
				got = append(got, m.Offset)
				if m.Topic != "t" || m.Partition != 3 {
					t.Errorf("message of %s/%d, want t/3", m.Topic, m.Partition)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" || next != test.next {
				t.Errorf("next = %d, want %d; offsets (-want +got):\n%s", next, test.next, diff)
			}
		})
	}
}

func TestDamagedBatch(t *testing.T) {
	p := &fetch.ResponsePartition{}
	p.RecordSet.Records = &protocol.RecordStream{Records: []protocol.RecordReader{
		&protocol.ControlBatch{BaseOffset: 4, Records: recordsAt(4)}, // no key to tell its kind
	}}
	_, next, err := committed("t", p, 4)
	if judge(err).class != ClassCorrupt || next != 4 {
		t.Errorf("committed = %d, %v, want to stay at 4 with class %s", next, err, ClassCorrupt)
	}
}

// Law: whatever transactions run side by side, and wherever the log is cut into
// responses, a reader sees exactly the records outside aborted transactions.
func TestCommittedLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			producer int64
			end      int16 // -1: data
		}
		var log []entry
		open := make(map[int64]bool)
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			producer := rapid.Int64Range(0, 3).Draw(t, "producer") // 0 writes outside transactions
			if producer > 0 && open[producer] && rapid.Bool().Draw(t, "ends") {
				log = append(log, entry{producer, int16(rapid.IntRange(0, 1).Draw(t, "kind"))})
				open[producer] = false
				continue
			}
			log = append(log, entry{producer, -1})
			open[producer] = true
		}
		for producer := range open { // the broker shows nothing of open transactions
			if producer > 0 && open[producer] {
				log = append(log, entry{producer, 1})
			}
		}
		var want []int64
		var aborted []fetch.ResponseTransaction
		first := make(map[int64]int64)
		fate := make([]int16, len(log))
		next := make(map[int64]int16)
		for i, e := range slices.Backward(log) {
			if e.end >= 0 {
				next[e.producer] = e.end
			}
			fate[i] = next[e.producer]
		}
		for i, e := range log {
			offset := int64(i)
			if e.end < 0 {
				if _, ok := first[e.producer]; !ok {
					first[e.producer] = offset
				}
				if e.producer == 0 || fate[i] == 1 {
					want = append(want, offset)
				}
				continue
			}
			if begin, ok := first[e.producer]; ok && e.end == abortMarker {
				aborted = append(aborted, fetch.ResponseTransaction{ProducerID: e.producer, FirstOffset: begin})
			}
			delete(first, e.producer)
		}

		var got []int64
		position := int64(0)
		for position < int64(len(log)) {
			size := rapid.Int64Range(1, int64(len(log))-position).Draw(t, "size")
			var batches []protocol.RecordReader
			for offset := position; offset < position+size; offset++ {
				if e := log[offset]; e.end < 0 {
					batches = append(batches, data(e.producer, offset, offset))
				} else {
					batches = append(batches, marker(e.producer, offset, e.end))
				}
			}
			p := &fetch.ResponsePartition{}
			p.RecordSet.Records = &protocol.RecordStream{Records: batches}
			// A broker lists the aborted transactions that overlap what it returns.
			for _, a := range aborted {
				end := slices.IndexFunc(log[a.FirstOffset:], func(e entry) bool { return e.producer == a.ProducerID && e.end >= 0 })
				if a.FirstOffset < position+size && a.FirstOffset+int64(end) >= position {
					p.AbortedTransactions = append(p.AbortedTransactions, a)
				}
			}
			messages, after, err := committed("t", p, position)
			if err != nil {
				t.Fatal(err)
			}
			if after != position+size {
				t.Fatalf("next = %d, want %d", after, position+size)
			}
			for _, m := range messages {
				got = append(got, m.Offset)
			}
			position = after
		}
		if !slices.Equal(got, want) {
			t.Fatalf("read %v, want %v of %+v", got, want, log)
		}
	})
}

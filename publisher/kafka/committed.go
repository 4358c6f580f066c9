package kafka

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/portdelta/portdelta/schemas"
)

// Message is one record as a reader sees it. It owns its memory.
type Message struct {
	Topic     string // the full name
	Partition int
	Offset    int64
	Key       []byte
	Value     []byte // nil is a tombstone
	Headers   []schemas.Header
	Time      time.Time
}

// abortMarker is the type of the control record that ends an aborted transaction
// (https://kafka.apache.org/documentation/#controlbatch).
const abortMarker = 0

// committed picks from a fetched partition what a read_committed reader may see
// from position on, in order, and says where to fetch next.
//
// A broker asked with isolation level read_committed returns nothing beyond the
// last stable offset, but it does return the records of aborted transactions,
// with a list of them: producer id and first offset. A producer's records are
// aborted from such an offset to its next abort marker (KIP-98). Markers
// themselves are nobody's to see.
func committed(topic string, p *fetch.ResponsePartition, position int64) (messages []Message, next int64, err error) {
	next = position
	batches, ok := p.RecordSet.Records.(*protocol.RecordStream)
	if !ok {
		return nil, next, nil // nothing new
	}
	filter := newAbortFilter(p.AbortedTransactions)
	for _, batch := range batches.Records {
		var keep bool
		var base int64
		switch b := batch.(type) {
		case *protocol.ControlBatch:
			if next, err = filter.marker(b, next); err != nil {
				return nil, position, damaged(b.BaseOffset, err)
			}
			continue
		case *protocol.RecordBatch:
			base, keep = b.BaseOffset, !filter.aborted(b)
		case *protocol.MessageSet: // from before Kafka 0.11, which had no transactions
			base, keep = b.BaseOffset, true
		default:
			return nil, position, damaged(next, fmt.Errorf("batch of unknown kind %T", b))
		}
		before := next
		for {
			r, err := batch.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, position, damaged(base, err)
			}
			m, err := message(r)
			if err != nil {
				return nil, position, damaged(r.Offset, err)
			}
			next = max(next, r.Offset+1)
			if keep && r.Offset >= position { // a batch may begin before the position asked for
				m.Topic, m.Partition = topic, int(p.Partition)
				messages = append(messages, m)
			}
		}
		if next == before {
			// Compaction emptied this batch, or its end. How far it reaches is not
			// known, kafka-go does not tell: one step on, or it is fetched for ever.
			next = max(next, base) + 1
		}
	}
	return messages, next, nil
}

func damaged(offset int64, err error) error {
	return fmt.Errorf("%w: at offset %d: %w", kafka.InvalidMessage, offset, err)
}

// message copies a record out of the shared pages and gives these back.
func message(r *protocol.Record) (Message, error) {
	key, err := take(r.Key)
	if err != nil {
		return Message{}, err
	}
	value, err := take(r.Value)
	if err != nil {
		return Message{}, err
	}
	m := Message{Offset: r.Offset, Key: key, Value: value, Time: r.Time.UTC()}
	for _, h := range r.Headers {
		m.Headers = append(m.Headers, schemas.Header{Key: h.Key, Value: string(h.Value)})
	}
	return m, nil
}

func take(b protocol.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	data, err := protocol.ReadAll(b)
	return data, errors.Join(err, b.Close())
}

// abortFilter knows, while the batches of one response pass in order, whose
// records belong to an aborted transaction.
type abortFilter struct {
	ahead []fetch.ResponseTransaction // not reached yet, by first offset
	open  map[int64]bool              // producers inside an aborted transaction
}

func newAbortFilter(aborted []fetch.ResponseTransaction) *abortFilter {
	ahead := slices.Clone(aborted)
	slices.SortFunc(ahead, func(a, b fetch.ResponseTransaction) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	return &abortFilter{ahead: ahead, open: make(map[int64]bool)}
}

// reach opens the aborted transactions that begin at or before an offset.
func (f *abortFilter) reach(offset int64) {
	for len(f.ahead) > 0 && f.ahead[0].FirstOffset <= offset {
		f.open[f.ahead[0].ProducerID] = true
		f.ahead = f.ahead[1:]
	}
}

func (f *abortFilter) aborted(b *protocol.RecordBatch) bool {
	f.reach(b.BaseOffset)
	return b.Attributes.Transactional() && f.open[b.ProducerID]
}

// marker takes note of a transaction's end and returns the offset behind it.
func (f *abortFilter) marker(b *protocol.ControlBatch, next int64) (int64, error) {
	f.reach(b.BaseOffset)
	record, err := b.ReadControlRecord()
	if errors.Is(err, io.EOF) { // compacted away, and its transaction with it
		return max(next, b.BaseOffset+1), nil
	}
	if err != nil {
		return next, err
	}
	if record.Type == abortMarker {
		delete(f.open, b.ProducerID)
	}
	return max(next, record.Offset+1), nil
}

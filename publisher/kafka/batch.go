package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/portdelta/portdelta/schemas"
)

// Where the fields of a record batch lie, from the batch's first byte
// (https://kafka.apache.org/documentation/#recordbatch). kafka-go's encoder
// writes the size of the batch before it, in 4 bytes.
const (
	sizePrefix   = 4
	atLength     = 8
	atMagic      = 16
	atCRC        = 17
	atAttributes = 21 // the checksum covers everything from here on
	atProducerID = 43
	atEpoch      = 51
	atSequence   = 53
	atCount      = 57
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batch is a record batch in its final bytes, but for the producer's identity.
type batch struct {
	raw     []byte // with the size before it
	count   int32
	entries []schemas.Entry // what it holds
}

// compression of every batch: it costs little CPU, and every reader knows it.
const compression = kafka.Snappy

// encodeBatch encodes the records, once for all tries. kafka-go leaves producer
// id, epoch and sequence at "none"; stamp fills them in.
func encodeBatch(entries []schemas.Entry, transactional bool) (*batch, error) {
	records := make([]kafka.Record, len(entries))
	for i := range entries {
		records[i] = record(&entries[i].Record)
	}
	set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(compression), Records: kafka.NewRecordReader(records...)}
	if transactional {
		set.Attributes |= protocol.Transactional
	}
	var buffer bytes.Buffer
	if _, err := set.WriteTo(&buffer); err != nil {
		return nil, fmt.Errorf("encode a batch of %d records: %w", len(entries), err)
	}
	b := &batch{raw: buffer.Bytes(), count: int32(len(entries)), entries: entries}
	// Were kafka-go to lay a batch out differently, stamp would write into
	// somebody's record.
	if len(b.raw) < sizePrefix+batchOverhead {
		return nil, fmt.Errorf("encode a batch: %d bytes are no batch", len(b.raw))
	}
	h := b.raw[sizePrefix:]
	if h[atMagic] != 2 || int(binary.BigEndian.Uint32(h[atLength:])) != len(h)-(atLength+4) ||
		binary.BigEndian.Uint32(h[atCRC:]) != crc32.Checksum(h[atAttributes:], castagnoli) ||
		int32(binary.BigEndian.Uint32(h[atCount:])) != b.count {
		return nil, fmt.Errorf("encode a batch: kafka-go's layout is not the one of format 2")
	}
	return b, nil
}

// stamp writes identity and sequence into the batch and computes its checksum
// anew. It may be called again for another identity.
func (b *batch) stamp(id identity, sequence int32) {
	h := b.raw[sizePrefix:]
	binary.BigEndian.PutUint64(h[atProducerID:], uint64(id.producer))
	binary.BigEndian.PutUint16(h[atEpoch:], uint16(id.epoch))
	binary.BigEndian.PutUint32(h[atSequence:], uint32(sequence))
	binary.BigEndian.PutUint32(h[atCRC:], crc32.Checksum(h[atAttributes:], castagnoli))
}

// identity is a producer as the brokers know it.
type identity struct {
	producer int64
	epoch    int16
}

// nobody asks the coordinator for an identity.
var nobody = identity{-1, -1}

// nextSequence counts on, as Kafka does, from 2147483647 to 0.
func nextSequence(sequence, count int32) int32 {
	return int32((int64(sequence) + int64(count)) & 0x7fffffff)
}

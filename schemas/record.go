package schemas

import (
	"encoding/binary"
	"errors"
	"time"
)

// Topic is a topic by its role; its full name is Name(prefix).
type Topic string

// The public topics. All have the same number of partitions.
const (
	Changes    Topic = "changes"
	Lifecycles Topic = "lifecycle"
	State      Topic = "state"
)

// The private topics, of instances that publish exactly once. Their records are
// no part of the contract with readers.
const (
	Engine   Topic = "engine"   // what a host's state is restored from
	Progress Topic = "progress" // how far a shard is published, and by whom
)

// Name is the topic's name on the broker: "portdelta.changes.v1" for the prefix "portdelta".
func (t Topic) Name(prefix string) string { return prefix + "." + string(t) + ".v1" }

// Header is one record header.
type Header struct{ Key, Value string }

// Record is one Kafka record as it will be sent, byte for byte: it is encoded
// before the commit that decides it (P5).
type Record struct {
	Topic     Topic
	Partition int
	Key       string
	Value     []byte // nil is a tombstone, on State and Engine only
	Headers   []Header
	Time      time.Time // Kafka timestamp, milliseconds
}

// Entry is a record in the outbox. Positions of a shard count up from 1.
type Entry struct {
	Position uint64
	Record   Record
}

// SameStep says whether two records that follow one another in an outbox may have
// been committed as one step: all of a step have one time. Steps of one millisecond
// count as one.
func SameStep(a, b *Record) bool { return a.Time.Equal(b.Time) }

var errRecord = errors.New("outbox record is damaged")

const recordFormat = 1

// AppendBinary appends the record in the form the outbox keeps. It never fails.
func (r *Record) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, recordFormat)
	b = appendString(b, string(r.Topic))
	b = binary.AppendUvarint(b, uint64(r.Partition))
	b = binary.AppendVarint(b, r.Time.UnixMilli())
	b = appendString(b, r.Key)
	b = binary.AppendUvarint(b, uint64(len(r.Headers)))
	for _, h := range r.Headers {
		b = appendString(appendString(b, h.Key), h.Value)
	}
	if r.Value == nil {
		return append(b, 0), nil
	}
	return append(append(b, 1), r.Value...), nil
}

// UnmarshalBinary reads what AppendBinary wrote; the value aliases data.
func (r *Record) UnmarshalBinary(data []byte) error {
	d := decoder{rest: data}
	if d.byte() != recordFormat {
		return errRecord
	}
	*r = Record{Topic: Topic(d.string()), Partition: int(d.uvarint()), Time: time.UnixMilli(d.varint()).UTC(), Key: d.string()}
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		return errRecord
	}
	for range n {
		r.Headers = append(r.Headers, Header{d.string(), d.string()})
	}
	switch hasValue := d.byte(); {
	case d.bad || hasValue > 1 || hasValue == 0 && len(d.rest) > 0:
		return errRecord
	case hasValue == 1:
		r.Value = d.rest
	}
	return nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decoder reads the pieces of a record; after the first fault it returns zeros.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.rest) {
		d.bad = true
		return nil
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.take(n)
	if n <= 0 {
		d.bad = true
	}
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	d.take(n)
	if n <= 0 {
		d.bad = true
	}
	return v
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return ""
	}
	return string(d.take(int(n)))
}

package kafka

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// Progress is how far a shard is published, and by whom: one record a shard on
// the progress topic, written in the same transaction as what it speaks of, so
// that it is true exactly where the transaction was committed (P6).
type Progress struct {
	V           int    `json:"v"`
	Source      string `json:"source"` // the CloudEvents source: whose topics these are
	Shard       int    `json:"shard"`
	Incarnation string `json:"incarnation"` // of the store whose outbox was published
	Instance    string `json:"instance"`    // machine and process, for people
	Run         string `json:"run"`         // of the process: no two have the same

	// ProducerID and Epoch are those of the transaction.
	ProducerID int64 `json:"producerId"`
	Epoch      int16 `json:"epoch"`

	// Position is the last position of that store's outbox that is published;
	// Checksum is of the record there, empty where this store published none.
	Position uint64 `json:"position"`
	Checksum string `json:"checksum"`
	// Restored is false from a take-over until the local state is whole: a store
	// that finds its own name with false holds half a state.
	Restored bool `json:"restored"`

	Checkpoint Chain `json:"checkpoint"`

	// At is the record's Kafka timestamp.
	At time.Time `json:"-"`
}

// progressVersion is the `v` of a progress record.
const progressVersion = 1

// ErrOther says that the topics are not for this instance: they belong to another
// tenant, or a newer portdelta wrote them.
var ErrOther = errors.New("the topics are not this instance's to write")

func (p *Progress) record(at time.Time) (schemas.Record, error) {
	value, err := json.Marshal(p)
	return schemas.Record{
		Topic: schemas.Progress, Partition: p.Shard, Key: strconv.Itoa(p.Shard), Value: value,
		Headers: []schemas.Header{{Key: "content-type", Value: "application/json"}}, Time: at,
	}, err
}

func parseProgress(m *Message, source string) (*Progress, error) {
	p := &Progress{At: m.Time}
	if err := json.Unmarshal(m.Value, p); err != nil {
		return nil, fmt.Errorf("progress record of partition %d at offset %d is damaged: %w", m.Partition, m.Offset, err)
	}
	switch {
	case p.V != progressVersion:
		return nil, fmt.Errorf("%w: progress record of version %d, this one knows %d; run the portdelta that wrote it, or a newer one", ErrOther, p.V, progressVersion)
	case p.Source != source:
		return nil, fmt.Errorf("%w: they are of %s, configured is %s; set source.tenant to that of the topics, or choose another topics.prefix",
			ErrOther, bounded(p.Source), source)
	case p.Shard != m.Partition:
		return nil, fmt.Errorf("progress record of partition %d at offset %d is of shard %d", m.Partition, m.Offset, p.Shard)
	}
	return p, nil
}

// Checksum of an outbox record, as a Progress holds it.
func Checksum(r *schemas.Record) string {
	b, _ := r.AppendBinary(nil) // never fails
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// readProgress reads a shard's progress record; nil where there is none.
func (t *Transactional) readProgress(ctx context.Context, s *txnShard) (*Progress, *Error) {
	last, failure := t.client.last(ctx, schemas.Progress, s.number)
	if failure != nil || last == nil {
		return nil, failure
	}
	p, err := parseProgress(last, t.owner.Source)
	if err != nil {
		return nil, &Error{what: "read the progress of shard " + strconv.Itoa(s.number), v: verdict{class: ClassRejected, fatal: true, then: give}, cause: err}
	}
	return p, nil
}

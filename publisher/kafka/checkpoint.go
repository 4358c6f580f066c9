package kafka

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// A shard.checkpoint is told so often where change events were published since
// the last one (contract section 3).
const (
	checkpointEvery  = 5 * time.Minute
	checkpointEvents = 10_000
)

// Chain is the rolling digest over the ids of a partition's change events, from
// which a reader proves that he has them all: digest n is the first 16 bytes of
// SHA-256 over digest n-1 and id n, digest 0 is zero (contract section 3).
type Chain struct {
	Count  uint64 `json:"count"`
	UpTo   string `json:"upTo"`   // id of the last event; empty at the start
	Digest string `json:"digest"` // 32 hexadecimal digits

	// Told is Count at the last shard.checkpoint, At when that was.
	Told uint64    `json:"told"`
	At   time.Time `json:"at"`
}

const chainStart = "00000000000000000000000000000000"

// add takes the next change event.
func (c *Chain) add(id string) {
	digest, _ := hex.DecodeString(c.Digest)
	event, _ := hex.DecodeString(id) // an id of ours is 32 hexadecimal digits
	sum := sha256.Sum256(append(digest, event...))
	c.Count, c.UpTo, c.Digest = c.Count+1, id, hex.EncodeToString(sum[:16])
}

// due says whether a checkpoint is to be told.
func (c *Chain) due(now time.Time) bool {
	return c.Count > c.Told && (c.Count-c.Told >= checkpointEvents || now.Sub(c.At) >= checkpointEvery)
}

// event is the checkpoint as a record, and the chain after it.
func (c Chain) event(source string, shard int, now time.Time) (schemas.Record, Chain, error) {
	record, err := schemas.ShardRecord(schemas.ShardCheckpoint, source, shard, now,
		schemas.CheckpointDetails{Shard: shard, Count: c.Count, UpTo: c.UpTo, Digest: c.Digest})
	c.Told, c.At = c.Count, now
	return record, c, err
}

// eventID is the id of a change event, "" of any other record.
func eventID(r *schemas.Record) string {
	if r.Topic != schemas.Changes {
		return ""
	}
	for _, h := range r.Headers {
		if h.Key == "ce_id" {
			return h.Value
		}
	}
	return ""
}

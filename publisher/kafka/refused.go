package kafka

import (
	"fmt"

	"github.com/portdelta/portdelta/schemas"
)

// refuses takes note of a batch the broker does not take. Batches are halved until
// the record at fault is alone; that one goes out again without its values, under
// the same id and seq, so that seq has no gap (P6). What cannot be cut blocks the
// shard, aloud: a person has to mend the topic.
func (t *Transactional) refuses(s *txnShard, b *batch, failure *Error) {
	if b.count > 1 {
		s.most = max(1, s.largest/2)
		return
	}
	record := &b.entries[0].Record
	why := failure.v.class
	if _, err := schemas.CutRecord(*record, why); err != nil {
		topic := record.Topic.Name(t.client.config.Prefix)
		failure.v.hint = fmt.Sprintf("a record of %d bytes is at fault; look at the settings of the topic, for instance: %s",
			size(b.entries), alter(t.client.config.Brokers, topic, "max.message.bytes", maxMessageBytes))
		return
	}
	if s.refused == nil {
		s.refused = make(map[string]string)
	}
	s.refused[Checksum(record)] = why
	if t.Refused != nil {
		t.Refused(eventID(record), why)
	}
}

// cut replaces the records the broker has refused.
func (s *txnShard) cut(records []schemas.Record) {
	if len(s.refused) == 0 {
		return
	}
	for i := range records {
		if why, ok := s.refused[Checksum(&records[i])]; ok {
			if cut, err := schemas.CutRecord(records[i], why); err == nil { // tried before
				records[i] = cut
			}
		}
	}
}

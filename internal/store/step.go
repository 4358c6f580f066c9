package store

import (
	"fmt"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// Step is what one look, the passing of time, or one event of the process, changes.
type Step struct {
	Shard int
	// Host whose facets are put and deleted; empty for a process-wide step, which
	// has records alone and no version.
	Host string
	// Expect is the version Load returned.
	Expect uint64
	Put    []Facet
	Delete []string // keys of facets; one that is not there is no error
	// Due is when the host wants a step that no look brings, zero for never. What
	// stands in the index of due hosts may be earlier, never later: the host is
	// then due once in vain, and the index is not written with every look.
	Due time.Time
	// Ticked says that this is the step the index called for: the host moves on to Due.
	Ticked bool
	// Shared are values of the shard as a whole, put with the step. They have no
	// version: whoever writes them is alone with the shard.
	Shared []Facet
	// Outbox is what is to be published, in this order.
	Outbox []schemas.Record
}

// encode returns the records as the outbox keeps them, with room for the check,
// and the bytes they will take there.
func encode(outbox []schemas.Record) (records [][]byte, size int64, err error) {
	if len(outbox) == 0 {
		return nil, 0, nil
	}
	records = make([][]byte, len(outbox))
	for i := range outbox {
		record := &outbox[i]
		b := make([]byte, 0, len(record.Value)+len(record.Key)+512)
		if records[i], err = record.AppendBinary(b); err != nil {
			return nil, 0, err
		}
		size += outboxBytes(len(records[i]) + checkBytes)
	}
	return records, size, nil
}

// outboxBytes is what a sealed record counts: its key and its value.
func outboxBytes(sealed int) int64 { return int64(11 + sealed) }

// urgent says whether the step may use the reserve of the outbox.
func urgent(step *Step) bool {
	if step.Host == "" {
		return true
	}
	for i := range step.Outbox {
		if step.Outbox[i].Topic != schemas.Lifecycles {
			return false
		}
	}
	return true
}

// checkStep refuses what would break the keys or the count of facets.
func (s *Store) checkStep(step *Step) error {
	if s.readOnly {
		return fmt.Errorf("store %s: is open read-only", s.path)
	}
	for _, f := range step.Shared {
		if f.Key == "" || len(f.Key) > maxName {
			return fmt.Errorf("store %s: a shared value's name has 1 to %d bytes, not %d", s.path, maxName, len(f.Key))
		}
	}
	if step.Host == "" {
		if len(step.Put)+len(step.Delete) > 0 || step.Expect != 0 || step.Ticked {
			return fmt.Errorf("store %s: a step without host has facets or a version", s.path)
		}
		return nil
	}
	if err := s.checkHost(step.Host); err != nil {
		return err
	}
	seen := make(map[string]struct{}, len(step.Put)+len(step.Delete))
	name := func(key string) error {
		if key == "" || len(key) > maxName {
			return fmt.Errorf("store %s: a facet key has 1 to %d bytes, not %d", s.path, maxName, len(key))
		}
		if _, twice := seen[key]; twice {
			return fmt.Errorf("store %s: host %s: facet %x is in the step twice", s.path, step.Host, key)
		}
		seen[key] = struct{}{}
		return nil
	}
	for _, f := range step.Put {
		if err := name(f.Key); err != nil {
			return err
		}
	}
	for _, key := range step.Delete {
		if err := name(key); err != nil {
			return err
		}
	}
	return nil
}

package publisher

import (
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

// steps reads what is sent next: whole steps, up to the limits of a batch, or one
// that is longer alone. A step that were cut in two transactions could be half
// published when its owner dies for good; the next one, which knows nothing of the
// other half, would decide it anew and tell the first half twice (P6).
func (p *Publisher) steps(s *shard) ([]schemas.Entry, error) {
	entries, err := p.outbox.Read(s.number, s.after, limits.PublishRecords.Max, limits.PublishBytes.Max)
	size := 0
	for whole := 0; err == nil && len(entries) > 0; {
		for i := whole; i < len(entries); i++ {
			size += len(entries[i].Record.Value)
		}
		last := &entries[len(entries)-1]
		var more []schemas.Entry
		if more, err = p.outbox.Read(s.number, last.Position, 1, 1); err != nil {
			break
		}
		if len(more) == 0 || !schemas.SameStep(&last.Record, &more[0].Record) {
			return entries, nil
		}
		if n := lastStep(entries); n > 0 {
			return entries[:n], nil
		}
		if size >= limits.StepBytes.Max {
			limits.StepBytes.Hit()
			return entries, nil
		}
		whole = len(entries)
		if more, err = p.outbox.Read(s.number, last.Position, limits.PublishRecords.Max, limits.PublishBytes.Max); err == nil {
			entries = append(entries, more...)
		}
	}
	return entries, err
}

// lastStep is the index at which the last step of the entries begins.
func lastStep(entries []schemas.Entry) int {
	i := len(entries) - 1
	for i > 0 && schemas.SameStep(&entries[i-1].Record, &entries[i].Record) {
		i--
	}
	return i
}

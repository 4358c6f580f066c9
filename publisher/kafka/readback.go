package kafka

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/portdelta/portdelta/schemas"
)

// ReadPartition calls fn for every committed record of a partition, in order, up
// to its last stable offset now: what it reads a start or take-over builds on, so
// it may neither show a record of an aborted transaction nor stop short. The end
// is a position, since the last offset is a marker's, which nobody is shown.
func (c *Client) ReadPartition(ctx context.Context, topic schemas.Topic, partition int, fn func(Message) error) error {
	_, failure := c.readFrom(ctx, topic, partition, func(begin, _ int64) int64 { return begin }, fn)
	if failure != nil {
		return failure
	}
	return nil
}

// readFrom reads from the offset that from chooses between the partition's first
// and its last stable offset, and returns how many records there were.
func (c *Client) readFrom(ctx context.Context, topic schemas.Topic, partition int, from func(begin, end int64) int64, fn func(Message) error) (int, *Error) {
	name := topic.Name(c.config.Prefix)
	what := fmt.Sprintf("read %s/%d", name, partition)
	r := &reader{client: c, topic: name, partition: partition, log: zap.NewNop()}
	var end int64
	failure := c.try(ctx, what, func(ctx context.Context) (err error) {
		var begin int64
		if begin, end, err = r.locate(ctx, Beginning); err == nil {
			r.position = from(begin, end)
		}
		return err
	})
	count := 0
	for failure == nil && r.position < end {
		var messages []Message
		failure = c.try(ctx, what, func(ctx context.Context) (err error) {
			var next int64
			if messages, next, err = r.fetch(ctx); err == nil {
				r.position = next
			}
			return err
		})
		for _, m := range messages {
			if m.Offset >= end {
				break // committed since: not part of what was asked for
			}
			count++
			if err := fn(m); err != nil {
				return count, &Error{what: what, v: verdict{class: ClassRejected, fatal: true, then: give}, cause: err}
			}
		}
	}
	return count, failure
}

// lastWindow is how many offsets before the end last looks at first: a progress
// record is written with every transaction.
const lastWindow = 256

// last returns the last committed record of a partition, or nil where there is
// none. It looks at the end first, and further back only where that held nothing
// but markers and aborted records.
func (c *Client) last(ctx context.Context, topic schemas.Topic, partition int) (*Message, *Error) {
	var found *Message
	for window := int64(lastWindow); ; window *= 16 {
		all := false
		_, failure := c.readFrom(ctx, topic, partition, func(begin, end int64) int64 {
			start := max(begin, end-window)
			all = start == begin
			return start
		}, func(m Message) error {
			found = &m
			return nil
		})
		if failure != nil || found != nil || all {
			return found, failure
		}
	}
}

package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

const (
	fetchWait    = 500 * time.Millisecond // the broker answers sooner when there is something
	retryFirst   = 100 * time.Millisecond
	retryMost    = 5 * time.Second
	noticePeriod = 30 * time.Second
)

// Start is where reading begins: Beginning, End, or At a time.
type Start int64

// The ends of a partition, as the ListOffsets request numbers them.
const (
	Beginning = Start(kafka.FirstOffset)
	End       = Start(kafka.LastOffset)
)

// At begins with the first record of each partition that is not older than t.
func At(t time.Time) Start { return Start(max(0, t.UnixMilli())) }

// TailOptions say what to read.
type TailOptions struct {
	Topic schemas.Topic
	From  Start
	// UntilEnd stops at what was committed when Tail began; else it goes on until
	// ctx ends.
	UntilEnd bool
	Logger   *zap.Logger // not nil; hears of outages and of records that retention took first
}

// Tail calls fn for each committed record of a topic: one call at a time, each
// partition in order, no order between partitions. Records of aborted and open
// transactions are not shown. It reads through outages and moves of leaders. It
// returns nil at the end (UntilEnd) or when ctx ends, the error of fn as it is,
// and an *Error where the topic cannot be read at all.
func (c *Client) Tail(ctx context.Context, options TailOptions, fn func(Message) error) error {
	topic := options.Topic.Name(c.config.Prefix)
	partitions, err := c.layout(ctx, []string{topic})
	if err != nil {
		return err
	}
	count, ok := partitions[topic]
	if !ok {
		return c.failure("read topic "+topic, kafka.UnknownTopicOrPartition)
	}
	if count < 0 {
		return c.failure("read topic "+topic, kafka.LeaderNotAvailable)
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	notices := &rate.Sometimes{First: 1, Interval: noticePeriod}
	arrived := make(chan []Message)
	for i := range count {
		r := &reader{client: c, topic: topic, partition: i, log: options.Logger, notices: notices}
		group.Go(func() error { return r.run(ctx, options, arrived) })
	}
	finished := make(chan error, 1)
	go func() {
		finished <- group.Wait()
		close(arrived)
	}()
	var refused error
	for messages := range arrived { // to the end: no reader is left behind in a send
		for _, m := range messages {
			if refused != nil {
				break
			}
			if refused = fn(m); refused != nil {
				stop()
			}
		}
	}
	if err := <-finished; refused == nil {
		return err
	}
	return refused
}

// reader reads one partition.
type reader struct {
	client    *Client
	topic     string
	partition int
	log       *zap.Logger
	notices   *rate.Sometimes // shared: one line a period, however many partitions wait

	position int64 // of the next fetch
	failures int   // in a row
}

// run ends with nil at the end or when ctx ends.
func (r *reader) run(ctx context.Context, options TailOptions, arrived chan<- []Message) error {
	var end int64
	for located := false; !located; {
		var err error
		r.position, end, err = r.locate(ctx, options.From)
		if err := r.settle(ctx, err); err != nil {
			return ignoreEnd(ctx, err)
		}
		located = err == nil
	}
	// The last offset below the end is often a marker, which is never shown: the
	// position decides, not the last record seen.
	for !options.UntilEnd || r.position < end {
		messages, next, err := r.fetch(ctx)
		if errors.Is(err, kafka.OffsetOutOfRange) {
			err = r.startOver(ctx)
			messages, next = nil, r.position
		}
		if err := r.settle(ctx, err); err != nil {
			return ignoreEnd(ctx, err)
		}
		if err != nil {
			continue
		}
		r.position = next
		if len(messages) == 0 {
			continue
		}
		select {
		case arrived <- messages:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// settle takes the outcome of a request: after a failure it waits, and returns
// an error only if there is nothing to wait for.
func (r *reader) settle(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		r.failures = 0
		return nil
	}
	failure := r.client.failure(fmt.Sprintf("read %s/%d", r.topic, r.partition), err)
	if failure.v.fatal || failure.v.class == ClassUnauthorized {
		return failure
	}
	r.notices.Do(func() { r.log.Warn("reading waits and is retried", zap.Error(failure)) })
	pause := min(retryMost, retryFirst<<min(r.failures, 10))
	r.failures++
	return sleep(ctx, pause/2+rand.N(pause/2))
}

// locate finds the offset to begin with, and the end of what is committed now.
func (r *reader) locate(ctx context.Context, from Start) (begin, end int64, err error) {
	asked := []kafka.OffsetRequest{kafka.LastOffsetOf(r.partition)}
	if from != End {
		asked = append(asked, kafka.OffsetRequest{Partition: r.partition, Timestamp: int64(from)})
	}
	answer, err := r.client.api.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics:         map[string][]kafka.OffsetRequest{r.topic: asked},
		IsolationLevel: kafka.ReadCommitted, // the end is the last stable offset
	})
	if err != nil {
		return 0, 0, r.client.explain(ctx, r.topic, err)
	}
	if len(answer.Topics[r.topic]) != 1 {
		return 0, 0, kafka.UnknownTopicOrPartition
	}
	found := answer.Topics[r.topic][0]
	if found.Error != nil {
		return 0, 0, found.Error
	}
	end = found.LastOffset
	switch from {
	case End:
		return end, end, nil
	case Beginning:
		return found.FirstOffset, end, nil
	}
	for offset := range found.Offsets {
		if offset >= 0 { // -1: nothing is that young
			return offset, end, nil
		}
	}
	return end, end, nil
}

// startOver goes to the partition's first offset: retention or compaction took
// what was to be read next, or the topic was made anew.
func (r *reader) startOver(ctx context.Context) error {
	begin, _, err := r.locate(ctx, Beginning)
	if err != nil {
		return err
	}
	r.log.Warn("the next record to read is gone, reading goes on at the oldest",
		zap.String("topic", r.topic), zap.Int("partition", r.partition),
		zap.Int64("lost", r.position), zap.Int64("oldest", begin))
	r.position = begin
	return nil
}

func (r *reader) fetch(ctx context.Context) (messages []Message, next int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.client.config.RequestTimeout)
	defer cancel()
	answer, err := r.client.transport.RoundTrip(ctx, r.client.addr, &fetch.Request{
		ReplicaID:      -1, // a consumer
		MaxWaitTime:    int32(fetchWait.Milliseconds()),
		MinBytes:       1,
		MaxBytes:       int32(limits.TailFetchBytes.Max),
		IsolationLevel: int8(kafka.ReadCommitted),
		SessionEpoch:   -1, // no fetch session (KIP-227)
		Topics: []fetch.RequestTopic{{
			Topic: r.topic,
			Partitions: []fetch.RequestPartition{{
				Partition:          int32(r.partition),
				CurrentLeaderEpoch: -1,
				FetchOffset:        r.position,
				LogStartOffset:     -1,
				PartitionMaxBytes:  int32(limits.TailFetchBytes.Max),
			}},
		}},
	})
	if err != nil {
		return nil, 0, r.client.explain(ctx, r.topic, err)
	}
	response := answer.(*fetch.Response)
	if response.ErrorCode != 0 {
		return nil, 0, kafka.Error(response.ErrorCode)
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return nil, r.position, nil // throttled: an answer without content
	}
	partition := &response.Topics[0].Partitions[0]
	if partition.ErrorCode != 0 {
		return nil, 0, kafka.Error(partition.ErrorCode)
	}
	return committed(r.topic, partition, r.position)
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

package kafka

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

const (
	// retryBudget is how long one request of a transaction is tried before its
	// outcome counts as unknown: less than the transaction may last.
	retryBudget = 5 * time.Second
	// attemptTimeout bounds one try: an answer that takes longer is unknown.
	attemptTimeout = 10 * time.Second
	// The pause between two tries doubles. The first is what waiting out the last
	// transaction's markers takes.
	againFirst = 2 * time.Millisecond
	againMost  = 200 * time.Millisecond
)

// try sends a request until it is answered, with the same bytes, within the
// budget. what names it in the error, whose verdict says what to do.
func (c *Client) try(ctx context.Context, what string, request func(context.Context) error) *Error {
	deadline := time.Now().Add(retryBudget)
	for pause := againFirst; ; pause = min(2*pause, againMost) {
		attempt, cancel := context.WithTimeout(ctx, min(attemptTimeout, c.config.RequestTimeout))
		err := request(attempt)
		cancel()
		if err == nil {
			return nil
		}
		failure := c.failure(what, err)
		if failure.v.then == again && ctx.Err() == nil {
			if time.Now().Before(deadline) && sleep(ctx, pause) == nil {
				continue
			}
			failure.v.then = unknown
		}
		return failure
	}
}

// initProducer asks for an identity: with nobody, a new one of the transactional
// id, which fences whoever had it; with the identity held, its next epoch. Either
// settles the id's open transaction first: what was to be committed is, the rest
// is aborted.
func (c *Client) initProducer(ctx context.Context, transactionalID string, timeout time.Duration, held identity) (identity, *Error) {
	var got identity
	failure := c.try(ctx, "take the transactional id "+transactionalID, func(ctx context.Context) error {
		answer, err := c.api.InitProducerID(ctx, &kafka.InitProducerIDRequest{
			TransactionalID:      transactionalID,
			TransactionTimeoutMs: int(timeout.Milliseconds()),
			ProducerID:           int(held.producer),
			ProducerEpoch:        int(held.epoch),
		})
		if err != nil {
			return err
		}
		got = identity{int64(answer.Producer.ProducerID), int16(answer.Producer.ProducerEpoch)}
		return answer.Error
	})
	return got, failure
}

// addPartitions makes the partitions part of the transaction.
func (c *Client) addPartitions(ctx context.Context, transactionalID string, id identity, partitions []partBatches) *Error {
	topics := make(map[string][]kafka.AddPartitionToTxn)
	for _, p := range partitions {
		topics[p.topic] = append(topics[p.topic], kafka.AddPartitionToTxn{Partition: p.partition})
	}
	return c.try(ctx, "begin a transaction of "+transactionalID, func(ctx context.Context) error {
		answer, err := c.api.AddPartitionsToTxn(ctx, &kafka.AddPartitionsToTxnRequest{
			TransactionalID: transactionalID, ProducerID: int(id.producer), ProducerEpoch: int(id.epoch), Topics: topics,
		})
		if err != nil {
			return err
		}
		var worst error
		for _, partitions := range answer.Topics {
			for _, p := range partitions {
				// "Not attempted" stands where another partition was refused.
				if p.Error != nil && (worst == nil || worst == error(operationNotAttempted)) {
					worst = p.Error
				}
			}
		}
		return worst
	})
}

const operationNotAttempted kafka.Error = 55

// endTransaction commits. It may be sent again: a second commit of one epoch is
// no error, and a late one of an older epoch is refused.
func (c *Client) endTransaction(ctx context.Context, transactionalID string, id identity) *Error {
	return c.try(ctx, "commit a transaction of "+transactionalID, func(ctx context.Context) error {
		answer, err := c.api.EndTxn(ctx, &kafka.EndTxnRequest{
			TransactionalID: transactionalID, ProducerID: int(id.producer), ProducerEpoch: int(id.epoch), Committed: true,
		})
		if err != nil {
			return err
		}
		return answer.Error
	})
}

// partBatches is what one partition gets, in order.
type partBatches struct {
	topic     string
	partition int
	batches   []*batch
	sequence  int32 // of the next batch
}

// part is one batch on its way.
type part struct {
	topic     string
	partition int
	leader    int
	batch     *batch
}

// produceParts sends one batch to each partition: a request to each leader, one
// after the other, since a broker verifies one request of a transaction at a time
// and refuses those beside it.
func (c *Client) produceParts(ctx context.Context, transactionalID string, parts []part) *Error {
	for len(parts) > 0 {
		what := fmt.Sprintf("produce to %s/%d", parts[0].topic, parts[0].partition)
		var sent int
		failure := c.try(ctx, what, func(ctx context.Context) error {
			if err := c.leaders(ctx, parts); err != nil {
				return err
			}
			slices.SortStableFunc(parts, func(a, b part) int { return a.leader - b.leader })
			sent = 1
			for sent < len(parts) && parts[sent].leader == parts[0].leader {
				sent++
			}
			return c.produceTo(ctx, transactionalID, parts[:sent])
		})
		if failure != nil {
			return failure
		}
		parts = parts[sent:]
	}
	return nil
}

// produceTo sends one request with a batch for each of the partitions, which
// have one leader. The broker may have taken some of the batches when it refuses
// another; sent again they are known by their sequence.
func (c *Client) produceTo(ctx context.Context, transactionalID string, parts []part) error {
	request := &rawproduce.Request{TransactionalID: transactionalID, Acks: int16(kafka.RequireAll), Timeout: int32(c.config.RequestTimeout.Milliseconds())}
	for _, p := range parts {
		request.Topics = append(request.Topics, rawproduce.RequestTopic{Topic: p.topic, Partitions: []rawproduce.RequestPartition{{
			Partition: int32(p.partition),
			RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(p.batch.raw)},
		}}})
	}
	answer, err := c.transport.RoundTrip(ctx, c.addr, request)
	if err != nil {
		return c.explain(ctx, parts[0].topic, err)
	}
	answered := 0
	for _, topic := range answer.(*produce.Response).Topics {
		for _, p := range topic.Partitions {
			if p.ErrorCode != 0 {
				return &refusal{kafka.Error(p.ErrorCode), topic.Topic}
			}
			answered++
		}
	}
	if answered != len(parts) {
		return fmt.Errorf("the broker answered for %d of %d partitions", answered, len(parts))
	}
	return nil
}

// refusal is a batch that was not taken, by its topic.
type refusal struct {
	code  kafka.Error
	topic string
}

func (r *refusal) Error() string { return r.code.Error() }
func (r *refusal) Unwrap() error { return r.code }

// leaders looks up who leads each partition. The transport answers from the
// picture it has, and routes by the same one.
func (c *Client) leaders(ctx context.Context, parts []part) error {
	var names []string
	for _, p := range parts {
		if !slices.Contains(names, p.topic) {
			names = append(names, p.topic)
		}
	}
	answer, err := c.api.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
	if err != nil {
		return err
	}
	for i := range parts {
		p := &parts[i]
		p.leader = -1
		for _, topic := range answer.Topics {
			if topic.Name != p.topic {
				continue
			}
			if topic.Error != nil {
				return topic.Error
			}
			for _, partition := range topic.Partitions {
				if partition.ID == p.partition && partition.Error == nil {
					p.leader = partition.Leader.ID
				}
			}
		}
		if p.leader < 0 {
			return protocol.NewErrNoLeader(p.topic, int32(p.partition))
		}
	}
	return nil
}

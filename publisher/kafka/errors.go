package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

// The classes of failure, the closed list of words for metrics and readiness.
const (
	ClassUnreachable  = "unreachable"         // no connection, or it broke
	ClassTimeout      = "timeout"             // no answer in time: the outcome is unknown
	ClassNoLeader     = "no_leader"           // the partition moves, or its broker is away
	ClassUnknownTopic = "unknown_topic"       // missing, or without that partition
	ClassReplicas     = "not_enough_replicas" // below min.insync.replicas
	ClassTooLarge     = "too_large"           // one record above max.message.bytes
	ClassUnauthorized = "unauthorized"        // an access rule of the cluster
	ClassThrottled    = "throttled"           // a quota of the cluster
	ClassStorage      = "broker_storage"      // the broker's disk
	ClassRejected     = "rejected"            // the broker does not take this record
	ClassCorrupt      = "corrupt"             // a batch that arrived damaged
	ClassUnsupported  = "unsupported"         // the broker is too old, or too new
	ClassFenced       = "fenced"              // another producer has this one's transactional id
	ClassSequence     = "sequence"            // the broker's picture of the producer is not ours
	ClassBroker       = "broker_error"        // any other answer of the broker
)

// then is what a transaction does about an answer. A plain request knows
// nothing of it.
type then int

const (
	// rebuild: the transaction did not go through, and that is known. A new epoch
	// aborts what is left of it; it is sent again as new batches.
	rebuild then = iota
	// again: the same request with the same bytes, within the request's budget.
	again
	// unknown: it may have gone through. Only a new epoch, which settles it, and
	// then the progress record can tell. It is never aborted.
	unknown
	// fenced: somebody else has the transactional id, or the coordinator ended
	// the transaction for its age. The progress record tells which.
	fenced
	// give: no retry of this process can succeed.
	give
)

// verdict is what a failure means.
type verdict struct {
	class string
	stale bool   // our picture of the cluster may be wrong: refresh it
	fatal bool   // no retry of this process can succeed
	then  then   // within a transaction
	hint  string // what a person can do
}

// codes says what the broker's error codes mean. The numbers and names are those
// of https://kafka.apache.org/protocol#protocol_error_codes. What a person can put
// right at the cluster while we run is retried for ever, aloud; fatal is only
// what needs another program or another login.
var codes = map[kafka.Error]verdict{
	kafka.InvalidMessage:               {class: ClassCorrupt},
	kafka.UnknownTopicOrPartition:      {class: ClassUnknownTopic, stale: true, then: again, hint: "run: portdelta topics check"},
	kafka.LeaderNotAvailable:           {class: ClassNoLeader, stale: true, then: again},
	kafka.NotLeaderForPartition:        {class: ClassNoLeader, stale: true, then: again},
	kafka.RequestTimedOut:              {class: ClassTimeout, then: again},
	kafka.BrokerNotAvailable:           {class: ClassUnreachable, stale: true, then: again},
	kafka.ReplicaNotAvailable:          {class: ClassNoLeader, stale: true, then: again},
	kafka.MessageSizeTooLarge:          {class: ClassTooLarge},
	kafka.NetworkException:             {class: ClassUnreachable, stale: true, then: again},
	kafka.GroupLoadInProgress:          {class: ClassNoLeader, then: again}, // the transaction coordinator loads
	kafka.GroupCoordinatorNotAvailable: {class: ClassNoLeader, then: again},
	kafka.NotCoordinatorForGroup:       {class: ClassNoLeader, stale: true, then: again},
	kafka.RecordListTooLarge:           {class: ClassTooLarge},
	kafka.NotEnoughReplicas:            {class: ClassReplicas, then: again}, // also: could not verify the transaction (KAFKA-15459)
	kafka.NotEnoughReplicasAfterAppend: {class: ClassReplicas, then: again},
	kafka.IllegalGeneration:            {class: ClassFenced, then: fenced},
	kafka.UnknownMemberId:              {class: ClassFenced, then: fenced},
	kafka.TopicAuthorizationFailed:     {class: ClassUnauthorized, hint: "grant Read, Write, Describe and DescribeConfigs on the topic"},
	kafka.ClusterAuthorizationFailed:   {class: ClassUnauthorized, fatal: true, then: give, hint: "grant this client access to the cluster"},
	kafka.InvalidTimestamp:             {class: ClassRejected, hint: "compare this machine's clock with the broker's"},
	kafka.UnsupportedVersion:           {class: ClassUnsupported, fatal: true, then: give, hint: "Kafka 2.5 or newer is needed, or kafka.delivery: at_least_once"},
	kafka.UnsupportedForMessageFormat:  {class: ClassUnsupported, fatal: true, then: give, hint: "the topic needs message format 2"},
	kafka.PolicyViolation:              {class: ClassRejected},
	kafka.OutOfOrderSequenceNumber:     {class: ClassSequence},
	kafka.DuplicateSequenceNumber:      {class: ClassSequence},
	kafka.InvalidProducerEpoch:         {class: ClassFenced, then: fenced},
	kafka.InvalidTransactionState:      {class: ClassSequence},
	kafka.InvalidProducerIDMapping:     {class: ClassSequence}, // the transactional id expired
	kafka.InvalidTransactionTimeout:    {class: ClassUnsupported, fatal: true, then: give, hint: "raise the brokers' transaction.max.timeout.ms to 30000 at least"},
	kafka.ConcurrentTransactions:       {class: ClassThrottled, then: again}, // the last transaction's markers are being written
	kafka.TransactionCoordinatorFenced: {class: ClassNoLeader, stale: true, then: unknown},
	kafka.TransactionalIDAuthorizationFailed: {class: ClassUnauthorized, fatal: true, then: give,
		hint: "grant Write and Describe on the transactional ids that begin with topics.prefix, or set kafka.delivery: at_least_once"},
	kafka.KafkaStorageError:       {class: ClassStorage, stale: true, then: again},
	kafka.UnknownProducerId:       {class: ClassSequence},
	kafka.FencedLeaderEpoch:       {class: ClassNoLeader, stale: true, then: again},
	kafka.UnknownLeaderEpoch:      {class: ClassNoLeader, stale: true, then: again},
	kafka.OffsetNotAvailable:      {class: ClassNoLeader, stale: true, then: again},
	kafka.FencedInstanceID:        {class: ClassFenced, then: fenced},
	kafka.InvalidRecord:           {class: ClassRejected},
	kafka.ThrottlingQuotaExceeded: {class: ClassThrottled, then: again},
	kafka.ProducerFenced:          {class: ClassFenced, then: fenced},
	transactionAbortable:          {class: ClassBroker},
}

// transactionAbortable is a code kafka-go has no name for (KIP-890).
const transactionAbortable kafka.Error = 120

// judge finds the verdict on an error of kafka-go.
func judge(err error) verdict {
	if code, ok := errors.AsType[kafka.Error](err); ok {
		if v, ok := codes[code]; ok {
			return v
		}
		return verdict{class: ClassBroker, then: unknown}
	}
	switch {
	case errors.Is(err, protocol.ErrNoTopic), errors.Is(err, protocol.ErrNoPartition):
		return codes[kafka.UnknownTopicOrPartition]
	case errors.Is(err, protocol.ErrNoLeader):
		return codes[kafka.LeaderNotAvailable]
	case errors.Is(err, context.DeadlineExceeded):
		return verdict{class: ClassTimeout, stale: true, then: unknown}
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return verdict{class: ClassTimeout, stale: true, then: unknown}
	}
	// What remains is the connection: refused, reset, closed, no such host, or an
	// answer that could not be decoded, after which it is closed.
	return verdict{class: ClassUnreachable, stale: true, then: again}
}

// Error is a request that failed. Its text holds nothing the broker wrote, so it
// is fit for a log.
type Error struct {
	what  string
	v     verdict
	cause error
	rest  []schemas.Entry
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s: %s", e.what, e.v.class, plain(e.cause))
	if e.v.hint != "" {
		text += "; " + e.v.hint
	}
	return text
}

func (e *Error) Unwrap() error { return e.cause }

// Class is one of the Class constants.
func (e *Error) Class() string { return e.v.class }

// Fatal tells that no retry of this process can succeed.
func (e *Error) Fatal() bool { return e.v.fatal }

// Rest is what Produce does not know to be acknowledged, in order. It is empty
// for other requests.
func (e *Error) Rest() []schemas.Entry { return e.rest }

// plain is an error's text without kafka-go's wrapping, and without what the
// broker added to its code: that is outside text.
func plain(err error) string {
	if code, ok := errors.AsType[kafka.Error](err); ok {
		return code.Error()
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the broker closed the connection"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op // names our own address and the system's reason
	}
	text := err.Error()
	return text[:min(len(text), limits.ErrorBytes.Max)]
}

// failure judges an error of kafka-go and acts on what it means for our picture
// of the cluster. what names the request.
func (c *Client) failure(what string, err error) *Error {
	v := judge(err)
	if v.class == ClassUnreachable && v.hint == "" {
		v.hint = "check the brokers' addresses (kafka.bootstrap_servers, --brokers), and that one of them runs"
	}
	if v.stale {
		c.refresh()
	}
	return &Error{what: what, v: v, cause: err}
}

// explain replaces kafka-go's "topic not found" and "broker not available" by the
// reason why it knows no topics and no controller, where it never reached a broker.
func (c *Client) explain(ctx context.Context, topic string, err error) error {
	if !errors.Is(err, protocol.ErrNoTopic) && !errors.Is(err, protocol.ErrNoPartition) && !errors.Is(err, kafka.BrokerNotAvailable) {
		return err
	}
	if _, reason := c.api.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}}); reason != nil {
		return reason
	}
	return err
}

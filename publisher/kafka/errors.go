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
	ClassBroker       = "broker_error"        // any other answer of the broker
)

// verdict is what a failure means.
type verdict struct {
	class string
	stale bool   // our picture of the cluster may be wrong: refresh it
	fatal bool   // no retry of this process can succeed
	hint  string // what a person can do
}

// codes says what the broker's error codes mean to one who produces or fetches
// without transactions. The numbers and names are those of
// https://kafka.apache.org/protocol#protocol_error_codes. What a person can put
// right at the cluster while we run is retried for ever, aloud; fatal is only
// what needs another program or another login.
var codes = map[kafka.Error]verdict{
	kafka.InvalidMessage:               {class: ClassCorrupt},
	kafka.UnknownTopicOrPartition:      {class: ClassUnknownTopic, stale: true, hint: "run: portdelta topics check"},
	kafka.LeaderNotAvailable:           {class: ClassNoLeader, stale: true},
	kafka.NotLeaderForPartition:        {class: ClassNoLeader, stale: true},
	kafka.RequestTimedOut:              {class: ClassTimeout},
	kafka.BrokerNotAvailable:           {class: ClassUnreachable, stale: true},
	kafka.ReplicaNotAvailable:          {class: ClassNoLeader, stale: true},
	kafka.MessageSizeTooLarge:          {class: ClassTooLarge},
	kafka.NetworkException:             {class: ClassUnreachable, stale: true},
	kafka.RecordListTooLarge:           {class: ClassTooLarge},
	kafka.NotEnoughReplicas:            {class: ClassReplicas},
	kafka.NotEnoughReplicasAfterAppend: {class: ClassReplicas},
	kafka.TopicAuthorizationFailed:     {class: ClassUnauthorized, hint: "grant Read, Write, Describe and DescribeConfigs on the topic"},
	kafka.ClusterAuthorizationFailed:   {class: ClassUnauthorized, fatal: true, hint: "grant this client access to the cluster"},
	kafka.InvalidTimestamp:             {class: ClassRejected, hint: "compare this machine's clock with the broker's"},
	kafka.UnsupportedVersion:           {class: ClassUnsupported, fatal: true, hint: "Kafka 2.4 or newer is needed"},
	kafka.UnsupportedForMessageFormat:  {class: ClassUnsupported, fatal: true, hint: "the topic needs message format 2"},
	kafka.PolicyViolation:              {class: ClassRejected},
	kafka.KafkaStorageError:            {class: ClassStorage, stale: true},
	kafka.FencedLeaderEpoch:            {class: ClassNoLeader, stale: true},
	kafka.UnknownLeaderEpoch:           {class: ClassNoLeader, stale: true},
	kafka.OffsetNotAvailable:           {class: ClassNoLeader, stale: true},
	kafka.InvalidRecord:                {class: ClassRejected},
	kafka.ThrottlingQuotaExceeded:      {class: ClassThrottled},
}

// judge finds the verdict on an error of kafka-go.
func judge(err error) verdict {
	if code, ok := errors.AsType[kafka.Error](err); ok {
		if v, ok := codes[code]; ok {
			return v
		}
		return verdict{class: ClassBroker}
	}
	switch {
	case errors.Is(err, protocol.ErrNoTopic), errors.Is(err, protocol.ErrNoPartition):
		return codes[kafka.UnknownTopicOrPartition]
	case errors.Is(err, protocol.ErrNoLeader):
		return codes[kafka.LeaderNotAvailable]
	case errors.Is(err, context.DeadlineExceeded):
		return verdict{class: ClassTimeout, stale: true}
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return verdict{class: ClassTimeout, stale: true}
	}
	// What remains is the connection: refused, reset, closed, no such host, or an
	// answer that could not be decoded, after which it is closed.
	return verdict{class: ClassUnreachable, stale: true}
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

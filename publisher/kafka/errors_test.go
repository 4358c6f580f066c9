package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		err   error
		class string
		stale bool
		fatal bool
	}{
		{kafka.NotLeaderForPartition, ClassNoLeader, true, false},
		{kafka.NotEnoughReplicas, ClassReplicas, false, false},
		{kafka.NotEnoughReplicasAfterAppend, ClassReplicas, false, false},
		{kafka.RequestTimedOut, ClassTimeout, false, false},
		{kafka.TopicAuthorizationFailed, ClassUnauthorized, false, false},
		{kafka.ClusterAuthorizationFailed, ClassUnauthorized, false, true},
		{kafka.UnsupportedVersion, ClassUnsupported, false, true},
		{kafka.Error(120), ClassBroker, false, false},
		{kafka.Unknown, ClassBroker, false, false},
		{fmt.Errorf("%w: text of the broker", kafka.PolicyViolation), ClassRejected, false, false},
		{protocol.NewErrNoTopic("t"), ClassUnknownTopic, true, false},
		{protocol.NewErrNoPartition("t", 1), ClassUnknownTopic, true, false},
		{protocol.NewErrNoLeader("t", 1), ClassNoLeader, true, false},
		{fmt.Errorf("wrapped: %w", context.DeadlineExceeded), ClassTimeout, true, false},
		{errors.New("connection reset"), ClassUnreachable, true, false},
	} {
		v := judge(test.err)
		if v.class != test.class || v.stale != test.stale || v.fatal != test.fatal {
			t.Errorf("judge(%v) = %+v, want %s, stale %v, fatal %v", test.err, v, test.class, test.stale, test.fatal)
		}
	}
}

// What a broker writes about its error is outside text: it must not reach a log.
func TestErrorTextHoldsNothingOfTheBroker(t *testing.T) {
	client := newClient(t, closedPort(t))
	err := client.failure("produce to t/1", fmt.Errorf("%w: \x1b[31mhostile", kafka.PolicyViolation))
	if text := err.Error(); strings.Contains(text, "hostile") || !strings.HasPrefix(text, "produce to t/1: rejected: [44] Policy Violation") {
		t.Errorf("text is %q", text)
	}
	long := client.failure("x", errors.New(strings.Repeat("a", 10_000)))
	if n := len(long.Error()); n > 400 {
		t.Errorf("an error's text has %d bytes", n)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		want   string
	}{
		"no broker":         {Config{}, "kafka.bootstrap_servers"},
		"no port":           {Config{Brokers: []string{"kafka.example.com"}}, "is not host:port"},
		"prefix":            {Config{Brokers: []string{"127.0.0.1:9092"}, Prefix: "port delta"}, "topics.prefix"},
		"no prefix":         {Config{Brokers: []string{"127.0.0.1:9092"}}, "topics.prefix"},
		"security protocol": {Config{Brokers: []string{"127.0.0.1:9092"}, Prefix: "p", SecurityProtocol: "SASL_SSL"}, "use PLAINTEXT"},
	} {
		if _, err := New(test.config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: New = %v, want an error with %q", name, err, test.want)
		}
	}
}

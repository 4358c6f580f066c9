package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/portdelta/portdelta/schemas"
)

const day = 24 * time.Hour

const (
	retention       = 30 * day
	deleteRetention = 7 * day   // a reader of the state may be away so long
	compactionLag   = time.Hour // and one that bootstraps has so long
	maxMessageBytes = "1048588" // Kafka's default, said so that a lower one of the cluster does not apply
)

// Setting is one setting of a topic.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TopicSpec is one topic as it must be.
type TopicSpec struct {
	Name        string    `json:"name"`
	Partitions  int       `json:"partitions"`
	Replication int       `json:"replication"` // -1: the cluster's default
	Settings    []Setting `json:"settings"`
}

func (s *TopicSpec) setting(name string) string {
	for _, setting := range s.Settings {
		if setting.Name == name {
			return setting.Value
		}
	}
	return ""
}

// Plan is the topics with the client's prefix, one partition count for all. Replication 0 leaves the factor to the cluster; from 3 on two replicas
// must hold a record before it counts as acknowledged.
func (c *Client) Plan(partitions, replication int) []TopicSpec {
	var plan []TopicSpec
	for _, topic := range c.topics {
		spec := TopicSpec{Name: topic.Name(c.config.Prefix), Partitions: partitions, Replication: replication}
		if topic != schemas.Changes && topic != schemas.Lifecycles {
			spec.Settings = []Setting{
				{"cleanup.policy", "compact"},
				{"delete.retention.ms", milliseconds(deleteRetention)},
				{"min.compaction.lag.ms", milliseconds(compactionLag)},
			}
		} else {
			spec.Settings = []Setting{
				{"cleanup.policy", "delete"},
				{"retention.ms", milliseconds(retention)},
			}
		}
		spec.Settings = append(spec.Settings, Setting{"max.message.bytes", maxMessageBytes})
		if replication == 0 {
			spec.Replication = -1
		}
		if replication >= 3 {
			spec.Settings = append(spec.Settings, Setting{"min.insync.replicas", "2"})
		}
		plan = append(plan, spec)
	}
	return plan
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Create creates the topics of the plan that do not exist, waits until they can
// be used, and returns their names. It changes no topic that exists: Check tells
// what is wrong with those.
func (c *Client) Create(ctx context.Context, plan []TopicSpec) ([]string, error) {
	configs := make([]kafka.TopicConfig, len(plan))
	names := make([]string, len(plan))
	for i, spec := range plan {
		names[i] = spec.Name
		configs[i] = kafka.TopicConfig{Topic: spec.Name, NumPartitions: spec.Partitions, ReplicationFactor: spec.Replication}
		for _, s := range spec.Settings {
			configs[i].ConfigEntries = append(configs[i].ConfigEntries, kafka.ConfigEntry{ConfigName: s.Name, ConfigValue: s.Value})
		}
	}
	answer, err := c.api.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: configs})
	if err != nil {
		return nil, c.failure("create topics", c.explain(ctx, names[0], err))
	}
	var created []string
	var failed []error
	for _, name := range names {
		switch err := answer.Errors[name]; {
		case err == nil:
			created = append(created, name)
		case !errors.Is(err, kafka.TopicAlreadyExists):
			failure := c.failure("create topic "+name, err)
			failure.v.hint = createHint(err)
			failed = append(failed, failure)
		}
	}
	if err := errors.Join(failed...); err != nil {
		return created, err
	}
	return created, c.waitUsable(ctx, names)
}

func createHint(err error) string {
	switch {
	case errors.Is(err, kafka.InvalidReplicationFactor):
		return "the cluster has fewer brokers than replicas are asked for"
	case errors.Is(err, kafka.TopicAuthorizationFailed), errors.Is(err, kafka.ClusterAuthorizationFailed):
		return "grant Create on the cluster, or have an administrator create what `portdelta topics plan` shows"
	case errors.Is(err, kafka.InvalidTopic):
		return "choose another topics.prefix"
	}
	return ""
}

// waitUsable waits until the leader of every partition answers for it: creation
// is acknowledged before the brokers have heard of it, and a broker is named
// leader a moment before it knows.
func (c *Client) waitUsable(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.RequestTimeout)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		partitions, err := c.layout(ctx, names)
		if err != nil {
			return err
		}
		waiting := ""
		for _, name := range names {
			if !c.answers(ctx, name, partitions[name]) {
				waiting = name
			}
		}
		if waiting == "" {
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("topic %s is created but cannot be used yet: %w", waiting, err)
		}
	}
}

// answers asks the leader of each partition for an offset.
func (c *Client) answers(ctx context.Context, topic string, partitions int) bool {
	if partitions <= 0 {
		return false
	}
	request := make([]kafka.OffsetRequest, partitions)
	for i := range request {
		request[i] = kafka.LastOffsetOf(i)
	}
	answer, err := c.api.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: request}})
	if err != nil {
		return false
	}
	for _, p := range answer.Topics[topic] {
		if p.Error != nil {
			return false
		}
	}
	return len(answer.Topics[topic]) == partitions
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Package kafka speaks to Kafka for portdelta through kafka-go: it produces what
// the publisher hands it, plans, creates and checks the topics, and reads them
// back as a read_committed consumer does.
//
// It promises that a batch is reported as sent only when all in-sync replicas
// have acknowledged it, that a record goes to the partition it names, that a
// Transactional publishes each position of an outbox exactly once (P6), and that
// Tail never shows a record of an aborted transaction. It does not retry
// producing: publisher does. kafka-go's Reader is not used: its read_committed
// filters nothing (segmentio/kafka-go#1332). Nor is its Writer, which chooses
// batches and retries by itself.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/portdelta/portdelta/schemas"
)

const (
	defaultDialTimeout    = 5 * time.Second
	defaultRequestTimeout = 30 * time.Second

	// refreshPause is the least time between two forced refreshes, so that many
	// shards that meet one change of leader ask for it once.
	refreshPause = time.Second
)

// publicTopics and privateTopics in the order they are planned and shown.
var (
	publicTopics  = []schemas.Topic{schemas.Changes, schemas.Lifecycles, schemas.State}
	privateTopics = []schemas.Topic{schemas.Engine, schemas.Progress}
)

// prefixes is what Kafka allows in a topic's name, of 249 characters at most
// (org.apache.kafka.common.internals.Topic), with room for our own part.
var prefixes = regexp.MustCompile(`^[A-Za-z0-9._-]{1,200}$`)

// Config says which cluster, and as whom.
type Config struct {
	Brokers          []string // host:port; one that answers is enough
	SecurityProtocol string   // PLAINTEXT, which "" also means
	Prefix           string   // of the topics' names
	ClientID         string   // shown in the broker's logs and quotas
	ExactlyOnce      bool     // the private topics are used, planned and checked too

	// DialTimeout bounds a connection's making, RequestTimeout one request from
	// its sending to its answer. 0 means 5 s and 30 s.
	DialTimeout, RequestTimeout time.Duration
}

// Client is a pool of connections to one cluster. All methods may be called
// concurrently.
type Client struct {
	config    Config
	topics    []schemas.Topic
	addr      net.Addr
	transport *kafka.Transport
	api       *kafka.Client

	mu        sync.Mutex
	refreshed time.Time
}

// New checks the configuration; it connects to nothing yet. Close the client.
func New(config Config) (*Client, error) {
	if len(config.Brokers) == 0 {
		return nil, errors.New("no Kafka broker is named: set kafka.bootstrap_servers")
	}
	for _, broker := range config.Brokers {
		if _, _, err := net.SplitHostPort(broker); err != nil {
			return nil, fmt.Errorf("broker %q of kafka.bootstrap_servers is not host:port: %w", broker, err)
		}
	}
	if !prefixes.MatchString(config.Prefix) {
		return nil, fmt.Errorf("topic prefix %q is not made of 1 to 200 letters, digits, dots, underscores and hyphens: set topics.prefix", config.Prefix)
	}
	if p := config.SecurityProtocol; p != "" && p != "PLAINTEXT" {
		return nil, fmt.Errorf("kafka.security_protocol %q is not supported: use PLAINTEXT", p)
	}
	if config.DialTimeout == 0 {
		config.DialTimeout = defaultDialTimeout
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = defaultRequestTimeout
	}
	topics := slices.Clone(publicTopics)
	if config.ExactlyOnce {
		topics = append(topics, privateTopics...)
	}
	names := make([]string, len(topics))
	for i, topic := range topics {
		names[i] = topic.Name(config.Prefix)
	}
	transport := &kafka.Transport{
		DialTimeout:    config.DialTimeout,
		ClientID:       config.ClientID,
		MetadataTopics: names, // else every topic of the cluster is asked for, again and again
	}
	addr := kafka.TCP(config.Brokers...)
	return &Client{
		config:    config,
		topics:    topics,
		addr:      addr,
		transport: transport,
		api:       &kafka.Client{Addr: addr, Timeout: config.RequestTimeout, Transport: transport},
	}, nil
}

// Close closes the connections that are idle now, and those in use once their
// request ends.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// refresh makes the next request learn the cluster's layout anew; at most once
// in refreshPause. kafka-go has no call for it and otherwise waits for seconds;
// dropping its pool is the one way to the same end.
func (c *Client) refresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.refreshed) < refreshPause {
		return
	}
	c.refreshed = time.Now()
	c.transport.CloseIdleConnections()
}

// layout reads, past every cache, how many partitions the topics have; a topic
// that does not exist is not in the answer, one without leaders yet has -1.
func (c *Client) layout(ctx context.Context, names []string) (map[string]int, error) {
	c.transport.CloseIdleConnections()
	answer, err := c.api.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
	if err != nil {
		return nil, c.failure("read the cluster's layout", err)
	}
	partitions := make(map[string]int, len(names))
	for _, topic := range answer.Topics {
		switch {
		case errors.Is(topic.Error, kafka.UnknownTopicOrPartition):
			continue
		case errors.Is(topic.Error, kafka.LeaderNotAvailable):
			partitions[topic.Name] = -1
			continue
		case topic.Error != nil:
			return nil, c.failure("read the layout of topic "+topic.Name, topic.Error)
		}
		partitions[topic.Name] = len(topic.Partitions)
		for _, p := range topic.Partitions {
			if errors.Is(p.Error, kafka.LeaderNotAvailable) {
				partitions[topic.Name] = -1
			}
		}
	}
	return partitions, nil
}

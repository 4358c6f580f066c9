package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

// kind is what a key's value is, in the words of messages and of the docs.
type kind string

const (
	text     kind = "text"
	list     kind = "list of texts"
	number   kind = "number"
	whole    kind = "whole number"
	flag     kind = "true or false"
	duration kind = "duration"
)

// a is the kind as a message wants it: "must be a duration".
func (k kind) a() string {
	if k == flag {
		return string(k)
	}
	return "a " + string(k)
}

// key is one row of the table: everything the loader, the docs and their test
// know of a configuration key.
type key struct {
	path string // dotted, as it stands in the file
	kind kind
	// put sets the value from text, or says what is wrong with it. For a list it
	// sets item i, and item 0 begins the list anew.
	put func(c *Config, i int, value string) error
	// show is the value as it would stand in the file. Showing a key of the
	// embedded broker chooses it, so c is best a copy.
	show func(c *Config) string
}

// env is the variable that overrides the key.
func (k key) env() string {
	return "PORTDELTA_" + strings.ToUpper(strings.ReplaceAll(k.path, ".", "_"))
}

// keys is the table, in the order of the file. host judges one entry of
// watch.hosts.
func keys(host func(string) error) []key {
	return []key{
		textKey("source.kind", func(c *Config) *string { return &c.Source.Kind }, oneOf("graph")),
		textKey("source.tenant", func(c *Config) *string { return &c.Source.Tenant }, tenant),
		textKey("source.graph.base_url", func(c *Config) *string { return &c.Source.Graph.BaseURL }, baseURL),
		textKey("source.graph.auth.kind", func(c *Config) *string { return &c.Source.Graph.Auth.Kind }, oneOf("default", "none")),
		listKey("watch.hosts", func(c *Config) *[]string { return &c.Watch.Hosts }, host),
		listKey("watch.files", func(c *Config) *[]string { return &c.Watch.Files }, filePath),
		maxAgeKey("watch.tiers.default.max_age", func(c *Config) *Tier { return &c.Watch.Tiers.Default }),
		numberKey("schedule.budget_per_second", func(c *Config) *float64 { return &c.Schedule.BudgetPerSecond }),
		durationKey("detect.vanish_after", func(c *Config) *time.Duration { return &c.Detect.VanishAfter }),
		durationKey("detect.retain_gone", func(c *Config) *time.Duration { return &c.Detect.RetainGone }),
		textKey("detect.recog_dir", func(c *Config) *string { return &c.Detect.RecogDir }, noneOr(filePath)),
		textKey("store.path", func(c *Config) *string { return &c.Store.Path }, filePath),
		listKey("kafka.bootstrap_servers", func(c *Config) *[]string { return &c.Kafka.BootstrapServers }, dialAddress),
		textKey("kafka.security_protocol", func(c *Config) *string { return &c.Kafka.SecurityProtocol }, oneOf("PLAINTEXT")),
		textKey("kafka.delivery", func(c *Config) *string { return &c.Kafka.Delivery }, oneOf(ExactlyOnce, AtLeastOnce)),
		flagKey("kafka.create_topics", func(c *Config) *bool { return &c.Kafka.CreateTopics }),
		textKey("kafka.embedded.path", func(c *Config) *string { return &c.Kafka.embedded().Path }, filePath),
		textKey("kafka.embedded.listen", func(c *Config) *string { return &c.Kafka.embedded().Listen }, listenAddress),
		textKey("topics.prefix", func(c *Config) *string { return &c.Topics.Prefix }, topicPrefix),
		wholeKey("topics.partitions", func(c *Config) *int { return &c.Topics.Partitions }, 1, limits.Partitions.Max),
		textKey("telemetry.listen", func(c *Config) *string { return &c.Telemetry.Listen }, listenAddress),
		textKey("telemetry.log_level", func(c *Config) *string { return &c.Telemetry.LogLevel }, oneOf("debug", "info", "warn", "error")),
		textKey("telemetry.log_format", func(c *Config) *string { return &c.Telemetry.LogFormat }, oneOf("json", "console")),
	}
}

func textKey(path string, field func(*Config) *string, check func(string) error) key {
	return key{path: path, kind: text,
		put: func(c *Config, _ int, value string) error {
			*field(c) = value
			return check(value)
		},
		show: func(c *Config) string { return *field(c) },
	}
}

func listKey(path string, field func(*Config) *[]string, check func(string) error) key {
	return key{path: path, kind: list,
		put: func(c *Config, i int, value string) error {
			*field(c) = append((*field(c))[:i:i], value)
			return check(value)
		},
		show: func(c *Config) string { return "[" + strings.Join(*field(c), ", ") + "]" },
	}
}

func flagKey(path string, field func(*Config) *bool) key {
	return key{path: path, kind: flag,
		put: func(c *Config, _ int, value string) error {
			if value != "true" && value != "false" {
				return errors.New("must be true or false")
			}
			*field(c) = value == "true"
			return nil
		},
		show: func(c *Config) string { return strconv.FormatBool(*field(c)) },
	}
}

func wholeKey(path string, field func(*Config) *int, low, high int) key {
	return key{path: path, kind: whole,
		put: func(c *Config, _ int, value string) error {
			n, err := strconv.Atoi(value)
			if err != nil || n < low || n > high {
				return fmt.Errorf("must be a whole number from %d to %d", low, high)
			}
			*field(c) = n
			return nil
		},
		show: func(c *Config) string { return strconv.Itoa(*field(c)) },
	}
}

func numberKey(path string, field func(*Config) *float64) key {
	return key{path: path, kind: number,
		put: func(c *Config, _ int, value string) error {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil || math.IsInf(n, 0) || !(n > 0) { // NaN is not above 0 either
				return errors.New("must be a number above 0")
			}
			*field(c) = n
			return nil
		},
		show: func(c *Config) string { return strconv.FormatFloat(*field(c), 'f', -1, 64) },
	}
}

func durationKey(path string, field func(*Config) *time.Duration) key {
	return key{path: path, kind: duration,
		put: func(c *Config, _ int, value string) error {
			d, err := ParseDuration(value)
			if err != nil {
				return err
			}
			if d <= 0 {
				return errors.New("must be longer than 0")
			}
			*field(c) = d
			return nil
		},
		show: func(c *Config) string { return FormatDuration(*field(c)) },
	}
}

// maxAgeKey is a duration that also remembers that a person gave it.
func maxAgeKey(path string, tier func(*Config) *Tier) key {
	k := durationKey(path, func(c *Config) *time.Duration { return &tier(c).MaxAge })
	put := k.put
	k.put = func(c *Config, i int, value string) error {
		tier(c).MaxAgeSet = true
		return put(c, i, value)
	}
	return k
}

// Package config reads portdelta's configuration: one YAML file, each key of
// which can also be given by an environment variable.
//
// It is strict, and it says everything at once: unknown keys, keys given twice,
// wrong types, bad values and missing ones all come in one error, each with file,
// line, column, key and, where one is near, the word that was probably meant. A
// Config that Load returns is complete and valid by itself.
//
// It touches nothing outside the file: that a host file is readable, a port free
// or a broker up is found out by those who use them. It holds no secret and
// prints no value of a key that could carry one.
package config

import "time"

// Config is the file, section by section. The comment of a field is what
// docs/configuration.md says about the key; paths are relative to the working
// directory.
type Config struct {
	Source    Source
	Watch     Watch
	Schedule  Schedule
	Detect    Detect
	Store     Store
	Kafka     Kafka
	Topics    Topics
	Telemetry Telemetry
}

// Source is where snapshots come from.
type Source struct {
	// Kind of source; this version takes graph.
	Kind string
	// Tenant names the watched tenant in the source of every event,
	// /portdelta/<tenant>/<kind>; another tenant means other event ids.
	Tenant string
	Graph  Graph
}

// Graph is Microsoft Graph security, or the simulator in its place.
type Graph struct {
	// BaseURL of the API with its version, without a slash at the end. Plain
	// http is taken for loopback addresses only.
	BaseURL string
	Auth    Auth
}

// Auth is how requests to Graph are authorised.
type Auth struct {
	// Kind is default (environment, workload or managed identity, Azure CLI, in
	// this order) or none, for loopback addresses only.
	Kind string
}

// Watch is which hosts are looked at, and how often.
type Watch struct {
	// Hosts to look at: addresses, names or prefixes.
	Hosts []string
	// Files with further hosts, one a line, # begins a comment.
	Files []string
	Tiers Tiers
}

// Tiers are the classes of hosts by how often they are looked at.
type Tiers struct {
	// Default is the tier of every host.
	Default Tier
}

// Tier is one class of hosts.
type Tier struct {
	// MaxAge is the longest time between two looks at a host.
	MaxAge time.Duration
	// MaxAgeSet says that file or environment gave MaxAge: it is kept or
	// refused then, and never stretched (see Feasibility).
	MaxAgeSet bool
}

// Schedule is how fast the source is read.
type Schedule struct {
	// BudgetPerSecond is the number of requests per second, over all hosts.
	BudgetPerSecond float64
}

// Detect is when a loss is believed and how long it is remembered.
type Detect struct {
	// VanishAfter is how far apart two looks lie that agree on an absence
	// where no rescan of the host's other ports can (P2).
	VanishAfter time.Duration
	// RetainGone is how long a vanished port stays in the state.
	RetainGone time.Duration
	// RecogDir is a folder of fingerprints in Recog's XML format, asked for
	// products that our own rules do not know; "" for none.
	RecogDir string
}

// Store is the local state and outbox.
type Store struct {
	// Path of the store's folder, made where it is missing.
	Path string
}

// The words of Kafka.Delivery.
const (
	ExactlyOnce = "exactly_once"  // to readers with read_committed; the cluster must have transactions
	AtLeastOnce = "at_least_once" // what comes twice has the same id
)

// Kafka is where events go: a cluster of the user's or the embedded broker.
// Exactly one of BootstrapServers and Embedded is set.
type Kafka struct {
	// BootstrapServers of the cluster, as host:port.
	BootstrapServers []string
	// SecurityProtocol is Kafka's word; this version takes PLAINTEXT.
	SecurityProtocol string
	// Delivery is what is promised to readers: ExactlyOnce or AtLeastOnce.
	Delivery string
	// CreateTopics lets a start create the topics that are missing.
	CreateTopics bool
	// Embedded is the broker within the process; nil where it is not used.
	Embedded *Embedded
}

// Embedded is the broker within the process, for one machine and for trials.
type Embedded struct {
	// Path of the broker's data folder, made where it is missing.
	Path string
	// Listen is the address that any Kafka client can use, as host:port.
	Listen string
}

// Topics is how the topics are named and cut.
type Topics struct {
	// Prefix is the first word of every topic's name.
	Prefix string
	// Partitions of every topic; a partition is a shard of hosts, so that the
	// count cannot be changed on topics that exist.
	Partitions int
}

// Telemetry is the process's log, metrics and health.
type Telemetry struct {
	// Listen is the address of /metrics, /healthz and /readyz, as host:port.
	Listen string
	// LogLevel is debug, info, warn or error.
	LogLevel string
	// LogFormat is json or console.
	LogFormat string
}

// Default is the configuration of an empty file. It lacks Kafka's address, the
// one thing that has no default.
func Default() Config {
	return Config{
		Source: Source{Kind: "graph", Tenant: "default", Graph: Graph{
			BaseURL: "https://graph.microsoft.com/v1.0",
			Auth:    Auth{Kind: "default"},
		}},
		Watch:    Watch{Tiers: Tiers{Default: Tier{MaxAge: 24 * time.Hour}}},
		Schedule: Schedule{BudgetPerSecond: 10},
		Detect:   Detect{VanishAfter: 72 * time.Hour, RetainGone: 90 * 24 * time.Hour},
		Store:    Store{Path: "data"},
		Kafka:    Kafka{SecurityProtocol: "PLAINTEXT", Delivery: ExactlyOnce},
		Topics:   Topics{Prefix: "portdelta", Partitions: 12},
		Telemetry: Telemetry{
			Listen: "127.0.0.1:9464", LogLevel: "info", LogFormat: "json",
		},
	}
}

// DefaultEmbedded is the embedded broker of `embedded: {}`.
func DefaultEmbedded() Embedded {
	return Embedded{Path: "kafka-data", Listen: "127.0.0.1:9092"}
}

// embedded returns the embedded broker's section and makes it on first use, so
// that naming any of its keys chooses it.
func (k *Kafka) embedded() *Embedded {
	if k.Embedded == nil {
		d := DefaultEmbedded()
		k.Embedded = &d
	}
	return k.Embedded
}

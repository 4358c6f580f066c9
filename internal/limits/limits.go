// Package limits is the one table of everything that has a bound (P11): queues,
// bodies, page chains, lists, banners, retries. Each row is exported as
// portdelta_limit{name} with portdelta_limit_hits_total{name} beside it, and
// docs/limits.md is checked against it by a test.
//
// A package that enforces a bound takes it from here and calls Hit where the
// bound cut something. Pure packages (diff, diff/banner) use Max alone; whoever
// calls them counts the hit from what they report.
package limits

import "sync/atomic"

// Limit is one bound. Hits may be counted concurrently.
type Limit struct {
	Name string // metric label: lower-case words with underscores
	Max  int
	Unit string
	Doc  string // what happens at the bound
	hits atomic.Uint64
}

// Hit counts that the bound cut or refused something.
func (l *Limit) Hit() { l.hits.Add(1) }

// Hits is how often the bound was met since the start.
func (l *Limit) Hits() uint64 { return l.hits.Load() }

var table []*Limit

// All is the table, in the order of declaration. Callers must not change it.
func All() []*Limit { return table }

func limit(name string, maximum int, unit, doc string) *Limit {
	l := &Limit{Name: name, Max: maximum, Unit: unit, Doc: doc}
	table = append(table, l)
	return l
}

// What a source may send.
var (
	PageBytes        = limit("page_bytes", 32<<20, "bytes", "a decompressed answer above it fails the look")
	Pages            = limit("pages", 1000, "pages", "a longer page chain fails the look")
	PortsPerHost     = limit("ports_per_host", 131_072, "records", "a longer list fails the look")
	BannersPerPort   = limit("banners_per_port", 64, "banners", "the oldest beyond it are not read")
	ServicesPerPort  = limit("services_per_port", 64, "services", "the oldest beyond it are not read")
	BannerBytes      = limit("banner_bytes", 64<<10, "bytes", "a longer banner is cut before it is parsed")
	CertificateNames = limit("certificate_names", 1000, "names", "further alternative names are counted, not kept")
	FieldBytes       = limit("field_bytes", 4<<10, "bytes", "a longer id, name, version or certificate field is malformed")
	WordBytes        = limit("word_bytes", 64, "bytes", "a longer status, protocol or scan protocol is malformed")
	RecordFaults     = limit("record_faults", 32, "fields", "further malformed fields of one record are not listed")
	LinkBytes        = limit("link_bytes", 8<<10, "bytes", "a longer link to the next page fails the look")
	ListReadings     = limit("list_readings", 3, "readings", "a list unproven so often in one look is an incomplete snapshot")
	ErrorBodyBytes   = limit("error_body_bytes", 64<<10, "bytes", "of a longer error answer only this is read")
	ErrorBytes       = limit("error_bytes", 256, "bytes", "text of a service's error is cut to it")
	LookAttempts     = limit("look_attempts", 3, "requests", "a request is sent at most so often in one look")
	SnapshotBytes    = limit("snapshot_bytes", 256<<20, "bytes", "a longer value in a file of snapshots ends the reading of the file")
	ZstdWindowBytes  = limit("zstd_window_bytes", 128<<20, "bytes", "a file compressed with a larger window is not read")
	XMLHostBytes     = limit("xml_host_bytes", 256<<20, "bytes", "a longer host in an nmap file ends the reading of the file")
	XMLOutlineBytes  = limit("xml_outline_bytes", 32<<20, "bytes", "more than this around the hosts of an nmap file ends the reading of the file")
	XMLDepth         = limit("xml_depth", 64, "elements", "elements that lie deeper in an nmap file end the reading of the file")
	RetryAfter       = limit("retry_after_seconds", 3600, "seconds", "a longer Retry-After is taken as this")
)

// What is watched.
var (
	CIDRAddresses  = limit("cidr_addresses", 65_536, "addresses", "a larger prefix is refused by the configuration")
	WatchLineBytes = limit("watch_line_bytes", 4<<10, "bytes", "a longer line of a host file is an error")
	WatchErrors    = limit("watch_errors", 20, "errors", "further bad entries of the watch list are counted, not listed")
	LooksInFlight  = limit("looks_in_flight", 64, "looks", "further due hosts wait")
)

// What is told, in bytes of encoded JSON, so that an event is at most 64 KiB by
// construction (docs/events.md).
var (
	EventBytes        = limit("event_bytes", 64<<10, "bytes", "by construction never met; an event above it fails the host's step")
	ToldServices      = limit("told_services", 24, "services", "what is beyond it is not told but noted")
	ToldServiceBytes  = limit("told_service_bytes", 256, "bytes", "a larger service is not told but noted")
	ToldBannerSets    = limit("told_banner_sets", 6, "sets", "what is beyond it is not told but noted")
	ToldForms         = limit("told_forms", 8, "forms", "the oldest beyond it are not told but noted")
	ToldFormBytes     = limit("told_form_bytes", 160, "bytes", "product and version of a larger form are cut")
	ToldTextBytes     = limit("told_text_bytes", 1<<10, "bytes", "text and facts of a form are cut to it together")
	ToldCertificate   = limit("told_certificate_bytes", 4<<10, "bytes", "names are cut to it; a certificate too large without them is not told but noted")
	ToldGroups        = limit("told_groups", 8, "groups", "ports of further groups that answer alike are told one by one")
	ToldRanges        = limit("told_ranges", 1000, "ranges", "ranges of a host's groups then span gaps; ports beyond it are not told but noted")
	ContextBytes      = limit("context_bytes", 6<<10, "bytes", "labels beyond it are cut")
	DetailsBytes      = limit("details_bytes", 8<<10, "bytes", "facts beyond it are counted, not listed")
	MessageRunes      = limit("message_characters", 200, "characters", "a longer message is cut")
	PortIDBytes       = limit("port_id_bytes", 512, "bytes", "a longer id of a port is null in events")
	RecogFiles        = limit("recog_files", 256, "files", "a folder of fingerprints with more is refused")
	RecogFileBytes    = limit("recog_file_bytes", 16<<20, "bytes", "a larger file of fingerprints is left out and reported")
	RecogFingerprints = limit("recog_fingerprints", 50_000, "fingerprints", "further ones are left out and reported")
	RecogFaults       = limit("recog_faults", 20, "faults", "further faults of fingerprints are counted, not listed")
	RuleBytes         = limit("rule_bytes", 2<<10, "bytes", "fingerprint rules read no more of a field")
	KeptBannerBytes   = limit("kept_banner_bytes", 4<<10, "bytes", "raw text kept of a banner")
)

// What a host's state remembers, and the process of banners.
var (
	MemoForms         = limit("memo_forms", 65_536, "forms", "canonical forms least asked for are forgotten and made again")
	MemoBytes         = limit("memo_bytes", 64<<20, "bytes", "the same, counted under memo_forms")
	Witnesses         = limit("witnesses", 16, "snapshots", "the oldest snapshots that ports were first absent from are dropped; their ports then vanish by time")
	KnownCertificates = limit("known_certificates", 8, "certificates", "of a port, beside the told one; the oldest beyond them are forgotten")
	NotedDigests      = limit("noted_digests", 16, "digests", "of the new values of a flood that a note of the day names; the others are counted")
	NotesADay         = limit("notes_a_day", 64, "kinds", "further kinds of note about a host are not told that day")
)

// What waits.
var (
	OutboxBytes      = limit("outbox_bytes", 2<<30, "bytes", "at 80 % no new baselines, at 100 % no looks")
	OutboxReserve    = limit("outbox_reserve_bytes", 1<<20, "bytes", "the last part of the outbox, kept for lifecycle events")
	PublishRecords   = limit("publish_records", 1000, "records", "a shard's batch")
	PublishBytes     = limit("publish_bytes", 4<<20, "bytes", "a shard's batch")
	StepBytes        = limit("step_bytes", 64<<20, "bytes", "a step of one host above it is published in several transactions, of which a take-over in between may tell a part twice")
	EngineChunkBytes = limit("engine_chunk_bytes", 256<<10, "bytes", "a larger engine record is cut into chunks")
	EngineBytes      = limit("engine_bytes", 512<<20, "bytes", "a larger state of one host cannot be restored")
	ProduceBytes     = limit("produce_bytes", 900<<10, "bytes", "one record batch; below the broker's default of 1 MiB")
	TailFetchBytes   = limit("tail_fetch_bytes", 8<<20, "bytes", "one fetch of a partition by tail")
	DrainSeconds     = limit("drain_seconds", 20, "seconds", "what is not published by then stays in the outbox")
	DueHosts         = limit("due_hosts", 256, "hosts", "of a shard that are taken at once for what time alone brings; the others follow")
	LookDrainSeconds = limit("look_drain_seconds", 5, "seconds", "looks still in flight so long after a stop are cut off and tell nothing")
)

// What is recorded.
var (
	RecordBytes     = limit("record_bytes", 1<<30, "bytes", "of a recording's folder, unless --record-mib says otherwise; the oldest file is dropped")
	RecordFileBytes = limit("record_file_bytes", 64<<20, "bytes", "a recording goes on in the next file; an eighth of the folder's bound where that is less")
)

// What may be asked of what is held.
var (
	ControlConnections = limit("control_connections", 8, "connections", "further connections to the control socket wait")
	ControlHeaderBytes = limit("control_header_bytes", 16<<10, "bytes", "a request to the control socket with longer headers is refused")
	ControlAnswerBytes = limit("control_answer_bytes", 256<<20, "bytes", "a longer answer of a running instance is refused by the command that asked")
	ExplainRecords     = limit("explain_records", 20_000_000, "records", "explain event gives up on a topic after so many")
	ExplainPorts       = limit("explain_ports", 4096, "ports", "further ports of a host are counted by explain, not listed, unless asked for by name")
)

// What the process itself takes.
var (
	DiffHostsListed      = limit("diff_hosts_listed", 1_000_000, "hosts", "further hosts that diff could not compare are not listed")
	ConfigBytes          = limit("config_bytes", 1<<20, "bytes", "a larger configuration file is refused; long lists of hosts go into host files")
	ConfigProblems       = limit("config_problems", 100, "problems", "further problems of a configuration are counted, not listed")
	PairLineBytes        = limit("pair_line_bytes", 8<<20, "bytes", "a longer line of labelled pairs is refused by explain banner")
	Partitions           = limit("partitions", 1024, "partitions", "a greater topics.partitions is refused by the configuration")
	TelemetryConnections = limit("telemetry_connections", 64, "connections", "further connections to the telemetry address wait")
	TelemetryHeaderBytes = limit("telemetry_header_bytes", 16<<10, "bytes", "a request to the telemetry address with longer headers is refused")
)

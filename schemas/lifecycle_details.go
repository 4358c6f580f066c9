package schemas

// BaselineDetails belongs to baseline.completed: what the first conclusive
// answer held (P8).
type BaselineDetails struct {
	Answer       Baseline         `json:"answer"`
	Ports        BaselinePorts    `json:"ports"`
	Services     int              `json:"services"`
	Banners      int              `json:"banners"` // banner sets
	Certificates int              `json:"certificates"`
	Validity     BaselineValidity `json:"validity"`
	Malformed    int              `json:"malformed"`
	Stale        int              `json:"stale,omitempty"` // ports not scanned for 30 days while others were
}

// BaselinePorts counts ports by status.
type BaselinePorts struct {
	Open     int `json:"open"`
	Closed   int `json:"closed"`
	Filtered int `json:"filtered"`
	Other    int `json:"other"`
}

// BaselineValidity counts certificates whose timer had already passed.
type BaselineValidity struct {
	Expired     int `json:"expired"`
	Expiring    int `json:"expiring"`
	NotYetValid int `json:"notYetValid"`
}

// Baseline is the kind of the first conclusive answer; in a host's state record
// it becomes BaselineComplete with the first complete snapshot that holds ports.
type Baseline string

const (
	BaselineComplete Baseline = "complete"
	BaselineEmpty    Baseline = "empty"   // an empty list, twice
	BaselineUnknown  Baseline = "unknown" // 404, twice
)

// IncompleteDetails belongs to snapshot.incomplete. Count is nil where the
// source gave none.
type IncompleteDetails struct {
	Proof      string `json:"proof"`
	Pages      int    `json:"pages"`
	Count      *int   `json:"count"`
	Distinct   int    `json:"distinct"`
	Repeated   int    `json:"repeated"`
	Unreadable int    `json:"unreadable"`
}

// MalformedDetails belongs to record.malformed. The raw text is hostile and
// stands as digest and length alone (P10, P12). Field is nil where the record as
// a whole could not be read, Record ("tcp/443") where its key could not.
type MalformedDetails struct {
	Field  *string `json:"field"`
	Record *string `json:"record"`
	Digest string  `json:"digest"`
	Length int     `json:"length"`
}

// UnknownDetails belongs to host.unknown and host.known: how often in a row the
// source said it does not know the host, and since when.
type UnknownDetails struct {
	Answers int    `json:"answers"`
	Since   Millis `json:"since"`
}

// UnreachableDetails belongs to host.unreachable and host.recovered: how many
// looks in a row failed, since when, and the class of the last failure.
type UnreachableDetails struct {
	Failures int    `json:"failures"`
	Since    Millis `json:"since"`
	Class    string `json:"class"`
}

// SuppressedDetails belongs to change.suppressed: at most one a host, rule and
// UTC day (P10). Digest names the value that exceeded a bound, else it is nil.
type SuppressedDetails struct {
	Rule   string  `json:"rule"`
	Count  int     `json:"count"`
	Facet  string  `json:"facet"`
	Digest *string `json:"digest"`
	// Digests name the new values of a flood, the first of the day.
	Digests []string `json:"digests,omitempty"`
}

// StaleDetails belongs to port.stale and .refreshed: the port's last scan before.
type StaleDetails struct {
	Since Millis `json:"since"`
}

// BlindDetails belongs to host.blind and .sighted: since when nothing is seen of it.
type BlindDetails struct {
	Since Millis `json:"since"`
}

// PolicyDetails belongs to policy.changed: the versions of the rules that read
// banners, how many ports were told anew under the new ones, and how many changes
// readers would have been told had the world brought that difference (P9).
type PolicyDetails struct {
	From           string `json:"from"`
	To             string `json:"to"`
	Ports          int    `json:"ports"`
	WouldHaveFired int    `json:"wouldHaveFired"`
}

// MassLossDetails belongs to mass_loss.held, .confirmed and .lapsed. Held ports
// wait, of which Confirmed are told vanished by now and Lapsed were seen again or
// are no longer watched; Told had vanished within the hour before the first was
// held, out of Open.
type MassLossDetails struct {
	Shard     int            `json:"shard"`
	Since     Millis         `json:"since"`
	Held      int            `json:"held"`
	Confirmed int            `json:"confirmed"`
	Lapsed    int            `json:"lapsed"`
	Told      int            `json:"told"`
	Open      int            `json:"open"`
	Limits    MassLossLimits `json:"limits"`
}

// MassLossLimits are what both have to be passed within an hour.
type MassLossLimits struct {
	Ports   int `json:"ports"`
	Percent int `json:"percent"`
}

// ScopeDetails belongs to scope.changed: hosts of the watch list.
type ScopeDetails struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Total   int `json:"total"`
}

// DegradedDetails belongs to source.degraded. Status and RetryAfter (seconds)
// are nil where no answer came or it did not say.
type DegradedDetails struct {
	Kind       string `json:"kind"`
	Since      Millis `json:"since"`
	Status     *int   `json:"status"`
	RetryAfter *int64 `json:"retryAfter"`
	Failed     int    `json:"failed"`
}

// RecoveredDetails belongs to source.recovered. Lasted is in seconds.
type RecoveredDetails struct {
	Kind   string `json:"kind"`
	Lasted int64  `json:"lasted"`
}

// SuspendedDetails belongs to watch.suspended: no host is looked at since then.
type SuspendedDetails struct {
	Since Millis `json:"since"`
}

// RestoredDetails belongs to state.restored: the shard's local state was rebuilt
// from the topics. Why is another_owner, store_differs or unfinished; Published is
// when the state it goes on from was last published.
type RestoredDetails struct {
	Shard     int    `json:"shard"`
	Hosts     int    `json:"hosts"`
	Why       string `json:"why"`
	Published Millis `json:"published"`
}

// ResetDetails belongs to state.reset: what was known of the shard's hosts is
// lost, and what happened between From and To may never be told. Why is
// engine_topic_empty.
type ResetDetails struct {
	Shard int    `json:"shard"`
	From  Millis `json:"from"`
	To    Millis `json:"to"`
	Why   string `json:"why"`
}

// CheckpointDetails belongs to shard.checkpoint: how many change events the
// partition holds up to the one named, and the rolling digest over their ids.
type CheckpointDetails struct {
	Shard  int    `json:"shard"`
	Count  uint64 `json:"count"`
	UpTo   string `json:"upTo"`
	Digest string `json:"digest"`
}

// ResumedDetails belongs to watch.resumed. Lasted is in seconds.
type ResumedDetails struct {
	Lasted int64 `json:"lasted"`
}

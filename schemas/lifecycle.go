package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Lifecycle is an event about the watching itself: never a change of a host's
// exposure, and outside its seq. Two that are equal in everything are one.
type Lifecycle struct {
	ID       string             `json:"id"` // set by Seal
	Type     Type               `json:"type"`
	Host     *string            `json:"host"` // nil where a shard or the process as a whole is meant
	Shard    int                `json:"-"`    // of the types about a shard: their key and partition
	Port     *PortRef           `json:"port"` // of port.* and record.malformed alone
	Epoch    int64              `json:"epoch"`
	Revision int                `json:"revision"`
	AfterSeq uint64             `json:"afterSeq"` // the host's last change event when this was told
	Severity Severity           `json:"severity"`
	Reasons  List[Reason]       `json:"reasons"`
	Time     LifecycleTime      `json:"time"`
	Details  json.RawMessage    `json:"details"`  // by Raw; nil is {}
	Evidence *LifecycleEvidence `json:"evidence"` // nil where no snapshot stands behind it
}

// LifecycleTime is when it was seen by us.
type LifecycleTime struct {
	Detected time.Time `json:"detected"` // milliseconds
}

// MarshalJSON writes UTC with exactly three digits.
func (t LifecycleTime) MarshalJSON() ([]byte, error) {
	detected, err := stamp(t.Detected)
	if err != nil {
		return nil, err
	}
	return marshal(struct {
		Detected string `json:"detected"`
	}{detected})
}

// LifecycleEvidence is the snapshot behind a lifecycle event.
type LifecycleEvidence struct {
	Snapshot string       `json:"snapshot"`
	Requests List[string] `json:"requests"` // bound them with BoundRequests
	Proof    string       `json:"proof"`
}

// Encode returns the event's data as it is published; errors as Event.Encode.
func (l *Lifecycle) Encode() ([]byte, error) {
	wire := *l
	wire.Details = orEmpty(l.Details)
	data, err := rawWithin(wire, MaxEventBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.name(), err)
	}
	return data, nil
}

// ParseLifecycle reads a lifecycle event. Keys it does not know are ignored.
func ParseLifecycle(data []byte) (*Lifecycle, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("lifecycle event: %w", errNotUTF8)
	}
	l := new(Lifecycle)
	if err := json.Unmarshal(data, l); err != nil {
		return nil, fmt.Errorf("lifecycle event: %w", err)
	}
	if l.Type.ofShard() {
		about := struct{ Shard int }{}
		if err := json.Unmarshal(l.Details, &about); err != nil {
			return nil, fmt.Errorf("lifecycle event: details: %w", err)
		}
		l.Shard = about.Shard
	}
	return l, nil
}

func (l *Lifecycle) host() string {
	if l.Host == nil {
		return ""
	}
	return *l.Host
}

func (l *Lifecycle) name() string {
	return fmt.Sprintf("event %s of %q, epoch %d, after seq %d", l.Type, l.host(), l.Epoch, l.AfterSeq)
}

func (l *Lifecycle) check() error {
	mayPort, mustPort := l.Type.ofPort()
	switch {
	case !slices.Contains(lifecycleTypes, l.Type):
		return errors.New("not a lifecycle event of this version")
	case (l.Type.ofProcess() || l.Type.ofShard()) != (l.host() == ""):
		return errors.New("a host belongs to every type but those of a shard or the process")
	case l.Host == nil && (l.Epoch != 0 || l.Revision != 0 || l.AfterSeq != 0):
		return errors.New("epoch, revision and afterSeq are 0 where host is null")
	case l.Port != nil && !mayPort, l.Port == nil && mustPort:
		return errors.New("a port belongs to port.* and record.malformed, and to them alone")
	case l.Evidence != nil && len(l.Evidence.Requests) > MaxRequests:
		return fmt.Errorf("%d request ids, more than %d", len(l.Evidence.Requests), MaxRequests)
	}
	return checkReasons(l.Reasons)
}

package detect

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/schemas"
)

// encoder turns one step's result into records, in the order they are sent:
// change events by seq, then state records, then lifecycle events.
type encoder struct {
	source string
	shards int
	at     time.Time // detected
	state  *diff.State

	evidence schemas.Evidence // of every event of the step but basis and agreeing
	ids      []string         // of the change events so far
	records  []schemas.Record
}

func newEncoder(source string, shards int, snapshot *hostport.Snapshot, res *diff.Result) *encoder {
	e := &encoder{source: source, shards: shards, at: snapshot.At, state: &res.State}
	if snapshot.Result == "" {
		return e // a tick or a failed look: no snapshot stands behind what it tells
	}
	e.evidence = schemas.Evidence{Snapshot: snapshot.ID(), Proof: string(snapshot.Proof)}
	requests := slices.Clone(snapshot.Requests)
	for _, a := range snapshot.Answers {
		requests = append(requests, a.Requests...)
		if a.List != nil {
			requests = append(requests, a.List.Requests...)
		}
	}
	seen := map[string]bool{}
	for _, r := range requests {
		if r = hostport.EscapeText(r); len(r) <= schemas.MaxRequestID && !seen[r] {
			seen[r] = true
			e.evidence.Requests = append(e.evidence.Requests, r)
		}
	}
	e.evidence.Requests = schemas.BoundRequests(e.evidence.Requests)
	return e
}

// all encodes the whole result. On an error nothing of the step may be used.
func (e *encoder) all(res *diff.Result) error {
	for i := range res.Changes {
		if err := e.change(&res.Changes[i]); err != nil {
			return err
		}
	}
	if err := e.states(res); err != nil {
		return err
	}
	for i := range res.Notes {
		if err := e.note(&res.Notes[i]); err != nil {
			return err
		}
	}
	for _, n := range res.ShardNotes {
		if err := e.shardNote(n); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) shardNote(n diff.ShardNote) error {
	shard, l := schemas.Partition(string(e.state.Host), e.shards), n.Loss
	rec, err := schemas.ShardRecord(schemas.Type(n.Type), e.source, shard, e.at, schemas.MassLossDetails{Shard: shard, Since: schemas.Millis(l.Since),
		Held: l.Held, Confirmed: l.Confirmed, Lapsed: l.Lapsed, Told: l.Told, Open: l.Open,
		Limits: schemas.MassLossLimits{Ports: diff.MassLossPorts, Percent: diff.MassLossPercent}})
	e.records = append(e.records, rec)
	return err
}

func (e *encoder) change(c *diff.Change) error {
	ev, err := e.event(c)
	if err != nil {
		return err
	}
	rec, err := ev.Record(e.source, e.shards)
	e.records = append(e.records, rec)
	return err
}

// event is a change as it will be told, sealed.
func (e *encoder) event(c *diff.Change) (*schemas.Event, error) {
	ev := &schemas.Event{Type: schemas.Type(c.Type), Host: string(e.state.Host), Epoch: e.state.Epoch, Revision: e.state.Revision,
		Seq: c.Seq, Confidence: schemas.Confirmed, Time: schemas.Times{NotBefore: orNil(c.NotBefore), NotAfter: orNil(c.NotAfter), Detected: e.at},
		Message: Message(e.state.Host, c), Context: schemas.ContextOf(wirePort(c.Told), nil)}
	if c.Told != nil {
		ev.Port = &schemas.PortRef{Protocol: c.Key.Protocol, Number: int(c.Key.Number), ID: c.PortID}
	}
	if c.Tentative {
		ev.Confidence = schemas.Tentative
	}
	for _, r := range c.Reasons {
		ev.Reasons = append(ev.Reasons, schemas.Reason(r))
	}
	for _, f := range c.Changed {
		ev.Changed = append(ev.Changed, string(f))
	}
	ev.Severity = schemas.SeverityOf(ev.Type, ev.Port, ev.Reasons)
	evidence := e.evidence
	evidence.Basis, evidence.Agreeing = schemas.Basis(c.Basis), c.Agreeing
	ev.Evidence = &evidence
	if c.Cause >= 0 {
		ev.Cause = &e.ids[c.Cause]
	}
	var err error
	if ev.Before, err = raw(wireValue(c.Before)); err != nil {
		return nil, err
	}
	if ev.After, err = raw(wireValue(c.After)); err != nil {
		return nil, err
	}
	if ev.Details, err = raw(wireDetails(c.Details)); err != nil {
		return nil, err
	}
	if err := ev.Seal(e.source); err != nil {
		return nil, err
	}
	e.ids = append(e.ids, ev.ID)
	if c.Type == diff.PortVanished {
		// A later listing without newer evidence takes exactly this event back.
		e.state.Ports[c.Key].Lost.EventID = ev.ID
	}
	return ev, nil
}

// SeverityOf is the severity of a change as its event has it.
func SeverityOf(c *diff.Change) schemas.Severity {
	var port *schemas.PortRef
	if c.Told != nil {
		port = &schemas.PortRef{Protocol: c.Key.Protocol, Number: int(c.Key.Number)}
	}
	reasons := make([]schemas.Reason, len(c.Reasons))
	for i, r := range c.Reasons {
		reasons[i] = schemas.Reason(r)
	}
	return schemas.SeverityOf(schemas.Type(c.Type), port, reasons)
}

// Events are the changes of a result as events, sealed for the source: for those who
// compare and neither keep nor send.
func Events(source string, snapshot *hostport.Snapshot, res *diff.Result) ([]*schemas.Event, error) {
	e := newEncoder(source, 1, snapshot, res)
	out := make([]*schemas.Event, len(res.Changes))
	for i := range res.Changes {
		var err error
		if out[i], err = e.event(&res.Changes[i]); err != nil {
			return nil, &StepError{snapshot.Host, err}
		}
	}
	return out, nil
}

// states writes the public record of every port whose told layer moved, the
// tombstones, and the host's own record.
func (e *encoder) states(res *diff.Result) error {
	head := schemas.StateHead{Host: string(e.state.Host), Epoch: e.state.Epoch, Revision: e.state.Revision, AfterSeq: e.state.Seq}
	for _, t := range res.Told {
		key := wireKey(t.Key)
		head.Port, head.Op = &key, schemas.Op(t.Op)
		rec, err := schemas.PortStateOf(head, *wirePort(e.state.Ports[t.Key].Told)).Record(e.shards, e.at)
		if err != nil {
			return err
		}
		e.records = append(e.records, rec)
	}
	for _, k := range res.Gone {
		key := wireKey(k)
		e.records = append(e.records, schemas.Tombstone(head.Host, &key, e.shards, e.at))
	}
	if res.HostGone {
		e.records = append(e.records, schemas.Tombstone(head.Host, nil, e.shards, e.at))
	}
	if !res.HostTold {
		return nil
	}
	head.Port, head.Op = nil, schemas.Op(res.HostOp)
	body := schemas.HostBody{Baseline: schemas.Baseline(e.state.Baseline), Exposed: e.state.Exposed, Groups: wireGroups(e.state.Groups)}
	rec, err := schemas.HostStateOf(head, body).Record(e.shards, e.at)
	e.records = append(e.records, rec)
	return err
}

func (e *encoder) note(n *diff.Note) error {
	host := string(e.state.Host)
	l := &schemas.Lifecycle{Type: schemas.Type(n.Type), Host: &host, Epoch: e.state.Epoch, Revision: max(1, e.state.Revision),
		AfterSeq: e.state.Seq, Time: schemas.LifecycleTime{Detected: e.at}}
	if n.Key != nil {
		l.Port = &schemas.PortRef{Protocol: n.Key.Protocol, Number: int(n.Key.Number)}
		if p := e.state.Ports[*n.Key]; p != nil {
			l.Port.ID = p.ToldID()
		}
	}
	for _, r := range n.Reasons {
		l.Reasons = append(l.Reasons, schemas.Reason(r))
	}
	if e.evidence.Snapshot != "" {
		l.Evidence = &schemas.LifecycleEvidence{Snapshot: e.evidence.Snapshot, Requests: e.evidence.Requests, Proof: e.evidence.Proof}
	}
	rec, err := sealLifecycle(l, wireNote(n.Details), e.source, e.shards)
	e.records = append(e.records, rec)
	return err
}

// sealLifecycle completes a lifecycle event and makes its record.
func sealLifecycle(l *schemas.Lifecycle, details any, source string, shards int) (schemas.Record, error) {
	l.Severity = schemas.SeverityOf(l.Type, l.Port, l.Reasons)
	var err error
	if l.Details, err = raw(details); err != nil {
		return schemas.Record{}, err
	}
	if err := l.Seal(source); err != nil {
		return schemas.Record{}, err
	}
	return l.Record(source, shards)
}

// raw encodes a value; nil stays nil, which stands for null or {}.
func raw(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return schemas.Raw(v)
}

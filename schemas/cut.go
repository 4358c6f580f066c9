package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
)

// CutDetails stands in details, alone, where the broker refused the event as it
// was: id, seq and head are the event's own, so that seq has no gap, and digests
// stand for the values. A reader takes them from the state topic.
type CutDetails struct {
	Cut Cut `json:"cut"`
}

// Cut says what was cut. Why is too_large or rejected.
type Cut struct {
	Why    string    `json:"why"`
	Before *CutValue `json:"before"` // nil where the event's before was null
	After  *CutValue `json:"after"`
}

// CutValue stands for a value that was cut.
type CutValue struct {
	Digest string `json:"digest"` // the first 128 bits of the SHA-256 of its JSON
	Bytes  int    `json:"bytes"`
}

var errCut = errors.New("only a whole change event can be cut")

// CutRecord is the record of a change event without its values, for a broker that
// refuses the whole one. Key, headers and time stay.
func CutRecord(r Record, why string) (Record, error) {
	if r.Topic != Changes {
		return r, fmt.Errorf("record on %s: %w", r.Topic, errCut)
	}
	e, err := ParseEvent(r.Value)
	if err != nil {
		return r, err
	}
	if e.IsCut() {
		return r, fmt.Errorf("%s: %w", e.name(), errCut)
	}
	if e.Details, err = Raw(CutDetails{Cut{Why: why, Before: cutValue(e.Before), After: cutValue(e.After)}}); err != nil {
		return r, err
	}
	e.Before, e.After = nil, nil
	e.Context = Context{Labels: map[string]string{}}
	subject := e.Host
	if e.Port != nil {
		subject += " " + e.Port.Key().String()
	}
	e.Message = fmt.Sprintf("%s %s: the broker refused the event as it was (%s)", subject, e.Type, why)
	if r.Value, err = rawWithin(e, MaxEventBytes); err != nil {
		return r, fmt.Errorf("%s: %w", e.name(), err)
	}
	return r, nil
}

// IsCut says whether the event came without its values.
func (e *Event) IsCut() bool {
	var details struct{ Cut json.RawMessage }
	return json.Unmarshal(e.Details, &details) == nil && details.Cut != nil
}

func cutValue(v json.RawMessage) *CutValue {
	if len(v) == 0 || string(v) == "null" {
		return nil
	}
	return &CutValue{Digest: hexSum(v)[:32], Bytes: len(v)}
}

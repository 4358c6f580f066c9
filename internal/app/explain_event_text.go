package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/schemas"
)

// eventExplained is the answer in JSON: the event as it is, and what it does not
// say itself.
type eventExplained struct {
	Found    foundAt         `json:"found"`
	Rules    []reasonMeans   `json:"rules"`
	Basis    *string         `json:"basis"` // what evidence.basis means; null for lifecycle events
	Severity string          `json:"severityBecause"`
	Event    json.RawMessage `json:"event"`
	head     eventHead       // for text
	change   *schemas.Event  // nil where it is a lifecycle event
	facts    []schemas.FactChange
}

type foundAt struct {
	Where     string `json:"where"`
	Topic     string `json:"topic"`
	Partition int    `json:"partition"`
	Offset    int64  `json:"offset"`
}

type reasonMeans struct {
	Reason string `json:"reason"`
	Means  string `json:"means"`
}

// eventHead is what change and lifecycle events have in common.
type eventHead struct {
	ID       string                       `json:"id"`
	Type     schemas.Type                 `json:"type"`
	Host     *string                      `json:"host"`
	Port     *schemas.PortRef             `json:"port"`
	Severity schemas.Severity             `json:"severity"`
	Reasons  schemas.List[schemas.Reason] `json:"reasons"`
	Details  json.RawMessage              `json:"details"`
	Evidence *struct {
		Snapshot *string  `json:"snapshot"`
		Requests []string `json:"requests"`
		Proof    *string  `json:"proof"`
	} `json:"evidence"`
	Time schemas.LifecycleTime `json:"time"`
}

// bases say what evidence.basis means.
var bases = map[schemas.Basis]string{
	schemas.Statement: "the source's own word, a gain, or a changed value",
	schemas.Rescan:    "a loss that independent evidence agrees on",
	schemas.Elapsed:   "time alone: as long as the rules ask for has passed",
}

var proofs = map[string]string{
	string(hostport.Single):   "one page that was all of the list",
	string(hostport.Counted):  "several pages whose counts agree, nothing repeated",
	string(hostport.Unproven): "a list that could not be proven whole: it tells gains, and no absence",
}

func explainFound(found *foundEvent) (*eventExplained, error) {
	x := &eventExplained{Found: foundAt{found.Where, found.Topic, found.Partition, found.Offset}, Event: found.Event, Rules: []reasonMeans{}}
	if err := json.Unmarshal(found.Event, &x.head); err != nil {
		return nil, outside(errors.New("the record with this id is no event"))
	}
	for _, r := range x.head.Reasons {
		x.Rules = append(x.Rules, reasonMeans{string(r), r.Sentence()})
	}
	x.Severity = severityBecause(&x.head)
	if slices.Contains(schemas.ChangeTypes(), x.head.Type) {
		ev, err := schemas.ParseEvent(found.Event)
		if err != nil {
			return nil, outside(errors.New("the record with this id is no change event"))
		}
		x.change = ev
		if ev.Evidence != nil {
			basis := bases[ev.Evidence.Basis]
			x.Basis = &basis
		}
		var details struct {
			Facts []schemas.FactChange `json:"facts"`
		}
		if json.Unmarshal(ev.Details, &details) == nil {
			x.facts = details.Facts
		}
	}
	return x, nil
}

// severityBecause says which part of the event makes its severity: it is a pure
// function of type, port and reasons, so that leaving one out shows which counts.
func severityBecause(h *eventHead) string {
	base := schemas.SeverityOf(h.Type, nil, nil)
	switch {
	case schemas.SeverityOf(h.Type, h.Port, h.Reasons) != h.Severity:
		return "by the rules of another version"
	case h.Severity == base:
		return "as " + string(h.Type) + " is"
	case h.Port != nil && schemas.SeverityOf(h.Type, h.Port, nil) == h.Severity:
		return fmt.Sprintf("port %d is one that nobody means to expose", h.Port.Number)
	}
	var by []string
	for _, r := range h.Reasons {
		if schemas.SeverityOf(h.Type, h.Port, []schemas.Reason{r}) == h.Severity {
			by = append(by, string(r))
		}
	}
	return "by " + strings.Join(by, ", ")
}

func (e *env) showEvent(found *foundEvent) error {
	x, err := explainFound(found)
	if err != nil {
		return err
	}
	if e.output == "json" {
		return e.printer().value(x)
	}
	t := &table{color: coloured(e.Out)}
	row := func(name, text string) { t.row(cell{name, dim}, cell{text: text}) }
	row("event", escaped(x.head.ID))
	what := escaped(string(x.head.Type))
	if x.head.Host != nil {
		what += " of " + escaped(*x.head.Host)
	}
	if x.head.Port != nil {
		what += " " + portName(x.head.Port)
	}
	row("what", what)
	if x.change != nil {
		row("", escaped(x.change.Message))
		row("number", fmt.Sprintf("seq %d of epoch %d, revision %d, %s", x.change.Seq, x.change.Epoch, x.change.Revision, escaped(string(x.change.Confidence))))
	}
	row("told", moment(&x.head.Time.Detected)+", "+place(&x.Found))
	for i, r := range x.Rules {
		row(first(i, "why"), escaped(r.Reason)+": "+escaped(r.Means))
	}
	t.row(cell{"severity", dim}, cell{x.head.Severity.String(), severityColors[x.head.Severity]})
	row("", escaped(x.Severity))
	x.evidence(row)
	x.changed(row)
	return t.write(e.Out)
}

// first names the first row of several.
func first(i int, name string) string {
	if i == 0 {
		return name
	}
	return ""
}

func place(f *foundAt) string {
	if f.Where == "outbox" {
		return fmt.Sprintf("waits in the outbox for %s, shard %d, position %d", escaped(f.Topic), f.Partition, f.Offset)
	}
	return fmt.Sprintf("in %s, partition %d, offset %d", escaped(f.Topic), f.Partition, f.Offset)
}

func (x *eventExplained) evidence(row func(name, text string)) {
	if ev := x.change; ev != nil {
		between := "by " + moment(ev.Time.NotAfter)
		if ev.Time.NotBefore != nil {
			between = "after " + moment(ev.Time.NotBefore) + " and " + between
		}
		if ev.Time.NotAfter == nil {
			between = "not known"
		}
		row("happened", between)
		if ev.Evidence != nil {
			row("evidence", fmt.Sprintf("%s, %d independent: %s", escaped(string(ev.Evidence.Basis)), ev.Evidence.Agreeing, escaped(*x.Basis)))
		}
	}
	if v := x.head.Evidence; v != nil {
		if v.Snapshot != nil && *v.Snapshot != "" {
			row("snapshot", escaped(*v.Snapshot))
		}
		if v.Proof != nil && *v.Proof != "" {
			row("proof", escaped(*v.Proof)+": "+proofs[*v.Proof])
		}
		for i, r := range v.Requests {
			row(first(i, "requests"), hostport.EscapeText(r))
		}
	}
}

// shownValue bounds a value in the text; --output json has it whole.
const shownValue = 300

func (x *eventExplained) changed(row func(name, text string)) {
	ev := x.change
	if ev == nil {
		row("details", clipped(hostport.EscapeText(string(x.head.Details)), shownValue))
		return
	}
	if len(ev.Changed) > 0 {
		row("changed", escaped(strings.Join(ev.Changed, ", ")))
	}
	for i, f := range x.facts {
		row(first(i, "facts"), fmt.Sprintf("%s (%s): %s -> %s", hostport.EscapeText(f.Path), escaped(f.Class), value(f.Before), value(f.After)))
	}
	if len(x.facts) == 0 && len(ev.Details) > 2 {
		row("details", clipped(hostport.EscapeText(string(ev.Details)), shownValue))
	}
	row("before", clipped(hostport.EscapeText(string(ev.Before)), shownValue))
	row("after", clipped(hostport.EscapeText(string(ev.After)), shownValue))
	if ev.Cause != nil {
		row("cause", escaped(*ev.Cause)+"  (portdelta explain event says why that was told)")
	}
}

func value(s *string) string {
	if s == nil {
		return "(absent)"
	}
	return clipped(hostport.EscapeText(*s), 100)
}

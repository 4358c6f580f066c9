package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/schemas"
)

// safeLines escapes each line of a text of ours that may quote text from outside.
func safeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = escaped(line)
	}
	return strings.Join(lines, "\n")
}

// escaped makes text that is escaped already, or ought to be, safe to print: what
// is hidden is shown, and escapes that stand there stay as they are.
func escaped(s string) string {
	return strings.ReplaceAll(hostport.EscapeText(s), `\\`, `\`)
}

// printer writes events for people or machines.
type printer struct {
	w     io.Writer
	json  bool
	color bool
	dates bool // times with their date, for what may be days old
}

func (e *env) printer() *printer {
	return &printer{w: e.Out, json: e.output == "json", color: coloured(e.Out)}
}

// severityColors are ANSI colours that are readable on dark and light.
var severityColors = map[schemas.Severity]string{
	schemas.Info: "2", schemas.Low: "36", schemas.Medium: "33", schemas.High: "31", schemas.Critical: "1;31",
}

// change prints one change event: time, severity, host, port, what changed.
func (p *printer) change(e *schemas.Event) error {
	port := "-"
	if e.Port != nil {
		port = escaped(e.Port.Protocol) + fmt.Sprintf("/%d", e.Port.Number)
	}
	host := escaped(e.Host)
	what := escaped(e.Message)
	what = strings.TrimPrefix(what, host+" ")
	what = strings.TrimPrefix(what, port+" ")
	return p.line(e.Time.Detected, e.Severity, host, port, string(e.Type), what)
}

// lifecycle prints one lifecycle event with its details as they came.
func (p *printer) lifecycle(l *schemas.Lifecycle) error {
	host, port := "-", "-"
	if l.Host != nil {
		host = escaped(*l.Host)
	}
	if l.Port != nil {
		port = escaped(l.Port.Protocol) + fmt.Sprintf("/%d", l.Port.Number)
	}
	return p.line(l.Time.Detected, l.Severity, host, port, string(l.Type), hostport.EscapeText(string(l.Details)))
}

// clock shows a time, in UTC.
func (p *printer) clock(at time.Time) string {
	if p.dates {
		return at.UTC().Format(time.RFC3339)
	}
	return at.UTC().Format(time.TimeOnly)
}

func (p *printer) line(at time.Time, s schemas.Severity, host, port, kind, what string) error {
	begin, end := "", ""
	if p.color {
		begin, end = "\x1b["+severityColors[s]+"m", "\x1b[0m"
	}
	_, err := fmt.Fprintf(p.w, "%s %s%-8s%s %-20s %-10s %-23s %s\n", p.clock(at), begin, s, end, host, port, escaped(kind), what)
	return err
}

// raw prints a record's value as one JSON line. A line feed can stand between
// tokens only, and not in what portdelta wrote.
func (p *printer) raw(value []byte) error {
	if bytes.ContainsAny(value, "\r\n") {
		var line bytes.Buffer
		if err := json.Compact(&line, value); err != nil {
			return err
		}
		value = line.Bytes()
	}
	_, err := fmt.Fprintf(p.w, "%s\n", hostport.EscapeJSON(value))
	return err
}

// value prints any value as one JSON line.
func (p *printer) value(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return p.raw(data)
}

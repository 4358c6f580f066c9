package app

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/limits"
)

// labelledPair is one line of a file of pairs. Further keys are let be.
type labelledPair struct {
	ScanProtocol string  `json:"scanProtocol"`
	Old          *string `json:"old"`
	New          *string `json:"new"`
	Same         *bool   `json:"same"`
	Why          string  `json:"why"`
}

// tally counts pairs and those that the rules decide otherwise than their label.
type tally struct {
	Pairs        int `json:"pairs"`
	FalseChanges int `json:"falseChanges"`
	Missed       int `json:"missed"`
}

func (t *tally) add(same, label bool) {
	t.Pairs++
	switch {
	case label && !same:
		t.FalseChanges++
	case !label && same:
		t.Missed++
	}
}

// pairsReport is the answer; its protocols are those of the old banners.
type pairsReport struct {
	tally
	Protocols map[string]*tally `json:"protocols"`
	Wrong     []wrongPair       `json:"wrong,omitempty"`
}

type wrongPair struct {
	Line     int    `json:"line"`
	Protocol string `json:"protocol"`
	Fault    string `json:"fault"` // "false change" or "missed"
	Why      string `json:"why"`
}

func (e *env) explainPairs(ctx context.Context, name string, listWrong bool) error {
	f, err := e.input(name)
	if err != nil {
		return err
	}
	defer f.Close()
	report := pairsReport{Protocols: map[string]*tally{}}
	lines := bufio.NewReaderSize(f, 64<<10)
	for number := 1; ; number++ {
		if ctx.Err() != nil {
			return outside(errors.New("stopped before the end of the pairs"))
		}
		line, err := boundedLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		var p labelledPair
		if err == nil {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			p, err = readPair(line)
		}
		if err != nil {
			return usage(fmt.Errorf("%s:%d: %w", name, number, err))
		}
		before, after := banner.Normalize(*p.Old, p.ScanProtocol, 0), banner.Normalize(*p.New, p.ScanProtocol, 0)
		same := diff.JudgeBanners(before, after).Same
		report.add(same, *p.Same)
		protocol := report.Protocols[before.Protocol]
		if protocol == nil {
			protocol = &tally{}
			report.Protocols[before.Protocol] = protocol
		}
		protocol.add(same, *p.Same)
		if listWrong && same != *p.Same {
			fault := "missed"
			if *p.Same {
				fault = "false change"
			}
			report.Wrong = append(report.Wrong, wrongPair{number, before.Protocol, fault, p.Why})
		}
	}
	if report.Pairs == 0 {
		return usage(fmt.Errorf("%s: holds no pairs", name))
	}
	if err := e.printPairs(report); err != nil {
		return err
	}
	if report.FalseChanges+report.Missed > 0 {
		return errNo
	}
	return nil
}

// boundedLine reads a line of any length up to the bound, with or without its
// end; io.EOF is the end of the file.
func boundedLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > limits.PairLineBytes.Max {
			limits.PairLineBytes.Hit()
			return nil, fmt.Errorf("the line is longer than %d bytes", limits.PairLineBytes.Max)
		}
		if line = append(line, part...); !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) && len(line) > 0 {
				err = nil
			}
			return line, err
		}
	}
}

func readPair(line []byte) (labelledPair, error) {
	var p labelledPair
	if err := json.Unmarshal(line, &p); err != nil {
		return p, fmt.Errorf("no pair in JSON: %w", err)
	}
	for _, missing := range []struct {
		name string
		is   bool
	}{{"old", p.Old == nil}, {"new", p.New == nil}, {"same", p.Same == nil}} {
		if missing.is {
			return p, fmt.Errorf("the pair has no %q", missing.name)
		}
	}
	return p, nil
}

func (e *env) printPairs(r pairsReport) error {
	if e.output == "json" {
		return e.printer().value(r)
	}
	var b strings.Builder
	row := func(name string, t tally) {
		fmt.Fprintf(&b, "%-20s %8d %14d %8d\n", name, t.Pairs, t.FalseChanges, t.Missed)
	}
	fmt.Fprintf(&b, "%-20s %8s %14s %8s\n", "protocol", "pairs", "false changes", "missed")
	for _, protocol := range slices.Sorted(maps.Keys(r.Protocols)) {
		row(escaped(protocol), *r.Protocols[protocol])
	}
	row("all", r.tally)
	for _, w := range r.Wrong {
		fmt.Fprintf(&b, "line %d: %s, %s: %s\n", w.Line, w.Fault, escaped(w.Protocol), escaped(cmp.Or(w.Why, "no reason given")))
	}
	_, err := io.WriteString(e.Out, b.String())
	return err
}

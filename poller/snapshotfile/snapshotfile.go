// Package snapshotfile writes and reads snapshot lines, the recorded form of
// looks: one look a line of JSON, as "run --record" keeps and "poll --output json"
// prints it. It also reads Graph's own answers from a file.
//
// It promises that a line holds every record as the source gave it but for white
// space, so that a recording can be read again by whoever learns to read more of
// it. A record that could not be read at all is in the line as its digest and
// length, and the figures of the paging where they decided something, so that a
// replay tells what the look told (P7). What is read is
// a whole snapshot with its proof or an error, never a shorter one (P1), one at a
// time, so that a file may be larger than memory (P11). It does not escape: a line
// may hold any text of a host, also bytes that are not UTF-8, and whoever shows it
// to a person escapes it first (hostport.EscapeJSON).
package snapshotfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Version is the "v" of the lines written here.
const Version = 1

// timeLayout is RFC 3339 in milliseconds, which is all a snapshot's time holds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// Append appends the snapshot's line, newline included, to b. The error names a
// record that does not carry its JSON, or carries something else; b is then
// returned as it was.
func Append(b []byte, s *hostport.Snapshot) ([]byte, error) {
	line, err := appendSnapshot(b, s)
	if err != nil {
		return b, fmt.Errorf("snapshot of %s: %w", hostport.EscapeText(string(s.Host)), err)
	}
	return append(line, '\n'), nil
}

func appendSnapshot(b []byte, s *hostport.Snapshot) ([]byte, error) {
	var err error
	b = fmt.Appendf(b, `{"v":%d,"host":`, Version)
	b = appendString(b, string(s.Host))
	b = append(b, `,"at":"`...)
	b = s.At.UTC().AppendFormat(b, timeLayout)
	b = append(b, `","result":`...)
	b = appendString(b, string(s.Result))
	b = append(b, `,"proof":`...)
	b = appendString(b, string(s.Proof))
	b = append(b, `,"coverage":`...)
	b = appendCoverage(b, s.Coverage)
	b = append(b, `,"requests":`...)
	b = appendStrings(b, s.Requests)
	b = append(b, `,"ports":[`...)
	for i := range s.Ports {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendPort(b, &s.Ports[i]); err != nil {
			return nil, err
		}
	}
	b = append(b, `],"answers":[`...)
	for i := range s.Answers {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendAnswer(b, &s.Answers[i]); err != nil {
			return nil, err
		}
	}
	b = append(b, ']')
	b = appendMalformed(b, s.Malformed)
	return append(appendPaging(b, s), '}'), nil
}

// appendMalformed writes what of the list could not be read at all:
// "malformed":[{"field","record","digest","length"}]; nothing where all could.
func appendMalformed(b []byte, list []hostport.Malformed) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"malformed":[`...)
	for i, m := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"field":`...)
		b = appendString(b, m.Field)
		b = append(b, `,"record":`...)
		b = appendString(b, m.Record)
		b = append(b, `,"digest":`...)
		b = appendString(b, m.Digest)
		b = fmt.Appendf(b, `,"length":%d}`, m.Length)
	}
	return append(b, ']')
}

// appendPaging writes what snapshot.incomplete tells,
// "paging":{"pages","count","distinct","repeated","unreadable"}; nothing where it
// tells nothing: of a list that is proven and was read whole.
func appendPaging(b []byte, s *hostport.Snapshot) []byte {
	if p := s.Paging; !s.Proof.Complete() || p.Unreadable > 0 {
		b = fmt.Appendf(b, `,"paging":{"pages":%d,"count":%d,"distinct":%d,"repeated":%d,"unreadable":%d}`,
			p.Pages, p.Count, p.Distinct, p.Repeated, p.Unreadable)
	}
	return b
}

// appendCoverage writes {"tcp":[[1,1000],[3306,3306]]}, or null where the list
// covers every port.
func appendCoverage(b []byte, c hostport.Coverage) []byte {
	if c == nil {
		return append(b, "null"...)
	}
	b = append(b, '{')
	for i, protocol := range slices.Sorted(maps.Keys(c)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, protocol)
		b = append(b, ":["...)
		for i, r := range c[protocol] {
			if i > 0 {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, "[%d,%d]", r.First, r.Last)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// appendAnswer writes {"kind","key","id","verdict","requests"} and what was
// found: "port" and "certificate" as the source gave them, "list" as a snapshot
// without its newline; null where there is none.
func appendAnswer(b []byte, a *hostport.Answer) ([]byte, error) {
	var err error
	b = append(b, `{"kind":`...)
	b = appendString(b, string(a.Kind))
	b = append(b, `,"key":`...)
	if a.Key == (hostport.PortKey{}) {
		b = append(b, "null"...)
	} else {
		b = appendString(b, a.Key.String())
	}
	b = append(b, `,"id":`...)
	b = appendString(b, a.ID)
	b = append(b, `,"verdict":`...)
	b = appendString(b, string(a.Verdict))
	b = append(b, `,"requests":`...)
	b = appendStrings(b, a.Requests)
	b = append(b, `,"port":`...)
	if a.Port == nil {
		b = append(b, "null"...)
	} else if b, err = appendPort(b, a.Port); err != nil {
		return nil, err
	}
	b = append(b, `,"certificate":`...)
	if a.Certificate == nil {
		b = append(b, "null"...)
	} else if b, err = appendRaw(b, a.Raw); err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", a.Key, err)
	}
	b = append(b, `,"list":`...)
	if a.List == nil {
		b = append(b, "null"...)
	} else if b, err = appendSnapshot(b, a.List); err != nil {
		return nil, err
	}
	return append(b, '}'), nil
}

func appendPort(b []byte, p *hostport.Port) ([]byte, error) {
	b, err := appendRaw(b, p.Raw)
	if err != nil {
		return nil, fmt.Errorf("port %s: %w", p.PortKey, err)
	}
	return b, nil
}

// appendRaw writes a record without white space, so that no line break in it
// breaks the line. What is no JSON would damage every line reader: it is refused.
func appendRaw(b, raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return nil, errors.New("its JSON was not kept")
	}
	out, err := jsontext.AppendFormat(b, raw,
		jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true))
	if err != nil {
		return nil, errors.New("what was kept of it is not JSON")
	}
	return out, nil
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString writes s. The error could only be about bytes that are not UTF-8,
// which have become U+FFFD.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// Package recording keeps what steps are decided from in a folder of files, and
// reads it again: each look with its answers, each look that failed, each tick,
// as lines (poller/snapshotfile) in frames of zstd.
//
// It promises that a recording never fails or drops a look of the watch: a fault of
// the disk ends the recording, is told once, and what comes after is counted; that
// the folder stays within its bound, the oldest file going first; and that a file
// which a crash tore is read up to the tear. It does not promise that the end of a
// recording survives a crash: up to flushEvery of it, or a frame, is in memory only.
// A recording holds all text of the hosts, as it came: whoever shows it escapes it.
package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller/snapshotfile"
)

// Head says with what the inputs after it were decided; each file begins with one.
type Head struct {
	Source string          `json:"source"` // the CloudEvents source
	Shards int             `json:"shards"` // a mass loss is one of a shard's hosts
	Detect json.RawMessage `json:"detect"` // the configuration's section, as its owner encodes it
}

// headLine, failedLine and tickLine are the lines that are no snapshots.
type headLine struct {
	V      int    `json:"v"`
	Result string `json:"result"`
	Head
}

type failedLine struct {
	V       int           `json:"v"`
	Host    hostport.Host `json:"host"`
	At      time.Time     `json:"at"`
	Result  string        `json:"result"`
	Failure failure       `json:"failure"`
}

type failure struct {
	Failures int            `json:"failures"`
	Since    time.Time      `json:"since"`
	LastGood *time.Time     `json:"lastGood"`
	MaxAge   string         `json:"maxAge"`
	Class    hostport.Class `json:"class"`
}

type tickLine struct {
	V      int           `json:"v"`
	Host   hostport.Host `json:"host"`
	At     time.Time     `json:"at"`
	Result string        `json:"result"`
}

// appendInput appends the line of an input, newline included.
func appendInput(b []byte, in detect.Input) ([]byte, error) {
	switch {
	case in.Snapshot != nil:
		return snapshotfile.Append(b, in.Snapshot)
	case in.Failure != nil:
		f := failure{Failures: in.Failure.Failures, Since: in.Failure.Since.UTC(), MaxAge: in.Failure.MaxAge.String(), Class: in.Failure.Class}
		if good := in.Failure.LastGood.UTC(); !good.IsZero() {
			f.LastGood = &good
		}
		return appendValue(b, failedLine{snapshotfile.Version, in.Host, in.At, snapshotfile.ResultFailed, f})
	}
	return appendValue(b, tickLine{snapshotfile.Version, in.Host, in.At, snapshotfile.ResultTick})
}

func appendHead(b []byte, h Head) ([]byte, error) {
	return appendValue(b, headLine{snapshotfile.Version, snapshotfile.ResultHead, h})
}

func appendValue(b []byte, v any) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return b, err
	}
	return append(append(b, line...), '\n'), nil
}

// parseLine reads one line: an Input, or a Head where that is not nil.
func parseLine(text []byte) (detect.Input, *Head, error) {
	var kind struct {
		V      int    `json:"v"`
		Result string `json:"result"`
	}
	if err := json.Unmarshal(text, &kind); err != nil || kind.Result != snapshotfile.ResultHead &&
		kind.Result != snapshotfile.ResultFailed && kind.Result != snapshotfile.ResultTick {
		s, err := snapshotfile.Parse(text)
		return detect.Input{Host: s.Host, At: s.At, Snapshot: &s}, nil, err
	}
	if kind.V != snapshotfile.Version {
		return detect.Input{}, nil, fmt.Errorf("a line of version %d, and version %d is read here", kind.V, snapshotfile.Version)
	}
	if kind.Result == snapshotfile.ResultHead {
		var l headLine
		if json.Unmarshal(text, &l) != nil {
			return detect.Input{}, nil, errLine
		}
		return detect.Input{}, &l.Head, nil
	}
	var l failedLine // a tick is one without its failure
	if json.Unmarshal(text, &l) != nil {
		return detect.Input{}, nil, errLine
	}
	host, err := hostport.ParseHost(string(l.Host))
	if err != nil || l.At.IsZero() {
		return detect.Input{}, nil, errLine
	}
	in := detect.Input{Host: host, At: l.At.UTC()}
	if kind.Result == snapshotfile.ResultTick {
		return in, nil, nil
	}
	maxAge, err := time.ParseDuration(l.Failure.MaxAge)
	if err != nil {
		return detect.Input{}, nil, errLine
	}
	in.Failure = &diff.Failure{At: in.At, Failures: l.Failure.Failures, Since: l.Failure.Since.UTC(), MaxAge: maxAge, Class: l.Failure.Class}
	if l.Failure.LastGood != nil {
		in.Failure.LastGood = l.Failure.LastGood.UTC()
	}
	return in, nil, nil
}

// errLine quotes nothing: a line may be anybody's.
var errLine = errors.New("a line of a recording with a member that is missing or of the wrong type")

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// truth is what the simulator says has happened, as far as its file was read.
type truth struct {
	file string
	read int64 // bytes

	changes []change          // noise left out, in their order
	answers map[string]answer // by request id
	noise   int
}

// change is one real change of the world.
type change struct {
	N        int64           `json:"n"`
	At       time.Time       `json:"at"`
	Host     string          `json:"host"`
	Protocol string          `json:"protocol"`
	Port     int             `json:"port"`
	What     string          `json:"what"` // status, service, banner, certificate or listed
	From     json.RawMessage `json:"from"`
	To       json.RawMessage `json:"to"`
	Noise    bool            `json:"noise"`
}

func (c *change) key() schemas.PortKey { return schemas.PortKey{Protocol: c.Protocol, Number: c.Port} }

func (c *change) String() string {
	const most = 60 // a banner says enough by its beginning
	clip := func(raw json.RawMessage) string { return string(raw[:min(len(raw), most)]) }
	return fmt.Sprintf("truth %d at %s: %s %s %s from %s to %s", c.N, c.At.Format("15:04:05.000"), c.Host, c.key(), c.What, clip(c.From), clip(c.To))
}

// answer is one answer of the service.
type answer struct {
	N        int64     `json:"n"`
	At       time.Time `json:"at"` // the instant whose state it shows
	Request  string    `json:"request"`
	Host     string    `json:"host"`
	Path     string    `json:"path"`
	Status   int       `json:"status"`
	Complete bool      `json:"complete"` // delivered whole, and honest
}

func newTruth(file string) *truth { return &truth{file: file, answers: map[string]answer{}} }

// update reads the lines that have come since. A line whose end is not written
// yet is left for the next time.
func (t *truth) update() error {
	file, err := os.Open(t.file)
	if err != nil {
		return err
	}
	defer file.Close()
	data, err := io.ReadAll(io.NewSectionReader(file, t.read, 1<<40))
	if err != nil {
		return err
	}
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	t.read += int64(len(data))
	for line := range bytes.Lines(data) {
		if err := t.line(line); err != nil {
			return fmt.Errorf("truth: %w in %.200s", err, line)
		}
	}
	return nil
}

func (t *truth) line(line []byte) error {
	var head struct{ Kind string }
	if err := json.Unmarshal(line, &head); err != nil {
		return err
	}
	switch head.Kind {
	case "change":
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		if c.Noise {
			t.noise++
		} else {
			t.changes = append(t.changes, c)
		}
		return nil
	case "answer":
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			return err
		}
		t.answers[a.Request] = a
		return nil
	}
	return fmt.Errorf("unknown kind %q", head.Kind)
}

// looksSince counts the complete answers to a list that showed the change.
func (t *truth) looksSince(c *change) int {
	n := 0
	for _, a := range t.answers {
		if a.Complete && a.Status == http.StatusOK && a.Host == c.Host && strings.HasSuffix(a.Path, "/ports") && c.in(a) {
			n++
		}
	}
	return n
}

// spoilt counts the answers that were not complete.
func (t *truth) spoilt() int {
	n := 0
	for _, a := range t.answers {
		if !a.Complete {
			n++
		}
	}
	return n
}

package app

import (
	"bytes"
	"testing"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// A record another program wrote with line feeds is one line all the same.
func TestRawIsOneLine(t *testing.T) {
	var out bytes.Buffer
	p := &printer{w: &out, json: true}
	if err := p.raw([]byte("{\r\n  \"a\": [1,\n\t\"b\u202e\"]}\n")); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), `{"a":[1,"b\u202e"]}`+"\n"; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}

// What is escaped once stays as it is, and every line of ours stays a line.
func TestSafeLines(t *testing.T) {
	for in, want := range map[string]string{
		"first\nsecond":          "first\nsecond",
		`said \u{1b} already`:    `said \u{1b} already`,
		"raw \x1b[2J and \u202e": `raw \u{1b}[2J and \u{202e}`,
	} {
		if got := safeLines(in); got != want {
			t.Errorf("%q: %q, expected %q", in, got, want)
		}
	}
}

// Colour is the severity's alone: nothing of it where nobody asked.
func TestLine(t *testing.T) {
	at := time.Date(2026, 11, 23, 15, 2, 11, 0, time.FixedZone("", 3600))
	for color, want := range map[bool]string{
		false: "14:02:11 high     203.0.113.7          tcp/80     port.opened             opened\n",
		true:  "14:02:11 \x1b[31mhigh    \x1b[0m 203.0.113.7          tcp/80     port.opened             opened\n",
	} {
		var out bytes.Buffer
		p := &printer{w: &out, color: color}
		if err := p.line(at, schemas.High, "203.0.113.7", "tcp/80", "port.opened", "opened"); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("colour %t: %q, expected %q", color, out.String(), want)
		}
	}
}

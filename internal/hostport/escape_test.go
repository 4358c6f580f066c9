package hostport

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// dangerous is one of each kind that must never reach a terminal raw.
var dangerous = []rune{
	0, '\a', '\b', '\n', '\r', '\t', '\v', 0x1b, 0x7f, 0x80, 0x85, 0x9b, 0x9f, // C0, DEL, C1
	0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x180b, 0x180e, // spaces, soft hyphen, joiners, fillers
	0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029,
	0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069,
	0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xe000, 0xffff,
	0xe0001, 0xe0041, 0xe007f, 0xe0100, 0xe01ef, 0x10fffd,
}

func TestEscapeText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"nginx/1.20.1", "nginx/1.20.1"},
		{"Grüße, 世界 🙂", "Grüße, 世界 🙂"},
		{"a\r\nb\tc", `a\r\nb\tc`},
		{"\x1b[31mred\x1b[0m", `\u{1b}[31mred\u{1b}[0m`},
		{"user\u202egpj.exe", `user\u{202e}gpj.exe`},
		{"in\u200bvisible\ufeff", `in\u{200b}visible\u{feff}`},
		{"tag\U000e0041", `tag\u{e0041}`},
		{"\xff\xc3", `\xff\xc3`},
		{"\u009b31m", `\u{9b}31m`},
		{`C:\new`, `C:\\new`},
		{`\u{1b}`, `\\u{1b}`},
		{"\ufffd", "\ufffd"},
		{"nul\x00", `nul\u{0}`},
	} {
		if got := EscapeText(c.in); got != c.want {
			t.Errorf("EscapeText(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestDangerousRunesAreHidden(t *testing.T) {
	for _, r := range dangerous {
		text := "a" + string(r) + "b"
		checkText(t, text, EscapeText(text))
		if got := EscapeText(text); got == text {
			t.Errorf("U+%04X came through EscapeText", r)
		}
		doc, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		// encoding/json escapes some of them itself; put them back raw where JSON allows it.
		if r >= ' ' {
			doc = []byte(`"` + text + `"`)
		}
		checkJSON(t, doc, EscapeJSON(doc))
	}
}

func TestEscapeJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a":"b"}`, `{"a":"b"}`},
		{"{\n\t\"a\": \"\u202e\"\r\n}", "{\n\t\"a\": \"\\u202e\"\r\n}"},
		{"\"\U000e0041\"", `"\udb40\udc41"`},
		{"\"\x7f\u0085\"", `"\u007f\u0085"`},
		{`"\u001b\\"`, `"\u001b\\"`},
		{"\"\xff\"", `"\ufffd"`},
		{"\"Grüße\"", "\"Grüße\""},
	} {
		if got := string(EscapeJSON([]byte(c.in))); got != c.want {
			t.Errorf("EscapeJSON(%q) = %q, want %q", c.in, got, c.want)
		}
		if got := string(AppendJSONEscaped([]byte("x"), []byte(c.in))); got != "x"+c.want {
			t.Errorf("AppendJSONEscaped(%q) = %q, want %q", c.in, got, "x"+c.want)
		}
	}
}

func FuzzEscapeText(f *testing.F) {
	for _, r := range dangerous {
		f.Add("x" + string(r) + `\`)
	}
	f.Add("\xf0\x9f\x98")
	f.Add(`\u{202e}\x00\n`)
	f.Fuzz(func(t *testing.T, s string) { checkText(t, s, EscapeText(s)) })
}

func FuzzEscapeJSON(f *testing.F) {
	for _, r := range dangerous {
		doc, err := json.Marshal(map[string]any{"k" + string(r): []any{string(r), 1.5, nil, true}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	f.Add([]byte("[\"\u202e\U000e0041\x7f\xff\"]"))
	f.Add([]byte("not json \x1b"))
	f.Fuzz(func(t *testing.T, doc []byte) { checkJSON(t, doc, EscapeJSON(doc)) })
}

// checkText holds the laws of EscapeText: safe, bounded, and readable back.
func checkText(t *testing.T, in, out string) {
	t.Helper()
	if !utf8.ValidString(out) || strings.ContainsAny(out, "\n\r\t") || strings.ContainsFunc(out, hidden) {
		t.Fatalf("EscapeText(%q) = %q is not safe", in, out)
	}
	if len(out) > 6*len(in) {
		t.Fatalf("EscapeText of %d bytes gave %d", len(in), len(out))
	}
	if back := unescapeText(t, out); back != in {
		t.Fatalf("EscapeText(%q) = %q reads back as %q", in, out, back)
	}
}

func unescapeText(t *testing.T, s string) string {
	t.Helper()
	var b strings.Builder
	for s != "" {
		if s[0] != '\\' {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		switch s[1] {
		case 'x':
			n, err := strconv.ParseUint(s[2:4], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteByte(byte(n))
			s = s[4:]
			continue
		case 'u':
			hex, rest, _ := strings.Cut(s[3:], "}")
			n, err := strconv.ParseUint(hex, 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteRune(rune(n))
			s = rest
			continue
		}
		b.WriteByte(map[byte]byte{'\\': '\\', 'n': '\n', 'r': '\r', 't': '\t'}[s[1]])
		s = s[2:]
	}
	return b.String()
}

// checkJSON holds the laws of EscapeJSON: safe, bounded, and the same value.
func checkJSON(t *testing.T, in, out []byte) {
	t.Helper()
	unsafe := func(r rune) bool { return r != '\n' && r != '\r' && r != '\t' && hidden(r) }
	if !utf8.Valid(out) || strings.ContainsFunc(string(out), unsafe) {
		t.Fatalf("EscapeJSON(%q) = %q is not safe", in, out)
	}
	if len(out) > 6*len(in) {
		t.Fatalf("EscapeJSON of %d bytes gave %d", len(in), len(out))
	}
	var before, after any
	if json.Unmarshal(in, &before) != nil {
		return
	}
	if err := json.Unmarshal(out, &after); err != nil {
		t.Fatalf("EscapeJSON(%q) = %q no longer parses: %v", in, out, err)
	}
	if !reflect.DeepEqual(before, after) {
		t.Fatalf("EscapeJSON(%q) = %q changed the value", in, out)
	}
}

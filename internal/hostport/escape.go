package hostport

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EscapeText returns s as text that is safe in a terminal, a log line, an error
// or a message. It is the one way in which text of a host or a source reaches
// any of them.
//
// Newline, carriage return and tab become \n, \r and \t, every other character
// that is not plainly visible (see hidden) becomes \u{hex}, a byte that is not
// UTF-8 becomes \xNN, and the backslash itself becomes \\. Each output therefore
// stands for exactly one input, and text that spells out an escape cannot pose
// as one. Escape once, at the edge: escaping twice doubles the backslashes.
//
// The time is linear; the output is at most six times the input, on one line.
func EscapeText(s string) string {
	i := plainPrefix(s)
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/4 + 8)
	b.WriteString(s[:i])
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[s[i]>>4])
			b.WriteByte(hexDigits[s[i]&15])
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case hidden(r):
			b.WriteString(`\u{`)
			b.WriteString(strconv.FormatUint(uint64(r), 16))
			b.WriteByte('}')
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// EscapeJSON is AppendJSONEscaped into a new slice, or json itself where there
// is nothing to escape.
func EscapeJSON(json []byte) []byte {
	for i := 0; i < len(json); {
		r, size := utf8.DecodeRune(json[i:])
		if hiddenInJSON(r, size) {
			return AppendJSONEscaped(make([]byte, 0, len(json)+len(json)/4+8), json)
		}
		i += size
	}
	return json
}

// AppendJSONEscaped appends a valid JSON text to dst with every character that
// is not plainly visible written as \uXXXX (a surrogate pair above U+FFFF), so
// that it is safe on a terminal and still parses to the same value. Such
// characters stand raw only within strings, so no parsing is needed; the white
// space between tokens stays. A byte that is not UTF-8, which strict parsers
// refuse and others read as U+FFFD, becomes \ufffd.
//
// The time is linear; the output is at most six times the input.
func AppendJSONEscaped(dst, json []byte) []byte {
	start := 0
	for i := 0; i < len(json); {
		r, size := utf8.DecodeRune(json[i:])
		if hiddenInJSON(r, size) {
			dst = append(dst, json[start:i]...)
			start = i + size
			if r > 0xFFFF {
				// RFC 8259 section 7: the UTF-16 surrogate pair.
				r -= 0x10000
				dst = appendJSONUnit(dst, 0xD800+r>>10)
				r = 0xDC00 + r&0x3FF
			}
			dst = appendJSONUnit(dst, r)
		}
		i += size
	}
	return append(dst, json[start:]...)
}

const hexDigits = "0123456789abcdef"

func appendJSONUnit(dst []byte, u rune) []byte {
	return append(dst, '\\', 'u', hexDigits[u>>12&15], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}

func hiddenInJSON(r rune, size int) bool {
	if r == utf8.RuneError {
		return size == 1
	}
	return r != '\n' && r != '\r' && r != '\t' && hidden(r)
}

// plainPrefix is the length of the longest prefix made of printable ASCII
// without a backslash, which is what nearly all text is made of.
func plainPrefix(s string) int {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' {
			return i
		}
	}
	return len(s)
}

// hidden says whether r could steer a terminal, reorder or hide its neighbours,
// or be nothing to see at all: controls, every space but U+0020, line and
// paragraph separators, format characters (bidirectional controls, zero-width
// characters, soft hyphen, tags), private use and unassigned code points, and of
// the characters Go calls printable those that Unicode's
// Default_Ignorable_Code_Point says to show as nothing: variation selectors,
// fillers, the combining grapheme joiner. (Unicode Technical Report 36.)
func hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return !strconv.IsPrint(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

package banner

import (
	"strings"
	"unicode/utf8"

	"github.com/portdelta/portdelta/internal/limits"
)

// source is a decoded banner.
type source struct {
	sent    string // as the source gave it, without the sign of a cut: see octets
	raw     string // bytes as the server sent them, as far as the source kept them; LF line ends
	text    string // raw as safe text: see escape
	cut     bool
	escaped bool
}

// decode bounds the banner, takes off the sign of a cut, reads back bytes that
// the source wrote out as \xNN or \r\n, folds line ends and escapes the rest.
func decode(text string) source {
	var s source
	if limit := limits.BannerBytes.Max; len(text) > limit {
		text, s.cut = text[:limit], true
	}
	// A source's "..." ends the text; one of the server's own is followed by its line end.
	for _, sign := range []string{"...", "…"} {
		if kept, ok := strings.CutSuffix(text, sign); ok {
			text, s.cut = kept, true
			break
		}
	}
	if s.cut {
		text = wholeRunes(text)
	}
	s.sent = text
	text = utf8OfCharacters(unescape(text))
	if strings.IndexByte(text, '\r') >= 0 {
		text = unixLines(text)
	}
	s.raw = text
	s.text, s.escaped = escape(text)
	return s
}

// wholeRunes takes off a last character that the cut went through.
func wholeRunes(s string) string {
	for n := 1; n < utf8.UTFMax && n <= len(s); n++ {
		if tail := s[len(s)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRuneInString(tail) {
				return s[:len(s)-n]
			}
			break
		}
	}
	return s
}

// unixLines makes LF of CRLF, of CRCRLF and of a CR alone.
func unixLines(s string) string {
	b := make([]byte, 0, len(s))
	for {
		i := strings.IndexByte(s, '\r')
		if i < 0 {
			return string(append(b, s...))
		}
		b = append(append(b, s[:i]...), '\n')
		s = s[i+1:]
		if strings.HasPrefix(s, "\r\n") {
			s = s[1:]
		}
		s = strings.TrimPrefix(s, "\n")
	}
}

// unescape reads back what a source wrote out: see writtenOut.
func unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	written := writtenOut(s)
	b := make([]byte, 0, len(s))
	for {
		b = append(b, s[:i]...)
		s = s[i:]
		value, size := byte('\\'), 1
		if len(s) > 1 {
			if v, n := written.escaped(s); n > 0 {
				value, size = v, n
			}
		}
		b, s = append(b, value), s[size:]
		if i = strings.IndexByte(s, '\\'); i < 0 {
			return string(append(b, s...))
		}
	}
}

// utf8OfCharacters undoes what a source does that makes a character U+0080 to
// U+00FF of each byte of UTF-8: "â\u0080\u0093" was a dash. Where that gives no
// UTF-8 the characters are meant.
func utf8OfCharacters(s string) string {
	i := 0
	for i < len(s) && s[i] < utf8.RuneSelf {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for _, r := range s[i:] {
		if r > 0xFF {
			return s // also U+FFFD, for bytes that are no UTF-8
		}
		b = append(b, byte(r))
	}
	if !utf8.Valid(b) {
		return s
	}
	return string(b)
}

// lostBytes makes one U+FFFD of a run of bytes that are no text, which escape
// wrote as \xNN, and of what a source put in their place: of a text they are in
// another encoding, and nothing more can be told of them.
func lostBytes(s string) string {
	if !strings.Contains(s, `\x`) && !strings.Contains(s, "\uFFFD") {
		return s
	}
	b := make([]byte, 0, len(s))
	lost := false
	for len(s) > 0 {
		size := 0
		switch {
		case strings.HasPrefix(s, "\uFFFD"):
			size = len("\uFFFD")
		case len(s) >= 4 && s[:2] == `\x` && s[2] >= '8' && isHex(s[2]) && isHex(s[3]):
			size = 4
		}
		if size == 0 {
			b, s, lost = append(b, s[0]), s[1:], false
			continue
		}
		if !lost {
			b, lost = append(b, "\uFFFD"...), true
		}
		s = s[size:]
	}
	return string(b)
}

// escape makes text safe: a tab becomes a space, other controls and bytes that
// are not UTF-8 become \xNN, invisible and direction-changing characters and the
// brackets of our masks \u{hex}. So no input can hold a mask.
func escape(s string) (text string, escaped bool) {
	i := 0
	for i < len(s) && (s[i] >= ' ' && s[i] <= '~' || s[i] == '\n') {
		i++
	}
	if i == len(s) {
		return s, false
	}
	b := make([]byte, 0, len(s)+len(s)/2)
	b = append(b, s[:i]...)
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\t':
			b = append(b, ' ')
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\n', r == 0x7f:
			b, escaped = append(b, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15]), true
		case r >= 0x80 && r < 0xA0:
			// A control of ISO 8859-1: a byte that the source took for a character.
			b, escaped = append(b, '\\', 'x', hexDigits[r>>4], hexDigits[r&15]), true
		case hidden(r):
			b, escaped = appendBraced(b, r), true
		default:
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return string(b), escaped
}

func appendBraced(b []byte, r rune) []byte {
	b = append(b, `\u{`...)
	shift := 12
	for r>>(shift+4) != 0 {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		b = append(b, hexDigits[r>>shift&15])
	}
	return append(b, '}')
}

// hidden lists, beyond the controls, what must not be shown raw: soft hyphen,
// joiners and fillers, variation selectors, zero-width and bidirectional
// characters, separators, interlinear marks, tags, noncharacters, and the
// brackets of our masks. The list is fixed on purpose: a newer Unicode table
// would change digests.
func hidden(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case r == 0xAD, r == 0x34F, r == 0x61C, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5,
		r >= 0x180B && r <= 0x180F, r >= 0x200B && r <= 0x200F, r >= 0x2028 && r <= 0x202E,
		r >= 0x2060 && r <= 0x206F, r == 0x3164, r >= 0xFE00 && r <= 0xFE0F, r == 0xFEFF, r == 0xFFA0,
		r >= 0xFFF0 && r <= 0xFFFB, r >= 0xFDD0 && r <= 0xFDEF, r >= 0xE0000 && r <= 0xE0FFF:
		return true
	case r == openRune, r == closeRune:
		return true
	}
	return r&0xFFFE == 0xFFFE
}

const hexDigits = "0123456789abcdef"

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}

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
	text = unescape(text)
	if strings.IndexByte(text, '\r') >= 0 {
		text = lineEnds.Replace(text)
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

var lineEnds = strings.NewReplacer("\r\r\n", "\n", "\r\n", "\n", "\r", "\n")

// unescape reads back what a source wrote out: \xNN anywhere, \r \n \t only
// where the text has no real line end (else it holds them because the server
// said them, as in C:\new).
func unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	lines := strings.IndexByte(s, '\n') < 0
	b := make([]byte, 0, len(s))
	for {
		b = append(b, s[:i]...)
		s = s[i:]
		switch {
		case len(s) >= 4 && s[1] == 'x' && isHex(s[2]) && isHex(s[3]):
			b = append(b, unhex(s[2])<<4|unhex(s[3]))
			s = s[4:]
		case lines && len(s) >= 2 && s[1] == 'r':
			b, s = append(b, '\r'), s[2:]
		case lines && len(s) >= 2 && s[1] == 'n':
			b, s = append(b, '\n'), s[2:]
		case lines && len(s) >= 2 && s[1] == 't':
			b, s = append(b, '\t'), s[2:]
		default:
			b, s = append(b, '\\'), s[1:]
		}
		if i = strings.IndexByte(s, '\\'); i < 0 {
			return string(append(b, s...))
		}
	}
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

package banner

import "strings"

// matchID takes, at a word's begin or behind a hyphen or the like, a UUID, a
// hexadecimal number of 16 digits or more, or a random word of 20 or more. A
// word that holds a version is left alone, however it goes on.
func matchID(s string, i int) int {
	if i > 0 && base64Char(s[i-1]) && (alnum(s[i-1]) || !alnum(s[i])) {
		return 0
	}
	if end := matchUUID(s, i); end > 0 {
		return end
	}
	end := i
	for end < len(s) && isHex(s[end]) {
		end++
	}
	if end-i >= 16 && (end == len(s) || !alnum(s[end])) && !inVersion(s, i) {
		return end
	}
	if end := randomEnd(s, i); end > 0 && !inVersion(s, i) {
		return end
	}
	return 0
}

// inVersion says whether the word before i holds a version: 5.4.0-1f3a...
func inVersion(s string, i int) bool {
	start := i
	for start > 0 && i-start < 64 && s[start-1] > ' ' && s[start-1] != '"' && s[start-1] != '=' && s[start-1] != ',' {
		start--
	}
	return hasDigitDot(s[start:i])
}

func matchUUID(s string, i int) int {
	if i+36 > len(s) || i+36 < len(s) && alnum(s[i+36]) {
		return 0
	}
	for k := range 36 {
		c := s[i+k]
		if k == 8 || k == 13 || k == 18 || k == 23 {
			if c != '-' {
				return 0
			}
		} else if !isHex(c) {
			return 0
		}
	}
	return i + 36
}

// shape is what tells a word somebody wrote from one that was drawn.
type shape struct {
	hexadecimal   bool
	digits        int
	joins         int // a small letter and a capital, or a letter and a digit, side by side
	separators    int // of - _ + /
	consonants    int // small ones in a row, at most
	small         int // small letters in a row, at most
	capitals      int
	length, equal int // without and of trailing =
}

func shapeOf(s string) (w shape, ok bool) {
	w.hexadecimal = true
	consonants, small := 0, 0
	for i := range len(s) {
		c := s[i]
		if consonants++; !isLower(c) || strings.IndexByte("aeiouy", c) >= 0 {
			consonants = 0
		}
		if small++; !isLower(c) {
			small = 0
		}
		w.consonants, w.small = max(w.consonants, consonants), max(w.small, small)
		switch {
		case c == '=' && i > 0:
			w.equal++
			continue
		case !base64Char(c) || w.equal > 0:
			return w, false
		case !alnum(c):
			w.separators++
		case isDigit(c):
			w.digits++
		case !isLower(c):
			w.capitals++
		}
		w.hexadecimal = w.hexadecimal && isHex(c)
		if i > 0 && joins(s[i-1], c) {
			w.joins++
		}
	}
	w.length = len(s) - w.equal
	return w, w.equal <= 2
}

// joins says whether two characters join that do not follow in words.
func joins(b, c byte) bool {
	return isDigit(b) && isLetter(c) || isLetter(b) && isDigit(c) || isLower(b) && isLetter(c) && !isLower(c)
}

// randomToken says whether a value that is one word is drawn: a UUID, eight
// figures or more, a hexadecimal number of eight or more, twelve letters and figures
// or more, or as many of base64 that join as words do not. A version would have
// points. The text of a greeting is not asked: there a short word may be a host.
func randomToken(s string) bool {
	if len(s) < 8 || len(s) > maxFact {
		return false
	}
	if matchUUID(s, 0) == len(s) {
		return true
	}
	w, ok := shapeOf(s)
	switch {
	case !ok || w.length < 8:
		return false
	case w.hexadecimal && w.digits > 0:
		return true
	case w.length < 12:
		return false
	case w.separators == 0 && w.digits >= 2, w.length >= 16 || w.digits >= 2:
		return w.separators == 0 && w.digits >= 2 || w.joins*5 >= w.length
	}
	return false
}

// randomEnd takes a run of the base64 alphabets that no one would write: of 20
// characters or more, every fourth to eighth place joins what does not follow in
// words (see shape); the fewer figures there are, the more joins it takes. In random
// base64 that is two places in five; OpenSSH_for_Windows_8 has one in all.
func randomEnd(s string, i int) int {
	// What decides is within the first 256: so a long run costs no more than
	// that at each of its words.
	const shortest, decisive = 20, 256
	end := i
	for end < len(s) && end-i < decisive && base64Char(s[end]) {
		end++
	}
	long := end-i == decisive
	// A rule of hyphens is no part of it; one or two may be the last of base64.
	if trimmed := len(strings.TrimRight(s[i:end], "-_/")); !long && end-i-trimmed > 2 {
		end = i + trimmed
	}
	w, _ := shapeOf(s[i:end])
	per := 4
	switch {
	case w.digits >= 4 && w.separators == 0, w.digits > 0 && w.capitals > 0 && w.small > 0 && w.small <= 4:
		per = 8 // nobody's words, nor a host's name
	case w.digits >= 4, w.capitals >= 4 && w.small > 0 && w.small <= 4:
		per = 6
	case w.digits > 0:
		per = 5 // testH264VideoStreamer is a name
	}
	unspeakable := w.digits > 0 && w.separators == 0 && w.consonants >= 5
	if end-i < shortest || w.joins*per < end-i && !unspeakable {
		return 0
	}
	if long {
		for end < len(s) && base64Char(s[end]) {
			end++
		}
	}
	for pad := 0; pad < 2 && end < len(s) && s[end] == '='; pad++ {
		end++
	}
	return end
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func base64Char(c byte) bool {
	return alnum(c) || c == '+' || c == '/' || c == '_' || c == '-'
}

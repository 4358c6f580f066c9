package banner

import "strings"

// Masks stand for what is volatile. Their brackets never come through decode, so
// nothing a server sends can look like one.
const (
	openRune, closeRune = '⟨', '⟩'
	maskOpen, maskClose = "⟨", "⟩"

	maskDate  = "⟨date⟩"  // a date with or without a time of day
	maskTime  = "⟨time⟩"  // a time of day
	maskEpoch = "⟨epoch⟩" // a count of seconds or their parts since 1970
	maskID    = "⟨id⟩"    // a UUID, a long hexadecimal number, a random word
	maskStamp = "⟨stamp⟩" // a message id in angle brackets: the APOP challenge
	maskAddr  = "⟨addr⟩"  // an address in a sentence about the client
	maskSpan  = "⟨span⟩"  // how long something has been up
	maskCount = "⟨n⟩"     // a counter named by the word beside it
	maskValue = "⟨value⟩" // a value whose name says that it is volatile
	maskCut   = "⟨cut⟩"   // an unordered list of lines ended early
	more      = "⟨+⟩"     // a fact goes on here
)

// mask is the last resort, for text no parser knows: it goes through the text
// once and replaces what has the shape of a clock, an id or a counter. What
// could be a version it leaves alone: see startsToken. The text must be escaped.
func mask(s string) string {
	if len(s) > 10 && strings.EqualFold(s[:10], "last login") {
		return s[:10] + ": " + maskValue // when, from where and on which line
	}
	m := masker{s: s}
	return m.run()
}

// maskClocks is mask for a name somebody chose, in which only a clock is noise: an
// id in it is the device's own.
func maskClocks(s string) string {
	m := masker{s: s, named: true}
	return m.run()
}

type masker struct {
	s    string
	out  []byte // nil until something was masked
	last int    // s[:last] is in out
	// client: the text speaks of the client's address; worked out on demand.
	client, clientKnown bool
	named               bool // see maskClocks
}

func (m *masker) run() string {
	s := m.s
	for i := 0; i < len(s); {
		if end, with := m.at(i); end > i {
			m.out = append(append(m.out, s[m.last:i]...), with...)
			i, m.last = end, end
			continue
		}
		i = m.next(i)
	}
	if m.out == nil {
		return s
	}
	return string(append(m.out, s[m.last:]...))
}

// next skips to the next place where something could begin.
func (m *masker) next(i int) int {
	s := m.s
	if !alnum(s[i]) {
		return i + 1
	}
	for i < len(s) && alnum(s[i]) {
		i++
	}
	return i
}

// at says what begins at i and where it ends; 0 is nothing.
func (m *masker) at(i int) (end int, with string) {
	s := m.s
	if s[i] == '<' {
		return matchStamp(s, i), maskStamp
	}
	if s[i] == ':' {
		return m.address(i), maskAddr
	}
	if !alnum(s[i]) {
		// Base64 may begin with one of its other characters.
		if base64Char(s[i]) && (i == 0 || !base64Char(s[i-1])) && !m.named {
			if end := randomEnd(s, i); end > 0 && !inVersion(s, i) && !m.partOfVersion(i, false) {
				return end, maskID
			}
		}
		return 0, ""
	}
	if startsToken(s, i) {
		if end, dateOnly := matchDate(s, i); end > 0 {
			if m.partOfVersion(i, dateOnly) {
				return end, s[i:end] // with its time of day
			}
			return end, maskDate
		}
		if end := matchNamedID(s, i); end > 0 && !m.named {
			return end, maskID
		}
		if end := matchSpan(s, i); end > 0 {
			return end, maskSpan
		}
		if end := matchTime(s, i, !toldTime(s, i)); end > 0 {
			return end, maskTime
		}
		if end := m.address(i); end > 0 {
			return end, maskAddr
		}
		if isDigit(s[i]) {
			if end := matchEpoch(s, i); end > 0 && !m.partOfVersion(i, false) && !m.behindVersion(i) {
				return end, maskEpoch
			}
			if end := matchCount(s, i); end > 0 {
				return end, maskCount
			}
		}
	} else if i > 0 && s[i-1] == '/' && isDigit(s[i]) && inURL(s, i) {
		if end := m.address(i); end > 0 {
			return end, maskAddr
		}
	}
	if end := matchID(s, i); end > 0 && !m.named && !m.partOfVersion(i, false) {
		return end, maskID
	}
	return 0, ""
}

// startsToken says whether what begins at i stands by itself. A number behind a
// slash, a hyphen, an underscore, a point, a letter or "(r" belongs to the word
// before it and may be a version: Jetty(9.4.43.v20210629), FreeBSD-20200214.
func startsToken(s string, i int) bool {
	if i == 0 {
		return true
	}
	switch c := s[i-1]; c {
	case '/', '-', '_', '.', '+', '~', '%', '\\':
		return false
	default:
		return !alnum(c) && c < 0x80 || strings.HasSuffix(s[:i], maskClose)
	}
}

// partOfVersion says whether the text before i makes what follows a build's mark
// and not a clock: "build 2008-12-24 01:41", "git 1f3a...", "(Version wu-2.6.2(1)
// Sat Jul 19 16:21:30 UTC 2008)", "4.47 (Mar 13 2008)", "2.43 Nov 04 2008".
func (m *masker) partOfVersion(i int, dateOnly bool) bool {
	before := m.s[max(0, i-96):i]
	inside := asciiLower(openComment(before))
	for _, w := range []string{"(version", "(revision", "(release"} {
		if strings.HasPrefix(inside, w) {
			return true
		}
	}
	// "v1.19.4 (2013-05-13 14:26:34 CEST)": a clock would name the day of the week.
	if strings.HasSuffix(before, "(") && (dateOnly || nameEnd(m.s, i, weekdays) == 0 && m.behindVersion(i)) {
		return true
	}
	if dateOnly && m.behindVersion(i) {
		return true
	}
	one, rest := lastWord(before)
	two, _ := lastWord(rest)
	for _, w := range []string{"build", "built", "compiled", "commit", "git", "release", "revision", "firmware", "fw", "copyright", "(c)"} {
		if strings.HasPrefix(one, w) || strings.HasPrefix(two, w) {
			return true
		}
	}
	return dateOnly && strings.HasPrefix(one, "version")
}

// behindVersion says whether the word before i is a version: "5.0.5 (1989540204)".
func (m *masker) behindVersion(i int) bool {
	word, _ := lastWord(strings.TrimRight(m.s[max(0, i-96):i], " ("))
	return hasDigitDot(word)
}

// inURL says whether the word that i is in is a URL.
func inURL(s string, i int) bool {
	start := strings.LastIndexByte(s[max(0, i-128):i], ' ') + max(0, i-128) + 1
	return strings.Contains(s[start:i], "://")
}

// openComment is what stands behind the last parenthesis that is still open.
func openComment(s string) string {
	depth := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth < 0 {
				return s[i:]
			}
		}
	}
	return ""
}

// lastWord gives the last word of s in lower case, and what is before it.
func lastWord(s string) (word, before string) {
	s = strings.TrimRight(s, " \"'=:,;")
	i := strings.LastIndexAny(s, " \"',;\n")
	return asciiLower(s[i+1:]), s[:max(i, 0)]
}

func hasDigitDot(word string) bool {
	i := strings.IndexByte(word, '.')
	return i > 0 && i+1 < len(word) && isDigit(word[i-1]) && isDigit(word[i+1])
}

// matchStamp takes an APOP challenge, <process.clock@host> (RFC 1939 section 7).
func matchStamp(s string, i int) int {
	n := strings.IndexAny(s[i:min(len(s), i+200)], "> \n")
	if n < 0 || s[i+n] != '>' || strings.IndexByte(s[i:i+n], '@') < 0 {
		return 0
	}
	return i + n + 1
}

// matchEpoch takes seconds or milliseconds of the years 2005 to
// 2039, with or without a fraction.
func matchEpoch(s string, i int) int {
	end := digitsEnd(s, i)
	switch end - i {
	case 10, 13: // 16 are an id
	default:
		return 0
	}
	if first := s[i : i+2]; first < "11" || first > "21" {
		return 0
	}
	if end+1 < len(s) && s[end] == '.' && isDigit(s[end+1]) {
		end = digitsEnd(s, end+1)
	}
	if end < len(s) && (alnum(s[end]) || s[end] == '.' && end+1 < len(s) && isDigit(s[end+1])) {
		return 0
	}
	return end
}

func alnum(c byte) bool { return isDigit(c) || isLetter(c) }

func digitsEnd(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

package banner

import "strings"

// counted are words behind a number that make it a counter; naming are words
// before one.
var (
	counted = []string{"user", "player", "connection", "client", "visitor", "session", "guest", "online", "people"}
	naming  = []string{"user number", "uptime", "pid", "process id", "connection id", "session id", "load average",
		"connection number", "transaction id", "queue id", "visitor number", "request id"}
)

// matchCount takes a number that the words beside it call a counter; a maximum
// is configuration, not a count.
func matchCount(s string, i int) int {
	end := digitsEnd(s, i)
	if end < len(s) && (isLetter(s[end]) || s[end] == '_' || s[end] == '/' || s[end] == '.' && end+1 < len(s) && isDigit(s[end+1])) {
		return 0
	}
	before := strings.TrimRight(asciiLower(s[max(0, i-32):i]), " :=#")
	for _, w := range naming {
		if rest, ok := strings.CutSuffix(before, w); ok && (rest == "" || !alnum(rest[len(rest)-1])) {
			return end
		}
	}
	one, rest := lastWord(before)
	two, _ := lastWord(rest)
	for _, w := range []string{one, two} {
		if strings.HasPrefix(w, "max") || strings.HasPrefix(w, "limit") || w == "of" || w == "to" {
			return 0
		}
	}
	after := strings.TrimLeft(asciiLower(s[end:min(len(s), end+24)]), " ")
	for _, w := range counted {
		if strings.HasPrefix(after, w) {
			return end
		}
	}
	return 0
}

// address takes an IP address in a text that speaks of the client: it is the
// scanner's and changes with it. A server's own address stays.
func (m *masker) address(i int) int {
	s := m.s
	end := i
	for end < len(s) && end-i < 46 && (isHex(s[end]) || s[end] == '.' || s[end] == ':') {
		end++
	}
	for end > i && (s[end-1] == '.' || s[end-1] == ':') {
		end--
	}
	if end-i < 3 || end < len(s) && alnum(s[end]) || i > 0 && alnum(s[i-1]) {
		return 0
	}
	word := s[i:end]
	if !isIPv4(word) && (strings.Count(word, ":") < 3 && !strings.Contains(word, "::") || strings.Contains(word, ":::")) {
		return 0
	}
	if !m.clientKnown {
		m.clientKnown = true
		lower := asciiLower(s)
		for _, w := range []string{"your ", "client", "from ", "denied", "blocked", "rejected", "refused", "not allowed", "listed", "host '", "hello "} {
			m.client = m.client || strings.Contains(lower, w)
		}
	}
	if !m.client {
		return 0
	}
	return end
}

func isIPv4(s string) bool {
	parts := 0
	for part := range strings.SplitSeq(s, ".") {
		if parts++; parts > 4 || !isDigits(part) || len(part) > 3 || len(part) == 3 && part > "255" {
			return false
		}
	}
	return parts == 4
}

package banner

import "strings"

// counted are words behind a number that make it a counter; naming are words
// before one, of which gauges may have decimals or stand before a maximum,
// "players 8/100".
var (
	counted = []string{"user", "player", "connection", "client", "visitor", "session", "guest", "online", "people"}
	naming  = []string{"user number", "uptime", "pid", "process id", "connection id", "session id",
		"connection number", "transaction id", "queue id", "visitor number", "request id"}
	gauges = []string{"load average", "system load", "load", "processes", "users logged in", "connections", "clients", "sessions", "players",
		"users online", "users", "visitors", "requests", "threads", "hits", "online"}
)

// matchCount takes a number that the words beside it call a counter, or that
// measures a share; a maximum is configuration, not a count.
func matchCount(s string, i int) int {
	end := digitsEnd(s, i)
	decimals := end
	if end+1 < len(s) && s[end] == '.' && isDigit(s[end+1]) {
		decimals = digitsEnd(s, end+1)
	}
	if decimals < len(s) && s[decimals] == '%' {
		return decimals + 1
	}
	if decimals < len(s) && (isLetter(s[decimals]) || s[decimals] == '_' || s[decimals] == '.' && decimals+1 < len(s) && isDigit(s[decimals+1])) {
		return 0
	}
	before := strings.TrimRight(asciiLower(s[max(0, i-32):i]), " :=#")
	one, rest := lastWord(before)
	two, _ := lastWord(rest)
	for _, w := range []string{one, two} {
		if strings.HasPrefix(w, "max") || strings.HasPrefix(w, "limit") || w == "of" || w == "to" {
			return 0
		}
	}
	if endsInWord(before, gauges) {
		return decimals
	}
	if decimals > end || end < len(s) && s[end] == '/' {
		return 0
	}
	if endsInWord(before, naming) {
		return end
	}
	after := strings.TrimLeft(asciiLower(s[end:min(len(s), end+24)]), " ")
	for _, w := range counted {
		if strings.HasPrefix(after, w) {
			return end
		}
	}
	return 0
}

// endsInWord says whether s ends in one of the words, not in a part of another.
func endsInWord(s string, words []string) bool {
	for _, w := range words {
		if rest, ok := strings.CutSuffix(s, w); ok && (rest == "" || !alnum(rest[len(rest)-1]) && rest[len(rest)-1] != '-') {
			return true
		}
	}
	return false
}

// spanUnits are the units of a span, without the s of more than one.
var spanUnits = words("year yr month week wk day hour hr minute min second sec d h m s w")

// matchSpan takes how long something has been up, where the text says so before:
// "up 12 days, 3:04", "uptime is 19 weeks, 5 days, 3 hours". Which units stand
// there depends on the span, so they are taken together.
func matchSpan(s string, i int) int {
	if !isDigit(s[i]) || !toldSpan(asciiLower(s[max(0, i-24):i])) {
		return 0
	}
	end := 0
	for p := i; p < len(s) && isDigit(s[p]); {
		q := digitsEnd(s, p)
		if q+2 < len(s) && s[q] == ':' && isDigit(s[q+1]) && isDigit(s[q+2]) {
			for q+2 < len(s) && s[q] == ':' && isDigit(s[q+1]) && isDigit(s[q+2]) {
				q += 3
			}
			return q
		}
		unit := skipSep(s, q, " ")
		q = unit
		for q < len(s) && isLetter(s[q]) {
			q++
		}
		if word := asciiLower(s[unit:q]); !spanUnits[word] && !spanUnits[strings.TrimSuffix(word, "s")] {
			break
		}
		end = q
		p = skipSep(s, q, ", ")
		if strings.HasPrefix(s[p:], "and ") {
			p += len("and ")
		}
	}
	return end
}

func toldSpan(before string) bool {
	before = strings.TrimRight(before, " :=")
	before = strings.TrimSuffix(before, " is")
	before = strings.TrimSuffix(before, " for")
	return endsInWord(before, []string{"uptime", "up", "running", "up since", "been up", "online", "alive"})
}

// matchNamedID takes a word with a figure in it that the word before calls an id:
// "queued as 4F1A2B3C4D", "ready; id 2146013ee5".
func matchNamedID(s string, i int) int {
	if i < 3 || s[i-1] != ' ' && s[i-1] != '=' && s[i-1] != ':' && s[i-1] != '#' {
		return 0
	}
	end, digits := i, false
	for end < len(s) && (alnum(s[end]) || s[end] == '-' || s[end] == '_') {
		digits = digits || isDigit(s[end])
		end++
	}
	if end-i < 6 || !digits || end < len(s) && s[end] == '.' && end+1 < len(s) && alnum(s[end+1]) {
		return 0
	}
	before := strings.TrimRight(asciiLower(s[max(0, i-24):i]), " :=#")
	if !endsInWord(before, []string{"id", "queued as", "session", "incident", "reference", "ticket", "transaction", "ray", "request"}) {
		return 0
	}
	return end
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

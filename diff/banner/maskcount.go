package banner

import "strings"

// counted are words behind a number that make it a counter; naming are words
// before one, of which gauges may have decimals or stand before a maximum,
// "players 8/100".
var (
	counted = []string{"user", "player", "connection", "client", "visitor", "session", "guest", "online", "people"}
	// told are gauges only where = or : stands between word and number.
	told   = []string{"seq", "ts", "rtt", "latency", "cpu", "mem", "memory", "queue", "jobs", "tick", "fps", "ping", "count", "time"}
	naming = []string{"user number", "connection", "conn", "thread", "uptime", "pid", "process id", "connection id", "session id",
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
	if e := ordinalEnd(s, end); e > 0 {
		after := strings.TrimLeft(asciiLower(s[e:min(len(s), e+24)]), " ")
		for _, w := range counted {
			if strings.HasPrefix(after, w) {
				return e // "the 4711th visitor"
			}
		}
		return 0
	}
	if e := sizeEnd(s, decimals); e == 0 && decimals < len(s) && (isLetter(s[decimals]) || s[decimals] == '_' || s[decimals] == '.' && decimals+1 < len(s) && isDigit(s[decimals+1])) {
		return 0
	}
	before := strings.TrimRight(asciiLower(s[max(0, i-32):i]), " :=#\"'")
	one, rest := lastWord(before)
	two, _ := lastWord(rest)
	for _, w := range []string{one, two} {
		if strings.HasPrefix(w, "max") || strings.HasPrefix(w, "limit") || w == "of" || w == "to" {
			return 0
		}
	}
	if endsInWord(before, gauges) || (strings.HasSuffix(s[:i], "=") || strings.HasSuffix(strings.TrimRight(s[:i], " "), ":")) && endsInWord(before, told) {
		return decimals
	}
	if e := sizeEnd(s, decimals); e > 0 && (hasAny(before, freeWords) || hasAny(asciiLower(s[e:min(len(s), e+12)]), freeWords)) {
		return e
	}
	of := end // where a maximum behind a slash ends: "13/100 players"
	if end < len(s) && s[end] == '/' {
		of = digitsEnd(s, end+1)
	}
	if decimals > end || of == end+1 {
		return 0
	}
	if endsInWord(before, naming) {
		return end
	}
	after := strings.TrimLeft(asciiLower(s[of:min(len(s), of+24)]), " ")
	if rest, ok := strings.CutPrefix(after, "of "); ok {
		after = strings.TrimLeft(rest[digitsEnd(rest, 0):], " ") // "13 of 100 users"
	}
	for _, w := range counted {
		if strings.HasPrefix(after, w) {
			return end
		}
	}
	return 0
}

// freeWords beside a size say that it is what is left or used of something.
var freeWords = []string{"free", "used", "avail", "left", "transferred", "traffic"}

// sizeEnd is where a unit of size that begins at p ends, 0 if none does.
func sizeEnd(s string, p int) int {
	p = skipSep(s, p, " ")
	end := p
	for end < len(s) && isLetter(s[end]) && end-p < 6 {
		end++
	}
	if end > p && strings.Contains(sizeUnits, " "+s[p:end]+" ") {
		return end
	}
	return 0
}

// ordinalEnd is where the st, nd, rd or th at p ends, 0 if there is none.
func ordinalEnd(s string, p int) int {
	if p+2 > len(s) || p+2 < len(s) && alnum(s[p+2]) {
		return 0
	}
	switch s[p : p+2] {
	case "st", "nd", "rd", "th":
		return p + 2
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

// matchNamedID takes a word that the word before calls an id: with a figure in it
// behind "id", "session" and the like, any behind "nonce=" or a quoted id.
func matchNamedID(s string, i int) int {
	if i < 3 || strings.IndexByte(" =:#'\"", s[i-1]) < 0 {
		return 0
	}
	end, digits := i, false
	for end < len(s) && (alnum(s[end]) || s[end] == '-' || s[end] == '_') {
		digits = digits || isDigit(s[end])
		end++
	}
	if end-i < 4 || end < len(s) && s[end] == '.' && end+1 < len(s) && alnum(s[end+1]) {
		return 0
	}
	before := asciiLower(s[max(0, i-24):i])
	name := strings.TrimRight(before, " :=#'\"")
	switch {
	case digits && end-i >= 6 && endsInWord(name, idWords):
		return end
	case before[len(before)-1] != ' ' && endsInWord(name, secretWords), strings.HasSuffix(before, " id='"), strings.HasSuffix(before, ` id="`), before == "ping :":
		return end
	}
	return 0
}

var (
	idWords     = []string{"id", "queued as", "session", "incident", "reference", "ticket", "transaction", "ray", "request"}
	secretWords = []string{"nonce", "token", "challenge", "salt", "seed", "cookie", "sid", "uuid", "session"}
)

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
	if ip, port, ok := strings.Cut(word, ":"); ok && isIPv4(ip) && isDigits(port) {
		word = ip // with the client's port
	}
	if !isIPv4(word) && (strings.Count(word, ":") < 3 && !strings.Contains(word, "::") || strings.Contains(word, ":::")) {
		return 0
	}
	if !m.clientKnown {
		m.clientKnown = true
		lower := asciiLower(s)
		for _, w := range []string{"your ", "client", "from ", "denied", "blocked", "rejected", "refused", "not allowed", "listed", "host '", "hello ", "closing link"} {
			m.client = m.client || strings.Contains(lower, w)
		}
	}
	if !m.client {
		return 0
	}
	if strings.HasPrefix(s[end:], "]:") && end+2 < len(s) && isDigit(s[end+2]) {
		end = digitsEnd(s, end+2)
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

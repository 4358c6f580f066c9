package banner

import "strings"

// matchDate takes the dates servers write, with what follows of a time of day, a
// zone and a year:
//
//	Tue, 15 Nov 1994 08:12:31 GMT      RFC 5322, RFC 9110
//	Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
//	Sun Nov  6 08:49:37 1994           asctime, with a zone before the year or not
//	Nov 04 2008, Nov  4 08:49:37       syslog
//	2024-01-05T10:00:00.123Z, 2024/01/05 10:00, 05.01.2024, 01/05/24 08:50:22
//	05/Jan/2024:10:00:00 +0000         common log format
//	20240105100000                     fourteen digits
//
// dateOnly is that no time of day stood with it.
func matchDate(s string, i int) (end int, dateOnly bool) {
	p := i
	weekday, year := false, false
	if end := nameEnd(s, p, weekdays); end > 0 {
		p, weekday = skipSep(s, end, ", "), true
	}
	switch {
	case p >= len(s):
		return 0, false
	case isDigit(s[p]):
		if end := numericDate(s, p); end > 0 {
			p, year = end, true
			break
		}
		// Day, month's name, year.
		q := digitsEnd(s, p)
		if q-p > 2 {
			return 0, false
		}
		q = nameEnd(s, skipSep(s, q, " -/"), months)
		if q == 0 {
			return 0, false
		}
		p = q
		if y := skipSep(s, q, " -/,"); y > q {
			if e := digitsEnd(s, y); (e-y == 4 || e-y == 2) && (e == len(s) || s[e] != ':' || e-y == 4) {
				p, year = e, true
			}
		}
	default:
		q := nameEnd(s, p, months)
		if q == 0 {
			return 0, false
		}
		d := skipSep(s, q, " -")
		e := digitsEnd(s, d)
		if d == q || e == d || e-d > 2 {
			return 0, false
		}
		p = e
		if y := skipSep(s, p, ", "); y > p {
			if e := digitsEnd(s, y); e-y == 4 && plausibleYear(s[y:e]) {
				p, year = e, true
			}
		}
	}
	if p < len(s) && isLetter(s[p]) && s[p] != 'T' {
		return 0, false
	}
	// A bare number like 1.2.2024 may go on as a version does.
	if p < len(s) && (s[p] == '.' || s[p] == '-' || s[p] == '_') && p+1 < len(s) && alnum(s[p+1]) {
		return 0, false
	}
	dateOnly = true
	t := p
	if t < len(s) && (s[t] == 'T' || s[t] == ':') {
		t++
	} else {
		t = skipSep(s, t, " ,-")
		if rest := s[t:]; strings.HasPrefix(rest, "at ") {
			t += 3
		}
	}
	if end := matchTime(s, t, false); end > 0 {
		p, dateOnly = end, false
		// asctime: the year last.
		if y := skipSep(s, p, " "); y > p && weekday {
			if e := digitsEnd(s, y); e-y == 4 && plausibleYear(s[y:e]) {
				p = zoneEnd(s, e)
			}
		}
	}
	if dateOnly && !year && !weekday {
		return 0, false // "may 20" is no date
	}
	if fourteen := p-i == 14 && isDigits(s[i:p]); fourteen {
		dateOnly = false
	}
	return p, dateOnly
}

// numericDate takes year first, or day or month first, in figures alone.
func numericDate(s string, i int) int {
	end := digitsEnd(s, i)
	switch end - i {
	case 14:
		if plausibleYear(s[i:i+4]) && s[i+4:i+6] <= "12" && s[i+6:i+8] <= "31" && s[i+8:i+10] <= "24" {
			return end
		}
	case 4, 2, 1:
		if end >= len(s) {
			return 0
		}
		sep := s[end]
		if sep != '-' && sep != '/' && sep != '.' {
			return 0
		}
		b := digitsEnd(s, end+1)
		if b-end-1 < 1 || b-end-1 > 2 || b >= len(s) || s[b] != sep {
			return 0
		}
		c := digitsEnd(s, b+1)
		first, second, third := s[i:end], s[end+1:b], s[b+1:c]
		switch {
		case len(first) == 4 && len(second) == 2 && len(third) == 2 && sep != '.' && plausibleYear(first):
			return c
		case len(first) == 4:
			return 0
		case len(third) == 4 && plausibleYear(third):
			return c
		case len(first) == 2 && len(second) == 2 && len(third) == 2 && sep == '/':
			return c
		case len(first) == 2 && len(second) == 2 && len(third) == 2 && sep == '-' && second <= "12" && third <= "31" && matchTime(s, skipSep(s, c, " "), true) > 0:
			return c // 24-01-05 10:00:00, as time services of NIST write
		}
	}
	return 0
}

func plausibleYear(y string) bool { return y >= "1970" && y <= "2099" }

// matchTime takes HH:MM:SS with fraction and zone, and HH:MM unless whole says
// that seconds must be there.
func matchTime(s string, i int, whole bool) int {
	two := func(p int, limit string) bool {
		return p+2 <= len(s) && isDigits(s[p:p+2]) && s[p:p+2] < limit
	}
	h := i
	if i+1 < len(s) && isDigit(s[i]) && s[i+1] == ':' {
		h++ // 9:05
	} else if two(i, "25") {
		h += 2
	} else {
		return 0
	}
	if h >= len(s) || s[h] != ':' || !two(h+1, "60") {
		return 0
	}
	p := h + 3
	seconds := p < len(s) && s[p] == ':' && two(p+1, "62")
	if seconds {
		p += 3
		if p+1 < len(s) && (s[p] == '.' || s[p] == ',') && isDigit(s[p+1]) {
			p = digitsEnd(s, p+1)
		}
	} else if whole {
		return 0
	}
	if p < len(s) && (isDigit(s[p]) || s[p] == ':') {
		return 0
	}
	return zoneEnd(s, p)
}

// toldTime says whether the words before i announce a time of day.
func toldTime(s string, i int) bool {
	word, _ := lastWord(s[max(0, i-24):i])
	return word == "now" || word == "time" || word == "at" || word == "since" || word == "is"
}

// zoneEnd takes an offset, a name or both: +0200, Z, GMT, -0400 (EDT), AM.
func zoneEnd(s string, p int) int {
	if q := skipSep(s, p, " "); q+1 < len(s) && (s[q] == 'A' || s[q] == 'P') && s[q+1] == 'M' && (q+2 == len(s) || s[q+2] == ' ') {
		p = q + 2 // a zone may follow
	}
	if p < len(s) && s[p] == 'Z' && (p+1 == len(s) || !alnum(s[p+1])) {
		return p + 1
	}
	q := skipSep(s, p, " ")
	if q < len(s) && (s[q] == '+' || s[q] == '-') && q+1 < len(s) && isDigit(s[q+1]) {
		e := digitsEnd(s, q+1)
		if e < len(s) && s[e] == ':' && e-q == 3 {
			e = digitsEnd(s, e+1)
		}
		if e-q <= 6 && (e == len(s) || !alnum(s[e])) {
			p = e
			q = skipSep(s, p, " ")
		}
	}
	paren := q < len(s) && s[q] == '('
	if paren {
		q++
	}
	e := q
	for e < len(s) && s[e] >= 'A' && s[e] <= 'Z' {
		e++
	}
	if e < len(s) && (alnum(s[e]) || s[e] == '-' || s[e] == '_' || s[e] == '.') || !zones[s[q:e]] {
		return p
	}
	if paren {
		if e >= len(s) || s[e] != ')' {
			return p
		}
		e++
	}
	return e
}

var zones = map[string]bool{
	"GMT": true, "UTC": true, "UT": true, "Z": true, "AM": true, "PM": true, "EST": true, "EDT": true, "CST": true, "CDT": true,
	"MST": true, "MDT": true, "PST": true, "PDT": true, "CET": true, "CEST": true, "MET": true, "MEST": true, "EET": true,
	"EEST": true, "WET": true, "WEST": true, "BST": true, "IST": true, "MSK": true, "JST": true, "KST": true, "HKT": true,
	"SGT": true, "AEST": true, "AEDT": true, "NZST": true, "NZDT": true, "BRT": true, "SAST": true,
}

var (
	weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	months   = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september",
		"october", "november", "december"}
)

// nameEnd takes a name of the list, in full or its first three letters.
func nameEnd(s string, i int, names []string) int {
	if i+3 > len(s) {
		return 0
	}
	end := i
	for end < len(s) && isLetter(s[end]) && end-i < 10 {
		end++
	}
	if end-i < 3 {
		return 0
	}
	for _, n := range names {
		if s[i]|0x20 == n[0] && s[i+1]|0x20 == n[1] && s[i+2]|0x20 == n[2] && (end-i == 3 || asciiLower(s[i:end]) == n) {
			return end
		}
	}
	return 0
}

// skipSep skips up to three characters of the set: "Nov  6", "Wed, 21".
func skipSep(s string, i int, set string) int {
	for n := 0; n < 3 && i < len(s) && strings.IndexByte(set, s[i]) >= 0; n++ {
		i++
	}
	return i
}

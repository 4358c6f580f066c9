package banner

// matchID takes, at a word's begin or behind a hyphen or the like, a UUID, a
// hexadecimal number of 16 digits or more, or a random word of 20 or more. A
// word that holds a version is left alone, however it goes on.
func matchID(s string, i int) int {
	if i > 0 && alnum(s[i-1]) {
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

// randomToken says whether a value that is one word is drawn: eight figures or
// more, a hexadecimal number of eight or more, or twelve of the base64 alphabets
// that join as randomEnd says. A version would have points. The text of a greeting
// is not asked: there a short word may be a host.
func randomToken(s string) bool {
	if len(s) < 8 || len(s) > maxFact {
		return false
	}
	hexa, digits, joins := true, 0, 0
	for i := range len(s) {
		c := s[i]
		if !base64Char(c) && c != '=' {
			return false
		}
		hexa = hexa && isHex(c)
		if isDigit(c) {
			digits++
		}
		if i > 0 {
			switch b := s[i-1]; {
			case isDigit(b) && isLetter(c), isLetter(b) && isDigit(c), isLower(b) && isLetter(c) && !isLower(c):
				joins++
			}
		}
	}
	return digits > 0 && hexa || len(s) >= 12 && digits > 1 && joins*4 >= len(s)
}

// randomEnd takes a run of the base64 alphabets that no one would write: of 20
// characters or more, every fourth to sixth place joins what does not follow in
// words (a small letter and a capital, a letter and a digit). In random base64 that
// is two places in five; OpenSSH_for_Windows_8 has one in all.
func randomEnd(s string, i int) int {
	// What decides is within the first 256: so a long run costs no more than
	// that at each of its words.
	const shortest, decisive = 20, 256
	end, joins, digits := i, 0, 0
	for end < len(s) && end-i < decisive && base64Char(s[end]) {
		c := s[end]
		if isDigit(c) {
			digits++
		}
		if end > i {
			switch b := s[end-1]; {
			case isDigit(b) && isLetter(c), isLetter(b) && isDigit(c), isLower(b) && isLetter(c) && !isLower(c):
				joins++
			}
		}
		end++
	}
	long := end-i == decisive
	for !long && end > i && (s[end-1] == '-' || s[end-1] == '_' || s[end-1] == '/') {
		end--
	}
	// The fewer figures it has, the more joins it takes.
	if end-i < shortest || joins*max(4, min(4+digits, 6)) < end-i {
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

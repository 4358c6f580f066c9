package diff

import (
	"cmp"
	"strings"
)

// Direction is where a version went.
type Direction string

const (
	Up       Direction = "up"
	Down     Direction = "down"
	Sideways Direction = "unknown" // not comparable, or no version before
)

func direction(from, to string) Direction {
	if from == "" || to == "" {
		return Sideways
	}
	switch c := compareVersions(from, to); {
	case c < 0:
		return Up
	case c > 0:
		return Down
	}
	return Sideways
}

// compareVersions orders versions as the field does: cut into runs of digits and
// of letters, digits compared as numbers of any length, so that 1.10 is above
// 1.9. A pre-release word (rc, beta, ...) is below the plain version, any other
// trailing letters (8.2p1, 1.1.1w) above it. Versions that differ in nothing but
// separators are equal.
func compareVersions(a, b string) int {
	x, y := segments(a), segments(b)
	for i := range max(len(x), len(y)) {
		var s, t string
		if i < len(x) {
			s = x[i]
		}
		if i < len(y) {
			t = y[i]
		}
		if c := compareSegments(s, t); c != 0 {
			return c
		}
	}
	return 0
}

// segments splits into runs of digits and runs of letters, without separators.
func segments(v string) []string {
	var out []string
	start, kind := 0, byte(0)
	flush := func(end int) {
		if kind != 0 {
			out = append(out, v[start:end])
		}
	}
	for i := 0; i < len(v); i++ {
		k := kindOf(v[i])
		if k != kind {
			flush(i)
			start, kind = i, k
		}
	}
	flush(len(v))
	return out
}

func kindOf(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return 'd'
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
		return 'a'
	}
	return 0
}

// compareSegments ranks: pre-release word < nothing < other word < number.
func compareSegments(a, b string) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	if rank(a) == rankNumber {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}
	return strings.Compare(strings.ToLower(a), strings.ToLower(b))
}

const (
	rankPre = iota
	rankNone
	rankWord
	rankNumber
)

func rank(s string) int {
	if s == "" {
		return rankNone
	}
	if kindOf(s[0]) == 'd' {
		return rankNumber
	}
	switch strings.ToLower(s) {
	// A single letter is no pre-release: OpenSSL's 1.0.2a follows 1.0.2.
	case "alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "milestone", "cr", "ea":
		return rankPre
	}
	return rankWord
}

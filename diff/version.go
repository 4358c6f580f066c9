package diff

import (
	"cmp"
	"slices"
	"strings"
)

// Direction is where a version went.
type Direction string

const (
	Up       Direction = "up"
	Down     Direction = "down"
	Sideways Direction = "unknown" // not comparable, of equal rank, or no version before
)

func direction(from, to string) Direction {
	if from == "" || to == "" {
		return Sideways
	}
	c, comparable := rankVersions(from, to)
	switch {
	case !comparable:
		return Sideways
	case c < 0:
		return Up
	case c > 0:
		return Down
	}
	return Sideways
}

// compareVersions is a total preorder of all versions, for what must be sorted
// whether or not it is comparable.
func compareVersions(a, b string) int {
	c, _ := rankVersions(a, b)
	return c
}

// rankVersions orders versions as the field does, never as text or as floats.
// No one scheme holds for what banners say, so this is what the usual ones (dpkg's,
// rpm's, Semantic Versioning, Maven's, OpenSSL's letters) have in common:
//
//   - runs of digits are numbers of any length: 1.10 is above 1.9;
//   - 1 and 1.0 and 1.0.0 are the same;
//   - a pre-release word stands below the release: 2.0-rc1 is below 2.0, and so is
//     anything behind "~", which packagers write for that;
//   - a packager's revision (behind "-" and a figure) counts only where all before
//     it is equal: 2.4.6.1-1 is above 2.4.6-90;
//   - any other word stands above the release: 9.6p1, 1.1.1w, 1.0+deb11u1;
//   - an epoch ("1:") comes first.
//
// Not comparable are versions that differ first in words that have no order
// (ubuntu and debian, two trains of an IOS, two commits) or that begin differently
// (one with a date), and those of which one holds no figure at all.
func rankVersions(a, b string) (order int, comparable bool) {
	x, y := segments(a), segments(b)
	comparable = numbered(a) && numbered(b) && scheme(x) == scheme(y)
	for i := range max(len(x), len(y)) {
		s, t := segmentAt(x, i), segmentAt(y, i)
		if c, ordered := s.compare(t); c != 0 {
			return c, comparable && ordered
		}
	}
	return 0, comparable
}

// segment is one part of a version. The order of its ranks is that of versions
// that are equal before it.
type segment struct {
	rank rank
	text string // of a number without leading zeros
}

type rank int

const (
	rankTilde    rank = iota // below everything
	rankPre                  // a pre-release word
	rankEnd                  // no further segment
	rankRevision             // the hyphen before a packager's number
	rankWord                 // any other word
	rankNumber
)

func segmentAt(v []segment, i int) segment {
	if i < len(v) {
		return v[i]
	}
	return segment{rank: rankEnd}
}

// compare orders two segments; ordered is false for words that have no order.
func (s segment) compare(t segment) (order int, ordered bool) {
	if c := cmp.Compare(s.rank, t.rank); c != 0 {
		return c, true
	}
	switch s.rank {
	case rankNumber:
		return cmp.Or(cmp.Compare(len(s.text), len(t.text)), strings.Compare(s.text, t.text)), true
	case rankPre:
		return cmp.Compare(slices.Index(preReleases, s.text), slices.Index(preReleases, t.text)), true
	case rankWord:
		return strings.Compare(s.text, t.text), letter(s.text) && letter(t.text)
	}
	return 0, true
}

// letter says whether a word counts on as OpenSSL's patch letters do: a to z, za to zz.
func letter(w string) bool { return len(w) == 1 || len(w) == 2 && w[0] == 'z' }

// preReleases in their order. SNAPSHOT is what becomes the release next (Maven).
var preReleases = []string{"dev", "nightly", "ea", "alpha", "beta", "milestone", "pre", "preview", "rc", "snapshot"}

// segments takes a version apart. What says nothing is left out: a "v" before it,
// zeros at the end of a number, the words for a release that is one.
func segments(v string) []segment {
	v = strings.ToLower(v)
	var out []segment
	if epoch, rest, ok := strings.Cut(v, ":"); ok && epoch != "" && strings.Trim(epoch, "0123456789") == "" {
		out, v = append(out, number(epoch)), rest
	} else {
		out = append(out, segment{rankNumber, ""}) // epoch 0
	}
	for i := 0; i < len(v); {
		end := i
		switch c := v[i]; {
		case c == '~':
			out, end = append(trimZeros(out), segment{rank: rankTilde}), i+1
		case c == '-' && i > 0 && i+1 < len(v) && digit(v[i+1]) && !commit(v[i+1:]):
			out, end = append(trimZeros(out), segment{rank: rankRevision}), i+1
		case wordly(c) || digit(c) && commit(v[i:]):
			whole := commit(v[i:])
			for end < len(v) && (wordly(v[end]) || whole && digit(v[end])) {
				end++
			}
			if s, says := wordAt(v, i, end); says {
				out = append(trimZeros(out), s)
			}
		case digit(c):
			for end < len(v) && digit(v[end]) {
				end++
			}
			out = append(out, number(v[i:end]))
		default:
			end = i + 1
		}
		i = end
	}
	return trimZeros(out)
}

func number(digits string) segment { return segment{rankNumber, strings.TrimLeft(digits, "0")} }

// trimZeros takes off zeros at the end of a run of numbers; the epoch stays.
func trimZeros(v []segment) []segment {
	for len(v) > 1 && v[len(v)-1] == (segment{rankNumber, ""}) {
		v = v[:len(v)-1]
	}
	return v
}

// wordAt is the segment of the letters from i to end, if they say anything.
func wordAt(v string, i, end int) (s segment, says bool) {
	w := v[i:end]
	switch w {
	case "v", "ver", "version", "release", "rel":
		if i == 0 || w == "release" {
			return s, false
		}
	case "final", "ga":
		return s, false
	case "cr":
		w = "rc"
	case "m":
		if i > 0 && v[i-1] == '-' && end < len(v) && digit(v[end]) {
			w = "milestone" // 10.0.0-M1
		}
	case "a", "b":
		// 4.0.0b5 is a beta, 1.3.5b the second correction of 1.3.5.
		if i > 0 && digit(v[i-1]) && end < len(v) && digit(v[end]) {
			w = map[string]string{"a": "alpha", "b": "beta"}[w]
		}
	}
	if slices.Contains(preReleases, w) {
		return segment{rankPre, w}, true
	}
	return segment{rankWord, w}, true
}

// commit says whether v begins with what names a commit: at least seven
// hexadecimal digits, letters and figures among them, perhaps behind git's "g".
func commit(v string) bool {
	n, letters, figures := 0, false, false
	for n < len(v) && (wordly(v[n]) || digit(v[n])) {
		switch c := v[n]; {
		case digit(c):
			figures = true
		case c <= 'f':
			letters = true
		case c != 'g' || n > 0:
			return false
		}
		n++
	}
	return n >= 7 && letters && figures
}

func numbered(v string) bool { return strings.ContainsAny(v, "0123456789") }

// scheme is what a version begins with: a date (20210629), another number, or a
// word, such as the R of R5_3_0.
func scheme(v []segment) string {
	switch first := segmentAt(v, 1); {
	case first.rank == rankWord, first.rank == rankPre:
		return first.text
	case first.rank == rankNumber && len(first.text) == 8 && (strings.HasPrefix(first.text, "19") || strings.HasPrefix(first.text, "20")):
		return "date"
	}
	return ""
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func wordly(c byte) bool { return c >= 'a' && c <= 'z' || c >= 0x80 }

package banner

import (
	"slices"
	"strings"
)

// keep names the keys of a dump that say what runs and who may use it. All
// others are dropped: counters have no shape that a mask could know, so here a
// list of what stays beats one of what goes.
type keep map[string]Class

// keeps makes a list of classes and their keys, in lower case.
func keeps(identity, security, content string) keep {
	out := keep{}
	for class, names := range map[Class]string{Identity: identity, Security: security, Content: content} {
		for name := range strings.FieldsSeq(names) {
			out[name] = class
		}
	}
	return out
}

// pair is a key, in lower case, and its value.
type pair struct{ key, value string }

// dump keeps what is allowed of the pairs of a dump, as a set: each value as it
// stands, for a version may look like anything. It gives the first value of each
// key kept. Where the source cut the dump, more may follow.
func (d *document) dump(pairs []pair, allowed keep) map[string]string {
	first := map[string]string{}
	lines := make([]string, 0, len(allowed))
	for _, p := range pairs {
		class, ok := allowed[p.key]
		if !ok {
			continue
		}
		if _, held := first[p.key]; !held {
			first[p.key] = p.value
		}
		lines = append(lines, p.key+": "+p.value)
		d.named("", p.key, class, p.value)
	}
	slices.Sort(lines)
	d.lines = append(d.lines, slices.Compact(lines)...)
	d.open()
	return first
}

// splitLines reads lines of keys and values parted by the first of the
// separators that stands in a line; where the text was cut its last line, which
// may lack its end, is not read.
func splitLines(text string, cut bool, separators ...string) []pair {
	var out []pair
	for line := range completeLines(text, cut) {
		line = fold(line)
		at, width := -1, 0
		for _, s := range separators {
			if i := strings.Index(line, s); i > 0 && (at < 0 || i < at) {
				at, width = i, len(s)
			}
		}
		if at > 0 {
			out = append(out, pair{asciiLower(strings.Trim(line[:at], " ")), strings.Trim(line[at+width:], " ")})
		}
	}
	return out
}

// holdsAny says whether a key of the list stands among the pairs.
func holdsAny(pairs []pair, allowed keep) bool {
	return slices.ContainsFunc(pairs, func(p pair) bool { _, ok := allowed[p.key]; return ok })
}

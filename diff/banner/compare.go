package banner

import (
	"slices"
	"strings"
)

// FactChange is one fact that differs between two forms; Before is nil where it
// is new, After where it is gone. Class is the graver one where a value's class
// depends on the value: that 401 became 200 is a matter of security.
type FactChange struct {
	Path   string
	Class  Class
	Before *string
	After  *string
}

// Compare lists the facts that differ, by path. Two forms with different digests
// may have equal facts: then the change lies in text that is no fact.
func Compare(before, after Form) []FactChange {
	var out []FactChange
	b, a := before.Facts, after.Facts
	for len(b) > 0 || len(a) > 0 {
		switch {
		case len(a) == 0 || len(b) > 0 && b[0].Path < a[0].Path:
			out = append(out, FactChange{b[0].Path, alone(b[0]), &b[0].Value, nil})
			b = b[1:]
		case len(b) == 0 || a[0].Path < b[0].Path:
			out = append(out, FactChange{a[0].Path, alone(a[0]), nil, &a[0].Value})
			a = a[1:]
		default:
			if a[0].Value != b[0].Value {
				class := a[0].Class
				if b[0].Class == Security {
					class = Security
				}
				out = append(out, FactChange{a[0].Path, class, &b[0].Value, &a[0].Value})
			}
			b, a = b[1:], a[1:]
		}
	}
	return out
}

// alone is the class of a fact that came or went: a cookie's flags are a matter of
// security, the cookie itself is content.
func alone(f Fact) Class {
	if strings.Contains(f.Path, ".cookie.") {
		return Content
	}
	return f.Class
}

// SameButCut says whether the forms are of one answer of which the source kept
// more or less: equal, or one is Cut and all it still holds stands in the other.
// A form that is shorter without the sign of a cut is another answer: else a
// STARTTLS taken away would be silent. Both Texts must be whole.
func SameButCut(a, b Form) bool {
	if a.Protocol != b.Protocol {
		return false
	}
	return a.Digest == b.Digest || a.Cut && heldBy(a.Text, b.Text, a.Protocol) || b.Cut && heldBy(b.Text, a.Text, a.Protocol)
}

// heldBy says whether a cut text is held by a longer one.
func heldBy(cut, whole, protocol string) bool {
	if kept, ok := strings.CutSuffix(cut, maskCut); ok {
		// The lines are a set: a head, or a list of capabilities.
		return subset(kept, whole)
	}
	if headed(protocol) {
		// The head had ended: only lines of what stands behind it may be missing.
		cutHead, cutBody, _ := strings.Cut(cut, "\n\n")
		head, body, _ := strings.Cut(whole, "\n\n")
		return cutHead == head && subset(cutBody, body)
	}
	return strings.HasPrefix(whole, cut) || cutInMask(cut, whole)
}

// subset says whether every line of a stands in b.
func subset(a, b string) bool {
	lines := strings.Split(b, "\n")
	slices.Sort(lines)
	for line := range strings.SplitSeq(strings.TrimSuffix(a, "\n"), "\n") {
		if _, found := slices.BinarySearch(lines, line); !found && line != "" {
			return false
		}
	}
	return true
}

// cutInMask says whether the cut fell into something that is masked when whole:
// "ready at Tue, 1 Ja" against "ready at ⟨date⟩". What is left of it must be short.
func cutInMask(cut, whole string) bool {
	n := 0
	for n < len(cut) && n < len(whole) && cut[n] == whole[n] {
		n++
	}
	// Two masks share their first bytes: compare them as a whole.
	if open := strings.LastIndex(whole[:n], maskOpen); open >= 0 && !strings.Contains(whole[open:n], maskClose) {
		n = open
	}
	for n > 0 && n < len(whole) && whole[n]&0xC0 == 0x80 {
		n--
	}
	rest := cut[n:]
	if len(rest) > maxCutMask || strings.Contains(rest, "\n") {
		return false
	}
	return strings.HasPrefix(whole[n:], maskOpen) || strings.HasSuffix(whole[:n], maskClose)
}

// maxCutMask is longer than any date or stamp the masks know.
const maxCutMask = 64

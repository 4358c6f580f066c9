package banner_test

import (
	"strings"
	"testing"

	"github.com/portdelta/portdelta/diff/banner"
)

// TestSceneCuts cuts every scene at every byte, its noise drawn anew: with the
// sign of a cut it is the answer it was cut from. Where the cut lies behind a
// mutation it is not: a line taken away may have been cut off, another value may not.
func TestSceneCuts(t *testing.T) {
	for _, s := range loadScenes(t) {
		whole := banner.Normalize(draw(s.text, 0), s.scan, 0)
		text := draw(s.text, 5)
		// From here on the protocol can be told.
		known := strings.IndexByte(text, '\n') + 2
		for n := min(known, len(text)); n < len(text); n++ {
			if strings.HasSuffix(text[:n], ".") {
				continue // "....": which points are the source's?
			}
			cut := banner.Normalize(text[:n]+"...", s.scan, 0)
			if !banner.SameButCut(cut, whole) || !banner.SameButCut(whole, cut) {
				t.Errorf("%s cut at %d behind %q is another answer\n%s", s.name, n, text[max(0, n-40):n], lineDiff(whole.Text, cut.Text))
				break
			}
		}
		for _, m := range s.mutations {
			checkMutationBeforeCut(t, s, m, whole, known)
		}
	}
}

func checkMutationBeforeCut(t *testing.T, s scene, m mutation, whole banner.Form, known int) {
	const mark = "\x01"
	text := draw(strings.Replace(s.text, m.old, m.new+mark, 1), 5)
	before, after, ok := strings.Cut(text, mark)
	end := strings.IndexByte(after, '\n')
	if m.same || m.new == "" || s.scan == "unknown" || !ok || end < 0 {
		return
	}
	text = before + after
	for n := max(len(before)+end+3, known); n < len(text); n += 3 {
		if cut := banner.Normalize(text[:n]+"...", s.scan, 0); banner.SameButCut(cut, whole) {
			t.Errorf("%s: %s, cut at %d behind %q, is the same answer\n%s", s.name, m.line, n, text[max(0, n-40):n], cut.Text)
			return
		}
	}
}

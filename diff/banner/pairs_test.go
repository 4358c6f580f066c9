package banner_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff/banner"
)

// pair is one line of testdata/pairs.jsonl: two banners of one port and whether
// they are the same answer. Each says why.
type pair struct {
	ScanProtocol string `json:"scanProtocol"`
	Old          string `json:"old"`
	New          string `json:"new"`
	Same         bool   `json:"same"`
	Why          string `json:"why"`
}

func loadPairs(tb testing.TB) []pair {
	tb.Helper()
	f, err := os.Open("testdata/pairs.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var out []pair
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var p pair
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			tb.Fatalf("line %d: %v", len(out)+1, err)
		}
		out = append(out, p)
	}
	if len(out) < 120 {
		tb.Fatalf("only %d pairs", len(out))
	}
	return out
}

func TestPairs(t *testing.T) {
	for _, p := range loadPairs(t) {
		a, b := banner.Normalize(p.Old, p.ScanProtocol, 0), banner.Normalize(p.New, p.ScanProtocol, 0)
		if banner.SameButCut(a, b) != p.Same || banner.SameButCut(b, a) != p.Same {
			t.Errorf("%s: want same %v\n%s", p.Why, p.Same, cmp.Diff(a, b))
		}
		if !p.Same && a.Digest == b.Digest {
			t.Errorf("%s: equal digests", p.Why)
		}
	}
}

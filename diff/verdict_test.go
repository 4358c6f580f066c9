package diff

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
)

// TestJudgeBannersIsTheEngine: what is said of two banners is what a step tells
// that sees the second after the first.
func TestJudgeBannersIsTheEngine(t *testing.T) {
	f, err := os.Open("banner/testdata/pairs.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	long := strings.Repeat("line\r\n", 1000)
	type pair struct{ ScanProtocol, Old, New string }
	pairs := []pair{
		{"http", "HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0-x_1\r\n"},
		{"telnet", long + "a", long + "b"},
		{"telnet", long + "a", long[:5000] + "..."}, // of a long form a cut cannot be seen
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var p pair
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, p)
	}
	changed := 0
	for _, p := range pairs {
		verdict := JudgeBanners(banner.Normalize(p.Old, p.ScanProtocol, 80), banner.Normalize(p.New, p.ScanProtocol, 80))
		with := func(text string, hour float64) func(*hostport.Port) {
			return func(port *hostport.Port) {
				port.Banners = []hostport.Banner{{Text: text, ScanProtocol: p.ScanProtocol, FirstSeen: at(hour), LastSeen: at(hour)}}
			}
		}
		tl := newTimeline(t)
		tl.look(0, port(80, 0, with(p.Old, 0)))
		tl.look(24, port(80, 24, with(p.New, 24)))
		if verdict.Same {
			if len(tl.last.Changes) > 0 {
				t.Errorf("%q, then %q: said to be the same, told as %s", p.Old, p.New, tl.last.Changes[0].Type)
			}
			continue
		}
		changed++
		if len(tl.last.Changes) != 1 {
			t.Errorf("%q, then %q: said to be a change, told %d", p.Old, p.New, len(tl.last.Changes))
			continue
		}
		c := tl.last.Changes[0]
		if c.Type != verdict.Type || !slices.Equal(c.Reasons, verdict.Reasons) {
			t.Errorf("%q, then %q: said %s %v, told %s %v", p.Old, p.New, verdict.Type, verdict.Reasons, c.Type, c.Reasons)
		}
		if told, ok := c.Details.(BannerDetails); ok && c.Type == BannerChanged && told.Omitted == 0 {
			if d := cmp.Diff(verdict.Facts, told.Facts); d != "" {
				t.Errorf("%q, then %q: other facts told:\n%s", p.Old, p.New, d)
			}
		}
	}
	if changed < 50 || changed == len(pairs) {
		t.Errorf("%d of %d pairs are changes", changed, len(pairs))
	}
}

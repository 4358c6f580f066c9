package banner_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/diff/banner/pairgen"
)

//go:generate go test -run TestCorpusIsKept -update-corpus

// corpusSeed is the seed of the corpus that is kept.
const corpusSeed = 1

var updateCorpus = flag.Bool("update-corpus", false, "write testdata/corpus.jsonl anew")

// TestCorpus holds the rules against the generated pairs: no false change, and at
// most two in a hundred changes missed. Another seed draws other bytes; it must
// not matter.
func TestCorpus(t *testing.T) {
	for _, seed := range []uint64{corpusSeed, 2, 3} {
		type tally struct{ pairs, wrong, missed int }
		byProtocol := map[string]*tally{}
		all := tally{}
		changes := 0
		for i, p := range pairgen.Pairs(seed) {
			a, b := banner.Normalize(p.Old, p.ScanProtocol, 0), banner.Normalize(p.New, p.ScanProtocol, 0)
			row := byProtocol[a.Protocol]
			if row == nil {
				row = &tally{}
				byProtocol[a.Protocol] = row
			}
			row.pairs++
			all.pairs++
			if !p.Same {
				changes++
			}
			switch same := banner.SameButCut(a, b); {
			case p.Same && !same:
				row.wrong++
				all.wrong++
				t.Errorf("seed %d, line %d: false change: %s as %q\n%q\n%q\n%s\n---\n%s", seed, i+1, p.Why, p.ScanProtocol, p.Old, p.New, a.Text, b.Text)
			case !p.Same && same:
				row.missed++
				all.missed++
				t.Logf("seed %d, line %d: missed: %s as %q\n%q\n%q\n%s", seed, i+1, p.Why, p.ScanProtocol, p.Old, p.New, a.Text)
			}
		}
		var table strings.Builder
		for _, protocol := range slices.Sorted(maps.Keys(byProtocol)) {
			fmt.Fprintf(&table, "%-16s %5d pairs %3d false %3d missed\n", protocol, byProtocol[protocol].pairs, byProtocol[protocol].wrong, byProtocol[protocol].missed)
		}
		t.Logf("seed %d\n%s%-16s %5d pairs %3d false %3d missed", seed, table.String(), "all", all.pairs, all.wrong, all.missed)
		if all.missed*50 > changes {
			t.Errorf("seed %d: %d of %d changes were missed", seed, all.missed, changes)
		}
		if all.pairs < 2000 {
			t.Errorf("seed %d: only %d pairs", seed, all.pairs)
		}
	}
}

// TestCorpusIsKept: the file beside the tests is what the generator writes.
// Renew it with: go generate ./diff/banner
func TestCorpusIsKept(t *testing.T) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	for _, p := range pairgen.Pairs(corpusSeed) {
		if err := e.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	const name = "testdata/corpus.jsonl"
	if *updateCorpus {
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	held, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(held, out.Bytes()) {
		t.Errorf("%s is not what the generator writes: run go generate ./diff/banner", name)
	}
}

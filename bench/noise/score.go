package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// score adds up what was told against what is true.
type score struct {
	truths  map[string]int // by facet; optional ones are not counted
	answers map[string]int
	who     map[string]*figures
	hosts   map[hostport.Host]*host // those given to ndiff
}

// figures are those of one way of telling.
type figures struct {
	events, false_ int
	truths, told   int             // of the facets it can tell
	delays         []time.Duration // from the change to its being told
}

func newScore() *score {
	return &score{truths: map[string]int{}, answers: map[string]int{}, hosts: map[hostport.Host]*host{},
		who: map[string]*figures{"portdelta": {}, "naive": {}}}
}

func (s *score) add(o options, h *host) {
	for kind, n := range h.counts {
		s.answers[kind] += n
	}
	mine, theirs := s.who["portdelta"], s.who["naive"]
	mine.events += h.engine.events
	mine.false_ += len(h.engine.false_)
	theirs.events += h.naive.events
	theirs.false_ += h.naive.false_
	for _, t := range h.truths {
		for name, f := range s.who {
			if t.optional {
				continue
			}
			f.truths++
			if at := t.told[name]; !at.IsZero() {
				f.told++
				f.delays = append(f.delays, at.Sub(t.at))
			} else if name == "portdelta" && o.show {
				fmt.Printf("missed %s %s %s %v\n", t.at.Format(time.RFC3339), h.name, t.key, t.types)
			}
		}
		if !t.optional {
			s.truths[t.facet]++
		}
	}
	s.hosts[h.name] = h
	if h.index >= o.ndiff {
		delete(s.hosts, h.name) // only ndiff looks at them again
	}
	if o.show {
		for _, line := range h.engine.false_ {
			fmt.Println("false ", line)
		}
	}
}

func (s *score) input() string {
	looks := 0
	for _, n := range s.answers {
		looks += n
	}
	spoilt := looks - s.answers["good"]
	n := 0
	var facets, kinds []string
	for _, f := range slices.Sorted(maps.Keys(s.truths)) {
		n += s.truths[f]
		facets = append(facets, fmt.Sprintf("%s %d", f, s.truths[f]))
	}
	for _, k := range slices.Sorted(maps.Keys(s.answers)) {
		kinds = append(kinds, fmt.Sprintf("%s %d", k, s.answers[k]))
	}
	return fmt.Sprintf("%d looks, %d of them spoilt (%s); %d true events (%s)", looks, spoilt, strings.Join(kinds, ", "), n, strings.Join(facets, ", "))
}

func (s *score) table() string {
	var b strings.Builder
	fmt.Fprintln(&b, "| | events | true events | told | precision | recall | events per true event | delay p50 | p95 |")
	fmt.Fprintln(&b, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, name := range []string{"portdelta", "naive", "ndiff"} {
		f := s.who[name]
		if f == nil {
			continue
		}
		slices.Sort(f.delays)
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %.2f %% | %.2f %% | %.2f | %s | %s |\n", name, f.events, f.truths, f.told,
			percent(f.events-f.false_, f.events), percent(f.told, f.truths), float64(f.events)/float64(max(1, f.truths)), quantile(f.delays, 50), quantile(f.delays, 95))
	}
	return b.String()
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(1, of)) }

func quantile(sorted []time.Duration, q int) string {
	if len(sorted) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f h", sorted[min(len(sorted)-1, len(sorted)*q/100)].Hours())
}

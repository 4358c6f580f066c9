// Command schedule compares ways of choosing which host to look at next, in virtual
// time: round robin, looks in proportion to the rate of change, portdelta's own
// schedule, and the same law with the true rates, which nobody has. The fleets are
// those on which the schedule was designed, and the cases those that hurt one.
//
// It promises the same figures for the same flags. A look takes no time here and
// finds every change; what a real source hides is bench/noise's matter.
//
//	go run ./bench/schedule -hosts 100000 -svg docs/scheduling.svg
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

const day = 24 * time.Hour

// options are the flags.
type options struct {
	hosts           int
	perSecond       float64
	learn, measured time.Duration
	seed            uint64
	svg             string
}

func main() {
	o := options{}
	flag.IntVar(&o.hosts, "hosts", 100_000, "hosts of a fleet")
	flag.Float64Var(&o.perSecond, "rate", 1, "looks a second")
	flag.DurationVar(&o.learn, "learn", 40*day, "time before measuring")
	flag.DurationVar(&o.measured, "measure", 10*day, "time measured")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the fleets")
	flag.StringVar(&o.svg, "svg", "", "file for a plot of the delays")
	flag.Parse()
	if flag.NArg() > 0 || o.hosts < 100 || o.perSecond <= 0 || o.learn < 0 || o.measured < time.Hour {
		fmt.Fprintln(os.Stderr, "schedule: expected at least 100 hosts, a positive rate, an hour to measure and no arguments; try: go run ./bench/schedule -help")
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	var rows []row
	fmt.Println("| fleet | policy | mean delay, all changes (h) | of round robin | p95 (h) | fresh | largest gap (d) | tokens used |")
	fmt.Println("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, f := range fleets {
		w := newWorld(o, f)
		base := 0.0
		for _, p := range policies {
			m := w.run(p.make(w))
			if base == 0 {
				base = m.mean()
			}
			rows = append(rows, row{f.name, p.name, m.mean()})
			fmt.Printf("| %s | %s | %.1f | %.2f | %.1f | %.1f %% | %.2f | %.1f %% |\n", f.name, p.name, m.mean(), m.mean()/base, m.quantile(0.95), 100*m.fresh(), m.gap.Hours()/24, 100*m.used())
		}
		fmt.Printf("| %s | freshness optimum, true rates (computed) | | | | %.1f %% | never | |\n", f.name, 100*w.optimum())
	}
	fmt.Println("\n| lognormal fleet, portdelta | mean delay (h) | of round robin | fresh | largest gap (d) | tokens used | most in 10 s |")
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, c := range cases {
		w := newWorld(o, fleets[0])
		c.set(w)
		base := w.run(roundRobin(w)).mean()
		m := w.run(ours(w))
		fmt.Printf("| %s | %.1f | %.2f | %.1f %% | %.2f | %.1f %% | %d |\n", c.name, m.mean(), m.mean()/base, 100*m.fresh(), m.gap.Hours()/24, 100*m.used(), m.most)
	}
	if o.svg == "" {
		return nil
	}
	return os.WriteFile(o.svg, plot(rows), 0o644)
}

type row struct {
	fleet, policy string
	mean          float64
}

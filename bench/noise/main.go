// Command noise measures how much of what portdelta tells is true and how much of
// what is true it tells. It simulates a fleet whose every change is known, under
// all the noise a scanning service and the servers behind it make, and gives the
// same answers to portdelta's engine, to a naive comparison of neighbouring
// answers and, as nmap XML of the first hosts, to ndiff.
//
// It promises the same figures for the same flags. It does not measure what lies
// around the engine: no network, no store, no Kafka (internal/e2e does).
//
//	go run ./bench/noise -hosts 10000 -days 30 -seed 1
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.hosts, "hosts", 10_000, "hosts of the fleet")
	flag.IntVar(&o.days, "days", 30, "simulated days")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the world and of the noise")
	flag.DurationVar(&o.every, "every", 12*time.Hour, "time between two looks at a host")
	flag.IntVar(&o.ndiff, "ndiff", 0, "hosts given to ndiff as daily nmap XML, 0 for none; needs ndiff")
	flag.BoolVar(&o.show, "show", false, "print each false and each missed event")
	flag.Parse()
	if flag.NArg() > 0 || o.hosts < 1 || o.days < 8 || o.every < time.Hour || o.ndiff > o.hosts {
		fmt.Fprintln(os.Stderr, "noise: expected at least one host, 8 days and an hour between looks, no arguments, and no more hosts for ndiff than there are; try: go run ./bench/noise -help")
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "noise:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	hosts, days int
	seed        uint64
	every       time.Duration
	ndiff       int
	show        bool
}

func run(o options) error {
	began := time.Now()
	total, err := fleet(o)
	if err != nil {
		return err
	}
	fmt.Printf("%d hosts, %d days, seed %d, a look every %v: %s\n\n", o.hosts, o.days, o.seed, o.every, total.input())
	fmt.Print(total.table())
	fmt.Fprintf(os.Stderr, "%.0f s\n", time.Since(began).Seconds())
	return nil
}

// fleet runs every host by itself and adds up what came of it.
func fleet(o options) (*score, error) {
	total := newScore()
	scans, err := newScans(o)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex // guards total
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= o.hosts {
					return
				}
				h := newHost(o, i)
				h.live(scans)
				mu.Lock()
				total.add(o, h)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return total, scans.compare(total)
}

package main

import (
	"strings"
	"testing"
	"time"
)

// Under all the noise of the fleet nothing unreal is told and nothing real missed.
func TestNothingUnrealAndNothingMissed(t *testing.T) {
	o := options{hosts: 150, days: 20, seed: 7, every: 12 * time.Hour}
	total, err := fleet(o)
	if err != nil {
		t.Fatal(err)
	}
	mine := total.who["portdelta"]
	if mine.truths < 500 || len(total.truths) < 4 || total.answers["stale"] == 0 || total.answers["hidden"] == 0 {
		t.Fatalf("a fleet that proves nothing: %s", total.input())
	}
	if mine.false_ != 0 || mine.told != mine.truths {
		t.Errorf("%d false events, %d of %d told; go run ./bench/noise -hosts %d -days %d -seed %d -show says which",
			mine.false_, mine.told, mine.truths, o.hosts, o.days, o.seed)
	}
	if naive := total.who["naive"]; naive.false_ < 10*naive.told {
		t.Errorf("the naive comparison told %d false events for %d true ones: the noise is too tame", naive.false_, naive.told)
	}
}

// The same flags give the same figures, whatever worker takes which host.
func TestTheFleetIsDeterministic(t *testing.T) {
	table := func() string {
		total, err := fleet(options{hosts: 20, days: 9, seed: 3, every: 12 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return total.input() + total.table()
	}
	if a, b := table(), table(); a != b || !strings.Contains(a, "portdelta") {
		t.Errorf("%s\nand then\n%s", a, b)
	}
}

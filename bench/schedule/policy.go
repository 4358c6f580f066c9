package main

import (
	"container/heap"
	"fmt"
	"time"

	"math"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller/schedule"
)

var policies = []struct {
	name string
	make func(*world) policy
}{
	{"round robin", roundRobin},
	{"in proportion to the true rates", proportional},
	{"portdelta", ours},
	{"square root of the true rates", oracle},
}

// roundRobin looks at one host after the other.
func roundRobin(*world) policy { return &ring{} }

type ring struct{ line []int }

func (q *ring) add(i int) { q.line = append(q.line, i) }
func (q *ring) next(float64) (int, bool) {
	i := q.line[0]
	q.line = q.line[1:]
	return i, true
}
func (q *ring) looked(i int, _ float64, _ bool) { q.line = append(q.line, i) }
func (q *ring) failed(i int, _ float64)         { q.line = append(q.line, i) }

// planned looks at fixed intervals, the earliest due first, never idle.
type planned struct {
	interval func(i int) float64
	heap     dues
}

func proportional(w *world) policy {
	sum := 0.0
	for _, rate := range w.rates[:w.o.hosts] {
		sum += rate
	}
	return &planned{interval: func(i int) float64 { return sum / w.rates[i] / w.o.perSecond }}
}

// oracle solves theta for the true rates within the max-age.
func oracle(w *world) policy {
	longest := 0.98 * maxAge.Seconds()
	at := func(log, rate float64) float64 { return min(longest, math.Exp(log/2)/math.Sqrt(rate)) }
	lo, hi := -60.0, 60.0
	for range 100 {
		mid, looks := (lo+hi)/2, 0.0
		for _, rate := range w.rates[:w.o.hosts] {
			looks += 1 / at(mid, rate)
		}
		if looks > w.o.perSecond {
			lo = mid
		} else {
			hi = mid
		}
	}
	return &planned{interval: func(i int) float64 { return at(hi, w.rates[i]) }}
}

func (p *planned) add(i int) { heap.Push(&p.heap, due{i, float64(len(p.heap)) * 1e-6}) }
func (p *planned) next(float64) (int, bool) {
	return heap.Pop(&p.heap).(due).host, true
}
func (p *planned) looked(i int, now float64, _ bool) { heap.Push(&p.heap, due{i, now + p.interval(i)}) }
func (p *planned) failed(i int, now float64)         { heap.Push(&p.heap, due{i, now + 60}) }

type due struct {
	host int
	at   float64
}

type dues []due

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, j int) bool { return d[i].at < d[j].at }
func (d dues) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *dues) Push(x any)        { *d = append(*d, x.(due)) }
func (d *dues) Pop() any {
	old := *d
	last := old[len(old)-1]
	*d = old[:len(old)-1]
	return last
}

// ours is the product's own schedule.
type product struct {
	s     *schedule.Schedule
	tier  *schedule.Tier
	hosts map[*schedule.Host]int
	of    []*schedule.Host
}

func ours(w *world) policy {
	return &product{s: schedule.New(w.o.perSecond, w.o.seed), tier: &schedule.Tier{Name: "default", MaxAge: maxAge},
		hosts: map[*schedule.Host]int{}, of: make([]*schedule.Host, w.hosts())}
}

func at(now float64) time.Duration { return time.Duration(now * float64(time.Second)) }

func (p *product) add(i int) {
	h, err := p.s.Add(hostport.Host(fmt.Sprintf("h%d", i)), p.tier)
	if err != nil {
		panic(err) // names are distinct and the tier is sound
	}
	p.of[i], p.hosts[h] = h, i
}

func (p *product) next(now float64) (int, bool) {
	h := p.s.Next(at(now))
	if h == nil {
		return 0, false
	}
	return p.hosts[h], true
}

func (p *product) looked(i int, now float64, changed bool) {
	p.s.Looked(p.of[i], at(now), at(now), schedule.Seen{Changed: changed})
}

func (p *product) failed(i int, now float64) { p.s.Failed(p.of[i], at(now), at(now), 0) }

package schedule

import (
	"container/heap"
	"time"
)

// order is what a queue goes by.
type order int

const (
	byDue      order = iota // planned: what a change is most likely behind
	byDeadline              // the last look that keeps the max-age
	orders
)

// queue is a heap of hosts. Hosts know their place in each, so that one can be
// taken out of the middle.
type queue struct {
	by    order
	hosts []*Host
}

func (q *queue) Len() int { return len(q.hosts) }
func (q *queue) Less(i, j int) bool {
	return q.hosts[i].at(q.by) < q.hosts[j].at(q.by)
}

func (q *queue) Swap(i, j int) {
	h := q.hosts
	h[i], h[j] = h[j], h[i]
	h[i].place[q.by], h[j].place[q.by] = int32(i), int32(j)
}

func (q *queue) Push(h any) {
	h.(*Host).place[q.by] = int32(len(q.hosts))
	q.hosts = append(q.hosts, h.(*Host))
}

func (q *queue) Pop() any {
	last := len(q.hosts) - 1
	h := q.hosts[last]
	q.hosts[last] = nil
	q.hosts = q.hosts[:last]
	h.place[q.by] = -1
	return h
}

func (q *queue) put(h *Host)  { heap.Push(q, h) }
func (q *queue) drop(h *Host) { heap.Remove(q, int(h.place[q.by])) }

// first is the time of the queue's head; ok is false if it is empty.
func (q *queue) first() (at time.Duration, ok bool) {
	if len(q.hosts) == 0 {
		return 0, false
	}
	return q.hosts[0].at(q.by), true
}

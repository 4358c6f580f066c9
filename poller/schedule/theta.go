package schedule

import "math"

const (
	// newShare is the share of the looks that hosts never looked at may take while
	// others are due (design section 6): an import must not stop detection.
	newShare = 0.2
	// relookShare is the share that quick second looks after a change may take.
	relookShare = 0.05
	// mostCredit bounds what either may save up.
	mostCredit = 10.0
	// steer is how far a whole round of looks at double the rate moves log theta.
	steer = 4.0
)

// theta steers the trade between all hosts' intervals. The sum of planned looks
// a second (the demand) is kept as a running figure, and each look moves log theta
// by its share of the error, so a change of the rate is absorbed in about one
// round and no pass over the hosts is ever needed.
type theta struct {
	log    float64 // of theta, in seconds
	demand float64 // looks a second that are planned
	hosts  int     // in the demand
	failed float64 // share of looks that fail, a running mean
}

// start chooses theta such that hosts of one rate would just use the looks up.
func (t *theta) start(hosts int, perSecond, lambda float64) {
	t.log = 2*math.Log(float64(max(1, hosts))/perSecond) + math.Log(lambda)
}

// move steers after a look at a host planned at interval seconds, which was late
// by so many. low and high say that the interval is at a bound: beyond it theta
// would wander off without effect.
func (t *theta) move(perSecond, late, interval float64, low, high bool) {
	off := t.demand/(perSecond*(1-t.failed)) - 1 + late/max(interval, 1e-9)/2
	off = min(max(off, -1), 1)
	if off < 0 && low || off > 0 && high {
		return
	}
	t.log += off * steer / float64(max(t.hosts, 100))
}

// count keeps the share of looks that fail: they cost as much as others.
func (t *theta) count(failed bool) {
	now := 0.0
	if failed {
		now = 1
	}
	t.failed = min(0.9, t.failed+(now-t.failed)/256)
}

package schedule

import (
	"math"
	"time"
)

const (
	// priorChanges is how many changes the prior counts for: little, so that a
	// handful of looks outweighs it.
	priorChanges = 0.3
	// forget is the share of what was learned that a look leaves: half is gone
	// after 23 looks, so that a host whose ways change is learned anew.
	forget = 0.97
	// burstHalfLife is that of the second memory, which sees a burst: changes come
	// in rows, a deployment after the other.
	burstHalfLife = 24 * time.Hour
)

// rate learns how often a host changes. A look tells one bit, whether anything
// has changed since the last one, so a changed look stands for more changes the
// longer the gap was: E[k | k > 0] = x / (1 - exp(-x)) for x = lambda x gap (Cho and
// Garcia-Molina, 2003). It is the mean of a gamma posterior with forgetting.
type rate struct {
	changes float32 // learned, forgotten with each look
	seconds float32 // over which they were
	burst   float32 // changes over the last day or so
}

// observe enters one look, gap after the one before.
func (r *rate) observe(gap time.Duration, changed bool, prior float64) {
	g := gap.Seconds()
	found := 0.0
	if changed {
		found = 1
		if x := r.perSecond(prior) * g; x > 1e-6 {
			found = x / -math.Expm1(-x)
		}
	}
	r.changes = float32(float64(r.changes)*forget + found)
	r.seconds = float32(float64(r.seconds)*forget + g)
	r.burst = float32(float64(r.burst)*math.Exp2(-g/burstHalfLife.Seconds()) + found)
}

// perSecond is what the host is taken to change: the slow memory, or the fast one
// where that saw more than the single change any host may have.
func (r *rate) perSecond(prior float64) float64 {
	slow := (priorChanges + float64(r.changes)) / (priorChanges/prior + float64(r.seconds))
	burst := (float64(r.burst) - 1) / (burstHalfLife.Seconds() / math.Ln2)
	return max(slow, burst)
}

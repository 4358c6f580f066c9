// Package schedule decides which host is looked at next, so that a change is
// found as soon as a bounded number of looks allows.
//
// The mean delay of the changes of a host that changes lambda times a second and
// is looked at every i seconds is i/2, so with a fixed number of looks a second
// the sum of all delays is least where i = sqrt(theta / (weight x lambda)): a host
// that changes four times as often is looked at twice as often. lambda is learned
// from what looks bring, one bit each (rate.go); theta is steered, a little at each
// look, until the planned looks use up the rate that is there (theta.go). Unlike a
// schedule that maximises freshness it starves nobody, and unlike back-off schemes
// it has a term for the budget.
//
// Promised: a host whose looks succeed is due again before its tier's max-age, and
// never before the source can have scanned it again; hosts that were never looked
// at take at most a fifth of the looks while others are due; picking and giving back
// cost O(log hosts) and no pass over all of them ever happens but when Resume has
// been called. Not promised: an order among hosts that are due at one instant. A Schedule is
// not safe for concurrent use, but for Host.Good and Host.Name; time comes in as
// offsets from a start of the caller's, so that a test's is as good as the clock's.
package schedule

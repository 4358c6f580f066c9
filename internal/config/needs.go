package config

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// RequestsPerLook is what a look at a host costs at least: one read of its list,
// as long as its ports fit on one page. Further pages and the reads that settle a
// held change are paid from the same budget, so that the figures of a Report are
// a floor of the need and a ceiling of the fleet.
const RequestsPerLook = 1

// Report is what a fleet needs of the source, and what the budget gives.
type Report struct {
	Hosts             int
	BudgetPerSecond   float64
	RequestsPerSecond float64       // to look at each host once every MaxAge
	MaxAge            time.Duration // as asked for
	StretchedTo       time.Duration // what the budget can keep instead; 0 where MaxAge holds
	FullBaseline      time.Duration // from the start until each host has been looked at once
	LargestFleet      int           // hosts this budget carries at MaxAge
}

// Feasibility holds the budget against a fleet of so many hosts. A default
// max_age that cannot be kept is stretched, which Report.Warning tells; one that
// file or environment set is an error, with what would make it fit. The report is
// filled in either case.
func Feasibility(hosts int, cfg Config) (Report, error) {
	tier, budget := cfg.Watch.Tiers.Default, cfg.Schedule.BudgetPerSecond
	requests := float64(hosts) * RequestsPerLook
	r := Report{
		Hosts:             hosts,
		BudgetPerSecond:   budget,
		RequestsPerSecond: requests / tier.MaxAge.Seconds(),
		MaxAge:            tier.MaxAge,
		FullBaseline:      seconds(requests / budget),
		LargestFleet:      floor(budget * tier.MaxAge.Seconds() / RequestsPerLook),
	}
	if hosts <= r.LargestFleet {
		return r, nil
	}
	r.StretchedTo = roundUp(r.FullBaseline)
	if !tier.MaxAgeSet {
		return r, nil
	}
	return r, fmt.Errorf("watch.tiers.default.max_age: %s for %d hosts needs %.4g requests per second, schedule.budget_per_second allows %.4g: "+
		"raise it to %.0f, set max_age to %s or longer, or leave max_age out and have it stretched",
		FormatDuration(r.MaxAge), hosts, r.RequestsPerSecond, budget, math.Ceil(r.RequestsPerSecond), FormatDuration(r.StretchedTo))
}

// Warning is one line for people about what will not go as asked, or "".
func (r Report) Warning() string {
	switch {
	case r.Hosts == 0:
		return "nothing is watched: watch.hosts and watch.files name no host"
	case r.StretchedTo > 0:
		return fmt.Sprintf("the budget of %.4g requests per second carries %d hosts at a max_age of %s: for %d hosts it is stretched to %s",
			r.BudgetPerSecond, r.LargestFleet, FormatDuration(r.MaxAge), r.Hosts, FormatDuration(r.StretchedTo))
	}
	return ""
}

// String is the report for people, one figure a line, without the warning.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "hosts watched: %d\n", r.Hosts)
	fmt.Fprintf(&b, "requests needed per second: %s of %s\n", figure(r.RequestsPerSecond), figure(r.BudgetPerSecond))
	fmt.Fprintf(&b, "time to full baseline: %s\n", FormatDuration(roundUp(r.FullBaseline)))
	fmt.Fprintf(&b, "largest fleet this budget carries: %d hosts at a max_age of %s\n", r.LargestFleet, FormatDuration(r.MaxAge))
	return b.String()
}

// figure writes four digits that count, without an exponent: a host a day is
// 0.00001157 requests per second.
func figure(f float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 4, 64), 64) // of our own making
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// MarshalJSON writes the durations as the configuration does, and null for one
// that does not apply.
func (r Report) MarshalJSON() ([]byte, error) {
	var stretched *string
	if r.StretchedTo > 0 {
		s := FormatDuration(r.StretchedTo)
		stretched = &s
	}
	return json.Marshal(struct {
		Hosts             int     `json:"hosts"`
		BudgetPerSecond   float64 `json:"budgetPerSecond"`
		RequestsPerSecond float64 `json:"requestsPerSecond"`
		MaxAge            string  `json:"maxAge"`
		StretchedTo       *string `json:"stretchedTo"`
		FullBaseline      string  `json:"fullBaseline"`
		LargestFleet      int     `json:"largestFleet"`
	}{r.Hosts, r.BudgetPerSecond, r.RequestsPerSecond, FormatDuration(r.MaxAge), stretched, FormatDuration(roundUp(r.FullBaseline)), r.LargestFleet})
}

// seconds is s as a duration, the longest there is where it is longer still.
func seconds(s float64) time.Duration {
	if s >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

// roundUp rounds to what a person reads: whole seconds from a second on.
func roundUp(d time.Duration) time.Duration {
	unit := time.Second
	if d < time.Second {
		unit = time.Millisecond
	}
	if d > math.MaxInt64-unit {
		return d
	}
	return (d + unit - 1).Truncate(unit)
}

// floor is x without its fraction. What binary fractions lost on the way, as in
// 0.1 x 30 s, is given back.
func floor(x float64) int {
	x = math.Floor(x + 1e-9)
	if x >= math.MaxInt {
		return math.MaxInt
	}
	return int(x)
}

package config

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func fleet(budget float64, maxAge time.Duration, set bool) Config {
	cfg := Default()
	cfg.Schedule.BudgetPerSecond = budget
	cfg.Watch.Tiers.Default = Tier{MaxAge: maxAge, MaxAgeSet: set}
	return cfg
}

func TestFeasibility(t *testing.T) {
	for _, tt := range []struct {
		name    string
		hosts   int
		cfg     Config
		want    Report
		warning string
		err     string
	}{
		{"usual", 10_000, fleet(10, 24*time.Hour, false),
			Report{Hosts: 10_000, BudgetPerSecond: 10, RequestsPerSecond: 10_000.0 / 86_400, MaxAge: 24 * time.Hour, FullBaseline: 1000 * time.Second, LargestFleet: 864_000}, "", ""},
		{"exactly full", 864_000, fleet(10, 24*time.Hour, true),
			Report{Hosts: 864_000, BudgetPerSecond: 10, RequestsPerSecond: 10, MaxAge: 24 * time.Hour, FullBaseline: 24 * time.Hour, LargestFleet: 864_000}, "", ""},
		{"default stretched", 1_728_000, fleet(10, 24*time.Hour, false),
			Report{Hosts: 1_728_000, BudgetPerSecond: 10, RequestsPerSecond: 20, MaxAge: 24 * time.Hour, StretchedTo: 48 * time.Hour, FullBaseline: 48 * time.Hour, LargestFleet: 864_000},
			"the budget of 10 requests per second carries 864000 hosts at a max_age of 24h: for 1728000 hosts it is stretched to 48h", ""},
		{"set and refused", 5000, fleet(10, time.Minute, true),
			Report{Hosts: 5000, BudgetPerSecond: 10, RequestsPerSecond: 5000.0 / 60, MaxAge: time.Minute, StretchedTo: 500 * time.Second, FullBaseline: 500 * time.Second, LargestFleet: 600},
			"the budget of 10 requests per second carries 600 hosts at a max_age of 1m: for 5000 hosts it is stretched to 8m20s",
			"watch.tiers.default.max_age: 1m for 5000 hosts needs 83.33 requests per second, schedule.budget_per_second allows 10: raise it to 84, set max_age to 8m20s or longer, or leave max_age out and have it stretched"},
		{"nothing", 0, fleet(10, time.Hour, true),
			Report{BudgetPerSecond: 10, MaxAge: time.Hour, LargestFleet: 36_000}, "nothing is watched: watch.hosts and watch.files name no host", ""},
		{"binary fractions", 3, fleet(0.1, 30*time.Second, true),
			Report{Hosts: 3, BudgetPerSecond: 0.1, RequestsPerSecond: 0.1, MaxAge: 30 * time.Second, FullBaseline: 30 * time.Second, LargestFleet: 3}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Feasibility(tt.hosts, tt.cfg)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got.Warning() != tt.warning {
				t.Errorf("got warning %q, want %q", got.Warning(), tt.warning)
			}
			if err == nil && tt.err != "" || err != nil && err.Error() != tt.err {
				t.Errorf("got %v, want %q", err, tt.err)
			}
		})
	}
}

// What is advised must work: the stretched max_age and the raised budget are
// feasible, and one host above the largest fleet is not.
func TestAdviceIsFeasible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hosts := rapid.IntRange(1, 20_000_000).Draw(t, "hosts")
		budget := rapid.Float64Range(0.01, 1000).Draw(t, "budget")
		maxAge := time.Duration(rapid.Int64Range(1, 1_000_000).Draw(t, "seconds")) * time.Second
		r, err := Feasibility(hosts, fleet(budget, maxAge, true))
		if (err != nil) != (hosts > r.LargestFleet) || (err != nil) != (r.StretchedTo > 0) {
			t.Fatalf("%+v, %v", r, err)
		}
		if err == nil {
			return
		}
		if r.StretchedTo <= maxAge {
			t.Fatalf("stretched to %v from %v", r.StretchedTo, maxAge)
		}
		if _, err := Feasibility(hosts, fleet(budget, r.StretchedTo, true)); err != nil {
			t.Fatalf("stretched: %v", err)
		}
		if _, err := Feasibility(hosts, fleet(math.Ceil(r.RequestsPerSecond), maxAge, true)); err != nil {
			t.Fatalf("raised: %v", err)
		}
	})
}

// Absurd figures stay figures.
func TestFeasibilityDoesNotOverflow(t *testing.T) {
	r, err := Feasibility(math.MaxInt, fleet(math.SmallestNonzeroFloat64, 1, false))
	if err != nil || r.FullBaseline != math.MaxInt64 || r.StretchedTo != math.MaxInt64 || r.LargestFleet != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	if r, _ := Feasibility(1, fleet(math.MaxFloat64, 1000*time.Hour, false)); r.LargestFleet != math.MaxInt {
		t.Errorf("got %+v", r)
	}
}

func TestReportForPeopleAndPrograms(t *testing.T) {
	r, _ := Feasibility(10_000, fleet(10, 24*time.Hour, false))
	want := `hosts watched: 10000
requests needed per second: 0.1157 of 10
time to full baseline: 16m40s
largest fleet this budget carries: 864000 hosts at a max_age of 24h
`
	if r.String() != want {
		t.Errorf("got\n%s\nwant\n%s", r, want)
	}
	data, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(data), `"maxAge":"24h","stretchedTo":null,"fullBaseline":"16m40s"`) {
		t.Errorf("got %s, %v", data, err)
	}
}

// A fleet of one host is as readable as one of millions.
func TestFigure(t *testing.T) {
	for f, want := range map[float64]string{0: "0", 10: "10", 0.5: "0.5", 1.0 / 86_400: "0.00001157", 2_345_678: "2346000"} {
		if got := figure(f); got != want {
			t.Errorf("%v: %s, expected %s", f, got, want)
		}
	}
}

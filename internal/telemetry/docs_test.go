package telemetry

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/portdelta/portdelta/internal/limits"
)

var update = flag.Bool("update", false, "write the table of docs/limits.md anew")

// TestLimitsDoc holds docs/limits.md against the table in the code (P11): every
// row, in order, word for word. `go test ./internal/telemetry -update` writes it.
func TestLimitsDoc(t *testing.T) {
	const file = "../../docs/limits.md"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| name | bound | what happens at it |\n| --- | --- | --- |\n"
	before, table, found := strings.Cut(string(page), head)
	if !found {
		t.Fatalf("%s has no table with the head\n%s", file, head)
	}
	var want strings.Builder
	seen := make(map[string]bool)
	for _, l := range limits.All() {
		if seen[l.Name] {
			t.Errorf("two limits are named %s", l.Name)
		}
		seen[l.Name] = true
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", l.Name, bound(l), l.Doc)
	}
	if table == want.String() {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+head+want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s differs from internal/limits (-update writes it); got\n%s\nwant\n%s", file, table, want.String())
}

// bound writes a limit for people: whole KiB, MiB and GiB as such.
func bound(l *limits.Limit) string {
	if l.Unit == "bytes" {
		for _, unit := range []struct {
			size int
			name string
		}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
			if l.Max%unit.size == 0 {
				return fmt.Sprintf("%d %s", l.Max/unit.size, unit.name)
			}
		}
	}
	return fmt.Sprintf("%d %s", l.Max, l.Unit)
}

// promised are the metrics that readers build dashboards on: their names do not
// change.
var promised = []string{
	"portdelta_looks_total", "portdelta_look_seconds", "portdelta_hosts", "portdelta_events_total",
	"portdelta_suppressed_total", "portdelta_outbox_records", "portdelta_outbox_oldest_seconds",
	"portdelta_published_total", "portdelta_publish_seconds", "portdelta_errors_total",
	"portdelta_budget_used_ratio", "portdelta_snapshot_age_seconds", "portdelta_limit", "portdelta_limit_hits_total",
}

func TestMetricsDoc(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]bool)
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "| `portdelta_") || len(cells) != 6 {
			continue
		}
		name := strings.Trim(cells[1], " `")
		if documented[name] {
			t.Errorf("%s has two rows", name)
		}
		documented[name] = true
		if len(strings.TrimSpace(cells[4])) < 20 {
			t.Errorf("docs/metrics.md does not say what %s is", name)
		}
	}
	reg := NewRegistry("v", "go")
	NewErrors(reg)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := promised
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "portdelta_") {
			names = append(names, f.GetName())
		}
	}
	for _, name := range names {
		if !documented[name] {
			t.Errorf("docs/metrics.md has no row for %s", name)
		}
	}
}

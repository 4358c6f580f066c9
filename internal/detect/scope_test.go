package detect

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

// told lists what the outbox of every shard holds, in a few words each.
func told(t tb, s *store.Store, host hostport.Host) (out []string) {
	t.Helper()
	for shard := range shards {
		entries, err := s.Read(shard, 0, 10_000, 1<<30)
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		for _, e := range entries {
			r := e.Record
			if err := schematest.Check(r); err != nil {
				t.Fatalf("%v\n%s", err, r.Value)
			}
			switch {
			case r.Topic == schemas.State && r.Value == nil:
				out = append(out, "delete "+r.Key)
			case r.Topic == schemas.Changes:
				out = append(out, "change "+r.Key)
			case r.Topic == schemas.Lifecycles:
				l, err := schemas.ParseLifecycle(r.Value)
				if err != nil {
					t.Fatalf("%v", err)
				}
				if l.Host == nil || *l.Host == string(host) {
					out = append(out, fmt.Sprintf("%s %v %s", l.Type, l.Reasons, l.Details))
				}
			}
		}
	}
	return out
}

// A host that leaves the watch list is retired without a storm; added again it
// begins a new epoch, and one that leaves and comes in one load is nothing.
func TestScope(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	host := hostsOf(0, 3)[2] // in the shard of the scope, so that the order is known
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	scope := func(hosts ...hostport.Host) {
		t.Helper()
		if err := d.Scope(context.Background(), hosts, at); err != nil {
			t.Fatal(err)
		}
	}
	epoch := func() int64 {
		h, err := d.load(host)
		if err != nil {
			t.Fatal(err)
		}
		return h.state.Epoch
	}
	scope(host, "other.example")
	handle(t, d, listed(host, at, 2))
	first := epoch()
	scope("other.example", host) // in another order: nothing
	scope("other.example")
	if h, err := d.load(host); err != nil || len(h.state.Ports) != 0 || h.state.Epoch != 0 || len(h.facets) != 1 {
		t.Errorf("kept of a retired host: %d facets, %+v, %v", len(h.facets), h.state, err)
	}
	scope("other.example")
	d = &Detector{Store: s, Shards: shards, Source: d.Source, Policy: d.Policy, Metrics: d.Metrics} // a restart
	scope("other.example", host)
	handle(t, d, listed(host, at, 1)) // within the same second
	if again := epoch(); again != first+1 {
		t.Errorf("epoch %d after %d", again, first)
	}
	baseline := func(reason string, ports int) string {
		return fmt.Sprintf(`baseline.completed [%s] {"answer":"complete","ports":{"open":%d,"closed":0,"filtered":0,"other":0},"services":%d,"banners":0,"certificates":0,"validity":{"expired":0,"expiring":0,"notYetValid":0},"malformed":0}`, reason, ports, ports)
	}
	want := []string{`scope.changed [] {"added":2,"removed":0,"total":2}`, baseline("first", 2),
		"delete " + string(host) + "|tcp|1", "delete " + string(host) + "|tcp|2", "delete " + string(host),
		`scope.changed [] {"added":0,"removed":1,"total":1}`, `scope.changed [] {"added":1,"removed":0,"total":2}`, baseline("added_again", 1)}
	if d := cmp.Diff(want, told(t, s, host)); d != "" {
		t.Error(d)
	}
}

// A store that knows no load yet: what it holds and the list does not is retired.
func TestScopeOfAStoreWithoutOne(t *testing.T) {
	d, s := open(t)
	defer s.Close()
	host := hostsOf(2, 1)[0]
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	handle(t, d, listed(host, at, 60))
	if err := d.Scope(context.Background(), []hostport.Host{"other.example"}, at); err != nil {
		t.Fatal(err)
	}
	if l, err := d.lock(2); err != nil || l.shard.Open != 0 {
		t.Errorf("the shard still counts its ports: %+v, %v", l.shard, err)
	}
	list, err := d.scope()
	if d := cmp.Diff([]hostport.Host{"other.example"}, list); err != nil || d != "" {
		t.Error(err, d)
	}
}

package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/schemas"
)

// model is what a store should hold, in the plainest form.
type model struct {
	hosts   map[string]hostModel // "shard/host"
	outbox  [3][]string          // values of the records, from position first on
	trimmed [3]uint64
}

type hostModel struct {
	version uint64
	facets  map[string]string
	due     int64 // where the index has it; 0: nowhere
}

func (m *model) clone() *model {
	c := &model{hosts: map[string]hostModel{}, trimmed: m.trimmed}
	for name, h := range m.hosts {
		c.hosts[name] = hostModel{h.version, maps.Clone(h.facets), h.due}
	}
	for i := range m.outbox {
		c.outbox[i] = slices.Clone(m.outbox[i])
	}
	return c
}

// Whatever is done to a store, it holds what a map and three slices would: also
// after a restart, and after a power cut what they were at the last sync.
func TestModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		disk := vfs.NewCrashableMem()
		s := openAt(t, disk)
		defer func() { closeStore(t, s) }()
		now := &model{hosts: map[string]hostModel{}}
		synced := now.clone()
		shards := rapid.IntRange(0, 2)
		hosts := rapid.SampledFrom([]string{"a", "ab", "b", "\x00", "2001:db8::7"})
		keys := rapid.SampledFrom([]string{"\x00", "\x01tcp", "\x01tcp\x01", "\xff", "k"})
		number := 0
		r.Repeat(map[string]func(*rapid.T){
			"commit": func(r *rapid.T) {
				step := Step{Shard: shards.Draw(r, "shard"), Host: hosts.Draw(r, "host")}
				name := fmt.Sprint(step.Shard, "/", step.Host)
				old := now.hosts[name]
				step.Expect = old.version + uint64(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(r, "ahead"))
				facets := maps.Clone(old.facets)
				if facets == nil {
					facets = map[string]string{}
				}
				for _, key := range rapid.SliceOfNDistinct(keys, 0, 3, rapid.ID).Draw(r, "facets") {
					if rapid.Bool().Draw(r, "delete") {
						step.Delete = append(step.Delete, key)
						delete(facets, key)
						continue
					}
					number++
					step.Put = append(step.Put, Facet{key, fmt.Append(nil, number)})
					facets[key] = fmt.Sprint(number)
				}
				due := int64(rapid.IntRange(0, 3).Draw(r, "due"))
				if due != 0 {
					step.Due = time.Unix(due, 0)
				}
				step.Ticked = rapid.Bool().Draw(r, "ticked")
				// Only a tick moves a host to a later place, or out.
				if !step.Ticked && old.due != 0 && (due == 0 || due > old.due) {
					due = old.due
				}
				var values []string
				for range rapid.IntRange(0, 3).Draw(r, "records") {
					number++
					values = append(values, fmt.Sprint(number))
					step.Outbox = append(step.Outbox, schemas.Record{Topic: schemas.Changes, Value: fmt.Append(nil, number)})
				}
				err := s.Commit(step)
				empty := len(step.Put)+len(step.Delete)+len(step.Outbox) == 0 && !step.Ticked
				switch {
				case empty && err == nil:
				case step.Expect != old.version && errors.Is(err, ErrConflict):
				case step.Expect == old.version && err == nil:
					now.hosts[name] = hostModel{old.version + 1, facets, due}
					now.outbox[step.Shard] = append(now.outbox[step.Shard], values...)
					if len(values) > 0 {
						synced = now.clone()
					}
				default:
					r.Fatalf("Commit: %v", err)
				}
			},
			"trim": func(r *rapid.T) {
				shard := shards.Draw(r, "shard")
				upTo := now.trimmed[shard] + uint64(rapid.IntRange(0, len(now.outbox[shard])).Draw(r, "records"))
				if err := s.Trim(shard, upTo); err != nil {
					r.Fatal(err)
				}
				now.outbox[shard] = now.outbox[shard][upTo-now.trimmed[shard]:]
				now.trimmed[shard] = upTo
			},
			"restart": func(r *rapid.T) {
				closeStore(t, s)
				s = openAt(t, disk)
				synced = now.clone()
			},
			"power cut": func(r *rapid.T) {
				left := disk.CrashClone(vfs.CrashCloneCfg{RNG: rand.New(rand.NewPCG(0, 0))})
				closeStore(t, s)
				disk = left
				s = openAt(t, disk)
				now = synced.clone()
			},
			"": func(r *rapid.T) { compare(t, r, s, now) },
		})
	})
}

func compare(t *testing.T, r *rapid.T, s *Store, want *model) {
	report := check(t, s)
	records, size := 0, int64(0)
	for shard := range want.outbox {
		for host, err := range s.Hosts(shard) {
			if _, held := want.hosts[fmt.Sprint(shard, "/", host)]; !held || err != nil {
				r.Fatalf("Hosts(%d) yields %q, %v", shard, host, err)
			}
		}
		entries := all(t, s, shard)
		if len(entries) != len(want.outbox[shard]) {
			r.Fatalf("shard %d: %d records, want %d", shard, len(entries), len(want.outbox[shard]))
		}
		for i, e := range entries {
			if e.Position != want.trimmed[shard]+1+uint64(i) || string(e.Record.Value) != want.outbox[shard][i] {
				r.Fatalf("shard %d: %q at %d, want %q at %d", shard, e.Record.Value, e.Position, want.outbox[shard][i], want.trimmed[shard]+1+uint64(i))
			}
			b, err := e.Record.AppendBinary(nil)
			if err != nil {
				r.Fatal(err)
			}
			size += outboxBytes(len(b) + checkBytes)
		}
		records += len(entries)
	}
	if n, bytes, _ := s.Depth(); n != records || bytes != size {
		r.Fatalf("Depth: %d records of %d bytes, want %d of %d", n, bytes, records, size)
	}
	facets := 0
	for by := range int64(4) {
		got := 0
		for shard := range want.outbox {
			hosts, err := s.Due(shard, time.Unix(by, 0), 100)
			if err != nil {
				r.Fatal(err)
			}
			last := int64(0)
			for _, host := range hosts {
				due := want.hosts[fmt.Sprint(shard, "/", host)].due
				if due < max(1, last) || due > by {
					r.Fatalf("Due(%d, %d): host %q, which is due at %d", shard, by, host, due)
				}
				last = due
			}
			got += len(hosts)
		}
		for _, h := range want.hosts {
			if h.due != 0 && h.due <= by {
				got--
			}
		}
		if got != 0 {
			r.Fatalf("by %d, Due yields %d hosts too many", by, got)
		}
	}
	for name, h := range want.hosts {
		var host string
		var shard int
		if _, err := fmt.Sscanf(name, "%d/", &shard); err != nil {
			r.Fatal(err)
		}
		host = name[2:]
		got, v, err := s.Load(shard, host)
		if err != nil || v != h.version || len(got) != len(h.facets) {
			r.Fatalf("Load(%d, %q): %d facets, version %d, %v; want %d, %d", shard, host, len(got), v, err, len(h.facets), h.version)
		}
		for i, f := range got {
			if string(f.Value) != h.facets[f.Key] || i > 0 && f.Key <= got[i-1].Key {
				r.Fatalf("Load(%d, %q): facet %q is %q, want %q", shard, host, f.Key, f.Value, h.facets[f.Key])
			}
		}
		facets += len(got)
	}
	if report.Hosts != len(want.hosts) || report.Facets != facets || report.OutboxRecords != records {
		r.Fatalf("Verify counts %+v, want %d hosts, %d facets, %d records", report, len(want.hosts), facets, records)
	}
}

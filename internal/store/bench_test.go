package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portdelta/portdelta/schemas"
)

// benchStore is a store on the real disk.
func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.TempDir(), Options{Shards: 12})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closeStore(b, s) })
	return s
}

// event is about what one change event, its state record and headers take.
func event(topic schemas.Topic) schemas.Record {
	r := schemas.Record{Topic: topic, Key: "203.0.113.7", Value: bytes.Repeat([]byte("0123456789abcdef"), 75), Time: start}
	for i := range 10 {
		r.Headers = append(r.Headers, schemas.Header{Key: fmt.Sprint("ce_header", i), Value: "0f3c9a5e0c4b4f0e9d1b2a3c"})
	}
	return r
}

// BenchmarkCommit is one look's step: load, one facet put, and the records. The
// looks go round 10,000 hosts.
func BenchmarkCommit(b *testing.B) {
	for name, outbox := range map[string][]schemas.Record{
		"unchanged": nil,
		"3events":   {event(schemas.Changes), event(schemas.Changes), event(schemas.Changes), event(schemas.State)},
	} {
		for _, parallel := range []int{1, 32} { // times GOMAXPROCS
			b.Run(fmt.Sprintf("%s/looks=%d", name, parallel), func(b *testing.B) {
				s := benchStore(b)
				value := bytes.Repeat([]byte{7}, 300)
				var workers atomic.Int64
				each := 10_000 / (parallel * runtime.GOMAXPROCS(0))
				b.SetParallelism(parallel)
				b.ReportAllocs()
				b.RunParallel(func(p *testing.PB) {
					first := int(workers.Add(1)) * each
					for i := 0; p.Next(); i++ {
						n := first + i%each
						host, shard := fmt.Sprint("h", n), n%s.Shards()
						_, v, err := s.Load(shard, host)
						if err == nil {
							err = s.Commit(Step{Shard: shard, Host: host, Expect: v, Put: []Facet{{"\x00", value}}, Outbox: outbox})
						}
						if err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}

// BenchmarkPublish is a publisher's turn: a batch of 1,000 read and trimmed.
func BenchmarkPublish(b *testing.B) {
	s := benchStore(b)
	outbox := make([]schemas.Record, 1000)
	for i := range outbox {
		outbox[i] = event(schemas.Changes)
	}
	var last uint64
	for b.Loop() {
		b.StopTimer()
		commit(b, s, Step{Outbox: outbox})
		b.StartTimer()
		entries, err := s.Read(0, last, 1000, 4<<20)
		if err != nil {
			b.Fatal(err)
		}
		last = entries[len(entries)-1].Position
		if err := s.Trim(0, last); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFacet reports what a port's facet takes on disk: 10 of them a host,
// 400 bytes each, of which about half is the same everywhere.
func BenchmarkFacet(b *testing.B) {
	for b.Loop() {
		s := benchStore(b)
		r := rand.New(rand.NewPCG(1, 2))
		const hosts, ports = 2000, 10
		for h := range hosts {
			step := Step{Shard: h % s.Shards(), Host: fmt.Sprintf("203.0.%d.%d", h/256, h%256)}
			for p := range ports {
				value := bytes.Repeat([]byte("HTTP/1.1 200 OK server: nginx "), 7)[:200]
				for range 200 {
					value = append(value, byte(r.Uint32()))
				}
				step.Put = append(step.Put, Facet{fmt.Sprintf("\x01tcp%d", p), value})
			}
			commit(b, s, step)
		}
		end := []byte{0xff, 0xff, 0xff}
		if err := s.db.Compact(b.Context(), []byte{0}, end, true); err != nil {
			b.Fatal(err)
		}
		size, err := s.db.EstimateDiskUsage([]byte{0}, end)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(size)/(hosts*ports), "disk-B/facet")
		r2, err := s.Verify(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(r2.Bytes)/(hosts*ports), "stored-B/facet")
	}
}

// BenchmarkDue asks 12 shards with 100,000 hosts, each due some day, for those that
// are due now: what the process does every second.
func BenchmarkDue(b *testing.B) {
	for _, due := range []int{0, 100} { // a shard
		b.Run(fmt.Sprint(due), func(b *testing.B) {
			s := benchStore(b)
			now := time.Unix(1_800_000_000, 0)
			for i := range 100_000 {
				step := Step{Shard: i % s.Shards(), Host: fmt.Sprint("h", i), Put: []Facet{{"h", []byte("v")}}, Due: now.Add(time.Duration(1+i) * time.Minute)}
				if i < due*s.Shards() {
					step.Due = now.Add(-time.Minute)
				}
				commit(b, s, step)
			}
			b.ReportAllocs()
			for b.Loop() {
				for shard := range s.Shards() {
					if hosts, err := s.Due(shard, now, 256); err != nil || len(hosts) != due {
						b.Fatal(len(hosts), err)
					}
				}
			}
		})
	}
}

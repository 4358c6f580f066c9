package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/schemas"
)

// A certificate that is about to run out is told with no look, also by a process
// started after the one that looked; a host whose state is damaged costs itself
// alone.
func TestTickerGoesOnAfterARestart(t *testing.T) {
	folder := t.TempDir()
	open := func() (*ticker, *store.Store) {
		s, err := store.Open(folder, store.Options{Shards: 1})
		if err != nil {
			t.Fatal(err)
		}
		return &ticker{shards: 1, open: func() bool { return true }, damaged: map[string]time.Time{}, handler: &handler{
			log: zap.NewNop(), errors: func(string) {}, detector: &detect.Detector{Store: s, Shards: 1, Source: schemas.Source("default", "graph"),
				Policy: diff.DefaultPolicy(), Metrics: detect.NewMetrics(prometheus.NewRegistry())}}}, s
	}
	first, s := open()
	now := time.Now().UTC()
	for _, host := range []hostport.Host{"a.example", "b.example"} {
		look := hostport.Snapshot{Host: host, At: now.Add(-2 * time.Hour), Result: hostport.Ports, Proof: hostport.Single, Ports: []hostport.Port{{
			PortKey: hostport.PortKey{Protocol: "tcp", Number: 443}, Status: hostport.Open, LastScan: now.Add(-3 * time.Hour),
			Certificate: &hostport.Certificate{SHA1: "fb96551505f1edb24dd3b36fcffdb765833b8118", NotAfter: now.AddDate(0, 0, 30).Add(-time.Hour)}}}}
		if _, err := first.Handle(context.Background(), look); err != nil {
			t.Fatal(err)
		}
	}
	facets, version, err := s.Load(0, "a.example")
	if err == nil {
		facets[0].Value[0]++ // of no format there is
		err = s.Commit(store.Step{Host: "a.example", Expect: version, Put: facets[:1], Due: now.Add(-time.Hour)})
	}
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}

	second, s := open()
	defer s.Close()
	for range 2 {
		if err := second.shard(context.Background(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if len(second.damaged) != 1 || second.damaged["a.example"].IsZero() {
		t.Errorf("damaged: %v", second.damaged)
	}
	entries, err := s.Read(0, 0, 100, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	expiring := 0
	for _, e := range entries {
		if e.Record.Topic == schemas.Changes {
			ev, err := schemas.ParseEvent(e.Record.Value)
			if err != nil || ev.Type != schemas.CertificateExpiring || ev.Host != "b.example" {
				t.Errorf("%v: %s", err, e.Record.Value)
			}
			expiring++
		}
	}
	if expiring != 1 {
		t.Errorf("%d certificate.expiring, want 1", expiring)
	}
}

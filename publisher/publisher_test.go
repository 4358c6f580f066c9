package publisher

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/internal/limits"
)

func newTest(outbox Outbox, producer Producer, shards int) *Publisher {
	return New(outbox, producer, Options{Shards: shards, Registerer: prometheus.NewRegistry(), Logger: zap.NewNop()})
}

// Law: whatever becomes of each call, every record arrives, in order per shard
// and topic, and what comes twice comes with equal bytes.
func TestAtLeastOnceInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const shards = 3
		plan := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, int(refusedForGood)-1), func(i int) outcome { return outcome(i) }), 0, 12).Draw(rt, "plan")
		commits := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 10).Draw(rt, "commits")
		var failed error
		synctest.Test(t, func(t *testing.T) {
			outbox, producer := newFakeOutbox(shards), newFakeProducer(plan...)
			h := start(t, newTest(outbox, producer, shards))
			for i, n := range commits {
				outbox.commit(i%shards, n)
				time.Sleep(50 * time.Millisecond) // of the bubble's clock
			}
			time.Sleep(time.Hour)
			_, failed = producer.check(outbox.next)
			for shard := range shards {
				if n := outbox.left(shard); n > 0 {
					failed = errors.Join(failed, errors.New("acknowledged records are still in the outbox"))
				}
			}
			h.stop(t)
		})
		if failed != nil {
			rt.Fatal(failed)
		}
	})
}

func TestStoredButReportedAsFailedComesTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, producer := newFakeOutbox(1), newFakeProducer(storedSilent)
		outbox.commit(0, 7)
		h := start(t, newTest(outbox, producer, 1))
		time.Sleep(time.Minute)
		copies, err := producer.check(outbox.next)
		if err != nil || copies != 7 {
			t.Errorf("copies = %d, err = %v, want 7 and nil", copies, err)
		}
		h.stop(t)
	})
}

// What the producer names as acknowledged is not sent again, so an outage of one
// topic does not repeat the records of the others.
func TestAcknowledgedPartIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, producer := newFakeOutbox(1), newFakeProducer(partlyHonest, partlyHonest, partlyHonest)
		outbox.commit(0, 16)
		h := start(t, newTest(outbox, producer, 1))
		time.Sleep(time.Minute)
		if copies, err := producer.check(outbox.next); err != nil || copies != 0 {
			t.Errorf("copies = %d, err = %v, want 0 and nil", copies, err)
		}
		if diff := cmp.Diff([]int{16, 8, 4, 2}, producer.calls); diff != "" {
			t.Errorf("sizes of calls (-want +got):\n%s", diff)
		}
		h.stop(t)
	})
}

// A crash after the acknowledgement and before the trim became durable (P5).
func TestCrashBeforeTrimSendsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, producer := newFakeOutbox(1), newFakeProducer()
		outbox.keep = true
		outbox.commit(0, 5)
		h := start(t, newTest(outbox, producer, 1))
		synctest.Wait()
		h.stop(t)
		outbox.keep = false
		h = start(t, newTest(outbox, producer, 1))
		synctest.Wait()
		if copies, err := producer.check(outbox.next); err != nil || copies != 5 {
			t.Errorf("copies = %d, err = %v, want 5 and nil", copies, err)
		}
		h.stop(t)
	})
}

func TestIdleSendsAtOnceBusyGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, producer := newFakeOutbox(1), newFakeProducer()
		producer.gate = make(chan struct{})
		h := start(t, newTest(outbox, producer, 1))
		synctest.Wait()
		begin := time.Now()
		outbox.commit(0, 1)
		synctest.Wait() // the first record is in flight
		for range limits.PublishRecords.Max + 9 {
			outbox.commit(0, 1)
		}
		close(producer.gate)
		synctest.Wait()
		if diff := cmp.Diff([]int{1, limits.PublishRecords.Max, 9}, producer.calls); diff != "" {
			t.Errorf("sizes of calls (-want +got):\n%s", diff)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("sending waited %v without need", waited)
		}
		h.stop(t)
	})
}

// A step is handed over whole: not cut where a batch is full, nor where it is
// longer than one.
func TestStepsAreNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, producer := newFakeOutbox(1), newFakeProducer()
		outbox.commit(0, limits.PublishRecords.Max+300+2500)
		first := limits.PublishRecords.Max - 100 // the second step reaches over the end of the batch
		for i := range outbox.entries[0] {
			r := &outbox.entries[0][i].Record
			switch {
			case i >= first+400:
				r.Time = time.UnixMilli(2_000_000)
			case i >= first:
				r.Time = time.UnixMilli(1_000_000)
			}
		}
		h := start(t, newTest(outbox, producer, 1))
		synctest.Wait()
		if diff := cmp.Diff([]int{first, 400, 2500}, producer.calls); diff != "" {
			t.Errorf("sizes of calls (-want +got):\n%s", diff)
		}
		if _, err := producer.check(outbox.next); err != nil {
			t.Error(err)
		}
		h.stop(t)
	})
}

func TestIdleProducerIsCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		producer := newFakeProducer()
		h := start(t, newTest(newFakeOutbox(1), producer, 1))
		time.Sleep(3*idleEvery + time.Second)
		producer.set(func() {
			if producer.idle != 3 {
				t.Errorf("%d idle calls in three periods", producer.idle)
			}
		})
		h.stop(t)
	})
}

func TestBackoff(t *testing.T) {
	for try := range 80 {
		most := backoffMost
		if try < 6 {
			most = backoffFirst << try
		}
		for range 50 {
			if got := backoff(try); got < most/2 || got > most {
				t.Fatalf("backoff(%d) = %v, want %v to %v", try, got, most/2, most)
			}
		}
	}
}

func TestOutageIsToldOnceAPeriodAndAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const shards = 4
		core, logs := observer.New(zapcore.DebugLevel)
		registry := prometheus.NewRegistry()
		outbox, producer := newFakeOutbox(shards), newFakeProducer()
		producer.down = true
		h := start(t, New(outbox, producer, Options{Shards: shards, Registerer: registry, Logger: zap.New(core)}))
		if ok, _, _ := h.Healthy(); !ok {
			t.Error("unhealthy before anything failed")
		}
		for shard := range shards {
			outbox.commit(shard, 1)
		}
		begin := time.Now()
		time.Sleep(2*logPeriod + 15*time.Second)
		if ok, since, class := h.Healthy(); ok || !since.Equal(begin) || class != classOther {
			t.Errorf("Healthy = %v, %v, %q, want false since %v, %q", ok, since, class, begin, classOther)
		}
		tries := len(producer.calls)
		if least, most := shards*(75/5), shards*(8+75*2/5); tries < least || tries > most {
			t.Errorf("%d tries in 75 s, want %d to %d", tries, least, most)
		}
		if got := testutil.ToFloat64(h.metrics.failed.WithLabelValues(classOther)); got != float64(tries) {
			t.Errorf("portdelta_publish_errors_total = %v, want %d", got, tries)
		}
		producer.set(func() { producer.down = false })
		time.Sleep(2 * backoffMost)
		if ok, _, _ := h.Healthy(); !ok {
			t.Error("unhealthy after recovery")
		}
		var lines []string
		for _, entry := range logs.All() {
			lines = append(lines, entry.Message)
		}
		warning := "publishing fails and is retried; records wait in the outbox"
		if diff := cmp.Diff([]string{warning, warning, warning, "publishing works again"}, lines); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		if _, err := producer.check(outbox.next); err != nil {
			t.Error(err)
		}
		h.stop(t)
		want := `
			# HELP portdelta_published_total Records acknowledged by all in-sync replicas.
			# TYPE portdelta_published_total counter
			portdelta_published_total 4
		`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "portdelta_published_total"); err != nil {
			t.Error(err)
		}
	})
}

func TestFatal(t *testing.T) {
	broken := errors.New("checksum mismatch")
	for name, test := range map[string]struct {
		outbox   func(*fakeOutbox)
		producer *fakeProducer
		want     string
	}{
		"outbox unreadable":  {func(o *fakeOutbox) { o.readErr = broken }, newFakeProducer(), "read outbox of shard 0: checksum mismatch"},
		"outbox not trimmed": {func(o *fakeOutbox) { o.trimErr = broken }, newFakeProducer(), "trim outbox of shard 0: checksum mismatch"},
		"producer":           {func(*fakeOutbox) {}, newFakeProducer(lost, refusedForGood), "publish shard 0: failure"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox := newFakeOutbox(1)
				test.outbox(outbox)
				outbox.commit(0, 1)
				err := <-start(t, newTest(outbox, test.producer, 1)).done
				if err == nil || err.Error() != test.want {
					t.Errorf("Run = %v, want %s", err, test.want)
				}
				if outbox.left(0) != 1 {
					t.Error("the record left the outbox")
				}
			})
		})
	}
}

func TestDrain(t *testing.T) {
	const shards = 3
	begin := func(t *testing.T) (*fakeOutbox, *fakeProducer, *Publisher) {
		outbox, producer := newFakeOutbox(shards), newFakeProducer()
		for shard := range shards {
			outbox.commit(shard, 2500)
		}
		return outbox, producer, newTest(outbox, producer, shards)
	}
	complete := func(t *testing.T, outbox *fakeOutbox, producer *fakeProducer) {
		t.Helper()
		if copies, err := producer.check(outbox.next); err != nil || copies != 0 {
			t.Errorf("copies = %d, err = %v, want 0 and nil", copies, err)
		}
	}
	t.Run("while running", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			outbox, producer, p := begin(t)
			h := start(t, p)
			if err := p.Drain(t.Context()); err != nil {
				t.Error(err)
			}
			complete(t, outbox, producer)
			h.stop(t)
		})
	})
	t.Run("after the end of Run", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			outbox, producer, p := begin(t)
			if err := p.Drain(t.Context()); err != nil {
				t.Error(err)
			}
			complete(t, outbox, producer)
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := p.Drain(ended); err != nil {
				t.Errorf("drain of an empty outbox: %v", err)
			}
		})
	})
	t.Run("deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			outbox, producer, p := begin(t)
			producer.down = true
			h := start(t, p)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			begun := time.Now()
			err := p.Drain(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "3 of 3 shards") {
				t.Errorf("Drain = %v, want 3 of 3 shards and the deadline", err)
			}
			if took := time.Since(begun); took != 20*time.Second {
				t.Errorf("Drain took %v, want 20s", took)
			}
			h.stop(t)
			if !slices.Equal(outbox.trimmed, []uint64{0, 0, 0}) {
				t.Errorf("trimmed to %v although nothing was acknowledged", outbox.trimmed)
			}
		})
	})
	t.Run("outbox unreadable", func(t *testing.T) {
		outbox, _, p := begin(t)
		outbox.readErr = errors.New("checksum mismatch")
		if err := p.Drain(t.Context()); !errors.Is(err, outbox.readErr) {
			t.Errorf("Drain = %v, want %v", err, outbox.readErr)
		}
	})
}

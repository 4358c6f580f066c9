package schemas

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Story is every record of the two stories, with the state records at their end:
// for tests that may import schematest.
func Story(t testing.TB) []Record {
	w := newTeller(t)
	tellStory(w)
	out := w.published()
	for _, l := range lifecycleStory(t) {
		r, err := l.Record(testSource, 12)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// Walk is the records of a random history.
func Walk(rt *rapid.T, t testing.TB) []Record {
	w := newTeller(t)
	for range rapid.IntRange(1, 10).Draw(rt, "moves") {
		randomMove(rt, w)
	}
	return w.published()
}

// published is every event as its record, then the state records.
func (w *teller) published() []Record {
	var out []Record
	for _, e := range w.events {
		r, err := e.Record(testSource, 12)
		if err != nil {
			w.Fatal(err)
		}
		out = append(out, r)
	}
	records := w.records()
	for _, key := range slices.Sorted(maps.Keys(records)) {
		out = append(out, Record{Topic: State, Key: key, Value: records[key], Headers: []Header{jsonHeader}, Time: millis(w.now())})
	}
	return out
}

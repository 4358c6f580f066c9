package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// What a look commits never makes a host due later: the index is written again
// only where it must be, and a tick in vain moves the host on.
func TestDueIsNeverLate(t *testing.T) {
	s := openAt(t, vfs.NewMem())
	defer closeStore(t, s)
	var version uint64
	step := func(due int64, ticked bool) {
		t.Helper()
		st := Step{Host: "h", Expect: version, Put: []Facet{{"k", []byte{byte(version)}}}, Ticked: ticked}
		if due > 0 {
			st.Due = time.Unix(due, 1) // a nanosecond later: it is due a second later
		}
		commit(t, s, st)
		version++
	}
	expect := func(by int64, want ...string) {
		t.Helper()
		if got, err := s.Due(0, time.Unix(by, 0), 10); err != nil || !slices.Equal(got, want) {
			t.Errorf("due by %d: %q, %v; want %q", by, got, err, want)
		}
	}
	step(0, false)
	expect(1000)
	step(10, false)
	expect(10)
	expect(11, "h")
	step(50, false) // later: the entry stays
	expect(11, "h")
	step(5, false) // earlier: it moves
	expect(6, "h")
	step(20, true)
	expect(20)
	expect(21, "h")
	step(0, true)
	expect(1000)
}

func TestDueHasAnEnd(t *testing.T) {
	s := openAt(t, vfs.NewMem())
	defer closeStore(t, s)
	for i, host := range []string{"c", "b", "a"} {
		commit(t, s, Step{Host: host, Put: []Facet{{"k", nil}}, Due: time.Unix(int64(1+i), 0)})
	}
	if got, err := s.Due(0, time.Unix(9, 0), 2); err != nil || !slices.Equal(got, []string{"c", "b"}) {
		t.Errorf("two of three: %q, %v", got, err)
	}
	if err := s.db.Set(dueKey(0, 1, "x"), []byte("whatever"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Due(0, time.Unix(9, 0), 10); !errors.Is(err, ErrDamaged) || !slices.Equal(got, []string{"c", "b", "a"}) {
		t.Errorf("with a damaged entry: %q, %v", got, err)
	}
}

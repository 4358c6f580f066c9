package app

import (
	"errors"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/portdelta/portdelta/internal/store"
)

// What ails the store is logged as it begins and ends, with the reason that no
// call returns, and shown until it is over.
func TestAlarms(t *testing.T) {
	core, seen := observer.New(zap.InfoLevel)
	a := &alarms{log: zap.New(core)}
	fault := errors.New("no space left on device")
	for i, step := range []struct {
		kind     string
		err      error
		lines    int
		kinds    string
		writable bool
	}{
		{store.AlarmSlow, fault, 1, "", true},
		{store.AlarmSlow, fault, 2, "", true},
		{store.AlarmBackground, nil, 2, "", true},
		{store.AlarmBackground, fault, 3, store.AlarmBackground, false},
		{store.AlarmBackground, fault, 3, store.AlarmBackground, false},
		{store.AlarmCorruption, fault, 4, store.AlarmBackground + ", " + store.AlarmCorruption, false},
		{store.AlarmBackground, nil, 5, store.AlarmCorruption, true},
	} {
		a.set(step.kind, step.err)
		if seen.Len() != step.lines || a.kinds() != step.kinds || a.writable() != step.writable {
			t.Errorf("step %d: %d lines, kinds %q, writable %t", i, seen.Len(), a.kinds(), a.writable())
		}
	}
	if got := seen.All()[2].ContextMap(); got["kind"] != store.AlarmBackground || got["error"] != fault.Error() {
		t.Errorf("%v", got)
	}
}

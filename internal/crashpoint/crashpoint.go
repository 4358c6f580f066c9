// Package crashpoint ends the process at a named point, for tests of what a crash
// right there leaves. A test of the built binary sets PORTDELTA_CRASH_AT to a
// point's name, or to NAME:N for the N-th time it is reached; the process then
// kills itself as kill -9 would: nothing is flushed, closed or deferred.
//
// It promises that without the variable a point costs a comparison and does
// nothing. It has no other way to be switched on, and no part of portdelta reads
// more than Reached. docs/reliability.md says what each point leaves.
package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// Variable is what a test sets.
const Variable = "PORTDELTA_CRASH_AT"

var (
	name, count, _ = strings.Cut(os.Getenv(Variable), ":")
	left           atomic.Int64
)

func init() {
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		n = 1
	}
	left.Store(n)
}

// Reached ends the process if the point is the one that was named.
func Reached(point string) {
	if name == "" || point != name || left.Add(-1) != 0 {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // until the kill arrives
}
